import HTTPTypes
import PaymentEngine

/// The `Idempotency-Key` of a request that needs one (contract §4).
enum IdempotencyKey {
    /// The key: 1 to 255 visible ASCII characters. The bare and the double-quoted form are the same key.
    ///
    /// - Throws: `idempotency-key-missing`, or `idempotency-key-invalid` for another length, other characters and more
    ///   than one key.
    static func read(_ headers: HTTPFields) throws(Problem) -> String {
        let given = headers[values: .idempotencyKey]
        guard let text = given.first else {
            throw Problem(.idempotencyKeyMissing, "The header Idempotency-Key is missing")
        }
        guard given.count == 1 else {
            throw Problem(.idempotencyKeyInvalid, "There must be one header Idempotency-Key, not \(given.count)")
        }
        var key = text.utf8[...]
        let quote = UInt8(ascii: "\"")
        if key.count >= 2, key.first == quote, key.last == quote { key = key.dropFirst().dropLast() }
        guard (1...255).contains(key.count), key.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Problem(.idempotencyKeyInvalid, "The Idempotency-Key must be 1 to 255 visible ASCII characters")
        }
        return key.count == text.utf8.count ? text : String(Substring(key))
    }
}
