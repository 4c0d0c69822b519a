@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing
import Simulation
import Testing

/// A reload is whole or nothing, and a request sees one version from beginning to end (contract §2).
struct ReloadVersionTests {
    private static let a = BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))
    private static let b = BenchProvider(name: "b", adapter: CallingAdapter(.once, isSigned: true))
    private static let c = BenchProvider(name: "c", adapter: CallingAdapter(.once, isSigned: true))

    /// Three transports, two providers in force.
    private static func bench(_ simulation: Simulation) async throws -> Bench {
        let bench = try Bench(simulation, [a, b, c])
        try await bench.reload("1") { $0.use([a, b]) }
        for name in ["a", "b", "c"] {
            bench[name].always("create", .asked { .now(Wire.accepted("pending", "id=T-\($0.reference)")) })
            bench[name].always("inquiry", .now(Wire.found("pending")))
        }
        return bench
    }

    @Test("a create under way goes on over its own candidates; the next one has the new ones")
    func createUnderWay() async throws {
        try await Simulation.run { simulation in
            let bench = try await Self.bench(simulation)
            bench.startInquiries()
            let gate = Gate()
            bench["a"].script("create", .at(gate, Wire.refused))
            let call = bench.call()
            async let first = bench.create(key: "1", under: call)
            await simulation.quiet()
            #expect(bench["a"].creates == 1)
            try await bench.reload { parts in
                parts.use([Self.c])
                parts.server.publicURL = "https://new.example.com"
            }
            // Another one: what was given no payment yet is let go of.
            try await bench.reload("3")
            #expect(bench.engine.configuration.version == "3")
            #expect(bench.report("b") == nil)
            gate.open()
            let answer = try await first
            #expect(answer.attempts == ["a:create=unavailable(connect_refused)", "b:create=accepted"])
            let sent = try #require(bench["b"].sent("create").first)
            #expect(Wire.value("callback", in: sent.body)?.hasPrefix("https://pay.example.com/webhooks/b/") == true)
            #expect(try await bench.create(key: "2").field("provider") == "c")
            // It has a payment now, so it is asked after and called back although nothing names it any more.
            try await bench.reload("4")
            await simulation.advance(by: .seconds(20))
            #expect(!bench["b"].sent("inquiry").isEmpty)
            let token = try bench.callbackToken(at: "b")
            #expect(
                await bench.callback("b", "event=1 state=captured id=T-\(sent.reference)", token: token) == .accepted)
            #expect(await bench.engine.payment(id: answer.id, app: "shop")?.status == .captured)
        }
    }

    @Test("a request that began before plans by its own version, with its own instances")
    func plansByItsOwnVersion() async throws {
        try await Simulation.run { simulation in
            let yard = TransportYard(clock: simulation.clock) { $0.always("create", .now(Wire.accepted())) }
            var old = Self.a
            (old.fingerprint, old.timeout) = ("1", .seconds(3))
            let bench = try Bench(simulation, [old], yard: yard)
            let before = bench.call()
            let first = try #require(yard.living("a").first)
            var new = Self.a
            (new.fingerprint, new.timeout) = ("2", .seconds(7))
            let replacement = new
            try await bench.reload { $0.use([replacement, Self.b]) }
            _ = try await bench.create(key: "1", under: before)
            #expect(first.sent("create").map(\.timeout) == [.seconds(3)])
            #expect(try await bench.create(key: "2").status == 201)
            #expect(yard.living("a").last?.sent("create").map(\.timeout) == [.seconds(7)])
            #expect(bench.engine.explain(Bench.anyRequest(), call: before).plan?.candidates == ["a"])
            #expect(bench.engine.explain(Bench.anyRequest(), call: bench.call()).plan?.candidates == ["a", "b"])
        }
    }

    @Test(
        "any interleaving of payments and reloads: each payment keeps to the providers of one version",
        arguments: 1...20 as ClosedRange<UInt64>)
    func interleaved(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            var a = Self.a
            a.breaker = BreakerSettings(consecutiveFailures: 1000, minimumCalls: 1000)
            // Version 1 knows a and b, version 2 knows c alone; a never takes anything.
            let first = [a, Self.b]
            let bench = try Bench(simulation, first + [Self.c], slowStore: true)
            try await bench.reload("1") { $0.use(first) }
            bench["a"].always("create", .after(.milliseconds(5), Wire.refused))
            bench["b"].always("create", .after(.milliseconds(5), Wire.accepted()))
            bench["c"].always("create", .after(.milliseconds(5), Wire.accepted()))
            let answers = try await withThrowingTaskGroup(of: Reading.self) { group in
                group.addTask {
                    for round in 0..<20 {
                        try await bench.reload(round % 2 == 0 ? "2" : "1") {
                            $0.use(round % 2 == 0 ? [Self.c] : first)
                        }
                        try await simulation.clock.sleep(until: simulation.clock.now + .milliseconds(2))
                    }
                    return try await bench.create(key: "last")
                }
                for number in 0..<40 {
                    group.addTask {
                        try await simulation.clock.sleep(until: simulation.clock.now + .milliseconds(number))
                        return try await bench.create(key: "key-\(number)")
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers.map(\.status)) == [201])
            #expect(
                Set(answers.map(\.attempts)) == [
                    ["a:create=unavailable(connect_refused)", "b:create=accepted"], ["c:create=accepted"],
                ])
        }
    }

    @Test("a transport that cannot be made leaves everything as it was")
    func transportFault() async throws {
        try await Simulation.run { simulation in
            let bench = try await Self.bench(simulation)
            let before = bench.engine.configuration
            let fault = await #expect(throws: ReloadFault.self) {
                try await bench.reload { parts in
                    parts.use([Self.c, BenchProvider(name: "d", adapter: PlainAdapter())])
                    parts.server.idempotency = IdempotencyLimits(ttl: .seconds(1), maxKeys: 1)
                    parts.apps["shop"] = nil
                }
            }
            #expect(fault?.description.hasPrefix("provider 'd': ") == true)
            Self.expect(bench, isStill: before)
        }
    }

    @Test("so does a webhook whose connections cannot be made")
    func webhookFault() async throws {
        try await Simulation.run { simulation in
            let bench = try await Self.bench(simulation)
            let before = bench.engine.configuration
            await #expect(throws: ReloadFault.self) {
                try await bench.reload { parts in
                    parts.use([Self.c])
                    parts.apps["shop"]?.webhook = AppConfiguration.Webhook(
                        url: "https://shop.example/hooks", secret: Secret("whsec_x"), retry: [])
                }
            }
            Self.expect(bench, isStill: before)
            #expect(bench.engine.dispatcher.receiver("shop") == nil)
        }
    }

    @Test("another reference_secret is refused: what keys that live reach providers as is derived from it")
    func referenceSecret() async throws {
        try await Simulation.run { simulation in
            let bench = try await Self.bench(simulation)
            let before = bench.engine.configuration
            let fault = await #expect(throws: ReloadFault.self) {
                try await bench.reload { $0.server.referenceSecret = Secret("another-secret") }
            }
            #expect(fault?.description.contains("server.reference_secret") == true)
            #expect(fault?.description.contains("another-secret") == false)
            Self.expect(bench, isStill: before)
        }
    }

    @Test("an instance with payments cannot become another plugin's; without any it can")
    func anotherPlugin() async throws {
        try await Simulation.run { simulation in
            let bench = try await Self.bench(simulation)
            func otherPlugin(_ parts: inout ConfigurationParts, _ name: String) {
                parts.providers[name] = ProviderConfiguration(
                    name: name, plugin: "other", adapter: PlainAdapter(), baseURL: "https://\(name).example")
                parts.providers[name]?.fingerprint = "other"
            }
            #expect(try await bench.create().field("provider") == "a")
            let before = bench.engine.configuration
            let fault = await #expect(throws: ReloadFault.self) { try await bench.reload { otherPlugin(&$0, "a") } }
            #expect(fault?.description.contains("provider 'a'") == true)
            Self.expect(bench, isStill: before)
            // Neither in two steps.
            try await bench.reload { $0.use([Self.b]) }
            await #expect(throws: ReloadFault.self) { try await bench.reload { otherPlugin(&$0, "a") } }
            try await bench.reload("3") { otherPlugin(&$0, "b") }
            #expect(bench.report("b")?.plugin == "other")
        }
    }

    @Test("listeners stay, and what would have changed is told")
    func listeners() async throws {
        try await Simulation.run { simulation in
            let bench = try await Self.bench(simulation)
            let before = bench.engine.configuration.server
            #expect(try await bench.reload().isEmpty)
            let warnings = try await bench.reload { parts in
                parts.server.listen.port += 1
                parts.server.admin.host = "10.0.0.1"
                parts.server.tls = ServerConfiguration.TLS(certificate: "c", privateKey: Secret("k"))
            }
            let settings = warnings.map { $0.prefix { $0 != " " } }
            #expect(settings == ["server.listen", "server.admin", "server.tls"])
            #expect(bench.engine.configuration.server == before)
        }
    }

    @Test("another certificate is taken, and TLS is not switched off")
    func certificates() async throws {
        try await Simulation.run { simulation in
            let first = ServerConfiguration.TLS(certificate: "c", privateKey: Secret("k"))
            let second = ServerConfiguration.TLS(certificate: "d", privateKey: Secret("l"), clientCA: "a")
            let bench = try Bench(simulation, [Self.a], server: { $0.tls = first })
            let nothing = try await bench.reload { $0.server.tls = second }
            #expect(nothing == [])
            #expect(bench.engine.configuration.server.tls == second)
            let kept = try await bench.reload { $0.server.tls = nil }
            #expect(kept == ["server.tls stays on until a restart"])
            #expect(bench.engine.configuration.server.tls == second)
        }
    }

    private static func expect(_ bench: Bench, isStill before: EngineConfiguration) {
        let now = bench.engine.configuration
        #expect(now.version == before.version)
        #expect(now.server == before.server)
        #expect(now.apps == before.apps)
        #expect(now.runtimes.keys.sorted() == before.runtimes.keys.sorted())
        for (name, runtime) in before.runtimes { #expect(now.runtimes[name] === runtime) }
        #expect(bench.engine.keys.limit == before.server.idempotency.maxKeys)
    }
}
