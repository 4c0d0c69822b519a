import Resilience
import Testing

@Suite struct RateLimiterStateMachineTests {
    let start = ContinuousClock.now

    private func at(_ millisecond: Int) -> ContinuousClock.Instant { start + .milliseconds(millisecond) }

    /// Asks at once until refused; how many were admitted, and after how long the next would be.
    private func drain(
        _ limiter: inout RateLimiterStateMachine, at millisecond: Int, share: RateShare = .whole
    ) -> (Int, Duration) {
        var admitted = 0
        while true {
            switch limiter.admit(now: at(millisecond), share: share) {
            case .admitted: admitted += 1
            case .refused(let retryAfter, _): return (admitted, retryAfter)
            }
        }
    }

    @Test func `a burst at once, then evenly`() {
        var limiter = RateLimiterStateMachine(limits: [RateLimit(requests: 20, per: .seconds(1), burst: 40)])
        #expect(drain(&limiter, at: 0) == (40, .milliseconds(50)))
        #expect(drain(&limiter, at: 49) == (0, .milliseconds(1)))
        #expect(drain(&limiter, at: 50) == (1, .milliseconds(50)))
        #expect(drain(&limiter, at: 1050) == (20, .milliseconds(50)))
        // What was not used is saved up to the burst and no further.
        #expect(drain(&limiter, at: 1_000_000) == (40, .milliseconds(50)))
    }

    @Test func `without a burst, never more than so many in any window`() {
        var limiter = RateLimiterStateMachine(limits: [RateLimit(requests: 3, per: .seconds(1))])
        for millisecond in [0, 400, 900] {
            guard case .admitted = limiter.admit(now: at(millisecond)) else {
                Issue.record("refused at \(millisecond)")
                return
            }
        }
        #expect(drain(&limiter, at: 900) == (0, .milliseconds(100)))
        #expect(drain(&limiter, at: 999) == (0, .milliseconds(1)))
        #expect(drain(&limiter, at: 1000) == (1, .milliseconds(400)))
        #expect(drain(&limiter, at: 1400) == (1, .milliseconds(500)))
        #expect(drain(&limiter, at: 5000) == (3, .seconds(1)))
    }

    @Test func `all limits must admit, and a refusal uses up none`() {
        let limits = [RateLimit(requests: 2, per: .seconds(1)), RateLimit(requests: 3, per: .seconds(60), burst: 3)]
        var limiter = RateLimiterStateMachine(limits: limits)
        #expect(drain(&limiter, at: 0) == (2, .seconds(1)))
        for _ in 0..<100 {
            guard case .refused(.seconds(1), let standing) = limiter.admit(now: at(0)) else {
                Issue.record("expected the first limit to refuse for a second")
                return
            }
            #expect((standing.index, standing.limit, standing.remaining) == (0, limits[0], 0))
        }
        // The second limit still has its third.
        #expect(drain(&limiter, at: 1000) == (1, .seconds(19)))
        guard case .refused(_, let standing) = limiter.admit(now: at(1000)) else {
            Issue.record("expected a refusal")
            return
        }
        #expect((standing.index, standing.limit, standing.remaining) == (1, limits[1], 0))
    }

    @Test func `no limit admits everything`() {
        var limiter = RateLimiterStateMachine(limits: [])
        for _ in 0..<100 { #expect(limiter.admit(now: start, share: .half) == .admitted(nil)) }
    }

    @Test func `the standing counts down and names the tightest limit`() {
        let wide = RateLimit(requests: 100, per: .seconds(60))
        let tight = RateLimit(requests: 10, per: .milliseconds(2500), burst: 4)
        var limiter = RateLimiterStateMachine(limits: [wide, tight])
        for used in 1...4 {
            guard case .admitted(let standing?) = limiter.admit(now: start) else {
                Issue.record("refused")
                return
            }
            #expect(standing.index == 1)
            #expect(standing.limit == tight)
            #expect(standing.remaining == 4 - used)
            #expect(standing.resetAfter == .milliseconds(250 * used))
            #expect((standing.resetSeconds, standing.windowSeconds) == (1, 3))
        }
    }

    @Test func `half a share is at most half, whoever asks first`() {
        for limit in [RateLimit(requests: 20, per: .seconds(1)), RateLimit(requests: 20, per: .seconds(1), burst: 20)] {
            var limiter = RateLimiterStateMachine(limits: [limit])
            #expect(drain(&limiter, at: 0, share: .half).0 == 10)
            #expect(drain(&limiter, at: 0).0 == 10)
            // The whole is used up: the half has nothing of its own.
            #expect(drain(&limiter, at: 0, share: .half).0 == 0)
            #expect(drain(&limiter, at: 10_000).0 == 20)
            #expect(drain(&limiter, at: 10_000, share: .half).0 == 0)
            // Others do not count against the half.
            #expect(drain(&limiter, at: 20_000, share: .half).0 == 10)
        }
    }

    @Test(arguments: [
        (RateLimit(requests: 20, per: .seconds(1)), RateLimit(requests: 10, per: .seconds(1))),
        (RateLimit(requests: 5, per: .seconds(1), burst: 9), RateLimit(requests: 2, per: .seconds(1), burst: 4)),
        (RateLimit(requests: 1, per: .seconds(1)), RateLimit(requests: 1, per: .seconds(2))),
        (RateLimit(requests: 1, per: .seconds(1), burst: 1), RateLimit(requests: 1, per: .seconds(2), burst: 1)),
    ])
    func `half of a limit`(limit: RateLimit, half: RateLimit) {
        #expect(limit.half == half)
    }

    @Test func `seconds are rounded up`() {
        #expect(Duration.zero.secondsRoundedUp == 0)
        #expect(Duration.nanoseconds(1).secondsRoundedUp == 1)
        #expect(Duration.seconds(1).secondsRoundedUp == 1)
        #expect(Duration.milliseconds(1001).secondsRoundedUp == 2)
        #expect(Duration.milliseconds(-1500).secondsRoundedUp == 0)
    }

    @Test func `a clock read a little earlier by another task breaks nothing`() {
        for burst in [nil, 2] {
            var limiter = RateLimiterStateMachine(limits: [RateLimit(requests: 2, per: .seconds(1), burst: burst)])
            #expect(drain(&limiter, at: 100).0 == 2)
            #expect(drain(&limiter, at: 90).0 == 0)
            #expect(drain(&limiter, at: 1100).0 == 2)
        }
    }

    @Test func `1000 callers at once get what the limit allows`() async {
        let limiter = RateLimiter(limits: [RateLimit(requests: 100, per: .seconds(1))], time: ManualTimeSource())
        let admitted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    if case .admitted = limiter.admit() { 1 } else { 0 }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 100)
    }
}
