import StrictJSON

/// One card payment, and its documents as the provider writes them. Amounts are cents.
struct PaymentGatewayPayment: Sendable {
    /// `expired` is not printed anywhere; it is the safest name (`paymentgateway.md`, open question 1).
    enum Status: String, Sendable {
        case authorized, captured, voided, refunded, failed, expired
        case partiallyRefunded = "partially_refunded"
    }

    struct Refund: Sendable {
        let amount: Int64
        let at: WallTime
    }

    let id: String
    /// The merchant's API key.
    let merchant: String
    /// The Idempotency-Key of the request that opened it, else the payment's own id. For a payment of an intent: the
    /// intent's reference.
    let reference: String
    /// The intent that it pays, or tried to.
    let intent: String?
    let amount: Int64
    let currency: String
    let card: PaymentGatewayCard
    let details: PaymentGatewayOrder.Details
    /// Six digits; `nil` where there was no approval.
    let authCode: String?
    let createdAt: SandboxTime
    /// When an authorization lapses.
    let expires: SandboxTime

    private(set) var status: Status
    /// What was captured, refunded or not.
    private(set) var captured: Int64 = 0
    private(set) var capturedAt: WallTime?
    private(set) var refunds: [Refund] = []
    /// Whether what it is asked for and what webhooks say is off: the fault `wrong_amount`.
    var namesWrongAmount = false
    /// The webhook that last told of it, or would have; for `out_of_order_callback`.
    var lastMessage: SandboxCallback.Message?

    /// A payment as the issuer has left it: authorized, or failed.
    init(
        id: String, merchant: String, reference: String, intent: String?, amount: Int64, currency: String,
        card: PaymentGatewayCard, details: PaymentGatewayOrder.Details, authCode: String?, createdAt: SandboxTime,
        lifetime: Duration
    ) {
        precondition((authCode != nil) == (card.verdict == .approved), "an approval has a code, and nothing else has")
        self.id = id
        self.merchant = merchant
        self.reference = reference
        self.intent = intent
        self.amount = amount
        self.currency = currency
        self.card = card
        self.details = details
        self.authCode = authCode
        self.createdAt = createdAt
        expires = createdAt.advanced(by: lifetime)
        status = card.verdict == .approved ? .authorized : .failed
    }

    var refunded: Int64 { refunds.reduce(0) { $0 + $1.amount } }

    // MARK: What can happen to it

    /// Takes the whole or a part, once; what is not taken is released (open question 4).
    mutating func capture(_ amount: Int64, at time: WallTime) throws(PaymentGatewayError) {
        switch status {
        case .authorized: break
        case .captured, .partiallyRefunded, .refunded: throw PaymentGatewayError(400, "payment already captured")
        case .expired: throw .authorizationExpired
        case .voided: throw PaymentGatewayError(400, "cannot capture voided payment")
        case .failed: throw PaymentGatewayError(400, "cannot capture failed payment")
        }
        guard amount <= self.amount else { throw PaymentGatewayError(400, "capture amount exceeds authorized amount") }
        captured = amount
        capturedAt = time
        status = .captured
    }

    mutating func void() throws(PaymentGatewayError) {
        switch status {
        case .authorized: status = .voided
        case .captured, .partiallyRefunded, .refunded:
            throw PaymentGatewayError(400, "cannot void captured payment (use refund instead)")
        case .voided: throw PaymentGatewayError(400, "payment already voided")
        case .expired: throw .authorizationExpired
        case .failed: throw PaymentGatewayError(400, "cannot void failed payment")
        }
    }

    /// Returns a part or all of what was captured (open question 5: not of what was authorized).
    mutating func refund(_ amount: Int64, at time: WallTime) throws(PaymentGatewayError) {
        switch status {
        case .captured, .partiallyRefunded: break
        case .refunded: throw PaymentGatewayError(400, "payment already fully refunded")
        case .authorized, .voided, .expired, .failed:
            throw PaymentGatewayError(400, "can only refund captured payments")
        }
        guard amount <= captured - refunded else {
            throw PaymentGatewayError(400, "refund amount exceeds available amount")
        }
        refunds.append(Refund(amount: amount, at: time))
        status = refunded == captured ? .refunded : .partiallyRefunded
    }

    /// The authorization lapses.
    mutating func expire() {
        precondition(status == .authorized, "only an authorization expires")
        status = .expired
    }

    // MARK: Documents

