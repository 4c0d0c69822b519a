import DequeModule
import PaymentModel
import Synchronization

// Events live with the payment that they tell of, and go with it. They are made in the step that changes it, so that
// none is missed, none is made twice, and their order is that of the changes.

extension MemoryPaymentStore {
    /// An event where it is kept. A class for the reason that `Place` is one; used under the store's lock alone.
    final class EventPlace {
        var event: Event
        /// Rises with each event: the order of lists, and their cursors.
        let sequence: UInt64
        /// The number of its last failure among all; 0 before any.
        var failure: UInt64 = 0

        init(_ event: Event, sequence: UInt64) {
            self.event = event
            self.sequence = sequence
        }
    }

    /// The events of one app, oldest first. What was dropped is skipped, and swept when it is half of the list.
    struct EventList {
        var entries: Deque<(sequence: UInt64, payment: String, number: Int)> = []
        var live = 0
    }

    /// What of a record tells whether a change of it is an event.
    struct EventMark {
        private let isVisible: Bool
        private let status: PaymentStatus
        private let refunded: Int64
        private let review: Review.Reason?

        /// Takes the place and not the record, which it would copy.
        init(_ place: Place) {
            isVisible = place.record.isVisible
            status = place.record.payment.status
            refunded = place.record.payment.amountRefunded
            review = place.record.payment.review?.reason
        }

        /// The events of the change from this to `after`: the state's first, then the review's.
        ///
        /// The first is when the app may see the payment. A further refund that leaves it `partially_refunded` is an event as well:
        /// money moved. Another reason of a review is another review.
        func events(until after: EventMark) -> (state: Event.Kind?, review: Event.Kind?) {
            guard after.isVisible else { return (nil, nil) }
            let moved = !isVisible || status != after.status || refunded < after.refunded
            let flagged = after.review != nil && (!isVisible || review != after.review)
            return (moved ? .state(after.status) : nil, flagged ? .needsReview : nil)
        }
    }

    /// Kept for one payment; refunds can make any number. Beyond it the oldest that is not waiting goes. Where all of them wait, the
    /// oldest has failed, is seen as such beside them, and is the next to go.
    static let mostEventsOfPayment = 100

    /// An event that is not delivered, and the app does not learn it from the webhook: an operator has to.
    struct Unsent: Sendable {
        let event: String
        let app: String
        /// `queue_full`, or `dropped` with the payment that made room.
        let reason: String
    }

    /// The events that wait for their delivery.
    struct EventQueue {
        private(set) var count = 0
        private var ofApp: [String: Int] = [:]

        /// Whether another one of that app may wait. No app has more than half of the room, so that one whose address is down
        /// takes it from nobody.
        func hasRoom(for app: String, below most: Int) -> Bool {
            count < most && ofApp[app, default: 0] < max(1, most / 2)
        }

        mutating func add(_ step: Int, of app: String) {
            guard step != 0 else { return }
            count += step
            let left = ofApp[app, default: 0] + step
            ofApp[app] = left > 0 ? left : nil
        }
    }

    package func event(_ id: String) async -> Event? {
        state.withLock { $0.eventPlace(id)?.event }
    }

    package func pendingEvent(ofPayment id: String) async -> Event? {
        state.withLock { $0.places[id]?.events.first { $0.event.delivery.status == .pending }?.event }
    }

    package func updateDelivery<Result: Sendable>(
        _ event: String, _ change: (inout EventDelivery) -> Result
    ) async -> Result? {
        state.withLock { state in
            guard let place = state.eventPlace(event) else { return nil }
            let wasPending = place.event.isPending
            let hadFailed = place.event.hasFailed
            defer {
                let step = (place.event.isPending ? 1 : 0) - (wasPending ? 1 : 0)
                state.eventQueue.add(step, of: place.event.payment.app)
                if hadFailed != place.event.hasFailed { state.noteFailure(place) }
            }
            return change(&place.event.delivery)
        }
    }

    package func events(_ query: EventQuery) async throws(Problem) -> EventPage {
        guard let page = state.withLock({ $0.page(query) }) else {
            throw .field("/cursor", "must be the next_cursor of an earlier answer")
        }
        return page
    }
}

extension MemoryPaymentStore.State {
    /// Makes the events of a change. True where one of them is to be delivered.
    ///
    /// - Parameters:
    ///   - mostWaiting: So many events may wait for their delivery; another one has failed at once.
    ///   - delivery: How the delivery of an event of an app begins.
    ///   - clock: The calendar; read only where there is an event.
    mutating func addEvents(
        of place: MemoryPaymentStore.Place, since before: MemoryPaymentStore.EventMark,
        mostWaiting: () -> Int, delivery: (String) -> EventDelivery, clock: () -> Timestamp
    ) -> Bool {
        let (moved, flagged) = before.events(until: MemoryPaymentStore.EventMark(place))
        guard moved != nil || flagged != nil else { return false }
        let now = clock()
        let start = delivery(place.record.payment.app)
        let most = mostWaiting()
        var isToBeDelivered = false
        for kind in [moved, flagged] {
            if let kind, add(kind, of: place, at: now, delivery: start, mostWaiting: most) { isToBeDelivered = true }
        }
        return isToBeDelivered
    }

