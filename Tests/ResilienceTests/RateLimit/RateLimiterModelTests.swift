import Fuzzing
import Resilience
import Testing

/// The limiter against models that say what a limit means in the plainest way.
@Suite struct RateLimiterModelTests {
    /// One limit; all times in milliseconds.
    private struct Model {
        let requests: Int
        let per: Int
        let burst: Int?
        /// What was done, all of it.
        var done: [Int] = []
        /// A bucket that holds `burst × per` drops; each request pours in `per`, and `requests` leak each millisecond.
        var drops = 0
        var lastLeak = 0

        init(_ limit: RateLimit) {
            requests = limit.requests
            per = Int(limit.per / .milliseconds(1))
            burst = limit.burst
        }

        mutating func admits(now: Int) -> Bool {
            guard let burst else { return done.filter { $0 > now - per }.count < requests }
            drops = max(0, drops - (now - lastLeak) * requests)
            lastLeak = now
            return drops + per <= burst * per
        }

        mutating func count(now: Int) {
            done.append(now)
            drops += per
        }
    }

    private static let limits: [[RateLimit]] = [
        [RateLimit(requests: 4, per: .milliseconds(100), burst: 4)],
        [RateLimit(requests: 4, per: .milliseconds(100), burst: 10)],
        [RateLimit(requests: 4, per: .milliseconds(100), burst: 1)],
        [RateLimit(requests: 7, per: .milliseconds(100))],
        [RateLimit(requests: 1, per: .milliseconds(30))],
        [
            RateLimit(requests: 5, per: .milliseconds(50), burst: 8), RateLimit(requests: 40, per: .milliseconds(800)),
            RateLimit(requests: 50, per: .milliseconds(2000), burst: 30),
        ],
    ]

    @Test(arguments: limits, [1, 2, 3] as [UInt64])
    func `random arrivals agree with the models`(limits: [RateLimit], seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let start = ContinuousClock.now
        var limiter = RateLimiterStateMachine(limits: limits)
        var whole = limits.map { Model($0) }
        var half = limits.map { Model($0.half) }
        var millisecond = 0
        for step in 0..<1000 {
            millisecond += Int.random(in: 0..<50, using: &random) == 0 ? 500 : Int.random(in: 0...12, using: &random)
            let now = start + .milliseconds(millisecond)
            let share: RateShare = Int.random(in: 0..<3, using: &random) == 0 ? .half : .whole
            var expected = true
            for index in limits.indices {
                if !whole[index].admits(now: millisecond) { expected = false }
                if share == .half, !half[index].admits(now: millisecond) { expected = false }
            }
            let before = limiter
            switch limiter.admit(now: now, share: share) {
            case .admitted(let standing):
                try #require(expected, "step \(step)")
                // What remains is what the same caller could do at once.
                var rest = limiter
                var remaining = 0
                while case .admitted = rest.admit(now: now, share: share) { remaining += 1 }
                try #require(standing?.remaining == remaining, "step \(step)")
                for index in limits.indices {
                    whole[index].count(now: millisecond)
                    if share == .half { half[index].count(now: millisecond) }
                }
            case .refused(let retryAfter, _):
                try #require(!expected, "step \(step)")
                // It was told the truth: not a nanosecond sooner, and then indeed.
                var sooner = before
                var later = before
                guard case .refused = sooner.admit(now: now + retryAfter - .nanoseconds(1), share: share),
                    case .admitted = later.admit(now: now + retryAfter, share: share)
                else {
                    Issue.record("step \(step): the wait of \(retryAfter) is not exact")
                    return
                }
            }
        }
        // The property that a provider sees.
        for (index, limit) in limits.enumerated() {
            let done = whole[index].done
            for (first, instant) in done.enumerated() {
                let count = done[first...].prefix { $0 < instant + whole[index].per }.count
                try #require(count <= (limit.burst.map { $0 + limit.requests } ?? limit.requests))
            }
        }
    }
}
