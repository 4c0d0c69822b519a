@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import StrictJSON
import Testing

/// Contract §4, §6: follow-ups of which nobody knows what became.
struct OpenFollowUpTests {
    private static func bench(_ simulation: Simulation, _ adapter: any ProviderAdapter) throws -> Bench {
        try Bench(simulation, [BenchProvider(name: "a", adapter: adapter)])
    }

    private static let replayable = FollowUpAdapter(.once, followUps: .replayable(within: .seconds(23 * 3600)))

    // MARK: Under the same key

    @Test("where the provider honours the key, the same request goes out again, and is one capture")
    func replayed() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.replayable)
            let id = try await bench.payment("authorized")
            bench["a"].script("capture", .now(Wire.timeout), .now(Wire.reply(200, "done")))
            let result = try await bench.followUp(.capture, id, amount: 2_500, key: "c1")
            #expect(result.status == 200)
            #expect(result.payment?["amount_captured"]?.integer == 2_500)
            let sent = bench["a"].sent("capture")
            #expect(sent.count == 2)
            #expect(Set(sent.map(\.body)).count == 1)
            #expect(sent[1].at - sent[0].at >= .seconds(1))
        }
    }

    @Test("what is repeated in vain is repeated less and less often, and goes to a person after a day")
    func replayedInVain() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.replayable)
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].always("refund", .now(Wire.broken))
            bench["a"].always("inquiry", .now(Wire.found("captured", "amount=10000")))
            #expect(try await bench.followUp(.refund, id, amount: 10_000, key: "r1").status == 202)
            await simulation.advance(by: .seconds(25 * 3600))
            #expect(try await bench.payment().review?.reason == .unresolved)
            // 5 s, 15 s, 1 min, 5 min, 15 min, then each hour, beside the first three.
            #expect((25...35).contains(bench["a"].sent("refund").count))
        }
    }

    @Test("after the caller was answered it goes on in the background, for as long as the key lives there")
    func replayedLater() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.replayable)
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].always("refund", .now(Wire.broken))
            let result = try await bench.followUp(.refund, id, amount: 10_000, key: "r1")
            #expect(result.status == 202)
            #expect(result.paymentStatus == "captured")
            #expect(result.field("open_operation.type") == "refund")
            #expect(result.payment?["refunds"]?.array?.first?["status"]?.string == "unknown")
            bench["a"].always("refund", .now(Wire.reply(200, "done")))
            await simulation.advance(by: .seconds(6))
            let payment = try await bench.payment()
            #expect(payment.status == .refunded)
            #expect(payment.refunds.map(\.status) == [.succeeded])
            #expect(Set(bench["a"].sent("refund").map(\.body)).count == 1)
            // The first known outcome is what the key is worth.
            let again = try await bench.followUp(.refund, id, amount: 10_000, key: "r1")
            #expect(again.status == 200)
            #expect(again.answer.isReplayed)
            #expect(bench["a"].sent("refund").count == 4)
        }
    }

    @Test("past the time that the provider keeps keys nothing is sent again")
    func windowOver() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, FollowUpAdapter(.once, followUps: .replayable(within: .seconds(60))))
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].always("refund", .now(Wire.broken))
            bench["a"].always("inquiry", .now(Wire.broken))
            _ = try await bench.followUp(.refund, id, key: "r1")
            await simulation.advance(by: .seconds(24 * 3600 + 60))
            let lastRefund = try #require(bench["a"].sent("refund").map(\.at).max())
            #expect(lastRefund < .seconds(60))
            #expect(bench["a"].sent("inquiry").count > 10)
            #expect(try await bench.payment().review?.reason == .unresolved)
        }
    }

    @Test("a repeat of the app's key looks again, and at most once a second")
    func repeated() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.replayable)
            let id = try await bench.payment("captured")
            bench["a"].always("refund", .now(Wire.broken))
            #expect(try await bench.followUp(.refund, id, key: "r1").status == 202)
            let sent = bench["a"].sent("refund").count
            #expect(try await bench.followUp(.refund, id, key: "r1").status == 202)
            #expect(bench["a"].sent("refund").count == sent)
            await simulation.advance(by: .seconds(2))
            bench["a"].always("refund", .now(Wire.reply(200, "done")))
            let known = try await bench.followUp(.refund, id, key: "r1")
            #expect(known.status == 200)
            #expect(known.paymentStatus == "refunded")
            #expect(bench["a"].sent("refund").count == sent + 1)
        }
    }

    @Test("a replay that meets a payment which has moved on asks for its state")
    func conflictAfterAmbiguity() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.replayable)
            let id = try await bench.payment("authorized")
            bench["a"].script("capture", .now(Wire.timeout), .now(Wire.reply(400, "conflict")))
            #expect(try await bench.followUp(.capture, id, amount: 2_500, key: "c1").status == 202)
            await simulation.advance(by: .seconds(2))
            bench["a"].always("capture", .now(Wire.reply(400, "conflict")))
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
            let known = try await bench.followUp(.capture, id, amount: 2_500, key: "c1")
            #expect(known.status == 200)
            // It is ours that was done: a part.
            #expect(known.payment?["amount_captured"]?.integer == 2_500)
        }
    }

    // MARK: By asking

    @Test("what may not be repeated is never sent again, and blocks all others until it is known")
    func once() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableFollowUpAdapter())
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.timeout))
            bench["a"].always("finding", .now(Wire.broken))
            let result = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            #expect(result.status == 202)
            for (operation, key) in [(Operation.refund, "r2"), (.cancel, "x1"), (.capture, "c1")] {
                #expect(try await bench.followUp(operation, id, amount: nil, key: key).code == "invalid-state")
            }
            bench["a"].always("finding", .now(Wire.reply(200, "done")))
            await simulation.advance(by: .seconds(16))
            let payment = try await bench.payment()
            #expect(payment.status == .partiallyRefunded)
            #expect(payment.amountRefunded == 2_500)
            #expect(bench["a"].sent("refund").count == 1)
            #expect(try await bench.followUp(.refund, id, amount: 2_500, key: "r1").status == 200)
            #expect(bench["a"].sent("refund").count == 1)
        }
    }

    @Test("what the provider never did, at every asking for half an hour, was not done")
    func neverDone() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableFollowUpAdapter())
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.timeout))
            bench["a"].always("finding", .now(Wire.reply(200, "not_done")))
            #expect(try await bench.followUp(.refund, id, amount: 2_500, key: "r1").status == 202)
            await simulation.advance(by: .seconds(29 * 60))
            #expect(try await bench.payment().openOperation != nil)
            await simulation.advance(by: .seconds(3600))
            let payment = try await bench.payment()
            #expect(payment.openOperation == nil)
            #expect(payment.refunds.map(\.status) == [.failed])
            #expect(payment.refundable == 10_000)
            #expect(try await bench.followUp(.refund, id, amount: 2_500, key: "r1").status == 402)
            bench["a"].script("refund", .now(Wire.reply(200, "done")))
            #expect(try await bench.followUp(.refund, id, amount: 2_500, key: "r2").status == 200)
        }
    }

    @Test("one asking without an answer begins the half hour anew")
    func neverDoneInterrupted() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableFollowUpAdapter())
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.timeout))
            bench["a"].always("finding", .now(Wire.reply(200, "not_done")))
            _ = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            await simulation.advance(by: .seconds(20 * 60))
            bench["a"].always("finding", .now(Wire.broken))
            await simulation.advance(by: .seconds(3600))
            bench["a"].always("finding", .now(Wire.reply(200, "not_done")))
            await simulation.advance(by: .seconds(3600))
            #expect(try await bench.payment().openOperation != nil)
        }
    }

    @Test("a list is read page by page, and one without an end is not believed", arguments: [3, 1000])
    func pages(count: Int) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableFollowUpAdapter())
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.timeout))
            bench["a"].always("finding", .now(Wire.reply(200, "done pages=\(count)")))
            _ = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            await simulation.advance(by: .seconds(6))
            #expect(bench["a"].sent("finding").count == min(count, 20))
            #expect(try await bench.payment().status == (count == 3 ? .partiallyRefunded : .captured))
        }
    }

    @Test("the payment's state tells of captures and voids; unchanged for half an hour, they were not done")
    func byState() async throws {
        for (operation, told, becomes) in [
            (Operation.capture, "captured", PaymentStatus.captured), (.cancel, "voided", .voided),
        ] {
            try await Simulation.run { simulation in
                let bench = try Self.bench(simulation, FollowUpAdapter())
                bench.startInquiries()
                let id = try await bench.payment("authorized")
                bench["a"].always(operation.rawValue, .now(Wire.reset))
                bench["a"].always("inquiry", .now(Wire.found("authorized", "id=T1")))
                #expect(try await bench.followUp(operation, id, key: "f1").status == 202)
                await simulation.advance(by: .seconds(60))
                #expect(try await bench.payment().openOperation?.type == operation)
                bench["a"].always("inquiry", .now(Wire.found(told, "id=T1")))
                await simulation.advance(by: .seconds(3600))
                #expect(try await bench.payment().status == becomes)
                #expect(try await bench.followUp(operation, id, key: "f1").status == 200)
                #expect(bench["a"].sent(operation.rawValue).count == 1)
            }
        }
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, FollowUpAdapter())
            bench.startInquiries()
            let id = try await bench.payment("authorized")
            bench["a"].always("capture", .now(Wire.reset))
            bench["a"].always("inquiry", .now(Wire.found("authorized", "id=T1")))
            _ = try await bench.followUp(.capture, id, key: "c1")
            await simulation.advance(by: .seconds(2 * 3600))
            let payment = try await bench.payment()
            #expect(payment.status == .authorized)
            #expect(payment.openOperation == nil)
            #expect(try await bench.followUp(.capture, id, key: "c1").status == 402)
        }
    }

    @Test("sync asks after the follow-up, and answers 202 while it is open")
    func sync() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableFollowUpAdapter())
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.timeout))
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
            bench["a"].script("finding", .now(Wire.broken), .now(Wire.reply(200, "done")))
            _ = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            func sync() async -> Reading {
                Reading(await bench.engine.sync(payment: id, providerTransactionID: nil, call: bench.call()))
            }
            #expect(await sync().status == 202)
            let known = await sync()
            #expect(known.status == 200)
            #expect(known.paymentStatus == "partially_refunded")
        }
    }

    // MARK: By callbacks, and by hand

    @Test("a callback that tells of it closes it, and settles its key")
    func callback() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, FollowUpAdapter())
            let id = try await bench.payment("authorized")
            bench["a"].script("capture", .now(Wire.timeout))
            _ = try await bench.followUp(.capture, id, amount: 2_500, key: "c1")
            await bench.callback("a", "event=1 state=captured id=T1 amount=10000")
            let payment = try await bench.payment()
            #expect(payment.status == .captured)
            #expect(payment.amountCaptured == 2_500)
            let again = try await bench.followUp(.capture, id, amount: 2_500, key: "c1")
            #expect(again.status == 200)
            #expect(bench["a"].sent("capture").count == 1)
        }
    }

    @Test("'refunded' closes a refund of all that was left; 'partially refunded' is a reason to ask")
    func refundCallbacks() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, FollowUpAdapter())
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.timeout))
            _ = try await bench.followUp(.refund, id, key: "r1")
            await bench.callback("a", "event=1 state=refunded id=T1")
            #expect(try await bench.payment().status == .refunded)
            #expect(try await bench.followUp(.refund, id, key: "r1").status == 200)
        }
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableFollowUpAdapter())
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.timeout))
            bench["a"].always("finding", .now(Wire.reply(200, "done")))
            _ = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            await bench.callback("a", "event=1 state=partially_refunded id=T1")
            await simulation.quiet()
            #expect(try await bench.payment().amountRefunded == 2_500)
            #expect(simulation.clock.elapsed < .seconds(1))
        }
    }

    @Test(
        "money that went back without a refund of ours is for a person",
        arguments: ["refunded", "partially_refunded", "reversed"])
    func foreignRefund(state: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, FollowUpAdapter())
            _ = try await bench.payment("captured")
            await bench.callback("a", "event=1 state=\(state) id=T1")
            let payment = try await bench.payment()
            #expect(payment.status == .captured)
            #expect(payment.review?.reason == .reversal)
            // Returned already, perhaps: not once more before a person has looked.
            let id = payment.id
            #expect(try await bench.followUp(.refund, id, key: "r1").code == "invalid-state")
            #expect(bench["a"].sent("refund").isEmpty)
        }
    }

    @Test("a person who settles the payment settles its follow-up", arguments: [true, false])
    func byHand(wasDone: Bool) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, FollowUpAdapter())
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.timeout))
            bench["a"].always("inquiry", .now(Wire.broken))
            _ = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            await simulation.advance(by: .seconds(24 * 3600 + 60))
            #expect(try await bench.payment().review?.reason == .unresolved)
            let resolved = try await bench.engine.resolve(
                payment: id, to: wasDone ? .partiallyRefunded : .captured, providerReference: nil, note: "seen")
            #expect(resolved.openOperation == nil)
            #expect(resolved.refunds.map(\.status) == [wasDone ? .succeeded : .failed])
            #expect(resolved.amountRefunded == (wasDone ? 2_500 : 0))
            let again = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            #expect(again.status == (wasDone ? 200 : 409))
            #expect(bench["a"].sent("refund").count == 1)
        }
    }
}
