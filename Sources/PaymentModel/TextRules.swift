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
        let digits = text.utf8.dropFirst()
        return text.utf8.first == UInt8(ascii: "+") && (7...15).contains(digits.count)
            && digits.allSatisfy { (48...57).contains($0) } && digits.first != UInt8(ascii: "0")
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
        let bytes = text.utf8
        let dot = UInt8(ascii: ".")
        guard bytes.count <= 254, let at = bytes.firstIndex(of: UInt8(ascii: "@")) else { return false }
        let local = bytes[..<at]
        let domain = bytes[at...].dropFirst()
        return (1...64).contains(local.count) && !domain.isEmpty && !domain.contains(UInt8(ascii: "@"))
            && domain.first != dot && domain.last != dot && !bytes.contains(UInt8(ascii: ","))
            && !text.unicodeScalars.contains {
                // Asking for a scalar's properties is a search, and most addresses are ASCII.
                $0.isASCII ? $0.value == 0x20 || (0x09...0x0d).contains($0.value) : $0.properties.isWhitespace
            }
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
        // Bytes from here on: all are ASCII, and characters would be found one grapheme at a time.
        guard text.utf8.count <= 2048, text.utf8.allSatisfy(Self.isAllowed),
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text.utf8[colon...].starts(with: "://".utf8)
        else { return nil }
        switch text[..<colon].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let rest = text[text.utf8.index(colon, offsetBy: 3)...]
        let end = rest.utf8.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        var authority = rest[..<end]
        path = String(rest[end...])
        guard !authority.utf8.contains(UInt8(ascii: "@")) else { return nil }
        if authority.utf8.first == UInt8(ascii: "[") {
            guard let close = authority.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = authority[authority.utf8.index(after: authority.startIndex)..<close].lowercased()
            authority = authority[authority.utf8.index(after: close)...]
            guard host.utf8.allSatisfy({ "0123456789abcdef:.".utf8.contains($0) }), host.contains(":") else {
                return nil
            }
        } else {
            let colon = authority.utf8.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            host = authority[..<colon].lowercased()
            authority = authority[colon...]
            guard
                host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                    .allSatisfy(Self.isLabel)
            else { return nil }
        }
        if authority.isEmpty {
            port = nil
        } else {
            // What is here begins with a colon, but behind the bracket of an IPv6 address.
            let digits = authority.utf8.dropFirst()
            guard authority.utf8.first == UInt8(ascii: ":"), digits.allSatisfy({ (48...57).contains($0) }),
                let number = Int(Substring(digits)),
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

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        let dash = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label.first != dash && label.last != dash
            && label.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == dash || $0 == 95 }
    }

    /// Printable ASCII without what RFC 3986 keeps out of addresses.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "^"),
            UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            false
        default: (0x21...0x7e).contains(byte)
        }
    }
}
