import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Payment API Service: payments")
struct PaymentGatewayPaymentTests {
    typealias Desk = PaymentGatewayDesk

    @Test func `authorize answers as documented`() throws {
        let answer = Desk().post("/api/v1/payments/authorize", Desk.order(), idempotency: "order-12345-auth")
        #expect(answer.status == 200)
        #expect(
            matches(
                answer.body,
                """
                {"success":true,"data":{"id":"pay_…","status":"authorized","amount":9999,"currency":"USD",\
                "card_brand":"visa","card_last4":"4242","auth_code":"…","fraud_score":15,"fraud_decision":"approve",\
                "response_code":"00","response_message":"Approved","transaction_id":"txn_…",\
                "created_at":"2026-01-24T10:00:00Z","expires_at":"2026-01-31T10:00:00Z"}}
                """), "\(answer.body)")
        #expect(answer.data?["id"]?.string?.count == "pay_abc123def456ghi789".count)
        #expect(answer.data?["auth_code"]?.string?.utf8.count == 6)
        #expect(answer.events == ["payment.authorized authorized"])
    }

    @Test func `sale answers as documented and takes the money`() throws {
        let desk = Desk()
        let answer = desk.post(
            "/api/v1/payments/sale", Desk.order(4999, card: "5555 5555-5555 4444"), idempotency: "order-12345-sale")
        #expect(answer.status == 200)
        #expect(
            matches(
                answer.body,
                """
                {"success":true,"data":{"id":"pay_…","status":"captured","amount":4999,"currency":"USD",\
                "card_brand":"mastercard","card_last4":"4444","auth_code":"…","response_code":"00",\
                "response_message":"Approved","transaction_id":"txn_…","created_at":"2026-01-24T10:00:00Z",\
                "captured_at":"2026-01-24T10:00:00Z"}}
                """), "\(answer.body)")
        #expect(answer.events == ["payment.captured captured"])
        #expect(desk.charges == ["order-12345-sale 49.99 USD captured"])
    }

    @Test(
        arguments: [
            ("4000000000000002", "payment declined: do not honor (code: 05)", "05"),
            ("4000000000009995", "payment declined: insufficient funds (code: 51)", "51"),
            ("4000000000000069", "payment declined: expired card (code: 54)", "54"),
            ("4000000000000127", "payment declined: CVV mismatch (code: N7)", "N7"),
            ("4000000000000119", "payment declined: processing error (code: 96)", "96"),
            ("4000000000000259", "payment declined: high fraud risk (score: 85)", nil),
            // Not a test card.
            ("4111111111111111", "payment declined: do not honor (code: 05)", "05"),
        ] as [(String, String, String?)])
    func `test cards decline`(number: String, text: String, code: String?) throws {
        for kind in ["authorize", "sale"] {
            let desk = Desk()
            let answer = desk.post("/api/v1/payments/\(kind)", Desk.order(card: number))
            #expect(answer.status == 402)
            #expect(answer.body == #"{"success":false,"error":"\#(text)"}"#)
            #expect(answer.events == ["payment.failed failed"])
            #expect(desk.charges == [])

            let list = desk.get("/api/v1/transactions?status=failed").data
            let row = try #require(list?["transactions"]?.array?.first)
            let transaction = desk.get("/api/v1/transactions/\(try #require(row["id"]?.string))").data
            #expect(transaction?["response_code"]?.string == code)
            let payment = desk.get("/api/v1/payments/\(try #require(row["payment_id"]?.string))").data
            #expect(payment?["status"]?.string == "failed")
            #expect(payment?["auth_code"] == nil)
        }
    }

    @Test(arguments: [
        ("9999", "0", "invalid request: amount must be at least 1"),
        ("9999", "-5", "invalid request: amount must be at least 1"),
        ("9999", "99.99", "invalid request: amount must be an integer"),
        (#""amount""#, #""amout""#, "invalid request: amount must be at least 1"),
        ("USD", "US", "invalid request: currency must be exactly 3 characters"),
        ("USD", "KES", "unsupported currency (only USD, EUR, and MAD supported)"),
        ("USD", "usd", "unsupported currency (only USD, EUR, and MAD supported)"),
        (#""card""#, #""kard""#, "invalid request: card is required"),
        ("4242424242424242", "4242424242424241", "invalid request: card number is invalid"),
        ("4242424242424242", "424242424242", "invalid request: card number is invalid"),
        ("4242424242424242", "378282246310005", "invalid request: card brand is not supported"),
        (#""John Doe", "exp"#, #""", "exp"#, "invalid request: cardholder_name is required"),
        ("12, ", "13, ", "invalid request: exp_month must be between 1 and 12"),
        ("2027", "2025", "invalid request: card has expired"),
        ("2027", "2047", "invalid request: exp_year is invalid"),
        ("2027", #""2027""#, "invalid request: exp_year is invalid"),
        (#""123""#, #""12""#, "invalid request: cvv must be 3 digits"),
        (#""123""#, "123", "invalid request: cvv must be a string"),
        (#"{"email""#, #"7, "x": {"email""#, "invalid request: customer must be an object"),
        (#""john@example.com""#, "7", "invalid request: email must be a string"),
        (#"{"order_id""#, #"[], "x": {"order_id""#, "invalid request: metadata must be an object"),
        ("{\"amount", "[", "invalid request: the body must be a JSON object"),
    ])
    func `a bad request is refused by name`(change: String, with: String, error: String) {
        let desk = Desk()
        let order = Desk.order().replacing(change, with: with)
        #expect(order != Desk.order())
        for kind in ["authorize", "sale"] {
            let answer = desk.post("/api/v1/payments/\(kind)", order)
            #expect(answer.status == 400)
            #expect(answer.error == error)
            #expect(answer.callbacks.isEmpty)
        }
        #expect(desk.get("/api/v1/transactions").data?["total"]?.integer == 0)
    }

    @Test func `a card is good to the end of its month`() {
        let order = Desk.order().replacing("12, \"exp_year\": 2027", with: "1, \"exp_year\": 2026")
        #expect(Desk().post("/api/v1/payments/sale", order).status == 200)
    }

    // MARK: Keys

    @Test func `keys are checked, and merchants are apart`() throws {
        let desk = Desk()
        let id = try desk.open("sale")
        for (key, error) in [
            (nil, "API key required (X-API-Key header)"), ("sandbox", "invalid API key format"),
            ("pk_sandbox_maim", "invalid API key"),
        ] as [(String?, String)] {
            let answer = desk.get("/api/v1/payments/\(id)", key: key)
            #expect(answer.status == 401)
            #expect(answer.error == error)
        }
        let intent = try desk.openIntent()
        let transaction = try #require(
            desk.get("/api/v1/transactions").data?["transactions"]?.array?.first?["id"]?.string)
        #expect(desk.get("/api/v1/transactions", key: Desk.backup).data?["total"]?.integer == 0)
        for (answer, error) in [
            (desk.get("/api/v1/payments/\(id)", key: Desk.backup), "payment not found"),
            (
                desk.post(
                    "/api/v1/payments/\(id)/refund", #"{"amount": 1, "reason": "x"}"#, key: Desk.backup),
                "payment not found"
            ),
            (desk.get("/api/v1/transactions/\(transaction)", key: Desk.backup), "transaction not found"),
            (
                desk.post("/api/v1/payment-intents/\(intent.id)/cancel", "", key: Desk.backup),
                "payment intent not found"
            ),
            (desk.get("/api/v1/payments/pay_nope"), "payment not found"),
            (desk.get("/api/v1/payment-intents/\(intent.id)"), "not found"),
            (desk.get("/api/v2/payments"), "not found"),
        ] {
            #expect(answer.status == 404)
            #expect(answer.error == error)
        }
        #expect(desk.charges == ["\(id) 99.99 USD captured"])
    }

    // MARK: Follow-ups

    @Test func `a part is captured once, and refunded in two steps`() throws {
        var desk = Desk()
        let id = try desk.open("authorize", idempotency: "order-12345-auth")
        #expect(desk.charges == [])
        desk.wait(.seconds(60))
        let over = desk.post("/api/v1/payments/\(id)/capture", #"{"amount": 10000}"#)
        #expect(over.status == 400)
        #expect(over.error == "capture amount exceeds authorized amount")

        let captured = desk.post("/api/v1/payments/\(id)/capture", #"{"amount": 6000}"#)
        #expect(
            captured.body == """
                {"success":true,"data":{"id":"\(id)","status":"captured","amount":9999,"currency":"USD",\
                "captured_amount":6000,"card_brand":"visa","card_last4":"4242","captured_at":"2026-01-24T10:01:00Z"}}
                """)
        #expect(captured.events == ["payment.captured captured"])
        #expect(desk.post("/api/v1/payments/\(id)/capture", #"{"amount": 1}"#).error == "payment already captured")
        #expect(
            desk.post("/api/v1/payments/\(id)/void", #"{"reason": "x"}"#).error
                == "cannot void captured payment (use refund instead)")

        let first = desk.post("/api/v1/payments/\(id)/refund", #"{"amount": 2500, "reason": "damaged"}"#)
        #expect(
            first.body == """
                {"success":true,"data":{"id":"\(id)","status":"partially_refunded","amount":9999,"currency":"USD",\
                "refunded_amount":2500,"remaining_amount":3500,"refunded_at":"2026-01-24T10:01:00Z",\
                "refund_reason":"damaged"}}
                """)
        #expect(desk.charges == ["order-12345-auth 60.00 USD partially_refunded -25.00"])
        // The limit is what was captured, not what was authorized.
        let tooMuch = desk.post("/api/v1/payments/\(id)/refund", #"{"amount": 3501, "reason": "x"}"#)
        #expect(tooMuch.status == 400)
        #expect(tooMuch.error == "refund amount exceeds available amount")
        let second = desk.post("/api/v1/payments/\(id)/refund", #"{"amount": 3500, "reason": "rest"}"#)
        #expect(second.data?["status"]?.string == "refunded")
        #expect(second.data?["remaining_amount"]?.integer == 0)
        #expect(second.events == ["payment.refunded refunded"])
        #expect(
            desk.post("/api/v1/payments/\(id)/refund", #"{"amount": 1, "reason": "x"}"#).error
                == "payment already fully refunded")
        #expect(desk.charges == ["order-12345-auth 60.00 USD refunded -25.00 -35.00"])

        let rows = try #require(desk.get("/api/v1/transactions").data?["transactions"]?.array)
        #expect(
            rows.map { "\($0["status"]?.string ?? "") \($0["amount"]?.integer ?? 0)" } == [
                "refunded 3500", "refunded 2500", "captured 6000", "authorized 9999",
            ])
    }

    @Test func `a void releases, and ends it`() throws {
        let desk = Desk()
        let id = try desk.open("authorize")
        #expect(desk.post("/api/v1/payments/\(id)/void", "{}").error == "invalid request: reason is required")
        let voided = desk.post("/api/v1/payments/\(id)/void", #"{"reason": "canceled"}"#)
        #expect(
            voided.body == """
                {"success":true,"data":{"id":"\(id)","status":"voided","amount":9999,"currency":"USD",\
                "voided_at":"2026-01-24T10:00:00Z","void_reason":"canceled"}}
                """)
        #expect(voided.events == ["payment.voided voided"])
        for (path, body, error) in [
            ("void", #"{"reason": "x"}"#, "payment already voided"),
            ("capture", #"{"amount": 1}"#, "cannot capture voided payment"),
            ("refund", #"{"amount": 1, "reason": "x"}"#, "can only refund captured payments"),
        ] {
            let answer = desk.post("/api/v1/payments/\(id)/\(path)", body)
            #expect(answer.status == 400)
            #expect(answer.error == error)
        }
        #expect(desk.charges == [])
    }

    @Test(arguments: [
        ("capture", "{}", "invalid request: amount must be at least 1"),
        ("capture", #"{"amount": 0}"#, "invalid request: amount must be at least 1"),
        ("refund", #"{"amount": 5}"#, "invalid request: reason is required"),
        ("refund", #"{"reason": "x"}"#, "invalid request: amount must be at least 1"),
        ("refund", #"{"amount": 5, "reason": ""}"#, "invalid request: reason is required"),
    ])
    func `follow-ups say what they need`(path: String, body: String, error: String) throws {
        let desk = Desk()
        let answer = desk.post("/api/v1/payments/\(try desk.open("authorize"))/\(path)", body)
        #expect(answer.status == 400)
        #expect(answer.error == error)
    }

    @Test func `an authorization lapses after seven days`() throws {
        var desk = Desk()
        let held = try desk.open("authorize")
        let taken = try desk.open("authorize")
        desk.wait(.seconds(7 * 86_400 - 1))
        #expect(desk.post("/api/v1/payments/\(taken)/capture", #"{"amount": 9999}"#).status == 200)
        desk.wait(.seconds(1))
        #expect(desk.provider.tick(at: desk.time).isEmpty)
        #expect(desk.get("/api/v1/payments/\(held)").data?["status"]?.string == "expired")
        #expect(desk.get("/api/v1/payments/\(taken)").data?["status"]?.string == "captured")
        for (path, body) in [("capture", #"{"amount": 1}"#), ("void", #"{"reason": "x"}"#)] {
            let answer = desk.post("/api/v1/payments/\(held)/\(path)", body)
            #expect(answer.status == 400)
            #expect(answer.error == "authorization expired (valid for 7 days)")
        }
    }

    @Test func `Get Payment answers as documented`() throws {
        let desk = Desk()
        let id = try desk.open("authorize")
        let answer = desk.get("/api/v1/payments/\(id)")
        #expect(
            matches(
                answer.body,
                """
                {"success":true,"data":{"id":"\(id)","status":"authorized","amount":9999,"currency":"USD",\
                "card_brand":"visa","card_last4":"4242","auth_code":"…","description":"Order #12345 - Premium Plan",\
                "customer":{"email":"john@example.com","name":"John Doe"},\
                "metadata":{"order_id":"12345","plan":"premium"},"created_at":"2026-01-24T10:00:00Z",\
                "expires_at":"2026-01-31T10:00:00Z"}}
                """), "\(answer.body)")
    }

    @Test func `a sale has no expiry, and a payment without details none`() throws {
        let desk = Desk()
        let order = #"{"amount": 1, "currency": "EUR", "card": \#(Desk.card())}"#
        let id = try #require(desk.post("/api/v1/payments/sale", order).data?["id"]?.string)
        #expect(
            desk.get("/api/v1/payments/\(id)").json?["data"]?.object?.names == [
                "id", "status", "amount", "currency", "card_brand", "card_last4", "auth_code", "created_at",
            ])
    }

    @Test func `wrong_amount changes what is told, not what is taken`() throws {
        let desk = Desk()
        let wrong = SandboxEffects(takesWrongAmount: { true })
        let created = desk.call(.post, "/api/v1/payments/sale", Desk.order(), effects: wrong)
        let id = try #require(created.data?["id"]?.string)
        #expect(created.data?["amount"]?.integer == 9999)
        #expect(desk.get("/api/v1/payments/\(id)").data?["amount"]?.integer == 10_000)
        let event = try JSONValue(parsing: try #require(created.callbacks.first).message.body)
        #expect(event["data"]?["amount"]?.integer == 10_000)
        let row = desk.get("/api/v1/transactions").data?["transactions"]?.array?.first
        #expect(row?["amount"]?.integer == 10_000)
        #expect(desk.charges == ["\(id) 99.99 USD captured"])
    }

    // MARK: Transactions

    @Test func `a transaction answers as documented`() throws {
        let desk = Desk()
        let created = desk.post("/api/v1/payments/authorize", Desk.order())
        let id = try #require(created.data?["transaction_id"]?.string)
        let payment = try #require(created.data?["id"]?.string)
        let answer = desk.get("/api/v1/transactions/\(id)")
        #expect(
            matches(
                answer.body,
                """
                {"success":true,"data":{"id":"\(id)","payment_id":"\(payment)","status":"authorized","amount":9999,\
                "currency":"USD","card_brand":"visa","card_last4":"4242","auth_code":"…","response_code":"00",\
                "response_message":"Approved","created_at":"2026-01-24T10:00:00Z"}}
                """), "\(answer.body)")
        #expect(
            desk.get("/api/v1/transactions/").body == """
                {"success":true,"data":{"transactions":[{"id":"\(id)","payment_id":"\(payment)",\
                "status":"authorized","amount":9999,"currency":"USD","created_at":"2026-01-24T10:00:00Z"}],\
                "total":1,"limit":10,"offset":0}}
                """)
    }

    @Test func `the list has pages and a filter`() throws {
        let desk = Desk()
        for amount in 1...12 { _ = try desk.open(amount % 3 == 0 ? "sale" : "authorize", amount) }
        func amounts(_ query: String) -> [Int64] {
            let rows = desk.get("/api/v1/transactions?" + query).data?["transactions"]?.array ?? []
            return rows.compactMap { $0["amount"]?.integer }
        }
        #expect(amounts("") == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3])
        #expect(amounts("limit=3&offset=10") == [2, 1])
        #expect(amounts("offset=99") == [])
        #expect(amounts("status=captured&limit=2&offset=1") == [9, 6])
        #expect(desk.get("/api/v1/transactions?status=captured&limit=1").data?["total"]?.integer == 4)
        for query in ["limit=0", "limit=101", "limit=x", "offset=-1", "status=paid"] {
            #expect(desk.get("/api/v1/transactions?" + query).status == 400)
        }
    }
}
