import Fuzzing
import Resilience
import Testing

/// The breaker against a model that keeps every call in a list, under random sequences with permits held for long.
@Suite struct BreakerModelTests {
    /// All times in milliseconds.
    private struct Model {
        struct Call {
            let at: Int
            let failed: Bool
            let slow: Bool
        }

        let settings: BreakerSettings
        var state = "closed"
        var until = 0
        var openFor = 0
        var epoch = 0
        var row = 0
        var origin: Int?
        var calls: [Call] = []
        /// Half-open permits out, and the calls that came back well.
        var out = 0
        var succeeded = 0
        var slow = 0

        func recent(now: Int) -> [Call] {
            guard let origin else { return [] }
            let width = Int(settings.window.components.seconds) * 100
            return calls.filter { ($0.at - origin) / width > (now - origin) / width - 10 }
        }

        mutating func admit(now: Int) -> Bool {
            if state == "open", now >= until {
                state = "half-open"
                epoch += 1
                (out, succeeded, slow) = (0, 0, 0)
            }
            switch state {
            case "open": return false
            case "half-open":
                if out + succeeded == settings.halfOpenCalls { return false }
                out += 1
                return true
            default: return true
            }
        }

        mutating func record(epoch: Int, _ result: BreakerResult, slow isSlow: Bool, now: Int) {
            guard epoch == self.epoch else { return }
            if state == "half-open" { out -= 1 }
            if result == .ignored { return }
            if origin == nil { origin = now }
            calls.append(Call(at: now, failed: result == .failure, slow: isSlow))
            if state == "half-open" {
                if result == .failure { return open(now: now) }
                succeeded += 1
                slow += isSlow ? 1 : 0
                guard succeeded == settings.halfOpenCalls else { return }
                if slow * 1000 >= settings.slowRate.perMille * succeeded { return open(now: now) }
                state = "closed"
                (row, openFor, origin) = (0, 0, now)
                calls = (0..<succeeded).map { Call(at: now, failed: false, slow: $0 < slow) }
                epochEnds()
                return
            }
            row = result == .failure ? row + 1 : 0
            let recent = recent(now: now)
            let isRated =
                recent.count >= settings.minimumCalls
                && (recent.filter(\.failed).count * 1000 >= settings.failureRate.perMille * recent.count
                    || recent.filter(\.slow).count * 1000 >= settings.slowRate.perMille * recent.count)
            if row >= settings.consecutiveFailures || isRated { open(now: now) }
        }

        private mutating func epochEnds() { epoch += 1 }

        private mutating func open(now: Int) {
            openFor =
                openFor == 0
                ? Int(settings.openFor.components.seconds) * 1000
                : min(openFor * 2, Int(settings.maxOpenFor.components.seconds) * 1000)
            state = "open"
            until = now + openFor
            epochEnds()
        }
    }

    @Test(arguments: 1...10) func `random sequences agree with the model and lose no permit`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let settings = BreakerSettings(
            consecutiveFailures: 4, failureRate: .percent(40), minimumCalls: 6, window: .seconds(10),
            slowCall: .seconds(2), slowRate: .percent(60), openFor: .seconds(2), maxOpenFor: .seconds(100_000),
            halfOpenCalls: 3)
        let start = ContinuousClock.now
        var model = Model(settings: settings)
        var breaker = BreakerStateMachine(settings: settings)
        var held: [(permit: BreakerPermit, epoch: Int)] = []
        var millisecond = 0
        let health = Int.random(in: 20...90, using: &random)
        for step in 0..<2000 {
            millisecond += Int.random(in: 0..<10, using: &random) == 0 ? 3000 : Int.random(in: 0...200, using: &random)
            let now = start + .milliseconds(millisecond)
            if Bool.random(using: &random) || held.isEmpty {
                let expected = model.admit(now: millisecond)
                switch breaker.admit(now: now) {
                case .permit(let permit):
                    try #require(expected, "step \(step)")
                    held.append((permit, model.epoch))
                case .refused:
                    try #require(!expected, "step \(step)")
                }
            } else {
                let index = Int.random(in: held.indices, using: &random)
                let (permit, epoch) = held.remove(at: index)
                let draw = Int.random(in: 0..<100, using: &random)
                let result: BreakerResult = draw < 10 ? .ignored : draw < 10 + health ? .success : .failure
                let slow = Int.random(in: 0..<4, using: &random) == 0
                breaker.record(permit, result, duration: .seconds(slow ? 3 : 1), now: now, random: 0)
                model.record(epoch: epoch, result, slow: slow, now: millisecond)
            }
            let snapshot = breaker.snapshot(now: now)
            let recent = model.recent(now: millisecond)
            try #require(snapshot.calls == recent.count, "step \(step)")
            try #require(snapshot.failures == recent.filter(\.failed).count, "step \(step)")
            try #require(snapshot.slow == recent.filter(\.slow).count, "step \(step)")
            switch snapshot.state {
            case .closed: try #require(model.state == "closed", "step \(step)")
            case .open(let until):
                try #require(model.state == "open", "step \(step)")
                try #require(until == start + .milliseconds(model.until), "step \(step)")
            case .halfOpen:
                try #require(
                    model.state == "half-open" || model.state == "open" && millisecond >= model.until, "step \(step)")
            }
        }
        // Whatever happened: once all permits are back and time has passed, enough successes close it.
        for (permit, _) in held { breaker.record(permit, .ignored, duration: .zero, now: start, random: 0) }
        let end = start + .milliseconds(millisecond) + settings.maxOpenFor
        for _ in 0..<settings.halfOpenCalls {
            guard case .permit(let permit) = breaker.admit(now: end) else {
                Issue.record("a permit was lost")
                return
            }
            breaker.record(permit, .success, duration: .zero, now: end, random: 0)
        }
        #expect(breaker.snapshot(now: end).state == .closed)
    }
}
