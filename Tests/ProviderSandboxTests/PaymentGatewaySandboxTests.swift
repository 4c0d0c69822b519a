import AsyncHTTPClient
import Crypto
import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Payment API Service: over HTTP", .timeLimit(.minutes(5)))
struct PaymentGatewaySandboxTests {
    private static let mainSecret = "sandbox-paymentgateway-webhook-secret"
    private static let backupSecret = "sandbox-paymentgateway-backup-webhook-secret"

    // MARK: Webhooks

    @Test func `webhooks go to the registered address, signed over their bytes by each merchant's secret`() async throws
    {
        try await withSandbox { sandbox in
            try await sandbox.register()
            try await sandbox.register(key: PaymentGatewayDesk.backup)
            let main = try await sandbox.sale("order-12345-sale")
            _ = await sandbox.receiver.deliveries(1)
            _ = try await sandbox.sale("order-12345-sale", key: PaymentGatewayDesk.backup)
            let deliveries = await sandbox.receiver.deliveries(2)
            let expected = [("merchant_sandbox_main", Self.mainSecret), ("merchant_sandbox_backup", Self.backupSecret)]
            for (delivery, (merchant, secret)) in zip(deliveries, expected) {
                let code = HMAC<SHA256>.authenticationCode(
                    for: Array(delivery.body.utf8), using: SymmetricKey(data: Array(secret.utf8)))
                #expect(delivery.header("X-Webhook-Signature") == hex(code))
                #expect(delivery.json?["data"]?["merchant_id"]?.string == merchant)
            }
            let id = try #require(main.json?["data"]?["id"]?.string)
            let first = try #require(deliveries.first)
            #expect(
                matches(
                    first.body,
                    """
                    {"event":"payment.captured","timestamp":"…Z","id":"evt_…","data":{"payment_id":"\(id)",\
                    "merchant_id":"merchant_sandbox_main","status":"captured","amount":9999,"currency":"USD",\
                    "card_brand":"visa","card_last4":"4242","created_at":"…Z"}}
                    """), "\(first.body)")
        }
    }

    @Test func `the signature of the digest's vector`() {
        let body = #"{"event":"payment.authorized","id":"evt_abc123def456"}"#
        let header = PaymentGatewayProvider.signature(over: Array(body.utf8), secret: "whsec_test")
        #expect(header.value == "b0339e5e6f9c935768b5347fb9223e02a09621263d807595bb5734dce934b1ab")
    }

    @Test func `anything but 200 is repeated in the same bytes`() async throws {
        let configuration = SandboxConfiguration(
            paymentGatewayRetries: Array(repeating: .milliseconds(1), count: 4))
        try await withSandbox(configuration, answers: [201, 204, 302, 500]) { sandbox in
            try await sandbox.register()
            _ = try await sandbox.sale("order-12345-sale")
            let deliveries = await sandbox.receiver.deliveries(5)
            #expect(Set(deliveries.map(\.body)).count == 1)
            let signatures = deliveries.map { $0.header("X-Webhook-Signature") }
            #expect(Set(signatures).count == 1)
        }
    }

    @Test func `retries come after 5 and 15 minutes, 1 and 6 hours`() throws {
        let callback = try #require(
            PaymentGatewayDesk().post("/api/v1/payments/sale", PaymentGatewayDesk.order()).callbacks.first)
        #expect(callback.retryAfter == [.seconds(300), .seconds(900), .seconds(3600), .seconds(21_600)])
        #expect(callback.destination == .registered(key: "pk_sandbox_main"))
        #expect(callback.success == 200..<201)
    }

    // MARK: Faults

    @Test(arguments: ["charge_then_timeout", "charge_then_500"])
    func `the money of a sale is taken and its reply lost`(fault: String) async throws {
        try await withSandbox { sandbox in
            try await sandbox.register()
            try await sandbox.fault(#""provider":"paymentgateway","fault":"\#(fault)""#)
            if fault == "charge_then_500" {
                let answer = try await sandbox.sale("order-12345-sale")
                #expect(answer.status == 500)
                #expect(answer.body == #"{"success":false,"error":"internal server error"}"#)
            } else {
                await #expect(throws: HTTPClientError.deadlineExceeded) {
                    try await sandbox.sale("order-12345-sale", timeout: .milliseconds(300))
                }
            }
            #expect(try await sandbox.charges() == ["paymentgateway order-12345-sale 99.99 USD captured"])
            #expect(await sandbox.receiver.deliveries(1).map(\.event) == ["payment.captured"])
            // The same key brings the reply that was lost.
            #expect(try await sandbox.sale("order-12345-sale").status == 200)
            #expect(try await sandbox.charges().count == 1)
        }
    }

    @Test(arguments: [("capture", "captured"), ("refund", "refunded"), ("cancel", "voided")])
    func `a follow-up is done and its reply lost`(operation: String, status: String) async throws {
        try await withSandbox { sandbox in
            let kind = operation == "refund" ? "sale" : "authorize"
            try await sandbox.fault(
                #""provider":"paymentgateway","fault":"charge_then_500","operation":"\#(operation)""#)
            // Narrowed, it leaves creates alone.
            let created = try await sandbox.gateway("/api/v1/payments/\(kind)", PaymentGatewayDesk.order())
            let id = try #require(created.json?["data"]?["id"]?.string)
            let path = operation == "cancel" ? "void" : operation
            let body = #"{"amount": 9999, "reason": "x"}"#
            #expect(try await sandbox.gateway("/api/v1/payments/\(id)/\(path)", body).status == 500)
            let payment = try await sandbox.call(
                .GET, "/paymentgateway/api/v1/payments/\(id)", headers: ["X-API-Key": PaymentGatewayDesk.main])
            #expect(payment.json?["data"]?["status"]?.string == status)
            #expect(try await sandbox.gateway("/api/v1/payments/\(id)/\(path)", body).status == 400)
        }
    }

    @Test func `of many sales at once under one key one is made`() async throws {
        try await withSandbox(SandboxConfiguration(documentedLimits: false)) { sandbox in
            try await sandbox.register()
            let bodies = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await sandbox.sale("order-12345-sale").body } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(bodies.count == 1)
            #expect(try await sandbox.charges() == ["paymentgateway order-12345-sale 99.99 USD captured"])
            #expect(await sandbox.receiver.deliveries(1).count == 1)
        }
    }

    @Test func `refunds show among the charges`() async throws {
        try await withSandbox { sandbox in
            let created = try await sandbox.sale("order-12345-sale")
            let id = try #require(created.json?["data"]?["id"]?.string)
            for _ in 0..<2 {
                _ = try await sandbox.gateway(
                    "/api/v1/payments/\(id)/refund", #"{"amount": 2500, "reason": "damaged"}"#)
            }
            let charges = try await sandbox.call(.GET, "/_sandbox/charges")
            #expect(
                matches(
                    charges.body,
                    """
                    {"charges":[{"provider":"paymentgateway","reference":"order-12345-sale","amount":"99.99",\
                    "currency":"USD","state":"partially_refunded","at":"…Z","refunds":[{"amount":"25.00","at":"…Z"},\
                    {"amount":"25.00","at":"…Z"}]}]}
                    """), "\(charges.body)")
        }
    }

    @Test(arguments: [("token_revoked", 401), ("rate_limit", 429), ("500", 500), ("503", 503), ("html_502", 502)])
    func `answered with a failure and nothing was processed`(fault: String, status: Int) async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"paymentgateway","fault":"\#(fault)""#)
            let answer = try await sandbox.sale("order-12345-sale")
            #expect(answer.status == status)
            #expect(answer.header("Retry-After") == (status == 429 ? "1" : nil))
            #expect(try await sandbox.charges() == [])
            #expect(try await sandbox.sale("order-12345-sale").status == 200)
        }
    }

    @Test func `webhooks are doubled, dropped, out of order, and overtake replies`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.register()
            let receiver = sandbox.receiver
            for fault in ["drop_callback", "duplicate_callback", "out_of_order_callback"] {
                try await sandbox.fault(#""provider":"paymentgateway","fault":"\#(fault)""#)
            }
            _ = try await sandbox.sale("order-12345-dropped")
            _ = try await sandbox.sale("order-12345-doubled")
            let doubled = await receiver.deliveries(2)
            #expect(doubled.first?.body == doubled.last?.body)
            _ = try await sandbox.sale("order-12345-reordered")
            #expect(
                await receiver.deliveries(4).suffix(2).map(\.event) == ["payment.captured", "payment.authorized"])

            for operation in ["create", "capture"] {
                try await sandbox.fault(
                    #""provider":"paymentgateway","fault":"out_of_order_callback","operation":"\#(operation)""#)
            }
            let created = try await sandbox.gateway("/api/v1/payments/authorize", PaymentGatewayDesk.order())
            #expect(receiver.deliveries.last?.event == "payment.authorized")
            let id = try #require(created.json?["data"]?["id"]?.string)
            _ = try await sandbox.gateway("/api/v1/payments/\(id)/capture", #"{"amount": 1}"#)
            #expect(receiver.deliveries.map(\.event).suffix(2) == ["payment.authorized", "payment.captured"])
        }
    }

    @Test func `wrong_amount hits a status`() async throws {
        try await withSandbox { sandbox in
            let created = try await sandbox.sale("order-12345-sale")
            let id = try #require(created.json?["data"]?["id"]?.string)
            try await sandbox.fault(#""provider":"paymentgateway","fault":"wrong_amount","operation":"status""#)
            let payment = try await sandbox.call(
                .GET, "/paymentgateway/api/v1/payments/\(id)", headers: ["X-API-Key": PaymentGatewayDesk.main])
            #expect(payment.json?["data"]?["amount"]?.integer == 10_000)
            #expect(try await sandbox.charges() == ["paymentgateway order-12345-sale 99.99 USD captured"])
        }
    }

    // MARK: Secrets

    @Test func `no card number, CVV or client secret is shown`() async throws {
        try await withSandbox { sandbox in
            _ = try await sandbox.sale("order-12345-sale")
            _ = try await sandbox.gateway("/api/v1/payments/sale", #"{"card": {"number": "4242424242424242", "#)
            let intent = try await sandbox.intent()
            _ = try await sandbox.call(
                .POST, intent.page, body: "action=pay&card=4242&number=4242+4242+4242+4242&cvv=987")
            let log = try await sandbox.call(.GET, "/_sandbox/requests")
            let requests = try #require(log.json?["requests"]?.array)
            #expect(requests.count == 4)
            #expect(
                requests.first?["body"]?.string?.contains(#""card":{"number":"***","cardholder_name":"John Doe""#)
                    == true)
            #expect(requests[1]["body"]?.string == "***")
            #expect(requests[3]["path"]?.string == "/checkout/\(intent.id)?client_secret=***")
            #expect(requests[3]["body"]?.string == "action=pay&card=4242&number=***&cvv=***")
            for secret in ["4242424242", "4242+4242", #"\"123\""#, "987", intent.secret, PaymentGatewayDesk.main] {
                #expect(!log.body.contains(secret), "\(secret)")
            }
        }
    }

    // MARK: The hosted page

    @Test func `a person can be declined, type a card and pay`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.register()
            let intent = try await sandbox.intent()
            let page = try await sandbox.call(.GET, intent.page)
            #expect(page.status == 200)
            #expect(page.header("Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
            for text in ["99.99 USD", "Order #12345 - Premium Plan", "insufficient funds (51)", #"value="cancel""#] {
                #expect(page.body.contains(text), "\(text)")
            }
            #expect(!page.body.contains("<script"))
            #expect(!page.body.contains("customer_email"))

            let declined = try await sandbox.call(.POST, intent.page, body: "card=9995&action=pay")
            #expect(declined.status == 200)
            #expect(declined.body.contains("Insufficient funds. Your card was declined."))
            #expect(declined.body.contains(#"value="pay""#))

            let typed = "card=9995&cardholder_name=J+D&exp_month=12&exp_year=2030&cvv=123&action=pay&number="
            let mistyped = try await sandbox.call(.POST, intent.page, body: typed + "4242424242424241")
            #expect(mistyped.status == 400)
            #expect(mistyped.body.contains("Please check the card: card number is invalid."))

            let paid = try await sandbox.call(.POST, intent.page, body: typed + "5555+5555+5555+4444")
            #expect(paid.status == 303)
            #expect(
                paid.header("Location")
                    == "https://yourstore.com/order/success?session_id=\(intent.id)&payment_intent=\(intent.id)")
            #expect(
                await sandbox.receiver.deliveries(4).compactMap(\.event).sorted() == [
                    "payment.captured", "payment.failed", "payment_intent.created", "payment_intent.succeeded",
                ])
            #expect(try await sandbox.charges() == ["paymentgateway \(intent.id) 99.99 USD captured"])

            let again = try await sandbox.call(.POST, intent.page, body: "card=4242&action=pay")
            #expect(again.status == 409)
            #expect(!again.body.contains("<button"))
            #expect(try await sandbox.charges().count == 1)
        }
    }

    @Test func `a person can leave`() async throws {
        try await withSandbox { sandbox in
            let intent = try await sandbox.intent()
            let left = try await sandbox.call(.POST, intent.page, body: "action=cancel")
            #expect(left.status == 303)
            #expect(left.header("Location") == "https://yourstore.com/order/cancel")
            let status = try await sandbox.call(.GET, "/paymentgateway/api/public/payment-intents/\(intent.id)")
            #expect(status.json?["data"]?["status"]?.string == "canceled")
        }
    }

    @Test func `the page is for whoever has the secret, and asks for an email where there is none`() async throws {
        try await withSandbox { sandbox in
            let intent = try await sandbox.intent(#""order_id": "<b>&\"'""#)
            let paths = [
                String(intent.page.dropLast()), "/paymentgateway/checkout/\(intent.id)",
                "/paymentgateway/checkout/pi_x",
            ]
            for path in paths { #expect(try await sandbox.call(.GET, path).status == 404) }
            let page = try await sandbox.call(.GET, intent.page)
            #expect(page.body.contains("<dd>&lt;b&gt;&amp;&quot;&#39;</dd>"))
            #expect(page.body.contains(#"<label for="customer_email">"#))
            let missing = try await sandbox.call(.POST, intent.page, body: "card=4242&customer_email=&action=pay")
            #expect(missing.status == 400)
            let paid = try await sandbox.call(
                .POST, intent.page, body: "card=4242&customer_email=a%40b.example&action=pay")
            #expect(paid.status == 303)
        }
    }
}

extension Harness {
    /// Has a merchant's webhooks sent to the receiver.
    func register(key: String = PaymentGatewayDesk.main) async throws {
        let answer = try await call(
            .POST, "/_sandbox/callbacks",
            body: #"{"provider":"paymentgateway","key":"\#(key)","url":"\#(callbackURL)"}"#)
        #expect(answer.status == 200, "\(answer.body)")
    }

    func gateway(
        _ path: String, _ body: String, key: String = PaymentGatewayDesk.main, idempotency: String? = nil,
        timeout: Duration = .seconds(20)
    ) async throws -> Answer {
        var headers = ["X-API-Key": key, "Content-Type": "application/json"]
        headers["Idempotency-Key"] = idempotency
        return try await call(.POST, "/paymentgateway" + path, headers: headers, body: body, timeout: timeout)
    }

    func sale(
        _ idempotency: String, key: String = PaymentGatewayDesk.main, timeout: Duration = .seconds(20)
    ) async throws -> Answer {
        try await gateway(
            "/api/v1/payments/sale", PaymentGatewayDesk.order(), key: key, idempotency: idempotency, timeout: timeout)
    }

    /// A new intent, and the path of its page.
    func intent(
        _ more: String = #""customer_email": "john@example.com""#
    ) async throws -> (id: String, secret: String, page: String) {
        let answer = try await gateway("/api/v1/payment-intents", PaymentGatewayDesk.intentOrder(more))
        let data = try #require(answer.json?["data"], "\(answer.body)")
        let url = try #require(data["checkout_url"]?.string)
        let prefix = "http://127.0.0.1:\(port)"
        #expect(url.hasPrefix(prefix))
        return (
            try #require(data["id"]?.string), try #require(data["client_secret"]?.string),
            String(url.dropFirst(prefix.count))
        )
    }
}

extension Receiver.Delivery {
    var event: String? { json?["event"]?.string }
}
