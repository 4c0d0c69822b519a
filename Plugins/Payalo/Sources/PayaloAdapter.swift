import HTTPTypes
import PaymentModel
public import ProviderKit

/// Payalo's direct pay-in: the customer approves a mobile-money payment on the phone.
///
/// Facts are from Payalo's quickstart and the pages that it links to; what they leave open is in the plugin's README.
/// Payalo calls back once at most and refuses a repeated reference, so asking is what this adapter rests on.
public struct PayaloAdapter: Inquiring, CallbackReceiving {
    public static let declaration = ProviderDeclaration(
        id: "payalo", name: "Payalo", defaultBaseURL: "https://api.payalo.com", methods: [.mobileMoney],
        settings: [
            SettingDeclaration("api_key", .secret, isRequired: true, help: "The brand's API key."),
            SettingDeclaration(
                "callback_keys", .secrets,
                help: "Keys that callbacks may carry, all current ones while keys rotate; default: the API key."),
            SettingDeclaration(
                "methods", .map,
                help: "Payalo's method key for a network and country, as in `mpesa-ke: mpesa-ke`; default: that name."),
            SettingDeclaration(
                "inquiry_interval", .duration, help: "The least time between two asks after one payment; default 2m."),
        ])

    let apiKey: Secret
    let callbackKeys: [Secret]
    /// Network, `-` and country in lower case → Payalo's method key.
    let methodKeys: [String: String]
    /// Two minutes by Payalo's status page, unless set.
    public let leastInquiryInterval: Duration

    public init(settings: ProviderSettings) throws(SettingFault) {
        apiKey = try settings.requiredSecret("api_key")
        callbackKeys = settings.secrets("callback_keys") ?? [apiKey]
        methodKeys = settings.map("methods") ?? [:]
        leastInquiryInterval = settings.duration("inquiry_interval") ?? .seconds(120)

        guard PayaloWire.isHeaderText(apiKey) else {
            throw SettingFault(key: "api_key", detail: "must be visible ASCII characters")
        }
        guard !callbackKeys.isEmpty, callbackKeys.allSatisfy(PayaloWire.isHeaderText) else {
            throw SettingFault(key: "callback_keys", detail: "must be keys of visible ASCII characters")
        }
        for (name, key) in methodKeys {
            guard name == name.lowercased(), name.dropLast(2).hasSuffix("-") else {
                throw SettingFault(
                    key: "methods", detail: "has '\(name)', which is not network-country in lower case")
            }
            guard (1...100).contains(key.utf8.count), ProviderText.isVisibleASCII(key) else {
                throw SettingFault(key: "methods", detail: "needs a method key of 1 to 100 characters for '\(name)'")
            }
        }
        guard leastInquiryInterval >= .zero else {
            throw SettingFault(key: "inquiry_interval", detail: "must not be negative")
        }
    }

    public func incapability(for payment: PaymentShape) -> String? {
        if payment.method != .mobileMoney { return "method \(payment.method.rawValue)" }
        if payment.capture == .manual { return "capture manual" }
        if payment.country == nil { return "country is missing" }
        // A question that names no fields (an expectation) may leave the network open; a payment never does.
        if payment.fields != nil, payment.network == nil { return "network is missing" }
        return nil
    }

    public func createSafety(for payment: PaymentShape) -> SendSafety { .refusesDuplicates }

    public var referenceFormat: ReferenceFormat { .base32 }

    public func createRequest(for order: PaymentOrder) -> ProviderRequest {
        let key = PayaloMapping.methodKey(
            network: order.request.network ?? "", country: order.request.country, keys: methodKeys)
        return .post(
            PayaloWire.base + "/direct/payin/" + percentEncoded(key), headers: [.payaloKey: apiKey.reveal()],
            json: PayaloWire.payin(for: order))
    }

    public func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        switch reply.status {
        case 200:
            guard let answer = reply.json.flatMap(PayinAnswer.init) else {
                return .ambiguous(reason: "unreadable_reply")
            }
            // "The status is always pending here": anything else is not explained.
            guard answer.status == "pending" else { return .ambiguous(reason: "unknown_status") }
            guard answer.isFor(order) else { return .ambiguous(reason: "foreign_reference") }
            return .accepted(
                ProviderReport(
                    PayaloMapping.pending, providerReference: answer.gatewayReference, ourReference: order.reference))
        case 401, 403: return .refused(.credentials)
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        default:
            return PayaloMapping.createOutcome(
                ofProblem: reply.json.flatMap(PayaloProblem.init), status: reply.status, hiding: secrets)
        }
    }

    /// By Payalo's reference where it is known, else by ours: the only way to ask after a create whose reply was lost.
    /// What an app claims to be the id is not needed, for ours always finds the payment.
    public func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        let path =
            if let reference = subject.providerReference, ProviderText.isReference(reference) {
                "/status/" + percentEncoded(reference)
            } else {
                "/status/mref/" + percentEncoded(subject.reference)
            }
        return ProviderRequest(.get, PayaloWire.base + path, headers: [.payaloKey: apiKey.reveal()])
    }

    public func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        switch reply.status {
        case 200: break
        case 401, 403: return .refused(.credentials)
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        case 404 where reply.json.flatMap(PayaloProblem.init)?.saysNotFound == true: return .notFound
        default: return .noAnswer(reason: "http_\(reply.status)")
        }
        guard let transaction = reply.json.flatMap(PayaloTransaction.init) else {
            return .noAnswer(reason: "unreadable_reply")
        }
        guard transaction.merchantReference == subject.reference,
            subject.providerReference == nil || transaction.gatewayReference == subject.providerReference
        else { return .noAnswer(reason: "foreign_reference") }
        do {
            return .found(try PayaloMapping.report(of: transaction, hiding: secrets))
        } catch {
            return .noAnswer(reason: error.reason)
        }
    }

    /// Every key of ours: no text of theirs that repeats one may be shown.
    var secrets: [Secret] { [apiKey] + callbackKeys }
}
