import HTTPTypes
import Synchronization

extension HTTPField.Name {
    static let sessionToken = sandbox("X-Session-Token")
}

/// AlyaPay, pay later in instalments: checkout sessions, the status of their transactions, callbacks.
///
/// From `alyapay.source.txt`; errors, headers of callbacks and the browser's events from the provider's other pages as
/// digested in `alyapay.md`, whose assumptions hold where those are silent. A transaction begins when the customer's
/// browser opens the session, and a session has one.
///
/// Not simulated: session intents with their redirect, partner transactions, instalments.
struct AlyaPayProvider: SimulatedProvider {
    let id = "alyapay"
    var operations: Set<SandboxOperation> { [.create, .status, .callback] }
    var secretMembers: Set<String> { ["session_token"] }

    private static let sessions = "/api/v1/public/sessions"
    /// 100 requests in 15 minutes. By key, whichever call it is used for (`alyapay.md`, open question 11).
    private static let limit = DocumentedLimit(requests: 100, period: .seconds(15 * 60))
    /// "Any 2xx within 10 s" (webhooks page).
    private static let callbackTimeout = Duration.seconds(10)

    private let key: String
    private let webhookSecret: String
    private let settings: AlyaPaySettings
    private let identifiers: IdentifierSource
    private let ledger: LedgerBox

    /// A `Mutex` cannot be copied, and a provider is handed around: the box is shared.
    private final class LedgerBox: Sendable {
        let ledger: Mutex<AlyaPayLedger>
        init(_ ledger: AlyaPayLedger) { self.ledger = Mutex(ledger) }
    }

    init(_ configuration: SandboxConfiguration, identifiers: IdentifierSource = IdentifierSource()) {
        self.identifiers = identifiers
        key = configuration.credentials.alyaPayKey
        webhookSecret = configuration.credentials.alyaPayWebhookSecret
        settings = configuration.alyaPay
        ledger = LedgerBox(
            AlyaPayLedger(
                capacity: configuration.maxTransactions, limits: configuration.documentedLimits ? [Self.limit] : []))
    }

    var registrations: [CallbackRegistration] { [CallbackRegistration(key: key, instance: "alyapay-main")] }

    func operation(of request: SandboxRequest) -> SandboxOperation? {
        if request.method == .post, request.path == Self.sessions { return .create }
        let isStatus =
            request.path.hasPrefix("/api/v1/public/transactions/") && request.path.hasSuffix("/status")
        return request.method == .get && isStatus ? .status : nil
    }

    func handle(_ request: SandboxRequest, effects: SandboxEffects) -> SandboxResult {
        do throws(AlyaPayError) {
            let segments = request.segments ?? []
            switch operation(of: request) {
            case .create: return SandboxResult(reply: try create(request, effects))
            case .status:
                guard segments.count == 6 else { throw .transactionNotFound }
                return SandboxResult(reply: try status(segments[4], request, effects))
            default:
                guard segments.first == "pay", segments.count <= 2 else { throw .notFound }
                return try page(segments.dropFirst().first, request, effects)
            }
        } catch {
            return SandboxResult(reply: error.reply)
        }
    }

    // MARK: The API

    /// The key, and the limit that is counted by it: in this order, so that a wrong key uses nothing up.
    private func authenticate(_ request: SandboxRequest) throws(AlyaPayError) {
        guard constantTimeEqual(request.headers[.apiKey] ?? "", key) else { throw .invalidKey }
        let verdict = ledger.ledger.withLock { $0.limits.admit(key, at: request.time.instant) }
        if case .refused(_, let wait) = verdict {
            throw .rateLimited(retryAfter: DocumentedLimits.retryAfterHeader(wait))
        }
    }

    private func create(_ request: SandboxRequest, _ effects: SandboxEffects) throws(AlyaPayError) -> SandboxReply {
        try authenticate(request)
        let order = try AlyaPayOrder(request.body)
        var session = AlyaPaySession(
            order: order, createdAt: request.time, lifetime: settings.sessionLifetime, identifiers: identifiers)
        session.namesWrongAmount = effects.takesWrongAmount()
        // No money here, whatever the fault: nobody has the token.
        ledger.ledger.withLock { $0.open(session) }
        return .json(200, session.receipt(lifetime: settings.sessionLifetime))
    }

    /// By the token of the very session, as documented, or by the key, as AlyaPay's own shop modules ask.
    private func status(
        _ transactionID: String, _ request: SandboxRequest, _ effects: SandboxEffects
    ) throws(AlyaPayError) -> SandboxReply {
        let token = request.headers[.sessionToken]
        if token == nil {
            guard request.headers[.apiKey] != nil else { throw .invalidSessionToken }
            try authenticate(request)
        }
        let found: Result<[UInt8], AlyaPayError> = ledger.ledger.withLock { ledger in
            var session: AlyaPaySession?
            if let token {
                session = ledger.session(token: token, at: request.time.instant)
                if session == nil { return .failure(.invalidSessionToken) }
            } else {
                session = ledger.session(transaction: transactionID)
            }
            guard var session, let transaction = session.transaction, transaction.id == transactionID else {
                return .failure(.transactionNotFound)
            }
            if !session.namesWrongAmount, effects.takesWrongAmount() {
                session.namesWrongAmount = true
                ledger.update(session)
            }
            return .success(session.status(of: transaction))
        }
        return .json(200, try found.get())
    }

