import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// Webhooks go to an address that is registered with the merchant account, signed over the exact bytes of the body. Nothing in
/// them is ours: a payment is found by the provider's id of it, or by that of its intent.
extension PaymentGatewayAdapter {
    public var takesCallbackAddress: Bool { false }

    public func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict {
        guard let presented = delivery.headers[.gatewaySignature],
            constantTimeEquals(
                presented.utf8, Signature.hmacSHA256Hex(delivery.body, key: webhookSecret).utf8)
        else { return .forged }
        return .authentic
    }

    public func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        guard let json = try? JSONValue(parsing: delivery.body), let id = json["id"]?.string,
            ProviderText.isReference(id), let event = json["event"]?.string, let data = json["data"]
        else { throw CallbackFault("not an event") }
        // Told at the latest by the reply to our own request; it has no address to send the customer to.
        if event == "payment_intent.created" { throw CallbackFault("an intent was created", isExpected: true) }
        do {
            return CallbackNotice(eventID: id, report: try report(of: event, data))
        } catch {
            throw CallbackFault(error.reason)
        }
    }

    private func report(of event: String, _ data: JSONValue) throws(GatewayUnexplained) -> ProviderReport {
        switch event {
        case "payment.authorized": return try report(of: data, as: ["authorized"])
        case "payment.captured": return try report(of: data, as: ["captured"])
        case "payment.voided": return try report(of: data, as: ["voided"])
        case "payment.failed": return try report(of: data, as: ["failed"])
        case "payment.refunded": return try report(of: data, as: ["partially_refunded", "refunded"])
        case "payment_intent.succeeded":
            return try intentReport(of: data, as: ["authorized", "captured", "succeeded"])
        case "payment_intent.canceled": return try intentReport(of: data, as: ["canceled"])
        default: throw GatewayUnexplained(reason: "unknown_event")
        }
    }

    /// - Parameter statuses: Those that go with the event: one that contradicts it says nothing.
    private func report(of data: JSONValue, as statuses: Set<String>) throws(GatewayUnexplained) -> ProviderReport {
        guard let payment = GatewayPayment(data, idMember: "payment_id") else {
            throw GatewayUnexplained(reason: "not a payment")
        }
        guard statuses.contains(payment.status) else { throw GatewayUnexplained(reason: "unknown_status") }
        var report: ProviderReport
        switch payment.status {
        // "Payment refunded (full or partial)" with an amount that may be either: the payment's own is not told.
        case "refunded": report = ProviderReport(.refunded, providerReference: payment.id)
        case "partially_refunded": report = ProviderReport(.partiallyRefunded, providerReference: payment.id)
        default: report = try PaymentGatewayMapping.report(of: payment, hiding: secrets)
        }
        report.checkoutReference = payment.intentID.flatMap { ProviderText.isReference($0) ? $0 : nil }
        if case .failed(let decline) = report.state, report.checkoutReference != nil {
            // One of up to five attempts at a checkout: its id must not stand for the payment.
            report.state = .failedForNow(decline)
            report.providerReference = nil
        }
        return report
    }

    private func intentReport(
        of data: JSONValue, as statuses: Set<String>
    ) throws(GatewayUnexplained) -> ProviderReport {
        guard let intent = GatewayIntent(data, idMember: "payment_intent_id") else {
            throw GatewayUnexplained(reason: "not an intent")
        }
        guard statuses.contains(intent.status) else { throw GatewayUnexplained(reason: "unknown_status") }
        return ProviderReport(
            try PaymentGatewayMapping.settledState(of: intent, hiding: secrets), money: intent.money,
            providerReference: intent.paymentID, checkoutReference: intent.id)
    }
}
