import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import PaymentGateway

/// Every request of the document, field by field. Follow-ups carry an `Idempotency-Key` that its examples do not show:
/// "include an Idempotency-Key header to safely retry requests".
@Suite("PaymentGateway: requests")
struct PaymentGatewayRequestTests {
    private func expect(
        _ request: ProviderRequest, is line: String, body: String?, key: String?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(request.description == line, sourceLocation: sourceLocation)
        var headers: [String: String] = ["x-api-key": Example.key]
        headers["idempotency-key"] = key
        if body != nil { headers["content-type"] = "application/json" }
        let sent = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name.canonicalName, $0.value) })
        #expect(sent == headers, sourceLocation: sourceLocation)
        if let body {
            #expect(
                try JSONValue(parsing: request.body) == Example.fixture(body).reply.json, sourceLocation: sourceLocation
            )
        } else {
            #expect(request.body.isEmpty, sourceLocation: sourceLocation)
        }
    }

    @Test func theDocumentedCardPaymentsAreMade() throws {
        let adapter = try Example.adapter()
        try expect(
            adapter.createRequest(for: Example.authorization()), is: "POST /api/v1/payments/authorize",
            body: "request.authorize", key: "order-12345-auth")
        try expect(
            adapter.createRequest(for: Example.sale()), is: "POST /api/v1/payments/sale", body: "request.sale",
            key: "order-12345-sale")
    }

    @Test func theDocumentedIntentIsMade() throws {
        let request = try Example.adapter().createRequest(for: Example.checkout())
        #expect(request.description == "POST /api/v1/payment-intents")
        #expect(request.headers[.gatewayKey] == Example.key)
        #expect(request.headers[.gatewayIdempotencyKey] == "order-12345-page")
        // Ours says two things more: the order, and that money is taken at once, which is the default.
        var expected = try #require(try Example.fixture("request.intent").reply.json?.object)
        expected["order_id"] = .string("12345")
        expected["capture_method"] = .string("automatic")
        #expect(try JSONValue(parsing: request.body).object == expected)

        let manual = try Example.adapter().createRequest(for: Example.checkout { $0.capture = .manual })
        #expect(try JSONValue(parsing: manual.body)["capture_method"]?.string == "manual")
    }

    @Test func theDocumentedFollowUpsAreMade() throws {
        let adapter = try Example.adapter()
        let key = "follow-up-key-of-26-chars"
        let held = Example.payment(.authorized, of: try Example.authorization(), id: "pay_abc123def456")
        let taken = Example.payment(.captured, of: try Example.authorization(), id: "pay_abc123def456")
        try expect(
            adapter.captureRequest(for: Example.followUp(.capture, held, amount: 9999)),
            is: "POST /api/v1/payments/pay_abc123def456/capture", body: "request.capture", key: key)
        try expect(
            adapter.cancelRequest(
                for: Example.followUp(.cancel, held, reason: "Customer requested order cancellation")),
            is: "POST /api/v1/payments/pay_abc123def456/void", body: "request.void", key: key)
        try expect(
            adapter.refundRequest(
                for: Example.followUp(.refund, taken, amount: 2500, reason: "Product damaged - partial refund")),
            is: "POST /api/v1/payments/pay_abc123def456/refund", body: "request.refund", key: key)
        try expect(
            adapter.cancelRequest(for: Example.followUp(.cancel, Example.openCheckout())),
            is: "POST /api/v1/payment-intents/\(Example.intentID)/cancel", body: nil, key: key)
    }

    @Test func theDocumentedQuestionsAreAsked() throws {
        let adapter = try Example.adapter()
        let payment = try #require(adapter.inquiryRequest(for: Example.cardSubject("pay_abc123def456")))
        try expect(payment, is: "GET /api/v1/payments/pay_abc123def456", body: nil, key: nil)

        let intent = try #require(adapter.inquiryRequest(for: Example.checkoutSubject()))
        #expect(intent.description == "GET /api/public/payment-intents/\(Example.intentID)")
        #expect(intent.headers.isEmpty, "the public address takes no key")

        let refund = Example.followUp(
            .refund, Example.payment(.captured, of: try Example.authorization()), amount: 2500)
        let first = try #require(adapter.followUpInquiryRequest(for: refund, after: []))
        try expect(first, is: "GET /api/v1/payments/\(Example.paymentID)", body: nil, key: nil)
        let second = try #require(
            adapter.followUpInquiryRequest(for: refund, after: [Example.reply("inquiry.captured.200.payment")]))
        try expect(second, is: "GET /api/v1/transactions?status=refunded&limit=100&offset=0", body: nil, key: nil)
    }

    @Test func whatIsNotGivenIsNotSent() throws {
        let adapter = try Example.adapter()
        let card = try Example.authorization {
            $0.customer = .init(id: "user-42", phone: "+254712345678")
            $0.description = nil
            $0.metadata = [:]
        }
        #expect(
            try JSONValue(parsing: adapter.createRequest(for: card).body).object?.names
                == ["amount", "currency", "card"])
        let page = try Example.checkout {
            $0.customer = nil
            $0.description = nil
            $0.cancelURL = nil
            $0.metadata = [:]
        }
        #expect(
            try JSONValue(parsing: adapter.createRequest(for: page).body).object?.names
                == ["amount", "currency", "success_url", "order_id", "capture_method"])
        let named = try Example.sale { $0.customer = .init(name: "Jane Smith") }
        #expect(
            try JSONValue(parsing: adapter.createRequest(for: named).body)["customer"]?.object?.names == ["name"])
    }

    @Test func anAbsentReasonIsRequested() throws {
        let adapter = try Example.adapter()
        let order = try Example.authorization()
        let void = adapter.cancelRequest(for: Example.followUp(.cancel, Example.payment(.authorized, of: order)))
        #expect(try JSONValue(parsing: void.body)["reason"]?.string == "requested")
        let refund = adapter.refundRequest(
            for: Example.followUp(.refund, Example.payment(.captured, of: order), amount: 1))
        #expect(try JSONValue(parsing: refund.body)["reason"]?.string == "requested")
    }

    @Test func aRepeatMeansWhatTheDocumentSays() throws {
        let adapter = try Example.adapter()
        func shape(_ order: PaymentOrder) -> PaymentShape { PaymentShape(app: "shop", request: order.request) }
        let replayable = SendSafety.replayable(within: .seconds(23 * 3600))
        #expect(adapter.createSafety(for: shape(try Example.sale())) == replayable)
        #expect(adapter.createSafety(for: shape(try Example.authorization())) == replayable)
        #expect(adapter.createSafety(for: shape(try Example.checkout())) == .inert)

        let order = try Example.authorization()
        let (held, taken) = (Example.payment(.authorized, of: order), Example.payment(.captured, of: order))
        let again = Example.payment(.captured, of: order, refunded: [2500])
        #expect(adapter.captureSafety(for: Example.followUp(.capture, held, amount: 5000)) == replayable)
        #expect(adapter.cancelSafety(for: Example.followUp(.cancel, held)) == replayable)
        #expect(adapter.cancelSafety(for: Example.followUp(.cancel, try Example.openCheckout())) == .inert)
        #expect(adapter.refundSafety(for: Example.followUp(.refund, taken, amount: 9999)) == replayable)
        #expect(adapter.refundSafety(for: Example.followUp(.refund, taken, amount: 9998)) == .once)
        #expect(adapter.refundSafety(for: Example.followUp(.refund, again, amount: 7499)) == .once)
    }

    @Test func aFollowUpOfACheckoutNeedsThePaymentsID() throws {
        let adapter = try Example.adapter()
        let order = try Example.checkout { $0.capture = .manual }
        func obstacle(_ operation: PaymentModel.Operation, _ payment: Payment) -> String? {
            adapter.followUpObstacle(
                for: Example.followUp(operation, payment, amount: operation == .cancel ? nil : 9999))
        }
        let unnamed = Example.payment(.authorized, of: order, id: nil, intent: Example.intentID)
        #expect(obstacle(.capture, unnamed)?.contains("provider_transaction_id") == true)
        #expect(obstacle(.cancel, unnamed) != nil, "a hold is released by the payment's id, not by the intent's")
        #expect(obstacle(.cancel, try Example.openCheckout()) == nil)
        #expect(
            obstacle(.refund, Example.payment(.captured, of: order, id: nil, intent: Example.intentID)) != nil)

        let named = Example.payment(.authorized, of: order, intent: Example.intentID)
        #expect(obstacle(.capture, named) == nil)
        #expect(
            adapter.cancelRequest(for: Example.followUp(.cancel, named)).path
                == "/api/v1/payments/\(Example.paymentID)/void")
    }

    @Test func aClaimCountsForACheckoutAlone() throws {
        let adapter = try Example.adapter()
        #expect(
            adapter.inquiryRequest(for: try Example.checkoutSubject(claimed: "pay_claimed"))?.path
                == "/api/v1/payments/pay_claimed")
        #expect(
            adapter.inquiryRequest(for: try Example.checkoutSubject(providerReference: "pay_1", claimed: "pay_2"))?.path
                == "/api/v1/payments/pay_1", "what is known is not claimed anew")
        #expect(adapter.inquiryRequest(for: try Example.checkoutSubject(claimed: "..")) == nil)
        #expect(adapter.inquiryRequest(for: try Example.checkoutSubject(claimed: "a b")) == nil)
        let card = try Example.cardSubject(nil)
        let claimed = InquirySubject(
            reference: card.reference, providerReference: nil, money: card.money, method: .card,
            createdAt: card.createdAt, now: card.now, claimedTransactionID: "pay_claimed")
        #expect(adapter.inquiryRequest(for: claimed) == nil)
    }

    @Test func whatItCannotDoIsSaid() throws {
        let adapter = try Example.adapter()
        func incapability(_ order: PaymentOrder) -> String? {
            adapter.incapability(for: PaymentShape(app: "shop", request: order.request))
        }
        #expect(incapability(try Example.sale()) == nil)
        #expect(incapability(try Example.checkout()) == nil)
        #expect(incapability(try Example.checkout { $0.returnURL = nil }) == "return_url is missing")
        #expect(
            incapability(try Example.checkout { $0.instrument = .wallet(network: "x", phone: nil) }) == "method wallet")
        #expect(
            PaymentGatewayAdapter.declaration.currencies
                == Set(
                    [
                        try Example.money(1, "USD"), try Example.money(1, "EUR"),
                        try Example.money(1, "MAD"),
                    ].map(\.currency)))
    }

    @Test(
        arguments: [("api_key", ""), ("api_key", "two words"), ("api_key", "line\nbreak"), ("webhook_secret", "")])
    func settingsThatCannotWorkAreNamed(key: String, value: String) {
        #expect { try Example.adapter([key: .secret(Secret(value))]) } throws: { ($0 as? SettingFault)?.key == key }
    }
}
