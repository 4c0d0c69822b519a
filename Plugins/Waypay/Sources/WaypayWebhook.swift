import PaymentModel
public import ProviderKit
import StrictJSON

/// Waypay signs nothing of its callbacks. The token in the address vouches for them, and they are a reason to ask: the status call
/// has the word.
extension WaypayAdapter {
    public var takesCallbackAddress: Bool { true }

    public func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict { .unsigned }

    public func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        guard let json = try? JSONValue(parsing: delivery.body), let type = json["type"]?.string,
            let data = json["data"]
        else { throw CallbackFault("not an event object") }
        guard type == "TransactionStatusChanged" else { throw CallbackFault("unknown_type") }
        guard let transaction = WaypayTransaction(callback: data),
            let id = WaypayMapping.id(transaction.id, hiding: secrets)
        else {
            throw CallbackFault("names no transaction and order")
        }
        do {
            let state = try WaypayMapping.state(of: transaction, hiding: secrets)
            // Of money that went back the document does not say whose amount it is: the transaction's or the refund's.
            let money = state == .refunded ? nil : transaction.money
            return CallbackNotice(
                eventID: ProviderText.code(json["id"]?.string, hiding: secrets)
                    ?? "\(id):\(transaction.status?.rawValue ?? "")",
                report: ProviderReport(
                    state, money: money, providerReference: id, ourReference: transaction.orderRef))
        } catch {
            throw CallbackFault(error.reason)
        }
    }
}
