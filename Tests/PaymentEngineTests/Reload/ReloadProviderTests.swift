@testable import PaymentEngine
import HTTPTypes
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// What becomes of a provider's instance when the configuration changes.
struct ReloadProviderTests {
    private static func provider(
        _ fingerprint: String, account: String = "1", limit: Int? = nil, timeout: Int = 10,
        adapter: any ProviderAdapter = TokenAdapter(), isEnabled: Bool = true, name: String = "a"
    ) -> BenchProvider {
        BenchProvider(
            name: name, adapter: adapter, timeout: .seconds(timeout),
            rateLimits: limit.map { [RateLimit(requests: $0, per: .seconds(60))] } ?? [],
            breaker: BreakerSettings(consecutiveFailures: 2, openFor: .seconds(100)), isEnabled: isEnabled,
            fingerprint: fingerprint, account: account)
    }

    private static let spare = BenchProvider(name: "b", adapter: CallingAdapter(.once, isSigned: true))

    private static func bench(_ simulation: Simulation, _ provider: BenchProvider) throws -> Bench {
        let bench = try Bench(simulation, [provider, spare])
        bench["a"].always("token", .now(Wire.token("t")))
        bench["a"].always("create", .now(Wire.accepted()))
        bench["b"].always("create", .now(Wire.accepted()))
        return bench
    }

    /// Makes its breaker open.
    private static func breakDown(_ bench: Bench) async throws {
        bench["a"].always("create", .now(Wire.refused))
        for number in 0..<2 { _ = try await bench.create(key: "broken-\(number)") }
        bench["a"].always("create", .now(Wire.accepted()))
        #expect(Self.breaker(bench) == "open")
    }

    private static func breaker(_ bench: Bench) -> String? {
        bench.report("a")?.operations.first { $0.operation == .create }?.breaker
    }

