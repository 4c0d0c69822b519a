import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

extension HTTPField.Name {
    /// The hex of an HMAC-SHA256 over the raw body.
    static let spayonSignature: HTTPField.Name = {
        guard let name = HTTPField.Name("X-Signature") else { preconditionFailure("X-Signature is a header name") }
        return name
    }()
}

/// Spayon signs the exact bytes of its callbacks. There is no timestamp in the signature: what is told twice is known
/// by session and status.
extension SpayonAdapter {
    public var takesCallbackAddress: Bool { true }

    public func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict {
        guard let presented = delivery.headers[.spayonSignature], SpayonMapping.isSHA256Hex(presented),
            Signature.isHMACSHA256(presented, of: delivery.body, key: callbackSecret)
        else { return .forged }
        return .authentic
    }

    public func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        guard let json = try? JSONValue(parsing: delivery.body), let session = SpayonSession(json) else {
            throw CallbackFault("not a session object")
        }
        // Only the session's own creation tells how long it lives. Where it is unreadable, a failure counts as not
        // final: the host asks again at the end.
        let isOpen = session.createdAt.map { delivery.receivedAt < $0.advanced(by: SpayonMapping.sessionLife) } ?? true
        do {
            return CallbackNotice(
                eventID: "\(session.id):\(session.status)",
                report: try SpayonMapping.report(
                    of: session, isOpen: isOpen, address: nil, end: nil, hiding: secrets))
        } catch {
            throw CallbackFault(error.reason)
        }
    }
}
