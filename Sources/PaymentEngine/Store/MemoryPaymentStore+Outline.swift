import DequeModule
import PaymentModel
import ProviderKit
import Synchronization

// What operators look at is found without a look at all that there is: payments and events are put down in lists as they
// come to need somebody. What needs nobody any more is skipped, and swept when it is half of a list.

extension MemoryPaymentStore {
    /// The events that have failed, the last failure last.
    struct FailureList {
        var entries: Deque<(number: UInt64, event: String)> = []
        private(set) var count = 0
        private var last: UInt64 = 0

        mutating func add(_ place: EventPlace) {
            last += 1
            count += 1
            place.failure = last
            entries.append((last, place.event.id))
        }

        /// It was asked for anew.
        mutating func remove() { count -= 1 }

        /// It is gone.
        mutating func drop(_ place: EventPlace) {
            if place.event.hasFailed { count -= 1 }
        }
    }

    package func outline(most: Int) async -> StoreOutline {
        state.withLock { state in
            var outline = StoreOutline()
            (outline.unknown, outline.underReview) = (state.unknown, state.underReview)
            outline.attention = state.attentive(most)
            outline.recent = state.recent(most)
            outline.failedEventCount = state.failures.count
            outline.failedEvents = state.failed(before: nil, app: nil).prefix(most).map(\.event)
            outline.waitingEventCount = state.eventQueue.count
            outline.orphanCount = state.orphans.orphans.count
            outline.orphansOfMoneyCount = state.orphans.orphans.count { $0.notice.report.state.isMoney }
            outline.orphans = state.orphans.newest(most)
            return outline
        }
    }

    package func failedEvents(app: String?, limit: Int, cursor: String?) async throws(Problem) -> EventPage {
        let page = state.withLock { state -> EventPage? in
            var before: UInt64?
            if let cursor {
                // By the last time it failed, be it that it was sent again since.
                guard let place = state.eventPlace(cursor), place.failure > 0,
                    app == nil || place.event.payment.app == app
                else { return nil }
                before = place.failure
            }
            let found = Array(state.failed(before: before, app: app).prefix(limit + 1))
            let events = found.prefix(limit).map(\.event)
            return EventPage(events: events, nextCursor: found.count > limit ? events.last?.id : nil)
        }
        guard let page else { throw .field("/cursor", "must be the next_cursor of an earlier answer") }
        return page
    }
}

extension MemoryPaymentStore.State {
    /// Takes note that a payment has come to need attention.
    mutating func noteAttention(_ id: String) {
        attention.append(id)
        guard attention.count > 1024, attention.count > 2 * (unknown + underReview) else { return }
        var seen: Set<String> = []
        let kept = attention.reversed().filter { id in
            places[id]?.record.needsAttention == true && seen.insert(id).inserted
        }
        attention = Deque(kept.reversed())
    }

    /// Takes note that the delivery of an event has failed, or goes on after it had.
    mutating func noteFailure(_ place: MemoryPaymentStore.EventPlace) {
        guard place.event.hasFailed else { return failures.remove() }
        failures.add(place)
        guard failures.entries.count > 1024, failures.entries.count > 2 * failures.count else { return }
        let kept = failures.entries.filter { entry in
            guard let place = eventPlace(entry.event) else { return false }
            return place.event.hasFailed && place.failure == entry.number
        }
        failures.entries = kept
    }

    /// The last ones that came to need attention, and still do.
    func attentive(_ most: Int) -> [Payment] {
        var seen: Set<String> = []
        var found: [Payment] = []
        for id in attention.reversed() {
            guard found.count < most else { break }
            guard let record = places[id]?.record, record.needsAttention, seen.insert(id).inserted else { continue }
            found.append(record.payment)
        }
        return found
    }

    /// The last ones that their apps have heard of.
    func recent(_ most: Int) -> [Payment] {
        var found: [Payment] = []
        for entry in (lists[""] ?? []).reversed() {
            guard found.count < most else { break }
            guard let record = places[entry.id]?.record, record.isVisible else { continue }
            found.append(record.payment)
        }
        return found
    }

    /// The events that have failed and were not asked for since, the last failure first.
    func failed(
        before number: UInt64?, app: String?
    ) -> some Sequence<MemoryPaymentStore.EventPlace> {
        let entries = failures.entries
        let end = number.map { number in entries.partitioningIndex { $0.number >= number } } ?? entries.count
        return entries[..<end].reversed().lazy.compactMap { entry -> MemoryPaymentStore.EventPlace? in
            guard let place = eventPlace(entry.event), place.event.hasFailed, place.failure == entry.number,
                app == nil || place.event.payment.app == app
            else { return nil }
            return place
        }
    }
}
