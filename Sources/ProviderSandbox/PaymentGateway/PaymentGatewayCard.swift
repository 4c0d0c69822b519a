import StrictJSON

/// A card as it is kept once it has been read and the issuer has spoken: never its number or CVV.
struct PaymentGatewayCard: Sendable {
    let brand: String
    let last4: String
    /// What the issuer says to it.
    let verdict: PaymentGatewayVerdict

    /// Reads and checks `card`. Names and kinds from the examples; the limits are those of the provider's code
    /// (`paymentgateway.md`, section 4.1), but for the holder's name: 'can be anything' (Test Card Rules).
    init(_ body: PaymentGatewayBody, at time: WallTime) throws(PaymentGatewayError) {
        let number = try body.required("number")
        let holder = try body.required("cardholder_name")
        guard holder.unicodeScalars.count <= 100 else { throw .invalid("cardholder_name is too long") }
        guard let month = body["exp_month"]?.integer, (1...12).contains(month) else {
            throw .invalid("exp_month must be between 1 and 12")
        }
        let (thisYear, thisMonth) = time.yearAndMonth
        guard let year = body["exp_year"]?.integer, (2024...thisYear + 20).contains(year) else {
            throw .invalid("exp_year is invalid")
        }
        guard (year, month) >= (thisYear, thisMonth) else { throw .invalid("card has expired") }
        let cvv = try body.required("cvv")
        guard cvv.utf8.count == 3, cvv.utf8.allSatisfy(isDigit) else { throw .invalid("cvv must be 3 digits") }
        try self.init(number: number)
    }

    /// By its number alone, spaces and hyphens in it or not.
    init(number: String) throws(PaymentGatewayError) {
        let digits = number.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
        guard (13...19).contains(digits.count), digits.allSatisfy(isDigit), Self.passesLuhn(digits) else {
            throw .invalid("card number is invalid")
        }
        guard let brand = Self.brand(of: digits) else { throw .invalid("card brand is not supported") }
        self.brand = brand
        last4 = String(decoding: digits.suffix(4), as: UTF8.self)
        verdict = PaymentGatewayVerdict.testCards.first { $0.number.utf8.elementsEqual(digits) }?.verdict ?? .doNotHonor
    }

    /// For a customer whom the sandbox plays.
    init(brand: String, last4: String, verdict: PaymentGatewayVerdict) {
        self.brand = brand
        self.last4 = last4
        self.verdict = verdict
    }

    private static func brand(of digits: [UInt8]) -> String? {
        let prefix = digits.prefix(4).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        if prefix / 1000 == 4 { return "visa" }
        if digits.count == 16, (5100...5599).contains(prefix) || (2221...2720).contains(prefix) { return "mastercard" }
        return nil
    }

    private static func passesLuhn(_ digits: [UInt8]) -> Bool {
        var sum = 0
        for (index, digit) in digits.reversed().enumerated() {
            let value = Int(digit - UInt8(ascii: "0")) * (index % 2 == 0 ? 1 : 2)
            sum += value > 9 ? value - 9 : value
        }
        return sum % 10 == 0
    }
}

/// What the issuer, or the fraud system before it, says to a card.
enum PaymentGatewayVerdict: Sendable, Equatable {
    case approved
    case declined(code: String, text: String)
    case fraud(score: Int)

    static let doNotHonor = declined(code: "05", text: "do not honor")

    /// The documented test cards. A card that is not among them gets 05, as in the provider's code.
    static let testCards: [(number: String, verdict: PaymentGatewayVerdict)] = [
        ("4242424242424242", .approved),
        ("5555555555554444", .approved),
        ("4000000000000002", doNotHonor),
        ("4000000000009995", .declined(code: "51", text: "insufficient funds")),
        ("4000000000000069", .declined(code: "54", text: "expired card")),
        ("4000000000000127", .declined(code: "N7", text: "CVV mismatch")),
        ("4000000000000119", .declined(code: "96", text: "processing error")),
        ("4000000000000259", .fraud(score: 85)),
    ]

    /// The verdict of a code that `POST /_sandbox/settle` names: one of the documented, `fraud`, or any other.
    static func named(_ code: String?) -> PaymentGatewayVerdict {
        guard let code else { return doNotHonor }
        if code == "fraud" { return .fraud(score: 85) }
        let known = testCards.lazy.map(\.verdict).first { $0.responseCode == code && $0 != .approved }
        return known ?? .declined(code: code, text: "declined")
    }

    /// The issuer's code; `nil` where the fraud system left it unasked.
    var responseCode: String? {
        switch self {
        case .approved: "00"
        case .declined(let code, _): code
        case .fraud: nil
        }
    }

    var responseMessage: String {
        switch self {
        case .approved: "Approved"
        case .declined(_, let text): text.prefix(1).uppercased() + text.dropFirst()
        case .fraud(let score): "High fraud risk (score: \(score))"
        }
    }

    /// The error of authorize and sale; `nil` for an approval.
    var paymentError: String? {
        switch self {
        case .approved: nil
        case .declined(let code, let text): "payment declined: \(text) (code: \(code))"
        case .fraud(let score): "payment declined: high fraud risk (score: \(score))"
        }
    }

    /// The message of a declined confirmation. That of fraud is documented for payments only, and the same here.
    var confirmationError: String? {
        switch self {
        case .approved: nil
        case .declined(_, let text): "card declined: \(text)"
        case .fraud: paymentError
        }
    }
}
