@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// Contract §7: a callback that matches no payment is kept, listed, and applied when the payment turns up.
struct OrphanTests {
    private static func bench(
        _ simulation: Simulation, isSigned: Bool = true, asksByReference: Bool = true, slowStore: Bool = false
    ) throws -> Bench {
        var adapter = CallingAdapter(.once, isSigned: isSigned)
        adapter.asksByReference = asksByReference
        let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: adapter)], slowStore: slowStore)
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
            #expect(orphans.map(\.notice.eventID) == ["1", "2"], "what tells of money comes first")
            #expect(orphans.first?.provider == "a")
            #expect(orphans.first?.notice.report.money?.minorUnits == 10_000)
            #expect(await bench.engine.orphans(limit: 1).count == 1)
        }
    }

    @Test("a transaction that an app names brings what was told of it before, and the answer after it")
    func appliedBySync() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, asksByReference: false)
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
            for number in 0..<ServerLimits().orphans {
                await bench.callback("a", "event=\(number) state=captured id=X\(number)")
            }
            #expect(await bench.callback("a", "event=more state=captured id=Y") == .notKept)
            await simulation.advance(by: .seconds(31 * 86_400))
            #expect(await bench.callback("a", "event=more state=captured id=Y") == .accepted)
            #expect(await bench.engine.orphans(limit: 20_000).count == ServerLimits().orphans)
        }
    }

    // MARK: After a restart

    @Test("a page that was opened before a restart and paid since is the payment, when its key comes again")
    func paidBeforeTheKeyIsRepeated() async throws {
        try await Simulation.run { simulation in
            let before = try Self.bench(simulation)
            _ = try await before.create(key: "k")
            let token = try before.callbackToken(at: "a")
            let ours = try #require(before["a"].sent("create").first).reference
            let after = try Bench(
                simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))], sharing: before)
            #expect(
                await after.callback("a", "event=1 state=captured id=T1 ours=\(ours) amount=10000", token: token)
                    == .accepted)
            #expect(await after.engine.orphans(limit: 10).count == 1)
            let again = try await after.create(key: "k")
            #expect(again.paymentStatus == "captured")
            #expect(after["a"].creates == 1, "no second page was opened")
            #expect(await after.engine.orphans(limit: 10).isEmpty)
        }
    }

    @Test("and so it is where the key comes first", arguments: [true, false])
    func paidAfterTheKeyIsRepeated(isSigned: Bool) async throws {
        try await Simulation.run { simulation in
            let before = try Self.bench(simulation, isSigned: isSigned)
            _ = try await before.create(key: "k")
            let token = try before.callbackToken(at: "a")
            let ours = try #require(before["a"].sent("create").first).reference
            let after = try Bench(
                simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: isSigned))],
                sharing: before)
            after.startInquiries()
            after["a"].always("create", .now(Wire.accepted("action", "page=S2")))
            after["a"].always("inquiry", .now(Wire.found("captured", "id=T1 amount=10000")))
            #expect(try await after.create(key: "k").paymentStatus == "requires_action")
            #expect(
                await after.callback(
                    "a", "event=1 state=captured id=T1 ours=\(ours) amount=10000", token: token, signed: isSigned)
                    == .accepted)
            await simulation.advance(by: .seconds(2))
            #expect(try await after.payment().status == .captured)
            // The second page is paid as well: that is seen.
            if isSigned {
                await after.callback("a", "event=2 state=captured id=T2 ours=\(ours) amount=10000")
                #expect(try await after.payment().review?.reason == .secondSuccess)
            }
        }
    }

    @Test("a hint about an earlier reference is asked after by that reference, and only its money counts")
    func hintAboutAnEarlierReference() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.inert, isSigned: false))])
            bench.startInquiries()
            bench["a"].script("create", .now(Wire.duplicate), .now(Wire.accepted("action", "page=S2")))
            bench["a"].script("inquiry", .now(Wire.found("pending")))
            #expect(try await bench.create().paymentStatus == "requires_action")
            let references = bench["a"].sent("create").map(\.reference)
            let paid = references[0]
            bench["a"].always(
                "inquiry",
                .asked { sent in
                    .now(Wire.found(sent.reference == paid ? "captured" : "action", "id=T1 amount=10000"))
                })
            let token = try bench.callbackToken(at: "a")
            await bench.callback("a", "event=1 state=captured ours=\(paid)", token: token, signed: false)
            await simulation.advance(by: .seconds(2))
            let asked = try #require(bench["a"].sent("inquiry").last)
            #expect(asked.reference == paid)
            // The last page's reference is not this one's.
            #expect(!asked.request.path.contains("page="))
            #expect(try await bench.payment().status == .captured)
        }
    }

    @Test("what is not known of an earlier reference ends nothing of the last one")
    func unknownEarlierReference() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.inert, isSigned: false))])
            bench.startInquiries()
            let end = simulation.clock.wallClock.advanced(by: .seconds(60)).milliseconds
            bench["a"].script(
                "create", .now(Wire.duplicate), .now(Wire.accepted("action", "page=S2 expires=\(end)")))
            bench["a"].script("inquiry", .now(Wire.found("pending")))
            _ = try await bench.create()
            let earlier = bench["a"].sent("create")[0].reference
            bench["a"].always(
                "inquiry", .asked { sent in .now(sent.reference == earlier ? Wire.notFound : Wire.broken) })
            let token = try bench.callbackToken(at: "a")
            await simulation.advance(by: .seconds(400))
            await bench.callback("a", "event=1 state=captured ours=\(earlier)", token: token, signed: false)
            await simulation.advance(by: .seconds(2))
            #expect(bench["a"].sent("inquiry").last?.reference == earlier)
            #expect(try await bench.payment().status == .requiresAction)
        }
    }

    @Test("a reference that no payment can have is answered, and not kept")
    func impossibleReference() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let long = String(repeating: "x", count: 10_000)
            #expect(await bench.callback("a", "event=1 state=captured id=\(long)") == .accepted)
            #expect(await bench.engine.orphans(limit: 10).isEmpty)
        }
    }

    @Test("where the table is full, what tells of no money makes room for what does")
    func moneyFirst() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            for number in 0..<ServerLimits().orphans {
                await bench.callback("a", "event=\(number) state=failed id=X\(number)")
            }
            #expect(await bench.callback("a", "event=paid state=captured id=Y") == .accepted)
            #expect(await bench.engine.orphans(limit: 1).first?.notice.eventID == "paid")
        }
    }

    @Test("no more than one payment can claim a transaction, and none of another's money")
    func claims() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, asksByReference: false)
            let id = try await bench.create().id
            bench["a"].always("inquiry", .now(Wire.found("captured", "amount=10000")))
            #expect(await Self.sync(bench, id, claiming: "T1").paymentStatus == "captured")
            // Paid by T1: what else the app names is not this payment's, and nothing to review.
            #expect(await Self.sync(bench, id, claiming: "T2").status == 422)
            #expect(try await bench.payment().review == nil)
        }
    }
}
