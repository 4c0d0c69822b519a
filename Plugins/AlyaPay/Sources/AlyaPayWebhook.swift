import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// AlyaPay calls one address that is registered with it. Where a secret was set it signs the time and the raw body:
/// `X-Alya-Signature: sha256=` + hex of HMAC-SHA256 over `X-Alya-Timestamp` + `.` + body.
extension AlyaPayAdapter {
    /// How far the time of signing may be from ours, either way.
    private static var tolerance: Duration { .seconds(300) }

    public var takesCallbackAddress: Bool { false }

    /// Without a secret nothing can be proven: the delivery is a hint at most. With one, there is nothing but signed and
    /// forged.
    public func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict {
        guard let webhookSecret else { return .unsigned }
        let prefix = "sha256="
        guard let presented = delivery.headers[.alyaPaySignature], presented.hasPrefix(prefix),
            let time = delivery.headers[.alyaPayTimestamp],
            Signature.isHMACSHA256(
                String(presented.dropFirst(prefix.count)), of: Array(time.utf8) + [UInt8(ascii: ".")] + delivery.body,
                key: webhookSecret),
            let signedAt = Timestamp(time),
            signedAt <= delivery.receivedAt.advanced(by: Self.tolerance),
            delivery.receivedAt <= signedAt.advanced(by: Self.tolerance)
        else { return .forged }
        return .authentic
    }

    /// The event is known by the transaction and the event's name, which are signed. `X-Alya-Event-Id` is not: whoever
    /// repeats a delivery could give it another one.
    public func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        guard let json = try? JSONValue(parsing: delivery.body), let event = json["event"]?.string else {
            throw CallbackFault("not an event object")
        }
        let statuses: [AlyaPayTransaction.Status]
        switch event {
        case "transaction.cancelled": statuses = [.canceled]
        case "transaction.expired": statuses = [.expired]
        case "transaction.approved": statuses = [.approved, .completed]
        case "test": throw CallbackFault("a test event", isExpected: true)
        default: throw CallbackFault("unknown_event")
        }
        guard let data = json["data"], let transaction = AlyaPayTransaction(callback: data) else {
            throw CallbackFault("not a transaction object")
        }
        guard let status = transaction.status, statuses.contains(status) else {
            throw CallbackFault("event and status disagree")
        }
        do {
            return CallbackNotice(
                eventID: "\(transaction.id):\(event)",
                report: try AlyaPayMapping.report(
                    of: transaction, isOpen: false,
                    vendorReference: sendsVendorReference ? data["vendorReference"]?.string : nil))
        } catch {
            throw CallbackFault(error.reason)
        }
    }
}
