@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import StrictJSON
import Testing

/// `server.limits` of what requests make the engine do: each bound has its answer, and takes nothing from what is under way.
struct RequestBoundsTests {
    private static func bench(
        _ simulation: Simulation, _ adjust: (inout ServerConfiguration) -> Void
    ) throws -> Bench {
        let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: FollowUpAdapter())], server: adjust)
        bench["a"].always("refund", .now(Wire.reply(200, "done")))
        return bench
    }

    @Test("beyond the requests in flight nothing is sent, and the key is free; a kept answer needs no place")
    func requestsInFlight() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation) { $0.limits.requestsInFlight = 2 }
            let gate = Gate()
            bench["a"].script("create", .now(Wire.accepted()), .at(gate, Wire.accepted()), .at(gate, Wire.accepted()))
            bench["a"].always("create", .now(Wire.accepted()))
            let first = try await bench.create(key: "first")
            #expect(first.status == 201)
            let running = ["1", "2"].map { key in Task { try await bench.create(key: key) } }
            await simulation.quiet()
            // Whoever hangs up has not ended the work.
            running[0].cancel()
            await simulation.quiet()

            let refused = try await bench.create(key: "3")
            #expect(refused.status == 503)
            #expect(refused.code == "overloaded")
            #expect(refused.answer.retryAfter == 1)
            #expect(try await bench.followUp(.refund, first.id, key: "r").status == 503)
            #expect(
                Reading(await bench.engine.sync(payment: first.id, providerTransactionID: nil, call: bench.call()))
                    .status == 503)
            #expect(bench["a"].creates == 3)
            #expect(bench["a"].sent("refund").isEmpty)
            #expect(try await bench.create(key: "first").answer.isReplayed)

            gate.open()
            for task in running { #expect(try await task.value.status == 201) }
            #expect(try await bench.create(key: "3").status == 201)
            #expect(try await bench.followUp(.refund, first.id, key: "r").status == 200)
        }
    }

    @Test("beyond the callers that wait for one key another one is told so at once; those that wait get the answer")
    func waitingCallers() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation) { $0.idempotency.maxWaiters = 20 }
            let gate = Gate()
            bench["a"].script("create", .at(gate, Wire.accepted()))
            let callers = (0..<11).map { _ in Task { try await bench.create(key: "k") } }
            await simulation.quiet()
            #expect(bench.engine.keys.waiting == 10)
            let refused = try await bench.create(key: "k")
            #expect(refused.status == 409)
            #expect(refused.code == "idempotency-key-in-use")
            #expect(refused.answer.retryAfter == 1)
            #expect(simulation.clock.elapsed == .zero)
            gate.open()
            for caller in callers { #expect(try await caller.value.status == 201) }
            #expect(bench.engine.keys.waiting == 0)
            #expect(bench["a"].creates == 1)
        }
    }

    @Test("beyond the follow-ups that wait for one payment another one is told so, and its key is free")
    func followUpsWaiting() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation) { $0.limits.followUpsWaiting = 2 }
            let id = try await bench.payment("captured")
            let gate = Gate()
            bench["a"].script("refund", .at(gate, Wire.reply(200, "done")))
            let taken = (0..<3).map { number in
                Task { try await bench.followUp(.refund, id, amount: 100, key: "r\(number)") }
            }
            await simulation.quiet()
            let refused = try await bench.followUp(.refund, id, amount: 100, key: "r3")
            #expect(refused.status == 409)
            #expect(refused.code == "invalid-state")
            #expect(refused.answer.retryAfter == 1)
            gate.open()
            for task in taken { #expect(try await task.value.status == 200) }
            let again = try await bench.followUp(.refund, id, amount: 100, key: "r3")
            #expect(again.status == 200)
            #expect(again.payment?["amount_refunded"]?.integer == 400)
            #expect(bench["a"].sent("refund").count == 4)
        }
    }

    @Test("a payment has a bounded number of follow-ups, failed ones included; their keys stay theirs")
    func followUpsPerPayment() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation) { $0.limits.followUpsPerPayment = 3 }
            let id = try await bench.payment("captured")
            bench["a"].script(
                "refund", .now(Wire.reply(200, "declined")), .now(.notSent(TransportFailure("connect_refused"))),
                .now(Wire.reply(200, "declined")), .now(Wire.reply(200, "done")))
            #expect(try await bench.followUp(.refund, id, amount: 100, key: "r1").status == 402)
            // Nothing was done: it does not count.
            #expect(try await bench.followUp(.refund, id, amount: 100, key: "r2").status == 503)
            #expect(try await bench.followUp(.refund, id, amount: 100, key: "r2").status == 402)
            #expect(try await bench.followUp(.refund, id, amount: 100, key: "r3").status == 200)
            let sent = bench["a"].sent("refund").count
            let refused = try await bench.followUp(.refund, id, amount: 100, key: "r4")
            #expect(refused.status == 409)
            #expect(refused.code == "invalid-state")
            #expect(refused.json?["detail"]?.string == "a payment may have 3 follow-ups, failed ones included")
            #expect(try await bench.followUp(.refund, id, amount: 100, key: "r3").answer.isReplayed)
            #expect(bench["a"].sent("refund").count == sent)
            #expect(try await bench.payment().refunds.count == 3)
        }
    }
}
