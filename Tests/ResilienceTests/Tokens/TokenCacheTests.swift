import Resilience
import Synchronization
import Testing

/// Counts calls from many tasks.
private final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add() -> Int {
        value.withLock {
            $0 += 1
            return $0
        }
    }
}

@Suite struct TokenCacheTests {
    struct Refused: Error, Equatable {}
    typealias Cache = TokenCache<String, Refused>

    let time = ManualTimeSource()
    let cache: Cache
    private let fetches = Counter()

    init() {
        cache = Cache(time: time, nextRandom: { 0 })
    }

    private func describe(_ result: TokenResult<String, Refused>) -> String {
        switch result {
        case .token(let token, let generation): "\(token) \(generation)"
        case .failed: "failed"
        case .timedOut: "timed out"
        }
    }

    /// Asks with a fetch that passes `gate` and then succeeds with `token-N`, or fails where there is no lifetime.
    private func ask(gate: Gate, lifetime: Int? = 100, within seconds: Int = 30) async -> String {
        let fetches = fetches
        return describe(
            await cache.token(deadline: time.now + .seconds(seconds)) {
                let number = fetches.add()
                await gate.pass()
                guard let lifetime else { return .failure(Refused()) }
                return .success((token: "token-\(number)", lifetime: .seconds(lifetime)))
            })
    }

    private func openGate() -> Gate {
        let gate = Gate()
        gate.open()
        return gate
    }

    @Test func `1000 callers share one fetch, and one's cancellation is its own`() async {
        let gate = Gate()
        // The first caller starts the fetch, and is the one that goes away.
        let first = Task { await ask(gate: gate) }
        await gate.reached()
        let others = (1..<1000).map { _ in Task { await ask(gate: gate) } }
        await time.sleepers(atLeast: 1000)
        first.cancel()
        #expect(await first.value == "timed out")
        #expect(cache.waiting == 999)
        gate.open()
        var results: [String: Int] = [:]
        for other in others { results[await other.value, default: 0] += 1 }
        #expect(results == ["token-1 1": 999])
        #expect(fetches.count == 1)
    }

    @Test func `a failure is given to all who wait, and is not remembered`() async {
        let gate = Gate()
        let callers = (0..<10).map { _ in Task { await ask(gate: gate, lifetime: nil) } }
        await time.sleepers(atLeast: 10)
        gate.open()
        for caller in callers { #expect(await caller.value == "failed") }
        #expect(fetches.count == 1)
        #expect(await ask(gate: openGate()) == "token-2 1")
    }

    @Test func `each caller waits to its own deadline, the fetch goes on`() async {
        let gate = Gate()
        async let early = ask(gate: gate, within: 10)
        async let late = ask(gate: gate, within: 20)
        await time.sleepers(atLeast: 2)
        time.advance(by: .seconds(10))
        #expect(await early == "timed out")
        #expect(cache.waiting == 1)
        gate.open()
        #expect(await late == "token-1 1")
        #expect(await ask(gate: openGate(), within: 0) == "token-1 1")
    }

    @Test func `a background fetch keeps nobody waiting`() async {
        #expect(await ask(gate: openGate()) == "token-1 1")
        time.advance(by: .seconds(70))
        let gate = Gate()
        #expect(await ask(gate: gate) == "token-1 1")
        await gate.reached()
        #expect(await ask(gate: gate) == "token-1 1")
        #expect(fetches.count == 2)
        // Its end, seen by a caller that has to wait for it.
        cache.reject(generation: 1)
        async let next = ask(gate: gate)
        await time.sleepers(atLeast: 1)
        gate.open()
        #expect(await next == "token-2 2")
        #expect(fetches.count == 2)
    }

    @Test func `a failed background fetch is no failure while the old token lives`() async {
        #expect(await ask(gate: openGate()) == "token-1 1")
        time.advance(by: .seconds(70))
        for _ in 0..<5 { #expect(await ask(gate: openGate(), lifetime: nil) == "token-1 1") }
        time.advance(by: .seconds(24))
        #expect(await ask(gate: openGate(), lifetime: nil) == "token-1 1")
        #expect(cache.age == .seconds(94))
        time.advance(by: .seconds(1))
        #expect(cache.age == nil)
    }

    @Test func `a rejected token is fetched anew, once for all`() async {
        #expect(await ask(gate: openGate()) == "token-1 1")
        let gate = Gate()
        for _ in 0..<100 { cache.reject(generation: 1) }
        let callers = (0..<100).map { _ in Task { await ask(gate: gate) } }
        await time.sleepers(atLeast: 100)
        gate.open()
        for caller in callers { #expect(await caller.value == "token-2 2") }
        cache.reject(generation: 1)
        #expect(await ask(gate: openGate()) == "token-2 2")
        #expect(fetches.count == 2)
    }
}
