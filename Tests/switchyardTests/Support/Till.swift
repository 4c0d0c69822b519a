import NIOHTTP1
import PaymentModel
import StrictJSON
import Testing

/// An app that takes 10,000 minor units through one provider, its customer, and somebody at the provider's own panel.
struct Till: Sendable {
    let router: Router
    let row: ProviderRow
    let currency: String

    var providers: Providers { router.providers }
    var isCard: Bool { row.method == "card" }

    /// Makes a payment; it must be taken by this row's provider.
    func pay(_ key: String = "k-1", capture: String = "automatic") async throws -> Answered {
        let answer = try await router.pay(key, row.body(currency, capture: capture))
        try #require(answer.status == 201, "\(answer.text)")
        #expect(answer["provider"] == row.instance)
        #expect(answer["method"] == row.method)
        #expect(answer["currency"] == currency)
        return answer
    }

    /// What the customer does; the id is what the browser component would tell the app.
    @discardableResult
    func customer(_ outcome: String, _ payment: Answered) async throws -> String? {
        try await providers.settle(row.plugin, payment["provider_reference"], outcome)
    }

    /// A payment whose money is taken, told by the provider. Its id.
    func captured(_ key: String = "k-1") async throws -> String {
        let payment = try await pay(key)
        if !isCard { try await customer("success", payment) }
        return try await settled(payment, "captured")
    }

    /// A payment whose money is held, told by the provider. Its id.
    func held(_ key: String = "k-1") async throws -> String {
        let payment = try await pay(key, capture: "manual")
        if !isCard { try await customer("success", payment) }
        return try await settled(payment, "authorized")
    }

    /// The payment's id, once it has that status and the provider's id of it is known.
    private func settled(_ payment: Answered, _ status: String) async throws -> String {
        try await eventually("payment is \(status), with its provider's id") {
            let answer = try await router.payment(payment["id"])
            let isKnown = isCard || answer["provider_reference"] != payment["provider_reference"]
            return answer["status"] == status && isKnown ? answer["id"] : nil
        }
    }

    /// From now on no callback comes.
    func dropCallbacks() async throws {
        try await providers.fault(row.plugin, "drop_callback", #""count":1000"#)
    }

    /// Captures a held card payment at the provider, past the router.
    func captureInPanel(_ payment: Answered) async throws {
        let id = try #require(payment["provider_reference"])
        let answer = try await providers.http.answer(
            .POST, "http://127.0.0.1:\(providers.port)/paymentgateway/api/v1/payments/\(id)/capture",
            ["x-api-key": Providers.cardsKey, "content-type": "application/json"], Array(#"{"amount":10000}"#.utf8))
        try #require(answer.status == 200, "\(answer.text)")
    }

    /// Opens AlyaPay's page with the token that the app handed to the browser: its transaction begins.
    ///
    /// - Returns: The transaction's id.
    func openComponent(_ payment: Answered) async throws -> String {
        let token = try #require(payment.json["next_action"]?["token"]?.string)
        let page = try await providers.http.answer(
            .GET, "http://127.0.0.1:\(providers.port)/alyapay/pay?session_token=\(token)", [:])
        try #require(page.status == 200, "\(page.text)")
        // The one UUID on the page.
        let id = page.text.firstMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/)
        return String(try #require(id).output.0)
    }

    /// How often the provider was asked; its hosted pages are the customer's.
    func questions() async throws -> Int {
        try await providers.received(row.plugin).count { $0.method == "GET" && !$0.path.hasPrefix("/pay") }
    }

    /// The provider took the amount once, in this currency, and what became of it.
    func expectCharge(_ state: String, of minorUnits: Int64 = 10_000, refunds: [Int64] = []) async throws {
        let currency = try #require(Currency(code: currency))
        func minor(_ text: String) -> Int64? { Money(decimal: text, currency: currency)?.minorUnits }
        let charges = try await providers.charges()
        #expect(charges.count == 1)
        let charge = try #require(charges.first)
        #expect(charge.provider == row.plugin)
        #expect(charge.currency == currency.code)
        #expect(minor(charge.amount) == minorUnits)
        #expect(charge.state == state)
        #expect(charge.refunds.compactMap(minor) == refunds)
    }

    /// Runs `body` at a till of the shipped configuration, with simulated providers of its own.
    static func open(
        _ row: ProviderRow, _ currency: String, _ body: @Sendable (Till) async throws -> Void
    ) async throws {
        try await endToEnd(.picking) { router in try await body(Till(router: router, row: row, currency: currency)) }
    }
}
