import PaymentModel
import ProviderKit
import StrictJSON

/// A reply or callback that was read and says nothing that the documents explain.
struct GatewayUnexplained: Error {
    /// A slug such as `unknown_status`.
    let reason: String
}

/// Total functions between our terms and the Payment API's.
enum PaymentGatewayMapping {
    /// "Payment intent expired (valid for 1 hour)."
    static let intentLife = Duration.seconds(3600)
    /// "Authorization is valid for 7 days."
    static let holdLife = Duration.seconds(7 * 86_400)
    /// How far their clock may differ from ours.
    static let clockSlack = Duration.seconds(300)
    /// Where the address of the page is kept, so that asking does not lose it: it is told once.
    static let keptAddress = "checkout_url"
    /// What is said where the app gave no reason and the provider wants one.
    static let defaultReason = "requested"

    // MARK: States

    /// What a payment says of itself.
    static func report(
        of payment: GatewayPayment, hiding secrets: [Secret]
    ) throws(GatewayUnexplained) -> ProviderReport {
        let state: ReportedState
        switch payment.status {
        case "authorized": state = .authorized
        case "captured": state = .captured
        case "voided": state = .voided
        case "partially_refunded": state = .partiallyRefunded
        case "refunded": state = .refunded
        case "expired": state = .expired
        case "failed":
            state = .failed(
                decline(code: payment.responseCode, message: payment.responseMessage, hiding: secrets))
        default: throw GatewayUnexplained(reason: "unknown_status")
        }
        try requireMoney(payment.money, in: state)
        return ProviderReport(
            state, money: payment.money, providerReference: payment.id,
            expiresAt: state == .authorized
                ? payment.expiresAt ?? payment.createdAt?.advanced(by: holdLife) : nil)
    }

    /// What an intent says of its payment, whose id it does not tell.
    static func report(
        of intent: GatewayIntent, for subject: InquirySubject, hiding secrets: [Secret]
    ) throws(GatewayUnexplained) -> ProviderReport {
        let end = intent.expiresAt ?? subject.expiresAt ?? subject.createdAt.advanced(by: intentLife)
        if intent.isOpen {
            var state = ReportedState.pending(nil)
            if let address = subject.session[keptAddress], subject.now < end {
                state = .requiresAction(.redirect(url: address.reveal(), expiresAt: end))
            }
            return ProviderReport(state, money: intent.money, checkoutReference: intent.id, expiresAt: end)
        }
        let state = try settledState(of: intent, hiding: secrets)
        return ProviderReport(
            state, money: intent.money, providerReference: nil, checkoutReference: intent.id,
            // Nobody tells since when it is held: at the latest since now, or since the page closed. The page's own end
            // must not become the hold's.
            expiresAt: state == .authorized ? min(subject.now, end).advanced(by: holdLife) : nil)
    }

    /// The state of an intent that no longer waits for the customer.
    static func settledState(
        of intent: GatewayIntent, hiding secrets: [Secret]
    ) throws(GatewayUnexplained) -> ReportedState {
        let state: ReportedState
        switch intent.status {
        case "authorized": state = .authorized
        case "captured", "succeeded": state = .captured
        case "voided": state = .voided
        case "partially_refunded": state = .partiallyRefunded
        case "refunded": state = .refunded
        case "failed": state = .failed(Decline(code: .generic))
        case "canceled": state = .canceled
        case "expired": state = .expired
        default: throw GatewayUnexplained(reason: "unknown_status")
        }
        try requireMoney(intent.money, in: state)
        return state
    }

    /// Money that was held or taken without saying how much is no answer: nobody could compare it with the order.
    private static func requireMoney(_ money: Money?, in state: ReportedState) throws(GatewayUnexplained) {
        switch state {
        case .authorized, .captured, .partiallyRefunded, .refunded:
            guard money != nil else { throw GatewayUnexplained(reason: "unreadable_amount") }
        default: break
        }
    }

