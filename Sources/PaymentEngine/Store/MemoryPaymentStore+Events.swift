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

    /// Kept for one payment; refunds can make any number. Beyond it the oldest that is not waiting goes, else the oldest.
    static let mostEventsOfPayment = 100

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
    ///   - delivery: How the delivery of an event of an app begins.
    ///   - clock: The calendar; read only where there is an event.
    mutating func addEvents(
        of place: MemoryPaymentStore.Place, since before: MemoryPaymentStore.EventMark,
        delivery: (String) -> EventDelivery, clock: () -> Timestamp
    ) -> Bool {
        let (moved, flagged) = before.events(until: MemoryPaymentStore.EventMark(place))
        guard moved != nil || flagged != nil else { return false }
        let now = clock()
        let start = delivery(place.record.payment.app)
        for kind in [moved, flagged] {
            if let kind { add(kind, of: place, at: now, delivery: start) }
        }
        return start.status == .pending
    }

    private mutating func add(
        _ kind: Event.Kind, of place: MemoryPaymentStore.Place, at now: Timestamp, delivery: EventDelivery
    ) {
        let payment = place.record.payment
        place.lastEvent += 1
        let event = Event(kind, number: place.lastEvent, of: payment, at: now, delivery: delivery)
        var dropped = 0
        if place.events.count == MemoryPaymentStore.mostEventsOfPayment {
            place.events.remove(at: place.events.firstIndex { $0.event.delivery.status != .pending } ?? 0)
            dropped = 1
        }
        place.events.append(MemoryPaymentStore.EventPlace(event, sequence: nextEventSequence))
        eventLists[payment.app, default: .init()].entries.append((nextEventSequence, payment.id, event.number))
        eventLists[payment.app]?.live += 1 - dropped
        nextEventSequence += 1
        if dropped > 0 { sweepEvents(of: payment.app) }
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

    /// Takes note that so many events of an app are gone.
    mutating func dropped(_ count: Int, eventsOf app: String) {
        guard count > 0 else { return }
        eventLists[app]?.live -= count
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
