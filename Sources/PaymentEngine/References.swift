import Crypto
import PaymentModel
import ProviderKit
import Resilience
import StrictJSON

/// What is derived from the two secrets of `server`: references for providers, digests of keys and requests, tokens in
/// callback addresses. Derived and never random, so that the same key after a restart reaches a provider as the same
/// reference (contract §5).
struct References: Sendable {
    /// Keyed and ready: half the work of a short message's HMAC is the key, and a payment needs several.
    private let referenceMAC: HMAC<SHA256>
    private let fingerprintMAC: HMAC<SHA256>
    private let callbackMACs: [HMAC<SHA256>]

    init(referenceSecret: Secret, callbackSecrets: [Secret]) {
        referenceMAC = HMAC(key: SymmetricKey(data: Array(referenceSecret.reveal().utf8)))
        // A key of its own: a fingerprint must not be a reference of anything.
        fingerprintMAC = HMAC(key: SymmetricKey(data: Self.code(Array("fingerprint".utf8), referenceMAC)))
        callbackMACs = callbackSecrets.map { HMAC(key: SymmetricKey(data: Array($0.reveal().utf8))) }
    }

    /// The idempotency key in its scope: app, method, path and key, each with its length before it.
    func scope(app: String, method: String, path: String, key: String) -> KeyDigest {
        Self.mac(referenceMAC, [app, method, path, key]).withUnsafeBytes { KeyDigest($0) }
    }

    /// The request by its meaning: key order and white space do not matter, and no card number can be read from it.
    func fingerprint(of body: JSONValue) -> KeyDigest {
        Self.code(body.canonicalBytes(), fingerprintMAC).withUnsafeBytes { KeyDigest($0) }
    }

    /// What a provider sees of a key: in its alphabet and length. `counter` is 0 but for repeats of inert operations.
    func reference(of scope: KeyDigest, operation: Operation, counter: Int, format: ReferenceFormat) -> String {
        var message = Array(operation.rawValue.utf8) + [UInt8(truncatingIfNeeded: counter)]
        scope.append(to: &message)
        return format.reference(from: Array(Self.code(message, referenceMAC)))
    }

    /// The draw of a `weighted` route: the same for the same key.
    func seed(of scope: KeyDigest) -> UInt64 {
        var message = Array("draw".utf8)
        scope.append(to: &message)
        return Self.code(message, referenceMAC).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The token of a callback address: the payment's id, `.`, and a keyed hash over provider and payment.
    func callbackToken(provider: String, payment: String) -> String {
        payment + "." + Self.callbackMAC(callbackMACs[0], provider, payment)
    }

    /// The payment that a token was made for at that provider; nil where it was not made here.
    func payment(ofCallbackToken token: String, provider: String) -> String? {
        guard let dot = token.lastIndex(of: ".") else { return nil }
        let payment = String(token[..<dot])
        let presented = token[token.index(after: dot)...]
        var isGenuine = false
        // Every key is tried, so that the time does not tell which one it was.
        for key in callbackMACs where constantTimeEquals(presented.utf8, Self.callbackMAC(key, provider, payment).utf8)
        {
            isGenuine = true
        }
        return isGenuine ? payment : nil
    }

    private static func callbackMAC(_ key: HMAC<SHA256>, _ provider: String, _ payment: String) -> String {
        ReferenceFormat.base32.reference(from: Array(mac(key, ["callback", provider, payment])))
    }

    private static func mac(_ key: HMAC<SHA256>, _ parts: [String]) -> HMAC<SHA256>.MAC {
        var message: [UInt8] = []
        for part in parts {
            withUnsafeBytes(of: UInt32(part.utf8.count).bigEndian) { message.append(contentsOf: $0) }
            message.append(contentsOf: part.utf8)
        }
        return code(message, key)
    }

    private static func code(_ message: [UInt8], _ keyed: HMAC<SHA256>) -> HMAC<SHA256>.MAC {
        var keyed = keyed
        keyed.update(data: message)
        return keyed.finalize()
    }
}
