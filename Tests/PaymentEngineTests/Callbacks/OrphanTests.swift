@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Testing

/// Contract §7: a callback that matches no payment is kept, listed, and applied when the payment turns up.
struct OrphanTests {
    private static func bench(_ simulation: Simulation, slowStore: Bool = false) throws -> Bench {
        let bench = try Bench(
            simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))],
            slowStore: slowStore)
        bench["a"].always("create", .now(Wire.accepted("action", "page=S1")))
        return bench
    }

    private static func sync(_ bench: Bench, _ id: String, claiming transaction: String) async -> Reading {
        Reading(await bench.engine.sync(payment: id, providerTransactionID: transaction, call: bench.call()))
    }

    @Test("it is kept once however often it comes, and listed")
    func kept() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            for _ in 0..<50 {
                #expect(await bench.callback("a", "event=1 state=captured id=T1 amount=10000") == .accepted)
            }
            await bench.callback("a", "event=2 state=failed id=T1")
            let orphans = await bench.engine.orphans(limit: 10)
            #expect(orphans.map(\.notice.eventID) == ["2", "1"])
            #expect(orphans.last?.provider == "a")
            #expect(orphans.last?.notice.report.money?.minorUnits == 10_000)
            #expect(await bench.engine.orphans(limit: 1).count == 1)
        }
    }

    @Test("a transaction that an app names brings what was told of it before, and the answer after it")
    func appliedBySync() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            await bench.callback("a", "event=1 state=canceled id=T1")
            #expect(try await bench.payment().status == .requiresAction)
            bench["a"].script("inquiry", .now(Wire.found("canceled", "id=T1 amount=10000")))
            let result = await Self.sync(bench, id, claiming: "T1")
            #expect(result.paymentStatus == "canceled")
            #expect(await bench.engine.orphans(limit: 10).isEmpty)
            // And what comes from now on finds it.
            await bench.callback("a", "event=2 state=captured id=T1 amount=10000")
            #expect(try await bench.payment().status == .captured)
            #expect(try await bench.payment().review == nil)
        }
    }

    @Test("a callback about the page and the payment brings the payment's own")
    func appliedByAnotherCallback() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create()
            await bench.callback("a", "event=1 state=captured id=T1 amount=10000")
            #expect(try await bench.payment().status == .requiresAction)
            await bench.callback("a", "event=2 state=authorized id=T1 page=S1 amount=10000")
            let payment = try await bench.payment()
            #expect(payment.status == .captured)
            #expect(payment.providerReference == "T1")
            #expect(payment.checkoutReference == "S1")
            #expect(await bench.engine.orphans(limit: 10).isEmpty)
        }
    }

    @Test(
        "one that overtakes the reply which tells its reference is applied, in any order of the steps",
        arguments: 1...40 as ClosedRange<UInt64>)
    func overtakes(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            let bench = try Self.bench(simulation, slowStore: true)
            bench["a"].always(
                "create",
                .doing(
                    { Task { await bench.callback("a", "event=1 state=captured id=T1 amount=10000") } },
                    .now(Wire.accepted("pending", "id=T1"))))
            _ = try await bench.create()
            await simulation.quiet()
            #expect(try await bench.payment().status == .captured)
            #expect(await bench.engine.orphans(limit: 10).isEmpty)
        }
    }

    @Test("one that names two payments stays with nobody")
    func namesTwo() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script(
                "create", .now(Wire.accepted("pending", "id=T1")), .now(Wire.accepted("pending", "id=T2")))
            _ = try await bench.create(key: "1")
            _ = try await bench.create(key: "2", app: "blog")
            await bench.callback("a", "event=2 state=captured id=T2 page=T1")
            #expect(try await bench.payment(app: "shop").status == .pending)
            #expect(try await bench.payment(app: "blog").status == .pending)
            #expect(await bench.engine.orphans(limit: 10).count == 1)
        }
    }

    @Test("what cannot be kept is to be sent again; the oldest make room once they are past retention")
    func full() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            for number in 0..<OrphanTable.capacity {
                await bench.callback("a", "event=\(number) state=captured id=X\(number)")
            }
            #expect(await bench.callback("a", "event=more state=captured id=Y") == .notKept)
            await simulation.advance(by: .seconds(31 * 86_400))
            #expect(await bench.callback("a", "event=more state=captured id=Y") == .accepted)
            #expect(await bench.engine.orphans(limit: 20_000).count == OrphanTable.capacity)
        }
    }

    @Test("no more than one payment can claim a transaction, and none of another's money")
    func claims() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            bench["a"].always("inquiry", .now(Wire.found("captured", "amount=10000")))
            #expect(await Self.sync(bench, id, claiming: "T1").paymentStatus == "captured")
            // Paid by T1: what else the app names is not this payment's, and nothing to review.
            #expect(await Self.sync(bench, id, claiming: "T2").status == 422)
            #expect(try await bench.payment().review == nil)
        }
    }
}
