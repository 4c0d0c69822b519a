import HTTPTypes
public import PaymentModel
public import ProviderKit
import StrictJSON

/// Spayon's payment sessions: the customer chooses and pays on a page of Spayon's, within 15 minutes.
///
/// Facts are from Spayon's integration flow and the pages beside it; what they leave open is in the plugin's README.
/// Opening a session moves no money, and a session that nobody has seen is never paid: a create is inert.
public struct SpayonAdapter: Inquiring, TokenAuthenticated, CallbackReceiving {
    public static let declaration = ProviderDeclaration(
        id: "spayon", name: "Spayon", defaultBaseURL: "https://api.spayon.io", methods: [.checkout],
        settings: [
            SettingDeclaration(
                "client_id", .secret, isRequired: true, help: "The client id, from Settings of the Admin Panel."),
            SettingDeclaration(
                "client_secret", .secret, isRequired: true,
                help: "The client secret, from Settings of the Admin Panel."),
            SettingDeclaration(
                "callback_secret", .secret, isRequired: true,
                help: "The secret that callbacks are signed with; not the client secret."),
            SettingDeclaration(
                "payment_methods", .texts,
                help: "What the page offers, as in `[visamaster, mir]`; default: what the account offers."),
            SettingDeclaration(
                "default_payment_method", .text,
                help: "What the page begins with, as in `visamaster`; default: the account's."),
            SettingDeclaration(
                "language", .text, help: "The language of the page, as in `en`; default: the account's."),
        ])

    let clientID: Secret
    let clientSecret: Secret
    let callbackSecret: Secret
    let page: SpayonWire.Page

    public init(settings: ProviderSettings) throws(SettingFault) {
        clientID = try settings.requiredSecret("client_id")
        clientSecret = try settings.requiredSecret("client_secret")
        callbackSecret = try settings.requiredSecret("callback_secret")
        page = SpayonWire.Page(
            methods: settings.texts("payment_methods") ?? [], defaultMethod: settings.text("default_payment_method"),
            language: settings.text("language"))
        for (key, secret) in [
            ("client_id", clientID), ("client_secret", clientSecret), ("callback_secret", callbackSecret),
        ] where secret.reveal().isEmpty {
            throw SettingFault(key: key, detail: "must not be empty")
        }
    }

    public func incapability(for payment: PaymentShape) -> String? {
        if payment.method != .checkout { return "method \(payment.method.rawValue)" }
        if payment.capture == .manual { return "capture manual" }
        if payment.lacks(.customerEmail) { return "customer.email is missing" }
        if payment.lacks(.returnURL) { return "return_url is missing" }
        return nil
    }

    public func createSafety(for payment: PaymentShape) -> SendSafety { .inert }

    public var referenceFormat: ReferenceFormat { .base32 }

    public func createRequest(for order: PaymentOrder) -> ProviderRequest {
        .post("/api/product/session", json: SpayonWire.session(for: order, page: page))
    }

    public func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        switch reply.status {
        // The document names no code; both are a session made.
        case 200, 201:
            guard let answer = reply.json.flatMap(SessionAnswer.init) else {
                return .ambiguous(reason: "unreadable_reply")
            }
            guard answer.orderID == nil || answer.orderID == order.reference else {
                return .ambiguous(reason: "foreign_reference")
            }
            let expiresAt = order.createdAt.advanced(by: SpayonMapping.sessionLife)
            return .accepted(
                ProviderReport(
                    .requiresAction(.redirect(url: answer.url, expiresAt: expiresAt)),
                    providerReference: answer.id, ourReference: order.reference, expiresAt: expiresAt,
                    session: [SpayonMapping.keptAddress: Secret(answer.url)]))
        case 401, 403: return .refused(.credentials)
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        // Neither says what became of the request: 404 is not of this call, 408 is a timeout.
        case 404, 408: return .ambiguous(reason: "http_\(reply.status)")
        case 400..<500:
            return .rejected(
                detail: ProviderText.sentence(reply.json?["message"]?.string, hiding: secrets)
                    ?? "the provider refused the request (HTTP \(reply.status))",
                providerCode: nil)
        default: return .ambiguous(reason: "http_\(reply.status)")
        }
    }

    /// By the session's id: from the create's reply, else the one that the customer's browser brought back.
    public func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        guard let id = subject.providerReference ?? subject.claimedTransactionID, ProviderText.isReference(id) else {
            return nil
        }
        return ProviderRequest(.get, "/api/product/session/" + percentEncoded(id))
    }

    public func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        switch reply.status {
        case 200: break
        case 401, 403: return .refused(.credentials)
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        // 404 is 'session not found', but no body is documented that would tell it from any other 404.
        default: return .noAnswer(reason: "http_\(reply.status)")
        }
        guard let session = reply.json.flatMap(SpayonSession.init) else {
            return .noAnswer(reason: "unreadable_reply")
        }
        guard session.id == subject.providerReference ?? subject.claimedTransactionID,
            session.orderID == subject.reference || (session.orderID == nil && subject.providerReference != nil)
        else { return .noAnswer(reason: "foreign_reference") }
        let end = SpayonMapping.end(of: session, for: subject)
        do {
            return .found(
                try SpayonMapping.report(
                    of: session, isOpen: subject.now < end, address: subject.session[SpayonMapping.keptAddress],
                    end: end, hiding: secrets))
        } catch {
            return .noAnswer(reason: error.reason)
        }
    }

    public func tokenRequest() -> ProviderRequest {
        .post("/api/tokens", json: SpayonWire.credentials(id: clientID, secret: clientSecret))
    }

    public func tokenOutcome(of reply: ProviderReply) -> TokenOutcome {
        switch reply.status {
        case 200:
            guard let answer = reply.json.flatMap(TokenAnswer.init) else {
                return .noAnswer(reason: "unreadable_reply")
            }
            return .issued(answer.token, lifetime: answer.lifetime)
        case 401, 403: return .refused(.credentials)
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        default: return .noAnswer(reason: "http_\(reply.status)")
        }
    }

    public func authorize(_ request: inout ProviderRequest, with token: Secret) {
        request.headers[.authorization] = "Bearer " + token.reveal()
    }

    /// No text of theirs that repeats one of ours may be shown.
    var secrets: [Secret] { [clientID, clientSecret, callbackSecret] }
}
