import StrictJSON

/// One payment intent: a checkout that is open for an hour and takes five attempts.
struct PaymentGatewayIntent: Sendable {
    /// Of these only `created` and `authorized` are printed; the others follow the lifecycle's descriptions.
    enum Status: String, Sendable {
        case created, authorized, captured, failed, canceled, expired
    }

    let id: String
    /// The merchant's API key.
    let merchant: String
    /// The Idempotency-Key of its create, else its `order_id`, else its own id.
    let reference: String
    let order: PaymentGatewayIntentOrder
    let clientSecret: String
    let createdAt: SandboxTime
    let expires: SandboxTime

    /// Without what later becomes of its payment; see ``PaymentGatewayLedger/status(of:)``.
    private(set) var status = Status.created
    /// Declined attempts.
    private(set) var declines = 0
    /// The payment that succeeded.
    private(set) var payment: String?
    var namesWrongAmount = false
    /// See ``PaymentGatewayPayment/lastMessage``.
    var lastMessage: SandboxCallback.Message?

    static let maxAttempts = 5

    init(
        id: String, merchant: String, reference: String, order: PaymentGatewayIntentOrder, clientSecret: String,
        createdAt: SandboxTime, lifetime: Duration
    ) {
        self.id = id
        self.merchant = merchant
        self.reference = reference
        self.order = order
        self.clientSecret = clientSecret
        self.createdAt = createdAt
        expires = createdAt.advanced(by: lifetime)
    }

    var remainingAttempts: Int { Self.maxAttempts - declines }

    // MARK: What can happen to it

    mutating func pay(with payment: String) {
        precondition(status == .created, "paid once")
        self.payment = payment
        status = order.capturesAtOnce ? .captured : .authorized
    }

    /// After the fifth it is locked.
    mutating func decline() {
        precondition(status == .created, "only an open intent is tried")
        declines += 1
        if declines == Self.maxAttempts { status = .failed }
    }

    /// A locked one can be canceled as well: it has not been completed.
    mutating func cancel() throws(PaymentGatewayError) {
        switch status {
        case .created, .failed: status = .canceled
        case .authorized, .captured: throw PaymentGatewayError(400, "cannot cancel completed payment intent")
        case .canceled: throw PaymentGatewayError(400, "payment intent already canceled")
        case .expired: throw Self.expiredError
        }
    }

    mutating func expire() {
        precondition(status == .created, "only an open intent expires")
        status = .expired
    }

    /// Why it takes no attempt; `nil` while it does.
    var refusal: PaymentGatewayError? {
        switch status {
        case .created: nil
        case .expired: Self.expiredError.coded("INTENT_EXPIRED")
        case .failed: PaymentGatewayError(410, "MAX_ATTEMPTS_REACHED", "maximum payment attempts reached (5)")
        // The code's name for it; no document has a text (`paymentgateway.md`, section 5.3).
        case .authorized, .captured, .canceled:
            PaymentGatewayError(400, "CANNOT_CONFIRM", "payment intent cannot be confirmed")
        }
    }

    private static let expiredError = PaymentGatewayError(410, "payment intent expired (valid for 1 hour)")

    // MARK: Addresses

    /// Where the customer goes after paying: the placeholder is replaced, and `payment_intent` joins the query (with `&`
    /// where there is one: open question 15).
    var paidURL: String { HostedPage.adding("payment_intent", id, to: filled(order.successURL)) }

    /// Where the customer goes who cancels.
    var canceledURL: String { filled(order.cancelURL) }

    private func filled(_ url: String) -> String {
        url.split(separator: "{CHECKOUT_SESSION_ID}", omittingEmptySubsequences: false).joined(separator: id)
    }

    // MARK: Documents

    func writeCreated(checkoutURL: String, to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("client_secret", clientSecret)
        writer.member("checkout_url", checkoutURL)
        writer.member("amount", order.amount)
        writer.member("currency", order.currency)
        writer.member("status", status.rawValue)
        writer.member("success_url", order.successURL)
        writer.member("cancel_url", order.cancelURL)
        if let description = order.description { writer.member("description", description) }
        writer.member("expires_at", expires.wall.secondsZ)
        writer.member("created_at", createdAt.wall.secondsZ)
    }

    /// The public answer, without the client secret.
    func writePublic(status: Status, to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("status", status.rawValue)
        writer.member("amount", shownAmount)
        writer.member("currency", order.currency)
        writer.member("success_url", order.successURL)
        writer.member("cancel_url", order.cancelURL)
        writer.member("expires_at", expires.wall.secondsZ)
    }

    /// `data` of a webhook: assumed, as no document shows one (open question 13). `payment_id` joins it once there is
    /// a payment: nothing else would tell a merchant's server which payment is the intent's.
    func writeEventData(merchantID: String, to writer: inout JSONWriter) {
        writer.member("payment_intent_id", id)
        if let payment { writer.member("payment_id", payment) }
        writer.member("merchant_id", merchantID)
        writer.member("status", status.rawValue)
        writer.member("amount", shownAmount)
        writer.member("currency", order.currency)
        writer.member("created_at", createdAt.wall.secondsZ)
    }

    private var shownAmount: Int64 { namesWrongAmount ? order.amount + 1 : order.amount }
}
