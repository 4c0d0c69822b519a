@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// What a reload changes for what is there already: keys, payments, callbacks, events, open outcomes.
struct ReloadSettingsTests {
    private static func bench(
        _ simulation: Simulation, _ adapter: any ProviderAdapter = CallingAdapter(.once, isSigned: true),
        create: Transmission = Wire.accepted("pending")
    ) throws -> Bench {
        let patient = BreakerSettings(consecutiveFailures: 1000, minimumCalls: 1000)
        let bench = try Bench(
            simulation,
            [BenchProvider(name: "a", adapter: adapter, breaker: patient, fingerprint: "1", account: "1")])
        bench["a"].always("create", .now(create))
        bench["a"].always("inquiry", .now(Wire.notFound))
        return bench
    }

    /// The same instance with another account behind it.
    private static func moveAccount(_ bench: Bench) async throws {
        try await bench.reload { parts in
            parts.providers["a"]?.fingerprint += "x"
            parts.providers["a"]?.account += "x"
        }
    }

    @Test("limits of keys and payments hold from then on, and take nothing away that is held")
    func limits() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let first = try await bench.create(key: "1")
            try await bench.reload { $0.server.idempotency = IdempotencyLimits(ttl: .seconds(3600), maxKeys: 2) }
            #expect(bench.engine.keys.limit == 2)
            #expect(try await bench.create(key: "1").id == first.id)
            #expect(try await bench.create(key: "2").code == "idempotency-store-full")
            try await bench.reload {
                $0.server.idempotency = IdempotencyLimits(ttl: .seconds(3600), maxKeys: 100)
                $0.server.maxPayments = 1
            }
            #expect(try await bench.create(key: "3").code == "payment-store-full")
            try await bench.reload { $0.server.maxPayments = 2 }
            #expect(try await bench.create(key: "4").status == 201)
        }
    }

    @Test("payments are asked after at the new times")
    func inquiryTimes() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("inquiry", .now(Wire.found("pending")))
            bench.startInquiries()
            try await bench.reload { $0.server.inquiry = [.seconds(1000)] }
            _ = try await bench.create()
            await simulation.advance(by: .seconds(800))
            #expect(bench["a"].sent("inquiry").isEmpty)
            await simulation.advance(by: .seconds(400))
            #expect(bench["a"].sent("inquiry").count == 1)
        }
    }

    @Test("a new callback secret signs, the one before still verifies, and one that is gone does not")
    func callbackSecrets() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create(key: "1")
            let old = try bench.callbackToken(at: "a")
            try await bench.reload { $0.server.callbackSecrets.insert(Secret("new"), at: 0) }
            _ = try await bench.create(key: "2")
            let new = try bench.callbackToken(at: "a")
            #expect(CallbackTokens(secrets: [Secret("new")]).payment(of: new, provider: "a") != nil)
            #expect(await bench.callback("a", "event=1 state=captured", token: old) == .accepted)
            #expect(await bench.callback("a", "event=2 state=captured", token: new) == .accepted)
            #expect(await bench.engine.returnAddress(provider: "a", token: old) != nil)
            try await bench.reload { $0.server.callbackSecrets.removeLast() }
            #expect(await bench.callback("a", "event=3 state=captured", token: old) == .refused)
            #expect(await bench.engine.returnAddress(provider: "a", token: old) == nil)
            #expect(await bench.callback("a", "event=4 state=captured", token: new) == .accepted)
        }
    }

    @Test("an app's webhook that is taken away: what waits has visibly failed, and can be sent when it is back")
    func webhookTakenAway() async throws {
        try await Simulation.run { simulation in
            let webhook = AppConfiguration.Webhook(
                url: "https://shop.example/hooks", secret: Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                retry: [.seconds(300)])
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: PlainAdapter())], webhooks: ["shop": webhook])
            bench["a"].always("create", .now(Wire.accepted()))
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .now(Wire.broken))
            bench.startInquiries()
            _ = try await bench.create()
            await simulation.quiet()
            let app = try #require(bench.engine.configuration.apps["shop"])
            try await bench.reload { $0.apps["shop"] = nil }
            await simulation.advance(by: .seconds(400))
            #expect(receiver.sent().count == 1)
            var event = try #require(await bench.engine.events(EventQuery(app: "shop")).events.first)
            #expect(event.delivery.status == .failed)
            #expect(event.delivery.lastError == "no_webhook")
            try await bench.reload { $0.apps["shop"] = app }
            receiver.always("hooks", .now(Wire.reply(204, "")))
            _ = try await bench.engine.redeliver(event: event.id, call: bench.call())
            await simulation.quiet()
            event = try #require(await bench.engine.event(id: event.id, app: "shop"))
            #expect(event.delivery.status == .delivered)
        }
    }

    @Test("what another account does not know says nothing of a payment that was sent to the one before")
    func notFoundElsewhere() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, create: Wire.timeout)
            bench.startInquiries()
            #expect(try await bench.create().status == 202)
            try await Self.moveAccount(bench)
            await simulation.advance(by: .seconds(3 * 3600))
            #expect(bench["a"].sent("inquiry").count > 4)
            #expect(try await bench.payment().status == .unknown)
            // Nor where another setting changes meanwhile; back at the account it was sent to, it is an answer.
            try await bench.reload { parts in
                parts.providers["a"]?.fingerprint = "3"
                parts.providers["a"]?.account = "1"
            }
            await simulation.advance(by: .seconds(3 * 3600))
            #expect(try await bench.payment().status == .failed)
        }
    }

    @Test("a create is never replayed to another account: its key means nothing there")
    func noReplayElsewhere() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, PlainAdapter(.replayable(within: .seconds(82_800))), create: Wire.timeout)
            #expect(try await bench.create().status == 202)
            let sends = bench["a"].creates
            try await Self.moveAccount(bench)
            bench["a"].always("create", .now(Wire.accepted()))
            #expect(try await bench.create().status == 202)
            #expect(bench["a"].creates == sends)
        }
    }

    @Test("nor is a follow-up, and what the other account has not done is not undone")
    func noFollowUpElsewhere() async throws {
        for safety in [SendSafety.replayable(within: .seconds(82_800)), .once] {
            try await Simulation.run { simulation in
                let bench = try Self.bench(
                    simulation, AskableFollowUpAdapter(.once, followUps: safety), create: Wire.accepted())
                bench.startInquiries()
                let id = try await bench.create().id
                bench["a"].always("refund", .now(Wire.timeout))
                bench["a"].always("finding", .now(Wire.reply(200, "not_done")))
                #expect(try await bench.followUp(.refund, id, amount: 100, key: "r").status == 202)
                let sends = bench["a"].sent("refund").count
                try await Self.moveAccount(bench)
                await simulation.advance(by: .seconds(3 * 3600))
                #expect(!bench["a"].sent("finding").isEmpty)
                #expect(bench["a"].sent("refund").count == sends)
                #expect(try await bench.payment().openOperation?.type == .refund)
                #expect(try await bench.followUp(.refund, id, amount: 100, key: "r").status == 202)
                #expect(bench["a"].sent("refund").count == sends)
            }
        }
    }
}
