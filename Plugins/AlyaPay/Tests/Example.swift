import Foundation
import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import Testing

@testable import AlyaPay

/// What the examples of AlyaPay's documents are about.
enum Example {
    static let apiKey = "sk_test_5f1c.9a20"
    static let webhookSecret = "webhook-secret-b37e"
    static let transaction = "c335bbf0-ae49-42e7-9a7e-c1a6888406dd"
    static let token = "eyJraWQiOiJzZXNzaW9uLTIwMjUtMDEi.e30.signature"
    static let signedAt = "2026-02-17T14:30:00.000Z"

    static func settings(_ more: [String: SettingValue] = [:]) -> ProviderSettings {
        ProviderSettings(
            ["api_key": .secret(Secret(apiKey)), "webhook_secret": .secret(Secret(webhookSecret))]
                .merging(more) { $1 })
    }

    static func adapter(_ more: [String: SettingValue] = [:]) throws -> AlyaPayAdapter {
        try AlyaPayAdapter(settings: settings(more))
    }

    static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    static func mad(_ minorUnits: Int64) throws -> Money {
        Money(minorUnits: minorUnits, currency: try #require(Currency(code: "MAD")))
    }

    static func order(_ change: (inout PaymentRequest) -> Void = { _ in }) throws -> PaymentOrder {
        var request = PaymentRequest(
            money: try mad(179_900), instrument: .checkout, reference: "order-1001",
            description: "Wireless Headphones", returnURL: "https://shop.example.com/done")
        change(&request)
        return PaymentOrder(
            id: "pay_1", reference: "order_123", request: request, callbackURL: nil,
            createdAt: try time("2025-10-12T16:28:21Z"))
    }

    static func subject(
        at now: String = "2025-10-12T16:30:00Z", providerReference: String? = transaction, claimed: String? = nil
    ) throws -> InquirySubject {
        InquirySubject(
            reference: "order_123", providerReference: providerReference, checkoutReference: "sess_abc123xyz789",
            money: try mad(179_900), method: .checkout, createdAt: try time("2025-10-12T16:28:21Z"),
            expiresAt: try time("2025-10-12T17:28:21Z"), session: ["session_token": Secret(token)],
            now: try time(now), claimedTransactionID: claimed)
    }

    static func fixtures() throws -> [ConformanceFixture] {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        return try ConformanceFixture.all(in: folder.path)
    }

    static func fixture(_ name: String) throws -> ConformanceFixture {
        try #require(try fixtures().first { $0.name == name })
    }

    static func header(_ name: String) throws -> HTTPField.Name { try #require(HTTPField.Name(name)) }

    /// As AlyaPay signs, without the plugin's words for it.
    static func signature(of body: [UInt8], at signedAt: String = signedAt) -> String {
        "sha256=" + Signature.hmacSHA256Hex(Array("\(signedAt).".utf8) + body, key: Secret(webhookSecret))
    }

    /// The time first, then the signature.
    static func headers(of body: [UInt8], signedAt: String = signedAt) throws -> HTTPFields {
        [
            try header("X-Alya-Timestamp"): signedAt,
            try header("X-Alya-Signature"): signature(of: body, at: signedAt),
        ]
    }

    static func delivery(
        _ body: [UInt8], signedAt: String = signedAt, at receivedAt: String = signedAt
    ) throws -> CallbackDelivery {
        CallbackDelivery(
            headers: try headers(of: body, signedAt: signedAt), body: body, receivedAt: try time(receivedAt))
    }

    static func found(
        _ name: String, _ subject: InquirySubject, _ settings: [String: SettingValue] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ProviderReport {
        let outcome = try adapter(settings).inquiryOutcome(of: fixture(name).reply, for: subject)
        guard case .found(let report) = outcome else {
            Issue.record("\(name): \(outcome)", sourceLocation: sourceLocation)
            throw CallbackFault("not found")
        }
        return report
    }
}
