import HTTPTypes
@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// A provider's own 429 holds back what comes after it, for as long as the provider asks (`Wire.tooMany` says 7 s).
struct ProviderPauseTests {
    private static func bench(
        _ simulation: Simulation, _ adapter: any ProviderAdapter = AskableAdapter()
    ) throws -> Bench {
        let bench = try Bench(
            simulation,
            [BenchProvider(name: "a", adapter: adapter), BenchProvider(name: "b", adapter: PlainAdapter())])
        bench["a"].always("create", .now(Wire.accepted()))
        bench["a"].always("inquiry", .now(Wire.found("captured")))
        bench["b"].always("create", .now(Wire.accepted()))
        return bench
    }

    @Test("payments go to the next candidate until the wait is over, and to it again then")
    func payments() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .now(Wire.tooMany))
            #expect(
                try await bench.create().attempts == ["a:create=rate_limited(http_429)", "b:create=accepted"])
            await simulation.advance(by: .milliseconds(6999))
            #expect(
                try await bench.create(key: "key-2").attempts
                    == ["a:create=skipped(provider_limit)", "b:create=accepted"])
            #expect(bench["a"].creates == 1)
            await simulation.advance(by: .milliseconds(1))
            #expect(try await bench.create(key: "key-3").attempts == ["a:create=accepted"])
        }
    }

    @Test("however long a wait it asks for, it is tried again after a minute")
    func bound() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .now(Wire.reply(429, "slow_down", headers: [.retryAfter: "86400"])))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(59))
            #expect(try await bench.create(key: "key-2").field("provider") == "b")
            await simulation.advance(by: .seconds(1))
            #expect(try await bench.create(key: "key-3").field("provider") == "a")
        }
    }

    @Test("a 429 that asks for no wait holds nothing back")
    func noWait() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .now(Wire.reply(429, "slow_down")))
            _ = try await bench.create()
            #expect(try await bench.create(key: "key-2").field("provider") == "a")
        }
    }

    @Test("where nobody else can, the answer says when to come again")
    func retryAfter() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            bench["a"].script("create", .now(Wire.tooMany))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(2))
            let held = try await bench.create(key: "key-2")
            #expect(held.status == 503)
            #expect(held.attempts == ["a:create=skipped(provider_limit)"])
            #expect(held.answer.retryAfter == 5)
        }
    }

    @Test("inquiries wait too, and a 429 to one of them holds back payments")
    func inquiries() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .now(Wire.accepted("pending")), .now(Wire.tooMany))
            bench["a"].script("inquiry", .now(Wire.tooMany))
            let id = try await bench.create().id
            _ = try await bench.create(key: "key-2")
            #expect(await bench.engine.sync(payment: id, providerTransactionID: nil, call: bench.call()).status == 503)
            #expect(bench["a"].sent("inquiry").isEmpty)

            await simulation.advance(by: .seconds(7))
            #expect(await bench.engine.sync(payment: id, providerTransactionID: nil, call: bench.call()).status == 503)
            #expect(bench["a"].sent("inquiry").count == 1)
            #expect(try await bench.create(key: "key-3").field("provider") == "b")

            await simulation.advance(by: .seconds(7))
            let synced = await bench.engine.sync(payment: id, providerTransactionID: nil, call: bench.call())
            #expect(synced.status == 200)
            #expect(Reading(synced).paymentStatus == "captured")
        }
    }

    @Test("a replay that meets the pause leaves its payment open: nobody else is sent it")
    func ambiguitySticks() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableAdapter(.replayable(within: .seconds(82_800))))
            bench["a"].script("create", .now(Wire.timeout), .now(Wire.tooMany))
            async let open = bench.create()
            await simulation.quiet()
            // While the first one waits for its replay, another one is told to wait.
            _ = try await bench.create(key: "key-2")
            let result = try await open
            #expect(result.status == 202)
            #expect(result.attempts == ["a:create=ambiguous(timeout)", "a:create=skipped(provider_limit)"])
            #expect(bench["a"].creates == 2)
            #expect(bench["b"].creates == 1)
        }
    }

    @Test("a token may be had during the pause, and a 429 to one holds nothing back")
    func tokens() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, TokenAdapter())
            bench["a"].script("token", .now(Wire.tooMany))
            bench["a"].always("token", .now(Wire.token("t")))
            #expect(try await bench.create().field("provider") == "b")
            await simulation.advance(by: .seconds(2))
            #expect(try await bench.create(key: "key-2").field("provider") == "a")
        }
    }
}
