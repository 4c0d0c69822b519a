package import PaymentModel
package import Resilience

/// What is out at one moment and has to come back: all zero when nothing is under way. For tests, and for the simulator, which
/// proves that nothing leaks.
package struct Holdings: Sendable, Hashable {
    /// Requests and deliveries under way.
    package var work = 0
    /// Provider calls under way.
    package var calls = 0
    /// Half-open permits of breakers.
    package var permits = 0
    /// Providers whose limits have not come back whole.
    package var spentLimits = 0
    /// Requests that the retry budget counts, and retries.
    package var budgeted = 0
    /// Callers that wait for another's run of their key.
    package var waitingCallers = 0
    /// Payments of which a follow-up is under way.
    package var locks = 0

    package init() {}
}

extension PaymentEngine {
    /// What is out now.
    package var holdings: Holdings {
        var holdings = Holdings()
        holdings.work = underWay
        for runtime in runtimes {
            holdings.calls += runtime.inFlight
            if runtime.isLimitSpent { holdings.spentLimits += 1 }
            for operation in Operation.allCases { holdings.permits += runtime.breaker(operation).snapshot.permitsOut }
        }
        let budgeted = budget.inFlight
        holdings.budgeted = budgeted.requests + budgeted.retries
        holdings.waitingCallers = keys.waiting
        holdings.locks = locks.count
        return holdings
    }

    /// The breaker of a provider for an operation; nil for a provider that is not there.
    package func breaker(of provider: String, _ operation: Operation) -> BreakerSnapshot? {
        runtime(provider)?.breaker(operation).snapshot
    }
}
