import PaymentModel
import ProviderKit
import Routing
import StrictJSON

/// A plugin of which only the capabilities matter: all methods, in KES, USD, JPY and KWD, without what `refuses` names.
struct TestAdapter: ProviderAdapter {
    static let declaration = ProviderDeclaration(
        id: "test", name: "Test", defaultBaseURL: nil, methods: Set(PaymentMethod.allCases),
        currencies: Set(["KES", "USD", "JPY", "KWD"].map(Samples.currency)), settings: [])

    let refuses: @Sendable (PaymentShape) -> String?

    init(settings: ProviderSettings) throws(SettingFault) { refuses = { _ in nil } }
    init(refuses: @escaping @Sendable (PaymentShape) -> String? = { _ in nil }) { self.refuses = refuses }

    func incapability(for payment: PaymentShape) -> String? { refuses(payment) }
    func createSafety(for payment: PaymentShape) -> SendSafety { .once }
    var referenceFormat: ReferenceFormat { .base32 }
    func createRequest(for order: PaymentOrder) -> ProviderRequest { .post("/", json: JSONWriter()) }
    func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome { .ambiguous(reason: "test") }
}

/// A plugin of checkouts alone, in any currency.
struct CheckoutAdapter: ProviderAdapter {
    static let declaration = ProviderDeclaration(
        id: "checkout", name: "Checkout", defaultBaseURL: nil, methods: [.checkout], settings: [])

    init(settings: ProviderSettings) throws(SettingFault) {}
    init() {}

    func incapability(for payment: PaymentShape) -> String? { nil }
    func createSafety(for payment: PaymentShape) -> SendSafety { .inert }
    var referenceFormat: ReferenceFormat { .base32 }
    func createRequest(for order: PaymentOrder) -> ProviderRequest { .post("/", json: JSONWriter()) }
    func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome { .ambiguous(reason: "test") }
}

enum Samples {
    static func currency(_ code: String) -> Currency {
        guard let currency = Currency(code: code) else { preconditionFailure("no currency \(code)") }
        return currency
    }

    static func country(_ code: String) -> Country {
        guard let country = Country(code: code) else { preconditionFailure("no country \(code)") }
        return country
    }

    static func money(_ minorUnits: Int64, _ code: String = "KES") -> Money {
        Money(minorUnits: minorUnits, currency: currency(code))
    }

    /// A card payment with a value for every key of `when`.
    static var card: PaymentShape {
        PaymentShape(
            app: "shop", money: money(1000, "USD"), method: .card, country: country("KE"), capture: .manual,
            cardBrand: .visa,
            cardPrefix: "42424242", metadata: ["tier": "gold", "plan": "a"])
    }

    static var mobileMoney: PaymentShape {
        PaymentShape(
            app: "shop", money: money(1000), method: .mobileMoney, network: "mpesa", country: country("KE"))
    }

    static func when(_ fill: (inout RouteCondition) -> Void) -> RouteCondition {
        var condition = RouteCondition()
        fill(&condition)
        return condition
    }

    static func provider(
        _ name: String, enabled: Bool = true, fee: ProviderFee? = nil,
        refuses: @escaping @Sendable (PaymentShape) -> String? = { _ in nil }
    ) -> RoutableProvider {
        RoutableProvider(name: name, adapter: TestAdapter(refuses: refuses), isEnabled: enabled, fee: fee)
    }

    /// A router of one route for every payment.
    static func router(
        _ strategy: Route.Strategy, _ members: [Route.Member], _ providers: [RoutableProvider]
    ) -> Router {
        Router(
            routes: [Route(name: "all", when: RouteCondition(), strategy: strategy, use: members)],
            providers: Dictionary(uniqueKeysWithValues: providers.map { ($0.name, $0) }))
    }
}
