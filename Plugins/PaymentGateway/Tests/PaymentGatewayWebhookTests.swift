import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import PaymentGateway

@Suite("PaymentGateway: webhooks")
struct PaymentGatewayWebhookTests {
    /// Computed apart from this program: HMAC-SHA256 of the body under `whsec_test`.
    private static let body = Array(#"{"event":"payment.authorized","id":"evt_abc123def456"}"#.utf8)
    private static let signature = "b0339e5e6f9c935768b5347fb9223e02a09621263d807595bb5734dce934b1ab"

    private func verdict(_ body: [UInt8], _ signature: String) throws -> CallbackVerdict {
        try Example.adapter().verifyCallback(Example.delivery(body, signature: signature))
    }

    @Test func theSignatureIsLowerCaseHexOfTheRawBody() throws {
        #expect(try verdict(Self.body, Self.signature) == .authentic)
        #expect(try verdict(Self.body, Self.signature.uppercased()) == .forged)
        #expect(try verdict(Self.body, "sha256=" + Self.signature) == .forged)
        #expect(try verdict(Self.body, Self.signature + "00") == .forged)
        #expect(try verdict(Self.body, String(Self.signature.dropLast())) == .forged)
        #expect(try verdict(Self.body, "") == .forged)
    }

    @Test func whatIsForgedUnsignedOrTamperedWithIsRefused() throws {
        let adapter = try Example.adapter()
        let time = try Example.time("2026-01-24T10:00:01Z")
        #expect(adapter.verifyCallback(CallbackDelivery(headers: [:], body: Self.body, receivedAt: time)) == .forged)
        let forged = Signature.hmacSHA256Hex(Self.body, key: Secret("whsec_guess"))
        #expect(try verdict(Self.body, forged) == .forged)
        // The same JSON in other bytes, and another amount under the old signature.
        #expect(try verdict(Self.body + [0x20], Self.signature) == .forged)
        let genuine = try Example.fixture("callback.captured").reply.body
        let signature = Signature.hmacSHA256Hex(genuine, key: Secret(Example.webhookSecret))
        let tampered = try Example.reply("callback.captured", replacing: "9999", by: "9998").body
        #expect(try verdict(genuine, signature) == .authentic)
        #expect(try verdict(tampered, signature) == .forged)
        // Twice: which of them would count?
        var headers = try Example.delivery(genuine, signature: signature).headers
        headers.append(HTTPField(name: .gatewaySignature, value: forged))
        #expect(
            adapter.verifyCallback(CallbackDelivery(headers: headers, body: genuine, receivedAt: time)) == .forged)
    }

    @Test func aReplayIsTheSameEvent() throws {
        let first = try Example.notice("callback.captured")
        #expect(first.eventID == "evt_captured1")
        #expect(try Example.notice("callback.captured").eventID == first.eventID)
        #expect(try Example.notice("callback.voided").eventID != first.eventID)
    }

    @Test func theDocumentedEventIsRead() throws {
        let notice = try Example.notice("callback.authorized")
        #expect(notice.eventID == "evt_abc123def456")
        #expect(notice.report.state == .authorized)
        #expect(notice.report.money == (try Example.money()))
        #expect(notice.report.providerReference == "pay_xyz789uvw012")
        #expect(notice.report.ourReference == nil)
        #expect(notice.report.expiresAt == (try Example.time("2026-01-31T10:00:00Z")))
    }

    @Test func aRefundSaysNothingOfThePaymentsAmount() throws {
        let part = try Example.notice("callback.partially_refunded").report
        #expect(part.state == .partiallyRefunded)
        #expect(part.money == nil)
        let whole = try Example.notice("callback.refunded").report
        #expect(whole.state == .refunded)
        #expect(whole.money == nil)
    }

    @Test func anIntentBringsThePaymentsID() throws {
        let report = try Example.notice("callback.captured.200.intent_succeeded").report
        #expect(report.state == .captured)
        #expect(report.checkoutReference == Example.intentID)
        #expect(report.providerReference == "pay_xyz789uvw012")
        #expect(report.money == (try Example.money()))
        let canceled = try Example.notice("callback.canceled.200.intent_canceled").report
        #expect(canceled.state == .canceled)
        #expect(canceled.providerReference == nil)
    }

    @Test func aFailedAttemptAtACheckoutIsNotItsEnd() throws {
        let card = try Example.notice("callback.failed").report
        #expect(card.state == .failed(Decline(code: .generic)))
        #expect(card.providerReference == "pay_xyz789uvw012")
        let attempt = try Example.notice("callback.failed_for_now.200.attempt").report
        #expect(attempt.state == .failedForNow(Decline(code: .generic)))
        #expect(attempt.checkoutReference == Example.intentID)
        #expect(attempt.providerReference == nil)
        let paid = try Example.notice("callback.captured.200.of_intent").report
        #expect(paid.providerReference == "pay_xyz789uvw012")
        #expect(paid.checkoutReference == Example.intentID)
    }

    @Test(
        arguments: [
            ("unknown_event", "unknown_event"), ("status_contradicts", "unknown_status"), ("no_id", "not an event"),
            ("no_amount", "unreadable_amount"),
        ])
    func whatIsNotUnderstoodSaysWhy(name: String, detail: String) throws {
        #expect(throws: CallbackFault(detail)) { try Example.notice("callback.unreadable.200.\(name)") }
    }

    @Test func aNewIntentIsNoNews() throws {
        #expect(throws: CallbackFault("an intent was created", isExpected: true)) {
            try Example.notice("callback.unreadable.200.intent_created")
        }
    }
}
