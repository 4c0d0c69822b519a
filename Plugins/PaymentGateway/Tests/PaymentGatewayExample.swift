import Foundation
import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import PaymentGateway

/// What the examples of the Payment API's document are about. (It hides its e-mail addresses; they are ours.)
enum Example {
    static let key = "pk_live_your_api_key"
    static let webhookSecret = "whsec_test"
    static let paymentID = "pay_abc123def456ghi789"
    static let intentID = "pi_abc123def456ghi789"
    static let page =
        "https://checkout-page-amber.vercel.app/checkout/pi_abc123def456ghi789?client_secret=pi_abc123def456ghi789_secret_xyz789uvw456rst123"

    static func settings(_ more: [String: SettingValue] = [:]) -> ProviderSettings {
        ProviderSettings(
            ["api_key": .secret(Secret(key)), "webhook_secret": .secret(Secret(webhookSecret))].merging(more) { $1 })
    }

    static func adapter(_ more: [String: SettingValue] = [:]) throws -> PaymentGatewayAdapter {
        try PaymentGatewayAdapter(settings: settings(more))
    }

    static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    static func money(_ minorUnits: Int64 = 9999, _ code: String = "USD") throws -> Money {
        Money(minorUnits: minorUnits, currency: try #require(Currency(code: code)))
    }

    // MARK: Orders

    static func order(
        _ reference: String, _ request: PaymentRequest, _ change: (inout PaymentRequest) -> Void
    ) throws -> PaymentOrder {
        var request = request
        change(&request)
        return PaymentOrder(
            id: "pay_1", reference: reference, request: request, callbackURL: nil,
            createdAt: try time("2026-01-24T10:00:00Z"))
    }

    static func authorization(_ change: (inout PaymentRequest) -> Void = { _ in }) throws -> PaymentOrder {
        let card = CardDetails(
            number: Secret("4242424242424242"), expiryMonth: 12, expiryYear: 2027, cvv: Secret("123"),
            holder: "John Doe")
        return try order(
            "order-12345-auth",
            PaymentRequest(
                money: try money(), instrument: .card(card), capture: .manual, reference: "12345",
                description: "Order #12345 - Premium Plan",
                customer: .init(name: "John Doe", email: "john@example.com"),
                metadata: ["order_id": "12345", "plan": "premium"]), change)
    }

    static func sale(_ change: (inout PaymentRequest) -> Void = { _ in }) throws -> PaymentOrder {
        let card = CardDetails(
            number: Secret("5555555555554444"), expiryMonth: 6, expiryYear: 2028, cvv: Secret("456"),
            holder: "Jane Smith")
        return try order(
            "order-12345-sale",
            PaymentRequest(
                money: try money(4999), instrument: .card(card), reference: "12345",
                description: "Subscription - Monthly Plan"), change)
    }

    static func checkout(_ change: (inout PaymentRequest) -> Void = { _ in }) throws -> PaymentOrder {
        try order(
            "order-12345-page",
            PaymentRequest(
                money: try money(), instrument: .checkout, reference: "12345",
                description: "Order #12345 - Premium Plan", customer: .init(email: "john@example.com"),
                returnURL: "https://yourstore.com/order/success?session_id={CHECKOUT_SESSION_ID}",
                cancelURL: "https://yourstore.com/order/cancel", metadata: ["order_id": "12345"]), change)
    }

    // MARK: What comes after

    static func cardSubject(_ id: String? = paymentID) throws -> InquirySubject {
        let createdAt = try time("2026-01-24T10:00:00Z")
        return InquirySubject(
            reference: "order-12345-auth", providerReference: id, money: try money(), method: .card, capture: .manual,
            createdAt: createdAt, now: createdAt.advanced(by: .seconds(60)))
    }

    static func checkoutSubject(
        providerReference: String? = nil, at now: String = "2026-01-24T10:05:00Z", claimed: String? = nil
    ) throws -> InquirySubject {
        InquirySubject(
            reference: "order-12345-page", providerReference: providerReference, checkoutReference: intentID,
            money: try money(), method: .checkout, createdAt: try time("2026-01-24T10:00:00Z"),
            expiresAt: try time("2026-01-24T11:00:00Z"), session: ["checkout_url": Secret(page)], now: try time(now),
            claimedTransactionID: claimed)
    }

    /// A payment as the provider left it.
    static func payment(
        _ state: ReportedState, of order: PaymentOrder, id: String? = paymentID, intent: String? = nil,
        refunded: [Int64] = []
    ) -> Payment {
        var payment = Payment(id: order.id, app: "shop", request: order.request, route: nil, at: order.createdAt)
        _ = payment.observe(
            Observation(
                provider: "cards-main", state: state, money: order.request.money, providerReference: id,
                checkoutReference: intent), at: order.createdAt)
        for amount in refunded {
            payment.begin(
                OpenOperation(type: .refund, amount: amount, since: order.createdAt),
                refund: Refund(id: "re_1", amount: amount, status: .unknown, reason: nil, createdAt: order.createdAt),
                at: order.createdAt)
            payment.completeOperation(at: order.createdAt)
        }
        return payment
    }

    static func followUp(
        _ operation: PaymentModel.Operation, _ payment: Payment, amount: Int64? = nil, reason: String? = nil
    ) -> FollowUp {
        FollowUp(
            operation: operation, payment: payment, reference: "order-12345-auth", key: "follow-up-key-of-26-chars",
            amount: amount, reason: reason, session: [:])
    }

    static func openCheckout() throws -> Payment {
        payment(
            .requiresAction(.redirect(url: page, expiresAt: nil)), of: try checkout(), id: nil, intent: intentID)
    }

    // MARK: Fixtures

    static func fixtures() throws -> [ConformanceFixture] {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        return try ConformanceFixture.all(in: folder.path)
    }

    static func fixture(_ name: String) throws -> ConformanceFixture {
        try #require(try fixtures().first { $0.name == name }, "\(name)")
    }

    static func reply(_ name: String, replacing old: String = "", by new: String = "") throws -> ProviderReply {
        let reply = try fixture(name).reply
        guard !old.isEmpty else { return reply }
        let text = String(decoding: reply.body, as: UTF8.self)
        try #require(text.contains(old))
        return ProviderReply(status: reply.status, body: Array(text.replacingOccurrences(of: old, with: new).utf8))
    }

    static func delivery(_ body: [UInt8], signature: String? = nil) throws -> CallbackDelivery {
        let name = try #require(HTTPField.Name("X-Webhook-Signature"))
        let signature = signature ?? Signature.hmacSHA256Hex(body, key: Secret(webhookSecret))
        return CallbackDelivery(
            headers: [name: signature], body: body, receivedAt: try time("2026-01-24T10:00:01Z"))
    }

    static func notice(_ name: String) throws -> CallbackNotice {
        try adapter().readCallback(delivery(fixture(name).reply.body))
    }

    static func found(_ name: String, _ subject: InquirySubject) throws -> ProviderReport {
        let outcome = try adapter().inquiryOutcome(of: reply(name), for: subject)
        guard case .found(let report) = outcome else { throw CallbackFault("\(name): \(outcome)") }
        return report
    }

    static func accepted(_ name: String, _ order: PaymentOrder) throws -> ProviderReport {
        let outcome = try adapter().createOutcome(of: reply(name), for: order)
        guard case .accepted(let report) = outcome else { throw CallbackFault("\(name): \(outcome)") }
        return report
    }
}

extension InquiryOutcome {
    /// The slug where it is no answer.
    var reasonForNone: String? {
        switch self {
        case .noAnswer(let reason): reason
        case .foreign: "foreign"
        case .found, .notFound, .refused: nil
        }
    }
}
