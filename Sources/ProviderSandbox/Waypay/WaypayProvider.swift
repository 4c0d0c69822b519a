import HTTPTypes
import StrictJSON
import Synchronization

/// Waypay, the checkout for Pakistani wallets and cards: signed orders, the hosted page, the lookup by any reference,
/// unsigned webhooks.
///
/// From `waypay.source.txt`; signature, error bodies and the lookup from the provider's other pages as digested in
/// `waypay.md`, whose assumptions hold where those are silent. After an end of the transaction the customer's browser
/// is sent to `callbackUrl` by GET, since the document calls it a redirect target too; no parameter is documented, and
/// none is added.
///
/// Not simulated: deposits, payouts, direct wallet charges, refunds, settlements.
struct WaypayProvider: SimulatedProvider {
    let id = "waypay"
    var operations: Set<SandboxOperation> { [.create, .status, .callback] }
    var secretMembers: Set<String> { ["signature"] }

    private static let root: Substring = "/Gateway/v1/"
    /// "Return 200 OK within 5 seconds."
    private static let callbackTimeout = Duration.seconds(5)
    /// Assumed (`waypay.md`, open question 10).
    private static let callbackRetries: [Duration] = [.seconds(60), .seconds(5 * 60), .seconds(15 * 60)]
    /// The `MerchantId` of the documented webhook.
    private static let merchant = "dd15c78a-83b0-499f-9e6c-beba37a8f875"

    private let credentials: SandboxCredentials
    private let lifetime: Duration
    private let identifiers: IdentifierSource
    private let ledger: LedgerBox

    /// A `Mutex` cannot be copied, and a provider is handed around: the box is shared.
    private final class LedgerBox: Sendable {
        let ledger: Mutex<WaypayLedger>
        init(_ ledger: WaypayLedger) { self.ledger = Mutex(ledger) }
    }

    init(_ configuration: SandboxConfiguration, identifiers: IdentifierSource = IdentifierSource()) {
        self.identifiers = identifiers
        credentials = configuration.credentials
        lifetime = configuration.waypaySessionLifetime
        ledger = LedgerBox(WaypayLedger(capacity: configuration.maxTransactions))
    }

    /// The address in the Merchant Portal, called for orders that name none.
    var registrations: [CallbackRegistration] {
        [CallbackRegistration(key: credentials.waypayKey, instance: "waypay-main")]
    }

    func operation(of request: SandboxRequest) -> SandboxOperation? {
        guard request.path.hasPrefix(Self.root) else { return nil }
        let rest = request.path.dropFirst(Self.root.count)
        if request.method == .post, rest == "Payment/initiate-checkout" { return .create }
        if request.method == .get, rest.hasPrefix("Transaction/by-ref/") { return .status }
        return nil
    }

    func handle(_ request: SandboxRequest, effects: SandboxEffects) -> SandboxResult {
        do throws(WaypayError) {
            let segments = request.segments ?? []
            switch operation(of: request) {
            case .create:
                try authenticate(request)
                return SandboxResult(reply: try create(request, effects))
            case .status:
                try authenticate(request)
                guard segments.count == 5 else { throw .notFound }
                return SandboxResult(reply: try status(segments[4], effects))
            default:
                if segments.count == 2, segments[0] == "pay" { return page(segments[1], request, effects) }
                throw .notFound
            }
        } catch {
            return SandboxResult(reply: error.reply)
        }
    }

    // MARK: The API

    private func authenticate(_ request: SandboxRequest) throws(WaypayError) {
        let presented = request.headers[.waypayKey] ?? ""
        if constantTimeEqual(presented, credentials.waypaySuspendedKey) { throw .suspended }
        guard constantTimeEqual(presented, credentials.waypayKey) else { throw .unauthorized }
    }

    private func create(_ request: SandboxRequest, _ effects: SandboxEffects) throws(WaypayError) -> SandboxReply {
        guard let body = (try? JSONValue(parsing: request.body))?.object else { throw .malformed }
        let order = try WaypayOrder(body, secret: credentials.waypaySignatureSecret)
        var session = WaypaySession(
            id: identifiers.uuid(), order: order, createdAt: request.time, lifetime: lifetime)
        // No money here, whatever the fault: nobody has seen the page.
        let isOpened = ledger.ledger.withLock { ledger in
            guard !ledger.isUsed(reference: order.reference) else { return false }
            session.namesWrongAmount = effects.takesWrongAmount()
            ledger.open(session)
            return true
        }
        guard isOpened else {
            throw .unprocessable("orderRef.orderRef", .duplicate, "orderRef has been used already")
        }
        return .json(200, session.receipt(at: request.baseURL))
    }

    private func status(_ identifier: String, _ effects: SandboxEffects) throws(WaypayError) -> SandboxReply {
        let document = ledger.ledger.withLock { ledger -> [UInt8]? in
            guard var session = ledger.session(identifier: identifier), session.transaction != nil else { return nil }
            if !session.namesWrongAmount, effects.takesWrongAmount() {
                session.namesWrongAmount = true
                ledger.update(session)
            }
            return session.statusDocument
        }
        guard let document else { throw .transactionNotFound }
        return .json(200, document)
    }

    func reply(to failure: SandboxFailure) -> SandboxReply {
        switch failure {
        case .unauthorized: return WaypayError.unauthorized.reply
        case .internalError:
            return WaypayError(status: 500, code: "internal_error", message: "An unexpected error occurred").reply
        case .unavailable:
            return WaypayError(status: 503, code: "service_unavailable", message: "Service unavailable").reply
        case .rateLimited:
            var reply = WaypayError(status: 429, code: "rate_limited", message: "Too many requests").reply
            reply.headers[.retryAfter] = "1"
            return reply
        }
    }

