package import PaymentModel
package import ProviderKit

/// The compiled rules: decides for a payment, and explains the decision. Immutable; a new configuration is a new router.
package struct Router: Sendable {
    package let routes: [Route]
    private let providers: [String: RoutableProvider]

    /// What is known of a provider at the moment of routing.
    package struct ProviderState: Sendable {
        /// Switched off by hand (`/admin/providers/{name}/disable`).
        package var isDisabled: Bool
        /// Payments in a thousand that did not fail for the provider's fault lately; nil without recent data. Asked for
        /// by `highest_success` alone.
        package var successPerMille: @Sendable () -> Int?

        /// Makes a state.
        package init(
            isDisabled: Bool = false, successPerMille: @autoclosure @escaping @Sendable () -> Int? = nil
        ) {
            self.isDisabled = isDisabled
            self.successPerMille = successPerMille
        }
    }

    /// A router of routes whose providers all exist.
    package init(routes: [Route], providers: [String: RoutableProvider]) {
        for route in routes {
            for member in route.use {
                precondition(providers[member.provider] != nil, "a route uses an unknown provider")
            }
        }
        self.routes = routes
        self.providers = providers
    }

    /// The route that decides: the first whose `when` holds.
    package func route(for shape: PaymentShape) -> Route? {
        routes.first { $0.when.mismatch(shape) == nil }
    }

    /// The order of providers for a payment, with those that were left out and why. Nil where no route matches.
    ///
    /// - Parameters:
    ///   - seed: Draws the first of a `weighted` route: the same for the same idempotency key. Nil asks for the heaviest
    ///     (an explanation without a key).
    ///   - state: What is known of a provider now.
    package func plan(
        for shape: PaymentShape, seed: @autoclosure () -> UInt64?,
        state: (String) -> ProviderState = { _ in ProviderState() }
    ) -> RoutePlan? {
        guard let route = route(for: shape) else { return nil }
        var usable: [(member: Route.Member, provider: RoutableProvider, state: ProviderState)] = []
        var leftOut: [RoutePlan.LeftOut] = []
        for member in route.use {
            guard let provider = providers[member.provider] else { continue }
            let state = state(member.provider)
            if let detail = provider.incapability(for: shape) {
                leftOut.append(RoutePlan.LeftOut(provider: member.provider, reason: .notCapable, detail: detail))
            } else if !provider.isEnabled || state.isDisabled {
                leftOut.append(RoutePlan.LeftOut(provider: member.provider, reason: .disabled, detail: nil))
            } else {
                usable.append((member, provider, state))
            }
        }
        switch route.strategy {
        case .priority: break
        case .weighted:
            if let first = Self.draw(usable.map(\.member.weight), seed: seed()) {
                usable.insert(usable.remove(at: first), at: 0)
            }
        case .lowestCost:
            // Without a `fee` nobody knows the cost: last. The sort is stable, so equals keep their written order.
            let costs = usable.map { $0.provider.fee?.fee(for: shape.money) ?? .max }
            usable = usable.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }.map { usable[$0] }
        case .highestSuccess:
            let shares = usable.map { $0.state.successPerMille() ?? 1000 }
            usable = usable.indices.sorted { (-shares[$0], $0) < (-shares[$1], $1) }.map { usable[$0] }
        }
        return RoutePlan(route: route, candidates: usable.map(\.member.provider), leftOut: leftOut)
    }

    /// The decision with its reasons, route by route and provider by provider.
    package func explain(
        _ shape: PaymentShape, seed: UInt64? = nil, state: (String) -> ProviderState = { _ in ProviderState() }
    ) -> RouteExplanation {
        var verdicts: [RouteExplanation.Verdict] = []
        for route in routes {
            if let mismatch = route.when.mismatch(shape) {
                verdicts.append(.init(route: route.name, matched: false, because: mismatch.description(for: shape)))
            } else {
                verdicts.append(.init(route: route.name, matched: true, because: route.when.reason(for: shape)))
                break
            }
        }
        let plan = plan(for: shape, seed: seed, state: state)
        return RouteExplanation(plan: plan, verdicts: verdicts)
    }

    /// An index drawn by weight; the heaviest where there is no seed; nil where nothing can be drawn.
    private static func draw(_ weights: [Int], seed: UInt64?) -> Int? {
        // Wide enough for whatever weights a configuration holds.
        let total = weights.reduce(Int128(0)) { $0 + Int128($1) }
        guard total > 0 else { return nil }
        guard let seed else { return weights.indices.max { (weights[$0], $1) < (weights[$1], $0) } }
        var rest = Int128(seed) % total
        for (index, weight) in weights.enumerated() {
            if rest < weight { return index }
            rest -= Int128(weight)
        }
        return nil
    }
}

/// Which providers a payment goes to, in which order.
package struct RoutePlan: Sendable {
    /// A provider of the route that cannot take the payment.
    package struct LeftOut: Sendable, Hashable {
        package enum Reason: String, Sendable, Hashable {
            case disabled
            case notCapable = "not_capable"
        }

        package let provider: String
        package let reason: Reason
        /// What it cannot do: `currency KES`.
        package let detail: String?
    }

    package let route: Route
    package let candidates: [String]
    package let leftOut: [LeftOut]
}

/// A decision and its reasons, for people and for `POST /v1/routes/explain`.
package struct RouteExplanation: Sendable {
    /// What one route said.
    package struct Verdict: Sendable, Hashable {
        package let route: String
        package let matched: Bool
        /// In words: `currency is USD`.
        package let because: String
    }

    /// Nil where no route matched.
    package let plan: RoutePlan?
    /// In the order of the configuration, up to the route that decided.
    package let verdicts: [Verdict]

    /// Why the route decided, or why none did.
    package var reason: String {
        guard plan != nil, let last = verdicts.last else {
            return verdicts.isEmpty ? "there are no routes" : "no route matches"
        }
        return last.because
    }
}

extension Router {
    /// The methods that the routes can serve for an app, with the networks that routes name for them. What is nil does
    /// not choose. `isServing`: whether a provider takes payments now.
    ///
    /// A route that decides for all such payments hides those behind it: they would never be asked.
    package func servableMethods(
        app: String, amount: Int64?, currency: Currency?, country: Country?, isServing: (String) -> Bool
    ) -> [(method: PaymentMethod, networks: [String])] {
        var found: [(method: PaymentMethod, networks: [String])] = []
        for method in PaymentMethod.allCases {
            let prospect = RouteCondition.Prospect(
                app: app, method: method, amount: amount, currency: currency, country: country)
            var isServed = false
            var networks: Set<String> = []
            for route in routes {
                let when = route.when
                let holds = when.holds(for: prospect)
                if holds == false { continue }
                let currencies = currency.map { [$0] } ?? Array(when.currencies ?? [])
                let serves = route.use.contains { member in
                    guard let provider = providers[member.provider], provider.isEnabled, isServing(member.provider)
                    else {
                        return false
                    }
                    guard provider.canServe(method, currencies: currencies) else { return false }
                    guard let amount, let currency else { return true }
                    let shape = PaymentShape(
                        app: app, money: Money(minorUnits: amount, currency: currency), method: method,
                        country: country)
                    return provider.adapter.incapability(for: shape) == nil
                }
                if serves {
                    isServed = true
                    networks.formUnion(when.networks ?? [])
                }
                if holds == true { break }
            }
            if isServed { found.append((method, networks.sorted())) }
        }
        return found
    }
}
