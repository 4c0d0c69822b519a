import ConfigFiles
import PaymentEngine
import TestCertificates
import Testing

/// What of a provider's instance a reload compares.
@Suite struct IdentityTests {
    private static let plain = #"plugin: payalo, base_url: "http://127.0.0.1:9400", settings: { api_key: k }"#

    private static func provider(_ yaml: String, roots: String = "") throws -> ProviderConfiguration {
        let result = load(
            [
                "a.yaml": """
                apps: { shop: { api_keys_sha256: \(shopDigest), country: KE } }
                providers: { p: { \(yaml) } }
                routes: [{ name: r, use: p }]
                """
            ], disk: ["/roots.pem": roots])
        return try #require(result.configuration?.providers["p"], "\(result.faults)")
    }

    @Test(
        "what of an instance makes it another one, and what another account",
        arguments: [
            ("enabled: false", true, true), ("fee: { percent: 1.5 }", true, true), ("timeout: 3s", false, true),
            ("rate_limit: { requests: 3, per: 1s }", false, true), ("breaker: { open_for: 3s }", false, true),
        ])
    func further(more: String, isSame: Bool, isSameAccount: Bool) throws {
        let before = try Self.provider(Self.plain)
        let after = try Self.provider(Self.plain + ", " + more)
        #expect((after.fingerprint == before.fingerprint) == isSame)
        #expect((after.account == before.account) == isSameAccount)
    }

    @Test func anotherAddressOrSettingIsAnotherAccount() throws {
        let before = try Self.provider(Self.plain)
        for other in [
            Self.plain.replacing("9400", with: "9401"), Self.plain.replacing("api_key: k", with: "api_key: l"),
        ] {
            let after = try Self.provider(other)
            #expect(after.fingerprint != before.fingerprint)
            #expect(after.account != before.account)
        }
        #expect(try Self.provider(Self.plain.replacing("api_key: k", with: "'api_key': 'k'")).account == before.account)
    }

    @Test func otherRootsInTheSameFileAreSeen() throws {
        let yaml = Self.plain + ", ca: /roots.pem"
        let before = try Self.provider(yaml, roots: TestCertificates.root)
        #expect(try Self.provider(yaml, roots: TestCertificates.root).fingerprint == before.fingerprint)
        #expect(try Self.provider(yaml, roots: TestCertificates.strangerRoot).fingerprint != before.fingerprint)
        #expect(try Self.provider(yaml, roots: TestCertificates.strangerRoot).account == before.account)
    }
}
