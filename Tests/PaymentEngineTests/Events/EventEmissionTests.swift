@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import StrictJSON
import Testing

/// Which changes are events, in the store and through the engine.
struct EventEmissionTests {
    private static let now = VirtualEnvironment.calendarStart

    private static func record(_ id: String = "pay_1", app: String = "shop", key: UInt8 = 1) -> PaymentRecord {
        let request = PaymentRequest(
            money: Money(minorUnits: 10_000, currency: .kes),
            instrument: .mobileMoney(phone: "+254712345678", network: "mpesa"), reference: "order-1")
        let digest = KeyDigest(bytes: [UInt8](repeating: key, count: 32))
        return PaymentRecord(
            payment: Payment(id: id, app: app, request: request, route: nil, at: now), key: digest,
            fingerprint: digest, requestID: "r", returnURL: nil)
    }

    private static func store(max: Int = 10) -> MemoryPaymentStore {
        MemoryPaymentStore(
            environment: VirtualEnvironment(seed: 1), limits: { (max, .seconds(30 * 86_400)) })
    }

    /// The types of an app's events, oldest first.
    private static func types(_ store: MemoryPaymentStore, app: String = "shop") async throws -> [String] {
        var query = EventQuery(app: app)
        query.limit = 100
        return try await store.events(query).events.reversed().map(\.kind.name)
    }

    private static func observation(_ state: ReportedState, amount: Int64? = nil) -> Observation {
        Observation(
            provider: "a", state: state, money: amount.map { Money(minorUnits: $0, currency: .kes) },
            providerReference: "T1")
    }

    @Test("nothing before the app may see the payment; then its state, and each change of it")
    func states() async throws {
        let store = Self.store()
        _ = await store.insert(Self.record())
        await store.update("pay_1") { _ = $0.payment.observe(Self.observation(.pending(nil)), at: Self.now) }
        #expect(try await Self.types(store) == [])
        await store.update("pay_1") { $0.isVisible = true }
        await store.update("pay_1") { $0.lastAskedAt = .now }
        await store.update("pay_1") { _ = $0.payment.observe(Self.observation(.captured), at: Self.now) }
        await store.update("pay_1") { _ = $0.payment.observe(Self.observation(.captured), at: Self.now) }
        #expect(try await Self.types(store) == ["payment.pending", "payment.captured"])
        let first = try #require(await store.event("evt_1_1"))
        #expect(first.payment.status == .pending)
        #expect(first.payment.id == "pay_1")
        #expect(try #require(await store.event("evt_1_2")).payment.status == .captured)
    }

    @Test("a change that moves the state and needs review is both events, in this order")
    func review() async throws {
        let store = Self.store()
        _ = await store.insert(Self.record())
        await store.update("pay_1") { record in
            _ = record.payment.observe(Self.observation(.captured), at: Self.now)
            _ = record.payment.observe(Self.observation(.captured, amount: 9_900), at: Self.now)
            record.isVisible = true
        }
        // Told again it is no news.
        await store.update("pay_1") { _ = $0.payment.observe(Self.observation(.captured, amount: 9_900), at: Self.now) }
        #expect(try await Self.types(store) == ["payment.captured", "payment.needs_review"])
        #expect(try #require(await store.event("evt_1_2")).payment.review?.reason == .amountMismatch)
    }

