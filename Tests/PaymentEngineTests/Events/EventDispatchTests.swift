import HTTPTypes
import Metrics
import MetricsTestKit
@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Simulation
import StrictJSON
import Synchronization
import Testing

/// Deliveries through the engine, on the virtual clock.
struct EventDispatchTests {
    private static let secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    private static func webhook(_ retry: [Int] = [300, 900, 3600, 21_600]) -> AppConfiguration.Webhook {
        AppConfiguration.Webhook(
            url: "https://shop.example/hooks?a=1", secret: secret, retry: retry.map { .seconds($0) })
    }

    private static func bench(
        _ simulation: Simulation, webhooks: [String: AppConfiguration.Webhook] = ["shop": webhook()],
        slowStore: Bool = false
    ) throws -> Bench {
        let bench = try Bench(
            simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))],
            slowStore: slowStore, webhooks: webhooks)
        bench["a"].always("create", .asked { .now(Wire.accepted("pending", "id=T-\($0.reference)")) })
        bench["a"].always("inquiry", .now(Wire.found("pending")))
        bench.startInquiries()
        return bench
    }

    /// Has the provider say that a payment was captured.
    private static func capture(_ bench: Bench, _ number: Int = 0) async {
        let reference = bench["a"].sent("create")[number].reference
        await bench.callback("a", "event=c\(number) state=captured id=T-\(reference)")
    }

    private static func event(_ bench: Bench, _ type: String, app: String = "shop") async throws -> Event {
        var query = EventQuery(app: app)
        query.kind = Event.Kind(type)
        return try #require(await bench.engine.events(query).events.first)
    }

    private static let ok = Wire.reply(204, "")
    private static let broken = Wire.reply(500, "oops")

    @Test("one request, signed, with the payment as it was at the change")
    func request() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .now(Self.ok))
            let id = try await bench.create().id
            await Self.capture(bench)
            await simulation.quiet()
            let sent = receiver.sent()
            #expect(sent.count == 2)
            let first = try #require(sent.first)
            #expect(first.request.path == "/hooks?a=1")
            #expect(first.request.method == .post)
            #expect(first.timeout == .seconds(15))
            let headers = Dictionary(
                uniqueKeysWithValues: first.request.headers.map { ($0.name.canonicalName, $0.value) })
            #expect(headers["content-type"] == "application/json")
            #expect(headers["user-agent"]?.hasPrefix("Switchyard/") == true)
            #expect(headers["webhook-id"] == "evt_\(id.dropFirst(4))_1")
            let seconds = VirtualEnvironment.calendarStart.milliseconds / 1000
            #expect(headers["webhook-timestamp"] == "\(seconds)")
            #expect(
                headers["webhook-signature"]
                    == EventSignature.make(
                        id: "evt_\(id.dropFirst(4))_1", timestamp: seconds, body: first.request.body,
                        secret: Self.secret))
            let bodies = try sent.map { try JSONValue(parsing: $0.request.body) }
            let types = bodies.map { $0["type"]?.string }
            #expect(types == ["payment.pending", "payment.captured"])
            let statuses = bodies.map { $0["data"]?["status"]?.string }
            #expect(statuses == ["pending", "captured"])
            #expect(bodies[0]["timestamp"]?.string == VirtualEnvironment.calendarStart.description)
            let event = try await Self.event(bench, "payment.captured")
            #expect(event.delivery.status == .delivered)
            #expect(event.delivery.attempts == 1)
            #expect(event.delivery.lastStatus == 204)
            #expect(
                try bench.metrics.expectCounter(
                    "switchyard_events_delivered_total", [("app", "shop"), ("result", "delivered")]
                ).totalValue == 2)
            let telling = bench.log.lines.filter { $0.contains("whsec_") || $0.contains("254712345678") }
            #expect(telling == [])
        }
    }

    @Test(
        "an app that is down for an hour gets every event, in order, when it is back",
        arguments: 1...8 as ClosedRange<UInt64>)
    func hourDown(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            let bench = try Self.bench(simulation, slowStore: true)
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .asked { .now($0.at < .seconds(3600) ? Wire.refused : Self.ok) })
            for number in 0..<20 {
                _ = try await bench.create(key: "key-\(number)", reference: "order-\(number)")
                await simulation.advance(by: .seconds(30))
                await Self.capture(bench, number)
            }
            await simulation.advance(by: .seconds(3 * 3600))
            let received = receiver.sent().filter { $0.at >= .seconds(3600) }
            #expect(received.count == 40)
            var types: [String: [String]] = [:]
            for request in received {
                let body = try JSONValue(parsing: request.request.body)
                types[body["data"]?["reference"]?.string ?? "", default: []].append(body["type"]?.string ?? "")
            }
            #expect(types.count == 20)
            #expect(Set(types.values) == [["payment.pending", "payment.captured"]])
            // Nothing overtook the head of its payment.
            let early = receiver.sent().filter {
                $0.at < .seconds(3600) && $0.body.hasPrefix(#"{"type":"payment.captured"#)
            }
            #expect(early.map(\.body) == [])
        }
    }

    @Test("500 for ever: failed after the last wait, the next one goes on, and both can be sent again")
    func failing() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, webhooks: ["shop": Self.webhook([10, 20])])
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .now(Self.broken))
            _ = try await bench.create()
            await Self.capture(bench)
            await simulation.advance(by: .seconds(3600))
            let sent = receiver.sent()
            let areCaptures = sent.map { $0.body.contains(#""type":"payment.captured""#) }
            #expect(areCaptures == [false, false, false, true, true, true])
            // Retries are the same bytes, signed anew.
            #expect(Set(sent.prefix(3).map(\.body)).count == 1)
            let heads = sent.prefix(3).map { $0.request.headers.map(\.value) }
            #expect(Set(heads).count == 3)
            let waits = zip(sent, sent.dropFirst()).map { $1.at - $0.at }
            #expect((Duration.seconds(9)...Duration.seconds(11)).contains(waits[0]))
            #expect((Duration.seconds(18)...Duration.seconds(22)).contains(waits[1]))
            #expect(waits[2] == .zero)
            for type in ["payment.pending", "payment.captured"] {
                let event = try await Self.event(bench, type)
                #expect(event.delivery.status == .failed)
                #expect(event.delivery.attempts == 3)
                #expect(event.delivery.lastStatus == 500)
                #expect(event.delivery.lastError == "http_500")
            }
            #expect(
                try bench.metrics.expectCounter(
                    "switchyard_events_delivered_total", [("app", "shop"), ("result", "failed")]
                ).totalValue == 2)

            receiver.always("hooks", .now(Self.ok))
            let pending = try await Self.event(bench, "payment.pending")
            let restarted = try await bench.engine.redeliver(event: pending.id, call: bench.call())
            #expect(restarted.delivery.status == .pending)
            #expect(restarted.delivery.attempts == 0)
            await simulation.quiet()
            #expect(try await Self.event(bench, "payment.pending").delivery.status == .delivered)
            #expect(try await Self.event(bench, "payment.captured").delivery.status == .failed)
            #expect(receiver.sent().last?.body == sent.first?.body)
            // What was delivered can be asked for as well.
            _ = try await bench.engine.redeliver(event: pending.id, call: bench.call())
            await simulation.quiet()
            #expect(receiver.sent().count == 8)
        }
    }

    @Test("410 stops the address: nothing more goes there by itself; what is asked for does, and 2xx opens it again")
    func gone() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .now(Wire.reply(410, "")))
            _ = try await bench.create()
            await Self.capture(bench)
            _ = try await bench.create(key: "key-2", reference: "order-2")
            await simulation.advance(by: .seconds(3600))
            #expect(receiver.sent().count == 1)
            let events = try await bench.engine.events(EventQuery(app: "shop")).events
            #expect(events.count == 3)
            #expect(Set(events.map(\.delivery.status)) == [.failed])
            #expect(Set(events.map(\.delivery.lastError)) == ["gone"])
            #expect(events.map(\.delivery.attempts) == [0, 0, 1])
            receiver.always("hooks", .now(Self.ok))
            let last = try #require(events.last)
            _ = try await bench.engine.redeliver(event: last.id, call: bench.call())
            await simulation.quiet()
            #expect(receiver.sent().count == 2)
            _ = try await bench.create(key: "key-3", reference: "order-3")
            await simulation.quiet()
            #expect(receiver.sent().count == 3)
        }
    }

    @Test("a receiver that never answers costs 15 seconds an attempt")
    func timeout() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, webhooks: ["shop": Self.webhook([60])])
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .after(.seconds(3600), Self.ok))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(600))
            let event = try await Self.event(bench, "payment.pending")
            #expect(event.delivery.status == .failed)
            #expect(event.delivery.attempts == 2)
            #expect(event.delivery.lastStatus == nil)
            #expect(event.delivery.lastError == "timeout")
            let sent = receiver.sent()
            #expect(sent.count == 2)
            #expect((Duration.seconds(69)...Duration.seconds(81)).contains(sent[1].at - sent[0].at))
        }
    }

    @Test("a payment whose delivery fails holds up no other one")
    func others() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .asked { .now($0.body.contains("order-bad") ? Self.broken : Self.ok) })
            _ = try await bench.create(key: "bad", reference: "order-bad")
            for number in 1...5 { _ = try await bench.create(key: "key-\(number)", reference: "order-\(number)") }
            await simulation.quiet()
            #expect(receiver.sent().count == 6)
            var query = EventQuery(app: "shop")
            query.limit = 100
            let states = try await bench.engine.events(query).events.map(\.delivery.status)
            #expect(states == [.delivered, .delivered, .delivered, .delivered, .delivered, .pending])
            let bad = try #require(await bench.engine.events(query).events.last)
            let next = try #require(bad.delivery.nextAttemptAt)
            #expect(next > VirtualEnvironment.calendarStart.advanced(by: .seconds(269)))
        }
    }

    @Test("an app that answers slowly holds up no other app, and never gets more than its share at once")
    func slowApp() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, webhooks: ["shop": Self.webhook([]), "blog": Self.webhook([])])
            let slow = try #require(bench.receivers["shop"])
            let quick = try #require(bench.receivers["blog"])
            slow.always("hooks", .after(.seconds(3600), Self.ok))
            quick.always("hooks", .now(Self.ok))
            for number in 0..<100 { _ = try await bench.create(key: "s-\(number)") }
            _ = try await bench.create(key: "b", app: "blog")
            await simulation.quiet()
            #expect(slow.sent().count == EventDispatcher.mostOfApp)
            #expect(quick.sent().count == 1)
            await simulation.advance(by: .seconds(14))
            #expect(slow.sent().count == EventDispatcher.mostOfApp)
            await simulation.advance(by: .seconds(15 * 8))
            #expect(slow.sent().count == 100)
        }
    }

    @Test("asked for while an attempt is under way, it is sent once more after that")
    func redeliveredMeanwhile() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let receiver = try #require(bench.receivers["shop"])
            let gate = Gate()
            receiver.script("hooks", .at(gate, Self.broken), .now(Self.ok))
            _ = try await bench.create()
            await simulation.quiet()
            let event = try await Self.event(bench, "payment.pending")
            _ = try await bench.engine.redeliver(event: event.id, call: bench.call())
            await simulation.quiet()
            #expect(receiver.sent().count == 1)
            gate.open()
            await simulation.quiet()
            #expect(receiver.sent().count == 2)
            let after = try await Self.event(bench, "payment.pending")
            #expect(after.delivery.status == .delivered)
            #expect(after.delivery.attempts == 1)
        }
    }

    @Test("at the end attempts under way go on, no other one begins, and the engine is idle after them")
    func draining() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))],
                webhooks: ["shop": Self.webhook()])
            bench["a"].always("create", .now(Wire.accepted("captured")))
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .after(.seconds(14), Self.ok))
            let run = Task { await bench.engine.run() }
            for number in 0..<20 { _ = try await bench.create(key: "key-\(number)") }
            await simulation.quiet()
            run.cancel()
            await run.value
            await bench.engine.idle()
            #expect(bench.clock.elapsed == .seconds(14))
            #expect(receiver.sent().count == EventDispatcher.mostOfApp)
            var query = EventQuery(app: "shop")
            query.limit = 100
            let states = try await bench.engine.events(query).events.map(\.delivery.status)
            let counts = Dictionary(states.map { ($0, 1) }, uniquingKeysWith: +)
            #expect(counts[.delivered] == EventDispatcher.mostOfApp)
            #expect(counts[.pending] == 20 - EventDispatcher.mostOfApp)
        }
    }

    @Test("another configuration: another address is not gone, the same one still is; without a webhook nothing waits")
    func reconfigured() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let dispatcher = bench.engine.dispatcher
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .now(Wire.reply(410, "")))
            _ = try await bench.create(key: "1")
            await simulation.quiet()
            #expect(receiver.sent().count == 1)

            /// How many transports were made.
            func configure(_ webhook: AppConfiguration.Webhook?) throws -> Int {
                let app = AppConfiguration(name: "shop", keys: [], webhook: webhook)
                let made = Atomic(0)
                try dispatcher.configure(apps: ["shop": app]) { _, _ in
                    made.wrappingAdd(1, ordering: .relaxed)
                    return receiver
                }
                return made.load(ordering: .relaxed)
            }
            // Another secret and other waits: the same address, and the same connections.
            var webhook = Self.webhook([1])
            #expect(try configure(webhook) == 0)
            _ = try await bench.create(key: "2")
            await simulation.quiet()
            #expect(receiver.sent().count == 1)
            // Another path: not gone, and still the same connections.
            webhook.url = "https://shop.example/hooks?a=2"
            #expect(try configure(webhook) == 0)
            receiver.always("hooks", .now(Self.ok))
            _ = try await bench.create(key: "3")
            await simulation.quiet()
            #expect(receiver.sent().map(\.request.path) == ["/hooks?a=1", "/hooks?a=2"])
            // Another host: other connections.
            webhook.url = "https://shop.example.org/hooks"
            #expect(try configure(webhook) == 1)
            // None: what waited for its next attempt is not sent any more.
            receiver.always("hooks", .now(Self.broken))
            _ = try await bench.create(key: "4")
            await simulation.quiet()
            #expect(try await Self.event(bench, "payment.pending").delivery.status == .pending)
            #expect(try configure(nil) == 0)
            await simulation.advance(by: .seconds(10))
            let event = try await Self.event(bench, "payment.pending")
            #expect(event.delivery.status == .failed)
            #expect(event.delivery.lastError == "no_webhook")
            // One again: what is asked for goes there.
            #expect(try configure(Self.webhook()) == 1)
            receiver.always("hooks", .now(Self.ok))
            _ = try await bench.engine.redeliver(event: event.id, call: bench.call())
            await simulation.quiet()
            #expect(try await Self.event(bench, "payment.pending").delivery.status == .delivered)
        }
    }
}
