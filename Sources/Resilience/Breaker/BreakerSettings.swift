/// A part of a whole in thousandths: shares of calls are compared exactly, without floating point.
package struct Share: Hashable, Comparable, Sendable {
    /// 0 (nothing) to 1000 (all).
    package let perMille: Int

    /// - Parameter perMille: 0 to 1000.
    package init(perMille: Int) {
        precondition((0...1000).contains(perMille), "a share is between nothing and all")
        self.perMille = perMille
    }

    /// - Parameter percent: 0 to 100.
    package static func percent(_ percent: Int) -> Share { Share(perMille: percent * 10) }

    package static func < (left: Share, right: Share) -> Bool { left.perMille < right.perMille }

    /// Whether `part` of `whole` is this share or more. Nothing of nothing is no share at all: false.
    func isReached(by part: Int, of whole: Int) -> Bool {
        whole > 0 && part * 1000 >= perMille * whole
    }
}

/// When a breaker opens, for how long, and what closes it (contract §2, `breaker`). The defaults are the contract's.
package struct BreakerSettings: Hashable, Sendable {
    /// Failures in a row that open it, however few calls there are.
    package let consecutiveFailures: Int
    /// Share of failures in the window that opens it.
    package let failureRate: Share
    /// Calls in the window below which no share counts.
    package let minimumCalls: Int
    /// How far back calls count; a sliding window, in tenths.
    package let window: Duration
    /// A call that takes longer is slow, whatever its result.
    package let slowCall: Duration
    /// Share of slow calls in the window that opens it.
    package let slowRate: Share
    /// How long it stays open the first time; doubled each time it opens again without having closed.
    package let openFor: Duration
    /// Where the doubling ends.
    package let maxOpenFor: Duration
    /// Calls let through after that; all of them must succeed to close it.
    package let halfOpenCalls: Int

    /// All counts at least 1, all durations and shares more than zero, `maxOpenFor` at least `openFor`.
    package init(
        consecutiveFailures: Int = 5, failureRate: Share = .percent(50), minimumCalls: Int = 10,
        window: Duration = .seconds(30), slowCall: Duration = .seconds(5), slowRate: Share = .percent(80),
        openFor: Duration = .seconds(10), maxOpenFor: Duration = .seconds(300), halfOpenCalls: Int = 3
    ) {
        precondition(consecutiveFailures > 0 && minimumCalls > 0 && halfOpenCalls > 0, "counts are positive")
        precondition(failureRate.perMille > 0 && slowRate.perMille > 0, "a rate of nothing would always be reached")
        precondition(window >= .nanoseconds(10) && slowCall > .zero && openFor > .zero, "durations are positive")
        precondition(maxOpenFor >= openFor, "max_open_for is not less than open_for")
        self.consecutiveFailures = consecutiveFailures
        self.failureRate = failureRate
        self.minimumCalls = minimumCalls
        self.window = window
        self.slowCall = slowCall
        self.slowRate = slowRate
        self.openFor = openFor
        self.maxOpenFor = maxOpenFor
        self.halfOpenCalls = halfOpenCalls
    }
}
