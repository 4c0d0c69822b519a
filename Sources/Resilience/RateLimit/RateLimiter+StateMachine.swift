import DequeModule

/// Rate limits as a value: a list of limits, all of which must admit. A refusal uses up none of them.
package struct RateLimiterStateMachine: Sendable {
    private var whole: [Meter]
    private var half: [Meter]

    /// - Parameter limits: may be empty: then everything is admitted.
    package init(limits: [RateLimit]) {
        whole = limits.enumerated().map { Meter(limit: $1, index: $0) }
        half = limits.enumerated().map { Meter(limit: $1.half, index: $0) }
    }

    /// Asks to do one thing now, and counts it if admitted.
    ///
    /// - Parameter share: `.half` also has to pass limits half as wide, which count nothing else.
    package mutating func admit(now: ContinuousClock.Instant, share: RateShare = .whole) -> RateDecision {
        var longestWait = Duration.zero
        var refusing: RateStanding?
        Self.each(&whole, &half, share) { meter in
            let wait = meter.wait(now: now)
            if wait > longestWait {
                longestWait = wait
                refusing = meter.standing(now: now)
            }
        }
        if let refusing { return .refused(retryAfter: longestWait, refusing) }
        var least: RateStanding?
        Self.each(&whole, &half, share) { meter in
            meter.count(now: now)
            let standing = meter.standing(now: now)
            if standing.remaining < least?.remaining ?? .max { least = standing }
        }
        return .admitted(least)
    }

    /// Whether anything counts against a limit still.
    package func isSpent(now: ContinuousClock.Instant) -> Bool {
        (whole + half).contains { $0.standing(now: now).resetAfter > .zero }
    }

    private static func each(
        _ whole: inout [Meter], _ half: inout [Meter], _ share: RateShare, _ body: (inout Meter) -> Void
    ) {
        for index in whole.indices { body(&whole[index]) }
        guard share == .half else { return }
        for index in half.indices { body(&half[index]) }
    }
}

/// One limit and what counts against it.
private struct Meter: Sendable {
    private enum Kind {
        /// The generic cell rate algorithm: `emptyAt` is when a bucket that holds `burst`, and leaks one each
        /// `interval`, would be empty.
        case leaky(interval: Duration, burst: Int, emptyAt: ContinuousClock.Instant?)
        /// The instants of the last `requests` things done, oldest first.
        case window(Deque<ContinuousClock.Instant>)
    }

    private let limit: RateLimit
    private let index: Int
    private var kind: Kind

    init(limit: RateLimit, index: Int) {
        self.limit = limit
        self.index = index
        if let burst = limit.burst {
            kind = .leaky(interval: limit.per / limit.requests, burst: burst, emptyAt: nil)
        } else {
            kind = .window([])
        }
    }

    /// How long until one more fits; zero or less: now.
    mutating func wait(now: ContinuousClock.Instant) -> Duration {
        switch kind {
        case .leaky(let interval, let burst, let emptyAt):
            guard let emptyAt else { return .zero }
            return max(emptyAt, now) + interval - now - interval * burst
        case .window(var done):
            // Taken out meanwhile: the deque must have one owner to be changed in place.
            kind = .window([])
            while let oldest = done.first, oldest + limit.per <= now { done.removeFirst() }
            defer { kind = .window(done) }
            guard done.count >= limit.requests, let oldest = done.first else { return .zero }
            return oldest + limit.per - now
        }
    }

    /// Counts one thing done, after `wait` gave zero or less for the same instant.
    mutating func count(now: ContinuousClock.Instant) {
        switch kind {
        case .leaky(let interval, let burst, let emptyAt):
            kind = .leaky(interval: interval, burst: burst, emptyAt: max(emptyAt ?? now, now) + interval)
        case .window(var done):
            kind = .window([])
            // Kept in order: an instant read a little earlier by another task counts from the latest one.
            done.append(max(done.last ?? now, now))
            kind = .window(done)
        }
    }

    func standing(now: ContinuousClock.Instant) -> RateStanding {
        let remaining: Int
        let resetAfter: Duration
        switch kind {
        case .leaky(let interval, let burst, let emptyAt):
            resetAfter = max(.zero, (emptyAt ?? now) - now)
            let free = interval * burst - resetAfter
            remaining = max(0, Int(clamping: free.attoseconds / interval.attoseconds))
        case .window(let done):
            remaining = limit.requests - done.count
            resetAfter = done.last.map { $0 + limit.per - now } ?? .zero
        }
        return RateStanding(index: index, limit: limit, remaining: remaining, resetAfter: resetAfter)
    }
}
