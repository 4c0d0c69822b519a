import Crypto
import PaymentModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Signs deliveries as Standard Webhooks has it (specification 1.0.0, "Signature scheme", symmetric).
enum EventSignature {
    /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    ///
    /// - Parameters:
    ///   - timestamp: Of the attempt, in seconds since 1970-01-01T00:00:00Z.
    ///   - secret: `whsec_` and the key in base64.
    static func make(id: String, timestamp: Int64, body: [UInt8], secret: Secret) -> String {
        let encoded = secret.reveal().dropFirst("whsec_".count)
        guard let key = Data(base64Encoded: String(encoded)) else {
            preconditionFailure("the secret was read without being checked")
        }
        var hmac = HMAC<SHA256>(key: SymmetricKey(data: key))
        hmac.update(data: Array("\(id).\(timestamp).".utf8))
        hmac.update(data: body)
        return "v1," + Data(hmac.finalize()).base64EncodedString()
    }
}
