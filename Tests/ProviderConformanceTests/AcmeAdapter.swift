import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

// The example of docs/adding-a-provider.md: a test finds each piece of it here, and the suite finds nothing in it.

/// Acme's charges: the customer approves a mobile-money payment on the phone.
public struct AcmeAdapter: Inquiring, CallbackReceiving {
    public static let declaration = ProviderDeclaration(
        id: "acme", name: "Acme", defaultBaseURL: "https://api.acme.example", methods: [.mobileMoney],
        settings: [
            SettingDeclaration("api_key", .secret, isRequired: true, help: "The account's key."),
            SettingDeclaration("callback_secret", .secret, isRequired: true, help: "Signs the callbacks."),
        ],
        documentedLimits: [DocumentedLimit(requests: 50, per: .seconds(1))])

    let apiKey: Secret
    let callbackSecret: Secret

    public init(settings: ProviderSettings) throws(SettingFault) {
        apiKey = try settings.requiredSecret("api_key")
        callbackSecret = try settings.requiredSecret("callback_secret")
        guard ProviderText.isVisibleASCII(apiKey.reveal()) else {
            throw SettingFault(key: "api_key", detail: "must be visible ASCII characters")
        }
    }

    public func incapability(for payment: PaymentShape) -> String? {
        payment.capture == .manual ? "capture manual" : nil
    }

    /// No text of theirs that repeats one may be shown.
    private var secrets: [Secret] { [apiKey, callbackSecret] }
    private var headers: HTTPFields { [.authorization: "Bearer " + apiKey.reveal()] }

    public var referenceFormat: ReferenceFormat { .base32 }

    public func createRequest(for order: PaymentOrder) -> ProviderRequest {
        let money = order.request.money
        var json = JSONWriter()
        json.object { json in
            json.member("reference", order.reference)
            json.member("amount", money.decimalText)
            json.member("currency", money.currency.code)
            if case .mobileMoney(let phone, _) = order.request.instrument { json.member("phone", phone) }
            if let callbackURL = order.callbackURL { json.member("callback_url", callbackURL) }
        }
        return .post("/v1/charges", headers: headers, json: json)
    }

    /// "A reference is taken once", and a charge can be asked for by it.
    public func createSafety(for payment: PaymentShape) -> SendSafety { .refusesDuplicates }

    public func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        switch (reply.status, reply.json?["error"]?.string) {
        case (201, _):
            guard let charge = reply.json.flatMap(AcmeCharge.init) else {
                return .ambiguous(reason: "unreadable_reply")
            }
            guard charge.reference == order.reference else { return .ambiguous(reason: "foreign_reference") }
            guard charge.status == "pending", let report = charge.report(hiding: secrets) else {
                return .ambiguous(reason: "unknown_status")
            }
            return .accepted(report)
        case (401, _): return .refused(.credentials)
        case (429, _): return .refused(.rateLimited(retryAfter: reply.retryAfter))
        case (409, "duplicate_reference"): return .duplicate
        case (422, "invalid"):
            let detail = ProviderText.sentence(reply.json?["message"]?.string, hiding: secrets)
            return .rejected(detail: detail ?? "the request is invalid", providerCode: "invalid")
        default: return .ambiguous(reason: "http_\(reply.status)")
        }
    }

    public var leastInquiryInterval: Duration { .seconds(10) }

    public func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        ProviderRequest(.get, "/v1/charges/" + percentEncoded(subject.reference), headers: headers)
    }

    public func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        switch (reply.status, reply.json?["error"]?.string) {
        case (200, _): break
        case (401, _): return .refused(.credentials)
        case (429, _): return .refused(.rateLimited(retryAfter: reply.retryAfter))
        case (404, "no_such_charge"): return .notFound
        default: return .noAnswer(reason: "http_\(reply.status)")
        }
        guard let charge = reply.json.flatMap(AcmeCharge.init) else { return .noAnswer(reason: "unreadable_reply") }
        guard charge.reference == subject.reference,
            subject.providerReference == nil || charge.id == subject.providerReference
        else { return .noAnswer(reason: "foreign_reference") }
        guard let report = charge.report(hiding: secrets) else { return .noAnswer(reason: "unknown_status") }
        return .found(report)
    }

    public var takesCallbackAddress: Bool { true }

    public func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict {
        guard let presented = delivery.headers[.acmeSignature],
            Signature.isHMACSHA256(presented, of: delivery.body, key: callbackSecret)
        else { return .forged }
        return .authentic
    }

    public func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        guard let json = try? JSONValue(parsing: delivery.body), let charge = AcmeCharge(json) else {
            throw CallbackFault("not a charge")
        }
        guard let report = charge.report(hiding: secrets) else { throw CallbackFault("unknown status") }
        return CallbackNotice(eventID: "\(charge.id):\(charge.status)", report: report)
    }
}

extension HTTPField.Name {
    static let acmeSignature = named("Acme-Signature")
}

/// Acme's charge, field for field: in replies and in callbacks.
struct AcmeCharge {
    let id: String
    let reference: String
    let status: String
    let money: Money?
    let reason: String?

    init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, ProviderText.isReference(id), let reference = json["reference"]?.string,
            let status = json["status"]?.string
        else { return nil }
        self.id = id
        self.reference = reference
        self.status = status
        let currency = json["currency"]?.string.flatMap(Currency.init(code:))
        money = currency.flatMap { currency in
            json["amount"]?.string.flatMap { Money(decimal: $0, currency: currency) }
        }
        reason = json["reason"]?.string
    }

    /// What it says in our terms; nil where the documents do not explain it.
    func report(hiding secrets: [Secret]) -> ProviderReport? {
        let state: ReportedState
        switch status {
        case "pending": state = .pending(.approveOnPhone(expiresAt: nil))
        // Money that came without a readable amount is no answer.
        case "paid" where money != nil: state = .captured
        case "failed":
            let code: Decline.Code = reason == "insufficient_funds" ? .insufficientFunds : .generic
            state = .failed(Decline(code: code, providerCode: ProviderText.code(reason, hiding: secrets)))
        default: return nil
        }
        return ProviderReport(state, money: money, providerReference: id, ourReference: reference)
    }
}
