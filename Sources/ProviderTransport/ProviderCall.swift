import NIOCore
import ProviderKit

/// One call on its way: the request, its times, and who waits for the outcome.
///
/// `@unchecked Sendable`: the reference goes to the event loop with the call and with its cancellation; what changes
/// is touched there alone (`ConnectionPool` is bound to the loop).
final class ProviderCall: @unchecked Sendable {
    let request: ProviderRequest
    /// The base address's path and the request's.
    let target: String
    /// When the whole call ends, whatever state it is in.
    let deadline: NIODeadline
    private var continuation: CheckedContinuation<Transmission, Never>?

    /// Canceled; it may not have begun yet.
    var isCanceled = false
    /// Ends the waiting, for a connection first and for the reply then.
    var timer: Scheduled<Void>?
    /// The connection that carries it.
    private(set) weak var connection: ProviderConnection?
    /// Set right before the request is given to a connection's channel: while it is unset nothing can have left.
    private(set) var mayHaveLeft = false

    init(_ request: ProviderRequest, target: String, deadline: NIODeadline) {
        self.request = request
        self.target = target
        self.deadline = deadline
    }

    var isOver: Bool { continuation == nil }

    func begin(_ continuation: CheckedContinuation<Transmission, Never>) {
        self.continuation = continuation
    }

    /// The request is about to be given to this connection's channel.
    func depart(over connection: ProviderConnection) {
        precondition(!mayHaveLeft, "a request is sent once")
        mayHaveLeft = true
        self.connection = connection
    }

    /// The one outcome; later ones are ignored.
    func end(_ transmission: Transmission) {
        timer?.cancel()
        timer = nil
        connection = nil
        continuation?.resume(returning: transmission)
        continuation = nil
    }
}
