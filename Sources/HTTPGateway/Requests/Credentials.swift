import Crypto
import HTTPTypes
import PaymentEngine
import Resilience

/// Who a request says it is from (contract §3).
enum Credentials {
    /// The app whose key the request presents; nil where there is no key, an unknown one, or two different ones.
    static func app(_ headers: HTTPFields, in apps: [String: AppConfiguration]) -> AppConfiguration? {
        guard let digest = presented(headers, acceptsAPIKey: true) else { return nil }
        var found: AppConfiguration?
        // Every app's keys are looked at, so that the time tells nothing about which one it was.
        for app in apps.values where digest.isAmong(app.keys) { found = app }
        return found
    }

    /// Whether the request presents one of the operators' keys, as a bearer token.
    static func isOperator(_ headers: HTTPFields, keys: [KeyDigest]) -> Bool {
        presented(headers, acceptsAPIKey: false)?.isAmong(keys) ?? false
    }

    /// The SHA-256 of the one key that is presented.
    private static func presented(_ headers: HTTPFields, acceptsAPIKey: Bool) -> KeyDigest? {
        var keys = headers[values: .authorization].map(bearerToken)
        if acceptsAPIKey { keys += headers[values: .apiKey].map { $0.isEmpty ? nil : $0[...] } }
        // Anything but a bearer token in Authorization, and any second key that differs, spoils all.
        guard let first = keys.first, let key = first, keys.allSatisfy({ $0 == key }), key.utf8.count <= 4096 else {
            return nil
        }
        var key8 = key
        return key8.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)).withUnsafeBytes { KeyDigest($0) } }
    }

    private static func bearerToken(_ field: String) -> Substring? {
        let bytes = field.utf8
        guard Substring(bytes.prefix(7)).lowercased() == "bearer " else { return nil }
        let token = Substring(bytes.dropFirst(7)).trimmed
        return token.isEmpty ? nil : token
    }
}

extension KeyDigest {
    /// Whether it is one of `digests`, in a time that depends on their number alone.
    fileprivate func isAmong(_ digests: [KeyDigest]) -> Bool {
        var isFound = false
        for digest in digests {
            // A digest is 32 bytes without padding, so its memory is its value.
            let isSame = withUnsafeBytes(of: self) { left in
                withUnsafeBytes(of: digest) { right in
                    var difference: UInt8 = 0
                    for index in 0..<left.count { difference |= left[index] ^ right[index] }
                    return difference == 0
                }
            }
            isFound = isFound || isSame
        }
        return isFound
    }
}
