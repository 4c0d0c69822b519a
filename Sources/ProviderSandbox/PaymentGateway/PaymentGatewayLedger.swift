/// What all merchants have: payments, intents, transactions and the replies kept under idempotency keys. A value,
/// mutated under the provider's lock. Everything is bounded; the oldest makes room.
struct PaymentGatewayLedger: Sendable {
    /// What a reference names.
    enum Subject: Sendable, Equatable {
        case payment(String)
        case intent(String)
    }

    /// A first reply, and the keyed digest of the request that got it.
    struct KeptReply: Sendable {
        let digest: [UInt8]
        let reply: SandboxReply
        let expires: ContinuousClock.Instant
    }

    /// A key is one merchant's.
    struct KeyScope: Hashable, Sendable {
        let merchant: String
        let key: String
    }

    private typealias Expiring = FIFO<(expires: ContinuousClock.Instant, id: String)>

    private let capacity: Int
    private var payments: [String: PaymentGatewayPayment] = [:]
    private var paymentOrder = FIFO<String>()
    private var intents: [String: PaymentGatewayIntent] = [:]
    private var intentOrder = FIFO<String>()
    /// The newest payment or intent of an Idempotency-Key or an `order_id`.
    private var named: [String: Subject] = [:]
    private var transactions = FIFO<PaymentGatewayTransaction>()
    private var transactionsByID: [String: PaymentGatewayTransaction] = [:]
    private var replies: [KeyScope: KeptReply] = [:]
    private var replyOrder = FIFO<KeyScope>()
    /// All authorizations live equally long, and so do all intents: the oldest is the first to expire.
    private var authorizations = Expiring()
    private var openIntents = Expiring()

    init(capacity: Int) {
        self.capacity = capacity
    }

    // MARK: Payments

    mutating func add(_ payment: PaymentGatewayPayment) {
        if paymentOrder.count >= capacity, let oldest = paymentOrder.popFirst(),
            let gone = payments.removeValue(forKey: oldest), named[gone.reference] == .payment(oldest)
        {
            named[gone.reference] = nil
        }
        payments[payment.id] = payment
        paymentOrder.append(payment.id)
        // A payment of an intent is found through the intent.
        if payment.intent == nil { named[payment.reference] = .payment(payment.id) }
        if payment.status == .authorized { authorizations.append((payment.expires.instant, payment.id)) }
    }

    mutating func update(_ payment: PaymentGatewayPayment) {
        precondition(payments[payment.id] != nil, "only what was added changes")
        payments[payment.id] = payment
    }

    func payment(_ id: String) -> PaymentGatewayPayment? { payments[id] }

    /// A payment of this merchant: another's is not found.
    func payment(_ id: String, of merchant: String) -> PaymentGatewayPayment? {
        payments[id].flatMap { $0.merchant == merchant ? $0 : nil }
    }

    /// Those that took money, in the order in which they were opened.
    var captured: [PaymentGatewayPayment] { paymentOrder.all.compactMap { payments[$0] }.filter { $0.captured > 0 } }

    // MARK: Intents

    mutating func add(_ intent: PaymentGatewayIntent) {
        if intentOrder.count >= capacity, let oldest = intentOrder.popFirst(),
            let gone = intents.removeValue(forKey: oldest)
        {
            for name in gone.names where named[name] == .intent(oldest) { named[name] = nil }
        }
        intents[intent.id] = intent
        intentOrder.append(intent.id)
        for name in intent.names { named[name] = .intent(intent.id) }
        openIntents.append((intent.expires.instant, intent.id))
    }

    mutating func update(_ intent: PaymentGatewayIntent) {
        precondition(intents[intent.id] != nil, "only what was added changes")
        intents[intent.id] = intent
    }

    func intent(_ id: String) -> PaymentGatewayIntent? { intents[id] }

    /// An intent's status, with what became of its payment: `captured` from the capture on, `canceled` after a void,
    /// `expired` with the authorization. Assumed: the documents leave it at `authorized`.
    func status(of intent: PaymentGatewayIntent) -> PaymentGatewayIntent.Status {
        guard let payment = intent.payment.flatMap({ payments[$0] }) else { return intent.status }
        switch payment.status {
        case .authorized: return .authorized
        case .captured, .partiallyRefunded, .refunded: return .captured
        case .voided: return .canceled
        case .expired: return .expired
        case .failed: return .failed
        }
    }

    /// By an id, an Idempotency-Key or an `order_id`; of the last two the newest.
    func subject(_ reference: String) -> Subject? {
        if payments[reference] != nil { return .payment(reference) }
        if intents[reference] != nil { return .intent(reference) }
        return named[reference]
    }

    // MARK: Transactions

    mutating func add(_ transaction: PaymentGatewayTransaction) {
        if transactions.count >= capacity, let oldest = transactions.popFirst() { transactionsByID[oldest.id] = nil }
        transactions.append(transaction)
        transactionsByID[transaction.id] = transaction
    }

    /// Oldest first.
    var allTransactions: ArraySlice<PaymentGatewayTransaction> { transactions.all }

    func transaction(_ id: String, of merchant: String) -> PaymentGatewayTransaction? {
        transactionsByID[id].flatMap { $0.merchant == merchant ? $0 : nil }
    }

    /// A page of a merchant's transactions, newest first, and how many there are in all.
    func transactions(
        of merchant: String, status: PaymentGatewayTransaction.Status?, limit: Int, offset: Int
    ) -> (page: [PaymentGatewayTransaction], total: Int) {
        var page: [PaymentGatewayTransaction] = []
        var total = 0
        for transaction in transactions.all.reversed()
        where transaction.merchant == merchant && (status == nil || transaction.status == status) {
            if total >= offset, page.count < limit { page.append(transaction) }
            total += 1
        }
        return (page, total)
    }

    // MARK: Idempotency

    func reply(under scope: KeyScope) -> KeptReply? { replies[scope] }

    mutating func keep(_ reply: KeptReply, under scope: KeyScope) {
        precondition(replies[scope] == nil, "the first reply is the one that is kept")
        if replyOrder.count >= capacity, let oldest = replyOrder.popFirst() { replies[oldest] = nil }
        replies[scope] = reply
        replyOrder.append(scope)
    }

    // MARK: Time

    /// Ends authorizations, intents and keys whose time is over.
    mutating func expire(at now: ContinuousClock.Instant) {
        while let first = authorizations.first, first.expires <= now {
            _ = authorizations.popFirst()
            if payments[first.id]?.status == .authorized { payments[first.id]?.expire() }
        }
        while let first = openIntents.first, first.expires <= now {
            _ = openIntents.popFirst()
            if intents[first.id]?.status == .created { intents[first.id]?.expire() }
        }
        while let first = replyOrder.first, replies[first].map({ $0.expires <= now }) ?? true {
            _ = replyOrder.popFirst()
            replies[first] = nil
        }
    }
}

extension PaymentGatewayIntent {
    /// What it is found by, besides its id.
    fileprivate var names: [String] { [reference] + (order.orderID.map { [$0] } ?? []) }
}
