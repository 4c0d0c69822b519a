@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing
import Simulation
import Testing

/// When sends are made, how often, and until when.
struct AttemptTimingTests {
    private static let replayable = AskableAdapter(.replayable(within: .seconds(82_800)))

    private static func bench(
        _ simulation: Simulation, _ adapter: any ProviderAdapter, timeout: Duration = .seconds(10)
    ) throws -> Bench {
        let bench = try Bench(
            simulation,
            [
                BenchProvider(name: "a", adapter: adapter, timeout: timeout),
                BenchProvider(name: "b", adapter: PlainAdapter()),
            ])
        bench["b"].always("create", .now(Wire.accepted()))
        return bench
    }

    @Test("a refused connection reaches the next provider at once")
    func failoverAtOnce() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, PlainAdapter())
            _ = try await bench.create()
            #expect(bench["b"].sent("create").map(\.at) == [.zero])
        }
    }

    @Test("a replay waits a second and no more than its backoff besides, under the same key", arguments: 1...20)
    func replayWait(seed: Int) async throws {
        try await Simulation.run(seed: UInt64(seed)) { simulation in
            let bench = try Self.bench(simulation, Self.replayable)
            bench["a"].script("create", .now(Wire.timeout), .now(Wire.reset), .now(Wire.accepted()))
            #expect(try await bench.create().status == 201)
            let sent = bench["a"].sent("create")
            try #require(sent.count == 3)
            #expect((Duration.seconds(1)..<Duration.milliseconds(1025)).contains(sent[1].at - sent[0].at))
            #expect((Duration.seconds(1)..<Duration.milliseconds(1050)).contains(sent[2].at - sent[1].at))
            #expect(Set(sent.map(\.reference)).count == 1)
        }
    }

    @Test("three sends at most, then the payment is unknown")
    func threeSends() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.replayable)
            bench["a"].always("create", .now(Wire.broken))
            #expect(try await bench.create().status == 202)
            #expect(bench["a"].creates == 3)
            #expect(bench["b"].creates == 0)
        }
    }

    @Test("the deadline of the request ends a slow call and all that follows")
    func deadline() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.replayable, timeout: .seconds(20))
            bench["a"].always("create", .after(.seconds(25), Wire.accepted()))
            let result = try await bench.create(within: .seconds(30))
            // 20 s of waiting and a pause: the second send has what is left, and nothing is sent after it.
            #expect(result.status == 202)
            #expect(simulation.clock.elapsed <= .seconds(30))
            let sent = bench["a"].sent("create")
            #expect(sent.count == 2)
            let ends = sent.map { $0.at + $0.timeout }
            let latest = try #require(ends.max())
            #expect(latest <= .seconds(30))
        }
    }

    @Test(
        "no money-moving send with less than min(timeout, 2 s) left",
        arguments: [
            (Duration.milliseconds(1999), Duration.seconds(10), 0), (.milliseconds(2000), .seconds(10), 1),
            (.milliseconds(999), .seconds(1), 0), (.milliseconds(1000), .seconds(1), 1),
        ])
    func leastTime(rest: Duration, timeout: Duration, sends: Int) async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: PlainAdapter(), timeout: timeout)])
            bench["a"].always("create", .now(Wire.accepted()))
            let result = try await bench.create(within: rest)
            #expect(bench["a"].creates == sends)
            #expect(result.status == (sends == 1 ? 201 : 503))
            if sends == 0 { #expect(result.attempts == ["a:create=skipped(deadline)"]) }
        }
    }

    @Test("waiting for a token does not eat the time that a money-moving send needs")
    func tokenEatsDeadline() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, TokenAdapter())
            bench["a"].always("token", .after(.milliseconds(2500), Wire.token("t")))
            bench["a"].always("create", .after(.milliseconds(900), Wire.accepted()))
            // The token would be there with 1.5 s left: too late to send. With 2 s left the next provider gets its turn.
            let result = try await bench.create(within: .seconds(4))
            #expect(bench["a"].creates == 0)
            #expect(result.attempts == ["a:create=unavailable(token_timeout)", "b:create=accepted"])
            #expect(bench["b"].sent("create").map(\.at) == [.seconds(2)])
        }
    }

    @Test("a retry budget that is spent leaves the payment open, and is given back")
    func budget() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(
                        name: "a", adapter: Self.replayable,
                        breaker: BreakerSettings(consecutiveFailures: 1000, minimumCalls: 1000)),
                    BenchProvider(name: "b", adapter: PlainAdapter()),
                ])
            bench["a"].always("create", .now(Wire.timeout))
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask { _ = try? await bench.create(key: "key-\(number)") }
                }
            }
            // Eight first sends; three retries under way at most, for two rounds at most.
            let sends = bench["a"].creates
            #expect((8 + 3...8 + 6).contains(sends))
            #expect(bench.engine.budget.inFlight == (0, 0))
            #expect(bench["b"].creates == 0)
        }
    }

    @Test("nothing is re-sent once the caller is answered")
    func quietAfterAnswer() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableAdapter(.refusesDuplicates))
            bench.startInquiries()
            bench["a"].script("create", .now(Wire.timeout))
            bench["a"].always("inquiry", .now(Wire.broken))
            #expect(try await bench.create().status == 202)
            bench["a"].always("inquiry", .now(Wire.notFound))
            await simulation.advance(by: .seconds(2 * 86_400))
            #expect(bench["a"].creates == 1)
            #expect(bench["b"].creates == 0)
        }
    }

    @Test("503 says after how long it may be worth another try: the shortest wait that anybody named")
    func retryAfter() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            bench["a"].script("create", .now(Wire.tooMany))
            let result = try await bench.create()
            #expect(result.status == 503)
            #expect(result.answer.retryAfter == 7)
        }
    }
}

