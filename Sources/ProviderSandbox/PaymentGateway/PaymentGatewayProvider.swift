import Crypto
import HTTPTypes
import StrictJSON
import Synchronization

/// Payment API Service, the card gateway: payments, payment intents with their hosted page, transactions, webhooks.
///
/// From `paymentgateway.source.txt`; where it is silent, `paymentgateway.md` with its listed assumptions. Assumed
/// beyond those, because nothing says it:
/// - a sale tells `payment.captured` alone, and neither the end of an authorization nor that of an intent is told;
/// - `payment_intent.succeeded` carries `payment_id`;
/// - the customer's Cancel on the hosted page cancels the intent;
/// - a refused card makes a `failed` payment with a transaction, which the error does not name.
struct PaymentGatewayProvider: SimulatedProvider {
    let id = "paymentgateway"
    var operations: Set<SandboxOperation> { [.create, .status, .capture, .cancel, .refund, .callback] }
    var secretMembers: Set<String> { ["number", "cvv", "client_secret"] }

    let configuration: SandboxConfiguration
    let identifiers: IdentifierSource
    let box: Box
    private let merchants: [PaymentGatewayMerchant]
    /// Digests under this key tell whether a request is the same again, without its card being kept.
    private let digestKey: SymmetricKey

    /// 20 a second and 10,000 an hour per merchant on payments, intents among them; 100 a second on transactions; 50 a
    /// second per address on the public part.
    static let paymentLimits = [
        DocumentedLimit(requests: 20, period: .seconds(1)), DocumentedLimit(requests: 10_000, period: .seconds(3600)),
    ]
    static let transactionLimits = [DocumentedLimit(requests: 100, period: .seconds(1))]
    static let publicLimits = [DocumentedLimit(requests: 50, period: .seconds(1))]
    /// 'The original response is returned' for so long.
    static let keyLifetime = Duration.seconds(24 * 3600)

    struct State: Sendable {
        var ledger: PaymentGatewayLedger
        var paymentLimits: DocumentedLimits
        var transactionLimits: DocumentedLimits
        var publicLimits: DocumentedLimits
    }

    /// A `Mutex` cannot be copied, and a provider is handed around: the box is shared.
    final class Box: Sendable {
        let state: Mutex<State>
        init(_ state: State) { self.state = Mutex(state) }
    }

    init(_ configuration: SandboxConfiguration, identifiers: IdentifierSource = IdentifierSource()) {
        self.identifiers = identifiers
        digestKey = SymmetricKey(data: identifiers.bytes(32))
        self.configuration = configuration
        merchants = configuration.credentials.paymentGatewayMerchants
        func limits(_ documented: [DocumentedLimit]) -> DocumentedLimits {
            DocumentedLimits(configuration.documentedLimits ? documented : [])
        }
        box = Box(
            State(
                ledger: PaymentGatewayLedger(capacity: configuration.maxTransactions),
                paymentLimits: limits(Self.paymentLimits), transactionLimits: limits(Self.transactionLimits),
                publicLimits: limits(Self.publicLimits)))
    }

    var registrations: [CallbackRegistration] {
        merchants.map { CallbackRegistration(key: $0.key, instance: $0.instance) }
    }

    func operation(of request: SandboxRequest) -> SandboxOperation? {
        PaymentGatewayRoute(request)?.operation
    }

    /// In the order that is assumed (open question 11): key, rate limit, idempotency, validation, currency, fraud,
    /// issuer.
    func handle(_ request: SandboxRequest, effects: SandboxEffects) -> SandboxResult {
        do throws(PaymentGatewayError) {
            guard let route = PaymentGatewayRoute(request) else { throw .notFound }
            if case .page(let id) = route { return page(id, request, effects) }
            return try box.state.withLock { state throws(PaymentGatewayError) -> SandboxResult in
                state.ledger.expire(at: request.time.instant)
                switch route {
                case .intent(let id):
                    try Self.admit(&state.publicLimits, request.caller, request)
                    return try publicIntent(id, effects, &state.ledger)
                case .confirm(let id):
                    try Self.admit(&state.publicLimits, request.caller, request)
                    return try confirm(id, request, effects, &state.ledger)
                case .transaction, .transactions:
                    let merchant = try merchant(of: request)
                    try Self.admit(&state.transactionLimits, merchant.key, request)
                    return try transactions(route, merchant, request, effects, &state.ledger)
                default:
                    let merchant = try merchant(of: request)
                    try Self.admit(&state.paymentLimits, merchant.key, request)
                    return try payments(route, merchant, request, effects, &state.ledger)
                }
            }
        } catch {
            return SandboxResult(reply: error.reply)
        }
    }

    private static func admit(
        _ limits: inout DocumentedLimits, _ caller: String, _ request: SandboxRequest
    ) throws(PaymentGatewayError) {
        if case .refused(let limit, let wait) = limits.admit(caller, at: request.time.instant) {
            throw .rateLimited(by: limit, retryAfter: wait)
        }
    }

    private func merchant(of request: SandboxRequest) throws(PaymentGatewayError) -> PaymentGatewayMerchant {
        guard let key = request.headers[.apiKey], !key.isEmpty else { throw .keyMissing }
        guard key.hasPrefix("pk_") else { throw .keyMalformed }
        // All are compared, so that the time does not tell which one was nearly right.
        let known = merchants.filter { constantTimeEqual($0.key, key) }
        guard let merchant = known.first else { throw .keyUnknown }
        return merchant
    }

