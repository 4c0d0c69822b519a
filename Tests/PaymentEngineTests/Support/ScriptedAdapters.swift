import HTTPTypes
import PaymentModel
import ProviderKit

/// What all scripted adapters share: a provider that speaks `Wire`.
protocol ScriptedAdapter: ProviderAdapter {
    var safety: SendSafety { get set }
    init()
}

extension ScriptedAdapter {
    static var declaration: ProviderDeclaration {
        ProviderDeclaration(
            id: "scripted", name: "Scripted", defaultBaseURL: nil, methods: Set(PaymentMethod.allCases),
            currencies: [.kes, .usd], settings: [])
    }
    init(settings: ProviderSettings) throws(SettingFault) { self.init() }
    init(_ safety: SendSafety) {
        self.init()
        self.safety = safety
    }

    func incapability(for payment: PaymentShape) -> String? { nil }
    func createSafety(for payment: PaymentShape) -> SendSafety { safety }
    var referenceFormat: ReferenceFormat { .base32 }

    func createRequest(for order: PaymentOrder) -> ProviderRequest {
        let card = order.request.card.map { " card=\($0.number.reveal()) cvv=\($0.cvv.reveal())" } ?? ""
        let text =
            "create ref=\(order.reference) amount=\(order.request.money.minorUnits) callback=\(order.callbackURL ?? "-")"
        return ProviderRequest(.post, "/create", body: Array((text + card).utf8))
    }

    func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        let text = Wire.text(of: reply)
        if let refusal = refusal(reply) { return .refused(refusal) }
        switch Wire.word(of: reply) {
        case "accepted":
            guard let report = Wire.report(text) else { return .ambiguous(reason: "unknown_status") }
            return .accepted(report)
        case "declined":
            let code = Wire.value("code", in: text).flatMap(Decline.Code.init(rawValue:)) ?? .generic
            return .declined(Decline(code: code), providerReference: Wire.value("id", in: text))
        case "rejected": return .rejected(detail: "the phone is wrong", providerCode: Wire.value("code", in: text))
        case "duplicate": return .duplicate
        case "key_reused": return .keyReused
        default: return .ambiguous(reason: reply.status >= 400 ? "http_\(reply.status)" : "unreadable_reply")
        }
    }

    func refusal(_ reply: ProviderReply) -> Refusal? {
        switch reply.status {
        case 401, 403: .credentials
        case 429: .rateLimited(retryAfter: reply.retryAfter)
        default: Wire.word(of: reply) == "unavailable" ? Refusal(.unavailable, reason: "provider_down") : nil
        }
    }
}

/// Adds being asked.
protocol ScriptedInquiring: ScriptedAdapter, Inquiring {}

extension ScriptedInquiring {
    func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        let claim = subject.claimedTransactionID.map { "&claim=\($0)" } ?? ""
        return ProviderRequest(.get, "/inquiry?ref=\(subject.reference)\(claim)")
    }

    func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        if let refusal = refusal(reply) { return .refused(refusal) }
        switch Wire.word(of: reply) {
        case "found": return Wire.report(Wire.text(of: reply)).map(InquiryOutcome.found) ?? .noAnswer(reason: "status")
        case "not_found": return .notFound
        case "foreign": return .foreign
        default: return .noAnswer(reason: "http_\(reply.status)")
        }
    }
}

/// Cannot be asked.
struct PlainAdapter: ScriptedAdapter {
    var safety: SendSafety = .once
}

/// Can be asked.
struct AskableAdapter: ScriptedInquiring {
    var safety: SendSafety = .once
    var leastInquiryInterval: Duration = .zero
}

/// Can be asked only by the id of a transaction, which an app tells it.
struct ClaimAdapter: ScriptedInquiring {
    var safety: SendSafety = .once
    var leastInquiryInterval: Duration = .zero

    func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        guard let id = subject.claimedTransactionID ?? subject.providerReference else { return nil }
        return ProviderRequest(.get, "/inquiry?ref=\(subject.reference)&claim=\(id)")
    }
}

/// Needs a token for every request.
struct TokenAdapter: ScriptedInquiring, TokenAuthenticated {
    var safety: SendSafety = .once

    func tokenRequest() -> ProviderRequest { ProviderRequest(.post, "/token") }

    func tokenOutcome(of reply: ProviderReply) -> TokenOutcome {
        if let refusal = refusal(reply) { return .refused(refusal) }
        let text = Wire.text(of: reply)
        guard let token = Wire.value("token", in: text), let seconds = Wire.value("seconds", in: text).flatMap(Int.init)
        else { return .noAnswer(reason: "http_\(reply.status)") }
        return .issued(Secret(token), lifetime: .seconds(seconds))
    }

    func authorize(_ request: inout ProviderRequest, with token: Secret) {
        request.headers[.authorization] = "Bearer " + token.reveal()
    }
}

/// Calls back, with a signature or without.
struct CallingAdapter: ScriptedInquiring, CallbackReceiving {
    var safety: SendSafety = .once
    var isSigned = true
    var leastInquiryInterval: Duration = .zero
    var takesCallbackAddress: Bool { true }

    /// Else by the id of a transaction alone.
    var asksByReference = true

    init() {}
    init(_ safety: SendSafety, isSigned: Bool, leastInquiryInterval: Duration = .zero) {
        self.safety = safety
        self.isSigned = isSigned
        self.leastInquiryInterval = leastInquiryInterval
    }

    func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        let id = subject.claimedTransactionID ?? subject.providerReference
        guard asksByReference || id != nil else { return nil }
        let claim = subject.claimedTransactionID.map { "&claim=\($0)" } ?? ""
        let page = subject.checkoutReference.map { "&page=\($0)" } ?? ""
        return ProviderRequest(.get, "/inquiry?ref=\(subject.reference)\(page)\(claim)")
    }

    func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict {
        guard isSigned else { return .unsigned }
        return delivery.headers[.authorization] == "signed" ? .authentic : .forged
    }

    func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        let text = String(decoding: delivery.body, as: UTF8.self)
        guard let event = Wire.value("event", in: text), let report = Wire.report(text) else {
            throw CallbackFault("no event")
        }
        return CallbackNotice(eventID: event, report: report)
    }
}

/// A currency that is known to exist.
extension Currency {
    static var kes: Currency { known("KES") }
    static var usd: Currency { known("USD") }
    private static func known(_ code: String) -> Currency {
        guard let currency = Currency(code: code) else { preconditionFailure("no currency \(code)") }
        return currency
    }
}
