import ConfigFiles
import HTTPTypes
import PaymentEngine
import PaymentModel
import ProviderKit
import ProviderSandbox
import Testing

@testable import switchyard

/// The folder `routes/` of this repository, read with the real plugins.
@Suite struct ShippedRoutesTests {
    private static func load(_ environment: [String: String] = [:]) throws -> LoadResult {
        configurationLoader(environment: environment).load(folder: Setup.packageRoot + "/routes")
    }

    @Test func runAgainstTheSandboxWithoutAnyVariable() throws {
        let result = try Self.load()
        #expect(result.faults == [])
        let configuration = try #require(result.configuration)
        #expect(result.expectations.count > 10)
        #expect(configuration.server.listen.description == "127.0.0.1:8080")
        #expect(configuration.apps.keys.sorted() == ["blog", "shop"])
        let addresses = configuration.providers.mapValues(\.baseURL)
        #expect(addresses.values.allSatisfy { $0.hasPrefix("http://127.0.0.1:9400/") })
        // Every plugin that has a simulator is there to be tried; what has none would run against nothing.
        #expect(Set(configuration.providers.values.map(\.plugin)) == Set(Sandbox().providers))
        #expect(
            configuration.server.sustainedRate.description
                == "11.574 payments a second (1000000 keys for 24h; half of it for one app)")
    }

    @Test func takeAddressAndKeyFromTheEnvironment() throws {
        let result = try Self.load(["PAYALO_URL": "http://127.0.0.1:9999/payalo", "PAYALO_API_KEY": "mine"])
        let provider = try #require(result.configuration?.providers["payalo-ke"])
        #expect(provider.baseURL == "http://127.0.0.1:9999/payalo")
        let adapter = try #require(provider.adapter as? any Inquiring)
        let currency = try #require(Currency(code: "KES"))
        let now = Timestamp(milliseconds: 0)
        let subject = InquirySubject(
            reference: "r", providerReference: nil, money: Money(minorUnits: 1, currency: currency),
            method: .mobileMoney, createdAt: now, now: now)
        let request = try #require(adapter.inquiryRequest(for: subject))
        let values = request.headers.map { $0.value }
        #expect(values.contains("mine"))
    }

    /// The defaults that the comments promise are the defaults.
    @Test func stateTheDefaults() throws {
        let configuration = try #require(try Self.load().configuration)
        let defaults = ServerConfiguration(
            referenceSecret: ServerConfiguration.loopbackSecret,
            callbackSecrets: [ServerConfiguration.loopbackSecret])
        #expect(configuration.server == defaults)
        let written = try #require(configuration.providers["payalo-ke"])
        let unwritten = try #require(configuration.providers["payalo-backup"])
        #expect(written.breaker == unwritten.breaker)
        #expect(written.timeout == unwritten.timeout)
        #expect(written.connectTimeout == unwritten.connectTimeout)
    }
}
