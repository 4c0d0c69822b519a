import PaymentEngine
import PaymentModel
import ProviderKit
import Routing

/// Warns of what in the routes works and is probably not meant. Only what is certain is told.
struct RouteChecks {
    /// Payments that are tried on a provider of a route, at most.
    private static let mostSamples = 20_000
    /// Pieces that one route may be cut into by those before it; beyond them nothing is said of it.
    private static let mostPieces = 2000

    let faults: FaultLog
    let routes: [RouteDraft]
    /// By name.
    let providers: [String: ProviderConfiguration]
    /// Where each stands.
    let positions: [String: SourcePosition]

    func run() {
        let dead = checkReach()
        for (index, draft) in routes.enumerated() where !dead.contains(index) { checkCapability(draft) }
        checkUse()
    }

    /// Routes that can never match; returns which.
    private func checkReach() -> Set<Int> {
        // Apps come and go in other files: a rule for all of today's is none for everybody.
        let space = PaymentSpace(conditions: routes.map(\.route.when), most: Int64(Limits.amounts.upperBound))
        let payments = space.payments()
        let tests = routes.map { space.test($0.route.when) }
        var dead: Set<Int> = []
        for (index, draft) in routes.enumerated() {
            let taken = tests[index].split(payments).inside
            if taken.isEmpty {
                dead.insert(index)
                faults.warning(
                    at: draft.position,
                    "route '\(draft.route.name)' can never match: its conditions contradict each other")
                continue
            }
            guard let before = covering(taken, tests[..<index]) else { continue }
            dead.insert(index)
            let names = before.map { "'\(routes[$0].route.name)'" }
            let others = names.count > 4 ? ["\(names.count - 3) more"] : []
            let list = (names.count > 4 ? Array(names.prefix(3)) + others : names).joined(separator: ", ")
            faults.warning(
                at: draft.position,
                "route '\(draft.route.name)' can never match: "
                    + (names.count == 1
                        ? "\(list) before it takes all that it takes"
                        : "the routes before it together take all that it takes: \(list)"))
        }
        return dead
    }

    /// The earlier routes that leave nothing of these payments: one that does so alone where there is one. Nil where something
    /// is left, or nobody knows.
    private func covering(_ taken: [PaymentRegion], _ earlier: ArraySlice<PaymentTest>) -> [Int]? {
        if let one = earlier.indices.first(where: { earlier[$0].split(taken).outside.isEmpty }) { return [one] }
        var rest = taken
        var takers: [Int] = []
        for index in earlier.indices {
            let (inside, outside) = earlier[index].split(rest)
            if !inside.isEmpty { takers.append(index) }
            rest = outside.count > 64 ? PaymentRegion.merged(outside) : outside
            if rest.isEmpty { return takers }
            if rest.count > Self.mostPieces { return nil }
        }
        return nil
    }

    /// A route none of whose providers can do any payment that it takes, or one of whose providers never can.
    private func checkCapability(_ draft: RouteDraft) {
        let members = draft.route.use.compactMap { providers[$0.provider] }
        guard members.count == draft.route.use.count, members.count == draft.members.count else { return }
        if members.allSatisfy({ !$0.isEnabled }) {
            faults.warning(at: draft.use, "all providers of route '\(draft.route.name)' are disabled")
            return
        }
        let isAble = members.map { canDoSome(of: draft.route.when, $0.routable) }
        guard isAble.contains(true) else {
            faults.warning(at: draft.use, "no provider of route '\(draft.route.name)' can do a payment that it takes")
            return
        }
        for (index, provider) in members.enumerated() where !isAble[index] {
            faults.warning(
                at: draft.members[index],
                "provider '\(provider.name)' can do no payment that route '\(draft.route.name)' takes")
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
        let (least, most) = (when.amount?.lowerBound ?? 1, when.amount?.upperBound ?? Int64(Limits.amounts.upperBound))
        let amounts = [least, most] + [1000, 100_000, 10_000_000].filter { (least...most).contains($0) }
        let networks: [String?] = when.networks.map { $0.map(Optional.some) } ?? [nil]
        var left = Self.mostSamples
        for method in possibleMethods(of: when) where declaration.methods.contains(method) {
            // Which networks a provider knows is not declared: without one in the condition nothing can be told.
            if (method == .mobileMoney || method == .wallet) && when.networks == nil {
                return hasCurrency(when, declaration)
            }
            // Nor which cards.
            if method == .card, when.cardBrands != nil || when.cardPrefixes != nil, hasCurrency(when, declaration) {
                return true
            }
            for (currency, country) in pairs(currencies, countries) {
                for network in networks {
                    for (capture, amount) in pairs(captures, amounts) {
                        left -= 1
                        if left < 0 { return true }
                        let shape = PaymentShape(
                            app: when.apps?.first ?? "", money: Money(minorUnits: amount, currency: currency),
                            method: method, network: network, country: country, capture: capture)
                        if provider.incapability(for: shape) == nil { return true }
                    }
                }
            }
        }
        return false
    }

    /// The methods that a payment taken by this can have: a card is of `card` alone, a network of mobile money and wallets.
    private func possibleMethods(of when: RouteCondition) -> Set<PaymentMethod> {
        var possible = when.methods ?? Set(PaymentMethod.allCases)
        if when.cardBrands != nil || when.cardPrefixes != nil { possible.formIntersection([.card]) }
        if when.networks != nil { possible.formIntersection([.mobileMoney, .wallet]) }
        return possible
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
