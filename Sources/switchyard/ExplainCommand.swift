import ArgumentParser
import Foundation
import PaymentEngine
import PaymentModel
import ProviderKit
import Routing
import StrictJSON

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show which route and providers such a payment takes, and why.",
        discussion: "Nothing is sent. Fields that are not given count as neither there nor lacking.")

    @OptionGroup var source: ConfigurationOption

    @Option(help: "The app that asks.")
    var app: String

    @Option(help: "Minor units of the currency: 10000 is KES 100.00.")
    var amount: Int64

    @Option(help: "ISO 4217, upper case.")
    var currency: String

    @Option(help: "card, mobile_money, wallet or checkout.")
    var method: String

    @Option(help: "ISO 3166-1 alpha-2; the app's default where absent.")
    var country: String?

    @Option(help: "The mobile-money or wallet network.")
    var network: String?

    @Option(help: "automatic or manual.")
    var capture = "automatic"

    @Option(help: ArgumentHelp("A key and value of the payment's metadata; may be repeated.", valueName: "k=v"))
    var metadata: [String] = []

    @Flag(help: "Print the answer of POST /v1/routes/explain.")
    var json = false

    func run() throws {
        let configuration = loadOrExit(ConfigurationSource(folder: source.folder))
        guard let app = configuration.apps[app] else {
            throw ValidationError(
                "there is no app '\(app)'; there are \(configuration.apps.keys.sorted().joined(separator: ", "))")
        }
        guard (1...999_999_999_999).contains(amount) else {
            throw ValidationError("--amount must be from 1 to 999999999999")
        }
        let currency = try Self.parsed("currency", currency, "an ISO 4217 code in upper case", Currency.init(code:))
        let method = try Self.parsed(
            "method", method, PaymentMethod.allCases.map(\.rawValue).joined(separator: ", "),
            PaymentMethod.init(rawValue:))
        let capture = try Self.parsed("capture", capture, "automatic or manual", CaptureMode.init(rawValue:))
        let country = try country.map {
            try Self.parsed("country", $0, "an ISO 3166-1 alpha-2 code in upper case", Country.init(code:))
        }
        var pairs: [String: String] = [:]
        for pair in metadata {
            guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                throw ValidationError("--metadata must be k=v, not '\(pair)'")
            }
            pairs[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        let shape = PaymentShape(
            app: app.name, money: Money(minorUnits: amount, currency: currency), method: method, network: network,
            country: country ?? app.country, capture: capture, metadata: pairs)
        let explanation = configuration.router.explain(shape)
        if json {
            var writer = JSONWriter()
            explanation.write(to: &writer)
            print(String(decoding: writer.bytes, as: UTF8.self))
        } else {
            print(explanation.text)
        }
    }

    private static func parsed<Value>(
        _ name: String, _ text: String, _ expected: String, _ parse: (String) -> Value?
    ) throws -> Value {
        guard let value = parse(text) else { throw ValidationError("--\(name) must be \(expected), not '\(text)'") }
        return value
    }
}
