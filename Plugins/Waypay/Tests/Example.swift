import Foundation
import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import Waypay

/// What the examples of Waypay's documents are about.
enum Example {
    static let apiKey = "pk_test_xxxxxxxx"
    static let signatureSecret = "mer_sk_abc123def456"
    static let intent = "550e8400-e29b-41d4-a716-446655440000"
    static let transaction = "829727d1-7193-4177-9da8-9765b18699c3"
    static let page = "https://checkout.waypay.com/pay/abc123xyz"
    static let reference = "Abcd12456"

    static func settings(_ more: [String: SettingValue] = [:]) -> ProviderSettings {
        ProviderSettings(
            [
                "api_key": .secret(Secret(apiKey)), "signature_secret": .secret(Secret(signatureSecret)),
            ].merging(more) { $1 })
    }

    static func adapter(_ more: [String: SettingValue] = [:]) throws -> WaypayAdapter {
        try WaypayAdapter(settings: settings(more))
    }

    static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    static func money(_ minorUnits: Int64, _ code: String = "PKR") throws -> Money {
        Money(minorUnits: minorUnits, currency: try #require(Currency(code: code)))
    }

    /// The document's request: PKR 1000 by JazzCash.
    static func order(
        reference: String = "ORD123456", _ change: (inout PaymentRequest) -> Void = { _ in }
    ) throws -> PaymentOrder {
        var request = PaymentRequest(
            money: try money(100_000), instrument: .wallet(network: "jazzcash", phone: nil), reference: "order-1001",
            description: "Product Purchase", returnURL: "https://yoursite.com/done")
        change(&request)
        return PaymentOrder(
            id: "pay_1", reference: reference, request: request,
            callbackURL: "https://yoursite.com/payment/callback", createdAt: try time("2025-12-12T11:30:00Z"))
    }

    static let customer = PaymentRequest.Customer(
        id: "user-42", name: "Test User", email: "test@example.com", phone: "03123456789", nationalID: "3520108345678")

    /// The payment of the webhook's example: PKR 20.
    static func subject(
        at now: String = "2025-12-12T11:40:00Z", providerReference: String? = nil,
        checkoutReference: String? = intent, expiresAt: String? = "2025-12-12T12:00:00Z"
    ) throws -> InquirySubject {
        InquirySubject(
            reference: reference, providerReference: providerReference, checkoutReference: checkoutReference,
            money: try money(2000), method: .checkout, createdAt: try time("2025-12-12T11:30:00Z"),
            expiresAt: try expiresAt.map(time), session: ["checkout_url": Secret(page)], now: try time(now))
    }

    /// A JSON object of texts.
    static func object(_ members: KeyValuePairs<String, String>) -> JSONValue {
        var object = JSONObject()
        for (name, text) in members { object[name] = .string(text) }
        return .object(object)
    }

    static func fixtures() throws -> [ConformanceFixture] {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        return try ConformanceFixture.all(in: folder.path)
    }

    static func fixture(_ name: String) throws -> ConformanceFixture {
        try #require(try fixtures().first { $0.name == name }, "\(name)")
    }

    /// Deliveries of Waypay have nothing that vouches for them.
    static func delivery(_ body: [UInt8]) throws -> CallbackDelivery {
        CallbackDelivery(
            headers: [.contentType: "application/json", .userAgent: "Waypay-Webhook/1.0"], body: body,
            receivedAt: try time("2026-01-18T08:17:58Z"))
    }

    static func body(_ request: ProviderRequest) throws -> JSONObject {
        try #require(try JSONValue(parsing: request.body).object)
    }

    /// What a fixture of the status call means, as a word, for a subject.
    static func inquiry(_ name: String, _ subject: InquirySubject, with adapter: WaypayAdapter) throws -> String {
        switch adapter.inquiryOutcome(of: try fixture(name).reply, for: subject) {
        case .found(let report): "\(report.state)"
        case .notFound: "not found"
        case .foreign: "foreign"
        case .refused(let refusal): refusal.reason
        case .noAnswer(let reason): "no answer: \(reason)"
        }
    }

    static func found(
        _ name: String, _ subject: InquirySubject, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ProviderReport {
        let outcome = try adapter().inquiryOutcome(of: fixture(name).reply, for: subject)
        guard case .found(let report) = outcome else {
            Issue.record("\(name): \(outcome)", sourceLocation: sourceLocation)
            throw CallbackFault("not found")
        }
        return report
    }
}
