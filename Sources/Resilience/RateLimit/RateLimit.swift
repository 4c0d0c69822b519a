/// One limit on how often something may be done.
package struct RateLimit: Hashable, Sendable {
    /// How many in each `per`.
    package let requests: Int
    package let per: Duration
    /// Absent: never more than `requests` in any `per`, wherever it begins, which is what a provider that counts in
    /// windows of its own can be held to. Present: `requests` evenly over each `per` in the long run, and up to `burst`
    /// at once.
    package let burst: Int?

    /// The most that `requests` and `burst` can be: what is remembered for a limit without `burst` grows with it.
    package static var most: Int { 1_000_000 }

    /// - Parameters:
    ///   - requests: 1 to `most`.
    ///   - per: 1 ms or more.
    ///   - burst: 1 to `most`, or nil.
    package init(requests: Int, per: Duration, burst: Int? = nil) {
        precondition((1...Self.most).contains(requests), "a rate limit lets something through")
        precondition((1...Self.most).contains(burst ?? 1), "a burst is at least one request")
        precondition(per >= .milliseconds(1), "a rate limit is over some time")
        self.requests = requests
        self.per = per
        self.burst = burst
    }

    /// At most half of this limit; for a limit of one request, one in twice the time.
    package var half: RateLimit {
        RateLimit(
            requests: max(1, requests / 2), per: requests == 1 ? per * 2 : per, burst: burst.map { max(1, $0 / 2) })
    }

    /// The most that can be done at once: what `remaining` counts down from.
    package var capacity: Int { burst ?? requests }
}

/// Where a caller stands with the limit that leaves it the least; what the `RateLimit` and `RateLimit-Policy` headers
/// say.
package struct RateStanding: Hashable, Sendable {
    /// Which of the limiter's limits.
    package let index: Int
    package let limit: RateLimit
    /// How many more could be done now.
    package let remaining: Int
    /// Until all of the limit's capacity is there again, if nothing is done.
    package let resetAfter: Duration

    /// `resetAfter` in whole seconds, rounded up.
    package var resetSeconds: Int { resetAfter.secondsRoundedUp }
    /// The limit's `per` in whole seconds, rounded up.
    package var windowSeconds: Int { limit.per.secondsRoundedUp }
}

/// Whether something may be done under rate limits.
package enum RateDecision: Hashable, Sendable {
    /// It may. The standing after it; nil where there is no limit.
    case admitted(RateStanding?)
    /// It may not, and nothing was counted. `retryAfter`: when all limits would let it through, were nothing else done.
    /// The standing is that of the limit that takes longest.
    case refused(retryAfter: Duration, RateStanding)
}

/// How much of a limit somebody may use.
package enum RateShare: Hashable, Sendable {
    case whole
    /// At most half, whatever the others leave: inquiries (contract §6).
    case half
}

extension Duration {
    /// This duration in whole seconds, rounded up, as `Retry-After` wants it; zero for a negative one.
    package var secondsRoundedUp: Int {
        let (seconds, attoseconds) = components
        return max(0, Int(clamping: seconds) + (attoseconds > 0 ? 1 : 0))
    }
}
