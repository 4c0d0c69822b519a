package import PaymentModel
package import ProviderKit

/// A rule: which payments, which providers, in which order.
package struct Route: Sendable, Hashable {
    /// How the order of the providers is made.
    package enum Strategy: String, Sendable, Hashable, CaseIterable {
        /// As written.
        case priority
        /// The first is drawn by weight; the rest keep their order behind it.
        case weighted
        /// By the fee for this amount, the lowest first.
        case lowestCost = "lowest_cost"
        /// By the recent share of payments that did not fail for the provider's fault.
        case highestSuccess = "highest_success"
    }

    /// What lets a payment go on to the next provider.
    package enum Failover: String, Sendable, Hashable, CaseIterable {
        case unavailable
        case rateLimited = "rate_limited"
        /// Soft declines only.
        case declined
    }

    /// A provider of the route.
    package struct Member: Sendable, Hashable {
        package let provider: String
        /// For `weighted`; 0 is never drawn first.
        package let weight: Int

        /// Makes a member.
        package init(provider: String, weight: Int = 1) {
            precondition(weight >= 0, "weights are not negative")
            self.provider = provider
            self.weight = weight
        }
    }

    package let name: String
    package let when: RouteCondition
    package let strategy: Strategy
    package let use: [Member]
    package let failoverOn: Set<Failover>

    /// Makes a route.
    package init(
        name: String, when: RouteCondition, strategy: Strategy = .priority, use: [Member],
        failoverOn: Set<Failover> = [.unavailable, .rateLimited]
    ) {
        self.name = name
        self.when = when
        self.strategy = strategy
        self.use = use
        self.failoverOn = failoverOn
    }
}

/// What a provider takes for a payment (`fee`).
package struct ProviderFee: Sendable, Hashable {
    /// The percentage in millionths of the amount: 1.5 % is 15,000.
    package let millionths: Int64
    /// Per payment, in minor units of the currency.
    package let fixed: [Currency: Int64]

    /// Makes a fee.
    package init(millionths: Int64, fixed: [Currency: Int64] = [:]) {
        self.millionths = millionths
        self.fixed = fixed
    }

    /// The fee of an amount in minor units, rounded up.
    package func fee(for money: Money) -> Int64 {
        let share = (Int128(money.minorUnits) * Int128(millionths) + 999_999) / 1_000_000
        return Int64(clamping: share + Int128(fixed[money.currency] ?? 0))
    }
}

/// A provider instance as routing sees it: what it can do, whether it is switched on, what it takes.
package struct RoutableProvider: Sendable {
    package let name: String
    package let adapter: any ProviderAdapter
    /// `enabled` of the configuration.
    package let isEnabled: Bool
    package let fee: ProviderFee?
    private let methods: Set<PaymentMethod>
    private let currencies: Set<Currency>?

    /// Wraps an instance.
    package init(name: String, adapter: any ProviderAdapter, isEnabled: Bool = true, fee: ProviderFee? = nil) {
        self.name = name
        self.adapter = adapter
        self.isEnabled = isEnabled
        self.fee = fee
        let declaration = type(of: adapter).declaration
        methods = declaration.methods
        currencies = declaration.currencies
    }

    /// Why the provider cannot take such a payment: `currency KES`; nil where it can.
    package func incapability(for shape: PaymentShape) -> String? {
        if !methods.contains(shape.method) { return "method \(shape.method.rawValue)" }
        if let currencies, !currencies.contains(shape.money.currency) { return "currency \(shape.money.currency)" }
        return adapter.incapability(for: shape)
    }

    /// Whether the plugin declares the method, and one of the currencies where it declares any.
    func canServe(_ method: PaymentMethod, currencies: [Currency]) -> Bool {
        guard methods.contains(method) else { return false }
        guard let known = self.currencies, !currencies.isEmpty else { return true }
        return currencies.contains(where: known.contains)
    }
}
