import StrictJSON

/// The body of `initiate-checkout`, read and checked as documented. Faults of form (400) come first, one at a time and
/// in the order of the documented table; the signature is next, and then the rules of business (422), so that a
/// reference is used up by nothing that was refused. The order is not documented.
struct WaypayOrder: Sendable {
    /// What a customer can pay with. Numbers of `paymentMethod`: 1 JazzCash, 2 Easypaisa (the signature guide's sample,
    /// which has JazzCash as 2, is wrong); a card has none.
    enum Method: String, Sendable, CaseIterable {
        case jazzCash = "JazzCash"
        case easypaisa = "Easypaisa"
        case card = "Card"

        init?(number: Int64) {
            switch number {
            case 1: self = .jazzCash
            case 2: self = .easypaisa
            default: return nil
            }
        }
    }

    /// As the order wrote it, so that `20.00` comes back as `20.00`.
    let amount: JSONNumber
    let currency: String
    let description: String
    /// `orderRef.orderRef`.
    let reference: String
    let discount: String?
    let tax: String?
    /// `nil`: the address of the portal.
    let callbackURL: String?
    /// `nil`: the customer chooses.
    let method: Method?

    /// The currencies of the sandbox's merchant: the two that the documents name.
    static let currencies: Set<String> = ["PKR", "USD"]
    /// "defaults to merchant's currency"
    static let defaultCurrency = "PKR"

    init(_ body: JSONObject, secret: String) throws(WaypayError) {
        let lowered = body.names.map { $0.lowercased() }
        guard Set(lowered).count == lowered.count else { throw .malformed }
        guard let value = body["amount"], !value.isNull else {
            throw .invalid("amount", .required, "amount is required")
        }
        guard let number = value.number, DecimalText.isPlain(number.text) else {
            throw .invalid("amount", .invalidType, "amount must be a number")
        }
        amount = number
        currency = try Self.optional(body, "currency") ?? Self.defaultCurrency
        description = try Self.required(body, "description")
        guard (1...200).contains(description.utf8.count), description.utf8.allSatisfy({ Self.isAlphanumeric($0, " ") })
        else { throw .invalid("description", .invalidFormat, "description must match ^[A-Za-z0-9 ]{1,200}$") }
        try Self.checkCustomer(body)

        guard let order = try Self.object(body, "orderRef") else {
            throw .invalid("orderRef", .required, "orderRef is required")
        }
        reference = try Self.required(order, "orderRef", in: "orderRef")
        guard reference.utf8.allSatisfy({ Self.isAlphanumeric($0) }) else {
            throw .invalid("orderRef.orderRef", .invalidFormat, "orderRef must match ^[A-Za-z0-9]+$")
        }
        discount = try Self.amountText(order, "discount")
        tax = try Self.amountText(order, "tax")

        callbackURL = try Self.optional(body, "callbackUrl")
        if let callbackURL {
            guard callbackURL.utf8.count <= 2048 else {
                throw .invalid("callbackUrl", .tooLong, "callbackUrl must be at most 2048 characters")
            }
            guard MerchantURL.isAcceptable(callbackURL) else {
                throw .invalid("callbackUrl", .invalidFormat, "callbackUrl must be an HTTPS URL")
            }
        }
        if let intent = try Self.optional(body, "intentType"), intent != "checkout" {
            throw .invalid("intentType", .unsupported, "intentType must be checkout")
        }
        if let value = body["paymentMethod"], !value.isNull {
            method = value.integer.flatMap(Method.init(number:))
            guard method != nil else {
                throw .invalid("paymentMethod", .invalidFormat, "paymentMethod must be 1 (JazzCash) or 2 (Easypaisa)")
            }
        } else {
            method = nil
        }
        if let metadata = try Self.optional(body, "metadataJson"), (try? JSONValue(parsing: metadata)) == nil {
            throw .invalid("metadataJson", .invalidFormat, "metadataJson must be JSON text")
        }

        guard WaypaySignature.isRight(try Self.required(body, "signature"), over: body, secret: secret) else {
            throw .invalidSignature
        }
        guard DecimalText.isGreaterThanTen(number.text) else {
            throw .unprocessable("amount", .tooSmall, "amount must be greater than 10")
        }
        guard Self.currencies.contains(currency) else {
            throw .unprocessable("currency", .unsupported, "currency is not supported for this merchant")
        }
    }

    private static func checkCustomer(_ body: JSONObject) throws(WaypayError) {
        guard let customer = try object(body, "customerRef") else { return }
        _ = try optional(customer, "name", in: "customerRef")
        _ = try optional(customer, "phone", in: "customerRef")
        if let email = try optional(customer, "email", in: "customerRef") {
            let parts = email.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !email.contains(where: \.isWhitespace) else {
                throw .invalid("customerRef.email", .invalidFormat, "email must be a valid email address")
            }
        }
        if let cnic = try optional(customer, "cnic", in: "customerRef") {
            guard cnic.utf8.count == 13, cnic.utf8.allSatisfy(isDigit) else {
                throw .invalid("customerRef.cnic", .invalidFormat, "cnic must match ^\\d{13}$")
            }
        }
    }

    // MARK: Members

    private static func object(_ body: JSONObject, _ name: String) throws(WaypayError) -> JSONObject? {
        guard let value = body[name], !value.isNull else { return nil }
        guard let object = value.object else { throw .invalid(name, .invalidType, "\(name) must be an object") }
        return object
    }

    private static func required(
        _ object: JSONObject, _ name: String, in parent: String? = nil
    ) throws(WaypayError) -> String {
        guard let text = try optional(object, name, in: parent), !text.isEmpty else {
            throw .invalid(path(name, parent), .required, "\(name) is required")
        }
        return text
    }

    private static func optional(
        _ object: JSONObject, _ name: String, in parent: String? = nil
    ) throws(WaypayError) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let text = value.string else {
            throw .invalid(path(name, parent), .invalidType, "\(name) must be a string")
        }
        return text
    }

    /// A discount or tax: text in the documented example; a number is taken too.
    private static func amountText(_ order: JSONObject, _ name: String) throws(WaypayError) -> String? {
        if let number = order[name]?.number { return number.text }
        return try optional(order, name, in: "orderRef")
    }

    private static func path(_ name: String, _ parent: String?) -> String { parent.map { "\($0).\(name)" } ?? name }

    private static func isAlphanumeric(_ byte: UInt8, _ more: String = "") -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || more.utf8.contains(byte)
    }
}

extension DecimalText {
    /// Whether a number is written as digits with an optional fraction, in at most 20 characters; zero is one too.
    fileprivate static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= 20 && text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || isDigit($0) }
    }

    /// Compared by its digits: nothing is rounded. `10.00` is not greater.
    fileprivate static func isGreaterThanTen(_ text: String) -> Bool {
        let parts = text.split(separator: ".", maxSplits: 1)
        let whole = parts.first.flatMap { UInt64($0) } ?? .max
        return whole > 10 || (whole == 10 && parts.count == 2 && parts[1].contains { $0 != "0" })
    }
}
