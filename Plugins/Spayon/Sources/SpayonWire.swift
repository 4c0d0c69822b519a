import PaymentModel
import ProviderKit
import StrictJSON

/// Spayon's JSON, field for field. It mixes snake_case and camelCase, and so do we.
enum SpayonWire {
    /// What the settings say about the payment page.
    struct Page: Sendable {
        let methods: [String]
        let defaultMethod: String?
        let language: String?
    }

    /// The body of a session for a product that is not in the panel.
    static func session(for order: PaymentOrder, page: Page) -> JSONWriter {
        let request = order.request
        var json = JSONWriter()
        json.object { json in
            json.member("product_name", request.description ?? request.reference)
            json.member("price", number: SpayonMapping.price(of: request.money))
            json.member("currency", request.money.currency.code.lowercased())
            if let callbackURL = order.callbackURL { json.member("callback_url", callbackURL) }
            if let returnURL = request.returnURL { json.member("return_url", returnURL) }
            if let cancelURL = request.cancelURL { json.member("cancel_url", cancelURL) }
            if let email = request.customer?.email { json.member("email", email) }
            // All fields are sent that can be: which of them Spayon needs is not documented.
            if let username = request.customer?.id ?? request.customer?.email { json.member("username", username) }
            if let name = request.customer?.name { json.member("full_name", name) }
            json.member("order_id", order.reference)
            if let method = page.defaultMethod { json.member("defaultPaymentMethod", method) }
            if !page.methods.isEmpty {
                json.member("availablePaymentMethods") { json in
                    json.array { json in for method in page.methods { json.string(method) } }
                }
            }
            if let language = page.language { json.member("language", language) }
        }
        return json
    }

    /// The body of a token request.
    static func credentials(id: Secret, secret: Secret) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("client_id", id.reveal())
            json.member("client_secret", secret.reveal())
        }
        return json
    }
}

/// The reply to a create. Its names are snake_case by the integration flow; the status call has camelCase, so both are
/// read.
struct SessionAnswer {
    let id: String
    let url: String
    let orderID: String?

    init?(_ json: JSONValue) {
        guard let id = (json["session_id"] ?? json["sessionId"])?.string, ProviderText.isReference(id),
            let url = (json["session_url"] ?? json["sessionUrl"])?.string, WebAddress.problem(with: url) == nil
        else { return nil }
        self.id = id
        self.url = url
        orderID = (json["order_id"] ?? json["orderId"])?.string
    }
}

/// A session as the status call and callbacks tell it.
struct SpayonSession {
    let id: String
    let status: String
    /// The price with its currency: text such as `10` or `5000.00`, in major units.
    let money: Money?
    let orderID: String?
    let createdAt: Timestamp?
    /// Of the last declined attempt.
    let declineCode: String?
    let declineReason: String?

    init?(_ json: JSONValue) {
        guard let id = json["sessionId"]?.string, ProviderText.isReference(id), let status = json["status"]?.string
        else {
            return nil
        }
        self.id = id
        self.status = status
        money = SpayonMapping.money(price: json["price"], currency: json["currency"])
        orderID = json["orderId"]?.string
        createdAt = json["createdAt"]?.string.flatMap(Timestamp.init)
        let reason = json["declineReasons"]?.array?.last
        declineCode = reason?["responseCode"]?.string
        declineReason = reason?["responseReasonEn"]?.string
    }
}

/// A token and how long it lives.
struct TokenAnswer {
    let token: Secret
    let lifetime: Duration

    init?(_ json: JSONValue) {
        guard let token = json["access_token"]?.string, (1...8192).contains(token.utf8.count),
            token.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        if let type = json["token_type"] {
            guard type.string?.lowercased() == "bearer" else { return nil }
        }
        // "Bearer token valid for 1 hour": what it is where the reply does not say.
        let seconds = json["expires_in"].map { $0.integer ?? 0 } ?? 3600
        guard (1...86_400).contains(seconds) else { return nil }
        self.token = Secret(token)
        lifetime = .seconds(seconds)
    }
}
