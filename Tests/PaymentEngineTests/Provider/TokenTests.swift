@testable import PaymentEngine
import HTTPTypes
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// Tokens of contract §6, through the engine.
struct TokenTests {
    private static func bench(_ simulation: Simulation) throws -> Bench {
        let bench = try Bench(
            simulation,
            [
                BenchProvider(name: "a", adapter: TokenAdapter()), BenchProvider(name: "b", adapter: PlainAdapter()),
            ])
        bench["b"].always("create", .now(Wire.accepted()))
        return bench
    }

    private static func tokens(_ bench: Bench) -> [String] {
        bench["a"].sent("create").map { $0.request.headers[.authorization] ?? "-" }
    }

    @Test("one refresh however many callers wait")
    func oneRefresh() async throws {
        try await Simulation.run(seed: 7, order: .shuffled) { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("token", .after(.milliseconds(100), Wire.token("t1")))
            bench["a"].always("create", .now(Wire.accepted()))
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<100 { group.addTask { _ = try? await bench.create(key: "key-\(number)") } }
            }
            #expect(bench["a"].sent("token").count == 1)
            #expect(bench["a"].creates == 100)
            #expect(Set(Self.tokens(bench)) == ["Bearer t1"])
        }
    }

    @Test("401 with a token: that token is dropped, and the same request sent once more")
    func refresh() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("token", .now(Wire.token("t1")), .now(Wire.token("t2")))
            bench["a"].script("create", .now(Wire.unauthorized), .now(Wire.accepted()))
            let result = try await bench.create()
            #expect(result.attempts == ["a:create=accepted"])
            #expect(Self.tokens(bench) == ["Bearer t1", "Bearer t2"])
            #expect(Set(bench["a"].sent("create").map(\.body)).count == 1)
        }
    }

    @Test("a second 401 is a refusal: the next provider")
    func secondRefusal() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("token", .now(Wire.token("t")))
            bench["a"].always("create", .now(Wire.unauthorized))
            let result = try await bench.create()
            #expect(result.attempts == ["a:create=unavailable(credentials_refused)", "b:create=accepted"])
            #expect(bench["a"].creates == 2)
        }
    }

    @Test("what comes after the refused try is the try: a lost second send is ambiguous")
    func lostSecondTry() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("token", .now(Wire.token("t")))
            bench["a"].script("create", .now(Wire.unauthorized), .now(Wire.timeout))
            #expect(try await bench.create().status == 202)
            #expect(bench["b"].creates == 0)
        }
    }

    @Test("no new token after a 401: the refusal stands, and nothing was done")
    func noNewToken() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("token", .now(Wire.token("t")), .now(Wire.broken))
            bench["a"].script("create", .now(Wire.unauthorized))
            let result = try await bench.create()
            #expect(result.attempts == ["a:create=unavailable(credentials_refused)", "b:create=accepted"])
        }
    }

    @Test(
        "no token to be had is 'not sent'",
        arguments: [
            (Wire.refused, "token_connect_refused"), (Wire.timeout, "token_timeout"), (Wire.broken, "token_http_500"),
            (Wire.unauthorized, "credentials_refused"), (Wire.tooMany, "http_429"),
        ])
    func noToken(reply: Transmission, reason: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("token", .now(reply))
            let result = try await bench.create()
            #expect(result.attempts == ["a:create=unavailable(\(reason))", "b:create=accepted"])
            #expect(bench["a"].creates == 0)
        }
    }

    @Test("a caller that hangs up leaves the refresh to the others")
    func canceledCaller() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("token", .after(.seconds(1), Wire.token("t")))
            bench["a"].always("create", .now(Wire.accepted()))
            let first = Task { try await bench.create(key: "1") }
            await simulation.quiet()
            async let second = bench.create(key: "2")
            await simulation.quiet()
            first.cancel()
            #expect(try await second.status == 201)
            #expect(try await first.value.status == 201)
            #expect(bench["a"].sent("token").count == 1)
        }
    }

    @Test("a failed refresh while the old token lives is no failure")
    func failedRefresh() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("token", .now(Wire.token("t1", lives: 1000)))
            bench["a"].always("token", .now(Wire.broken))
            bench["a"].always("create", .now(Wire.accepted()))
            _ = try await bench.create(key: "1")
            await simulation.advance(by: .seconds(850))
            #expect(try await bench.create(key: "2").attempts == ["a:create=accepted"])
            await simulation.quiet()
            #expect(bench["a"].sent("token").count == 2)
            #expect(Self.tokens(bench) == ["Bearer t1", "Bearer t1"])
        }
    }
}

/// Breakers, seen from outside: permits come back whatever becomes of the call.
struct PermitTests {
    @Test(
        "half-open permits are not lost to any outcome",
        arguments: [
            Wire.tooMany, Wire.unauthorized, Wire.declined(.generic), Wire.rejected, Wire.refused, Wire.timeout,
            Wire.broken,
        ])
    func halfOpen(_ reply: Transmission) async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(
                        name: "a", adapter: PlainAdapter(),
                        breaker: BreakerSettings(
                            consecutiveFailures: 1, openFor: .seconds(10), maxOpenFor: .seconds(10), halfOpenCalls: 1))
                ])
            bench["a"].script("create", .now(Wire.refused))
            _ = try await bench.create(key: "open it")
            bench["a"].always("create", .now(reply))
            for number in 0..<5 {
                await simulation.advance(by: .seconds(12))
                let before = bench["a"].creates
                _ = try await bench.create(key: "try-\(number)")
                #expect(bench["a"].creates == before + 1)
            }
            bench["a"].always("create", .now(Wire.accepted()))
            await simulation.advance(by: .seconds(12))
            #expect(try await bench.create(key: "last").status == 201)
            #expect(bench.engine.runtime("a")?.inFlight == 0)
        }
    }

    @Test("a permit that our own limit makes useless goes back")
    func limitedHalfOpen() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(
                        name: "a", adapter: PlainAdapter(),
                        rateLimits: [RateLimit(requests: 1, per: .seconds(60))],
                        breaker: BreakerSettings(consecutiveFailures: 1, halfOpenCalls: 1))
                ])
            bench["a"].script("create", .now(Wire.refused))
            bench["a"].always("create", .now(Wire.accepted()))
            _ = try await bench.create(key: "1")
            await simulation.advance(by: .seconds(30))
            for number in 0..<5 { #expect(try await bench.create(key: "limited-\(number)").status == 503) }
            await simulation.advance(by: .seconds(31))
            #expect(try await bench.create(key: "2").status == 201)
        }
    }

    @Test("declines and 4xx are health, and open no breaker")
    func health() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            // This 429 asks for no pause, which would hide what the breaker says.
            let replies = [
                Wire.declined(.generic), Wire.rejected, Wire.unauthorized, Wire.reply(429, "slow_down"),
            ]
            for (index, reply) in replies.enumerated() {
                bench["a"].always("create", .now(reply))
                for number in 0..<12 { _ = try await bench.create(key: "\(index)-\(number)") }
            }
            bench["a"].always("create", .now(Wire.accepted()))
            #expect(try await bench.create(key: "last").status == 201)
        }
    }
}
