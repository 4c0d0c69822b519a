import PaymentEngine
import PaymentModel
import Resilience

/// A store that suspends before and after each step, as a durable one would: in a shuffled simulation anything may come
/// between two of them.
struct SlowStore: PaymentStore {
    let store: any PaymentStore

    func insert(_ record: PaymentRecord) async -> Bool {
        await Task.yield()
        let result = await store.insert(record)
        await Task.yield()
        return result
    }

    func remove(_ id: String, if condition: (PaymentRecord) -> Bool) async -> Bool {
        await Task.yield()
        let result = await store.remove(id, if: condition)
        await Task.yield()
        return result
    }

    func record(_ id: String) async -> PaymentRecord? {
        await Task.yield()
        let result = await store.record(id)
        await Task.yield()
        return result
    }

    func hasPayments(at provider: String) async -> Bool {
        await Task.yield()
        let result = await store.hasPayments(at: provider)
        await Task.yield()
        return result
    }

    func record(key: KeyDigest) async -> PaymentRecord? {
        await Task.yield()
        let result = await store.record(key: key)
        await Task.yield()
        return result
    }

    func id(ofReference name: String) async -> String? {
        await Task.yield()
        let result = await store.id(ofReference: name)
        await Task.yield()
        return result
    }

    func claim(reference name: String, for id: String) async -> Bool {
        await Task.yield()
        let result = await store.claim(reference: name, for: id)
        await Task.yield()
        return result
    }

    func update<Result: Sendable>(_ id: String, _ change: (inout PaymentRecord) -> Result) async -> Result? {
        await Task.yield()
        let result = await store.update(id, change)
        await Task.yield()
        return result
    }

    func page(_ query: PaymentQuery) async throws(Problem) -> PaymentPage {
        await Task.yield()
        return try await store.page(query)
    }

    func keep(_ orphan: OrphanCallback) async -> Bool {
        await Task.yield()
        let result = await store.keep(orphan)
        await Task.yield()
        return result
    }

    func takeOrphans(naming names: [String]) async -> [OrphanCallback] {
        await Task.yield()
        let result = await store.takeOrphans(naming: names)
        await Task.yield()
        return result
    }

    func orphans(limit: Int) async -> [OrphanCallback] { await store.orphans(limit: limit) }

    func figures() async -> StoreFigures { await store.figures() }

    func outline(most: Int) async -> StoreOutline { await store.outline(most: most) }

    func failedEvents(app: String?, limit: Int, cursor: String?) async throws(Problem) -> EventPage {
        try await store.failedEvents(app: app, limit: limit, cursor: cursor)
    }

    func event(_ id: String) async -> Event? {
        await Task.yield()
        let result = await store.event(id)
        await Task.yield()
        return result
    }

    func pendingEvent(ofPayment id: String) async -> Event? {
        await Task.yield()
        let result = await store.pendingEvent(ofPayment: id)
        await Task.yield()
        return result
    }

    func updateDelivery<Result: Sendable>(
        _ event: String, _ change: (inout EventDelivery) -> Result
    ) async -> Result? {
        await Task.yield()
        let result = await store.updateDelivery(event, change)
        await Task.yield()
        return result
    }

    func events(_ query: EventQuery) async throws(Problem) -> EventPage {
        await Task.yield()
        return try await store.events(query)
    }
}
