import Crypto
import PaymentModel
import ProviderKit
import Resilience
import StrictJSON

/// What is derived from `server.reference_secret`: references for providers, digests of keys and requests. Derived and never
/// random, so that the same key after a restart reaches a provider as the same reference (contract §5).
struct References: Sendable {
    /// Keyed and ready: half the work of a short message's HMAC is the key, and a payment needs several.
    private let referenceMAC: HMAC<SHA256>
    private let fingerprintMAC: HMAC<SHA256>

    init(secret: Secret) {
        referenceMAC = HMAC(key: SymmetricKey(data: Array(secret.reveal().utf8)))
        // A key of its own: a fingerprint must not be a reference of anything.
        fingerprintMAC = HMAC(key: SymmetricKey(data: referenceMAC.code(of: Array("fingerprint".utf8))))
    }

    /// The idempotency key in its scope: app, method, path and key, each with its length before it.
    func scope(app: String, method: String, path: String, key: String) -> KeyDigest {
        referenceMAC.code(ofTexts: [app, method, path, key]).withUnsafeBytes { KeyDigest($0) }
    }

    /// The request by its meaning: key order and white space do not matter, and no card number can be read from it.
    func fingerprint(of body: JSONValue) -> KeyDigest {
        fingerprintMAC.code(of: body.canonicalBytes()).withUnsafeBytes { KeyDigest($0) }
    }

    /// What a provider sees of a key: in its alphabet and length. `counter` is 0 but for repeats of inert operations.
    func reference(of scope: KeyDigest, operation: Operation, counter: Int, format: ReferenceFormat) -> String {
        var message = Array(operation.rawValue.utf8) + [UInt8(truncatingIfNeeded: counter)]
        scope.append(to: &message)
        return format.reference(from: Array(referenceMAC.code(of: message)))
    }

    /// The draw of a `weighted` route: the same for the same key.
    func seed(of scope: KeyDigest) -> UInt64 {
        var message = Array("draw".utf8)
        scope.append(to: &message)
        return referenceMAC.code(of: message).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
