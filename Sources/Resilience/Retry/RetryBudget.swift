import Synchronization

/// How many retries may be under way, as a value (contract §6): 20 % of the requests in flight, and at least 3. So
/// retries cannot multiply the load of a provider that is failing.
package struct RetryBudgetStateMachine: Hashable, Sendable {
    /// As many retries are always allowed.
    package static var leastRetries: Int { 3 }
    /// The share of the requests in flight that may be retrying.
    package static var retryShare: Share { .percent(20) }

    package private(set) var requestsInFlight = 0
    package private(set) var retriesInFlight = 0

    package init() {}

    /// How many retries may be under way now.
    package var limit: Int {
        max(Self.leastRetries, requestsInFlight * Self.retryShare.perMille / 1000)
    }

    package mutating func beginRequest() {
        requestsInFlight += 1
    }

    package mutating func endRequest() {
        precondition(requestsInFlight > 0, "a request ended that never began")
        requestsInFlight -= 1
    }

    /// Asks to retry; after `true`, `endRetry` must follow.
    package mutating func tryBeginRetry() -> Bool {
        guard retriesInFlight < limit else { return false }
        retriesInFlight += 1
        return true
    }

    package mutating func endRetry() {
        precondition(retriesInFlight > 0, "a retry ended that never began")
        retriesInFlight -= 1
    }
}

/// The retry budget that all requests share; the rule is in `RetryBudgetStateMachine`.
package final class RetryBudget: Sendable {
    private let machine = Mutex(RetryBudgetStateMachine())

    package init() {}

    /// A request begins; `endRequest` must follow.
    package func beginRequest() { machine.withLock { $0.beginRequest() } }

    package func endRequest() { machine.withLock { $0.endRequest() } }

    /// Asks to retry; after `true`, `endRetry` must follow.
    package func tryBeginRetry() -> Bool { machine.withLock { $0.tryBeginRetry() } }

    package func endRetry() { machine.withLock { $0.endRetry() } }

    /// Requests and retries under way now.
    package var inFlight: (requests: Int, retries: Int) {
        machine.withLock { ($0.requestsInFlight, $0.retriesInFlight) }
    }
}
