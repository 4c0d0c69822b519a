import HTTPTypes
import PaymentModel
import ProviderKit
import StrictJSON

extension HTTPField.Name {
    static let gatewayKey = named("X-API-Key")
    static let gatewayIdempotencyKey = named("Idempotency-Key")
    /// Lower-case hex of an HMAC-SHA256 over the raw body.
    static let gatewaySignature = named("X-Webhook-Signature")
}

/// The Payment API's JSON, field for field.
enum PaymentGatewayWire {
    static let payments = "/api/v1/payments"
    static let intents = "/api/v1/payment-intents"
    static let publicIntents = "/api/public/payment-intents"
    static let transactions = "/api/v1/transactions"

    /// The body of a sale and of an authorization.
    static func payment(for order: PaymentOrder) -> JSONWriter {
        let request = order.request
        var json = JSONWriter()
        json.object { json in
            json.member("amount", request.money.minorUnits)
            json.member("currency", request.money.currency.code)
            if let card = request.card {
                json.member("card") { json in
                    json.object { json in
                        json.member("number", card.number.reveal())
                        json.member("cardholder_name", card.holder)
                        json.member("exp_month", card.expiryMonth)
                        json.member("exp_year", card.expiryYear)
                        json.member("cvv", card.cvv.reveal())
                    }
                }
            }
            if let customer = request.customer, customer.email != nil || customer.name != nil {
                json.member("customer") { json in
                    json.object { json in
                        if let email = customer.email { json.member("email", email) }
                        if let name = customer.name { json.member("name", name) }
                    }
                }
            }
            if let description = request.description { json.member("description", description) }
            writeMetadata(request.metadata, &json)
        }
        return json
    }

    /// The body of a payment intent.
    static func intent(for order: PaymentOrder) -> JSONWriter {
        let request = order.request
        var json = JSONWriter()
        json.object { json in
            json.member("amount", request.money.minorUnits)
            json.member("currency", request.money.currency.code)
            if let returnURL = request.returnURL { json.member("success_url", returnURL) }
            if let cancelURL = request.cancelURL { json.member("cancel_url", cancelURL) }
            json.member("order_id", request.reference)
            if let description = request.description { json.member("description", description) }
            // Said in either case: that money is taken at once is not left to a default.
            json.member("capture_method", request.capture.rawValue)
            if let email = request.customer?.email { json.member("customer_email", email) }
            writeMetadata(request.metadata, &json)
        }
        return json
    }

    static func capture(amount: Int64) -> JSONWriter {
        var json = JSONWriter()
        json.object { $0.member("amount", amount) }
        return json
    }

    static func void(reason: String) -> JSONWriter {
        var json = JSONWriter()
        json.object { $0.member("reason", reason) }
        return json
    }

    static func refund(amount: Int64, reason: String) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("amount", amount)
            json.member("reason", reason)
        }
        return json
    }

    private static func writeMetadata(_ metadata: [String: String], _ json: inout JSONWriter) {
        guard !metadata.isEmpty else { return }
        json.member("metadata") { json in
            json.object { json in
                // Sorted, so that a repeat under the same key is the same request to the byte.
                for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            }
        }
    }

    /// An amount in minor units beside its currency; nil where either is missing or no such thing.
    static func money(_ json: JSONValue) -> Money? {
        guard let amount = json["amount"]?.integer,
            let currency = json["currency"]?.string.flatMap(Currency.init(code:))
        else { return nil }
        return Money(minorUnits: amount, currency: currency)
    }
}

extension ProviderReply {
    /// The body of a success: 2xx, and it says so itself.
    var gatewaySuccess: JSONValue? {
        guard (200..<300).contains(status), let json, json["success"]?.bool == true else { return nil }
        return json
    }

    /// The `data` of a success.
    var gatewayData: JSONValue? { gatewaySuccess?["data"] }

    /// The error that a body names in either form; nil where it does not say that the call failed.
    var gatewayError: GatewayError? {
        guard !(200..<300).contains(status), let json, json["success"]?.bool == false else { return nil }
        return json["error"].flatMap(GatewayError.init)
    }
}

/// An error: a text, or an object of code and message.
struct GatewayError {
    /// Such as `INTENT_EXPIRED`; nil where the error is a text.
    let code: String?
    let message: String

    init?(_ json: JSONValue) {
        guard let message = json.string ?? json["message"]?.string, !message.isEmpty else { return nil }
        self.message = message
        code = json["code"]?.string
    }
}

/// A payment, as all replies about one and webhooks tell it.
struct GatewayPayment {
    let id: String
    let status: String
    /// The whole amount, whatever of it was captured or refunded.
    let money: Money?
    /// Four digits, where they are told.
    let cardLast4: String?
    let responseCode: String?
    let responseMessage: String?
    let createdAt: Timestamp?
    /// When the hold ends.
    let expiresAt: Timestamp?
    /// Of the reply to a capture.
    let capturedAmount: Int64?
    /// Of the reply to a refund.
    let refundedAmount: Int64?
    /// The intent that it comes of, where it is told.
    let intentID: String?

    /// - Parameter idMember: `id` in replies, `payment_id` in webhooks.
    init?(_ json: JSONValue, idMember: String = "id") {
        guard let id = json[idMember]?.string, ProviderText.isReference(id),
            let status = json["status"]?.string
        else { return nil }
        self.id = id
        self.status = status
        money = PaymentGatewayWire.money(json)
        cardLast4 = json["card_last4"]?.string.flatMap { text in
            text.utf8.count == 4 && text.utf8.allSatisfy { (48...57).contains($0) } ? text : nil
        }
        responseCode = json["response_code"]?.string
        responseMessage = json["response_message"]?.string
        createdAt = json["created_at"]?.string.flatMap(Timestamp.init)
        expiresAt = json["expires_at"]?.string.flatMap(Timestamp.init)
        capturedAmount = json["captured_amount"]?.integer
        refundedAmount = json["refunded_amount"]?.integer
        intentID = json["payment_intent_id"]?.string
    }
}

/// A payment intent, as its replies and webhooks tell it.
struct GatewayIntent {
    let id: String
    let status: String
    let money: Money?
    /// Of the reply to a create: where the customer pays. It holds the client secret.
    let checkoutURL: String?
    let expiresAt: Timestamp?
    /// The payment that came of it, where it is told.
    let paymentID: String?

    /// - Parameter idMember: `id` in replies, `payment_intent_id` in webhooks.
    init?(_ json: JSONValue, idMember: String = "id") {
        guard let id = json[idMember]?.string, ProviderText.isReference(id),
            let status = json["status"]?.string
        else { return nil }
        self.id = id
        self.status = status
        money = PaymentGatewayWire.money(json)
        checkoutURL = json["checkout_url"]?.string.flatMap { WebAddress.problem(with: $0) == nil ? $0 : nil }
        expiresAt = json["expires_at"]?.string.flatMap(Timestamp.init)
        paymentID = json["payment_id"]?.string.flatMap { ProviderText.isReference($0) ? $0 : nil }
    }

    /// Whether it waits for the customer. The second word is that of the provider's program.
    var isOpen: Bool { status == "created" || status == "awaiting_payment_method" }
}
