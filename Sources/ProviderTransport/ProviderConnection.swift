import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOTLS
import ProviderKit

/// The reply's body is longer than allowed.
struct ReplyTooLarge: Error {}

/// The peer ended the connection.
struct ConnectionEnded: Error {}

/// One connection to the provider: the last handler of its channel. It carries one call at a time and is given back
/// after a whole reply; anything else ends it.
final class ProviderConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What the owner is told. Exactly one of `opened` and `failedToOpen` comes first.
    protocol Owner: AnyObject {
        func opened(_ connection: ProviderConnection)
        func failedToOpen(_ connection: ProviderConnection, _ error: any Error)
        func received(_ reply: ProviderReply, for call: ProviderCall)
        /// The call that it carried, where it carried one, has failed with `error`. Idle is what was not lent.
        func ended(_ connection: ProviderConnection, wasIdle: Bool, _ call: ProviderCall?, _ error: any Error)
        func freed(_ connection: ProviderConnection)
    }

    /// What of a reply's body is kept.
    enum ReplyRule: Sendable, Hashable {
        /// All of it; a longer one is no reply.
        case whole(most: Int)
        /// Nothing. A longer one ends the connection, and what was asked for with it: the reply is its status.
        case withoutBody(most: Int)

        /// Bytes.
        var most: Int {
            switch self {
            case .whole(let most), .withoutBody(let most): most
            }
        }
    }

    private enum State {
        /// TCP or TLS is not there yet; `owner` may not be either.
        case opening
        case idle
        case busy(ProviderCall)
        /// The reply is whole; whether the connection can be used again shows when all that was read is decoded.
        case replied
        case ended
    }

    private weak var owner: (any Owner)?
    private var state = State.opening
    private var context: ChannelHandlerContext?
    private let isSecure: Bool
    private let host: String
    private let reply: ReplyRule
    private var isEstablished = false
    private var openingError: (any Error)?
    private var openingTimer: Scheduled<Void>?

    // The reply as far as it came.
    private var keepsAlive = false
    private var status = 0
    private var headers = HTTPFields()
    private var body: [UInt8] = []
    private var bodyLength = 0

    init(isSecure: Bool, host: String, reply: ReplyRule) {
        self.isSecure = isSecure
        self.host = host
        self.reply = reply
    }

    // MARK: The owner's side

    /// Among the attempts at a name's addresses this one has won. `timer` bounds its opening.
    func adopt(by owner: any Owner, timer: Scheduled<Void>) {
        self.owner = owner
        openingTimer = timer
        if let openingError {
            end(openingError)
        } else if isEstablished {
            becomeIdle()
        }
    }

    /// Writes a request.
    func start(_ call: ProviderCall) {
        guard case .idle = state, let context else { preconditionFailure("an idle connection is lent, to one call") }
        state = .busy(call)
        // From here on, and not before, something of the request may leave.
        call.depart(over: self)
        let request = call.request
        var head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: call.target)
        head.headers.reserveCapacity(request.headers.count + 2)
        head.headers.add(name: "host", value: host)
        for field in request.headers where !Self.framing.contains(field.name.canonicalName) {
            head.headers.add(name: field.name.rawName, value: field.value)
        }
        if !request.body.isEmpty || Self.bodied.contains(request.method) {
            head.headers.add(name: "content-length", value: String(request.body.count))
        }
        // One flush: head and body leave in one system call.
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Ends the connection, and with it the call that it carries.
    func close(_ error: any Error) {
        end(error)
    }

    /// Ends a connection that came too late to be adopted.
    func abandon() {
        state = .ended
        context?.close(promise: nil)
    }

    /// What frames the message is ours to say.
    private static let framing: Set<String> = ["connection", "content-length", "host", "transfer-encoding"]
    /// Methods that name the length of a body that is empty.
    private static let bodied: Set<HTTPRequest.Method> = [.post, .put, .patch]

    // MARK: The channel's side

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isSecure { established() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if isSecure, case TLSUserEvent.handshakeCompleted = event { established() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .busy(let call) = state else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            receive(head, for: call)
        case .body(let buffer):
            bodyLength += buffer.readableBytes
            guard bodyLength <= reply.most else { return overflow(call) }
            if case .whole = reply { body.append(contentsOf: buffer.readableBytesView) }
        case .end:
            complete(call)
        }
    }

    /// Only now, so that bytes behind the reply, which nobody asked for, are not taken for the next call's reply.
    func channelReadComplete(context: ChannelHandlerContext) {
        if case .replied = state {
            if keepsAlive { becomeFree() } else { end(ConnectionEnded()) }
        }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(ConnectionEnded())
        context.fireChannelInactive()
    }

    // MARK: Transitions

    private func established() {
        guard case .opening = state else { return }
        isEstablished = true
        if owner != nil { becomeIdle() }
    }

    private func becomeIdle() {
        openingTimer?.cancel()
        openingTimer = nil
        state = .idle
        owner?.opened(self)
    }

    private func becomeFree() {
        state = .idle
        owner?.freed(self)
    }

    private func receive(_ head: HTTPResponseHead, for call: ProviderCall) {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        keepsAlive = head.isKeepAlive && head.status != .switchingProtocols
        status = Int(head.status.code)
        bodyLength = 0
        guard announced <= reply.most else { return overflow(call) }
        headers.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        if case .whole = reply { body.reserveCapacity(announced) }
    }

    private func complete(_ call: ProviderCall) {
        state = .replied
        let reply = ProviderReply(status: status, headers: headers, body: body)
        headers = HTTPFields()
        body = []
        owner?.received(reply, for: call)
    }

    private func overflow(_ call: ProviderCall) {
        switch reply {
        case .whole: end(ReplyTooLarge())
        case .withoutBody:
            complete(call)
            end(ReplyTooLarge())
        }
    }

    private func end(_ error: any Error) {
        let last = state
        switch last {
        case .ended: return
        case .opening where owner == nil:
            if openingError == nil { openingError = error }
            return
        default: break
        }
        state = .ended
        openingTimer?.cancel()
        context?.close(promise: nil)
        switch last {
        case .opening: owner?.failedToOpen(self, error)
        case .busy(let call): owner?.ended(self, wasIdle: false, call, error)
        case .replied: owner?.ended(self, wasIdle: false, nil, error)
        case .idle: owner?.ended(self, wasIdle: true, nil, error)
        case .ended: break
        }
    }
}
