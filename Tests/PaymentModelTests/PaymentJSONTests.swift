import StrictJSON
import Testing

@testable import PaymentModel

/// The payment as the API answers it, field by field with contract §4.
@Suite struct PaymentJSONTests {
    private func written(_ payment: Payment) -> String {
        var writer = JSONWriter()
        payment.write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func full() throws -> Payment {
        let card = CardDetails(
            number: Secret("4242424242424242"), expiryMonth: 12, expiryYear: 2027, cvv: Secret("987"),
            holder: "Jane Holder")
        var payment = Payment(
            id: "pay_01JDXG", app: "shop",
            request: PaymentRequest(
                money: Money(minorUnits: 10_000, currency: Samples.kes), instrument: .card(card),
                country: Samples.country("KE"),
                capture: .manual, reference: "order-1001", description: "Two \"shirts\"",
                customer: .init(
                    id: "user-42", name: "A. Wanjiru", email: "a@example.com", phone: "+254712345678",
                    nationalID: "3520108345678"),
                metadata: ["tier": "gold", "a": "", "é": "ü"]),
            route: "cards", at: Samples.now)
        payment.status = .partiallyRefunded
        payment.amountCaptured = 9000
        payment.amountRefunded = 2500
        payment.provider = "payalo-ke"
        payment.providerReference = "b2p01j3a"
        payment.nextAction = .redirect(url: "https://p.example/1", expiresAt: Samples.later)
        payment.decline = Decline(code: .doNotHonor, message: "no", providerCode: "05")
        payment.openOperation = OpenOperation(type: .refund, amount: 2500, since: Samples.now)
        payment.review = Review(
            reason: .amountMismatch, provider: "payalo-ke", providerReference: "x-1",
            money: Money(minorUnits: 9900, currency: Samples.usd), since: Samples.now)
        payment.record(
            Attempt(
                provider: "payalo-ke", operation: .create, outcome: .rateLimited, reason: "http_429",
                startedAt: Samples.now,
                durationMilliseconds: 41))
        payment.record(
            Attempt(
                provider: "payalo-ke", operation: .create, outcome: .accepted, reason: nil, startedAt: Samples.now,
                durationMilliseconds: 0))
        payment.record(Samples.note)
        payment.refunds = [
            Refund(id: "re_1", amount: 2500, status: .succeeded, reason: "requested", createdAt: Samples.now),
            Refund(id: "re_2", amount: 1, status: .unknown, reason: nil, createdAt: Samples.later),
        ]
        payment.expiresAt = Samples.later
        payment.updatedAt = Samples.later
        return payment
    }

    @Test func aFullPaymentIsTheContracts() throws {
        let expected = """
            {"id":"pay_01JDXG","object":"payment","app":"shop","status":"partially_refunded",
            "amount":10000,"amount_captured":9000,"amount_refunded":2500,"currency":"KES",
            "method":"card","network":null,"country":"KE","capture":"manual",
            "reference":"order-1001","description":"Two \\"shirts\\"",
            "customer":{"id":"user-42","name":"A. Wanjiru","email":"a@example.com","phone":"+254712345678",
            "national_id":"3520108345678"},
            "metadata":{"a":"","tier":"gold","é":"ü"},
            "card":{"brand":"visa","first6":"424242","last4":"4242","exp_month":12,"exp_year":2027},
            "route":"cards","provider":"payalo-ke","provider_reference":"b2p01j3a",
            "next_action":{"type":"redirect","url":"https://p.example/1","token":null,
            "expires_at":"2026-01-24T10:01:00.000Z"},
            "decline":{"code":"do_not_honor","message":"no","provider_code":"05","soft":true},
            "open_operation":{"type":"refund","amount":2500,"since":"2026-01-24T10:00:00.000Z"},
            "review":{"reason":"amount_mismatch","provider":"payalo-ke","provider_reference":"x-1","amount":9900,
            "currency":"USD","since":"2026-01-24T10:00:00.000Z"},
            "attempts":[
            {"provider":"payalo-ke","operation":"create","outcome":"rate_limited","reason":"http_429",
            "started_at":"2026-01-24T10:00:00.000Z","duration_ms":41},
            {"provider":"payalo-ke","operation":"create","outcome":"accepted","reason":null,
            "started_at":"2026-01-24T10:00:00.000Z","duration_ms":0},
            {"provider":"payalo-ke","operation":"inquiry","outcome":"resolved","reason":null,
            "started_at":"2026-01-24T10:01:00.000Z","duration_ms":0,"note":"n"}],
            "refunds":[
            {"id":"re_1","amount":2500,"status":"succeeded","reason":"requested",
            "created_at":"2026-01-24T10:00:00.000Z"},
            {"id":"re_2","amount":1,"status":"unknown","reason":null,"created_at":"2026-01-24T10:01:00.000Z"}],
            "created_at":"2026-01-24T10:00:00.000Z","updated_at":"2026-01-24T10:01:00.000Z",
            "expires_at":"2026-01-24T10:01:00.000Z"}
            """.replacing("\n", with: "")
        #expect(written(try full()) == expected)
    }

    @Test func whatIsAbsentIsNullAndListsAreEmpty() {
        let payment = Payment(
            id: "pay_1", app: "shop",
            request: PaymentRequest(
                money: Money(minorUnits: 1, currency: Samples.usd), instrument: .checkout, reference: "r"), route: nil,
            at: Samples.now)
        let expected = """
            {"id":"pay_1","object":"payment","app":"shop","status":"unknown","amount":1,"amount_captured":0,
            "amount_refunded":0,"currency":"USD","method":"checkout","network":null,"country":null,"capture":"automatic",
            "reference":"r","description":null,"customer":null,"metadata":{},"card":null,"route":null,"provider":null,
            "provider_reference":null,"next_action":null,"decline":null,"open_operation":null,"review":null,"attempts":[],
            "refunds":[],"created_at":"2026-01-24T10:00:00.000Z","updated_at":"2026-01-24T10:00:00.000Z","expires_at":null}
            """.replacing("\n", with: "")
        #expect(written(payment) == expected)
    }

    @Test func partsWithoutAnythingKnownAreNullToo() throws {
        var payment = Samples.payment(.unknown, provider: nil, reference: nil)
        payment.decline = Decline(code: .generic)
        payment.openOperation = OpenOperation(type: .cancel, amount: nil, since: Samples.now)
        payment.review = Review(
            reason: .cannotAsk, provider: "p", providerReference: nil, money: nil, since: Samples.now)
        let json = try JSONValue(parsing: written(payment))
        #expect(
            json["decline"]
                == .object(["code": .string("generic"), "message": .null, "provider_code": .null, "soft": .bool(true)]))
        #expect(
            json["open_operation"]
                == .object(["type": .string("cancel"), "amount": .null, "since": .string(Samples.now.description)]))
        #expect(
            json["review"]
                == .object([
                    "reason": .string("cannot_ask"), "provider": .string("p"), "provider_reference": .null,
                    "amount": .null,
                    "currency": .null, "since": .string(Samples.now.description),
                ]))
        #expect(json["network"] == .string("mpesa"))
    }

    @Test func aCustomerOfWhomLittleIsKnownHasNulls() throws {
        let request = PaymentRequest(
            money: Money(minorUnits: 1, currency: Samples.usd), instrument: .checkout, reference: "r", customer: .init()
        )
        let json = try JSONValue(
            parsing: written(Payment(id: "p", app: "a", request: request, route: nil, at: Samples.now)))
        #expect(
            json["customer"]
                == .object(["id": .null, "name": .null, "email": .null, "phone": .null, "national_id": .null]))
    }

    @Test func everyNextActionHasAllMembers() throws {
        let end = JSONValue.string(Samples.later.description)
        let actions: [(NextAction, JSONValue)] = [
            (
                .redirect(url: "https://a", expiresAt: nil),
                .object(["type": .string("redirect"), "url": .string("https://a"), "token": .null, "expires_at": .null])
            ),
            (
                .approveOnPhone(expiresAt: Samples.later),
                .object(["type": .string("approve_on_phone"), "url": .null, "token": .null, "expires_at": end])
            ),
            (
                .clientToken("tok", expiresAt: Samples.later),
                .object(["type": .string("client_token"), "url": .null, "token": .string("tok"), "expires_at": end])
            ),
        ]
        for (action, expected) in actions {
            var payment = Samples.payment(.requiresAction)
            payment.nextAction = action
            #expect(try JSONValue(parsing: written(payment))["next_action"] == expected)
        }
    }

    @Test func noCardDataButFirstSixAndLastFourIsWritten() throws {
        let text = written(try full())
        for secret in ["4242424242", "987", "Jane Holder", "holder", "cvv", "number"] {
            #expect(!text.contains(secret))
        }
    }

    @Test func theWordsOfTheContractAreTheRawValues() {
        #expect(
            PaymentStatus.allCases.map(\.rawValue) == [
                "requires_action", "pending", "authorized", "captured", "partially_refunded", "refunded", "voided",
                "canceled",
                "failed", "expired", "unknown",
            ])
        #expect(PaymentMethod.allCases.map(\.rawValue) == ["card", "mobile_money", "wallet", "checkout"])
        #expect(CaptureMode.allCases.map(\.rawValue) == ["automatic", "manual"])
        #expect(
            Decline.Code.allCases.map(\.rawValue) == [
                "insufficient_funds", "do_not_honor", "expired_card", "invalid_card", "invalid_cvv", "fraud_suspected",
                "lost_or_stolen", "processing_error", "limit_exceeded", "canceled_by_customer", "timed_out", "generic",
            ])
        #expect(Decline.Code.allCases.filter(\.isSoft) == [.doNotHonor, .processingError, .generic])
        #expect(
            Attempt.Outcome.allCases.map(\.rawValue) == [
                "accepted", "declined", "rejected", "unavailable", "rate_limited", "ambiguous", "skipped", "resolved",
            ])
        #expect(Refund.Status.allCases.map(\.rawValue) == ["pending", "succeeded", "failed", "unknown"])
    }
}
