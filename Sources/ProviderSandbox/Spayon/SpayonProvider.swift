import HTTPTypes
import StrictJSON
import Synchronization

/// Spayon, the hosted card payment page: tokens, sessions, the page, callbacks.
///
/// From `spayon.source.txt`; bodies and the signature from the provider's pages as digested in `spayon.md`, whose
/// assumptions hold where those are silent.
struct SpayonProvider: SimulatedProvider {
    let id = "spayon"
    var operations: Set<SandboxOperation> { [.token, .create, .status, .callback] }
    var secretMembers: Set<String> { ["client_secret"] }

    private let configuration: SandboxConfiguration
    private let identifiers: IdentifierSource
    private let ledger: LedgerBox

    /// A `Mutex` cannot be copied, and a provider is handed around: the box is shared.
    private final class LedgerBox: Sendable {
        let ledger: Mutex<SpayonLedger>
        init(_ ledger: SpayonLedger) { self.ledger = Mutex(ledger) }
    }

    init(_ configuration: SandboxConfiguration, identifiers: IdentifierSource = IdentifierSource()) {
        self.identifiers = identifiers
        self.configuration = configuration
        ledger = LedgerBox(SpayonLedger(capacity: configuration.maxTransactions))
    }

    func operation(of request: SandboxRequest) -> SandboxOperation? {
        switch (request.method, request.path) {
        case (.post, "/api/tokens"): .token
        case (.post, "/api/product/session"): .create
        case (.get, let path) where path.hasPrefix("/api/product/session/"): .status
        default: nil
        }
    }

    func handle(_ request: SandboxRequest, effects: SandboxEffects) -> SandboxResult {
        do throws(SpayonError) {
            let segments = request.segments ?? []
            switch operation(of: request) {
            case .token:
                return SandboxResult(reply: try token(request))
            case .create:
                try authenticate(request)
                return SandboxResult(reply: try create(request, effects))
            case .status:
                try authenticate(request)
                guard segments.count == 4 else { throw .sessionNotFound }
                return SandboxResult(reply: try status(segments[3], request, effects))
            default:
                if segments.count == 2, segments[0] == "pay" {
                    return page(segments[1], request, effects)
                }
                throw .notFound
            }
        } catch {
            return SandboxResult(reply: error.reply)
        }
    }

    // MARK: The API

    private func token(_ request: SandboxRequest) throws(SpayonError) -> SandboxReply {
        let body = try SpayonOrder.object(request.body)
        let clientID = try SpayonOrder.required(body, "client_id")
        let secret = try SpayonOrder.required(body, "client_secret")
        let credentials = configuration.credentials
        let isKnown = constantTimeEqual(clientID, credentials.spayonClientID)
        guard constantTimeEqual(secret, credentials.spayonClientSecret), isKnown else { throw .badCredentials }

        let token = newToken(at: request.time)
        let expires = request.time.instant.advanced(by: configuration.tokenLifetime)
        ledger.ledger.withLock { $0.issue(token, expires: expires) }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("access_token", token)
        writer.member("token_type", "Bearer")
        writer.member("expires_in", configuration.tokenLifetime.components.seconds)
        writer.endObject()
        return .json(200, writer.bytes)
    }

    private func authenticate(_ request: SandboxRequest) throws(SpayonError) {
        guard let header = request.headers[.authorization], header.prefix(7).lowercased() == "bearer " else {
            throw .unauthorized
        }
        let token = String(header.dropFirst(7))
        guard ledger.ledger.withLock({ $0.isValid(token: token, at: request.time.instant) }) else {
            throw .unauthorized
        }
    }

    private func create(_ request: SandboxRequest, _ effects: SandboxEffects) throws(SpayonError) -> SandboxReply {
        let order = try SpayonOrder(request.body, products: configuration.spayonProducts)
        var session = SpayonSession(
            id: identifiers.uuid(), order: order, createdAt: request.time, lifetime: configuration.sessionLifetime)
        session.namesWrongAmount = effects.takesWrongAmount()
        // No money here, whatever the fault: nobody has seen the page.
        ledger.ledger.withLock { $0.open(session) }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("session_id", session.id)
        writer.member("session_url", request.baseURL + "/pay/" + session.id)
        writer.endObject()
        return .json(200, writer.bytes)
    }

    private func status(
        _ id: String, _ request: SandboxRequest, _ effects: SandboxEffects
    ) throws(SpayonError) -> SandboxReply {
        let session = ledger.ledger.withLock { ledger -> SpayonSession? in
            guard var session = ledger.session(id) else { return nil }
            if !session.namesWrongAmount, effects.takesWrongAmount() {
                session.namesWrongAmount = true
                ledger.update(session)
            }
            return session
        }
        guard let session else { throw .sessionNotFound }
        return .json(200, session.statusDocument)
    }

    func reply(to failure: SandboxFailure) -> SandboxReply {
        switch failure {
        case .unauthorized: return SpayonError.unauthorized.reply
        case .internalError: return SpayonError(status: 500, message: "Internal server error").reply
        case .unavailable: return SpayonError(status: 503, message: "Service unavailable").reply
        case .rateLimited:
            var reply = SpayonError(status: 429, message: "Too many requests").reply
            reply.headers[.retryAfter] = "1"
            return reply
        }
    }

