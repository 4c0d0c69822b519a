import Foundation
import PaymentEngine
import PaymentModel
import Resilience

extension Values {
    /// `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`.
    static func address(_ scalar: ConfigScalar) throws(Misfit) -> ServerConfiguration.Address {
        guard let address = ServerConfiguration.Address(parsing: scalar.text) else {
            throw Misfit("\(scalar.shown) is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
        }
        return address
    }

    /// An address with scheme, host and an optional prefix; comes back without a trailing slash.
    static func baseURL(_ scalar: ConfigScalar) throws(Misfit) -> String {
        let text = try url(scalar)
        guard !text.contains("?"), !text.contains("#") else { throw Misfit("must not have a query or a fragment") }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// An https address; http on loopback.
    static func url(_ scalar: ConfigScalar) throws(Misfit) -> String {
        if let problem = WebAddress.problem(with: scalar.text) { throw Misfit(problem) }
        return scalar.text
    }

    /// 64 hex digits. The text is never shown: it may be the key itself.
    static func keyDigest(_ scalar: ConfigScalar) throws(Misfit) -> KeyDigest {
        let text = scalar.text.lowercased()
        let bytes = text.utf8.compactMap { hexDigit($0) }
        guard text.utf8.count == 64, bytes.count == 64 else {
            throw Misfit("must be the SHA-256 of a key, 64 hex digits ('switchyard key' makes both)")
        }
        guard text != sha256OfNothing else { throw Misfit("is the SHA-256 of an empty key") }
        return KeyDigest(bytes: stride(from: 0, to: 64, by: 2).map { bytes[$0] << 4 | bytes[$0 + 1] })
    }

    /// What an unset variable and `sha256sum` make.
    private static let sha256OfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// `whsec_` and the base64 of 24 to 64 bytes (Standard Webhooks). Comes back as written.
    static func webhookSecret(_ scalar: ConfigScalar) throws(Misfit) -> Secret {
        if scalar.isStandIn { return Secret("whsec_\(Substitution.standIn)") }
        guard scalar.text.hasPrefix("whsec_"), let key = Data(base64Encoded: String(scalar.text.dropFirst(6))) else {
            throw Misfit("must be 'whsec_' and the key in base64")
        }
        guard (24...64).contains(key.count) else {
            throw Misfit("the key behind 'whsec_' has \(key.count) bytes; it must have 24 to 64")
        }
        return Secret(scalar.text)
    }

    /// A network such as `10.0.0.0/8` or `2001:db8::/32`; a bare address is a network of one.
    static func network(cidr scalar: ConfigScalar) throws(Misfit) -> String {
        let misfit = Misfit("\(scalar.shown) is not a network such as 10.0.0.0/8 or 2001:db8::/32")
        let parts = scalar.text.split(separator: "/", omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2, let bits = addressBits(String(host)) else { throw misfit }
        guard parts.count == 2 else { return "\(host)/\(bits)" }
        guard let prefix = digits(parts[1]), prefix <= bits else { throw misfit }
        return scalar.text
    }

    /// 32 for an IPv4 address, 128 for an IPv6 one, nil for anything else. An IPv4 address in IPv6 clothes is refused:
    /// callers are compared as IPv4.
    private static func addressBits(_ text: String) -> Int? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return 32 }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let isMapped = withUnsafeBytes(of: v6) { $0.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]) }
        return isMapped ? nil : 128
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

extension ServerConfiguration.Address {
    /// Reads `HOST:PORT`; an IPv6 address stands in brackets. Nil for anything else.
    package init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Values.digits(text[text.index(after: colon)...]),
            port <= 65_535
        else { return nil }
        // The rules for a host are those of an address on the web.
        guard let address = WebAddress("http://\(text[..<colon])"), address.port == nil, address.path.isEmpty else {
            return nil
        }
        self.init(host: address.host, port: port)
    }

    /// Whether only this machine can reach it: `localhost`, 127.0.0.0/8 or ::1.
    package var isLoopback: Bool {
        WebAddress("http://\(ServerConfiguration.Address(host: host, port: 1))")?.isLoopback ?? false
    }
}
