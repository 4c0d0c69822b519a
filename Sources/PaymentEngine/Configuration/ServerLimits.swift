/// `server.limits` of the configuration: how much may come in, be under way and be kept at once. The README's table says what
/// happens where each ends. `max_body`, `idempotency.max_keys` and `payments.max` have places of their own.
package struct ServerLimits: Sendable, Hashable {
    /// Connections to the public listener, as far as the process may have sockets open.
    package var connections = 8192
    /// Header fields of a request, trailers included.
    package var headerCount = 100
    /// Bytes of a request's target and header fields together.
    package var headerSize = 16 * 1024
    /// From the first byte of a request to its last one, however they come.
    package var requestReadTimeout: Duration = .seconds(20)
    /// Of a connection without a request, and of an answer that is not taken. Longer than load balancers keep theirs, so that
    /// they end connections and not we.
    package var idleTimeout: Duration = .seconds(75)
    /// Requests that are being worked on, those whose callers hung up included.
    package var requestsInFlight = 4096
    /// Follow-ups that wait until another one of the same payment has ended.
    package var followUpsWaiting = 16
    /// Follow-ups that were sent for one payment, refunds that failed included: their keys are remembered as long as it is kept.
    package var followUpsPerPayment = 100
    /// Events that wait for their delivery. One app has at most half of them.
    package var eventsQueued = 100_000
    /// Callbacks that match no payment.
    package var orphans = 10_000

    /// The defaults.
    package init() {}

    /// Whether a listener that was opened under the other limits keeps these.
    func areThoseOfTheListener(_ other: ServerLimits) -> Bool {
        connections == other.connections && headerCount == other.headerCount && headerSize == other.headerSize
            && requestReadTimeout == other.requestReadTimeout && idleTimeout == other.idleTimeout
    }
}
