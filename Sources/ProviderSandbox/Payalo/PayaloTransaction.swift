import StrictJSON

/// One Payalo transaction, and its documents as Payalo writes them.
struct PayaloTransaction: Sendable {
    enum Status: String, Sendable {
        case pending, success, failed
    }

    let gatewayReference: String
    let merchantReference: String
    let reconciliationReference: String
    let method: PayaloMethod
    let country: String
    /// As the order wrote it, so that `100.00` comes back as `100.00`.
    let amount: JSONNumber
    let currency: String
    let resultURL: String
    let createdAt: SandboxTime

    private(set) var status = Status.pending
    private(set) var completedAt: WallTime?
    private(set) var errorCode: String?
    private(set) var errorMessage: String?
    /// Whether `finalAmount` is off: the fault `wrong_amount`.
    var namesWrongAmount = false

    /// The end of the transaction. `errorCode` `nil`: success.
    mutating func complete(at time: WallTime, errorCode: String?, errorMessage: String?) {
        precondition(status == .pending, "a transaction ends once")
        status = errorCode == nil ? .success : .failed
        completedAt = time
        self.errorCode = errorCode
        self.errorMessage = errorMessage
    }

    /// The answer to the pay-in (quickstart, step 1): `createdAt` here with an offset and without a fraction.
    var receipt: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", Status.pending.rawValue)
        writer.member("gatewayReference", gatewayReference)
        writer.member("merchantReference", merchantReference)
        writer.member("reconciliationReference", reconciliationReference)
        writer.member("createdAt", createdAt.wall.seconds)
        writer.endObject()
        return writer.bytes
    }

    /// The transaction object of statuses and callbacks (quickstart, step 2), in its documented order.
    ///
    /// Not documented: what the members about the end hold before it, and `finalAmount` after a failure. They are
    /// `null` here.
    var document: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", status.rawValue)
        writer.member("type", "payin")
        writer.member("flow", "direct")
        writer.member("gatewayReference", gatewayReference)
        writer.member("merchantReference", merchantReference)
        writer.member("method", method.key)
        writer.member("country", country)
        writer.member("requestedAmount") { write(amount, to: &$0) }
        if status == .success {
            let final = namesWrongAmount ? JSONNumber(text: DecimalText.plusOne(amount.text)) ?? amount : amount
            writer.member("finalAmount") { write(final, to: &$0) }
        } else {
            writer.member("finalAmount", .null)
        }
        writer.member("createdAt", createdAt.wall.microsecondsZ)
        writer.member("completedAt", completedAt?.microsecondsZ)
        writer.member("completionSource", status == .pending ? nil : "webhook")
        writer.member("errorCode", errorCode)
        writer.member("errorMessage", errorMessage)
        writer.member("providerData") { writer in
            writer.beginObject()
            writer.member("name", String(method.key.prefix { $0 != "-" }))
            writer.member("title", method.title)
            writer.member("fee") { write(Self.fee, to: &$0) }
            if status == .failed {
                writer.member("errorCode", errorCode)
                writer.member("errorMessage", errorMessage)
            }
            writer.endObject()
        }
        writer.endObject()
        return writer.bytes
    }

    /// The fee of the documented example.
    private static let fee = JSONNumber(text: "2.00") ?? JSONNumber(2)

    private func write(_ value: JSONNumber, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("value", number: value)
        writer.member("currency", currency)
        writer.endObject()
    }
}