    func reply(to failure: SandboxFailure) -> SandboxReply {
        switch failure {
        case .unauthorized: AlyaPayError.invalidKey.reply
        case .rateLimited: AlyaPayError.rateLimited(retryAfter: "1").reply
        case .internalError: AlyaPayError.internalError.reply
        case .unavailable: AlyaPayError.unavailable.reply
        }
    }

    func revokeTokens() {
        ledger.ledger.withLock { $0.revokeTokens() }
    }

    // MARK: The customer

    /// `/pay/{session_id}`, or `/pay?session_token=…` for whom has the token alone, as a browser has.
    private func page(
        _ id: String?, _ request: SandboxRequest, _ effects: SandboxEffects
    ) throws(AlyaPayError) -> SandboxResult {
        let action = request.method == .post ? AlyaPayPage.action(in: request.body) : nil
        guard request.method == .get || action != nil else {
            throw AlyaPayError(status: 400, code: "INVALID_ACTION", message: "action must be approve or cancel")
        }
        let begun = ledger.ledger.withLock { ledger -> AlyaPaySession? in
            let session =
                if let id { ledger.session(id) } else {
                    request.queryValue("session_token").flatMap { ledger.session(token: $0, at: request.time.instant) }
                }
            return session.map { begin($0, in: &ledger, at: request.time) }
        }
        guard let begun else { return SandboxResult(reply: AlyaPayPage.notFound) }
        guard let action else { return SandboxResult(reply: AlyaPayPage.show(begun)) }
        let result = settle(
            reference: begun.id, outcome: action == .approve ? .success : .canceled, code: nil, effects: effects,
            at: request.time)
        let session = ledger.ledger.withLock { $0.session(begun.id) } ?? begun
        guard case .settled(_, let callbacks) = result else {
            return SandboxResult(reply: AlyaPayPage.show(session, status: 409))
        }
        return SandboxResult(reply: AlyaPayPage.show(session), callbacks: callbacks)
    }

    /// The session with its transaction, which begins now where there is none, and where the token still lives.
    private func begin(
        _ session: AlyaPaySession, in ledger: inout AlyaPayLedger, at time: SandboxTime
    ) -> AlyaPaySession {
        guard session.transaction == nil, time.instant < session.expires else { return session }
        var session = session
        session.transaction = AlyaPayTransaction(
            createdAt: time, window: settings.paymentWindow, identifiers: identifiers)
        ledger.update(session)
        return session
    }

    /// By session, transaction or `vendorReference`; the customer's browser opens the session where it has not.
    /// `failed`: the payment is not approved, which the status call's table says of `CANCELED`.
    func settle(
        reference: String, outcome: SandboxOutcome, code: String?, effects: SandboxEffects, at time: SandboxTime
    ) -> SettleResult {
        ledger.ledger.withLock { ledger in
            guard let known = ledger.session(reference: reference) else { return .notFound }
            var session = begin(known, in: &ledger, at: time)
            guard var transaction = session.transaction else {
                return .alreadyFinal(status: AlyaPayTransaction.Status.expired.rawValue)
            }
            guard transaction.status == .pending, time.instant < transaction.expires else {
                return .alreadyFinal(status: transaction.status.rawValue)
            }
            if !session.namesWrongAmount { session.namesWrongAmount = effects.takesWrongAmount() }
            switch outcome {
            case .success: transaction.end(.approved, at: time.wall)
            case .canceled, .failed: transaction.end(.canceled, at: time.wall)
            case .expired: transaction.end(.expired, at: time.wall)
            }
            session.transaction = transaction
            ledger.update(session)
            return .settled(status: transaction.status.rawValue, callbacks: callbacks(session, transaction, at: time))
        }
    }

    func transaction(of reference: String) -> String? {
        ledger.ledger.withLock { $0.session(reference: reference)?.transaction?.id }
    }

    func tick(at time: SandboxTime) -> [SandboxCallback] {
        ledger.ledger.withLock { ledger in
            var sent: [SandboxCallback] = []
            while var session = ledger.nextExpired(at: time.instant), var transaction = session.transaction {
                transaction.end(.expired, at: time.wall)
                session.transaction = transaction
                ledger.update(session)
                sent += callbacks(session, transaction, at: time)
            }
            return sent
        }
    }

    func charges() -> [SandboxCharge] {
        ledger.ledger.withLock(\.paid)
            .compactMap { session in
                session.transaction.map {
                    SandboxCharge(
                        reference: session.reference, amount: session.order.total, currency: AlyaPayOrder.currency,
                        state: "captured", at: $0.updatedAt)
                }
            }
            .sorted { $0.at < $1.at }
    }

    /// What is told of a transaction that has ended. No event tells of one that waits, so there is none before it.
    private func callbacks(
        _ session: AlyaPaySession, _ transaction: AlyaPayTransaction, at time: SandboxTime
    ) -> [SandboxCallback] {
        guard let event = transaction.status.event, transaction.status != .approved || settings.sendsApproved else {
            return []
        }
        let body = session.callback(event: event, about: transaction, at: time.wall)
        let headers = AlyaPaySignature.headers(
            over: body, timestamp: time.wall.millisecondsZ, eventID: identifiers.uuid(), secret: webhookSecret)
        return [
            SandboxCallback(
                provider: id, destination: .registered(key: key),
                message: SandboxCallback.Message(headers: headers, body: body), previous: nil,
                retryAfter: settings.callbackRetries, timeout: Self.callbackTimeout)
        ]
    }
}
