/// A merchant's sessions: a value, mutated under the provider's lock.
struct AlyaPayLedger: Sendable {
    /// Requests by key against the documented limit.
    var limits: DocumentedLimits

    private let capacity: Int
    private var sessions: [String: AlyaPaySession] = [:]
    private var byToken: [String: String] = [:]
    private var byTransaction: [String: String] = [:]
    /// The newest session of each `vendorReference`: nothing says that it is unique.
    private var newestByReference: [String: String] = [:]
    /// Session ids, oldest first.
    private var order = FIFO<String>()
    /// All windows are equally long, so that the oldest is the first to close.
    private var expiring = FIFO<(expires: ContinuousClock.Instant, session: String)>()

    init(capacity: Int, limits: [DocumentedLimit]) {
        self.capacity = capacity
        self.limits = DocumentedLimits(limits)
    }

    mutating func open(_ session: AlyaPaySession) {
        if order.count >= capacity, let oldest = order.popFirst() { forget(oldest) }
        sessions[session.id] = session
        byToken[session.token] = session.id
        if let reference = session.order.vendorReference { newestByReference[reference] = session.id }
        order.append(session.id)
    }

    private mutating func forget(_ id: String) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        byToken[session.token] = nil
        if let transaction = session.transaction { byTransaction[transaction.id] = nil }
        if let reference = session.order.vendorReference, newestByReference[reference] == id {
            newestByReference[reference] = nil
        }
    }

    func session(_ id: String) -> AlyaPaySession? { sessions[id] }

    /// By its token, while that lives and has not been revoked.
    func session(token: String, at now: ContinuousClock.Instant) -> AlyaPaySession? {
        guard let session = byToken[token].flatMap({ sessions[$0] }), now < session.expires else { return nil }
        return session
    }

    func session(transaction: String) -> AlyaPaySession? { byTransaction[transaction].flatMap { sessions[$0] } }

    /// By session, transaction, or the newest of a `vendorReference`.
    func session(reference: String) -> AlyaPaySession? {
        sessions[reference] ?? session(transaction: reference) ?? newestByReference[reference].flatMap { sessions[$0] }
    }

    mutating func update(_ session: AlyaPaySession) {
        precondition(sessions[session.id] != nil, "only what was opened changes")
        if let transaction = session.transaction, sessions[session.id]?.transaction == nil {
            byTransaction[transaction.id] = session.id
            expiring.append((transaction.expires, session.id))
        }
        sessions[session.id] = session
    }

    mutating func revokeTokens() { byToken = [:] }

    /// The next session whose transaction waits and whose window is over; each is named once.
    mutating func nextExpired(at now: ContinuousClock.Instant) -> AlyaPaySession? {
        while let first = expiring.first, first.expires <= now {
            _ = expiring.popFirst()
            if let session = sessions[first.session], session.transaction?.status == .pending { return session }
        }
        return nil
    }

    /// Those that were paid, in the order in which they were opened.
    var paid: [AlyaPaySession] { order.all.compactMap { sessions[$0] }.filter { $0.transaction?.status == .approved } }
}
