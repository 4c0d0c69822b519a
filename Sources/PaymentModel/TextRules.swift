/// The shapes of texts that a request may hold.
enum Text {
    static func isDigits(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// 1 to 64 of `A-Z a-z 0-9 . _ -`.
    static func isReference(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || ".-_".utf8.contains($0) }
    }

    /// 1 to 40 of `a-z 0-9 _ -`.
    static func isNetwork(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) && !isUpper($0) || "-_".utf8.contains($0) }
    }

    /// ITU-T E.164: `+`, then 7 to 15 digits, the first not 0.
    static func isE164(_ text: String) -> Bool {
        let digits = text.dropFirst()
        return text.first == "+" && (7...15).contains(digits.utf8.count) && isDigits(String(digits))
            && digits.first != "0"
    }

    /// A number as people write one, local forms included: 5 to 15 digits among spaces, dots, dashes, brackets.
    static func isPhone(_ text: String) -> Bool {
        let bytes = text.utf8
        let digits = bytes.count { (48...57).contains($0) }
        return (5...15).contains(digits) && bytes.count <= 32
            && bytes.enumerated().allSatisfy { index, byte in
                (48...57).contains(byte) || " .-()".utf8.contains(byte) || (byte == UInt8(ascii: "+") && index == 0)
            }
    }

    /// One `@` with something before it and a name after it, no spaces, at most 254 bytes (RFC 5321's path limit).
    /// Whether it takes mail is the provider's to find out.
    static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && parts[0].utf8.count <= 64 && !parts[1].isEmpty
            && text.utf8.count <= 254 && !text.unicodeScalars.contains { $0.properties.isWhitespace }
            && !parts[1].hasPrefix(".") && !parts[1].hasSuffix(".") && !text.contains(",")
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || isUpper(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

/// An absolute http or https address, taken apart as far as the rules need.
public struct WebAddress: Sendable, Hashable {
    public let isSecure: Bool
    /// Lower case; an IPv6 address without its brackets.
    public let host: String
    /// Nil where the address names none.
    public let port: Int?
    /// Path, query and fragment as written; may be empty.
    public let path: String

    /// The port that is dialled.
    public var effectivePort: Int { port ?? (isSecure ? 443 : 80) }

    /// Whether the host is this machine: `localhost`, 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Takes an address apart. Nil where it is not `http(s)://host[:port][path]`, holds a user name, spaces or
    /// characters outside of printable ASCII.
    public init?(_ text: String) {
        guard text.utf8.count <= 2048,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"<>\"\\^`{|}".utf8.contains($0) }),
            let separator = text.firstRange(ofText: "://")
        else { return nil }
        switch text[..<separator.lowerBound].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let rest = text[separator.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        var authority = rest[..<end]
        path = String(rest[end...])
        guard !authority.contains("@") else { return nil }
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close].lowercased()
            authority = authority[authority.index(after: close)...]
            guard host.utf8.allSatisfy({ "0123456789abcdef:.".utf8.contains($0) }), host.contains(":") else {
                return nil
            }
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<colon].lowercased()
            authority = authority[colon...]
            guard host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(Self.isLabel) else {
                return nil
            }
        }
        if authority.isEmpty {
            port = nil
        } else {
            guard authority.first == ":", Text.isDigits(String(authority.dropFirst())),
                let number = Int(authority.dropFirst()),
                (1...65_535).contains(number)
            else { return nil }
            port = number
        }
    }

    /// What keeps an address from being used, in words; nil where nothing does. http is for loopback only.
    public static func problem(with text: String) -> String? {
        guard let address = WebAddress(text) else { return "must be an absolute https address" }
        return address.isSecure || address.isLoopback ? nil : "must be https (http is for loopback only)"
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95 }
    }
}

extension String {
    fileprivate func firstRange(ofText needle: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
