import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// Waypay's checkout sessions (Pakistan): the customer pays on a page of Waypay's, by card or wallet, or by the wallet
/// that the payment names.
///
/// Facts are from Waypay's `payment-initiate` page, which wins, and the pages beside it; what they leave open is in the
/// plugin's README. Opening a session moves no money, and a session that nobody has seen is never paid: a create is
/// inert. Callbacks are not signed, so that asking is what this adapter rests on.
public struct WaypayAdapter: Inquiring, CallbackReceiving {
    public static let declaration = ProviderDeclaration(
        id: "waypay", name: "Waypay", defaultBaseURL: nil, methods: [.checkout, .wallet],
        currencies: WaypayMapping.currencies,
        settings: [
            SettingDeclaration("api_key", .secret, isRequired: true, help: "The API key, as in `pk_live_…`."),
            SettingDeclaration(
                "signature_secret", .secret, isRequired: true,
                help: "The merchant secret that requests are signed with, as in `mer_sk_…`."),
            SettingDeclaration(
                "order_ref_signing", .choice(OrderRefSigning.allCases.map(\.rawValue)),
                help: "The text of `orderRef` that is signed; default `as_sent`, as in Waypay's guide."),
            SettingDeclaration(
                "not_found_code", .text,
                help: "The `code` of the 404 that says 'no such transaction'; default: none is known."),
        ])

    let apiKey: Secret
    let signer: WaypaySigner
    /// The `code` that makes a 404 mean 'no such transaction'.
    let notFoundCode: String?

    public init(settings: ProviderSettings) throws(SettingFault) {
        apiKey = try settings.requiredSecret("api_key")
        let secret = try settings.requiredSecret("signature_secret")
        for (key, value) in [("api_key", apiKey), ("signature_secret", secret)]
        where !ProviderText.isVisibleASCII(value.reveal()) {
            throw SettingFault(key: key, detail: "must be visible ASCII characters")
        }
        let signing = settings.text("order_ref_signing") ?? OrderRefSigning.asSent.rawValue
        guard let orderRef = OrderRefSigning(rawValue: signing) else {
            throw SettingFault(
                key: "order_ref_signing",
                detail: "must be one of \(OrderRefSigning.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        signer = WaypaySigner(secret: secret, orderRef: orderRef)
        notFoundCode = settings.text("not_found_code")
        if notFoundCode?.isEmpty == true { throw SettingFault(key: "not_found_code", detail: "must not be empty") }
    }

    public func incapability(for payment: PaymentShape) -> String? {
        switch payment.method {
        case .checkout: break
        case .wallet:
            if let network = payment.network {
                if WaypayMapping.paymentMethods[network] == nil { return "network \(network)" }
            } else if payment.fields != nil {
                // A question that names no fields (an expectation) may leave the network open; a payment never does.
                return "network is missing"
            }
        default: return "method \(payment.method.rawValue)"
        }
        if payment.capture == .manual { return "capture manual" }
        if !WaypayMapping.isAboveLeast(payment.money) { return "amount \(payment.money) is not above 10" }
        return nil
    }

    public func createSafety(for payment: PaymentShape) -> SendSafety { .inert }

    public var referenceFormat: ReferenceFormat { .base32 }

    public func createRequest(for order: PaymentOrder) -> ProviderRequest {
        var body = WaypayWire.checkout(for: order)
        body["signature"] = .string(signer.signature(of: body))
        var json = JSONWriter()
        json.value(.object(body))
        return .post(WaypayWire.base + "/Payment/initiate-checkout", headers: headers, json: json)
    }

    public func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        switch reply.status {
        case 200:
            guard let answer = reply.json.flatMap(CheckoutAnswer.init) else {
                return .ambiguous(reason: "unreadable_reply")
            }
            return .accepted(
                ProviderReport(
                    .requiresAction(.redirect(url: answer.url, expiresAt: answer.expiresAt)),
                    checkoutReference: answer.paymentIntentID, ourReference: order.reference,
                    expiresAt: answer.expiresAt, session: [WaypayMapping.keptAddress: Secret(answer.url)]))
        case 400, 422:
            return WaypayMapping.createOutcome(
                of: reply.json.flatMap(WaypayProblem.init), status: reply.status, hiding: secrets)
        case 401 where reply.json.flatMap(WaypayProblem.init)?.namesSignature == true:
            return .refused(WaypayMapping.signatureRefused)
        case 401, 403: return .refused(.credentials)
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        default: return .ambiguous(reason: "http_\(reply.status)")
        }
    }

    /// By our reference, which finds the transaction whoever has told what of it.
    public func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        ProviderRequest(
            .get, WaypayWire.base + "/Transaction/by-ref/" + percentEncoded(subject.reference), headers: headers)
    }

    public func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        switch reply.status {
        case 200: break
        case 401, 403: return .refused(.credentials)
        case 404: return notFoundOutcome(of: reply, for: subject)
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        default: return .noAnswer(reason: "http_\(reply.status)")
        }
        guard let transaction = reply.json.flatMap(WaypayTransaction.init(inquiry:)) else {
            return .noAnswer(reason: "unreadable_reply")
        }
        guard transaction.isOf(subject) else { return .noAnswer(reason: "foreign_reference") }
        do {
            return .found(try WaypayMapping.report(of: transaction, for: subject, hiding: secrets))
        } catch {
            return .noAnswer(reason: error.reason)
        }
    }

    /// What a 404 means.
    ///
    /// No body is documented for 'no such transaction', so none is taken for it unless the settings name its code. But a session
    /// that Waypay itself confirmed to us has no transaction before the customer begins: where the application (in its error form, which
    /// no proxy has) knows none, and never knew one, the customer has not paid. That says less than 'not found': the
    /// session stands, and ends by its time.
    private func notFoundOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        let unexplained = InquiryOutcome.noAnswer(reason: "http_404")
        guard let problem = reply.json.flatMap(WaypayProblem.init), problem.status ?? 404 == 404,
            subject.providerReference == nil
        else { return unexplained }
        if let notFoundCode, problem.code == notFoundCode { return .notFound }
        guard let paymentIntentID = subject.checkoutReference else { return unexplained }
        return .found(
            ProviderReport(
                WaypayMapping.waiting(for: subject), checkoutReference: paymentIntentID,
                ourReference: subject.reference))
    }

    private var headers: HTTPFields { [.waypayKey: apiKey.reveal()] }

    /// No text of theirs that repeats one of ours may be shown.
    var secrets: [Secret] { [apiKey, signer.secret] }
}
