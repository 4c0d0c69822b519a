import ConfigFiles
import Foundation
import PaymentEngine
import PaymentModel
import ProviderKit
import Routing
import Testing

/// The folder `routes/` of this repository.
@Suite struct ShippedRoutesTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("routes").path

    @Test func runAgainstTheSandboxWithoutAnyVariable() throws {
        let result = ConfigurationLoader(plugins: plugins, environment: [:]).load(folder: Self.folder)
        #expect(result.faults == [])
        let configuration = try #require(result.configuration)
        #expect(result.expectations.count == 9)
        #expect(configuration.server.listen.description == "127.0.0.1:8080")
        #expect(configuration.apps.keys.sorted() == ["blog", "shop"])
        #expect(configuration.providers["payalo-ke"]?.baseURL == "http://127.0.0.1:9400/payalo")
        #expect(configuration.providers["spayon-backup"]?.baseURL == "http://127.0.0.1:9400/spayon")
        let adapter = try #require(configuration.providers["payalo-ke"]?.adapter as? FakePayalo)
        #expect(adapter.settings.secret("api_key") == Secret("sandbox-payalo-key"))
        #expect(
            configuration.router.routes.map(\.name) == [
                "kenya-mobile-money", "other-mobile-money", "gold-checkout", "checkout",
            ])
        #expect(
            result.configuration?.server.sustainedRate.description
                == "11.574 payments a second (1000000 keys for 24h; half of it for one app)")
    }

    @Test func takeAddressAndKeyFromTheEnvironment() {
        let environment = ["PAYALO_URL": "http://127.0.0.1:9999/payalo", "PAYALO_API_KEY": "mine"]
        let result = ConfigurationLoader(plugins: plugins, environment: environment).load(folder: Self.folder)
        #expect(result.configuration?.providers["payalo-ke"]?.baseURL == "http://127.0.0.1:9999/payalo")
        let adapter = result.configuration?.providers["payalo-ke"]?.adapter as? FakePayalo
        #expect(adapter?.settings.secret("api_key") == Secret("mine"))
    }

    /// The defaults that the comments promise are the defaults.
    @Test func stateTheDefaults() throws {
        let result = ConfigurationLoader(plugins: plugins, environment: [:]).load(folder: Self.folder)
        let configuration = try #require(result.configuration)
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

    /// One changed, removed or doubled character at every place: faults or none, and never a crash; what has an error
    /// names its place.
    @Test(arguments: ["00-server.yaml", "10-apps.yaml", "20-providers.yaml", "30-routes.yaml", "40-expectations.yaml"])
    func surviveMutations(of file: String) throws {
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.folder) {
            let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
            // Comments are much and say nothing.
            files[name] = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("#") }
                .joined(separator: "\n")
        }
        let original = Array(try #require(files[file]).unicodeScalars)
        let replacements: [Unicode.Scalar] = ["x", ":", "\"", "{", "]", "&", "*", "!", "0", "\n", "$", "#", "-"]
        var random = SplitMix64(state: UInt64(original.count))
        for _ in 0..<200 {
            var mutated = original
            let index = Int(random.next() % UInt64(original.count))
            let replacement = replacements[Int(random.next() % UInt64(replacements.count))]
            switch random.next() % 3 {
            case 0: mutated[index] = replacement
            case 1: mutated.remove(at: index)
            default: mutated.insert(replacement, at: index)
            }
            files[file] = String(String.UnicodeScalarView(mutated))
            let result = load(files)
            #expect(result.hasErrors == result.faults.contains { $0.severity == .error })
            for fault in result.faults {
                #expect(fault.position.line >= 1 && fault.position.column >= 1)
                #expect(!fault.text.contains("\n"))
            }
        }
    }
}

/// Repeatable random numbers (Steele, Lea, Flood: SplitMix64).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
