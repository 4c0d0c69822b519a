import Crypto
import PaymentModel
import ProviderKit
import Resilience
import StrictJSON

/// What is derived from the two secrets of `server`: references for providers, digests of keys and requests, tokens in
/// callback addresses. Derived and never random, so that the same key after a restart reaches a provider as the same
/// reference (contract §5).
struct References: Sendable {
    private let referenceKey: SymmetricKey
    private let fingerprintKey: SymmetricKey
    private let callbackKeys: [SymmetricKey]

    init(referenceSecret: Secret, callbackSecrets: [Secret]) {
        referenceKey = SymmetricKey(data: Array(referenceSecret.reveal().utf8))
        // A key of its own: a fingerprint must not be a reference of anything.
        fingerprintKey = SymmetricKey(
            data: HMAC<SHA256>.authenticationCode(for: Array("fingerprint".utf8), using: referenceKey))
        callbackKeys = callbackSecrets.map { SymmetricKey(data: Array($0.reveal().utf8)) }
    }

    /// The idempotency key in its scope: app, method, path and key, each with its length before it.
    func scope(app: String, method: String, path: String, key: String) -> KeyDigest {
        KeyDigest(bytes: Self.mac(referenceKey, [app, method, path, key]))
    }

    /// The request by its meaning: key order and white space do not matter, and no card number can be read from it.
    func fingerprint(of body: JSONValue) -> KeyDigest {
        KeyDigest(bytes: HMAC<SHA256>.authenticationCode(for: body.canonicalBytes(), using: fingerprintKey))
    }

    /// What a provider sees of a key: in its alphabet and length. `counter` is 0 but for repeats of inert operations.
    func reference(of scope: KeyDigest, operation: Operation, counter: Int, format: ReferenceFormat) -> String {
        var message = Array(operation.rawValue.utf8) + [UInt8(truncatingIfNeeded: counter)]
        scope.append(to: &message)
        return format.reference(from: Array(HMAC<SHA256>.authenticationCode(for: message, using: referenceKey)))
    }

    /// The draw of a `weighted` route: the same for the same key.
    func seed(of scope: KeyDigest) -> UInt64 {
        var message = Array("draw".utf8)
        scope.append(to: &message)
        return HMAC<SHA256>.authenticationCode(for: message, using: referenceKey).prefix(8)
            .reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The token of a callback address: the payment's id, `.`, and a keyed hash over provider and payment.
    func callbackToken(provider: String, payment: String) -> String {
        payment + "." + Self.callbackMAC(callbackKeys[0], provider, payment)
    }

    /// The payment that a token was made for at that provider; nil where it was not made here.
    func payment(ofCallbackToken token: String, provider: String) -> String? {
        guard let dot = token.lastIndex(of: ".") else { return nil }
        let payment = String(token[..<dot])
        let presented = token[token.index(after: dot)...]
        var isGenuine = false
        // Every key is tried, so that the time does not tell which one it was.
        for key in callbackKeys where constantTimeEquals(presented.utf8, Self.callbackMAC(key, provider, payment).utf8)
        {
            isGenuine = true
        }
        return isGenuine ? payment : nil
    }

    private static func callbackMAC(_ key: SymmetricKey, _ provider: String, _ payment: String) -> String {
        ReferenceFormat.base32.reference(from: Array(mac(key, ["callback", provider, payment])))
    }

    private static func mac(_ key: SymmetricKey, _ parts: [String]) -> HMAC<SHA256>.MAC {
        var message: [UInt8] = []
        for part in parts {
            withUnsafeBytes(of: UInt32(part.utf8.count).bigEndian) { message.append(contentsOf: $0) }
            message.append(contentsOf: part.utf8)
        }
        return HMAC<SHA256>.authenticationCode(for: message, using: key)
    }
}
