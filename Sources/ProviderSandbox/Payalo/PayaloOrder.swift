import StrictJSON

/// The body of a direct pay-in, read and checked field by field: types and limits of the direct-payin page. One fault
/// at a time, in the order of the documented table.
struct PayaloOrder: Sendable {
    let amount: JSONNumber
    let currency: String
    let country: String
    let resultURL: String
    let merchantReference: String
    let reconciliationReference: String

    init(_ bytes: [UInt8]) throws(PayaloProblem) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw .badRequest("The request body is not valid JSON.")
        }
        guard let body = value.object else { throw .badRequest("The request body is not a JSON object.") }

        let amountObject = try Self.object(body, "amount")
        guard let number = amountObject["value"]?.number, DecimalText.isPositive(number.text) else {
            throw .validationFailed("'amount.value' must be a decimal number greater than 0.")
        }
        amount = number
        currency = try Self.required(amountObject, "currency", "amount.currency", max: 3)
        guard currency.utf8.count == 3, currency.utf8.allSatisfy(Self.isUpper) else {
            throw .validationFailed("'amount.currency' must be an ISO 4217 code.")
        }

        let payer = try Self.object(body, "payer")
        _ = try Self.required(payer, "id", "payer.id", max: 255)
        let msisdn = try Self.required(payer, "msisdn", "payer.msisdn", max: 20)
        let digits = msisdn.hasPrefix("+") ? msisdn.dropFirst() : msisdn[...]
        guard msisdn.utf8.count >= 3, !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else {
            throw .validationFailed(
                "'payer.msisdn' must be a phone number in international format, 3 to 20 characters.")
        }
        _ = try Self.optional(payer, "firstName", "payer.firstName", max: 255)
        _ = try Self.optional(payer, "lastName", "payer.lastName", max: 255)
        _ = try Self.optional(payer, "email", "payer.email", max: 320)

        country = try Self.required(body, "country", "country", max: 10)
        resultURL = try Self.required(body, "resultUrl", "resultUrl", max: 2048)
        guard MerchantURL.isAcceptable(resultURL) else {
            throw .validationFailed("'resultUrl' must be an HTTPS URL.")
        }
        merchantReference = try Self.required(body, "merchantReference", "merchantReference", max: 255)
        reconciliationReference =
            try Self.optional(body, "reconciliationReference", "reconciliationReference", max: 255)
            ?? merchantReference
        if let labels = body["labels"], !labels.isNull {
            guard let labels = labels.object, labels.count <= 10 else {
                throw .validationFailed("'labels' must be an object of at most 10 entries.")
            }
        }
    }

    private static func object(_ body: JSONObject, _ name: String) throws(PayaloProblem) -> JSONObject {
        guard let object = body[name]?.object else { throw .validationFailed("'\(name)' is required.") }
        return object
    }

    private static func required(
        _ object: JSONObject, _ name: String, _ path: String, max: Int
    ) throws(PayaloProblem) -> String {
        guard let text = try optional(object, name, path, max: max), !text.isEmpty else {
            throw .validationFailed("'\(path)' is required.")
        }
        return text
    }

    private static func optional(
        _ object: JSONObject, _ name: String, _ path: String, max: Int
    ) throws(PayaloProblem) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let text = value.string else { throw .validationFailed("'\(path)' must be a string.") }
        guard text.unicodeScalars.count <= max else {
            throw .validationFailed("'\(path)' must be at most \(max) characters.")
        }
        return text
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
}
