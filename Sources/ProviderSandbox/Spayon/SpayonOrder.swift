import StrictJSON

/// A refusal: `{"message": …}`. The shape and 400 are assumed, 401 and 404 documented (session-status page).
struct SpayonError: Error {
    let status: Int
    let message: String

    static func invalid(_ message: String) -> SpayonError { SpayonError(status: 400, message: message) }

    static let unauthorized = SpayonError(status: 401, message: "Invalid or expired token")
    static let badCredentials = SpayonError(status: 401, message: "Invalid client_id or client_secret")
    static let sessionNotFound = SpayonError(status: 404, message: "Session not found")
    static let notFound = SpayonError(status: 404, message: "Not found")

    var reply: SandboxReply {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("message", message)
        writer.endObject()
        return .json(status, writer.bytes)
    }
}

/// The body of create-session, read and checked. Members from the create-session page; which of them are required is
/// not at hand: `product_id`, or name, price and currency, and `callback_url`, `return_url`, `email`, `order_id`
/// (`spayon.md`, open questions 2 and 3).
struct SpayonOrder: Sendable {
    let productName: String
    /// Decimal text in major units, as the request wrote it.
    let price: String
    /// Upper case.
    let currency: String
    let callbackURL: String
    let returnURL: String
    let cancelURL: String?
    let orderID: String

    static let maxText = 1024

    init(_ bytes: [UInt8], products: [SpayonProduct]) throws(SpayonError) {
        let body = try Self.object(bytes)
        if let id = body["product_id"], !id.isNull {
            for name in ["product_name", "price", "currency"] where body[name] != nil {
                throw .invalid("product_id and \(name) exclude each other")
            }
            guard let number = id.integer else { throw .invalid("product_id must be an integer") }
            guard let product = products.first(where: { $0.id == number }) else {
                throw .invalid("product_id \(number) does not exist")
            }
            (productName, price, currency) = (product.name, product.price, product.currency)
        } else {
            productName = try Self.required(body, "product_name")
            guard let number = body["price"]?.number, DecimalText.isPositive(number.text) else {
                throw .invalid("price must be a number greater than 0")
            }
            price = number.text
            let code = try Self.required(body, "currency")
            // Every documented request has it in lower case; whether the other is taken is not said.
            guard code.utf8.count == 3, code.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
            else { throw .invalid("currency must be a lower-case ISO 4217 code") }
            currency = code.uppercased()
        }
        callbackURL = try Self.url(try Self.required(body, "callback_url"), "callback_url")
        returnURL = try Self.url(try Self.required(body, "return_url"), "return_url")
        if let url = try Self.optional(body, "cancel_url") {
            cancelURL = try Self.url(url, "cancel_url")
        } else {
            cancelURL = nil
        }
        let email = try Self.required(body, "email").split(separator: "@", omittingEmptySubsequences: false)
        guard email.count == 2, !email[0].isEmpty, !email[1].isEmpty else {
            throw .invalid("email must be an email address")
        }
        orderID = try Self.required(body, "order_id")
        for name in ["username", "full_name", "defaultPaymentMethod", "language"] {
            _ = try Self.optional(body, name)
        }
        if let methods = body["availablePaymentMethods"], !methods.isNull {
            guard let methods = methods.array, methods.allSatisfy({ $0.string != nil }) else {
                throw .invalid("availablePaymentMethods must be an array of strings")
            }
        }
    }

    /// The body as an object.
    static func object(_ bytes: [UInt8]) throws(SpayonError) -> JSONObject {
        guard let object = (try? JSONValue(parsing: bytes))?.object else {
            throw .invalid("The request body must be a JSON object")
        }
        return object
    }

    static func required(_ body: JSONObject, _ name: String) throws(SpayonError) -> String {
        guard let text = try optional(body, name), !text.isEmpty else { throw .invalid("\(name) is required") }
        return text
    }

    private static func optional(_ body: JSONObject, _ name: String) throws(SpayonError) -> String? {
        guard let value = body[name], !value.isNull else { return nil }
        guard let text = value.string else { throw .invalid("\(name) must be a string") }
        guard text.unicodeScalars.count <= maxText else { throw .invalid("\(name) is too long") }
        return text
    }

    private static func url(_ text: String, _ name: String) throws(SpayonError) -> String {
        guard MerchantURL.isAcceptable(text) else {
            throw .invalid("\(name) must be an https URL (http on loopback only)")
        }
        return text
    }
}
