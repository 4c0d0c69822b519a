import Resilience
import Testing

@Suite struct TokenCacheStateMachineTests {
    let start = ContinuousClock.now
    var machine = TokenCacheStateMachine<String>()

    private mutating func ask(at second: Double) -> String {
        switch machine.token(now: start + .milliseconds(Int(second * 1000))) {
        case .use(let token, let generation, let fetch): "\(token) \(generation)\(fetch ? ", fetch" : "")"
        case .wait(_, let fetch): fetch ? "wait, fetch" : "wait"
        }
    }

    private mutating func fetched(_ token: String, lifetime: Int, at second: Int, random: UInt64 = 0) -> Int {
        machine.fetched(token, lifetime: .seconds(lifetime), now: start + .seconds(second), random: random)
            .waiters.count
    }

    private mutating func failed(at second: Int, random: UInt64 = 0) -> Int {
        machine.fetchFailed(now: start + .seconds(second), random: random).count
    }

    @Test mutating func `the first caller fetches, the others wait for it`() {
        #expect(ask(at: 0) == "wait, fetch")
        #expect(ask(at: 0) == "wait")
        #expect(ask(at: 1) == "wait")
        #expect(fetched("a", lifetime: 100, at: 1) == 3)
        #expect(ask(at: 1) == "a 1")
    }

    @Test mutating func `a failed fetch is told to those who wait, and the next caller fetches`() {
        #expect(ask(at: 0) == "wait, fetch")
        #expect(ask(at: 0) == "wait")
        #expect(failed(at: 1) == 2)
        #expect(ask(at: 1) == "wait, fetch")
        #expect(fetched("a", lifetime: 100, at: 2) == 1)
    }

    @Test mutating func `from 70 % of the life on, one fetch in the background`() {
        _ = ask(at: 0)
        _ = fetched("a", lifetime: 100, at: 0)
        #expect(ask(at: 69.9) == "a 1")
        #expect(ask(at: 70) == "a 1, fetch")
        #expect(ask(at: 71) == "a 1")
        #expect(fetched("b", lifetime: 100, at: 72) == 0)
        #expect(ask(at: 72) == "b 2")
        #expect(ask(at: 141.9) == "b 2")
        #expect(ask(at: 142) == "b 2, fetch")
    }

    @Test mutating func `jitter spreads the background fetch up to 80 %`() {
        _ = ask(at: 0)
        _ = fetched("a", lifetime: 100, at: 0, random: .max)
        #expect(ask(at: 79.9) == "a 1")
        #expect(ask(at: 80) == "a 1, fetch")
    }

    @Test(arguments: [
        // Lifetime, last second of use, first second without, all in seconds: min(5 s, 5 %) are left out.
        (3600, 3594.9, 3595), (100, 94.9, 95), (20, 18.9, 19), (1, 0.94, 0.95),
    ])
    mutating func `no token is used up to its end`(lifetime: Int, last: Double, end: Double) {
        _ = ask(at: 0)
        _ = fetched("a", lifetime: lifetime, at: 0)
        #expect(ask(at: last) == "a 1, fetch")
        #expect(machine.age(now: start + .milliseconds(Int(last * 1000))) != nil)
        #expect(machine.age(now: start + .milliseconds(Int(end * 1000))) == nil)
        // The background fetch is still under way: it is the one to wait for.
        #expect(ask(at: end) == "wait")
        #expect(fetched("b", lifetime: 100, at: 4000) == 1)
    }

    @Test mutating func `a failed background fetch harms nobody, and backs off`() {
        _ = ask(at: 0)
        _ = fetched("a", lifetime: 1000, at: 0)
        var second = 700.0
        for backoff in [1.0, 2, 4, 8, 16, 30, 30] {
            #expect(ask(at: second) == "a 1, fetch")
            #expect(failed(at: Int(second), random: .max) == 0)
            #expect(ask(at: second + backoff - 0.001) == "a 1")
            second += backoff
        }
        #expect(ask(at: second) == "a 1, fetch")
        _ = fetched("b", lifetime: 1000, at: 800)
        #expect(ask(at: 1500) == "b 2, fetch")
        // A success ends the doubling; without jitter the wait is half.
        #expect(failed(at: 1500) == 0)
        #expect(ask(at: 1500.4) == "b 2")
        #expect(ask(at: 1500.5) == "b 2, fetch")
    }

    @Test mutating func `a token that died during a failed background fetch is not used`() {
        _ = ask(at: 0)
        _ = fetched("a", lifetime: 100, at: 0)
        #expect(ask(at: 90) == "a 1, fetch")
        #expect(ask(at: 96) == "wait")
        #expect(failed(at: 97) == 1)
        #expect(ask(at: 97) == "wait, fetch")
    }

    @Test mutating func `a rejected token is dropped, a newer one is not`() {
        _ = ask(at: 0)
        _ = fetched("a", lifetime: 100, at: 0)
        machine.reject(generation: 7)
        #expect(ask(at: 1) == "a 1")
        machine.reject(generation: 1)
        #expect(ask(at: 1) == "wait, fetch")
        _ = fetched("b", lifetime: 100, at: 2)
        machine.reject(generation: 1)
        #expect(ask(at: 3) == "b 2")
    }

    @Test mutating func `a caller after a rejection joins the fetch that is under way`() {
        _ = ask(at: 0)
        _ = fetched("a", lifetime: 100, at: 0)
        #expect(ask(at: 70) == "a 1, fetch")
        machine.reject(generation: 1)
        #expect(ask(at: 70) == "wait")
        #expect(fetched("b", lifetime: 100, at: 71) == 1)
        #expect(ask(at: 71) == "b 2")
    }

    @Test mutating func `a token without a life is for those who wait and nobody else`() {
        for lifetime in [0, -10] {
            #expect(ask(at: 0) == "wait, fetch")
            #expect(fetched("a", lifetime: lifetime, at: 0) == 1)
        }
        #expect(ask(at: 0) == "wait, fetch")
    }

    @Test mutating func `an absurd life is cut, not trusted`() {
        _ = ask(at: 0)
        _ = machine.fetched("a", lifetime: .seconds(Int64.max), now: start, random: .max)
        #expect(ask(at: 365 * 86_400) == "a 1, fetch")
        #expect(ask(at: 366 * 86_400) == "wait")
    }

    @Test mutating func `a waiter that gave up is not named`() {
        guard case .wait(let first, true) = machine.token(now: start),
            case .wait(let second, false) = machine.token(now: start)
        else {
            Issue.record("both wait")
            return
        }
        machine.stopWaiting(first)
        #expect(machine.fetchFailed(now: start, random: 0) == [second])
    }

    @Test mutating func `age counts from the fetch`() {
        #expect(machine.age(now: start) == nil)
        _ = ask(at: 0)
        _ = fetched("a", lifetime: 100, at: 10)
        #expect(machine.age(now: start + .seconds(25)) == .seconds(15))
    }
}
