import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Payment API Service: intents")
struct PaymentGatewayIntentTests {
    typealias Desk = PaymentGatewayDesk

    @Test func `an intent is created and shown as documented`() throws {
        let desk = Desk()
        let created = desk.post("/api/v1/payment-intents", Desk.intentOrder())
        #expect(created.status == 201)
        let id = try #require(created.data?["id"]?.string)
        let secret = try #require(created.data?["client_secret"]?.string)
        #expect(secret.hasPrefix(id + "_secret_"))
        #expect(
            created.body == """
                {"success":true,"data":{"id":"\(id)","client_secret":"\(secret)",\
                "checkout_url":"http://127.0.0.1/paymentgateway/checkout/\(id)?client_secret=\(secret)",\
                "amount":9999,"currency":"USD","status":"created",\
                "success_url":"https://yourstore.com/order/success?session_id={CHECKOUT_SESSION_ID}",\
                "cancel_url":"https://yourstore.com/order/cancel","description":"Order #12345 - Premium Plan",\
                "expires_at":"2026-01-24T11:00:00Z","created_at":"2026-01-24T10:00:00Z"}}
                """)
        #expect(created.events == ["payment_intent.created created"])

        let shown = desk.get("/api/public/payment-intents/\(id)", key: nil)
        #expect(
            shown.body == """
                {"success":true,"data":{"id":"\(id)","status":"created","amount":9999,"currency":"USD",\
                "success_url":"https://yourstore.com/order/success?session_id={CHECKOUT_SESSION_ID}",\
                "cancel_url":"https://yourstore.com/order/cancel","expires_at":"2026-01-24T11:00:00Z"}}
                """)
        #expect(desk.get("/api/public/payment-intents/pi_nope", key: nil).status == 404)
    }

    @Test(arguments: [
        ("9999", "0", "invalid request: amount must be at least 1"),
        ("USD", "GBP", "unsupported currency (only USD, EUR, and MAD supported)"),
        (#""success_url""#, #""url""#, "invalid request: success_url is required"),
        (
            "https://yourstore.com/order/success", "http://yourstore.com",
            "invalid request: success_url must be an HTTPS URL"
        ),
        ("https://yourstore.com/order/cancel", "javascript:x", "invalid request: cancel_url must be an HTTPS URL"),
        (#""customer_email""#, #""capture_method""#, "invalid request: capture_method must be automatic or manual"),
        (#""customer_email": "john@example.com""#, #""order_id": 7"#, "invalid request: order_id must be a string"),
        (#""customer_email": "john@example.com""#, #""metadata": "x""#, "invalid request: metadata must be an object"),
    ])
    func `a bad intent is refused by name`(change: String, with: String, error: String) {
        let order = Desk.intentOrder().replacing(change, with: with)
        #expect(order != Desk.intentOrder())
        let answer = Desk().post("/api/v1/payment-intents", order)
        #expect(answer.status == 400)
        #expect(answer.error == error)
    }

    @Test func `localhost needs no TLS, and cancel_url defaults to success_url`() throws {
        let order = #"{"amount": 1, "currency": "MAD", "success_url": "http://localhost:3000/ok"}"#
        let answer = Desk().post("/api/v1/payment-intents", order)
        #expect(answer.status == 201)
        #expect(answer.data?["cancel_url"]?.string == "http://localhost:3000/ok")
    }

    @Test func `a confirmation pays`() throws {
        let desk = Desk()
        let intent = try desk.openIntent(idempotency: "order-12345-intent")
        let answer = desk.confirm(intent)
        let payment = try #require(answer.data?["payment_id"]?.string)
        #expect(
            answer.body == """
                {"success":true,"data":{"id":"\(intent.id)","status":"authorized","payment_id":"\(payment)",\
                "redirect_url":"https://yourstore.com/order/success?session_id=\(intent.id)&payment_intent=\(intent.id)"}}
                """)
        #expect(answer.events == ["payment.captured captured", "payment_intent.succeeded captured"])
        let event = try JSONValue(parsing: try #require(answer.callbacks.last).message.body)
        #expect(event["data"]?["payment_intent_id"]?.string == intent.id)
        #expect(event["data"]?["payment_id"]?.string == payment)
        #expect(desk.get("/api/public/payment-intents/\(intent.id)").data?["status"]?.string == "captured")
        #expect(desk.get("/api/v1/payments/\(payment)").data?["customer"]?["email"]?.string == "john@example.com")
        #expect(desk.charges == ["order-12345-intent 99.99 USD captured"])

        let again = desk.confirm(intent)
        #expect(again.status == 400)
        #expect(again.json?["error"]?["code"]?.string == "CANNOT_CONFIRM")
        let canceled = desk.post("/api/v1/payment-intents/\(intent.id)/cancel", "")
        #expect(canceled.status == 400)
        #expect(canceled.error == "cannot cancel completed payment intent")
        #expect(desk.charges.count == 1)
    }

    @Test func `a manual one is captured by the merchant`() throws {
        let desk = Desk()
        let intent = try desk.openIntent(
            Desk.intentOrder(#""customer_email": "a@b.example", "capture_method": "manual", "order_id": "order-7""#))
        let answer = desk.confirm(intent)
        #expect(answer.events == ["payment.authorized authorized", "payment_intent.succeeded authorized"])
        #expect(desk.charges == [])
        let payment = try #require(answer.data?["payment_id"]?.string)
        #expect(desk.get("/api/public/payment-intents/\(intent.id)").data?["status"]?.string == "authorized")
        #expect(desk.post("/api/v1/payments/\(payment)/capture", #"{"amount": 5000}"#).status == 200)
        #expect(desk.get("/api/public/payment-intents/\(intent.id)").data?["status"]?.string == "captured")
        #expect(desk.charges == ["order-7 50.00 USD captured"])
    }

    @Test func `five attempts, and it is locked`() throws {
        let desk = Desk()
        let intent = try desk.openIntent()
        for remaining in [4, 3, 2, 1, 0] {
            let answer = desk.confirm(intent, card: "4000000000009995")
            #expect(answer.status == 402)
            #expect(
                answer.body == """
                    {"success":false,"error":{"code":"PAYMENT_DECLINED",\
                    "message":"card declined: insufficient funds","remaining_attempts":\(remaining)}}
                    """)
            #expect(answer.events == ["payment.failed failed"])
        }
        let locked = desk.confirm(intent)
        #expect(locked.status == 410)
        #expect(
            locked.body == """
                {"success":false,"error":{"code":"MAX_ATTEMPTS_REACHED",\
                "message":"maximum payment attempts reached (5)"}}
                """)
        #expect(desk.get("/api/public/payment-intents/\(intent.id)").data?["status"]?.string == "failed")
        #expect(desk.charges == [])
    }

    @Test func `a declined intent can still be paid`() throws {
        let desk = Desk()
        let intent = try desk.openIntent()
        #expect(desk.confirm(intent, card: "4000000000000259").status == 402)
        #expect(desk.confirm(intent).status == 200)
        #expect(desk.charges == ["\(intent.id) 99.99 USD captured"])
    }

    @Test func `a confirmation needs the secret, a card and an email`() throws {
        let desk = Desk()
        let intent = try desk.openIntent(Desk.intentOrder(#""order_id": "o""#))
        let path = "/api/public/payment-intents/\(intent.id)/confirm"
        let body = #"{"card": \#(Desk.card())}"#
        for secret in ["", "?client_secret=", "?client_secret=\(intent.id)_secret_guess"] {
            let answer = desk.call(.post, path + secret, body, key: nil)
            #expect(answer.status == 401)
            #expect(
                answer.body == """
                    {"success":false,"error":{"code":"INVALID_CLIENT_SECRET",\
                    "message":"client secret is invalid or expired"}}
                    """)
        }
        let query = "?client_secret=" + intent.secret
        for bad in [body, "{}", #"{"card": \#(Desk.card("4242424242424241")), "customer_email": "a@b.example"}"#] {
            let answer = desk.call(.post, path + query, bad, key: nil)
            #expect(answer.status == 400)
            #expect(answer.json?["error"]?["code"]?.string == "INVALID_REQUEST")
        }
        // None of these was an attempt.
        let good = #"{"card": \#(Desk.card("4000000000000002")), "customer_email": "a@b.example"}"#
        let declined = desk.call(.post, path + query, good, key: nil)
        #expect(declined.json?["error"]?["remaining_attempts"]?.integer == 4)
        #expect(desk.confirm((id: "pi_nope", secret: "x")).status == 404)
    }

    @Test func `an intent lives an hour`() throws {
        var desk = Desk()
        let paid = try desk.openIntent()
        let left = try desk.openIntent()
        desk.wait(.seconds(3599))
        #expect(desk.confirm(paid).status == 200)
        desk.wait(.seconds(1))
        #expect(desk.provider.tick(at: desk.time).isEmpty)
        let late = desk.confirm(left)
        #expect(late.status == 410)
        #expect(
            late.body == """
                {"success":false,"error":{"code":"INTENT_EXPIRED",\
                "message":"payment intent expired (valid for 1 hour)"}}
                """)
        #expect(desk.get("/api/public/payment-intents/\(left.id)").data?["status"]?.string == "expired")
        let canceled = desk.post("/api/v1/payment-intents/\(left.id)/cancel", "")
        #expect(canceled.status == 410)
        #expect(canceled.error == "payment intent expired (valid for 1 hour)")
    }

    @Test func `the merchant cancels it`() throws {
        let desk = Desk()
        let intent = try desk.openIntent()
        let answer = desk.post("/api/v1/payment-intents/\(intent.id)/cancel", "")
        #expect(answer.status == 200)
        #expect(answer.body == #"{"success":true,"message":"payment intent canceled"}"#)
        #expect(answer.events == ["payment_intent.canceled canceled"])
        #expect(desk.confirm(intent).json?["error"]?["code"]?.string == "CANNOT_CONFIRM")
        #expect(desk.post("/api/v1/payment-intents/\(intent.id)/cancel", "").status == 400)
    }

    // MARK: The customer whom the sandbox plays

    private func settle(
        _ desk: Desk, _ reference: String, _ outcome: SandboxOutcome, code: String? = nil
    ) -> String {
        let result = desk.provider.settle(
            reference: reference, outcome: outcome, code: code, effects: SandboxEffects(), at: desk.time)
        return switch result {
        case .settled(let status, _): status
        case .alreadyFinal(let status): "already " + status
        case .notFound: "not found"
        }
    }

    @Test func `settle does the customer's part of an intent`() throws {
        let desk = Desk()
        let paid = try desk.openIntent(Desk.intentOrder(#""order_id": "order-1""#))
        #expect(settle(desk, "order-1", .failed, code: "51") == "created")
        #expect(settle(desk, "order-1", .success) == "captured")
        #expect(settle(desk, paid.id, .canceled) == "already captured")
        let rows = desk.get("/api/v1/transactions").data?["transactions"]?.array
        let failed = try #require(rows?.last?["id"]?.string)
        #expect(desk.get("/api/v1/transactions/\(failed)").data?["response_message"]?.string == "Insufficient funds")

        _ = try desk.openIntent(idempotency: "order-12345-intent")
        #expect(settle(desk, "order-12345-intent", .canceled) == "canceled")
        let expired = try desk.openIntent()
        #expect(settle(desk, expired.id, .expired) == "expired")
        #expect(settle(desk, expired.id, .success) == "already expired")
        #expect(settle(desk, "nope", .success) == "not found")
        #expect(desk.charges == ["order-1 99.99 USD captured"])
    }

    @Test func `settle can only end an authorization`() throws {
        let desk = Desk()
        let id = try desk.open("authorize", idempotency: "order-12345-auth")
        #expect(settle(desk, "order-12345-auth", .success) == "already authorized")
        #expect(settle(desk, id, .expired) == "expired")
        #expect(settle(desk, id, .expired) == "already expired")
        #expect(settle(desk, try desk.open("sale"), .expired) == "already captured")
    }
}