    /// The reply to authorize or sale.
    func writeCreated(transaction: String, to writer: inout JSONWriter) {
        writeHead(status, amount, to: &writer)
        writeCard(to: &writer)
        writer.member("auth_code", authCode)
        if status == .authorized {
            writer.member("fraud_score", 15)
            writer.member("fraud_decision", "approve")
        }
        writer.member("response_code", card.verdict.responseCode)
        writer.member("response_message", card.verdict.responseMessage)
        writer.member("transaction_id", transaction)
        writer.member("created_at", createdAt.wall.secondsZ)
        if let capturedAt {
            writer.member("captured_at", capturedAt.secondsZ)
        } else {
            writer.member("expires_at", expires.wall.secondsZ)
        }
    }

    func writeCaptured(to writer: inout JSONWriter) {
        writeHead(status, amount, to: &writer)
        writer.member("captured_amount", captured)
        writeCard(to: &writer)
        writer.member("captured_at", capturedAt?.secondsZ)
    }

    func writeVoided(reason: String, at time: WallTime, to writer: inout JSONWriter) {
        writeHead(status, amount, to: &writer)
        writer.member("voided_at", time.secondsZ)
        writer.member("void_reason", reason)
    }

    /// `refunded_amount` is the sum of all refunds, so that it and `remaining_amount` make up what was captured.
    func writeRefunded(reason: String, to writer: inout JSONWriter) {
        writeHead(status, amount, to: &writer)
        writer.member("refunded_amount", refunded)
        writer.member("remaining_amount", captured - refunded)
        writer.member("refunded_at", refunds.last?.at.secondsZ)
        writer.member("refund_reason", reason)
    }

    /// The answer to Get Payment: the documented members, among which are no amounts of captures and refunds. The
    /// example is an authorization; what only that has is left out where there is none.
    func writeDetails(to writer: inout JSONWriter) {
        writeHead(status, shownAmount, to: &writer)
        writeCard(to: &writer)
        if let authCode { writer.member("auth_code", authCode) }
        if let description = details.description { writer.member("description", description) }
        if let customer = details.customer { writer.member("customer", .object(customer)) }
        if let metadata = details.metadata { writer.member("metadata", .object(metadata)) }
        writer.member("created_at", createdAt.wall.secondsZ)
        if status == .authorized || status == .expired { writer.member("expires_at", expires.wall.secondsZ) }
    }

    /// `data` of a webhook.
    func writeEventData(merchantID: String, to writer: inout JSONWriter) {
        writer.member("payment_id", id)
        writer.member("merchant_id", merchantID)
        writer.member("status", status.rawValue)
        writer.member("amount", shownAmount)
        writer.member("currency", currency)
        writeCard(to: &writer)
        writer.member("created_at", createdAt.wall.secondsZ)
    }

    private var shownAmount: Int64 { namesWrongAmount ? amount + 1 : amount }

    private func writeHead(_ status: Status, _ amount: Int64, to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("status", status.rawValue)
        writer.member("amount", amount)
        writer.member("currency", currency)
    }

    private func writeCard(to writer: inout JSONWriter) {
        writer.member("card_brand", card.brand)
        writer.member("card_last4", card.last4)
    }
}

/// One operation on a payment, as the transaction endpoints show it. Not documented is which operations make one: here
/// each authorize, sale, capture, void and refund does, with its own amount, refused ones as `failed`.
struct PaymentGatewayTransaction: Sendable {
    /// The values of the list's filter. A part refund is `refunded` as well.
    enum Status: String, Sendable, CaseIterable {
        case authorized, captured, voided, refunded, failed
    }

    let id: String
    let merchant: String
    let payment: String
    let status: Status
    let amount: Int64
    let currency: String
    let card: PaymentGatewayCard
    let authCode: String?
    let createdAt: WallTime
    /// The Idempotency-Key of the request; never shown.
    let key: String?

    /// The list shows less than the single one does.
    func write(inList: Bool, namesWrongAmount: Bool, to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("payment_id", payment)
        writer.member("status", status.rawValue)
        writer.member("amount", namesWrongAmount ? amount + 1 : amount)
        writer.member("currency", currency)
        if !inList {
            writer.member("card_brand", card.brand)
            writer.member("card_last4", card.last4)
            writer.member("auth_code", authCode)
            writer.member("response_code", card.verdict.responseCode)
            writer.member("response_message", card.verdict.responseMessage)
        }
        writer.member("created_at", createdAt.secondsZ)
    }
}
