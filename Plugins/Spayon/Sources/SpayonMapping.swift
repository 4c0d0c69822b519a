import PaymentModel
import ProviderKit
import StrictJSON

/// A reply or callback that was read and says nothing that the documents explain.
struct SpayonUnexplained: Error {
    /// A slug such as `unknown_status`.
    let reason: String
}

/// Total functions between our terms and Spayon's.
enum SpayonMapping {
    /// "The session stays active for 15 minutes."
    static let sessionLife = Duration.seconds(15 * 60)

    /// Where the session's address is kept, so that asking does not lose it: the status call does not tell it.
    static let keptAddress = "session_url"

    /// `1000` for AMD 1000.00, as in Spayon's example, and `99.5` for 99.50: major units.
    static func price(of money: Money) -> JSONNumber {
        guard let number = JSONNumber(text: money.shortDecimalText) else {
            preconditionFailure("an amount's decimal text is a number of JSON")
        }
        return number
    }

    /// Reads price and currency exactly; nil where they are not whole minor units of a known currency. The price is
    /// text, as documented, or a number, as in requests; the currency may have either case.
    static func money(price: JSONValue?, currency: JSONValue?) -> Money? {
        guard let text = price?.string ?? price?.number?.text, let code = currency?.string,
            let currency = Currency(code: code.uppercased())
        else { return nil }
        return Money(decimal: text, currency: currency)
    }

    /// When the session ends, for an inquiry.
    ///
    /// We count from when the payment was begun; Spayon counts from the session's creation, which a failover before it
    /// may have put off. The later one holds, but theirs only where it lies in the past: then no false clock can keep
    /// a failure open.
    static func end(of session: SpayonSession, for subject: InquirySubject) -> Timestamp {
        let ours = subject.expiresAt ?? subject.createdAt.advanced(by: sessionLife)
        guard let theirs = session.createdAt, theirs <= subject.now else { return ours }
        return max(ours, theirs.advanced(by: sessionLife))
    }

    /// What a session says of its payment.
    ///
    /// - Parameters:
    ///   - isOpen: Whether the session still lives, so that a failure may yet be followed by `paid`.
    ///   - address: Where the customer pays, where it is known.
    ///   - end: When the session ends, where it is known.
    static func report(
        of session: SpayonSession, isOpen: Bool, address: Secret?, end: Timestamp?, hiding secrets: [Secret]
    ) throws(SpayonUnexplained) -> ProviderReport {
        let state: ReportedState
        switch session.status {
        case "pending":
            // The status does not tell whether the customer has begun: while the page is open, it may be needed.
            if let address, isOpen {
                state = .requiresAction(.redirect(url: address.reveal(), expiresAt: end))
            } else {
                state = .pending(nil)
            }
        case "paid":
            guard session.money != nil else { throw SpayonUnexplained(reason: "unreadable_amount") }
            state = .captured
        case "failed":
            let decline = decline(
                code: session.declineCode, message: session.declineReason, hiding: secrets)
            state = isOpen ? .failedForNow(decline) : .failed(decline)
        case "expired": state = .expired
        default: throw SpayonUnexplained(reason: "unknown_status")
        }
        return ProviderReport(
            state, money: session.money, providerReference: session.id, ourReference: session.orderID)
    }

    /// Spayon's decline codes: `05`, `14`, `1A` are in its own table, and the rest are response codes of ISO 8583
    /// (1987, field 39), as it says. `1A` is a failed 3-D Secure, for which there is no code of ours; `SP-…` are
    /// Spayon's own and not listed.
    static func decline(code: String?, message: String?, hiding secrets: [Secret]) -> Decline {
        let known: Decline.Code =
            switch code {
            case "05": .doNotHonor
            case "14": .invalidCard
            case "17": .canceledByCustomer
            case "33", "54": .expiredCard
            case "34", "59": .fraudSuspected
            case "41", "43": .lostOrStolen
            case "51": .insufficientFunds
            case "61", "65": .limitExceeded
            case "68": .timedOut
            case "91", "96": .processingError
            default: .generic
            }
        return Decline(
            code: known, message: ProviderText.sentence(message, hiding: secrets),
            providerCode: ProviderText.code(code, hiding: secrets))
    }

    /// 64 hexadecimal digits, in either case, and nothing else.
    static func isSHA256Hex(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (65...70).contains($0) || (97...102).contains($0)
            }
    }
}
