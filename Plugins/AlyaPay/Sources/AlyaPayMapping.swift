import PaymentModel
import ProviderKit
import StrictJSON

/// A reply or callback that was read and says nothing that the documents explain.
struct AlyaPayUnexplained: Error {
    /// A slug such as `unknown_status`.
    let reason: String
}

/// Total functions between our terms and AlyaPay's.
enum AlyaPayMapping {
    /// "Currency code: MAD", and no other.
    static let currencies = Set(["MAD"].compactMap(Currency.init(code:)))

    /// "Token lifetime in seconds (3600 = 1 hour)".
    static let sessionLife = Duration.seconds(3600)

    /// Where the session's token is kept: it asks for the transaction's state, and stays the customer's next action while
    /// the session lives.
    static let keptToken = "session_token"

    /// `1799` for MAD 1799.00, as in AlyaPay's example, and `99.5` for 99.50.
    static func price(of minorUnits: Int64, _ currency: Currency) -> JSONNumber {
        guard let number = JSONNumber(text: Money(minorUnits: minorUnits, currency: currency).shortDecimalText) else {
            preconditionFailure("an amount's decimal text is a number of JSON")
        }
        return number
    }

    /// Reads an amount, a JSON number such as `1799.00` or `1799`, exactly; nil where it is not whole minor units of a
    /// known currency.
    static func money(amount: JSONValue?, currency: JSONValue?) -> Money? {
        guard let text = amount?.number?.text, let currency = currency?.string.flatMap(Currency.init(code:)) else {
            return nil
        }
        return Money(decimal: text, currency: currency)
    }

    /// What a transaction's status says of its payment.
    ///
    /// - Parameters:
    ///   - sessionToken: The session's token while it lives, where it is known.
    ///   - sessionEnd: When it is over, where that is known.
    ///   - isOpen: Whether the session still lives, so that the customer may try again.
    static func report(
        of transaction: AlyaPayTransaction, sessionToken: Secret? = nil, sessionEnd: Timestamp? = nil, isOpen: Bool,
        vendorReference: String? = nil
    ) throws(AlyaPayUnexplained) -> ProviderReport {
        let state: ReportedState
        switch transaction.status {
        // COMPLETED is an approved one whose instalments have all been paid.
        case .approved, .completed:
            guard transaction.money != nil else { throw AlyaPayUnexplained(reason: "unreadable_amount") }
            state = .captured
        case .pending, .processing:
            // The customer may have closed the window: the token opens it again.
            state = .pending(sessionToken.map { .clientToken($0.reveal(), expiresAt: sessionEnd) })
        case .canceled: state = .canceled
        case .expired: state = .expired
        case .declined, .failed:
            // No document calls them final, and the session's token still takes the customer to another try.
            let decline = Decline(code: .generic, providerCode: transaction.status?.rawValue)
            state = isOpen ? .failedForNow(decline) : .failed(decline)
        case nil: throw AlyaPayUnexplained(reason: "unknown_status")
        }
        return ProviderReport(
            state, money: transaction.money, providerReference: transaction.id, ourReference: vendorReference)
    }

    /// What a 400 of the create means, by the one table of AlyaPay's codes.
    static func refusal(by error: AlyaPayError?, hiding secrets: [Secret]) -> CreateOutcome {
        guard let error else { return .ambiguous(reason: "http_400") }
        func rejected(_ providerCode: String?, _ words: String) -> CreateOutcome {
            .rejected(
                detail: ProviderText.sentence(error.message, hiding: secrets) ?? words, providerCode: providerCode)
        }
        func declined(_ code: Decline.Code, _ number: Int64) -> CreateOutcome {
            .declined(
                Decline(
                    code: code, message: ProviderText.sentence(error.message, hiding: secrets),
                    providerCode: String(number)), providerReference: nil)
        }
        switch error.code {
        case .invalidAmount: return rejected("INVALID_AMOUNT", "the amount must be greater than 0")
        case .invalidCurrency: return rejected("INVALID_CURRENCY", "the currency is not supported")
        case .invalidItems: return rejected("INVALID_ITEMS", "the items are missing or invalid")
        case .amountMismatch: return rejected("AMOUNT_MISMATCH", "the total is not the sum of the items")
        case .invalidAPIKey, .rateLimitExceeded, .invalidSessionToken, .transactionNotFound, nil: break
        }
        switch error.number {
        case 4235: return rejected("4235", "the order is invalid")
        case 4239: return rejected("4239", "the amount is below the provider's minimum")
        case 4242: return rejected("4242", "the amount is above the provider's maximum")
        case 4014: return declined(.doNotHonor, 4014)
        case 4018: return declined(.limitExceeded, 4018)
        case 4019: return declined(.limitExceeded, 4019)
        default: break
        }
        guard error.isValidationList else { return .ambiguous(reason: "http_400") }
        return rejected(nil, "the provider calls the request invalid")
    }
}
