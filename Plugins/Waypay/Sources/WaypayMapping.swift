import PaymentModel
import ProviderKit
import StrictJSON

/// A reply or callback that was read and says nothing that the documents explain.
struct WaypayUnexplained: Error {
    /// A slug such as `unknown_status`.
    let reason: String
}

/// The statuses of transactions. Their numbers were given out anew, 3 once meant success, so the text decides and a number that
/// says otherwise makes the whole unexplained.
enum WaypayStatus: String, CaseIterable, Sendable {
    case pending = "Pending"
    case completed = "Completed"
    case failed = "Failed"
    case cancelled = "Cancelled"
    case refundRequested = "RefundRequested"
    case refundFailed = "RefundFailed"
    case refunded = "Refunded"
    case inProgress = "InProgress"
    case onHold = "OnHold"
    case reversed = "Reversed"
    case disputed = "Disputed"
    case settled = "Settled"
    /// Of callbacks; the new numbering has none for it.
    case expired = "Expired"

    /// The number in the new numbering.
    var number: Int64? {
        switch self {
        case .pending: 1
        case .completed: 2
        case .failed: 3
        case .cancelled: 4
        case .refundRequested: 5
        case .refundFailed: 6
        case .refunded: 7
        case .inProgress: 8
        case .onHold: 9
        case .reversed: 10
        case .disputed: 11
        case .settled: 12
        case .expired: nil
        }
    }

    /// Nil for an unknown text, and where the number is there and is not the text's.
    init?(text: JSONValue?, number: JSONValue?) {
        guard let text = text?.string, let status = Self(rawValue: text) else { return nil }
        if let number, !number.isNull {
            guard let number = number.integer else { return nil }
            let isAnothers = Self.allCases.contains { $0 != status && $0.number == number }
            guard status.number == nil ? !isAnothers : status.number == number else { return nil }
        }
        self = status
    }
}

/// Total functions between our terms and Waypay's.
enum WaypayMapping {
    /// The currencies that Waypay's document names.
    static let currencies = Set(["PKR", "USD"].compactMap(Currency.init(code:)))

    /// Our networks and Waypay's `paymentMethod`. (An older sample says that JazzCash is 2; the document wins.)
    static let paymentMethods: [String: Int64] = ["jazzcash": 1, "easypaisa": 2]

    /// Where the page's address is kept, so that asking does not lose it: the status call does not tell it.
    static let keptAddress = "checkout_url"

    /// A configuration fault: our secret, or what of `orderRef` is signed.
    static let signatureRefused = Refusal(.credentials, reason: "signature_refused")

    /// "Must be greater than 10", in major units.
    static func isAboveLeast(_ money: Money) -> Bool {
        guard let ten = Money(decimal: "10", currency: money.currency) else { return false }
        return money.minorUnits > ten.minorUnits
    }

    /// `1000` for PKR 1000.00 and `99.5` for 99.50: without trailing zeros every number type of the server writes the
    /// same text, and that text is signed.
    static func amount(of money: Money) -> JSONNumber {
        guard let number = JSONNumber(text: money.shortDecimalText) else {
            preconditionFailure("an amount's decimal text is a number of JSON")
        }
        return number
    }

    /// Reads amount and currency exactly; nil where they are not whole minor units of a known currency.
    static func money(amount: JSONValue?, currency: JSONValue?) -> Money? {
        guard let text = amount?.number?.text, let currency = currency?.string.flatMap(Currency.init(code:)) else {
            return nil
        }
        return Money(decimal: text, currency: currency)
    }

    /// `^[A-Za-z0-9 ]{1,200}$`: other characters become spaces. One without a letter or digit says nothing, and Waypay may take it
    /// for missing.
    static func description(_ text: String?) -> String {
        var result = ""
        for scalar in (text ?? "").unicodeScalars.prefix(200) {
            switch scalar {
            case "A"..."Z", "a"..."z", "0"..."9": result.unicodeScalars.append(scalar)
            default: result.append(" ")
            }
        }
        return result.contains { $0 != " " } ? result : "Payment"
    }

    /// An id of theirs that is shown to apps; nil where it is none, or repeats a secret.
    static func id(_ text: String?, hiding secrets: [Secret]) -> String? {
        ProviderText.code(text, hiding: secrets).flatMap { ProviderText.isReference($0) ? $0 : nil }
    }

    /// What an error of a create means. `problem` is nil where the body has neither of the documented forms.
    static func createOutcome(of problem: WaypayProblem?, status: Int, hiding secrets: [Secret]) -> CreateOutcome {
        if problem?.namesSignature == true { return .refused(signatureRefused) }
        if status == 422 {
            // It may have been the duplicate, of which only the body would tell.
            guard let problem else { return .ambiguous(reason: "http_422") }
            if problem.mayMeanDuplicate { return .duplicate }
        }
        return .rejected(
            detail: ProviderText.sentence(problem?.message, hiding: secrets)
                ?? "the provider refused the request (HTTP \(status))",
            providerCode: ProviderText.code(problem?.code, hiding: secrets))
    }

    /// A payment that nobody has paid yet: while the session lives, its page may be needed.
    static func waiting(for subject: InquirySubject) -> ReportedState {
        guard let address = subject.session[keptAddress], isOpen(subject) else { return .pending(nil) }
        return .requiresAction(.redirect(url: address.reveal(), expiresAt: subject.expiresAt))
    }

    /// Whether the session still lives. One whose end nobody told has no end.
    private static func isOpen(_ subject: InquirySubject) -> Bool {
        subject.expiresAt.map { subject.now < $0 } ?? true
    }

    /// What the status call says of a payment.
    static func report(
        of transaction: WaypayTransaction, for subject: InquirySubject, hiding secrets: [Secret]
    ) throws(WaypayUnexplained) -> ProviderReport {
        let state: ReportedState
        switch transaction.status {
        case .pending: state = waiting(for: subject)
        case .inProgress, .onHold:
            // The host takes what is unpaid for ended when its session is over, and opens another session beside it where the
            // reference was used before. What is being worked on may be paid at any moment: then nothing is learnt.
            guard subject.checkoutReference != nil, isOpen(subject) else {
                throw WaypayUnexplained(reason: "in_progress")
            }
            state = transaction.status == .inProgress ? waiting(for: subject) : .pending(nil)
        default: state = try self.state(of: transaction, hiding: secrets)
        }
        return ProviderReport(
            state, money: transaction.money, providerReference: id(transaction.id, hiding: secrets),
            checkoutReference: subject.checkoutReference
                ?? id(transaction.paymentIntentID, hiding: secrets),
            ourReference: transaction.orderRef)
    }

    /// What a transaction says by itself. Where it says that money was taken it has to say how much.
    static func state(
        of transaction: WaypayTransaction, hiding secrets: [Secret]
    ) throws(WaypayUnexplained) -> ReportedState {
        let state: ReportedState
        switch transaction.status {
        case nil: throw WaypayUnexplained(reason: "unknown_status")
        case .pending, .inProgress, .onHold: return .pending(nil)
        case .failed:
            // No codes are documented, and the reason is free text.
            return .failed(
                Decline(code: .generic, message: ProviderText.sentence(transaction.reason, hiding: secrets)))
        case .cancelled: return .canceled
        case .expired: return .expired
        case .reversed, .disputed: return .reversed
        // A refund that is only asked for, or that failed, leaves the money where it is.
        case .completed, .settled, .refundRequested, .refundFailed: state = .captured
        case .refunded: state = .refunded
        }
        guard transaction.money != nil else { throw WaypayUnexplained(reason: "unreadable_amount") }
        return state
    }
}
