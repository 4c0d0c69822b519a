import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// The Payment API Service: cards charged or held directly, and payment intents, where the customer pays on a hosted page.
///
/// Facts are from its Payment API document; what that leaves open is in the plugin's README. A card payment is known by the
/// id in its reply and can be repeated under its `Idempotency-Key`. An intent moves no money by itself, and the payment
/// that comes of it has an id of its own, which the intent does not tell.
public struct PaymentGatewayAdapter: Inquiring, CallbackReceiving, Capturing, Canceling, Refunding, FollowUpInquiring {
    public static let declaration = ProviderDeclaration(
        id: "paymentgateway", name: "Payment API Service",
        defaultBaseURL: "https://paymentgateway.redahaloubi.com", methods: [.card, .checkout],
        currencies: Set(["EUR", "MAD", "USD"].compactMap(Currency.init(code:))),
        settings: [
            SettingDeclaration("api_key", .secret, isRequired: true, help: "The merchant's API key, `pk_…`."),
            SettingDeclaration(
                "webhook_secret", .secret, isRequired: true, help: "The secret that webhooks are signed with."),
        ],
        documentedLimits: [
            DocumentedLimit(requests: 20, per: .seconds(1)), DocumentedLimit(requests: 10_000, per: .seconds(3600)),
        ])

    /// "If the same key is used within 24 hours, the original response is returned": an hour less, for the clocks.
    static let replayable = SendSafety.replayable(within: .seconds(23 * 3600))

    let apiKey: Secret
    let webhookSecret: Secret

    public init(settings: ProviderSettings) throws(SettingFault) {
        apiKey = try settings.requiredSecret("api_key")
        webhookSecret = try settings.requiredSecret("webhook_secret")
        guard ProviderText.isVisibleASCII(apiKey.reveal()) else {
            throw SettingFault(key: "api_key", detail: "must be visible ASCII characters")
        }
        guard !webhookSecret.reveal().isEmpty else {
            throw SettingFault(key: "webhook_secret", detail: "must not be empty")
        }
    }

    public func incapability(for payment: PaymentShape) -> String? {
        switch payment.method {
        case .card: nil
        case .checkout: payment.lacks(.returnURL) ? "return_url is missing" : nil
        case .mobileMoney, .wallet: "method \(payment.method.rawValue)"
        }
    }

    public func createSafety(for payment: PaymentShape) -> SendSafety {
        payment.method == .checkout ? .inert : Self.replayable
    }

    /// 26 characters: keys of 16 to 255 are taken.
    public var referenceFormat: ReferenceFormat { .base32 }

    public func createRequest(for order: PaymentOrder) -> ProviderRequest {
        let headers = headers(key: order.reference)
        switch (order.request.method, order.request.capture) {
        case (.checkout, _):
            return .post(PaymentGatewayWire.intents, headers: headers, json: PaymentGatewayWire.intent(for: order))
        case (_, .automatic):
            return .post(
                PaymentGatewayWire.payments + "/sale", headers: headers, json: PaymentGatewayWire.payment(for: order))
        case (_, .manual):
            return .post(
                PaymentGatewayWire.payments + "/authorize", headers: headers,
                json: PaymentGatewayWire.payment(for: order))
        }
    }

