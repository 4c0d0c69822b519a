import Fuzzing
import Resilience
import Testing

/// The table against a model that is too simple to be wrong: a plain dictionary, scanned whole at each step.
@Suite struct IdempotencyModelTests {
    private enum Phase: Equatable {
        case running(settled: Int?)
        case kept(Int, until: Int)
        case open(Int)
        case blocked(until: Int)
    }

    private struct Key {
        var app: String
        var fingerprint: Int
        var phase: Phase
        var waiters = 0
    }

    private struct Model {
        let ttl = 20
        let maxKeys = 10
        var keys: [Int: Key] = [:]

        mutating func expire(now: Int) {
            keys = keys.filter { _, key in
                switch key.phase {
                case .kept(_, let until), .blocked(let until): now < until
                case .running, .open: true
                }
            }
        }

        mutating func claim(_ number: Int, app: String, fingerprint: Int) -> String {
            guard let key = keys[number] else {
                if keys.count >= maxKeys || keys.values.filter({ $0.app == app }).count >= maxKeys / 2 { return "full" }
                keys[number] = Key(app: app, fingerprint: fingerprint, phase: .running(settled: nil))
                return "run"
            }
            if key.fingerprint != fingerprint { return "reused" }
            switch key.phase {
            case .running:
                keys[number]?.waiters += 1
                return "wait"
            case .kept(let answer, _): return "answer \(answer)"
            case .open(let owner): return "open \(owner)"
            case .blocked: return "in use"
            }
        }

        mutating func end(_ number: Int, as phase: Phase?, now: Int) -> Int {
            guard let key = keys[number], case .running(let settled) = key.phase else { return 0 }
            var end = phase
            if let settled {
                if case .kept? = phase {} else { end = .kept(settled, until: now + ttl) }
            }
            keys[number] = end.map { Key(app: key.app, fingerprint: key.fingerprint, phase: $0) }
            return key.waiters
        }

        mutating func settle(_ number: Int, answer: Int, now: Int) {
            switch keys[number]?.phase {
            case .running(nil): keys[number]?.phase = .running(settled: answer)
            case .open, .blocked: keys[number]?.phase = .kept(answer, until: now + ttl)
            case .running, .kept, nil: break
            }
        }
    }

    @Test(arguments: 1...10) func `random sequences agree with the model`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let start = ContinuousClock.now
        var model = Model()
        var table = IdempotencyTable<Int, Int>(limits: .init(ttl: .seconds(model.ttl), maxKeys: model.maxKeys))
        var leases: [Int: IdempotencyLease] = [:]
        var second = 0
        for step in 0..<2000 {
            second += Int.random(in: 0...2, using: &random)
            let now = start + .seconds(second)
            model.expire(now: second)
            let number = Int.random(in: 0..<16, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0...3:
                let app = number % 3 == 0 ? "blog" : "shop"
                let fingerprint = Int.random(in: 0..<10, using: &random) == 0 ? 2 : 1
                let expected = model.claim(number, app: app, fingerprint: fingerprint)
                let decision = table.claim(
                    key: digest(number), app: app, fingerprint: digest(fingerprint), now: now)
                let actual: String
                switch decision {
                case .run(let lease):
                    leases[number] = lease
                    actual = "run"
                case .wait: actual = "wait"
                case .answer(let answer): actual = "answer \(answer)"
                case .open(let owner): actual = "open \(owner)"
                case .reused: actual = "reused"
                case .inUse: actual = "in use"
                case .full: actual = "full"
                }
                try #require(actual == expected, "step \(step)")
            case 4, 5:
                // Leases are kept after their end: stale ones must change nothing.
                guard let lease = leases[number] else { continue }
                let expected: Int
                let actual: Int
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    expected = model.end(number, as: .kept(step, until: second + model.ttl), now: second)
                    actual = table.keep(lease, step, now: now).count
                case 1:
                    expected = model.end(number, as: nil, now: second)
                    actual = table.release(lease, now: now).count
                case 2:
                    expected = model.end(number, as: .open(step), now: second)
                    actual = table.hold(lease, open: step, now: now).count
                default:
                    expected = model.end(number, as: .blocked(until: second + model.ttl), now: second)
                    actual = table.abandon(lease, now: now).count
                }
                try #require(actual == expected, "step \(step)")
            case 6:
                model.settle(number, answer: step, now: second)
                table.settle(key: digest(number), answer: step, now: now)
            default:
                if case .open? = model.keys[number]?.phase { model.keys[number] = nil }
                table.forget(key: digest(number))
            }
            table.clearExpired(atMost: .max, now: now)
            try #require(table.count == model.keys.count, "step \(step)")
        }
    }
}
