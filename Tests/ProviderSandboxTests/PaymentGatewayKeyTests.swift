import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Payment API Service: idempotency and limits")
struct PaymentGatewayKeyTests {
    typealias Desk = PaymentGatewayDesk

    private static let key = "order-12345-sale"

    @Test func `the same request under its key gets the first reply to the byte`() throws {
        var desk = Desk()
        let first = desk.post("/api/v1/payments/sale", Desk.order(), idempotency: Self.key)
        desk.wait(.seconds(3600))
        let again = desk.post("/api/v1/payments/sale", Desk.order(), idempotency: Self.key)
        #expect(again.status == 200)
        #expect(again.body == first.body)
        #expect(again.callbacks.isEmpty)
        #expect(desk.charges == ["\(Self.key) 99.99 USD captured"])
    }

    @Test func `a decline is kept too, and a refused request is not`() throws {
        let desk = Desk()
        let order = Desk.order(card: "4000000000009995")
        let declined = desk.post("/api/v1/payments/sale", order, idempotency: Self.key)
        #expect(declined.status == 402)
        #expect(desk.post("/api/v1/payments/sale", order, idempotency: Self.key).body == declined.body)
        #expect(desk.get("/api/v1/transactions").data?["total"]?.integer == 1)

        #expect(desk.post("/api/v1/payments/sale", Desk.order(0), idempotency: "order-12346-sale").status == 400)
        #expect(desk.post("/api/v1/payments/sale", Desk.order(), idempotency: "order-12346-sale").status == 200)
    }

    @Test func `another request under the key is a conflict`() throws {
        let desk = Desk()
        let id = try desk.open("authorize", idempotency: Self.key)
        for (path, body) in [
            ("/api/v1/payments/authorize", Desk.order(9998)),
            ("/api/v1/payments/authorize", Desk.order(card: "5555555555554444")),
            ("/api/v1/payments/authorize", Desk.order().replacing("123\"}", with: "124\"}")),
            ("/api/v1/payments/sale", Desk.order()),
            ("/api/v1/payments/\(id)/capture", #"{"amount": 9999}"#),
        ] {
            let answer = desk.post(path, body, idempotency: Self.key)
            #expect(answer.status == 409)
            #expect(answer.error == "idempotency key already used with different request data")
        }
        #expect(desk.charges == [])
        // Keys are each merchant's own.
        #expect(
            desk.post("/api/v1/payments/sale", Desk.order(), key: Desk.backup, idempotency: Self.key).status == 200)
    }

    @Test func `follow-ups are repeated safely under a key`() throws {
        let desk = Desk()
        let id = try desk.open("sale", idempotency: Self.key)
        let body = #"{"amount": 2500, "reason": "damaged"}"#
        let first = desk.post("/api/v1/payments/\(id)/refund", body, idempotency: "refund-1-of-12345")
        let again = desk.post("/api/v1/payments/\(id)/refund", body, idempotency: "refund-1-of-12345")
        #expect(again.body == first.body)
        #expect(desk.charges == ["\(Self.key) 99.99 USD partially_refunded -25.00"])
        // Without one, and under another, it is another refund.
        _ = desk.post("/api/v1/payments/\(id)/refund", body)
        _ = desk.post("/api/v1/payments/\(id)/refund", body, idempotency: "refund-2-of-12345")
        #expect(desk.charges == ["\(Self.key) 99.99 USD partially_refunded -25.00 -25.00 -25.00"])
    }

    @Test func `a key is forgotten after a day`() throws {
        var desk = Desk()
        let first = try desk.open("sale", idempotency: Self.key)
        desk.wait(.seconds(24 * 3600 - 1))
        #expect(try desk.open("sale", idempotency: Self.key) == first)
        desk.wait(.seconds(1))
        #expect(try desk.open("sale", idempotency: Self.key) != first)
        #expect(desk.charges.count == 2)
    }

    @Test(arguments: [(15, 400), (16, 200), (255, 200), (256, 400)])
    func `a key has 16 to 255 characters`(length: Int, status: Int) {
        let answer = Desk().post(
            "/api/v1/payments/sale", Desk.order(), idempotency: String(repeating: "k", count: length))
        #expect(answer.status == status)
        #expect(
            answer.error == (status == 400 ? "idempotency key must be between 16 and 255 characters" : nil))
    }

    @Test func `an intent is replayed with its secret`() throws {
        let desk = Desk()
        let first = try desk.openIntent(idempotency: "order-12345-intent")
        let again = try desk.openIntent(idempotency: "order-12345-intent")
        #expect(first == again)
    }

    // MARK: Limits

    @Test func `20 payments a second per merchant`() {
        var desk = Desk(SandboxConfiguration())
        for _ in 0..<20 { #expect(desk.get("/api/v1/payments/pay_nope").status == 404) }
        let answer = desk.post("/api/v1/payments/sale", Desk.order())
        #expect(answer.status == 429)
        #expect(answer.body == #"{"success":false,"error":"rate limit exceeded: 20 requests per second"}"#)
        #expect(answer.headers[.retryAfter] == "1")
        #expect(desk.charges == [])
        // The other merchant has a limit of its own, and so have transactions; a wrong key counts for nobody.
        #expect(desk.get("/api/v1/payments/pay_nope", key: Desk.backup).status == 404)
        #expect(desk.get("/api/v1/transactions").status == 200)
        #expect(desk.get("/api/v1/payments/pay_nope", key: "pk_other").status == 401)
        desk.wait(.seconds(1))
        #expect(desk.post("/api/v1/payments/sale", Desk.order()).status == 200)
    }

    @Test func `10,000 payments an hour per merchant`() {
        var desk = Desk(SandboxConfiguration())
        for number in 0..<10_000 {
            if number % 20 == 0 { desk.wait(.seconds(1)) }
            _ = desk.get("/api/v1/payments/pay_nope")
        }
        desk.wait(.seconds(1))
        let answer = desk.get("/api/v1/payments/pay_nope")
        #expect(answer.status == 429)
        #expect(answer.error == "rate limit exceeded: 10000 requests per hour")
        #expect(answer.headers[.retryAfter] == "3100")
        desk.wait(.seconds(3100))
        #expect(desk.get("/api/v1/payments/pay_nope").status == 404)
    }

    @Test func `transactions and the public part have limits of their own`() throws {
        let desk = Desk(SandboxConfiguration())
        for _ in 0..<100 { #expect(desk.get("/api/v1/transactions").status == 200) }
        #expect(desk.get("/api/v1/transactions").error == "rate limit exceeded: 100 requests per second")
        let intent = try desk.openIntent()
        let path = "/api/public/payment-intents/\(intent.id)"
        for _ in 0..<50 { #expect(desk.get(path, key: nil).status == 200) }
        #expect(desk.confirm(intent).status == 429)
        #expect(desk.get(path, key: nil).error == "rate limit exceeded: 50 requests per second")
    }

    @Test func `the limits can be lifted`() {
        let desk = Desk(SandboxConfiguration(documentedLimits: false))
        for _ in 0..<200 { #expect(desk.get("/api/v1/payments/pay_nope").status == 404) }
    }
}
