/// A brand's transactions: a value, mutated under the provider's lock.
struct PayaloLedger: Sendable {
    private let capacity: Int
    private var transactions: [String: PayaloTransaction] = [:]
    /// Gateway references by merchant reference. A reference is never free again: not documented, the safest assumption.
    private var gatewayReferences: [String: String] = [:]
    /// Gateway references, oldest first.
    private var order = FIFO<String>()
    /// Those that may settle themselves, oldest first; empty without automatic settlement.
    private var unsettled = FIFO<(due: ContinuousClock.Instant, gatewayReference: String)>()

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Takes a transaction whose merchant reference has not been used. The oldest makes room.
    mutating func accept(_ transaction: PayaloTransaction, settlesAt due: ContinuousClock.Instant?) {
        precondition(gatewayReferences[transaction.merchantReference] == nil, "a reference is used once")
        if order.count >= capacity, let oldest = order.popFirst(), let gone = transactions.removeValue(forKey: oldest) {
            gatewayReferences[gone.merchantReference] = nil
        }
        transactions[transaction.gatewayReference] = transaction
        gatewayReferences[transaction.merchantReference] = transaction.gatewayReference
        order.append(transaction.gatewayReference)
        if let due { unsettled.append((due, transaction.gatewayReference)) }
    }

    func transaction(gatewayReference: String) -> PayaloTransaction? {
        transactions[gatewayReference]
    }

    func transaction(merchantReference: String) -> PayaloTransaction? {
        gatewayReferences[merchantReference].flatMap { transactions[$0] }
    }

    /// The next transaction that is due to settle itself; each is named once.
    mutating func nextDue(at now: ContinuousClock.Instant) -> PayaloTransaction? {
        while let first = unsettled.first, first.due <= now {
            _ = unsettled.popFirst()
            if let transaction = transactions[first.gatewayReference], transaction.status == .pending {
                return transaction
            }
        }
        return nil
    }

    /// Puts a changed transaction in its place.
    mutating func update(_ transaction: PayaloTransaction) {
        precondition(transactions[transaction.gatewayReference] != nil, "only what was accepted changes")
        transactions[transaction.gatewayReference] = transaction
    }

    /// Those that ended with success, in the order in which they were accepted.
    var successful: [PayaloTransaction] {
        order.all.compactMap { transactions[$0] }.filter { $0.status == .success }
    }
}
