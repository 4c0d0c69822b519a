import DequeModule
import PaymentModel
package import Resilience
import Synchronization

/// Payments in memory, bounded: the oldest settled ones make room, open ones never (contract §2, §11).
package final class MemoryPaymentStore: PaymentStore {
    /// A class, so that a record stays where it is: it is large, and a table of records themselves would copy one at every
    /// look, move all of them when it grows, and keep room for as many again. Used under the lock alone.
    final class Place {
        var record: PaymentRecord
        /// Oldest first.
        var events: [EventPlace] = []
        /// The number of the last one that was made.
        var lastEvent = 0
        /// Rises with each insertion: the order of lists, and their cursors.
        let sequence: UInt64

        init(record: PaymentRecord, sequence: UInt64) {
            self.record = record
            self.sequence = sequence
        }
    }

    struct State {
        var places: [String: Place] = [:]
        var byKey: [KeyDigest: String] = [:]
        var byReference: [String: String] = [:]
        /// How many references of payments there are, by provider.
        var referencesAt: [String: Int] = [:]
        /// Oldest first, by app and over all (""); what was dropped is skipped and swept when it is half of a list.
        var lists: [String: Deque<(sequence: UInt64, id: String)>] = [:]
        /// In the order in which they settled. One that opened again is skipped when its turn comes.
        var settled: Deque<String> = []
        var orphans = OrphanTable()
        var nextSequence: UInt64 = 1
        var unknown = 0
        var underReview = 0
        /// By app.
        var eventLists: [String: EventList] = [:]
        var nextEventSequence: UInt64 = 1
        var eventQueue = EventQueue()
        /// The ids of payments in the order in which they came to need a person's attention; some need it no more.
        var attention: Deque<String> = []
        var failures = FailureList()
        /// What is to be reported once the lock is free.
        var unsent: [Unsent] = []
    }

    let state = Mutex(State())
    private let limits: @Sendable () -> (maxPayments: Int, retention: Duration)
    private let bounds: @Sendable () -> ServerLimits
    private let environment: any EngineEnvironment
    private let newDelivery: @Sendable (_ app: String) -> EventDelivery
    private let onEvent: @Sendable (_ payment: String, _ app: String) -> Void
    private let onUnsent: @Sendable (Unsent) -> Void

    /// A store whose limits are asked for at each insertion, so that a reload changes them.
    ///
    /// - Parameters:
    ///   - bounds: How many events may wait, and how many callbacks be kept that match no payment.
    ///   - newDelivery: How the delivery of an app's event begins. Called under the store's lock.
    ///   - onEvent: Called after a payment got an event that is to be delivered.
    ///   - onUnsent: Called after an event has failed without an attempt, or went while it waited.
    init(
        environment: any EngineEnvironment,
        limits: @escaping @Sendable () -> (maxPayments: Int, retention: Duration),
        bounds: @escaping @Sendable () -> ServerLimits = { ServerLimits() },
        newDelivery: @escaping @Sendable (_ app: String) -> EventDelivery = { _ in .none },
        onEvent: @escaping @Sendable (_ payment: String, _ app: String) -> Void = { _, _ in },
        onUnsent: @escaping @Sendable (Unsent) -> Void = { _ in }
    ) {
        self.environment = environment
        self.limits = limits
        self.bounds = bounds
        self.newDelivery = newDelivery
        self.onEvent = onEvent
        self.onUnsent = onUnsent
    }

    package func insert(_ record: PaymentRecord) async -> Bool {
        let (most, retention) = limits()
        let oldest = environment.wallClock.advanced(by: .zero - retention)
        let (isKept, unsent) = state.withLock { state -> (Bool, [Unsent]) in
            state.makeRoom(below: most, olderThan: oldest)
            guard state.places.count < most else { return (false, state.takeUnsent()) }
            let id = record.payment.id
            state.places[id] = Place(record: record, sequence: state.nextSequence)
            state.byKey[record.key] = id
            state.index(record.references[...], of: id)
            for list in [record.payment.app, ""] { state.lists[list, default: []].append((state.nextSequence, id)) }
            state.nextSequence += 1
            state.count(record, 1)
            return (true, state.takeUnsent())
        }
        unsent.forEach(onUnsent)
        return isKept
    }

    package func remove(_ id: String, if condition: (PaymentRecord) -> Bool) async -> Bool {
        let unsent = state.withLock { state -> [Unsent]? in
            guard let record = state.places[id]?.record, condition(record) else { return nil }
            state.drop(id)
            return state.takeUnsent()
        }
        unsent?.forEach(onUnsent)
        return unsent != nil
    }

    package func claim(reference name: String, for id: String) async -> Bool {
        state.withLock { state in
            guard let place = state.places[id] else { return false }
            if let owner = state.byReference[name] { return owner == id }
            guard place.record.hasRoomForReference else { return false }
            state.index([name], of: id)
            state.places[id]?.record.references.append(name)
            return true
        }
    }

    package func record(_ id: String) async -> PaymentRecord? {
        state.withLock { $0.places[id]?.record }
    }

    package func hasPayments(at provider: String) async -> Bool {
        state.withLock { $0.referencesAt[provider] != nil }
    }

    package func record(key: KeyDigest) async -> PaymentRecord? {
        state.withLock { state in state.byKey[key].flatMap { state.places[$0]?.record } }
    }

    package func id(ofReference name: String) async -> String? {
        state.withLock { $0.byReference[name] }
    }

    package func update<Result: Sendable>(_ id: String, _ change: (inout PaymentRecord) -> Result) async -> Result? {
        let (result, app, unsent) = state.withLock { state -> (Result?, String?, [Unsent]) in
            guard let place = state.places[id] else { return (nil, nil, []) }
            state.count(place.record, -1)
            let mark = EventMark(place)
            let wasSettled = place.record.isSettled
            let neededAttention = place.record.needsAttention
            let known = place.record.references.count
            let result = change(&place.record)
            state.index(place.record.references.dropFirst(known), of: id)
            if !wasSettled, place.record.isSettled { state.settled.append(id) }
            state.count(place.record, 1)
            if !neededAttention, place.record.needsAttention { state.noteAttention(id) }
            let isToBeDelivered = state.addEvents(
                of: place, since: mark, mostWaiting: { bounds().eventsQueued }, delivery: newDelivery,
                clock: { environment.wallClock })
            return (result, isToBeDelivered ? place.record.payment.app : nil, state.takeUnsent())
        }
        unsent.forEach(onUnsent)
        if let app { onEvent(id, app) }
        return result
    }

    package func page(_ query: PaymentQuery) async throws(Problem) -> PaymentPage {
        let page = state.withLock { state -> PaymentPage? in
            var before = UInt64.max
            if let cursor = query.cursor {
                // The last payment of the page before: a count would tell an app how many payments others make.
                guard let place = state.places[cursor], place.record.isVisible,
                    query.app == nil || place.record.payment.app == query.app
                else { return nil }
                before = place.sequence
            }
            guard let list = state.lists[query.app ?? ""] else { return PaymentPage(payments: [], nextCursor: nil) }
            var payments: [Payment] = []
            var index = list.partitioningIndex { $0.sequence >= before }
            while index > 0 {
                index -= 1
                guard let place = state.places[list[index].id], place.record.isVisible,
                    query.matches(place.record.payment)
                else { continue }
                if payments.count == query.limit {
                    return PaymentPage(payments: payments, nextCursor: payments.last?.id)
                }
                payments.append(place.record.payment)
            }
            return PaymentPage(payments: payments, nextCursor: nil)
        }
        guard let page else { throw .field("/cursor", "must be the next_cursor of an earlier answer") }
        return page
    }

    package func keep(_ orphan: OrphanCallback) async -> Bool {
        let oldest = environment.wallClock.advanced(by: .zero - limits().retention)
        let most = bounds().orphans
        return state.withLock { $0.orphans.keep(orphan, most: most, droppingOlderThan: oldest) }
    }

    package func takeOrphans(naming names: [String]) async -> [OrphanCallback] {
        state.withLock { $0.orphans.take(naming: names) }
    }

    package func orphans(limit: Int) async -> [OrphanCallback] {
        state.withLock { $0.orphans.newest(limit) }
    }

    package func figures() async -> StoreFigures {
        state.withLock { state in
            StoreFigures(
                payments: state.places.count, unknown: state.unknown, underReview: state.underReview,
                orphans: state.orphans.orphans.count, eventsWaiting: state.eventQueue.count)
        }
    }
}

