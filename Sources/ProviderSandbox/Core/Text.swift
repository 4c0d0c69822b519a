import HTTPTypes

/// Percent-encoding of path segments and form values.
enum PercentEncoding {
    /// Decodes `%41` to `A`, and `+` to a space where `plusIsSpace`; `nil` for a broken escape or bytes that are not
    /// UTF-8.
    static func decode(_ text: some Sequence<UInt8>, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Lower-case hexadecimal.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.underestimatedCount)
    for byte in bytes {
        text.append(hexDigit(byte >> 4))
        text.append(hexDigit(byte & 15))
    }
    return String(decoding: text, as: UTF8.self)
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

/// Whether two secrets are equal, in a time that depends on their lengths only.
func constantTimeEqual(_ left: String, _ right: String) -> Bool {
    let left = Array(left.utf8)
    let right = Array(right.utf8)
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
}

/// Plain decimals (`100.00`), kept as text so that they come back to the byte.
enum DecimalText {
    /// Whether `text` is digits with an optional fraction, at most 20 characters, and not zero. A sign or an exponent
    /// is not taken: no document shows one.
    static func isPositive(_ text: String) -> Bool {
        guard text.utf8.count <= 20 else { return false }
        return text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || isDigit($0) }
            && text.utf8.contains { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "0") }
    }

    /// An amount in hundredths as text in major units: 9999 is `99.99`.
    static func fromHundredths(_ amount: Int64) -> String {
        precondition(amount >= 0, "amounts are not negative")
        return "\(amount / 100)." + (amount % 100 < 10 ? "0" : "") + "\(amount % 100)"
    }

    /// One more in the digit before the point: what `wrong_amount` shows instead.
    static func plusOne(_ text: String) -> String {
        var digits = Array(text.utf8)
        var index = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.endIndex
        while index > digits.startIndex {
            index -= 1
            if digits[index] != UInt8(ascii: "9") {
                digits[index] += 1
                return String(decoding: digits, as: UTF8.self)
            }
            digits[index] = UInt8(ascii: "0")
        }
        return "1" + String(decoding: digits, as: UTF8.self)
    }
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

extension HTTPField.Name {
    static let apiKey = sandbox("X-Api-Key")

    /// A header name that is known to be valid.
    static func sandbox(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("not a header name: \(name)") }
        return name
    }
}

/// The addresses that a merchant may name: `https`, and `http` on loopback, where the sandbox itself is.
enum MerchantURL {
    static func isAcceptable(_ url: String) -> Bool {
        // Header injection and addresses that no client could dial are refused with everything else that is odd.
        guard url.utf8.count <= 2048, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return false }
        if let rest = drop("https://", from: url) { return host(of: rest) != nil }
        guard let rest = drop("http://", from: url), let host = host(of: rest) else { return false }
        return host == "localhost" || host == "[::1]" || isLoopbackIPv4(host)
    }

    private static func drop(_ scheme: String, from url: String) -> Substring? {
        url.lowercased().hasPrefix(scheme) ? url.dropFirst(scheme.count) : nil
    }

    /// The host of what follows `://`; `nil` where there is none, or user information stands before it, which could
    /// make another host look like loopback.
    private static func host(of rest: Substring) -> String? {
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { return nil }
        let host: Substring
        let port: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[...end]
            port = authority[authority.index(after: end)...]
        } else {
            host = authority.prefix { $0 != ":" }
            port = authority.dropFirst(host.count)
        }
        guard !host.isEmpty else { return nil }
        if !port.isEmpty {
            guard port.hasPrefix(":"), UInt16(port.dropFirst()) != nil else { return nil }
        }
        return host.lowercased()
    }

    private static func isLoopbackIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
