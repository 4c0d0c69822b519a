package import Resilience

/// Where payments are kept. All state of payments goes through it, and nothing else may assume that memory is all there
/// is: that is why it is asynchronous.
package protocol PaymentStore: Sendable {
    /// Adds a record. False where there is no room: open payments never make any.
    func insert(_ record: PaymentRecord) async -> Bool

    /// Drops a record, a create after which nothing was charged anywhere, if the condition still holds; else false. Nobody
    /// can come between the question and the dropping.
    @discardableResult
    func remove(_ id: String, if condition: (PaymentRecord) -> Bool) async -> Bool

    /// The record of a payment.
    func record(_ id: String) async -> PaymentRecord?

    /// Whether any payment that is kept was ever given to that provider: it has a reference there, ours or the provider's.
    func hasPayments(at provider: String) async -> Bool

    /// The payment that an idempotency key belongs to.
    func record(key: KeyDigest) async -> PaymentRecord?

    /// The id of the payment that a reference names, ours or the provider's (`PaymentRecord.name`).
    func id(ofReference name: String) async -> String?

    /// Makes a reference name a payment, unless it names another one: then false. References that a record learns in
    /// `update` name it from then on too, those that name another payment excepted.
    func claim(reference name: String, for id: String) async -> Bool

    /// Changes a record in one step that nobody can come between; nil where there is none. The events of the change (its first
    /// sight, another status, a review, a further refund) are made in the same step.
    func update<Result: Sendable>(_ id: String, _ change: (inout PaymentRecord) -> Result) async -> Result?

    /// Visible payments, newest first. Throws a problem at `/cursor` for one that was not made here.
    func page(_ query: PaymentQuery) async throws(Problem) -> PaymentPage

    /// Keeps a callback that matches no payment, the same event once. False where there is no room.
    func keep(_ orphan: OrphanCallback) async -> Bool

    /// Takes out the kept callbacks that name one of the references, oldest first.
    func takeOrphans(naming names: [String]) async -> [OrphanCallback]

    /// The kept callbacks: those that tell of money first, newest first.
    func orphans(limit: Int) async -> [OrphanCallback]

    /// How much there is. Asked often: nothing is counted for it.
    func figures() async -> StoreFigures

    /// What an operator looks at first: at most `most` of each.
    func outline(most: Int) async -> StoreOutline

    /// Events whose delivery has failed, the last failure first; of one app, or of all. Throws a problem at `/cursor` for one
    /// that was not made here.
    func failedEvents(app: String?, limit: Int, cursor: String?) async throws(Problem) -> EventPage

    /// An event, by its id.
    func event(_ id: String) async -> Event?

    /// The oldest event of a payment whose delivery is pending: the one that goes out next.
    func pendingEvent(ofPayment id: String) async -> Event?

    /// Changes the delivery of an event in one step that nobody can come between; nil where there is none.
    @discardableResult
    func updateDelivery<Result: Sendable>(
        _ event: String, _ change: (inout EventDelivery) -> Result
    ) async -> Result?

    /// Events of an app, newest first. Throws a problem at `/cursor` for one that was not made here.
    func events(_ query: EventQuery) async throws(Problem) -> EventPage
}
