@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing
import Simulation
import StrictJSON
import Testing

/// What opens a provider's breaker, what an open one costs, and what the same signal does to the order of providers.
struct ProviderBreakerTests {
    /// Another candidate may be tried after whatever becomes of a create: so each payment shows what `a` was asked.
    private static func bench(
        _ simulation: Simulation, _ breaker: BreakerSettings = BreakerSettings(), strategy: Route.Strategy = .priority
    ) throws -> Bench {
        let bench = try Bench(
            simulation,
            [
                BenchProvider(name: "a", adapter: AskableAdapter(.inert), breaker: breaker),
                BenchProvider(name: "b", adapter: AskableAdapter(.inert)),
            ], strategy: strategy)
        bench["a"].always("create", .now(Wire.accepted("action")))
        bench["b"].always("create", .now(Wire.accepted("action")))
        return bench
    }

    private static func pay(_ bench: Bench, _ keys: ClosedRange<Int>) async throws {
        for number in keys { _ = try await bench.create(key: "key-\(number)") }
    }

    private static func state(_ bench: Bench, _ operation: PaymentModel.Operation = .create) -> BreakerState? {
        bench.engine.runtime("a")?.breaker(operation).snapshot.state
    }

    @Test(
        "what is the provider's fault opens it",
        arguments: [Wire.refused, Wire.timeout, Wire.reset, Wire.broken, Wire.garbage, Wire.unavailable])
    func faults(_ reply: Transmission) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("create", .now(reply))
            // However rare they are.
            for number in 1...5 {
                #expect(Self.state(bench) == .closed)
                _ = try await bench.create(key: "key-\(number)")
                await simulation.advance(by: .seconds(number < 5 ? 3600 : 0))
            }
            #expect(
                try await bench.create(key: "key-6").attempts
                    == ["a:create=skipped(breaker_open)", "b:create=accepted"])
            // Its other operations go on.
            #expect(Self.state(bench, .inquiry) == .closed)
            #expect(Self.state(bench, .refund) == .closed)
        }
    }

    @Test("of many at once, a dead provider is looked at by a few in each open period")
    func looks() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, BreakerSettings(openFor: .seconds(10), maxOpenFor: .seconds(10)))
            bench["a"].always("create", .after(.milliseconds(100), Wire.reset))
            try await Self.pay(bench, 1...5)
            for period in 1...5 {
                await simulation.advance(by: .seconds(11))
                let before = bench["a"].creates
                let replies = try await withThrowingTaskGroup(of: Reading.self) { group in
                    for number in 1...40 {
                        group.addTask { try await bench.create(key: "key-\(period)-\(number)") }
                    }
                    return try await group.reduce(into: [Reading]()) { $0.append($1) }
                }
                #expect(bench["a"].creates - before == 3)
                let takers = replies.map { $0.field("provider") }
                #expect(Set(takers) == ["b"])
                let skipped = replies.compactMap { $0.json?["attempts"]?.array?.first }
                    .filter { $0["reason"]?.string == "breaker_open" }
                #expect(skipped.count == 37)
                let durations = skipped.map { $0["duration_ms"]?.integer }
                #expect(Set(durations) == [0])
            }
        }
    }

    @Test("it is back one open period and one payment after the provider is", arguments: 1...20)
    func recovery(seed: Int) async throws {
        try await Simulation.run(seed: UInt64(seed)) { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("create", .now(Wire.refused))
            try await Self.pay(bench, 1...5)
            bench["a"].always("create", .now(Wire.accepted("action")))
            await simulation.advance(by: .milliseconds(9_999))
            #expect(try await bench.create(key: "key-6").field("provider") == "b")
            // The jitter adds a tenth at most.
            await simulation.advance(by: .milliseconds(1_001))
            #expect(try await bench.create(key: "key-7").field("provider") == "a")
            try await Self.pay(bench, 8...9)
            #expect(Self.state(bench) == .closed)
        }
    }

    @Test("highest_success goes by what the breaker counts, and trusts a provider that has no recent calls")
    func highestSuccess() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, strategy: .highestSuccess)
            #expect(try await bench.create(key: "key-1").field("provider") == "a")
            // A decline is the payment's answer, and no fault of the provider's.
            bench["a"].script("create", .now(Wire.declined(.expiredCard)))
            _ = try await bench.create(key: "key-2")
            #expect(try await bench.create(key: "key-3").field("provider") == "a")
            bench["a"].script("create", .now(Wire.broken))
            #expect(
                try await bench.create(key: "key-4").attempts
                    == ["a:create=ambiguous(http_500)", "b:create=accepted"])
            #expect(try await bench.create(key: "key-5").attempts == ["b:create=accepted"])
            // Past the window nothing speaks against it.
            await simulation.advance(by: .seconds(30))
            #expect(try await bench.create(key: "key-6").attempts == ["a:create=accepted"])
        }
    }
}
