@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Synchronization
import Testing

/// What the store keeps has bounds, and no event goes unseen where one is reached.
struct StoreBoundsTests {
    private static let now = VirtualEnvironment.calendarStart

    /// A store of apps that have webhooks, and what it reported.
    private final class Reports: Sendable {
        private let reported = Mutex<[String]>([])
        var all: [String] { reported.withLock { $0 } }

        func store(max: Int = 100, events: Int = 1000) -> MemoryPaymentStore {
            MemoryPaymentStore(
                environment: VirtualEnvironment(seed: 1), limits: { (max, .seconds(30 * 86_400)) },
                bounds: {
                    var limits = ServerLimits()
                    limits.eventsQueued = events
                    return limits
                },
                newDelivery: { _ in .pending(since: .now) },
                onUnsent: { event in self.reported.withLock { $0.append("\(event.app) \(event.event) \(event.reason)") }
                })
        }
    }

    /// Adds a payment that the app sees, which is one event.
    private static func add(_ number: UInt8, app: String, to store: MemoryPaymentStore) async {
        let request = PaymentRequest(
            money: Money(minorUnits: 10_000, currency: .kes),
            instrument: .mobileMoney(phone: "+254712345678", network: "mpesa"), reference: "order-1")
        let key = KeyDigest(bytes: [UInt8](repeating: number, count: 32))
        let payment = Payment(id: "pay_\(number)", app: app, request: request, route: nil, at: now)
        #expect(
            await store.insert(
                PaymentRecord(payment: payment, key: key, fingerprint: key, requestID: "r", returnURL: nil)))
        await store.update(payment.id) { record in
            record.isVisible = true
            record.isBusy = false
            _ = record.payment.observe(Observation(provider: "a", state: .captured), at: now)
        }
    }

    private static func refund(_ amount: Int64, of record: inout PaymentRecord) {
        record.payment.begin(
            OpenOperation(type: .refund, amount: amount, since: now),
            refund: Refund(id: "re_1", amount: amount, status: .unknown, reason: nil, createdAt: now), at: now)
        record.payment.completeOperation(at: now)
    }

    private static func delivery(_ event: String, in store: MemoryPaymentStore) async throws -> String {
        let delivery = try #require(await store.event(event)).delivery
        return [delivery.status.rawValue, delivery.lastError].compactMap { $0 }.joined(separator: " ")
    }

    @Test("an event beyond those that may wait has failed, and is there to be sent again; no app has more than half")
    func eventsQueued() async throws {
        let reports = Reports()
        let store = reports.store(events: 4)
        for number: UInt8 in 1...3 { await Self.add(number, app: "shop", to: store) }
        for number: UInt8 in 4...5 { await Self.add(number, app: "blog", to: store) }
        #expect(try await Self.delivery("evt_2_1", in: store) == "pending")
        #expect(try await Self.delivery("evt_3_1", in: store) == "failed queue_full")
        #expect(try await Self.delivery("evt_5_1", in: store) == "pending")
        #expect(reports.all == ["shop evt_3_1 queue_full"])

        await store.updateDelivery("evt_1_1") { $0.giveUp(EventDelivery.gone) }
        await Self.add(6, app: "shop", to: store)
        #expect(try await Self.delivery("evt_6_1", in: store) == "pending")
        // By hand it is sent all the same, and makes no room that is not there.
        await store.updateDelivery("evt_3_1") { $0.restart(at: .now) }
        #expect(try await Self.delivery("evt_3_1", in: store) == "pending")
        await store.updateDelivery("evt_6_1") { $0.giveUp(EventDelivery.gone) }
        await Self.add(7, app: "shop", to: store)
        #expect(try await Self.delivery("evt_7_1", in: store) == "failed queue_full")
        #expect(reports.all == ["shop evt_3_1 queue_full", "shop evt_7_1 queue_full"])
    }

    @Test("of one payment's events that all wait the oldest has failed before it goes")
    func eventsOfOnePayment() async throws {
        let reports = Reports()
        let store = reports.store()
        await Self.add(1, app: "shop", to: store)
        for _ in 1...99 { await store.update("pay_1") { Self.refund(1, of: &$0) } }
        #expect(reports.all.isEmpty)
        await store.update("pay_1") { Self.refund(1, of: &$0) }
        #expect(reports.all == ["shop evt_1_1 queue_full"])
        #expect(try await Self.delivery("evt_1_1", in: store) == "failed queue_full")
        #expect(await store.pendingEvent(ofPayment: "pay_1")?.number == 2)
        for _ in 1...20 { await store.update("pay_1") { Self.refund(1, of: &$0) } }
        #expect(await store.event("evt_1_20") == nil)
        #expect(try await Self.delivery("evt_1_21", in: store) == "failed queue_full")
        #expect(await store.pendingEvent(ofPayment: "pay_1")?.number == 22)
        var query = EventQuery(app: "shop")
        query.limit = 1000
        #expect(try await store.events(query).events.count == 101)
        #expect(reports.all == (1...21).map { "shop evt_1_\($0) queue_full" })
    }

    @Test("an event that goes with its payment while it waits is reported")
    func dropped() async throws {
        let reports = Reports()
        let store = reports.store(max: 1, events: 2)
        for number: UInt8 in 1...4 { await Self.add(number, app: "shop", to: store) }
        #expect(reports.all == (1...3).map { "shop evt_\($0)_1 dropped" })
        #expect(try await Self.delivery("evt_4_1", in: store) == "pending")
    }

    @Test("a payment learns a bounded number of references that are not ours")
    func references() async throws {
        let store = Reports().store()
        await Self.add(1, app: "shop", to: store)
        let provider = ProviderConfiguration(
            name: "a", plugin: "scripted", adapter: PlainAdapter(.once), baseURL: "https://a.example")
        await store.update("pay_1") { $0.give(reference: "OURS", at: provider) }
        var claimed = 0
        for number in 1...100 where await store.claim(reference: "a/T\(number)", for: "pay_1") { claimed += 1 }
        #expect(claimed == PaymentRecord.mostReferences - 1)
        // What it knows it still knows, and our own are never refused.
        #expect(await store.claim(reference: "a/T1", for: "pay_1"))
        await store.update("pay_1") { $0.give(reference: "NEXT", at: provider) }
        #expect(await store.id(ofReference: "a/NEXT") == "pay_1")
    }
}
