import ConfigFiles
import PaymentModel
import ProviderKit
import StrictJSON

/// What stands in for a plugin: everything that the configuration asks of one, and no provider behind it.
protocol FakeAdapter: CallbackReceiving {}

extension FakeAdapter {
    var takesCallbackAddress: Bool { true }
    var referenceFormat: ReferenceFormat { .base32 }
    func createSafety(for payment: PaymentShape) -> SendSafety { .once }
    func createRequest(for order: PaymentOrder) -> ProviderRequest { .post("/", json: JSONWriter()) }
    func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        .ambiguous(reason: "not asked")
    }
    func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict { .forged }
    func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        throw CallbackFault("not asked")
    }
}

struct FakePayalo: FakeAdapter {
    static let declaration = ProviderDeclaration(
        id: "payalo", name: "Payalo", defaultBaseURL: "https://api.payalo.com", methods: [.mobileMoney],
        settings: [
            SettingDeclaration("api_key", .secret, isRequired: true, help: "The brand's API key."),
            SettingDeclaration("callback_keys", .secrets, help: "Keys that callbacks may carry."),
            SettingDeclaration("methods", .map, help: "Method keys."),
            SettingDeclaration("inquiry_interval", .duration, help: "The least time between two asks."),
            SettingDeclaration("mode", .choice(["live", "test"]), help: "Which of two."),
            SettingDeclaration("labels", .texts, help: "Labels."),
            SettingDeclaration("title", .text, help: "A title."),
        ], documentedLimits: [DocumentedLimit(requests: 20, per: .seconds(1))])

    let settings: ProviderSettings

    init(settings: ProviderSettings) throws(SettingFault) {
        self.settings = settings
        guard settings.secret("api_key")?.reveal() != "refused" else {
            throw SettingFault(key: "api_key", detail: "must be another one")
        }
    }

    func incapability(for payment: PaymentShape) -> String? {
        if payment.capture == .manual { return "capture manual" }
        return payment.country == nil ? "country is missing" : nil
    }
}

struct FakeSpayon: FakeAdapter {
    static let declaration = ProviderDeclaration(
        id: "spayon", name: "Spayon", defaultBaseURL: "https://api.spayon.io", methods: [.checkout],
        settings: ["client_id", "client_secret", "callback_secret"].map {
            SettingDeclaration($0, .secret, isRequired: true, help: "Of the account.")
        })

    init(settings: ProviderSettings) throws(SettingFault) {}

    func incapability(for payment: PaymentShape) -> String? {
        payment.capture == .manual ? "capture manual" : nil
    }
}

/// Cards in two currencies, no documented address.
struct FakeCards: FakeAdapter {
    static let declaration = ProviderDeclaration(
        id: "cards", name: "Cards", defaultBaseURL: nil, methods: [.card],
        currencies: Set(["USD", "EUR"].compactMap(Currency.init(code:))), settings: [])

    init(settings: ProviderSettings) throws(SettingFault) {}

    func incapability(for payment: PaymentShape) -> String? { nil }
}

/// A page or a wallet of its own networks, from an amount on.
struct FakeWaypay: FakeAdapter {
    static let declaration = ProviderDeclaration(
        id: "waypay", name: "Waypay", defaultBaseURL: nil, methods: [.checkout, .wallet],
        currencies: Set(["PKR", "USD"].compactMap(Currency.init(code:))), settings: [])

    init(settings: ProviderSettings) throws(SettingFault) {}

    func incapability(for payment: PaymentShape) -> String? {
        if let network = payment.network, network != "jazzcash" { return "network \(network)" }
        if payment.capture == .manual { return "capture manual" }
        return payment.money.minorUnits > 3 ? nil : "amount is not above 3"
    }
}

let plugins: [any ProviderAdapter.Type] = [FakePayalo.self, FakeSpayon.self, FakeCards.self, FakeWaypay.self]

/// Loads a folder `c` that holds these files; every other path is one of `disk`.
func load(
    _ files: [String: String], environment: [String: String] = [:], disk: [String: String] = [:],
    withoutSecrets: Bool = false
) -> LoadResult {
    load(
        bytes: files.mapValues { Array($0.utf8) }, environment: environment, disk: disk, withoutSecrets: withoutSecrets)
}

/// Loads a folder `c` whose files hold these bytes, which need be no text.
func load(
    bytes files: [String: [UInt8]], environment: [String: String] = [:], disk: [String: String] = [:],
    withoutSecrets: Bool = false
) -> LoadResult {
    let source = ConfigurationFiles(
        list: { folder throws(ConfigurationFiles.Failure) in
            guard folder == "c" else { throw ConfigurationFiles.Failure("there is no such file or folder") }
            return Array(files.keys)
        },
        read: { path, limit throws(ConfigurationFiles.Failure) in
            let file = path.hasPrefix("c/") ? files[String(path.dropFirst(2))] : nil
            guard let bytes = disk[path].map({ Array($0.utf8) }) ?? file else {
                throw ConfigurationFiles.Failure("there is no such file")
            }
            guard bytes.count <= limit else { throw ConfigurationFiles.Failure("it is longer than \(limit) bytes") }
            return bytes
        })
    return ConfigurationLoader(plugins: plugins, environment: environment, files: source)
        .load(folder: "c", withoutSecrets: withoutSecrets)
}

/// SHA-256 of `demo-shop-key` and `demo-blog-key`.
let shopDigest = "f5d072715bf986543308d9f187277c2406847cd7bfd33cbc2264fedc284a9992"
let blogDigest = "ef3cc3a7afe37ad08223efeca65464fb3fd7c5318647d3f5b19ee05a3880af8b"

/// A configuration without a fault, to put a faulty file beside.
let base = """
    apps: { shop: { api_keys_sha256: \(shopDigest), country: KE } }
    providers:
      payalo-ke: { plugin: payalo, base_url: "http://127.0.0.1:9400", settings: { api_key: k } }
      cards-a: { plugin: cards, base_url: "http://127.0.0.1:9400" }
    routes:
      - { name: kenya, when: { method: mobile_money, currency: KES }, use: payalo-ke }
      - { name: cards, when: { method: card }, use: cards-a }
    """

/// The faults of a file `x.yaml` beside `base`, as `line:column: severity: text`.
func faults(
    _ yaml: String, environment: [String: String] = [:], disk: [String: String] = [:], withoutSecrets: Bool = false
) -> [String] {
    load(
        ["00-base.yaml": base, "x.yaml": yaml], environment: environment, disk: disk, withoutSecrets: withoutSecrets
    ).faults.map { String(describing: $0).replacing("c/x.yaml:", with: "") }
}
