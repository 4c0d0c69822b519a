import PaymentEngine
import PaymentModel
import ProviderKit
import Routing

/// Warns of what in the routes works and is probably not meant.
struct RouteChecks {
    /// Payments that are tried on the providers of one route, at most.
    private static let mostSamples = 20_000

    let faults: FaultLog
    let routes: [RouteDraft]
    /// By name.
    let providers: [String: ProviderConfiguration]
    /// Where each stands.
    let positions: [String: SourcePosition]

    func run() {
        for index in routes.indices { checkReach(index) }
        for draft in routes { checkCapability(draft) }
        checkUse()
    }

    /// A route that can never match.
    private func checkReach(_ index: Int) {
        let draft = routes[index]
        let when = draft.route.when
        if when.isImpossible {
            faults.warning(
                at: draft.position, "route '\(draft.route.name)' can never match: its conditions contradict each other")
            return
        }
        let earlier = routes[..<index]
        if let covering = earlier.first(where: { $0.route.when.covers(when) }) {
            faults.warning(
                at: draft.position,
                "route '\(draft.route.name)' can never match: "
                    + "'\(covering.route.name)' before it takes all that it takes"
            )
        } else if !earlier.isEmpty,
            when.parts(limit: 256).allSatisfy({ part in
                part.isImpossible || earlier.contains { $0.route.when.covers(part) }
            })
        {
            faults.warning(
                at: draft.position,
                "route '\(draft.route.name)' can never match: the routes before it together take all that it takes")
        }
    }

    /// A route none of whose providers can do any payment that it takes.
    private func checkCapability(_ draft: RouteDraft) {
        let members = draft.route.use.compactMap { providers[$0.provider] }
        guard members.count == draft.route.use.count, !draft.route.when.isImpossible else { return }
        if members.allSatisfy({ !$0.isEnabled }) {
            faults.warning(at: draft.use, "all providers of route '\(draft.route.name)' are disabled")
        } else if !members.contains(where: { canDoSome(of: draft.route.when, $0.routable) }) {
            faults.warning(
                at: draft.use, "no provider of route '\(draft.route.name)' can do a payment that it takes")
        }
    }

    private func checkUse() {
        let used = Set(routes.flatMap { $0.route.use.map(\.provider) })
        for provider in providers.values where provider.isEnabled && !used.contains(provider.name) {
            guard let position = positions[provider.name] else { continue }
            faults.warning(at: position, "no route uses provider '\(provider.name)'")
        }
    }

    /// Whether the provider can do some payment that the condition takes, as far as samples tell. True where that
    /// cannot be told.
    private func canDoSome(of when: RouteCondition, _ provider: RoutableProvider) -> Bool {
        let declaration = type(of: provider.adapter).declaration
        let currencies = when.currencies ?? declaration.currencies ?? Set(Currency.allCodes.compactMap(Currency.init))
        let countries: [Country?] =
            when.countries.map { $0.map(Optional.some) } ?? [nil] + Country.allCodes.map { Country(code: $0) }
        let captures = when.captures ?? Set(CaptureMode.allCases)
        let amounts: [Int64] = when.amount.map { [$0.lowerBound, $0.upperBound] } ?? [1, 1000, 100_000, 10_000_000]
        let networks: [String?] = when.networks.map { $0.map(Optional.some) } ?? [nil]
        var left = Self.mostSamples
        for method in when.possibleMethods where declaration.methods.contains(method) {
            // Which networks a provider knows is not declared: without one in the condition nothing can be told.
            if (method == .mobileMoney || method == .wallet) && when.networks == nil {
                return hasCurrency(when, declaration)
            }
            for (currency, country) in pairs(currencies, countries) {
                for network in networks {
                    for (capture, amount) in pairs(captures, amounts) {
                        left -= 1
                        if left < 0 { return true }
                        let shape = PaymentShape(
                            app: when.apps?.first ?? "", money: Money(minorUnits: amount, currency: currency),
                            method: method, network: network, country: country, capture: capture,
                            cardBrand: when.cardBrands?.first, cardPrefix: when.cardPrefixes?.first)
                        if provider.incapability(for: shape) == nil { return true }
                    }
                }
            }
        }
        return false
    }

    private func hasCurrency(_ when: RouteCondition, _ declaration: ProviderDeclaration) -> Bool {
        guard let wanted = when.currencies, let offered = declaration.currencies else { return true }
        return !wanted.isDisjoint(with: offered)
    }

    private func pairs<First, Second>(
        _ first: some Sequence<First>, _ second: some Collection<Second>
    ) -> some Sequence<(First, Second)> {
        first.lazy.flatMap { left in second.lazy.map { (left, $0) } }
    }
}
