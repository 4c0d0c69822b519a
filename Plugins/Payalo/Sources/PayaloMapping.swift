import PaymentModel
import ProviderKit
import StrictJSON

/// A reply or callback that was read and says nothing that the documents explain.
struct PayaloUnexplained: Error {
    /// A slug such as `unknown_status`.
    let reason: String
}

/// Total functions between our terms and Payalo's.
enum PayaloMapping {
    /// A pay-in that waits for the customer, who got a prompt on the phone.
    static let pending = ReportedState.pending(.approveOnPhone(expiresAt: nil))

    /// The `{method}` of the path: what the settings say, else network and country as they are.
    static func methodKey(network: String, country: Country?, keys: [String: String]) -> String {
        let name = "\(network)-\(country?.code.lowercased() ?? "")"
        return keys[name] ?? name
    }

    /// `100.00` for KES, `100` for JPY, `0.100` for KWD: all the decimals of the currency, as in Payalo's example.
    static func value(of money: Money) -> JSONNumber {
        guard let number = JSONNumber(text: money.decimalText) else {
            preconditionFailure("an amount's decimal text is a number of JSON")
        }
        return number
    }

    /// Reads `{value, currency}` exactly; nil where it is not such an object or not whole minor units.
    static func money(_ json: JSONValue) -> Money? {
        guard let text = json["value"]?.number?.text, let code = json["currency"]?.string,
            let currency = Currency(code: code)
        else { return nil }
        return Money(decimal: text, currency: currency)
    }

    /// What a transaction says of its payment.
    static func report(
        of transaction: PayaloTransaction, hiding secrets: [Secret]
    ) throws(PayaloUnexplained) -> ProviderReport {
        guard transaction.type == nil || transaction.type == "payin" else {
            throw PayaloUnexplained(reason: "not_a_payin")
        }
        let state: ReportedState
        let money: Money?
        switch transaction.status {
        case "pending": (state, money) = (pending, transaction.requestedAmount)
        case "success":
            guard let final = transaction.finalAmount else { throw PayaloUnexplained(reason: "unreadable_amount") }
            (state, money) = (.captured, final)
        case "failed":
            let decline = decline(
                code: transaction.errorCode, message: transaction.errorMessage, hiding: secrets)
            (state, money) = (.failed(decline), transaction.requestedAmount)
        default: throw PayaloUnexplained(reason: "unknown_status")
        }
        return ProviderReport(
            state, money: money, providerReference: transaction.gatewayReference,
            ourReference: transaction.merchantReference)
    }

    /// The asynchronous error codes that are documented. The rest of Payalo's catalogue is unknown: `generic`.
    static func decline(code: String?, message: String?, hiding secrets: [Secret]) -> Decline {
        let known: Decline.Code =
            switch code {
            case "user_insufficient_funds": .insufficientFunds
            case "user_limit_exceeded": .limitExceeded
            default: .generic
            }
        return Decline(
            code: known, message: ProviderText.sentence(message, hiding: secrets),
            providerCode: ProviderText.code(code, hiding: secrets))
    }

    /// What a problem in reply to a create means. Without a documented body nothing is known.
    static func createOutcome(
        ofProblem problem: PayaloProblem?, status: Int, hiding secrets: [Secret]
    ) -> CreateOutcome {
        let unexplained = CreateOutcome.ambiguous(reason: "http_\(status)")
        guard let problem else { return unexplained }
        let code =
            ProviderText.code(problem.specific, hiding: secrets)
            ?? ProviderText.code(problem.errorCode, hiding: secrets)
        let rejected = CreateOutcome.rejected(
            detail: ProviderText.sentence(problem.detail ?? problem.title, hiding: secrets) ?? "the request is invalid",
            providerCode: code)
        switch (status, problem.errorCode) {
        // The state of our account, no fault of the request: another provider may take it.
        case (400, _) where problem.names("merchant_disabled"):
            return .refused(Refusal(.unavailable, reason: "merchant_disabled"))
        case (400, "validation_failed"), (400, "bad_request"): return rejected
        case (422, _) where problem.names("merchant_transactionid_duplicate"): return .duplicate
        case (422, "business_logic_error"): return rejected
        // An unknown or not enabled method key.
        case (404, "not_found"): return rejected
        default: return unexplained
        }
    }
}
