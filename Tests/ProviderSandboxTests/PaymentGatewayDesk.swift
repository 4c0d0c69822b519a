import Crypto
import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

/// A Payment API Service without sockets and with a clock that stands still until it is moved.
struct PaymentGatewayDesk {
    struct Answer {
        let status: Int
        let headers: HTTPFields
        let body: String
        let callbacks: [SandboxCallback]

        var json: JSONValue? { try? JSONValue(parsing: body) }
        var data: JSONValue? { json?["data"] }
        var error: String? { json?["error"]?.string }
        /// `event status` of each webhook.
        var events: [String] {
            callbacks.map { callback in
                let body = try? JSONValue(parsing: callback.message.body)
                return "\(body?["event"]?.string ?? "?") \(body?["data"]?["status"]?.string ?? "?")"
            }
        }
    }

    static let main = "pk_sandbox_main"
    static let backup = "pk_sandbox_backup"

    let provider: PaymentGatewayProvider
    /// 2026-01-24T10:00:00Z, as in the documented examples.
    var time = SandboxTime(instant: .now, wall: WallTime(microseconds: 1_769_248_800_000_000))

    init(_ configuration: SandboxConfiguration = SandboxConfiguration(documentedLimits: false)) {
        provider = PaymentGatewayProvider(configuration)
    }

    mutating func wait(_ duration: Duration) { time = time.advanced(by: duration) }

    func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: String = "", key: String? = main,
        idempotency: String? = nil, headers: HTTPFields = [:], effects: SandboxEffects = SandboxEffects()
    ) -> Answer {
        var headers = headers
        headers[.apiKey] = key
        headers[.sandbox("Idempotency-Key")] = idempotency
        let parts = path.split(separator: "?", maxSplits: 1)
        let request = SandboxRequest(
            method: method, path: parts[0], headers: headers, body: Array(body.utf8),
            baseURL: "http://127.0.0.1/paymentgateway", time: time, query: parts.count == 2 ? parts[1] : "")
        let result = provider.handle(request, effects: effects)
        return Answer(
            status: result.reply.status, headers: result.reply.headers,
            body: String(decoding: result.reply.body, as: UTF8.self), callbacks: result.callbacks)
    }

    func post(_ path: String, _ body: String, key: String? = main, idempotency: String? = nil) -> Answer {
        call(.post, path, body, key: key, idempotency: idempotency)
    }

    func get(_ path: String, key: String? = main) -> Answer { call(.get, path, key: key) }

    /// The documented body of authorize and sale.
    static func order(_ amount: Int = 9999, card: String = "4242424242424242") -> String {
        """
        {"amount": \(amount), "currency": "USD", "card": \(Self.card(card)),
        "customer": {"email": "john@example.com", "name": "John Doe"}, "description": "Order #12345 - Premium Plan",
        "metadata": {"order_id": "12345", "plan": "premium"}}
        """
    }

    static func card(_ number: String = "4242424242424242") -> String {
        #"{"number": "\#(number)", "cardholder_name": "John Doe", "exp_month": 12, "exp_year": 2027, "cvv": "123"}"#
    }

    /// The documented body of an intent.
    static func intentOrder(_ more: String = #""customer_email": "john@example.com""#) -> String {
        """
        {"amount": 9999, "currency": "USD",
        "success_url": "https://yourstore.com/order/success?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://yourstore.com/order/cancel", "description": "Order #12345 - Premium Plan", \(more)}
        """
    }

    /// The id of a new payment.
    func open(_ kind: String, _ amount: Int = 9999, idempotency: String? = nil) throws -> String {
        let answer = post("/api/v1/payments/\(kind)", Self.order(amount), idempotency: idempotency)
        return try #require(answer.data?["id"]?.string, "\(answer.body)")
    }

    /// The id and the client secret of a new intent.
    func openIntent(
        _ order: String = intentOrder(), idempotency: String? = nil
    ) throws -> (id: String, secret: String) {
        let answer = post("/api/v1/payment-intents", order, idempotency: idempotency)
        let data = try #require(answer.data, "\(answer.body)")
        return (try #require(data["id"]?.string), try #require(data["client_secret"]?.string))
    }

    func confirm(_ intent: (id: String, secret: String), card number: String = "4242424242424242") -> Answer {
        call(
            .post, "/api/public/payment-intents/\(intent.id)/confirm", #"{"card": \#(Self.card(number))}"#, key: nil,
            headers: [.sandbox("X-Client-Secret"): intent.secret])
    }

    /// `reference amount currency state refunds…` of each charge.
    var charges: [String] {
        provider.charges().map { charge in
            ([charge.reference, charge.amount, charge.currency, charge.state]
                + (charge.refunds ?? []).map { "-" + $0.amount }).joined(separator: " ")
        }
    }
}