    func revokeTokens() {
        ledger.ledger.withLock { $0.revokeTokens() }
    }

    // MARK: The customer

    private func page(_ id: String, _ request: SandboxRequest, _ effects: SandboxEffects) -> SandboxResult {
        let action = request.method == .post ? SpayonPage.action(in: request.body) : nil
        guard request.method == .get || action != nil else {
            return SandboxResult(reply: SpayonError.invalid("action must be pay, decline or cancel").reply)
        }
        guard let found = ledger.ledger.withLock({ $0.session(id) }) else {
            return SandboxResult(reply: SpayonPage.notFound)
        }
        if action == .cancel {
            // The visit to the cancel address does not cancel the session (integration-flow page).
            return SandboxResult(
                reply: found.order.cancelURL.map(SandboxReply.redirect) ?? SpayonPage.left(found))
        }
        guard let action else {
            return SandboxResult(reply: SpayonPage.show(found, at: request.time.instant))
        }
        let outcome: SandboxOutcome = action == .pay ? .success : .failed
        switch settle(reference: id, outcome: outcome, code: nil, effects: effects, at: request.time) {
        case .settled(_, let callbacks):
            let session = ledger.ledger.withLock { $0.session(id) } ?? found
            let reply =
                action == .pay
                ? SandboxReply.redirect(to: SpayonPage.returnURL(of: session))
                : SpayonPage.show(session, at: request.time.instant)
            return SandboxResult(reply: reply, callbacks: callbacks)
        case .alreadyFinal, .notFound:
            let session = ledger.ledger.withLock { $0.session(id) } ?? found
            return SandboxResult(reply: SpayonPage.show(session, at: request.time.instant, status: 409))
        }
    }

    func settle(
        reference: String, outcome: SandboxOutcome, code: String?, effects: SandboxEffects, at time: SandboxTime
    ) -> SettleResult {
        ledger.ledger.withLock { ledger in
            guard var session = ledger.session(reference: reference) else { return .notFound }
            guard session.isPayable(at: time.instant), session.declines.count < SpayonSession.maxDeclines else {
                return .alreadyFinal(status: session.status.rawValue)
            }
            if !session.namesWrongAmount { session.namesWrongAmount = effects.takesWrongAmount() }
            let previous = session
            switch outcome {
            case .success:
                session.pay(at: time.wall)
            case .failed:
                let code = code ?? "05"
                session.decline(
                    SpayonSession.Decline(
                        transactionID: ledger.nextTransactionID(), code: code, reason: Self.reason(of: code)),
                    at: time.wall)
            case .expired:
                // A session that failed stays failed when its time is over.
                guard session.status == .pending else { return .alreadyFinal(status: session.status.rawValue) }
                session.expire(at: time.wall)
            case .canceled:
                // The customer leaves by the cancel address, and the session stays as it is.
                ledger.update(session)
                return .settled(status: session.status.rawValue, callbacks: [])
            }
            ledger.update(session)
            return .settled(status: session.status.rawValue, callbacks: [callback(session, after: previous)])
        }
    }

    func tick(at time: SandboxTime) -> [SandboxCallback] {
        ledger.ledger.withLock { ledger in
            var callbacks: [SandboxCallback] = []
            while var session = ledger.nextExpired(at: time.instant) {
                let previous = session
                session.expire(at: time.wall)
                ledger.update(session)
                callbacks.append(callback(session, after: previous))
            }
            return callbacks
        }
    }

    func charges() -> [SandboxCharge] {
        ledger.ledger.withLock(\.paid)
            .map {
                SandboxCharge(
                    reference: $0.order.orderID, amount: $0.order.price, currency: $0.order.currency,
                    state: "captured", at: $0.updatedAt)
            }
            .sorted { $0.at < $1.at }
    }

    /// First delivery and 3 retries (`spayon.md`, open question 12), 10 s each.
    private func callback(_ session: SpayonSession, after previous: SpayonSession) -> SandboxCallback {
        SandboxCallback(
            provider: id, destination: .url(session.order.callbackURL),
            message: message(session.callbackDocument), previous: message(previous.callbackDocument),
            retryAfter: Array(repeating: configuration.callbackRetryInterval, count: 3), timeout: .seconds(10))
    }

    private func message(_ body: [UInt8]) -> SandboxCallback.Message {
        let secret = configuration.credentials.spayonCallbackSecret
        return SandboxCallback.Message(headers: [SpayonSignature.header(over: body, secret: secret)], body: body)
    }

    /// The reasons of the codes that the callbacks page shows.
    private static func reason(of code: String) -> String {
        switch code {
        case "05": "Card bank declined the transaction"
        case "14": "Invalid card data"
        case "1A": "3D-Secure authentication failed"
        default: "Declined"
        }
    }

    // MARK: Identifiers

    private func newToken(at time: SandboxTime) -> String {
        let issued = time.wall.microseconds / 1_000_000
        let expires = issued + configuration.tokenLifetime.components.seconds
        return identifiers.token(
            header: #"{"alg":"HS256","typ":"JWT"}"#,
            payload: #"{"sub":"\#(id)","jti":"\#(identifiers.uuid())","iat":\#(issued),"exp":\#(expires)}"#)
    }
}