    @Test("unchanged it lives on, also where routing alone sees a change")
    func unchanged() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.provider("1"))
            let before = try #require(bench.engine.runtime("a"))
            try await Self.breakDown(bench)
            try await bench.reload { $0.providers["a"]?.isEnabled = false }
            #expect(bench.report("a")?.isEnabled == false)
            #expect(try await bench.create(key: "1").attempts == ["b:create=accepted"])
            try await bench.reload("3") { $0.providers["a"]?.isEnabled = true }
            #expect(bench.report("a")?.isEnabled == true)
            #expect(bench.engine.runtime("a") === before)
            #expect(Self.breaker(bench) == "open")
            await simulation.advance(by: .seconds(200))
            #expect(try await bench.create(key: "2").attempts == ["a:create=accepted"])
            #expect(bench["a"].sent("token").count == 1)
        }
    }

    @Test("with another timeout it keeps its token and its breakers")
    func sameAccount() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.provider("1", timeout: 10))
            _ = try await bench.create(key: "0")
            try await Self.breakDown(bench)
            try await bench.reload { $0.use([Self.provider("2", timeout: 4), Self.spare]) }
            #expect(Self.breaker(bench) == "open")
            await simulation.advance(by: .seconds(200))
            #expect(try await bench.create(key: "1").attempts == ["a:create=accepted"])
            #expect(bench["a"].sent("token").count == 1)
            #expect(bench["a"].sent("create").map(\.timeout).last == .seconds(4))
        }
    }

    @Test("of another account it begins anew: no token of the other, and nobody's faults")
    func otherAccount() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.provider("1"))
            _ = try await bench.create(key: "0")
            try await Self.breakDown(bench)
            bench["a"].always("token", .now(Wire.token("other")))
            try await bench.reload { $0.use([Self.provider("2", account: "2"), Self.spare]) }
            #expect(Self.breaker(bench) == nil)
            #expect(try await bench.create(key: "1").attempts == ["a:create=accepted"])
            #expect(bench["a"].sent("create").last?.request.headers[.authorization] == "Bearer other")
        }
    }

    @Test("reloads let no more through than the limit does, whatever else of the instance changes")
    func limitIsNotDoubled() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.provider("0", limit: 5, adapter: PlainAdapter()))
            for number in 1...20 {
                _ = try await bench.create(key: "key-\(number)")
                try await bench.reload("\(number)") {
                    $0.use([
                        Self.provider(
                            "\(number)", account: "\(number % 3)", limit: 5, timeout: number,
                            adapter: PlainAdapter()), Self.spare,
                    ])
                }
            }
            #expect(bench["a"].creates == 5)
            #expect(bench["b"].creates == 15)
            // Taken out and put back, too.
            try await bench.reload { $0.use([Self.spare]) }
            try await bench.reload { $0.use([Self.provider("x", limit: 5, adapter: PlainAdapter()), Self.spare]) }
            _ = try await bench.create(key: "again")
            #expect(bench["a"].creates == 5)
            // Another limit counts from its own beginning.
            try await bench.reload { $0.use([Self.provider("y", limit: 6, adapter: PlainAdapter()), Self.spare]) }
            _ = try await bench.create(key: "more")
            #expect(bench["a"].creates == 6)
        }
    }

    @Test("a disable by hand outlives whatever is reloaded, until somebody enables it")
    func disable() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.provider("1"))
            let before = bench.call()
            #expect(bench.engine.setProvider("a", disabled: true))
            try await bench.reload()
            #expect(try await bench.create(key: "1").field("provider") == "b")
            try await bench.reload { $0.use([Self.provider("2", account: "2"), Self.spare]) }
            #expect(try await bench.create(key: "2").field("provider") == "b")
            try await bench.reload { $0.use([Self.spare]) }
            try await bench.reload { $0.use([Self.provider("3"), Self.spare]) }
            #expect(bench.report("a")?.isEnabled == false)
            #expect(try await bench.create(key: "3").field("provider") == "b")
            // It holds for requests of any version.
            #expect(try await bench.create(key: "4", under: before).field("provider") == "b")
            #expect(bench.engine.setProvider("a", disabled: false))
            #expect(try await bench.create(key: "5").field("provider") == "a")
        }
    }

    @Test("calls under way end on their own instance, and are counted until then")
    func inFlight() async throws {
        try await Simulation.run { simulation in
            let yard = TransportYard(clock: simulation.clock)
            let bench = try Bench(
                simulation, [Self.provider("1", adapter: PlainAdapter())], yard: yard)
            let gates = [Gate(), Gate()]
            yard.living("a").last?.always("create", .at(gates[0], Wire.accepted()))
            async let first = bench.create(key: "1")
            await simulation.quiet()
            #expect(bench.report("a")?.inFlight == 1)
            try await bench.reload { $0.use([Self.provider("2", account: "2", adapter: PlainAdapter())]) }
            #expect(yard.living("a").count == 2)
            yard.living("a").last?.always("create", .at(gates[1], Wire.accepted()))
            async let second = bench.create(key: "2")
            await simulation.quiet()
            #expect(bench.report("a")?.inFlight == 2)
            gates[0].open()
            #expect(try await first.status == 201)
            #expect(bench.report("a")?.inFlight == 1)
            await simulation.quiet()
            // Nobody needs the old one any more.
            #expect(yard.living("a").count == 1)
            gates[1].open()
            #expect(try await second.status == 201)
            #expect(bench.report("a")?.inFlight == 0)
        }
    }

    @Test("taken out or switched off it takes nothing new; its payments are followed up, asked after and called back")
    func takenOut() async throws {
        for isRemoved in [true, false] {
            try await Simulation.run { simulation in
                let bench = try Self.bench(
                    simulation, Self.provider("1", adapter: AskableFollowUpAdapter(.once, followUps: .once)))
                bench["a"].always("create", .asked { .now(Wire.accepted("pending", "id=T-\($0.reference)")) })
                bench["a"].always("inquiry", .now(Wire.found("pending")))
                bench["a"].always("refund", .now(Wire.reply(200, "done")))
                bench.startInquiries()
                let paid = try await bench.create(key: "1")
                let asked = try await bench.create(key: "2")
                for version in 2...4 {
                    try await bench.reload("\(version)") { parts in
                        if isRemoved { parts.use([Self.spare]) } else { parts.providers["a"]?.isEnabled = false }
                    }
                }
                #expect(try await bench.create(key: "3").field("provider") == "b")
                let report = try #require(bench.report("a"))
                #expect(!report.isEnabled)
                let reference = bench["a"].sent("create")[0].reference
                #expect(await bench.callback("a", "event=1 state=captured id=T-\(reference)") == .accepted)
                let refund = try await bench.followUp(.refund, paid.id, amount: 100, key: "r")
                #expect(refund.status == 200)
                #expect(refund.paymentStatus == "partially_refunded")
                await simulation.advance(by: .seconds(20))
                #expect(!bench["a"].sent("inquiry").isEmpty)
                let sync = Reading(
                    await bench.engine.sync(payment: asked.id, providerTransactionID: nil, call: bench.call()))
                #expect(sync.paymentStatus == "pending")
                let before = try #require(bench.engine.runtime("a"))
                try await bench.reload {
                    $0.use([
                        Self.provider("1", adapter: AskableFollowUpAdapter(.once, followUps: .once)), Self.spare,
                    ])
                }
                #expect(bench.engine.runtime("a") === before)
                #expect(try await bench.create(key: "4").field("provider") == "a")
            }
        }
    }

    @Test("without payments it is let go of, when the last call under way has ended")
    func letGo() async throws {
        try await Simulation.run { simulation in
            let yard = TransportYard(clock: simulation.clock)
            let bench = try Bench(
                simulation, [Self.provider("1", adapter: PlainAdapter()), Self.spare], yard: yard)
            yard.living("b").last?.always("create", .now(Wire.accepted()))
            let gate = Gate()
            yard.living("a").last?.always("create", .at(gate, Wire.refused))
            async let answer = bench.create(key: "1")
            await simulation.quiet()
            // What is being created may yet be its payment.
            try await bench.reload { $0.use([Self.spare]) }
            #expect(bench.report("a")?.inFlight == 1)
            gate.open()
            #expect(try await answer.field("provider") == "b")
            // The payment was given a reference there: a callback may still come.
            try await bench.reload()
            #expect(await bench.callback("a", "event=1") == .unknownProvider)
            #expect(bench.report("a") != nil)
            #expect(yard.living("a").count == 1)
            // It made room.
            await bench.engine.store.remove(try await bench.payment().id) { _ in true }
            try await bench.reload()
            #expect(bench.report("a") == nil)
            await simulation.quiet()
            #expect(yard.living("a").isEmpty)
        }
    }

    @Test("a thousand mixed reloads leave nothing behind")
    func noGrowth() async throws {
        try await Simulation.run { simulation in
            let yard = TransportYard(clock: simulation.clock) { $0.always("create", .now(Wire.accepted())) }
            let bench = try Bench(
                simulation, [Self.provider("0", adapter: PlainAdapter()), Self.spare], yard: yard
            ) {
                $0.maxPayments = 10
            }
            for round in 1...1000 {
                try await bench.reload("\(round)") { parts in
                    parts.apps = parts.apps.filter { ["shop", "blog"].contains($0.key) }
                    parts.apps["app-\(round)"] = AppConfiguration(name: "app-\(round)", keys: [])
                    switch round % 4 {
                    case 0: parts.use([Self.spare])
                    case 1: parts.use([Self.provider("\(round)", adapter: PlainAdapter()), Self.spare])
                    case 2: parts.use([Self.provider("1", adapter: PlainAdapter(), name: "p-\(round)")])
                    default: break
                    }
                }
                _ = try await bench.create(key: "key-\(round)")
            }
            await simulation.quiet()
            #expect(yard.made > 500)
            // Ten payments are kept, so at most ten providers have any.
            #expect(yard.living().count <= 12)
            #expect(bench.engine.providerReports().count <= 12)
            #expect(bench.engine.configuration.runtimes.count <= 2)
            #expect(bench.engine.configuration.apps.count == 3)
        }
    }
}
