@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import StrictJSON
import Testing

/// Contract §4: captures, cancels and refunds whose outcome is known at once.
struct FollowUpTests {
    private static func bench(
        _ simulation: Simulation, _ adapter: any ProviderAdapter = FollowUpAdapter(),
        server adjust: (inout ServerConfiguration) -> Void = { _ in }
    ) throws -> Bench {
        let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: adapter)], server: adjust)
        for kind in ["capture", "cancel", "refund"] { bench["a"].always(kind, .now(Wire.reply(200, "done"))) }
        return bench
    }

    // MARK: What they do

    @Test("a capture takes the whole or a part, once", arguments: [nil, 2_500, 10_000] as [Int64?])
    func capture(amount: Int64?) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("authorized")
            let result = try await bench.followUp(.capture, id, amount: amount, key: "c1")
            #expect(result.status == 200)
            #expect(result.paymentStatus == "captured")
            #expect(result.payment?["amount_captured"]?.integer == amount ?? 10_000)
            #expect(result.payment?["open_operation"]?.isNull == true)
            #expect(result.attempts == ["a:create=accepted", "a:capture=accepted"])
            let sent = try #require(bench["a"].sent("capture").first)
            #expect(sent.body.contains("id=T1 amount=\(amount ?? 10_000)"))
            #expect(sent.reference.count == 26)

            let again = try await bench.followUp(.capture, id, key: "c2")
            #expect(again.code == "invalid-state")
            #expect(bench["a"].sent("capture").count == 1)
        }
    }

    @Test("a cancel voids a hold, closes an open checkout, and nothing else")
    func cancel() async throws {
        for (state, becomes) in [("authorized", "voided"), ("action", "canceled"), ("pending", "canceled")] {
            try await Simulation.run { simulation in
                let bench = try Self.bench(simulation)
                let id = try await bench.payment(state)
                // An open payment is asked after before anything is decided on it.
                bench["a"].always("inquiry", .now(Wire.found(state, "id=T1")))
                let result = try await bench.followUp(.cancel, id, key: "x1")
                #expect(result.status == 200)
                #expect(result.paymentStatus == becomes)
            }
        }
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("captured")
            #expect(try await bench.followUp(.cancel, id, key: "x1").code == "invalid-state")
            #expect(bench["a"].sent("cancel").isEmpty)
        }
    }

    @Test("a checkout that was paid meanwhile is not closed")
    func paidMeanwhile() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("action")
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
            let result = try await bench.followUp(.cancel, id, key: "x1")
            #expect(result.code == "invalid-state")
            #expect(bench["a"].sent("cancel").isEmpty)
            #expect(try await bench.payment().status == .captured)
        }
    }

    @Test("refunds go on until nothing is left")
    func refunds() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("captured")
            let first = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            #expect(first.status == 200)
            #expect(first.paymentStatus == "partially_refunded")
            #expect(first.payment?["amount_refunded"]?.integer == 2_500)

            let tooMuch = try await bench.followUp(.refund, id, amount: 7_501, key: "r2")
            #expect(tooMuch.status == 422)
            #expect(tooMuch.text.contains("\"pointer\":\"/amount\""))

            let rest = try await bench.followUp(.refund, id, key: "r3")
            #expect(rest.paymentStatus == "refunded")
            #expect(rest.payment?["amount_refunded"]?.integer == 10_000)
            let refunds = try #require(rest.payment?["refunds"]?.array)
            let amounts = refunds.compactMap { $0["amount"]?.integer }
            #expect(amounts == [2_500, 7_500])
            let statuses = refunds.compactMap { $0["status"]?.string }
            #expect(statuses == ["succeeded", "succeeded"])

            // Nothing is left, whether an amount is named or not.
            for (key, amount) in [("r4", 1), ("r5", nil)] as [(String, Int64?)] {
                let nothing = try await bench.followUp(.refund, id, amount: amount, key: key)
                #expect(nothing.status == 422)
                #expect(nothing.code == "validation-failed")
                #expect(nothing.text.contains("\"pointer\":\"/amount\""))
            }
            #expect(bench["a"].sent("refund").count == 2)
        }
    }

    @Test("more than is authorized is not captured")
    func tooMuch() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("authorized")
            let result = try await bench.followUp(.capture, id, amount: 10_001, key: "c1")
            #expect(result.status == 422)
            #expect(result.text.contains("\"pointer\":\"/amount\""))
            #expect(bench["a"].sent("capture").isEmpty)
        }
    }

    @Test("another app's payment is not there, and what the plugin cannot do is said")
    func notThere() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("authorized")
            #expect(try await bench.followUp(.capture, id, key: "c1", app: "blog").status == 404)
            #expect(try await bench.followUp(.capture, "pay_0", key: "c1").status == 404)
        }
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, AskableAdapter())
            let id = try await bench.payment("captured")
            let result = try await bench.followUp(.refund, id, key: "r1")
            #expect(result.status == 422)
            #expect(result.code == "operation-not-supported")
        }
    }

    @Test("what the plugin cannot do yet is said, and nothing is sent")
    func obstacle() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, FollowUpAdapter(.once, obstacle: "its payment is not known yet"))
            let id = try await bench.payment("authorized")
            let result = try await bench.followUp(.capture, id, key: "c1")
            #expect(result.code == "invalid-state")
            #expect(result.text.contains("its payment is not known yet"))
            #expect(try await bench.payment().openOperation == nil)
            #expect(bench["a"].sent("capture").isEmpty)
        }
    }

    // MARK: At once and again

    @Test(
        "two full refunds at once under different keys: one is done, one is 422",
        arguments: 1...40 as ClosedRange<UInt64>)
    func twoAtOnce(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: FollowUpAdapter())], slowStore: true)
            bench["a"].always("refund", .after(.milliseconds(50), Wire.reply(200, "done")))
            let id = try await bench.payment("captured")
            async let one = bench.followUp(.refund, id, amount: 10_000, key: "r1")
            async let two = bench.followUp(.refund, id, amount: 10_000, key: "r2")
            let results = try await [one, two]
            #expect(bench["a"].sent("refund").count == 1)
            // In order, the second finds a payment of which nothing is left.
            #expect(results.map(\.status).sorted() == [200, 422])
            #expect(results.compactMap(\.code) == ["validation-failed"])
            #expect(try await bench.payment().amountRefunded == 10_000)
        }
    }

    @Test("a hundred times the same key: one send, one answer")
    func sameKey() async throws {
        try await Simulation.run(seed: 7, order: .shuffled) { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("refund", .after(.milliseconds(50), Wire.reply(200, "done")))
            let id = try await bench.payment("captured")
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await bench.followUp(.refund, id, amount: 2_500, key: "r1").answer }
                }
                return try await group.reduce(into: [Answer]()) { $0.append($1) }
            }
            #expect(Set(answers.map(\.body)).count == 1)
            #expect(Set(answers.map(\.status)) == [200])
            #expect(bench["a"].sent("refund").count == 1)
            let other = try await bench.followUp(.refund, id, amount: 2_501, key: "r1")
            #expect(other.code == "idempotency-key-reused")
            let replayed = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            #expect(replayed.answer.isReplayed)
            #expect(replayed.answer.body == answers[0].body)
        }
    }

    @Test("long after the key was forgotten it still belongs to its refund")
    func afterTTL() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("captured")
            _ = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            await simulation.advance(by: .seconds(25 * 3600))
            let again = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            #expect(again.status == 200)
            #expect(again.answer.isReplayed)
            #expect(again.payment?["amount_refunded"]?.integer == 2_500)
            #expect(try await bench.followUp(.refund, id, amount: 2_501, key: "r1").code == "idempotency-key-reused")
            #expect(bench["a"].sent("refund").count == 1)
        }
    }

    // MARK: What the provider says

    @Test("a decline is 402 with the payment, which stays as it was")
    func declined() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(Wire.declined(.processingError)))
            let result = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            #expect(result.status == 402)
            #expect(result.code == "payment-declined")
            #expect(result.paymentStatus == "captured")
            #expect(result.payment?["refunds"]?.array?.first?["status"]?.string == "failed")
            // The kept answer; and what was not returned is left.
            #expect(try await bench.followUp(.refund, id, amount: 2_500, key: "r1").status == 402)
            #expect(try await bench.followUp(.refund, id, amount: 10_000, key: "r2").paymentStatus == "refunded")
        }
    }

    @Test("a request that the provider calls invalid is 422, and nothing is open")
    func rejected() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("authorized")
            bench["a"].script("capture", .now(Wire.rejected))
            let result = try await bench.followUp(.capture, id, key: "c1")
            #expect(result.code == "provider-rejected")
            #expect(try await bench.followUp(.capture, id, key: "c2").paymentStatus == "captured")
        }
    }

    @Test("a state at the provider that forbids it is 409, and that state is learnt")
    func conflict() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("authorized")
            bench["a"].script("capture", .now(Wire.reply(400, "conflict")))
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
            let result = try await bench.followUp(.capture, id, amount: 2_500, key: "c1")
            #expect(result.status == 409)
            #expect(result.code == "invalid-state")
            // Somebody captured it elsewhere: the whole, as far as anybody knows.
            #expect(result.paymentStatus == "captured")
            #expect(result.payment?["amount_captured"]?.integer == 10_000)
        }
    }

    @Test(
        "where nothing was done it is 503, and the key is free",
        arguments: [Wire.refused, Wire.unauthorized, Wire.tooMany, Wire.unavailable])
    func nobody(reply: Transmission) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("captured")
            bench["a"].script("refund", .now(reply))
            let result = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            #expect(result.status == 503)
            #expect(result.code == "no-provider-available")
            #expect(result.answer.retryAfter ?? 0 >= 1)
            #expect(try await bench.payment().openOperation == nil)
            #expect(try await bench.payment().refunds.isEmpty)
            await simulation.advance(by: .seconds(result.answer.retryAfter ?? 0))
            let again = try await bench.followUp(.refund, id, amount: 2_500, key: "r1")
            #expect(again.status == 200)
            #expect(again.payment?["amount_refunded"]?.integer == 2_500)
        }
    }

    @Test("a send that has no time left is not begun")
    func noTime() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.payment("captured")
            let result = try await bench.followUp(.refund, id, key: "r1", within: .milliseconds(1_900))
            #expect(result.status == 503)
            #expect(bench["a"].sent("refund").isEmpty)
        }
    }

    // MARK: Funds that are only held

    @Test("funds that were to be taken at once and are only held are asked after")
    func heldInstead() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench.startInquiries()
            _ = try await bench.payment("authorized", capture: .automatic)
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
            await simulation.advance(by: .seconds(6))
            #expect(try await bench.payment().status == .captured)
        }
    }
}
