import HTTPTypes
import StrictJSON
import Synchronization

/// Payalo, the mobile money gateway: direct pay-ins, both status lookups, callbacks.
///
/// From `payalo.source.txt`; fields, limits and errors from the provider's pages as digested in `payalo.md`. Assumed
/// where those are silent: the order of checks (401, syntax, fields, brand configuration, duplicate), an unknown
/// `{method}` as 400, a reference used up for good by any accepted transaction and by no refused one.
///
/// Not simulated: hosted pay-ins, tax payouts, records, the per-merchant circuit breaker.
struct PayaloProvider: SimulatedProvider {
    let id = "payalo"
    var operations: Set<SandboxOperation> { [.create, .status, .callback] }
    var secretMembers: Set<String> { [] }

    private static let root: Substring = "/gateway/mmo/v2/"
    /// One attempt, 15 seconds: quickstart, 'The three things you must do'.
    private static let callbackTimeout = Duration.seconds(15)

    private let key: String
    private let disabledKey: String
    private let methods: [PayaloMethod]
    private let autoSettleAfter: Duration?
    private let identifiers: IdentifierSource
    private let ledger: LedgerBox

    /// A `Mutex` cannot be copied, and a provider is handed around: the box is shared.
    private final class LedgerBox: Sendable {
        let ledger: Mutex<PayaloLedger>
        init(_ ledger: PayaloLedger) { self.ledger = Mutex(ledger) }
    }

    init(_ configuration: SandboxConfiguration, identifiers: IdentifierSource = IdentifierSource()) {
        self.identifiers = identifiers
        key = configuration.credentials.payaloKey
        disabledKey = configuration.credentials.payaloDisabledKey
        methods = configuration.payaloMethods
        autoSettleAfter = configuration.autoSettleAfter
        ledger = LedgerBox(PayaloLedger(capacity: configuration.maxTransactions))
    }

    func operation(of request: SandboxRequest) -> SandboxOperation? {
        guard request.path.hasPrefix(Self.root) else { return nil }
        let rest = request.path.dropFirst(Self.root.count)
        if request.method == .post, rest.hasPrefix("direct/payin/") { return .create }
        if request.method == .get, rest.hasPrefix("status/") { return .status }
        return nil
    }

    func handle(_ request: SandboxRequest, effects: SandboxEffects) -> SandboxResult {
        do throws(PayaloProblem) {
            return try answer(request, effects)
        } catch {
            return SandboxResult(reply: error.reply)
        }
    }

    private func answer(_ request: SandboxRequest, _ effects: SandboxEffects) throws(PayaloProblem) -> SandboxResult {
        let presented = request.headers[.apiKey] ?? ""
        let isDisabled = constantTimeEqual(presented, disabledKey)
        guard constantTimeEqual(presented, key) || isDisabled else { throw .unauthorized }

        let segments = request.segments ?? []
        switch (operation(of: request), segments.dropFirst(3).count) {
        case (.create, 3):
            return try create(segments[5], request, effects, isDisabled: isDisabled)
        case (.status, 2):
            return try status(effects) { $0.transaction(gatewayReference: segments[4]) }
        case (.status, 3) where segments[4] == "mref":
            return try status(effects) { $0.transaction(merchantReference: segments[5]) }
        default:
            throw .notFound("The resource was not found.")
        }
    }

    private func create(
        _ methodKey: String, _ request: SandboxRequest, _ effects: SandboxEffects, isDisabled: Bool
    ) throws(PayaloProblem) -> SandboxResult {
        let order = try PayaloOrder(request.body)
        if isDisabled { throw .merchantDisabled }
        guard let method = methods.last(where: { $0.key == methodKey }) else {
            throw .validationFailed("Payment method is not enabled for this brand.")
        }
        guard method.currency == order.currency else { throw .unsupportedCurrency }
        guard method.country == order.country else { throw .unsupportedCountry }

        var transaction = PayaloTransaction(
            gatewayReference: newReference(at: request.time.wall),
            merchantReference: order.merchantReference,
            reconciliationReference: order.reconciliationReference,
            method: method, country: order.country, amount: order.amount, currency: order.currency,
            resultURL: order.resultURL, createdAt: request.time)
        let receipt = transaction.receipt
        let due = autoSettleAfter.map { request.time.instant.advanced(by: $0) }
        let callbacks: [SandboxCallback]? = ledger.ledger.withLock { ledger in
            guard ledger.transaction(merchantReference: order.merchantReference) == nil else { return nil }
            transaction.namesWrongAmount = effects.takesWrongAmount()
            var callbacks: [SandboxCallback] = []
            if effects.takesMoneyAtOnce {
                callbacks.append(complete(&transaction, errorCode: nil, errorMessage: nil, at: request.time))
            }
            ledger.accept(transaction, settlesAt: due)
            return callbacks
        }
        guard let callbacks else { throw .duplicate }
        return SandboxResult(reply: .json(200, receipt), callbacks: callbacks)
    }

