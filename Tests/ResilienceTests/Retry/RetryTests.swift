import Fuzzing
import Resilience
import Testing

@Suite struct RetryTests {
    @Test(arguments: [
        // Requests in flight, retries allowed beside each other.
        (0, 3), (1, 3), (15, 3), (19, 3), (20, 4), (24, 4), (25, 5), (100, 20), (1000, 200),
    ])
    func `retries are a fifth of the requests in flight, and three at least`(requests: Int, retries: Int) {
        var budget = RetryBudgetStateMachine()
        for _ in 0..<requests { budget.beginRequest() }
        var begun = 0
        while budget.tryBeginRetry() { begun += 1 }
        #expect(begun == retries)
        #expect(budget.limit == retries)
        budget.endRetry()
        #expect(budget.tryBeginRetry() == true)
        #expect(budget.tryBeginRetry() == false)
    }

    @Test func `fewer requests mean no new retries until enough have ended`() {
        var budget = RetryBudgetStateMachine()
        for _ in 0..<50 { budget.beginRequest() }
        for _ in 0..<10 { #expect(budget.tryBeginRetry() == true) }
        for _ in 0..<50 { budget.endRequest() }
        for left in (3..<10).reversed() {
            #expect(budget.tryBeginRetry() == false)
            budget.endRetry()
            #expect(budget.retriesInFlight == left)
        }
        #expect(budget.tryBeginRetry() == false)
        budget.endRetry()
        #expect(budget.tryBeginRetry() == true)
    }

    @Test func `the shared budget holds among many tasks`() async {
        let budget = RetryBudget()
        let begun = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<1000 { budget.beginRequest() }
            for _ in 0..<1000 { group.addTask { budget.tryBeginRetry() } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(begun == 200)
        #expect(budget.inFlight == (1000, 200))
        for _ in 0..<200 { budget.endRetry() }
        for _ in 0..<1000 { budget.endRequest() }
        #expect(budget.inFlight == (0, 0))
    }

    @Test(arguments: [(1, 25), (2, 50), (3, 100), (4, 200), (5, 250), (6, 250), (1_000_000, 250)])
    func `backoff doubles to its cap, with full jitter`(retry: Int, longest: Int) {
        let backoff = Backoff()
        let longest = Duration.milliseconds(longest)
        #expect(backoff.delay(retry: retry, random: 0) == .zero)
        #expect(backoff.delay(retry: retry, random: .max) == longest - .nanoseconds(1))
        #expect(backoff.delay(retry: retry, random: 1 << 63) == longest / 2)
    }

    @Test func `backoff is spread evenly`() {
        var random = SeededRandom(seed: 7)
        let backoff = Backoff()
        var tenths = [Int](repeating: 0, count: 10)
        for _ in 0..<10_000 {
            let delay = backoff.delay(retry: 5, random: random.next())
            tenths[Int(delay / .milliseconds(25))] += 1
        }
        #expect(tenths.allSatisfy { (900...1100).contains($0) }, "\(tenths)")
    }
}
