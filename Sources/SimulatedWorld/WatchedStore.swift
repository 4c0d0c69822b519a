import PaymentEngine
import PaymentModel
import Resilience

/// The engine's store, with the oracle looking at every change. It suspends before and after each step, as a durable one would:
/// in a shuffled simulation anything may come between two of them.
struct WatchedStore: PaymentStore {
    let store: any PaymentStore
    let oracle: Oracle
    /// Whether it suspends.
    let takesTime: Bool

    private func step<Result>(_ body: () async -> Result) async -> Result {
        if takesTime { await Task.yield() }
        let result = await body()
        if takesTime { await Task.yield() }
        return result
    }

    func insert(_ record: PaymentRecord) async -> Bool { await step { await store.insert(record) } }

    func remove(_ id: String, if condition: (PaymentRecord) -> Bool) async -> Bool {
        await step { await store.remove(id, if: condition) }
    }

    func record(_ id: String) async -> PaymentRecord? { await step { await store.record(id) } }

    func record(key: KeyDigest) async -> PaymentRecord? { await step { await store.record(key: key) } }

    func id(ofReference name: String) async -> String? { await step { await store.id(ofReference: name) } }

    func claim(reference name: String, for id: String) async -> Bool {
        await step { await store.claim(reference: name, for: id) }
    }

    func update<Result: Sendable>(_ id: String, _ change: (inout PaymentRecord) -> Result) async -> Result? {
        await step {
            await store.update(id) { record in
                let before = record.payment
                let result = change(&record)
                oracle.changed(before, record.payment)
                return result
            }
        }
    }

    func hasPayments(at provider: String) async -> Bool { await step { await store.hasPayments(at: provider) } }

    func page(_ query: PaymentQuery) async throws(Problem) -> PaymentPage { try await store.page(query) }

    func keep(_ orphan: OrphanCallback) async -> Bool { await step { await store.keep(orphan) } }

    func takeOrphans(naming names: [String]) async -> [OrphanCallback] {
        await step { await store.takeOrphans(naming: names) }
    }

    func orphans(limit: Int) async -> [OrphanCallback] { await store.orphans(limit: limit) }

    func figures() async -> StoreFigures { await store.figures() }

    func outline(most: Int) async -> StoreOutline { await store.outline(most: most) }

    func failedEvents(app: String?, limit: Int, cursor: String?) async throws(Problem) -> EventPage {
        try await store.failedEvents(app: app, limit: limit, cursor: cursor)
    }

    func event(_ id: String) async -> Event? { await step { await store.event(id) } }

    func pendingEvent(ofPayment id: String) async -> Event? { await step { await store.pendingEvent(ofPayment: id) } }

    func updateDelivery<Result: Sendable>(
        _ event: String, _ change: (inout EventDelivery) -> Result
    ) async -> Result? {
        await step { await store.updateDelivery(event, change) }
    }

    func events(_ query: EventQuery) async throws(Problem) -> EventPage { try await store.events(query) }
}