    func revokeTokens() {}

    // MARK: The customer

    private func page(_ id: String, _ request: SandboxRequest, _ effects: SandboxEffects) -> SandboxResult {
        guard let found = ledger.ledger.withLock({ $0.session(id) }) else {
            return SandboxResult(reply: WaypayPage.notFound)
        }
        guard request.method != .get else {
            return SandboxResult(reply: WaypayPage.show(found, at: request.time.instant))
        }
        guard request.method == .post, let action = WaypayPage.action(in: request.body) else {
            return SandboxResult(
                reply: WaypayError.invalid(
                    "action", .unsupported, "action must be pay, decline, cancel or begin"
                ).reply)
        }
        // A press without a choice, as of a form that was filled in before, pays by card.
        let method = WaypayPage.method(in: request.body) ?? (found.transaction == nil ? .card : nil)
        let outcome: SandboxOutcome
        switch action {
        case .pay: outcome = .success
        case .decline: outcome = .failed
        case .cancel: outcome = .canceled
        case .begin: return SandboxResult(reply: begin(found, with: method, request))
        }
        switch end(id, outcome, method: method, code: nil, effects: effects, at: request.time) {
        case .settled(_, let callbacks):
            let session = ledger.ledger.withLock { $0.session(id) } ?? found
            let reply =
                session.order.callbackURL.map(SandboxReply.redirect)
                ?? WaypayPage.show(session, at: request.time.instant)
            return SandboxResult(reply: reply, callbacks: callbacks)
        case .alreadyFinal, .notFound:
            let session = ledger.ledger.withLock { $0.session(id) } ?? found
            return SandboxResult(reply: WaypayPage.show(session, at: request.time.instant, status: 409))
        }
    }

    private func begin(
        _ found: WaypaySession, with method: WaypayOrder.Method?, _ request: SandboxRequest
    ) -> SandboxReply {
        let (session, isOpen) = ledger.ledger.withLock { ledger in
            var session = ledger.session(found.id) ?? found
            guard session.isOpen(at: request.time.instant) else { return (session, false) }
            session.begin(with: method, at: request.time.wall, identifiers: identifiers)
            ledger.update(session)
            return (session, true)
        }
        return WaypayPage.show(session, at: request.time.instant, status: isOpen ? 200 : 409)
    }

    func settle(
        reference: String, outcome: SandboxOutcome, code: String?, effects: SandboxEffects, at time: SandboxTime
    ) -> SettleResult {
        end(reference, outcome, method: .card, code: code, effects: effects, at: time)
    }

    /// Ends a session, named by any of its references, as the customer would.
    private func end(
        _ identifier: String, _ outcome: SandboxOutcome, method: WaypayOrder.Method?, code: String?,
        effects: SandboxEffects, at time: SandboxTime
    ) -> SettleResult {
        ledger.ledger.withLock { ledger in
            guard var session = ledger.session(identifier: identifier) else { return .notFound }
            guard session.isOpen(at: time.instant) else { return .alreadyFinal(status: session.status.rawValue) }
            if !session.namesWrongAmount { session.namesWrongAmount = effects.takesWrongAmount() }
            let status: WaypaySession.Status
            switch outcome {
            case .success: status = .completed
            case .failed: status = .failed
            case .canceled: status = .cancelled
            case .expired: status = .expired
            }
            if outcome != .expired, session.transaction?.method == nil {
                session.begin(with: method, at: time.wall, identifiers: identifiers)
            }
            let callback = end(&session, status, reason: outcome == .failed ? code ?? Self.declined : code, at: time)
            ledger.update(session)
            return .settled(status: status.rawValue, callbacks: [callback])
        }
    }

    func tick(at time: SandboxTime) -> [SandboxCallback] {
        ledger.ledger.withLock { ledger in
            var callbacks: [SandboxCallback] = []
            while var session = ledger.nextExpired(at: time.instant) {
                callbacks.append(end(&session, .expired, reason: nil, at: time))
                ledger.update(session)
            }
            return callbacks
        }
    }

    func charges() -> [SandboxCharge] {
        ledger.ledger.withLock(\.paid)
            .map {
                SandboxCharge(
                    reference: $0.order.reference, amount: $0.order.amount.text, currency: $0.order.currency,
                    state: "captured", at: $0.transaction?.changedAt ?? $0.createdAt.wall)
            }
            .sorted { $0.at < $1.at }
    }

    /// The `Reason` of a failure; what Waypay writes there is shown nowhere.
    private static let declined = "Declined"

    /// Ends the transaction, and makes the webhook about it.
    private func end(
        _ session: inout WaypaySession, _ status: WaypaySession.Status, reason: String?, at time: SandboxTime
    ) -> SandboxCallback {
        func message(after previous: WaypaySession.Status?) -> SandboxCallback.Message {
            SandboxCallback.Message(
                headers: [("User-Agent", "Waypay-Webhook/1.0")],
                body: session.webhookDocument(
                    eventID: hex(identifiers.uuidBytes()), merchant: Self.merchant, previous: previous))
        }
        session.begin(with: nil, at: time.wall, identifiers: identifiers)
        let previous = message(after: nil)
        session.end(status, reason: reason, at: time.wall)
        return SandboxCallback(
            provider: id,
            destination: session.order.callbackURL.map(SandboxCallback.Destination.url)
                ?? .registered(key: credentials.waypayKey),
            message: message(after: .pending), previous: previous, retryAfter: Self.callbackRetries,
            timeout: Self.callbackTimeout, success: 200..<201)
    }
}

extension HTTPField.Name {
    fileprivate static let waypayKey = sandbox("SWICH-API-Key")
}
