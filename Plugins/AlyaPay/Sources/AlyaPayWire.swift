import HTTPTypes
import PaymentModel
import ProviderKit
import StrictJSON

extension HTTPField.Name {
    /// The merchant's key.
    static let alyaPayKey = named("X-API-Key")
    /// The token of one session.
    static let alyaPaySessionToken = named("X-Session-Token")
    /// `sha256=` and the hex of an HMAC-SHA256.
    static let alyaPaySignature = named("X-Alya-Signature")
    /// When the callback was signed.
    static let alyaPayTimestamp = named("X-Alya-Timestamp")
}

/// AlyaPay's JSON, field for field.
enum AlyaPayWire {
    /// The body of a session. `total` is text and `price` a number, as documented; the total is the sum of the lines.
    static func session(for order: PaymentOrder, withVendorReference: Bool) -> JSONWriter {
        let request = order.request
        let currency = request.money.currency
        var json = JSONWriter()
        json.object { json in
            json.member("total", request.money.decimalText)
            json.member("currency", currency.code)
            json.member("items") { json in
                json.array { json in
                    for item in lines(of: request) {
                        json.object { json in
                            // As AlyaPay's own modules cut them: a text that is too long must not cost the payment.
                            json.member("id", cut(item.id, 64))
                            json.member("name", cut(item.name, 255))
                            json.member("price", number: AlyaPayMapping.price(of: item.unitAmount, currency))
                            json.member("quantity", item.quantity)
                        }
                    }
                }
            }
            if withVendorReference { json.member("vendorReference", order.reference) }
        }
        return json
    }

    /// What is bought; one line made of the payment where the app names none. AlyaPay refuses a price of 0, and a line
    /// without a price adds nothing to the total.
    private static func lines(of request: PaymentRequest) -> [PaymentRequest.Item] {
        let priced = request.items.filter { $0.unitAmount > 0 }
        guard priced.isEmpty else { return priced }
        return [
            .init(
                id: request.reference, name: request.description ?? request.reference,
                unitAmount: request.money.minorUnits, quantity: 1)
        ]
    }

    private static func cut(_ text: String, _ most: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(most)))
    }

    /// Visible ASCII, which a header can carry.
    static func isToken(_ text: String, atMost limit: Int) -> Bool {
        (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}

/// The reply to a create.
struct AlyaPaySession {
    let token: Secret
    let lifetime: Duration
    let id: String

    init?(_ json: JSONValue) {
        guard let token = json["session_token"]?.string, AlyaPayWire.isToken(token, atMost: 8192),
            let id = json["session_id"]?.string, ProviderText.isReference(id),
            let seconds = json["expires_in"]?.integer, (1...86_400).contains(seconds)
        else { return nil }
        self.token = Secret(token)
        self.id = id
        lifetime = .seconds(seconds)
    }
}

/// A transaction as the status call and callbacks tell it. Its dates are not read: the status call writes them without
/// a zone and in an order of day and month that could be either.
struct AlyaPayTransaction {
    /// The first four are documented; the rest is known from AlyaPay's other pages and its shop modules.
    enum Status: String {
        case approved = "APPROVED"
        case pending = "PENDING"
        case canceled = "CANCELED"
        case expired = "EXPIRED"
        case completed = "COMPLETED"
        case processing = "PROCESSING"
        case declined = "DECLINED"
        case failed = "FAILED"

        /// The event's name is spelt with two l, and so is the status at times.
        init?(_ text: String) {
            self.init(rawValue: text == "CANCELLED" ? "CANCELED" : text)
        }
    }

    let id: String
    /// Nil where the documents do not explain it.
    let status: Status?
    let money: Money?

    /// The reply of the status call.
    init?(status json: JSONValue) { self.init(json, id: "transaction_id") }

    /// The `data` of a callback.
    init?(callback json: JSONValue) { self.init(json, id: "id") }

    private init?(_ json: JSONValue, id name: String) {
        guard let id = json[name]?.string, ProviderText.isReference(id), let status = json["status"]?.string else {
            return nil
        }
        self.id = id
        self.status = Status(status)
        money = AlyaPayMapping.money(amount: json["amount"], currency: json["currency"])
    }
}

/// What a refusal says. The document lists codes and no body; these shapes are seen beside it:
/// `{"error":{"code","message"}}`, `{"key","code":4239,"parameters"}` and `[{"field","message"}]`. Codes and words at the
/// top are read too, as AlyaPay's own modules do.
struct AlyaPayError {
    /// The documented codes.
    enum Code: String {
        case invalidAmount = "INVALID_AMOUNT"
        case invalidCurrency = "INVALID_CURRENCY"
        case invalidItems = "INVALID_ITEMS"
        case amountMismatch = "AMOUNT_MISMATCH"
        case invalidAPIKey = "INVALID_API_KEY"
        case rateLimitExceeded = "RATE_LIMIT_EXCEEDED"
        case invalidSessionToken = "INVALID_SESSION_TOKEN"
        case transactionNotFound = "TRANSACTION_NOT_FOUND"
    }

    /// 'Transaction not found' among the numbers of business errors.
    static let transactionNotFoundNumber: Int64 = 4042

    let code: Code?
    /// The number of a business error.
    let number: Int64?
    let message: String?
    /// A list of fields and what is wrong with them.
    let isValidationList: Bool

    init(_ json: JSONValue) {
        let places = [json["error"]?["code"], json["error"], json["code"], json["key"]]
        code = places.lazy.compactMap { $0?.string.flatMap(Code.init) }.first
        number = json["code"]?.integer ?? json["error"]?["code"]?.integer
        let fault = json.array?.first
        if let field = fault?["field"]?.string, let words = fault?["message"]?.string {
            isValidationList = true
            message = "\(field): \(words)"
        } else {
            isValidationList = false
            message = json["error"]?["message"]?.string ?? json["message"]?.string
        }
    }
}