/// What follows a decline.
struct DeclineTests {
    private static func bench(_ simulation: Simulation) throws -> Bench {
        try Bench(
            simulation,
            [
                BenchProvider(name: "a", adapter: AskableAdapter()),
                BenchProvider(name: "b", adapter: AskableAdapter()),
            ], failoverOn: [.unavailable, .rateLimited, .declined])
    }

    @Test(
        "the decline is the answer if nobody after it answers",
        arguments: [Wire.refused, Wire.unauthorized, Wire.tooMany, Wire.unavailable])
    func nobodyAfter(_ reply: Transmission) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .now(Wire.declined(.generic)))
            bench["b"].script("create", .now(reply))
            let result = try await bench.create()
            #expect(result.status == 402)
            #expect(result.field("provider") == "a")
            #expect(result.field("decline.code") == "generic")
            #expect(try await bench.payment().attempts.count == 2)
        }
    }

    @Test("a decline after a soft one is the answer")
    func secondDecline() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .now(Wire.declined(.generic)))
            bench["b"].script("create", .now(Wire.declined(.expiredCard)))
            let result = try await bench.create()
            #expect(result.field("provider") == "b")
            #expect(result.field("decline.code") == "expired_card")
        }
    }

    @Test("an ambiguous send after a soft decline is unknown, not declined")
    func ambiguousAfter() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .now(Wire.declined(.generic)))
            bench["b"].script("create", .now(Wire.timeout))
            let result = try await bench.create()
            #expect(result.status == 202)
            #expect(result.field("provider") == "b")
        }
    }

    @Test("a soft decline of a replay does not go on: the first send's own reply never came")
    func declineOfReplay() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(name: "a", adapter: AskableAdapter(.replayable(within: .seconds(60)))),
                    BenchProvider(name: "b", adapter: AskableAdapter()),
                ], failoverOn: [.declined])
            bench["a"].script("create", .now(Wire.timeout), .now(Wire.declined(.generic)))
            #expect(try await bench.create().status == 402)
            #expect(bench["b"].creates == 0)
        }
    }
}
