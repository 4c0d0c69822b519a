import PaymentModel
import Testing

@Suite struct WebAddressTests {
    struct Accepted: Sendable {
        let text: String
        let isSecure: Bool
        let host: String
        let port: Int?
        let path: String
    }

    static let accepted: [Accepted] = [
        Accepted(text: "https://shop.example.com", isSecure: true, host: "shop.example.com", port: nil, path: ""),
        Accepted(text: "https://shop.example.com/", isSecure: true, host: "shop.example.com", port: nil, path: "/"),
        Accepted(
            text: "HTTPS://Shop.Example.COM/Done", isSecure: true, host: "shop.example.com", port: nil, path: "/Done"),
        Accepted(
            text: "https://a.example:8443/x?y=1#z", isSecure: true, host: "a.example", port: 8443, path: "/x?y=1#z"),
        Accepted(
            text: "https://a.example?q=https://b", isSecure: true, host: "a.example", port: nil, path: "?q=https://b"),
        Accepted(text: "https://a.example#top", isSecure: true, host: "a.example", port: nil, path: "#top"),
        Accepted(text: "https://a.example/a@b:c", isSecure: true, host: "a.example", port: nil, path: "/a@b:c"),
        Accepted(
            text: "https://xn--bcher-kva.example/", isSecure: true, host: "xn--bcher-kva.example", port: nil, path: "/"),
        Accepted(text: "https://my_host.internal/", isSecure: true, host: "my_host.internal", port: nil, path: "/"),
        Accepted(text: "https://[2001:DB8::1]:65535/", isSecure: true, host: "2001:db8::1", port: 65_535, path: "/"),
        Accepted(text: "http://localhost:8080/x", isSecure: false, host: "localhost", port: 8080, path: "/x"),
        Accepted(text: "http://LOCALHOST", isSecure: false, host: "localhost", port: nil, path: ""),
        Accepted(text: "http://127.0.0.1:1", isSecure: false, host: "127.0.0.1", port: 1, path: ""),
        Accepted(text: "http://127.255.255.254/", isSecure: false, host: "127.255.255.254", port: nil, path: "/"),
        Accepted(text: "http://[::1]:9400/p", isSecure: false, host: "::1", port: 9400, path: "/p"),
    ]

    @Test(arguments: accepted)
    func addressesAreTakenApart(_ row: Accepted) throws {
        let address = try #require(WebAddress(row.text), "\(row.text)")
        #expect(address.isSecure == row.isSecure)
        #expect(address.host == row.host)
        #expect(address.port == row.port)
        #expect(address.path == row.path)
        #expect(address.effectivePort == row.port ?? (row.isSecure ? 443 : 80))
        #expect(WebAddress.problem(with: row.text) == nil)
    }

    @Test(arguments: [
        "", "https", "https:", "https:/a.example", "https://", "https:///path", "https://:443/", "//a.example",
        "a.example",
        "ftp://a.example", "javascript://a.example", "httpss://a.example", " https://a.example", "https://a.example ",
        "https://a.example/a b", "https://a.example/\n", "https://a.example/\u{0}", "https://ex\u{e4}mple.com/",
        "https://a.example/\u{e4}", "https://user@a.example", "https://user:pw@a.example/", "https://a.example:",
        "https://a.example:0", "https://a.example:65536", "https://a.example:99999999999999999999",
        "https://a.example:-1",
        "https://a.example:+1", "https://a.example:80x", "https://a.example:80:80", "https://-a.example",
        "https://a-.example",
        "https://a..example", "https://.example", "https://a.example.", "https://[::1", "https://[]/", "https://[1]/",
        "https://[::1]x/", "https://[::g]/", "https://::1/", "https://a.example/<x>", "https://a.example/\"x\"",
        "https://a.example/\\x", "https://a.example\\@b.example", "https://a.example/{x}", "https://a.example/`x`",
        "https://a,b.example", "https://a%2eb.example/", "https://\(String(repeating: "a", count: 64)).example",
        "https://a.example/\(String(repeating: "a", count: 2031))",
    ])
    func whatIsNoAddressIsRefused(_ text: String) {
        #expect(WebAddress(text) == nil)
        #expect(WebAddress.problem(with: text) == "must be an absolute https address")
    }

    @Test func anAddressOf2048BytesIsTheLongest() {
        let longest = "https://a.example/" + String(repeating: "a", count: 2030)
        #expect(longest.utf8.count == 2048)
        #expect(WebAddress(longest) != nil)
    }

    @Test(
        "http to anything that is not surely this machine is refused",
        arguments: [
            "http://a.example/", "http://127.0.0.1.example.com/", "http://127.1/", "http://0x7f.0.0.1/",
            "http://127.0.0.256/",
            "http://127.0.0.1./", "http://localhost.example.com/", "http://[::2]/", "http://[::ffff:127.0.0.1]/",
            "http://10.0.0.1/", "http://169.254.169.254/", "http://0.0.0.0/", "http://[::]/", "http://128.0.0.1/",
            "http://1.127.0.0/",
        ])
    func plainTextLeavesNoMachine(_ text: String) {
        #expect(WebAddress.problem(with: text) != nil)
    }
}
