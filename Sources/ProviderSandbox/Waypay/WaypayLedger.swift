/// A merchant's sessions: a value, mutated under the provider's lock.
struct WaypayLedger: Sendable {
    private let capacity: Int
    private var sessions: [String: WaypaySession] = [:]
    /// Session ids by the merchant's reference. A reference is never free again, whatever became of its session
    /// (`waypay.md`, open question 7).
    private var byReference: [String: String] = [:]
    /// Session ids by the transaction's reference.
    private var byTransaction: [String: String] = [:]
    /// Session ids, oldest first.
    private var order = FIFO<String>()
    /// All sessions live equally long, so that the oldest is the first to expire.
    private var expiring = FIFO<(expires: ContinuousClock.Instant, id: String)>()

    init(capacity: Int) {
        self.capacity = capacity
    }

    func isUsed(reference: String) -> Bool { byReference[reference] != nil }

    /// Takes a session whose reference has not been used. The oldest makes room.
    mutating func open(_ session: WaypaySession) {
        precondition(!isUsed(reference: session.order.reference), "a reference is used once")
        if order.count >= capacity, let oldest = order.popFirst(), let gone = sessions.removeValue(forKey: oldest) {
            byReference[gone.order.reference] = nil
            if let transaction = gone.transaction { byTransaction[transaction.reference] = nil }
        }
        sessions[session.id] = session
        byReference[session.order.reference] = session.id
        order.append(session.id)
        expiring.append((session.expires.instant, session.id))
    }

    func session(_ id: String) -> WaypaySession? { sessions[id] }

    /// By payment intent, the merchant's reference, or the transaction's.
    func session(identifier: String) -> WaypaySession? {
        sessions[identifier] ?? (byReference[identifier] ?? byTransaction[identifier]).flatMap { sessions[$0] }
    }

    mutating func update(_ session: WaypaySession) {
        precondition(sessions[session.id] != nil, "only what was opened changes")
        sessions[session.id] = session
        if let transaction = session.transaction { byTransaction[transaction.reference] = session.id }
    }

    /// The next pending session whose time is over; each is named once.
    mutating func nextExpired(at now: ContinuousClock.Instant) -> WaypaySession? {
        while let first = expiring.first, first.expires <= now {
            _ = expiring.popFirst()
            if let session = sessions[first.id], session.status == .pending { return session }
        }
        return nil
    }

    /// Those that were paid, in the order in which they were opened.
    var paid: [WaypaySession] { order.all.compactMap { sessions[$0] }.filter { $0.status == .completed } }
}
