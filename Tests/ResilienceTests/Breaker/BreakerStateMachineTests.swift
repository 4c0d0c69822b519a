import Resilience
import Testing

@Suite struct BreakerStateMachineTests {
    let start = ContinuousClock.now
    var breaker = BreakerStateMachine(settings: BreakerSettings())

    private func at(_ second: Double) -> ContinuousClock.Instant { start + .milliseconds(Int(second * 1000)) }

    private mutating func permit(at second: Double) throws -> BreakerPermit {
        guard case .permit(let permit) = breaker.admit(now: at(second)) else {
            Issue.record("refused at \(second)")
            throw CancellationError()
        }
        return permit
    }

    /// One call that is admitted and ends at once.
    private mutating func call(_ result: BreakerResult, took duration: Duration = .zero, at second: Double) throws {
        let permit = try permit(at: second)
        breaker.record(permit, result, duration: duration, now: at(second), random: 0)
    }

    private func state(at second: Double) -> BreakerState { breaker.snapshot(now: at(second)).state }

    @Test func `the defaults are the contract's`() {
        #expect(
            BreakerSettings()
                == BreakerSettings(
                    consecutiveFailures: 5, failureRate: .percent(50), minimumCalls: 10, window: .seconds(30),
                    slowCall: .seconds(5), slowRate: .percent(80), openFor: .seconds(10), maxOpenFor: .seconds(300),
                    halfOpenCalls: 3))
    }

    @Test mutating func `failures in a row open it however rare the calls are`() throws {
        for hour in 0..<4 { try call(.failure, at: Double(hour) * 3600) }
        #expect(state(at: 14_000) == .closed)
        try call(.failure, at: 14_400)
        #expect(state(at: 14_400) == .open(until: at(14_410)))
        #expect(breaker.admit(now: at(14_409.999)) == .refused(retryAt: at(14_410)))
    }

    @Test mutating func `a success ends the row, an ignored call does not`() throws {
        for _ in 0..<4 { try call(.failure, at: 0) }
        try call(.success, at: 0)
        for _ in 0..<4 { try call(.failure, at: 40) }
        try call(.ignored, at: 40)
        #expect(state(at: 40) == .closed)
        #expect(breaker.snapshot(now: at(40)).calls == 4)
        try call(.failure, at: 40)
        #expect(state(at: 40) == .open(until: at(50)))
    }

    @Test mutating func `the failure rate opens it from the minimum of calls on`() throws {
        for index in 0..<9 { try call(index % 2 == 0 ? .failure : .success, at: 0) }
        #expect(state(at: 0) == .closed)
        try call(.success, at: 0)
        #expect(state(at: 0) == .open(until: at(10)))
        let snapshot = breaker.snapshot(now: at(0))
        #expect((snapshot.calls, snapshot.failures) == (10, 5))
        #expect(snapshot.successShare == .percent(50))
    }

    @Test mutating func `a rate below the threshold does not open it`() throws {
        for index in 0..<100 { try call(index >= 2 && index % 2 == 0 ? .failure : .success, at: 0) }
        #expect(state(at: 0) == .closed)
        #expect(breaker.snapshot(now: at(0)).failures == 49)
        try call(.failure, at: 0)
        #expect(state(at: 0) == .closed)
        #expect(breaker.snapshot(now: at(0)).successShare == Share(perMille: 504))
        try call(.failure, at: 0)
        #expect(state(at: 0) == .open(until: at(10)))
    }

    @Test mutating func `slow calls open it though they succeed`() throws {
        for _ in 0..<2 { try call(.success, took: .seconds(5), at: 0) }
        for _ in 0..<7 { try call(.success, took: .milliseconds(5001), at: 0) }
        #expect(state(at: 0) == .closed)
        #expect(breaker.snapshot(now: at(0)).slow == 7)
        try call(.success, took: .milliseconds(5001), at: 0)
        #expect(state(at: 0) == .open(until: at(10)))
        #expect(breaker.snapshot(now: at(0)).successShare == .percent(100))
    }

    @Test mutating func `the window slides`() throws {
        // Two calls each second, one of them a failure: never 50 % of enough, since the success comes first.
        for second in 0..<4 {
            try call(.success, at: Double(second))
            try call(.failure, at: Double(second))
        }
        #expect(breaker.snapshot(now: at(26.9)).calls == 8)
        #expect(breaker.snapshot(now: at(30)).calls == 2)
        #expect(breaker.snapshot(now: at(33)).calls == 0)
        #expect(breaker.snapshot(now: at(33)).successShare == nil)
        // What has slid out does not count towards the minimum.
        try call(.success, at: 60)
        try call(.failure, at: 60)
        #expect(state(at: 60) == .closed)
        #expect(breaker.snapshot(now: at(60)).calls == 2)
        // The ring's slots are used again.
        try call(.success, at: 6000)
        #expect(breaker.snapshot(now: at(6000)).calls == 1)
    }

    @Test mutating func `after its time a few calls are let through, and all must succeed`() throws {
        for _ in 0..<5 { try call(.failure, at: 0) }
        #expect(state(at: 10) == .halfOpen)
        let permits = try [permit(at: 10), permit(at: 10), permit(at: 10)]
        #expect(breaker.admit(now: at(10)) == .refused(retryAt: at(11)))
        for permit in permits.dropLast() {
            breaker.record(permit, .success, duration: .zero, now: at(11), random: 0)
            #expect(state(at: 11) == .halfOpen)
            #expect(breaker.admit(now: at(11)) == .refused(retryAt: at(12)))
        }
        breaker.record(permits[2], .success, duration: .zero, now: at(11), random: 0)
        #expect(state(at: 11) == .closed)
        // What it knows now is what closed it.
        #expect(breaker.snapshot(now: at(11)).calls == 3)
        #expect(breaker.snapshot(now: at(11)).successShare == .percent(100))
        for _ in 0..<4 { try call(.failure, at: 11) }
        #expect(state(at: 11) == .closed)
    }

    @Test mutating func `an ignored half-open call gives its permit back`() throws {
        for _ in 0..<5 { try call(.failure, at: 0) }
        for round in 0..<20 {
            let permits = try [permit(at: 10), permit(at: 10), permit(at: 10)]
            #expect(breaker.admit(now: at(10)) == .refused(retryAt: at(11)), "round \(round)")
            for permit in permits { breaker.record(permit, .ignored, duration: .zero, now: at(10), random: 0) }
        }
        for _ in 0..<3 { try call(.success, at: 10) }
        #expect(state(at: 10) == .closed)
    }

    @Test mutating func `each opening is twice as long, to the maximum, and closing starts over`() throws {
        for _ in 0..<5 { try call(.failure, at: 0) }
        var second = 0.0
        for openFor in [10.0, 20, 40, 80, 160, 300, 300] {
            #expect(state(at: second) == .open(until: at(second + openFor)))
            second += openFor
            try call(.success, at: second)
            try call(.failure, at: second)
        }
        second += 300
        for _ in 0..<3 { try call(.success, at: second) }
        #expect(state(at: second) == .closed)
        for _ in 0..<5 { try call(.failure, at: second) }
        #expect(state(at: second) == .open(until: at(second + 10)))
    }

    @Test mutating func `jitter makes it up to a tenth longer, never shorter`() throws {
        for _ in 0..<4 { try call(.failure, at: 0) }
        let permit = try permit(at: 0)
        breaker.record(permit, .failure, duration: .zero, now: at(0), random: .max)
        #expect(state(at: 0) == .open(until: at(11) - .nanoseconds(1)))
    }

    @Test mutating func `half-open calls that are all slow open it again`() throws {
        for _ in 0..<5 { try call(.failure, at: 0) }
        for _ in 0..<3 { try call(.success, took: .seconds(6), at: 10) }
        #expect(state(at: 10) == .open(until: at(30)))
        for _ in 0..<2 { try call(.success, took: .seconds(6), at: 30) }
        try call(.success, at: 30)
        #expect(state(at: 30) == .closed)
    }

    @Test mutating func `results from before a transition change nothing`() throws {
        let early = try (0..<10).map { _ in try permit(at: 0) }
        for permit in early.prefix(5) { breaker.record(permit, .failure, duration: .zero, now: at(0), random: 0) }
        let open = breaker.snapshot(now: at(0))
        breaker.record(early[5], .failure, duration: .zero, now: at(0), random: .max)
        #expect(breaker.snapshot(now: at(0)) == open)

        let tried = try [permit(at: 10), permit(at: 10)]
        let halfOpen = breaker.snapshot(now: at(10))
        for permit in early.suffix(4) {
            breaker.record(permit, .failure, duration: .zero, now: at(10), random: 0)
            breaker.record(permit, .success, duration: .zero, now: at(10), random: 0)
            breaker.record(permit, .ignored, duration: .zero, now: at(10), random: 0)
        }
        #expect(breaker.snapshot(now: at(10)) == halfOpen)

        breaker.record(tried[0], .failure, duration: .zero, now: at(10), random: 0)
        #expect(state(at: 10) == .open(until: at(30)))
        breaker.record(tried[1], .failure, duration: .zero, now: at(10), random: 0)
        #expect(state(at: 10) == .open(until: at(30)))
        // The next trial is not touched by the last one's.
        _ = try permit(at: 30)
        breaker.record(tried[1], .failure, duration: .zero, now: at(30), random: 0)
        #expect(state(at: 30) == .halfOpen)
    }

    @Test mutating func `permits that never come back do not keep it half-open for ever`() throws {
        for _ in 0..<5 { try call(.failure, at: 0) }
        let lost = try [permit(at: 10), permit(at: 10), permit(at: 10)]
        #expect(breaker.admit(now: at(309)) == .refused(retryAt: at(310)))
        for _ in 0..<3 { try call(.success, at: 310) }
        #expect(state(at: 310) == .closed)
        for permit in lost { breaker.record(permit, .failure, duration: .zero, now: at(311), random: 0) }
        #expect(breaker.snapshot(now: at(311)).failures == 0)
    }

    @Test func `the shell reads the clock and the random numbers it was given`() {
        let time = ManualTimeSource()
        let breaker = CircuitBreaker(settings: BreakerSettings(), time: time, nextRandom: { 0 })
        for _ in 0..<5 {
            guard case .permit(let permit) = breaker.admit() else {
                Issue.record("refused while closed")
                return
            }
            breaker.record(permit, .failure, duration: .zero)
        }
        let until = time.start + .seconds(10)
        #expect(breaker.admit() == .refused(retryAt: until))
        #expect(breaker.snapshot.state == .open(until: until))
        time.advance(by: .seconds(10))
        #expect(breaker.snapshot.state == .halfOpen)
    }
}
