/// The wait before a retry: exponential with full jitter (contract §6: base 25 ms, cap 250 ms). Full jitter spreads the
/// retries of callers that failed together over the whole wait.
package struct Backoff: Hashable, Sendable {
    /// The longest wait before the first retry; doubled for each further one.
    package let base: Duration
    /// Where the doubling ends.
    package let cap: Duration

    /// - Parameters:
    ///   - base: more than zero.
    ///   - cap: at least `base`.
    package init(base: Duration = .milliseconds(25), cap: Duration = .milliseconds(250)) {
        precondition(base > .zero && cap >= base, "a backoff grows")
        self.base = base
        self.cap = cap
    }

    /// The wait before a retry: from zero up to (not including) min(`cap`, `base` doubled for each retry before).
    ///
    /// - Parameters:
    ///   - retry: 1 for the first retry.
    ///   - random: decides where in that range.
    package func delay(retry: Int, random: UInt64) -> Duration {
        precondition(retry > 0, "the first retry is 1")
        var longest = base
        for _ in 1..<retry {
            if longest >= cap { break }
            longest *= 2
        }
        return min(longest, cap).spread(by: random)
    }
}
