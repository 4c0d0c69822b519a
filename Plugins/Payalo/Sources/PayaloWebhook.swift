import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// Payalo's callbacks carry the brand key and no signature: the key vouches for the sender, nothing for the body. They
/// come once at most, when the outcome is final.
extension PayaloAdapter {
    public var takesCallbackAddress: Bool { true }

    public func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict {
        guard let presented = delivery.headers[.payaloKey] else { return .forged }
        // Every key is compared, so that the time does not tell which of them was close.
        var matches = false
        for key in callbackKeys {
            let isThisOne = constantTimeEquals(presented.utf8, key.reveal().utf8)
            matches = matches || isThisOne
        }
        return matches ? .authentic : .forged
    }

    public func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        guard let json = try? JSONValue(parsing: delivery.body), let transaction = PayaloTransaction(json) else {
            throw CallbackFault("not a transaction object")
        }
        do {
            return CallbackNotice(
                eventID: "\(transaction.gatewayReference):\(transaction.status)",
                report: try PayaloMapping.report(of: transaction, hiding: secrets))
        } catch {
            throw CallbackFault(error.reason)
        }
    }
}
