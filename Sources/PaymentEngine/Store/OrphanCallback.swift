package import PaymentModel
package import ProviderKit

/// A verified callback that matches no payment: kept for a person to see, and for the payment that may turn up.
package struct OrphanCallback: Sendable {
    /// `cb_` and 26 characters.
    package let id: String
    /// The instance that it came from.
    package let provider: String
    package let notice: CallbackNotice
    /// The payment that the token in the address was made for; the notice is of no other one.
    package let vouchedFor: String?
    /// Signed or keyed by the provider; else it is only a reason to ask.
    package let isAuthentic: Bool
    package let receivedAt: Timestamp

    /// The references that it names, as the store indexes them.
    var names: [String] {
        [notice.report.ourReference, notice.report.providerReference, notice.report.checkoutReference]
            .compactMap { $0.map { PaymentRecord.name(provider, $0) } }
    }
}

/// Callbacks that match no payment, bounded: a value, changed under the store's lock.
struct OrphanTable: Sendable {
    /// Oldest first.
    private(set) var orphans: [OrphanCallback] = []
    private var byName: [String: Set<String>] = [:]
    private var events: Set<String> = []

    /// Keeps one; the same event of a provider once. False where there is no room: then the provider sends it again.
    mutating func keep(_ orphan: OrphanCallback, most: Int, droppingOlderThan oldest: Timestamp) -> Bool {
        guard !events.contains(orphan.event) else { return true }
        if orphans.count >= most {
            // What is past retention makes room, and then what tells of no money.
            if let first = orphans.first, first.receivedAt < oldest {
                drop([first.id])
            } else if let least = orphans.first(where: { !$0.notice.report.state.isMoney }) {
                drop([least.id])
            }
        }
        guard orphans.count < most else { return false }
        orphans.append(orphan)
        events.insert(orphan.event)
        for name in orphan.names { byName[name, default: []].insert(orphan.id) }
        return true
    }

    /// At most so many: those that tell of money first, newest first.
    func newest(_ limit: Int) -> [OrphanCallback] {
        let newest = orphans.reversed()
        let money = newest.lazy.filter { $0.notice.report.state.isMoney }.prefix(limit)
        let rest = newest.lazy.filter { !$0.notice.report.state.isMoney }.prefix(limit)
        return Array((Array(money) + Array(rest)).prefix(limit))
    }

    /// Takes out those that name one of the references, oldest first.
    mutating func take(naming names: [String]) -> [OrphanCallback] {
        guard !orphans.isEmpty else { return [] }
        let ids = names.reduce(into: Set<String>()) { $0.formUnion(byName[$1] ?? []) }
        guard !ids.isEmpty else { return [] }
        let taken = orphans.filter { ids.contains($0.id) }
        drop(ids)
        return taken
    }

    private mutating func drop(_ ids: Set<String>) {
        for orphan in orphans where ids.contains(orphan.id) {
            events.remove(orphan.event)
            for name in orphan.names {
                byName[name]?.remove(orphan.id)
                if byName[name]?.isEmpty == true { byName[name] = nil }
            }
        }
        orphans.removeAll { ids.contains($0.id) }
    }
}

extension OrphanCallback {
    /// The event by which a repeated delivery is known: with its money, for another amount is another event.
    fileprivate var event: String {
        PaymentRecord.name(provider, "\(notice.eventID) \(notice.report.money?.description ?? "")")
    }
}
