import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
import ProviderKit
import Synchronization

/// One call: notes when its request may have left, and collects its reply.
///
/// The client calls it on the transport's event loop alone. The lock is for `cancel`, which comes from anywhere.
final class HTTPExchange: HTTPClientResponseDelegate {
    typealias Response = ProviderReply

    /// The reply's body is longer than allowed.
    struct ReplyTooLarge: Error {}

    /// The call was over before its body was asked for.
    struct Over: Error {}

    private struct State {
        var mayHaveLeft = false
        var isCanceled = false
        var isOver = false
        var task: HTTPClient.Task<ProviderReply>?
        var status = 0
        var headers = HTTPFields()
        var body: [UInt8] = []
    }

    private let state = Mutex(State())
    private let load: ConnectionLoad
    private let maxReplyBytes: Int

    init(load: ConnectionLoad, maxReplyBytes: Int) {
        self.load = load
        self.maxReplyBytes = maxReplyBytes
    }

    // MARK: The caller's side

    var isCanceled: Bool { state.withLock { $0.isCanceled } }

    /// Ends the call where it is; one that has not begun does not begin.
    func cancel() {
        let task = state.withLock { state in
            state.isCanceled = true
            return state.task
        }
        task?.cancel()
    }

    /// The client has the request.
    func started(_ task: HTTPClient.Task<ProviderReply>) {
        let isCanceled = state.withLock { state in
            state.task = task
            return state.isCanceled
        }
        if isCanceled { task.cancel() }
    }

    /// The call is over. Returns whether its request may have left.
    func ended() -> Bool {
        state.withLock { state in
            state.task = nil
            state.isOver = true
            return state.mayHaveLeft
        }
    }

    // MARK: The client's side

    /// From here on the provider may have the request. False where the call is over: its outcome was given to the
    /// caller, and nothing may leave any more. The client does not ask then; we do not rely on it.
    func depart() -> Bool {
        let (mayLeave, isFirst) = state.withLock { state in
            guard !state.isOver else { return (false, false) }
            defer { state.mayHaveLeft = true }
            return (true, !state.mayHaveLeft)
        }
        if isFirst { load.connectionTaken() }
        return mayLeave
    }

    func didSendRequestHead(task: HTTPClient.Task<ProviderReply>, _ head: HTTPRequestHead) {
        _ = depart()
    }

    func didReceiveHead(task: HTTPClient.Task<ProviderReply>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard announced <= maxReplyBytes else { return task.eventLoop.makeFailedFuture(ReplyTooLarge()) }
        var headers = HTTPFields()
        headers.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        state.withLock { state in
            state.status = Int(head.status.code)
            state.headers = headers
            if announced > 0 { state.body.reserveCapacity(announced) }
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<ProviderReply>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let fits = state.withLock { state in
            guard state.body.count + buffer.readableBytes <= maxReplyBytes else { return false }
            state.body.append(contentsOf: buffer.readableBytesView)
            return true
        }
        return fits ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(ReplyTooLarge())
    }

    func didFinishRequest(task: HTTPClient.Task<ProviderReply>) -> ProviderReply {
        state.withLock { state in
            ProviderReply(status: state.status, headers: state.headers, body: state.body)
        }
    }
}