    @Test("another finding in the place of a missing answer is another review")
    func secondReview() async throws {
        let store = Self.store()
        _ = await store.insert(Self.record())
        await store.update("pay_1") { $0.isVisible = true }
        await store.update("pay_1") { _ = $0.payment.needReview(.unresolved, at: Self.now) }
        await store.update("pay_1") { _ = $0.payment.observe(Self.observation(.captured, amount: 1), at: Self.now) }
        #expect(
            try await Self.types(store) == ["payment.unknown", "payment.needs_review", "payment.needs_review"])
    }

    private static func refund(_ amount: Int64, of record: inout PaymentRecord) {
        record.payment.begin(
            OpenOperation(type: .refund, amount: amount, since: now),
            refund: Refund(id: "re_1", amount: amount, status: .unknown, reason: nil, createdAt: now), at: now)
        record.payment.completeOperation(at: now)
    }

    @Test("each refund that succeeded is an event, also where the status stays; one that was not done is none")
    func refunds() async throws {
        let store = Self.store()
        _ = await store.insert(Self.record())
        await store.update("pay_1") { record in
            record.isVisible = true
            _ = record.payment.observe(Self.observation(.captured), at: Self.now)
        }
        for amount: Int64 in [1000, 2000] { await store.update("pay_1") { Self.refund(amount, of: &$0) } }
        await store.update("pay_1") { record in
            record.payment.begin(OpenOperation(type: .cancel, amount: nil, since: Self.now), at: Self.now)
            record.payment.abandonOperation(at: Self.now)
        }
        await store.update("pay_1") { Self.refund(7000, of: &$0) }
        #expect(
            try await Self.types(store) == [
                "payment.captured", "payment.partially_refunded", "payment.partially_refunded", "payment.refunded",
            ])
        #expect(try #require(await store.event("evt_1_3")).payment.amountRefunded == 3000)
    }

    @Test("of one payment the newest hundred are kept")
    func bounded() async throws {
        let store = Self.store()
        _ = await store.insert(Self.record())
        await store.update("pay_1") { record in
            record.isVisible = true
            _ = record.payment.observe(Self.observation(.captured), at: Self.now)
        }
        for _ in 1...149 { await store.update("pay_1") { Self.refund(1, of: &$0) } }
        #expect(try await Self.types(store).count == 100)
        #expect(await store.event("evt_1_50") == nil)
        #expect(await store.event("evt_1_51") != nil)
        #expect(await store.event("evt_1_150") != nil)
    }

    @Test("events go with their payment, and lists forget them")
    func dropped() async throws {
        let store = Self.store(max: 2)
        for number in 1...5 {
            #expect(await store.insert(Self.record("pay_\(number)", key: UInt8(number))))
            await store.update("pay_\(number)") { record in
                record.isVisible = true
                record.isBusy = false
                _ = record.payment.observe(Self.observation(.captured), at: Self.now)
            }
        }
        var query = EventQuery(app: "shop")
        #expect(try await store.events(query).events.map(\.payment.id) == ["pay_5", "pay_4"])
        #expect(await store.event("evt_1_1") == nil)
        query.cursor = "evt_1_1"
        await #expect(throws: Problem.self) { try await store.events(query) }
    }

    @Test("lists: newest first, by type and payment, page by page, of one app")
    func lists() async throws {
        let store = Self.store()
        for (number, app) in [(1, "shop"), (2, "blog"), (3, "shop")] {
            _ = await store.insert(Self.record("pay_\(number)", app: app, key: UInt8(number)))
            await store.update("pay_\(number)") { $0.isVisible = true }
        }
        for number in [3, 2, 1] {
            await store.update("pay_\(number)") { _ = $0.payment.observe(Self.observation(.captured), at: Self.now) }
        }
        func list(_ adjust: (inout EventQuery) -> Void = { _ in }) async throws -> EventPage {
            var query = EventQuery(app: "shop")
            adjust(&query)
            return try await store.events(query)
        }
        let all = try await list()
        #expect(all.events.map(\.id) == ["evt_1_2", "evt_3_2", "evt_3_1", "evt_1_1"])
        #expect(all.nextCursor == nil)
        #expect(try await list { $0.kind = .state(.captured) }.events.map(\.id) == ["evt_1_2", "evt_3_2"])
        #expect(try await list { $0.payment = "pay_3" }.events.map(\.id) == ["evt_3_2", "evt_3_1"])
        #expect(try await list { $0.payment = "pay_2" }.events.isEmpty)
        var pages: [[String]] = []
        var cursor: String?
        repeat {
            let page = try await list {
                $0.limit = 3
                $0.cursor = cursor
            }
            pages.append(page.events.map(\.id))
            cursor = page.nextCursor
        } while cursor != nil
        #expect(pages == [["evt_1_2", "evt_3_2", "evt_3_1"], ["evt_1_1"]])
        let byPayment = try await list {
            $0.limit = 1
            $0.payment = "pay_3"
        }
        #expect(byPayment.nextCursor == "evt_3_2")
        await #expect(throws: Problem.self) { try await list { $0.cursor = "evt_2_1" } }
        await #expect(throws: Problem.self) { try await list { $0.cursor = "nonsense" } }
    }

    @Test(
        "an id has one spelling", arguments: ["evt_1_01", "evt_1_+1", "evt_1_0", "evt_1", "evt_", "pay_1_1", "evt_1_x"])
    func ids(id: String) {
        #expect(Event.parts(ofID: id) == nil)
    }

    @Test("fifty deliveries of one callback make one event; without a webhook it is none and can be read")
    func callbacks() async throws {
        try await Simulation.run(order: .shuffled) { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))], slowStore: true)
            bench["a"].always("create", .now(Wire.accepted("pending", "id=T1")))
            let id = try await bench.create().id
            await withTaskGroup(of: Void.self) { group in
                for _ in 1...50 {
                    group.addTask { await bench.callback("a", "event=1 state=captured id=T1") }
                }
            }
            let events = try await bench.engine.events(EventQuery(app: "shop")).events
            #expect(events.map(\.kind.name) == ["payment.captured", "payment.pending"])
            let event = try #require(events.first)
            #expect(event.id == "evt_\(id.dropFirst(4))_2")
            var writer = JSONWriter()
            event.write(to: &writer)
            let json = try JSONValue(parsing: writer.bytes)
            #expect(json["object"]?.string == "event")
            #expect(json["type"]?.string == "payment.captured")
            #expect(json["payment"]?.string == id)
            #expect(json["data"]?["status"]?.string == "captured")
            #expect(json["delivery"]?["status"]?.string == "none")
            #expect(json["delivery"]?["attempts"]?.integer == 0)
            #expect(json["delivery"]?["next_attempt_at"]?.isNull == true)
            #expect(await bench.engine.event(id: event.id, app: "blog") == nil)
            await #expect(throws: Problem(.invalidState, "this app has no webhook that the event could be sent to")) {
                try await bench.engine.redeliver(event: event.id, call: bench.call())
            }
            await #expect(throws: Problem(.notFound, "there is no event of that id")) {
                try await bench.engine.redeliver(event: event.id, call: bench.call(app: "blog"))
            }
        }
    }
}