    private mutating func add(
        _ kind: Event.Kind, of place: MemoryPaymentStore.Place, at now: Timestamp, delivery: EventDelivery,
        mostWaiting: Int
    ) -> Bool {
        let payment = place.record.payment
        place.lastEvent += 1
        var event = Event(
            kind, number: place.lastEvent, of: payment, at: now, delivery: delivery, trace: place.record.trace)
        var dropped = 0
        let most = MemoryPaymentStore.mostEventsOfPayment
        if place.events.count >= most, let index = place.events.firstIndex(where: { !$0.event.isPending }) {
            failures.drop(place.events.remove(at: index))
            dropped = 1
        }
        if place.events.count >= most {
            fail(&place.events[0].event)
            noteFailure(place.events[0])
            eventQueue.add(-1, of: payment.app)
        }
        if event.isPending {
            if eventQueue.hasRoom(for: payment.app, below: mostWaiting) {
                eventQueue.add(1, of: payment.app)
            } else {
                fail(&event)
            }
        }
        let eventPlace = MemoryPaymentStore.EventPlace(event, sequence: nextEventSequence)
        place.events.append(eventPlace)
        if event.hasFailed { noteFailure(eventPlace) }
        eventLists[payment.app, default: .init()].entries.append((nextEventSequence, payment.id, event.number))
        eventLists[payment.app]?.live += 1 - dropped
        nextEventSequence += 1
        if dropped > 0 { sweepEvents(of: payment.app) }
        return event.isPending
    }

    private mutating func fail(_ event: inout Event) {
        event.delivery.giveUp(EventDelivery.queueFull)
        unsent.append(.init(event: event.id, app: event.payment.app, reason: EventDelivery.queueFull))
    }

    func eventPlace(_ id: String) -> MemoryPaymentStore.EventPlace? {
        Event.parts(ofID: id).flatMap { eventPlace(payment: $0.payment, number: $0.number) }
    }

    private func eventPlace(payment: String, number: Int) -> MemoryPaymentStore.EventPlace? {
        places[payment]?.events.last { $0.event.number == number }
    }

    /// Nil for a cursor that no page gave.
    func page(_ query: EventQuery) -> EventPage? {
        var before = UInt64.max
        if let cursor = query.cursor {
            guard let place = eventPlace(cursor), place.event.payment.app == query.app else { return nil }
            before = place.sequence
        }
        var page: [Event] = []
        /// False once there is one more than the page holds.
        func take(_ place: MemoryPaymentStore.EventPlace) -> Bool {
            guard place.sequence < before, query.kind == nil || query.kind == place.event.kind else { return true }
            guard page.count < query.limit else { return false }
            page.append(place.event)
            return true
        }
        var isWhole = true
        if let payment = query.payment {
            if let place = places[payment], place.record.payment.app == query.app {
                isWhole = place.events.reversed().allSatisfy(take)
            }
        } else if let list = eventLists[query.app]?.entries {
            isWhole = list[..<list.partitioningIndex { $0.sequence >= before }].reversed().allSatisfy { entry in
                eventPlace(payment: entry.payment, number: entry.number).map(take) ?? true
            }
        }
        return EventPage(events: page, nextCursor: isWhole ? nil : page.last?.id)
    }

    mutating func takeUnsent() -> [MemoryPaymentStore.Unsent] {
        guard !unsent.isEmpty else { return [] }
        defer { unsent = [] }
        return unsent
    }

    /// Takes note that a payment's events are gone with it.
    mutating func dropped(_ events: [MemoryPaymentStore.EventPlace], of app: String) {
        guard !events.isEmpty else { return }
        for place in events { failures.drop(place) }
        for place in events where place.event.isPending {
            eventQueue.add(-1, of: app)
            unsent.append(.init(event: place.event.id, app: app, reason: "dropped"))
        }
        eventLists[app]?.live -= events.count
        sweepEvents(of: app)
    }

    private mutating func sweepEvents(of app: String) {
        guard var list = eventLists.removeValue(forKey: app) else { return }
        while let first = list.entries.first, eventPlace(payment: first.payment, number: first.number) == nil {
            list.entries.removeFirst()
        }
        if list.entries.count > 1024, list.entries.count > 2 * list.live {
            list.entries.removeAll { eventPlace(payment: $0.payment, number: $0.number) == nil }
        }
        if !list.entries.isEmpty { eventLists[app] = list }
    }
}

extension Event {
    /// Whether it waits for its delivery.
    fileprivate var isPending: Bool { delivery.status == .pending }

    /// Whether no attempt at its delivery follows.
    var hasFailed: Bool { delivery.status == .failed }
}
