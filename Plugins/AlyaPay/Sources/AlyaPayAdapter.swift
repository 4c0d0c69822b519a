import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// AlyaPay's online checkout: a session is opened, its token goes to AlyaPay's component in the customer's browser, and
/// the customer pays there in instalments.
///
/// Facts are from AlyaPay's backend integration page and the pages and modules beside it; what they leave open is in the
/// plugin's README. Opening a session moves no money, and a session whose token nobody has is never paid: a create is
/// inert. The transaction that comes of it has an id that AlyaPay gives to the browser alone, so the session's id is
/// never taken for the transaction's.
public struct AlyaPayAdapter: Inquiring, CallbackReceiving {
    public static let declaration = ProviderDeclaration(
        id: "alyapay", name: "AlyaPay", defaultBaseURL: "https://api.alyapay.com", methods: [.checkout],
        currencies: AlyaPayMapping.currencies,
        settings: [
            SettingDeclaration("api_key", .secret, isRequired: true, help: "The API key, as in `sk_live_…`."),
            SettingDeclaration(
                "webhook_secret", .secret,
                help: "The secret that callbacks are signed with; without one they are hints at most."),
            SettingDeclaration(
                "status_auth", .choice(["session_token", "api_key"]),
                help: "What a transaction's state is asked with; default: `session_token`, as documented."),
            SettingDeclaration(
                "vendor_reference", .choice(["off", "on"]),
                help: "Whether `vendorReference` is sent and callbacks are matched by it; default: `off`."),
        ],
        documentedLimits: [DocumentedLimit(requests: 100, per: .seconds(15 * 60))])

    let apiKey: Secret
    let webhookSecret: Secret?
    /// Whether a transaction that is known to be the payment's is asked after with the API key.
    let asksWithKey: Bool
    let sendsVendorReference: Bool

    public init(settings: ProviderSettings) throws(SettingFault) {
        apiKey = try settings.requiredSecret("api_key")
        webhookSecret = settings.secret("webhook_secret")
        asksWithKey = settings.text("status_auth") == "api_key"
        sendsVendorReference = settings.text("vendor_reference") == "on"
        for (key, secret) in [("api_key", apiKey), ("webhook_secret", webhookSecret)]
        where secret?.reveal().isEmpty == true {
            throw SettingFault(key: key, detail: "must not be empty")
        }
    }

    public func incapability(for payment: PaymentShape) -> String? {
        if payment.method != .checkout { return "method \(payment.method.rawValue)" }
        if !AlyaPayMapping.currencies.contains(payment.money.currency) {
            return "currency \(payment.money.currency.code)"
        }
        if payment.capture == .manual { return "capture manual" }
        return nil
    }

    public func createSafety(for payment: PaymentShape) -> SendSafety { .inert }

    /// Reaches AlyaPay only where `vendor_reference` is on.
    public var referenceFormat: ReferenceFormat { .base32 }

    public func createRequest(for order: PaymentOrder) -> ProviderRequest {
        .post(
            "/api/v1/public/sessions", headers: [.alyaPayKey: apiKey.reveal()],
            json: AlyaPayWire.session(for: order, withVendorReference: sendsVendorReference))
    }

    public func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        switch reply.status {
        // 200 is documented. A 201 with a whole session in it can mean nothing else.
        case 200, 201:
            guard let answer = reply.json.flatMap(AlyaPaySession.init) else {
                return .ambiguous(reason: "unreadable_reply")
            }
            let expiresAt = order.createdAt.advanced(by: answer.lifetime)
            return .accepted(
                ProviderReport(
                    .requiresAction(.clientToken(answer.token.reveal(), expiresAt: expiresAt)),
                    checkoutReference: answer.id, expiresAt: expiresAt,
                    session: [AlyaPayMapping.keptToken: answer.token]))
        case 400: return AlyaPayMapping.refusal(by: reply.json.map(AlyaPayError.init), hiding: secrets)
        case 401, 403: return .refused(.credentials)
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        default: return .ambiguous(reason: "http_\(reply.status)")
        }
    }

    /// No secret of ours may be shown in a text of theirs.
    var secrets: [Secret] { [apiKey] + (webhookSecret.map { [$0] } ?? []) }
}
