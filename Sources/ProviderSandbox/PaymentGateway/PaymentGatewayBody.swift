import StrictJSON

/// A request's body, read member by member. Unknown members are let pass; `null` is as good as absent.
struct PaymentGatewayBody {
    private let object: JSONObject

    static let maxText = 1024

    init(_ bytes: [UInt8]) throws(PaymentGatewayError) {
        guard let object = (try? JSONValue(parsing: bytes))?.object else {
            throw .invalid("the body must be a JSON object")
        }
        self.object = object
    }

    init(_ object: JSONObject) {
        self.object = object
    }

    subscript(name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    /// Cents, at least 1; no most is documented.
    func amount() throws(PaymentGatewayError) -> Int64 {
        guard let value = self["amount"] else { throw .invalid("amount must be at least 1") }
        guard let amount = value.integer else { throw .invalid("amount must be an integer") }
        guard amount >= 1 else { throw .invalid("amount must be at least 1") }
        return amount
    }

    /// Exactly 3 characters; whether the currency is one of the supported comes after everything else.
    func currency() throws(PaymentGatewayError) -> String {
        let currency = try required("currency")
        guard currency.unicodeScalars.count == 3 else { throw .invalid("currency must be exactly 3 characters") }
        return currency
    }

    func required(_ name: String) throws(PaymentGatewayError) -> String {
        guard let text = try optional(name), !text.isEmpty else { throw .invalid("\(name) is required") }
        return text
    }

    func optional(_ name: String) throws(PaymentGatewayError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw .invalid("\(name) must be a string") }
        guard text.unicodeScalars.count <= Self.maxText else { throw .invalid("\(name) is too long") }
        return text
    }

    func optionalObject(_ name: String) throws(PaymentGatewayError) -> JSONObject? {
        guard let value = self[name] else { return nil }
        guard let object = value.object else { throw .invalid("\(name) must be an object") }
        return object
    }

    static func isSupported(_ currency: String) -> Bool { ["USD", "EUR", "MAD"].contains(currency) }
}

/// The body of authorize and sale, read and checked.
struct PaymentGatewayOrder: Sendable {
    let amount: Int64
    let currency: String
    let card: PaymentGatewayCard
    let details: Details

    /// What a payment carries along, as it was sent.
    struct Details: Sendable {
        var description: String?
        var customer: JSONObject?
        var metadata: JSONObject?
    }

    init(_ bytes: [UInt8], at time: WallTime) throws(PaymentGatewayError) {
        let body = try PaymentGatewayBody(bytes)
        amount = try body.amount()
        currency = try body.currency()
        guard let object = try body.optionalObject("card") else { throw .invalid("card is required") }
        card = try PaymentGatewayCard(PaymentGatewayBody(object), at: time)
        let customer = try body.optionalObject("customer")
        if let customer {
            let customer = PaymentGatewayBody(customer)
            for name in ["email", "name"] { _ = try customer.optional(name) }
        }
        details = Details(
            description: try body.optional("description"), customer: customer,
            metadata: try body.optionalObject("metadata"))
        guard PaymentGatewayBody.isSupported(currency) else { throw .unsupportedCurrency }
    }
}

/// The body of a payment intent, read and checked.
struct PaymentGatewayIntentOrder: Sendable {
    let amount: Int64
    let currency: String
    let successURL: String
    let cancelURL: String
    let orderID: String?
    let description: String?
    /// `capture_method` is `automatic`, as it is where nothing is said.
    let capturesAtOnce: Bool
    let customerEmail: String?
    let metadata: JSONObject?

    init(_ bytes: [UInt8]) throws(PaymentGatewayError) {
        let body = try PaymentGatewayBody(bytes)
        amount = try body.amount()
        currency = try body.currency()
        successURL = try body.required("success_url")
        cancelURL = try body.optional("cancel_url") ?? successURL
        for (name, url) in [("success_url", successURL), ("cancel_url", cancelURL)]
        where !MerchantURL.isAcceptable(url) {
            throw .invalid("\(name) must be an HTTPS URL")
        }
        orderID = try body.optional("order_id")
        description = try body.optional("description")
        switch try body.optional("capture_method") {
        case nil, "automatic": capturesAtOnce = true
        case "manual": capturesAtOnce = false
        default: throw .invalid("capture_method must be automatic or manual")
        }
        customerEmail = try body.optional("customer_email")
        metadata = try body.optionalObject("metadata")
        guard PaymentGatewayBody.isSupported(currency) else { throw .unsupportedCurrency }
    }
}
