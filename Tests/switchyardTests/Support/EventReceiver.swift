import APIConformance
import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import StrictJSON
import Synchronization
import Testing

/// An app's side of its webhook: takes deliveries on a port of 127.0.0.1 and checks them as the Standard Webhooks
/// specification says, with code of its own.
final class EventReceiver: Sendable {
    static let key = "dGhlLWtleS1vZi10aGUtc2hvcC10aGF0LXNpZ25z"

    /// One request as it came.
    struct Delivery: Sendable {
        let head: HTTPRequestHead
        let body: [UInt8]

        func header(_ name: String) -> String? { head.headers.first(name: name) }
        var json: JSONValue? { try? JSONValue(parsing: body) }
        var type: String? { json?["type"]?.string }
        var id: String? { header("webhook-id") }

        /// Whether the signature is right and the time is now.
        var isGenuine: Bool {
            guard let id, let timestamp = header("webhook-timestamp"), let signature = header("webhook-signature"),
                let key = Data(base64Encoded: EventReceiver.key), let seconds = Double(timestamp),
                abs(Date().timeIntervalSince1970 - seconds) < 60, signature.hasPrefix("v1,"),
                let code = Data(base64Encoded: String(signature.dropFirst(3)))
            else { return false }
            return HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: Data("\(id).\(timestamp).".utf8) + Data(body), using: SymmetricKey(data: key))
        }
    }

    private struct State {
        var deliveries: [Delivery] = []
        var connections = 0
        var status = 200
        var delay = TimeAmount.zero
    }

    private let state = Mutex(State())

    var deliveries: [Delivery] { state.withLock { $0.deliveries } }
    var types: [String] { deliveries.compactMap(\.type) }
    var connections: Int { state.withLock { $0.connections } }

    /// What it answers from now on.
    func answer(_ status: Int, after delay: TimeAmount = .zero) {
        state.withLock { ($0.status, $0.delay) = (status, delay) }
    }

    /// The line of an app's configuration that makes this its webhook.
    static func webhook(_ url: String, allowPrivate: Bool = true, retry: String = "[100ms, 100ms, 100ms]") -> String {
        #"webhook: { url: "\#(url)", secret: "whsec_\#(key)", allow_private: \#(allowPrivate), retry: \#(retry) }"#
    }

    /// Runs one for as long as `body` does.
    ///
    /// - Parameter takesEvents: Whether all that comes has to be an event as it is described.
    static func run<Result: Sendable>(
        takesEvents: Bool = true, _ body: (EventReceiver, Int) async throws -> Result
    ) async throws -> Result {
        let receiver = EventReceiver()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(receiver: receiver))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        do {
            let result = try await body(receiver, port)
            try await listener.close()
            for delivery in takesEvents ? receiver.deliveries : [] {
                let violations = APIConformance.shared.violations(
                    delivered: delivery.head.headers.map { (name: $0.name, value: $0.value) }, body: delivery.body)
                #expect(violations == [])
            }
            return result
        } catch {
            try await listener.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let receiver: EventReceiver
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(receiver: EventReceiver) {
            self.receiver = receiver
        }

        func channelActive(context: ChannelHandlerContext) {
            receiver.state.withLock { $0.connections += 1 }
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let buffer): body += Array(buffer: buffer)
            case .end:
                guard let head else { return }
                let (status, delay) = receiver.state.withLock { state in
                    state.deliveries.append(Delivery(head: head, body: body))
                    return (state.status, state.delay)
                }
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                context.eventLoop.scheduleTask(in: delay) {
                    let (handler, context) = bound.value
                    let head = HTTPResponseHead(
                        version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                        headers: ["content-length": "0", "location": "http://127.0.0.1:1/"])
                    context.write(handler.wrapOutboundOut(.head(head)), promise: nil)
                    context.writeAndFlush(handler.wrapOutboundOut(.end(nil)), promise: nil)
                }
            }
        }
    }
}