extension MemoryPaymentStore.State {
    mutating func makeRoom(below most: Int, olderThan oldest: Timestamp) {
        while let id = settled.first {
            if let record = places[id]?.record, record.isSettled {
                guard places.count >= most || record.payment.createdAt < oldest else { return }
                drop(id)
            }
            settled.removeFirst()
        }
    }

    mutating func drop(_ id: String) {
        guard let place = places.removeValue(forKey: id) else { return }
        let record = place.record
        count(record, -1)
        if byKey[record.key] == id { byKey[record.key] = nil }
        for name in record.references {
            if byReference[name] == id { byReference[name] = nil }
            count(referenceOf: PaymentRecord.provider(ofName: name), -1)
        }
        for name in [record.payment.app, ""] { sweep(name) }
        dropped(place.events, of: record.payment.app)
    }

    /// Makes references name a payment, as far as they name no other one.
    mutating func index(_ names: ArraySlice<String>, of id: String) {
        for name in names {
            if byReference[name] == nil { byReference[name] = id }
            count(referenceOf: PaymentRecord.provider(ofName: name), 1)
        }
    }

    private mutating func count(referenceOf provider: String, _ step: Int) {
        let count = referencesAt[provider, default: 0] + step
        referencesAt[provider] = count > 0 ? count : nil
    }

    mutating func count(_ record: PaymentRecord, _ step: Int) {
        guard record.isVisible else { return }
        if record.payment.status == .unknown { unknown += step }
        if record.payment.review != nil { underReview += step }
    }

    /// Takes dropped ids off the front of a list, where most of them are, and out of all of it when they are half.
    private mutating func sweep(_ name: String) {
        guard var list = lists.removeValue(forKey: name) else { return }
        while let first = list.first, places[first.id] == nil { list.removeFirst() }
        // A list of one app is at most as long as the store; twice that many entries means half are gone.
        if list.count > 1024, list.count > 2 * places.count { list.removeAll { places[$0.id] == nil } }
        if !list.isEmpty { lists[name] = list }
    }
}

extension PaymentQuery {
    func matches(_ payment: Payment) -> Bool {
        (status == nil || payment.status == status)
            && (reference == nil || payment.reference == reference)
            && (provider == nil || payment.provider == provider)
            && (createdFrom.map { payment.createdAt >= $0 } ?? true)
            && (createdTo.map { payment.createdAt < $0 } ?? true)
    }
}

extension Deque {
    /// The first index at which `belongsAfter` holds, given that it holds from some index on.
    func partitioningIndex(where belongsAfter: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongsAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
