import StrictJSON

/// One checkout session (a payment intent) with the transaction that comes of it, and its documents as Waypay writes
/// them.
struct WaypaySession: Sendable {
    /// The words of webhooks, and the numbers of the transaction call's current list. The older list, in which 3 is a
    /// success, is not spoken here.
    enum Status: String, Sendable {
        case pending = "Pending"
        case completed = "Completed"
        case failed = "Failed"
        case cancelled = "Cancelled"
        case expired = "Expired"

        /// `Expired` has no number in the current list: 0, which no list has.
        var number: Int64 {
            switch self {
            case .pending: 1
            case .completed: 2
            case .failed: 3
            case .cancelled: 4
            case .expired: 0
            }
        }
    }

    /// Made when the customer first acts, or when the session ends without that: before, asking finds nothing. The
    /// documents do not say when it begins (`waypay.md`, open question 14).
    struct Transaction: Sendable {
        let id: String
        /// `WPAYT` and 15 letters and digits, as the documented one.
        let reference: String
        let createdAt: WallTime
        var method: WaypayOrder.Method?
        var status = Status.pending
        var changedAt: WallTime
        var reason: String?
    }

    /// The `paymentIntentId`.
    let id: String
    let order: WaypayOrder
    let createdAt: SandboxTime
    let expires: SandboxTime
    private(set) var transaction: Transaction?
    /// Whether the amount is off: the fault `wrong_amount`.
    var namesWrongAmount = false

    init(id: String, order: WaypayOrder, createdAt: SandboxTime, lifetime: Duration) {
        self.id = id
        self.order = order
        self.createdAt = createdAt
        expires = createdAt.advanced(by: lifetime)
    }

    var status: Status { transaction?.status ?? .pending }

    /// Whether a customer may still act. All states but `Pending` are final.
    func isOpen(at now: ContinuousClock.Instant) -> Bool { status == .pending && now < expires.instant }

    /// The customer acts for the first time: there is a transaction from now on.
    mutating func begin(with method: WaypayOrder.Method?, at time: WallTime, identifiers: IdentifierSource) {
        let method = order.method ?? method
        if transaction == nil {
            transaction = Transaction(
                id: identifiers.uuid(), reference: "WPAYT" + identifiers.text(15, of: Self.referenceCharacters),
                createdAt: time, method: method, changedAt: time)
        } else if let method {
            transaction?.method = method
        }
    }

    private static let referenceCharacters = IdentifierSource.upperCase + IdentifierSource.digits

    /// The end of the transaction, which has begun.
    mutating func end(_ status: Status, reason: String?, at time: WallTime) {
        precondition(transaction != nil, "what ends has begun")
        precondition(self.status == .pending && status != .pending, "a transaction ends once")
        transaction?.status = status
        transaction?.reason = reason
        transaction?.changedAt = time
    }

    // MARK: Documents

    private var shownAmount: JSONNumber {
        namesWrongAmount ? JSONNumber(text: DecimalText.plusOne(order.amount.text)) ?? order.amount : order.amount
    }

    /// The answer to `initiate-checkout`.
    func receipt(at baseURL: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("paymentIntentId", id)
        writer.member("checkoutUrl", baseURL + "/pay/" + id)
        writer.member("expiresAt", expires.wall.secondsZ)
        writer.endObject()
        return writer.bytes
    }

    /// The transaction object (`waypay.md`, section 4), in its documented order; `nil` before there is one. The sandbox
    /// takes no fee. Not documented: what is `null` and the form of `createdAtUtc`.
    var statusDocument: [UInt8]? {
        guard let transaction else { return nil }
        let isWallet = transaction.method != .card && transaction.method != nil
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", transaction.id)
        writer.member("amount", number: shownAmount)
        writer.member("currency", order.currency)
        writer.member("fee", 0 as Int64)
        writer.member("netAmount", number: shownAmount)
        writer.member("txType", isWallet ? 1 : 0 as Int64)
        writer.member("txnType", isWallet ? "WalletDeposit" : "CardDeposit")
        writer.member("description", order.description)
        writer.member("transactionNotes", transaction.reason)
        writer.member("txnprovider", transaction.method?.rawValue)
        writer.member("txnRef", transaction.reference)
        writer.member("status", transaction.status.number)
        writer.member("statusText", transaction.status.rawValue)
        writer.member("createdAtUtc", transaction.createdAt.microsecondsZ)
        writer.member("isLive", false)
        writer.member("transactionMode", "Test")
        writer.member("merchantOrderRef", order.reference)
        writer.member("paymentIntentId", id)
        writer.member("appliedFeeRuleName", .null)
        writer.member("feeCalculationBreakdown", .null)
        writer.endObject()
        return writer.bytes
    }

    /// The body of a webhook: `data` in PascalCase, `OrderRef` as JSON text with its nulls. `CustomerRef` is `null` as in
    /// the example, the only form that is shown.
    ///
    /// - Parameter eventID: 32 hexadecimal digits.
    /// - Parameter previous: the state before; `nil` where there was none.
    func webhookDocument(eventID: String, merchant: String, previous: Status?) -> [UInt8] {
        guard let transaction else { preconditionFailure("a webhook is about a transaction") }
        var orderRef = JSONWriter()
        orderRef.beginObject()
        orderRef.member("OrderRef", order.reference)
        orderRef.member("Discount", order.discount)
        orderRef.member("Tax", order.tax)
        orderRef.endObject()
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", eventID)
        writer.member("type", "TransactionStatusChanged")
        writer.member("created", transaction.changedAt.microseconds / 1_000_000)
        writer.member("livemode", false)
        writer.name("data")
        writer.beginObject()
        writer.member("TransactionId", transaction.id)
        writer.member("PreviousStatus", previous?.rawValue)
        writer.member("CurrentStatus", transaction.status.rawValue)
        writer.member("Amount", number: shownAmount)
        writer.member("Currency", order.currency)
        writer.member("Reason", transaction.reason)
        writer.member("TransactionReference", transaction.reference)
        writer.member("CustomerRef", .null)
        writer.member("OrderRef", String(decoding: orderRef.bytes, as: UTF8.self))
        writer.member("MerchantId", merchant)
        // Seven digits of a second, of which the sandbox's clock has six.
        writer.member("Timestamp", transaction.changedAt.microsecondsZ.dropLast() + "0+00:00")
        writer.endObject()
        writer.member("api_version", "v1")
        writer.endObject()
        return writer.bytes
    }
}