    func merchant(_ key: String) -> PaymentGatewayMerchant {
        guard let merchant = merchants.first(where: { $0.key == key }) else {
            preconditionFailure("whatever is in the ledger belongs to a merchant")
        }
        return merchant
    }

    // MARK: Idempotency

    /// All calls of a merchant's server but transactions. Those that change something take an Idempotency-Key (open
    /// question 7): the first reply is kept for 24 hours under it, a decline as well as a success, but no other refusal
    /// (open question 9); another request under it, to whatever endpoint, is refused (12).
    private func payments(
        _ route: PaymentGatewayRoute, _ merchant: PaymentGatewayMerchant, _ request: SandboxRequest,
        _ effects: SandboxEffects, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        guard request.method == .post, let key = request.headers[.idempotencyKey] else {
            return try perform(route, Call(request, effects, merchant, key: nil), &ledger)
        }
        // The provider's code has these limits, and the documented examples keep them.
        guard (16...255).contains(key.utf8.count) else {
            throw PaymentGatewayError(400, "idempotency key must be between 16 and 255 characters")
        }
        let scope = PaymentGatewayLedger.KeyScope(merchant: merchant.key, key: key)
        let digest = digest(of: request)
        if let kept = ledger.reply(under: scope) {
            guard kept.digest == digest else { throw .keyReused }
            return SandboxResult(reply: kept.reply)
        }
        let result = try perform(route, Call(request, effects, merchant, key: key), &ledger)
        ledger.keep(
            PaymentGatewayLedger.KeptReply(
                digest: digest, reply: result.reply,
                expires: request.time.instant.advanced(by: Self.keyLifetime)),
            under: scope)
        return result
    }

    /// Over path and body as they came; a path holds no zero byte.
    private func digest(of request: SandboxRequest) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(for: Array(request.path.utf8) + [0] + request.body, using: digestKey))
    }

    // MARK: The rest of a provider

    func reply(to failure: SandboxFailure) -> SandboxReply {
        switch failure {
        case .unauthorized: PaymentGatewayError.keyUnknown.reply
        case .rateLimited:
            PaymentGatewayError.rateLimited(by: Self.paymentLimits[0], retryAfter: .seconds(1)).reply
        case .internalError: PaymentGatewayError(500, "internal server error").reply
        case .unavailable: PaymentGatewayError(503, "service unavailable").reply
        }
    }

    /// The payment of an intent: `payment_id` of the browser's confirmation.
    func transaction(of reference: String) -> String? {
        box.state.withLock { state in
            guard case .intent(let id) = state.ledger.subject(reference) else { return nil }
            return state.ledger.intent(id)?.payment
        }
    }

    /// Keys are static: `token_revoked` answers 401 and changes nothing.
    func revokeTokens() {}

    func tick(at time: SandboxTime) -> [SandboxCallback] {
        box.state.withLock { $0.ledger.expire(at: time.instant) }
        return []
    }

    func charges() -> [SandboxCharge] {
        box.state.withLock(\.ledger.captured)
            .map { payment in
                SandboxCharge(
                    reference: payment.reference, amount: DecimalText.fromHundredths(payment.captured),
                    currency: payment.currency, state: payment.status.rawValue,
                    at: payment.capturedAt ?? payment.createdAt.wall,
                    refunds: payment.refunds.map {
                        SandboxCharge.Refund(amount: DecimalText.fromHundredths($0.amount), at: $0.at)
                    })
            }
            .sorted { $0.at < $1.at }
    }

    func journal() -> [SandboxJournalEntry] {
        box.state.withLock { state in
            state.ledger.allTransactions.compactMap { transaction in
                state.ledger.payment(transaction.payment).map { payment in
                    SandboxJournalEntry(
                        key: transaction.key, reference: payment.reference, state: transaction.status.rawValue,
                        amount: DecimalText.fromHundredths(transaction.amount), at: transaction.createdAt)
                }
            }
        }
    }

    // MARK: Identifiers

    /// `pay_` and 18 lower-case characters at random, as in the documented examples.
    func newID(_ prefix: String, length: Int = 18) -> String {
        prefix + identifiers.text(length, of: IdentifierSource.lowerCaseAndDigits)
    }
}

extension HTTPField.Name {
    static let idempotencyKey = sandbox("Idempotency-Key")
    static let clientSecret = sandbox("X-Client-Secret")
}

extension PaymentGatewayProvider {
    /// One request of a merchant's server, and what it needs to be processed.
    struct Call {
        let request: SandboxRequest
        let effects: SandboxEffects
        let merchant: PaymentGatewayMerchant
        /// The Idempotency-Key.
        let key: String?

        init(_ request: SandboxRequest, _ effects: SandboxEffects, _ merchant: PaymentGatewayMerchant, key: String?) {
            self.request = request
            self.effects = effects
            self.merchant = merchant
            self.key = key
        }

        var time: SandboxTime { request.time }
    }

    private func perform(
        _ route: PaymentGatewayRoute, _ call: Call, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        switch route {
        case .authorize: try create(call, isSale: false, &ledger)
        case .sale: try create(call, isSale: true, &ledger)
        case .capture(let id): try capture(id, call, &ledger)
        case .void(let id): try void(id, call, &ledger)
        case .refund(let id): try refund(id, call, &ledger)
        case .payment(let id): try payment(id, call, &ledger)
        case .createIntent: try createIntent(call, &ledger)
        case .cancelIntent(let id): try cancelIntent(id, call, &ledger)
        case .transaction, .transactions, .intent, .confirm, .page: throw .notFound
        }
    }
}
