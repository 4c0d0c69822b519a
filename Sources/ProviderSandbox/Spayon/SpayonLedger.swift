/// A vendor's sessions and tokens: a value, mutated under the provider's lock.
struct SpayonLedger: Sendable {
    private let capacity: Int
    private var sessions: [String: SpayonSession] = [:]
    /// The newest session of each order: an `order_id` may have many.
    private var newestByOrder: [String: String] = [:]
    /// Session ids, oldest first.
    private var order = FIFO<String>()
    /// All sessions live equally long, so that the oldest is the first to expire.
    private var expiring = FIFO<(expires: ContinuousClock.Instant, id: String)>()
    private var lastTransactionID: Int64 = 160

    private var tokens: [String: ContinuousClock.Instant] = [:]
    /// Tokens, oldest first.
    private var tokenOrder = FIFO<String>()

    /// Live tokens; the oldest make room. No limit is documented, and one is needed.
    static let maxTokens = 10_000

    init(capacity: Int) {
        self.capacity = capacity
    }

    // MARK: Tokens

    /// Adds a token. Those issued before stay valid to their own end (`spayon.md`, open question 13).
    mutating func issue(_ token: String, expires: ContinuousClock.Instant) {
        if tokenOrder.count >= Self.maxTokens, let oldest = tokenOrder.popFirst() { tokens[oldest] = nil }
        tokens[token] = expires
        tokenOrder.append(token)
    }

    func isValid(token: String, at now: ContinuousClock.Instant) -> Bool {
        tokens[token].map { now < $0 } ?? false
    }

    mutating func revokeTokens() {
        tokens = [:]
        tokenOrder = FIFO()
    }

    // MARK: Sessions

    mutating func open(_ session: SpayonSession) {
        if order.count >= capacity, let oldest = order.popFirst(), let gone = sessions.removeValue(forKey: oldest) {
            if newestByOrder[gone.order.orderID] == oldest { newestByOrder[gone.order.orderID] = nil }
        }
        sessions[session.id] = session
        newestByOrder[session.order.orderID] = session.id
        order.append(session.id)
        expiring.append((session.expires, session.id))
    }

    func session(_ id: String) -> SpayonSession? { sessions[id] }

    /// By session id, or the newest of an order.
    func session(reference: String) -> SpayonSession? {
        sessions[reference] ?? newestByOrder[reference].flatMap { sessions[$0] }
    }

    mutating func update(_ session: SpayonSession) {
        precondition(sessions[session.id] != nil, "only what was opened changes")
        sessions[session.id] = session
    }

    /// The next pending session whose time is over; each is named once.
    mutating func nextExpired(at now: ContinuousClock.Instant) -> SpayonSession? {
        while let first = expiring.first, first.expires <= now {
            _ = expiring.popFirst()
            if let session = sessions[first.id], session.status == .pending { return session }
        }
        return nil
    }

    /// The number of the next attempt to pay.
    mutating func nextTransactionID() -> Int64 {
        lastTransactionID += 1
        return lastTransactionID
    }

    /// Those that were paid, in the order in which they were opened.
    var paid: [SpayonSession] {
        order.all.compactMap { sessions[$0] }.filter { $0.status == .paid }
    }
}