    private func status(
        _ effects: SandboxEffects, _ find: (PayaloLedger) -> PayaloTransaction?
    ) throws(PayaloProblem) -> SandboxResult {
        let found = ledger.ledger.withLock { ledger -> PayaloTransaction? in
            guard var transaction = find(ledger) else { return nil }
            if !transaction.namesWrongAmount, effects.takesWrongAmount() {
                transaction.namesWrongAmount = true
                ledger.update(transaction)
            }
            return transaction
        }
        guard let found else { throw .notFound("Transaction was not found.") }
        return SandboxResult(reply: .json(200, found.document))
    }

    func reply(to failure: SandboxFailure) -> SandboxReply {
        switch failure {
        case .unauthorized: return PayaloProblem.unauthorized.reply
        case .internalError: return PayaloProblem.internalError.reply
        // 429 and 503 are named in the documents without body or headers, so these carry none of Payalo's form.
        case .rateLimited:
            return SandboxReply(
                status: 429, contentType: "text/plain", body: Array("Too Many Requests\n".utf8),
                headers: [.retryAfter: "1"])
        case .unavailable:
            return SandboxReply(status: 503, contentType: "text/plain", body: Array("Service Unavailable\n".utf8))
        }
    }

    func revokeTokens() {}

    func settle(
        reference: String, outcome: SandboxOutcome, code: String?, effects: SandboxEffects, at time: SandboxTime
    ) -> SettleResult {
        let (errorCode, errorMessage) = Self.failure(outcome, code)
        return ledger.ledger.withLock { ledger in
            guard
                var transaction = ledger.transaction(gatewayReference: reference)
                    ?? ledger.transaction(merchantReference: reference)
            else { return .notFound }
            guard transaction.status == .pending else { return .alreadyFinal(status: transaction.status.rawValue) }
            if !transaction.namesWrongAmount { transaction.namesWrongAmount = effects.takesWrongAmount() }
            let callback = complete(&transaction, errorCode: errorCode, errorMessage: errorMessage, at: time)
            ledger.update(transaction)
            return .settled(status: transaction.status.rawValue, callbacks: [callback])
        }
    }

    func tick(at time: SandboxTime) -> [SandboxCallback] {
        guard autoSettleAfter != nil else { return [] }
        return ledger.ledger.withLock { ledger in
            var callbacks: [SandboxCallback] = []
            while var transaction = ledger.nextDue(at: time.instant) {
                callbacks.append(complete(&transaction, errorCode: nil, errorMessage: nil, at: time))
                ledger.update(transaction)
            }
            return callbacks
        }
    }

    func charges() -> [SandboxCharge] {
        ledger.ledger.withLock(\.successful)
            .map {
                SandboxCharge(
                    reference: $0.merchantReference, amount: $0.amount.text, currency: $0.currency,
                    state: "captured", at: $0.completedAt ?? $0.createdAt.wall)
            }
            .sorted { $0.at < $1.at }
    }

    /// Ends the transaction, and makes the callback about it.
    private func complete(
        _ transaction: inout PayaloTransaction, errorCode: String?, errorMessage: String?, at time: SandboxTime
    ) -> SandboxCallback {
        let previous = transaction.document
        transaction.complete(at: time.wall, errorCode: errorCode, errorMessage: errorMessage)
        let headers = [(name: "X-API-KEY", value: key)]
        return SandboxCallback(
            provider: id, destination: .url(transaction.resultURL),
            message: SandboxCallback.Message(headers: headers, body: transaction.document),
            previous: SandboxCallback.Message(headers: headers, body: previous),
            retryAfter: [], timeout: Self.callbackTimeout)
    }

    /// The error of an outcome; none for success. Payalo has no canceled or expired transaction: both are `failed`, with
    /// a code of which only the existence is documented, so that these two are the sandbox's own words.
    private static func failure(_ outcome: SandboxOutcome, _ code: String?) -> (code: String?, message: String?) {
        switch outcome {
        case .success: (nil, nil)
        case .failed:
            switch code ?? "user_insufficient_funds" {
            case "user_insufficient_funds":
                ("user_insufficient_funds", "The end user's wallet did not have enough money.")
            case let code: (code, "The payment failed.")
            }
        case .canceled: (code ?? "sandbox_payer_canceled", "The payer declined the prompt.")
        case .expired: (code ?? "sandbox_prompt_expired", "The payer did not answer the prompt.")
        }
    }

    /// 33 lower-case characters in the form of the documented example: `b2p`, 10 of time, 20 at random.
    private func newReference(at time: WallTime) -> String {
        let alphabet = Self.referenceAlphabet
        var text = Array("b2p".utf8)
        let milliseconds = UInt64(time.microseconds / 1000)
        for position in stride(from: 45, through: 0, by: -5) {
            text.append(alphabet[Int(milliseconds >> UInt64(position) & 31)])
        }
        return String(decoding: text, as: UTF8.self) + identifiers.text(20, of: alphabet)
    }

    private static let referenceAlphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}
