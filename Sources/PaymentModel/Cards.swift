/// A card as the app sent it. It lives until the answer and no longer; it is never stored, and prints nothing.
public struct CardDetails: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// The primary account number, digits only.
    public let number: Secret
    /// 1 to 12.
    public let expiryMonth: Int
    /// Four digits.
    public let expiryYear: Int
    /// The card verification value, 3 or 4 digits.
    public let cvv: Secret
    /// The name on the card.
    public let holder: String

    /// Wraps a card that has been validated.
    public init(number: Secret, expiryMonth: Int, expiryYear: Int, cvv: Secret, holder: String) {
        self.number = number
        self.expiryMonth = expiryMonth
        self.expiryYear = expiryYear
        self.cvv = cvv
        self.holder = holder
    }

    public var description: String { "card ***" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// What may be kept and shown of it.
    public var redacted: RedactedCard {
        let digits = number.reveal()
        return RedactedCard(
            brand: CardBrand(number: digits), first6: String(digits.prefix(6)), last4: String(digits.suffix(4)),
            expiryMonth: expiryMonth, expiryYear: expiryYear)
    }
}

/// What is kept of a card: at most the first six and the last four digits (PCI DSS 3.4.1).
public struct RedactedCard: Sendable, Hashable {
    public let brand: CardBrand
    public let first6: String
    public let last4: String
    public let expiryMonth: Int
    public let expiryYear: Int
}

extension CardBrand {
    /// The brand that a number's first digits belong to, by the published ranges of the card networks.
    public init(number: String) {
        func prefix(_ count: Int) -> Int { Int(number.prefix(count)) ?? 0 }
        self =
            switch (prefix(1), prefix(2), prefix(3), prefix(4)) {
            case (4, _, _, _): .visa
            case (_, _, _, 2221...2720), (_, 51...55, _, _): .mastercard
            case (_, _, _, 2200...2204): .mir
            case (_, 34, _, _), (_, 37, _, _): .amex
            case (_, _, _, 6011), (_, _, 644...649, _), (_, 65, _, _): .discover
            case (_, _, 300...305, _), (_, 36, _, _), (_, 38...39, _, _): .diners
            case (_, _, _, 3528...3589): .jcb
            case (_, 62, _, _), (_, 81, _, _): .unionpay
            case (_, 50, _, _), (_, 56...58, _, _), (_, 63, _, _), (_, 67, _, _): .maestro
            default: .unknown
            }
    }
}

/// Whether the digits satisfy the Luhn check (ISO/IEC 7812-1, annex B). The text must be digits.
func passesLuhn(_ digits: some BidirectionalCollection<UInt8>) -> Bool {
    var sum = 0
    for (index, byte) in digits.reversed().enumerated() {
        let digit = Int(byte - UInt8(ascii: "0"))
        let doubled = digit * 2
        sum += index.isMultiple(of: 2) ? digit : (doubled > 9 ? doubled - 9 : doubled)
    }
    return sum.isMultiple(of: 10)
}