    /// What a payment that an app claims for its checkout is, where it is not, or not yet, this checkout's; nil where nothing
    /// speaks against it. The host compares the money.
    static func problem(of payment: GatewayPayment, for subject: InquirySubject) -> InquiryOutcome? {
        guard let createdAt = payment.createdAt else { return .noAnswer(reason: "unreadable_reply") }
        let end = subject.expiresAt ?? subject.createdAt.advanced(by: intentLife)
        guard createdAt.advanced(by: clockSlack) >= subject.createdAt, createdAt <= end.advanced(by: clockSlack),
            payment.intentID == nil || payment.intentID == subject.checkoutReference
        else { return .foreign }
        // One of up to five attempts: the customer may pay with another, and this one's id must not stand for the payment.
        return payment.status == "failed" ? .foreign : nil
    }

    // MARK: Errors

    /// 401 and 403 to our key, 429. A 401 that says 'payment not found' is about the payment.
    static func refusal(in reply: ProviderReply) -> Refusal? {
        switch reply.status {
        case 401 where reply.gatewayError?.saysNotFound == true: nil
        case 401, 403: .credentials
        case 429: .rateLimited(retryAfter: reply.retryAfter)
        default: nil
        }
    }

    /// How the texts begin with which a payment's state forbids a follow-up: those of the document's endpoints, and in the
    /// last row those of the provider's program.
    static let conflicts = [
        "payment already ", "payment intent already ", "capture amount exceeds authorized amount",
        "refund amount exceeds available amount", "authorization expired", "cannot void captured payment",
        "can only refund captured payments", "cannot cancel completed payment intent",
        "payment cannot be captured", "payment cannot be voided", "payment cannot be refunded",
    ]

    /// How texts begin that call a request invalid: "invalid request format or validation error".
    static let invalidRequests = ["invalid ", "missing ", "unsupported ", "idempotency key must be "]

    // MARK: Declines

    /// Codes and words of a decline. The document names 05, 51, 54, N7, 96 and the words; the other codes are those of ISO
    /// 8583 (1987, field 39), to which its numbers belong.
    static let declines: [(codes: [String], words: [String], means: Decline.Code)] = [
        (["51"], ["insufficient funds"], .insufficientFunds),
        (["05"], ["do not honor"], .doNotHonor),
        (["33", "54"], ["expired"], .expiredCard),
        (["14"], ["invalid card"], .invalidCard),
        (["N7"], ["cvv"], .invalidCVV),
        (["34", "59"], ["fraud"], .fraudSuspected),
        (["41", "43"], ["lost", "stolen"], .lostOrStolen),
        (["61", "65"], [], .limitExceeded),
        (["91", "96"], ["processing error"], .processingError),
    ]

    /// The decline of a 402: `payment declined: insufficient funds (code: 51)`, or an object whose message says it.
    static func decline(_ error: GatewayError, hiding secrets: [Secret]) -> Decline {
        let code = error.message.firstMatch(of: /\(code: ([A-Za-z0-9]+)\)/).map { String($0.output.1) }
        return decline(code: code ?? error.code, message: error.message, hiding: secrets)
    }

    static func decline(code: String?, message: String?, hiding secrets: [Secret]) -> Decline {
        let text = message?.lowercased() ?? ""
        let known =
            declines.first { row in code.map(row.codes.contains) ?? false }
            ?? declines.first { row in row.words.contains { text.contains($0) } }
        return Decline(
            code: known?.means ?? .generic, message: ProviderText.sentence(message, hiding: secrets),
            providerCode: ProviderText.code(code, hiding: secrets))
    }
}

extension GatewayError {
    /// "payment not found", which the provider's program goes on behind.
    var saysNotFound: Bool { begins(with: ["payment not found"]) }

    /// "idempotency key already used with different request data".
    var saysKeyReused: Bool { begins(with: ["idempotency key already used"]) }

    /// What the documents call a validation error.
    var saysInvalidRequest: Bool { begins(with: PaymentGatewayMapping.invalidRequests) }

    /// A state of the payment that forbids the request.
    var saysConflict: Bool { begins(with: PaymentGatewayMapping.conflicts) }

    /// The message, fit to be shown.
    func sentence(hiding secrets: [Secret]) -> String {
        ProviderText.sentence(message, hiding: secrets) ?? "the provider refused the request"
    }

    private func begins(with texts: [String]) -> Bool {
        let text = message.lowercased()
        return texts.contains { text.hasPrefix($0) }
    }
}
