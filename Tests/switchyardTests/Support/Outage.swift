import NIOHTTP1
import PaymentModel
import ProviderSandbox
import StrictJSON
import Testing

/// A router whose every route has two candidates: the first at simulated providers that a test breaks, the second at others
/// that stay healthy.
struct Outage: Sendable {
    let router: Router
    let failing: Providers
    let healthy: Providers

    /// How a payment is made: what its provider's create can do decides what an outage may do to it.
    enum Kind: Int, CaseIterable, Sendable {
        /// Payalo: a repeated reference is refused, and can be asked by.
        case phone
        /// Payment API Service: repeatable under its key; the money is taken at once.
        case card
        /// Spayon, with tokens: opens a page, and moves no money by itself.
        case page

        /// The kind of a payment by its number: half of them are made by phone.
        init(number: Int) {
            switch number % 4 {
            case 1: self = .card
            case 3: self = .page
            default: self = .phone
            }
        }

        var plugin: String { ["payalo", "paymentgateway", "spayon"][rawValue] }
        var first: String { ["payalo-ke", "cards-main", "spayon-main"][rawValue] }
        var movesMoney: Bool { self != .page }
        private var currency: String { self == .phone ? "KES" : "USD" }
        private var method: String { ["mobile_money", "card", "checkout"][rawValue] }

        /// A payment of an amount that no other number has: it says whose payment a charge is.
        static func body(_ number: Int) -> String {
            let kind = Kind(number: number)
            let row = ProviderRow.all.first { $0.plugin == kind.plugin && $0.method == kind.method }
            return (row?.body(kind.currency) ?? "").replacing(#""amount":10000"#, with: #""amount":\#(amount(number))"#)
        }

        static func amount(_ number: Int) -> Int64 { 10_000 + Int64(number) }
    }

    /// - Parameters:
    ///   - breaker: Of the providers that fail.
    ///   - inquiry: When open payments are asked after.
    static func run(
        breaker: String, inquiry: String = "500ms, 1s",
        _ body: @Sendable (Outage) async throws -> Void
    ) async throws {
        var sandbox = SandboxConfiguration(documentedLimits: false)
        sandbox.autoSettleAfter = .milliseconds(200)
        try await withProviders(sandbox) { failing in
            try await withProviders(sandbox) { healthy in
                let setup = Setup.file(yaml(failing, healthy, breaker: breaker, inquiry: inquiry))
                try await withRouter(setup, failing) { router in
                    try await healthy.register(router: router.api)
                    try await body(Outage(router: router, failing: failing, healthy: healthy))
                }
            }
        }
    }

    /// Callers of each kind of payment in turn.
    func load(perSecond: Int, deadline: Duration, body: @escaping @Sendable (Int) -> String = Kind.body) -> Load {
        Load(
            http: router.providers.http, origin: router.origin, perSecond: perSecond, deadline: deadline,
            body: body)
    }

    /// Has every failing provider do so until it is told otherwise. A nil fault: they are healthy again.
    func fail(_ fault: String?, _ more: String = "") async throws {
        try await failing.clearFaults()
        guard let fault else { return }
        for kind in Kind.allCases {
            try await failing.fault(kind.plugin, fault, #""count":1000000"# + (more.isEmpty ? "" : "," + more))
        }
    }

    /// The amounts of all the money that was taken anywhere, in their order: an amount that stands there twice was charged
    /// twice.
    func charged() async throws -> [Int64] {
        try await (failing.charges() + healthy.charges()).map { charge in
            #expect(charge.state == "captured")
            let currency = try #require(Currency(code: charge.currency))
            return try #require(Money(decimal: charge.amount, currency: currency)).minorUnits
        }.sorted()
    }

    /// Every payment as the router has it: status by amount.
    func payments() async throws -> [Int64: String] {
        var statuses: [Int64: String] = [:]
        var cursor = ""
        repeat {
            let page = try await router.send(.GET, "/v1/payments?limit=100" + cursor)
            for payment in try #require(page.json["data"]?.array) {
                statuses[try #require(payment["amount"]?.integer)] = payment["status"]?.string
            }
            cursor = page["next_cursor"].map { "&cursor=" + $0 } ?? ""
        } while !cursor.isEmpty
        return statuses
    }

    private static func yaml(_ failing: Providers, _ healthy: Providers, breaker: String, inquiry: String) -> String {
        func instance(_ kind: Kind, _ name: String, _ url: String, _ settings: String, _ more: String) -> String {
            """
              \(name):
                plugin: \(kind.plugin)
                base_url: "\(url)"
                timeout: 1s
                rate_limit: { requests: 100000, per: 1s }
                settings: { \(settings) }
                \(more)

            """
        }
        let spayon =
            "client_id: sandbox-client, client_secret: sandbox-secret, callback_secret: \(Providers.spayonCallbackSecret)"
        let payalo = "api_key: \(Providers.payaloKey), inquiry_interval: 100ms"
        let main = "api_key: \(Providers.cardsKey), webhook_secret: \(Providers.cardsWebhookSecret)"
        let backup = "api_key: pk_sandbox_backup, webhook_secret: sandbox-paymentgateway-backup-webhook-secret"
        func own(_ kind: Kind) -> String { "http://127.0.0.1:\(failing.ownPorts[kind.plugin] ?? 0)" }
        func common(_ kind: Kind) -> String { "http://127.0.0.1:\(healthy.port)/\(kind.plugin)" }
        return """
            server:
              request_timeout: 10s
              inquiry: [\(inquiry)]
            apps:
              shop:
                api_keys_sha256: ["f5d072715bf986543308d9f187277c2406847cd7bfd33cbc2264fedc284a9992"]
            routes:
              - { name: phone, when: { method: mobile_money }, use: [payalo-ke, payalo-backup] }
              - { name: card, when: { method: card }, use: [cards-main, cards-backup] }
              - { name: page, when: { method: checkout }, use: [spayon-main, spayon-backup] }
            providers:

            """ + instance(.phone, "payalo-ke", own(.phone), payalo, "breaker: { \(breaker) }")
                + instance(.phone, "payalo-backup", common(.phone), payalo, "")
                + instance(.card, "cards-main", own(.card), main, "breaker: { \(breaker) }")
                + instance(.card, "cards-backup", common(.card), backup, "")
                + instance(.page, "spayon-main", own(.page), spayon, "breaker: { \(breaker) }")
                + instance(.page, "spayon-backup", common(.page), spayon, "")
    }
}