    public func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        if let refusal = PaymentGatewayMapping.refusal(in: reply) { return .refused(refusal) }
        let hidden = secrets + [order.request.card?.number, order.request.card?.cvv].compactMap(\.self)
        let isCheckout = order.request.method == .checkout
        switch (reply.status, reply.gatewayError) {
        case (200..<300, _):
            guard let data = reply.gatewayData else { return .ambiguous(reason: "unreadable_reply") }
            return isCheckout ? intentOutcome(data, order) : paymentOutcome(data, order, hiding: hidden)
        // Texts that say something else than that the request is invalid do not say that nothing was done.
        case (400, let error?) where error.saysInvalidRequest:
            return .rejected(
                detail: error.sentence(hiding: hidden), providerCode: ProviderText.code(error.code, hiding: hidden))
        case (402, let error?) where !isCheckout:
            return .declined(PaymentGatewayMapping.decline(error, hiding: hidden), providerReference: nil)
        case (409, let error?) where error.saysKeyReused: return .keyReused
        default: return .ambiguous(reason: "http_\(reply.status)")
        }
    }

    private func paymentOutcome(_ data: JSONValue, _ order: PaymentOrder, hiding hidden: [Secret]) -> CreateOutcome {
        guard let payment = GatewayPayment(data) else { return .ambiguous(reason: "unreadable_reply") }
        // A reply kept from another request under this key is not about this card.
        if let last4 = payment.cardLast4, let number = order.request.card?.number.reveal(), !number.hasSuffix(last4) {
            return .ambiguous(reason: "foreign_card")
        }
        do {
            let report = try PaymentGatewayMapping.report(of: payment, hiding: hidden)
            switch report.state {
            // A sale that is authorized is held and not taken: what it says is what holds.
            case .authorized, .captured: return .accepted(report)
            case .failed(let decline): return .declined(decline, providerReference: payment.id)
            default: return .ambiguous(reason: "unexpected_status")
            }
        } catch {
            return .ambiguous(reason: error.reason)
        }
    }

    private func intentOutcome(_ data: JSONValue, _ order: PaymentOrder) -> CreateOutcome {
        guard let intent = GatewayIntent(data), let address = intent.checkoutURL else {
            return .ambiguous(reason: "unreadable_reply")
        }
        guard intent.isOpen else { return .ambiguous(reason: "unknown_status") }
        guard let money = intent.money else { return .ambiguous(reason: "unreadable_amount") }
        let end = intent.expiresAt ?? order.createdAt.advanced(by: PaymentGatewayMapping.intentLife)
        return .accepted(
            ProviderReport(
                .requiresAction(.redirect(url: address, expiresAt: end)), money: money, checkoutReference: intent.id,
                expiresAt: end, session: [PaymentGatewayMapping.keptAddress: Secret(address)]))
    }

    // MARK: Asking

    /// What is asked: the payment, once its id is known or claimed, else the intent.
    enum InquiryTarget {
        case payment(String)
        case intent(String)

        init?(of subject: InquirySubject) {
            // The reply to a card payment names its id: there is nothing for an app to claim.
            let claimed = subject.method == .checkout ? subject.claimedTransactionID : nil
            if let id = subject.providerReference ?? claimed {
                guard ProviderText.isReference(id) else { return nil }
                self = .payment(id)
            } else if let id = subject.checkoutReference, ProviderText.isReference(id) {
                self = .intent(id)
            } else {
                return nil
            }
        }
    }

    public func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        switch InquiryTarget(of: subject) {
        case .payment(let id)?: paymentRequest(id)
        case .intent(let id)?: ProviderRequest(.get, PaymentGatewayWire.publicIntents + "/" + percentEncoded(id))
        case nil: nil
        }
    }

    func paymentRequest(_ id: String) -> ProviderRequest {
        ProviderRequest(.get, PaymentGatewayWire.payments + "/" + percentEncoded(id), headers: headers())
    }

    public func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        guard let target = InquiryTarget(of: subject) else { return .noAnswer(reason: "not_asked") }
        if let refusal = PaymentGatewayMapping.refusal(in: reply) { return .refused(refusal) }
        guard let data = reply.gatewayData else {
            switch (target, reply.status, reply.gatewayError) {
            // Another merchant's payment is documented with 401 and with 404, in the same words.
            case (.payment, 401, let error?) where error.saysNotFound,
                (.payment, 404, let error?) where error.saysNotFound:
                return .notFound
            case (_, 200..<300, _): return .noAnswer(reason: "unreadable_reply")
            default: return .noAnswer(reason: "http_\(reply.status)")
            }
        }
        do {
            switch target {
            case .payment(let id):
                guard let payment = GatewayPayment(data) else { return .noAnswer(reason: "unreadable_reply") }
                guard payment.id == id else { return .noAnswer(reason: "foreign_reference") }
                if subject.providerReference == nil,
                    let problem = PaymentGatewayMapping.problem(of: payment, for: subject)
                {
                    return problem
                }
                return .found(try PaymentGatewayMapping.report(of: payment, hiding: secrets))
            case .intent(let id):
                guard let intent = GatewayIntent(data) else { return .noAnswer(reason: "unreadable_reply") }
                guard intent.id == id else { return .noAnswer(reason: "foreign_reference") }
                return .found(try PaymentGatewayMapping.report(of: intent, for: subject, hiding: secrets))
            }
        } catch {
            return .noAnswer(reason: error.reason)
        }
    }

    /// The headers of a request with the API key; of a POST with our key too.
    func headers(key: String? = nil) -> HTTPFields {
        var headers: HTTPFields = [.gatewayKey: apiKey.reveal()]
        headers[.gatewayIdempotencyKey] = key
        return headers
    }

    /// No text of theirs that repeats one of ours may be shown.
    var secrets: [Secret] { [apiKey, webhookSecret] }
}
