import Crypto
import StrictJSON

/// Webhooks: `X-Webhook-Signature` is the lower-case hex of HMAC-SHA256 over the body as it is sent.
extension PaymentGatewayProvider {
    /// The event about a payment as it now is.
    func event(_ name: String, _ payment: inout PaymentGatewayPayment, at time: WallTime) -> SandboxCallback {
        let merchant = merchant(payment.merchant)
        let message = message(name, merchant, at: time) { [payment] in
            payment.writeEventData(merchantID: merchant.id, to: &$0)
        }
        defer { payment.lastMessage = message }
        return callback(message, after: payment.lastMessage, merchant)
    }

    /// The event about an intent as it now is.
    func event(_ name: String, _ intent: inout PaymentGatewayIntent, at time: WallTime) -> SandboxCallback {
        let merchant = merchant(intent.merchant)
        let message = message(name, merchant, at: time) { [intent] in
            intent.writeEventData(merchantID: merchant.id, to: &$0)
        }
        defer { intent.lastMessage = message }
        return callback(message, after: intent.lastMessage, merchant)
    }

    /// The other headers are those of the provider's code (`paymentgateway.md`, section 9); they are not signed.
    private func message(
        _ name: String, _ merchant: PaymentGatewayMerchant, at time: WallTime, _ writeData: (inout JSONWriter) -> Void
    ) -> SandboxCallback.Message {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("event", name)
        writer.member("timestamp", time.secondsZ)
        writer.member("id", newID("evt_", length: 12))
        writer.name("data")
        writer.beginObject()
        writeData(&writer)
        writer.endObject()
        writer.endObject()
        return SandboxCallback.Message(
            headers: [
                Self.signature(over: writer.bytes, secret: merchant.webhookSecret),
                ("X-Webhook-Timestamp", time.secondsZ), ("User-Agent", "PaymentGateway-Webhook/1.0"),
            ],
            body: writer.bytes)
    }

    static func signature(over body: [UInt8], secret: String) -> (name: String, value: String) {
        let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))
        return ("X-Webhook-Signature", hex(code))
    }

    /// Anything but 200 is a failure; 10 s are assumed (open question 16).
    private func callback(
        _ message: SandboxCallback.Message, after previous: SandboxCallback.Message?,
        _ merchant: PaymentGatewayMerchant
    ) -> SandboxCallback {
        SandboxCallback(
            provider: id, destination: .registered(key: merchant.key), message: message, previous: previous,
            retryAfter: configuration.paymentGatewayRetries, timeout: .seconds(10), success: 200..<201)
    }
}
