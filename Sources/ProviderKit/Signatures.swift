import Crypto
public import PaymentModel

/// The keyed hashes that providers sign with.
public enum Signature {
    /// Lower-case hex of HMAC-SHA256 over the bytes.
    public static func hmacSHA256Hex(_ bytes: some Collection<UInt8>, key: Secret) -> String {
        hex(HMAC<SHA256>.authenticationCode(for: Array(bytes), using: SymmetricKey(data: Array(key.reveal().utf8))))
    }

    /// Whether `presented`, in either case, is the HMAC-SHA256 of the bytes; compared in constant time.
    public static func isHMACSHA256(_ presented: String, of bytes: some Collection<UInt8>, key: Secret) -> Bool {
        constantTimeEquals(presented.lowercased().utf8, hmacSHA256Hex(bytes, key: key).utf8)
    }

    /// Lower-case hex.
    public static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Text in the path of a URL: everything but RFC 3986's unreserved characters is percent-encoded.
public func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            bytes.append(byte)
        default:
            bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
