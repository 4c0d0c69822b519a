import PaymentEngine
import PaymentModel
import ProviderKit
package import Routing

/// What the rules decide for a kind of payment: a route and, of its providers, those that can take such payments. A draw and
/// an order by health or cost are compared by what they are made of.
package struct RoutingDecision: Sendable {
    /// Nil: no route takes them.
    package let route: String?
    package let strategy: Route.Strategy?
    /// As written, without those that cannot and those that are disabled; with its weight where one is drawn.
    package let providers: [String]
    /// The same for comparing: weights that mean the same are the same.
    private let shares: [Share]
    /// In the order of the contract.
    package let failoverOn: [Route.Failover]
    /// Of `lowest_cost` alone, by provider.
    private let fees: [ProviderFee?]

    /// Of the draws, in the lowest terms of the route; 0 for all where nothing is drawn.
    private struct Share: Hashable {
        let provider: String
        var parts: Int
    }

    /// Whether the payments take the same way under another name of the route at most.
    package func goes(like other: RoutingDecision) -> Bool {
        (strategy, shares, failoverOn, fees) == (other.strategy, other.shares, other.failoverOn, other.fees)
            && (route == nil) == (other.route == nil)
    }

    fileprivate init(
        _ route: Route?, provider: (String) -> ProviderConfiguration?, isTaken: (ProviderConfiguration) -> Bool
    ) {
        var providers: [String] = []
        var shares: [Share] = []
        var fees: [ProviderFee?] = []
        let isDrawn = route?.strategy == .weighted
        for member in route?.use ?? [] {
            guard let provider = provider(member.provider), isTaken(provider) else { continue }
            providers.append(isDrawn ? "\(member.provider) \(member.weight)" : member.provider)
            shares.append(Share(provider: member.provider, parts: isDrawn ? member.weight : 0))
            if route?.strategy == .lowestCost { fees.append(provider.fee) }
        }
        let unit = shares.reduce(0) { Self.greatestCommonDivisor($0, $1.parts) }
        if unit > 0 {
            for index in shares.indices { shares[index].parts /= unit }
        } else if isDrawn, !shares.isEmpty {
            // Where none of them can be drawn the first comes first.
            shares[0].parts = 1
        }
        (self.route, strategy, self.providers, self.shares, self.fees) =
            (route?.name, route?.strategy, providers, shares, fees)
        failoverOn = Route.Failover.allCases.filter { route?.failoverOn.contains($0) ?? false }
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestCommonDivisor(second, first % second)
    }
}

/// By what is done, not by how weights are written.
extension RoutingDecision: Hashable {
    package static func == (left: RoutingDecision, right: RoutingDecision) -> Bool {
        left.route == right.route && left.goes(like: right)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(route)
        hasher.combine(shares)
    }
}

/// Kinds of payment that two configurations decide differently, in one way.
package struct RoutingChange: Sendable {
    package let before: RoutingDecision
    package let after: RoutingDecision
    /// Which payments, in words; together they are all that change in this way. Empty where only a case of `expect` does,
    /// which says less of a payment than every payment has.
    package let kinds: [String]
    /// Cases of `expect`, of either configuration, of such payments.
    package let cases: [SourcePosition]
}

/// What becomes of every kind of payment under other rules. Payments are not tried one by one: both sets of rules cut the
/// space of all payments into regions, and each region has one decision before and one after.
struct RoutingComparison {
    /// Pieces that the rules may fall into, and cells in which abilities are asked for; beyond them something is left out.
    private static let mostPieces = 20_000
    private var cellsLeft = 100_000

    private let old: EngineConfiguration
    private let new: EngineConfiguration
    let space: PaymentSpace
    private let groups: [(apps: PaymentSpace.Apps, before: Country?, after: Country?)]
    /// A bound was met: there may be more changes than those that are listed.
    private(set) var isCut = false
    private(set) var changes: [RoutingChange] = []
    /// Which payments change in which way, each payment in one region at most. Where nobody can take such payments before or
    /// after there is nothing to tell.
    private(set) var regions: [Ways: [PaymentRegion]] = [:]

    struct Ways: Hashable {
        let before: RoutingDecision
        let after: RoutingDecision
    }

    init(old: LoadedConfiguration, new: LoadedConfiguration) {
        (self.old, self.new) = (old.configuration, new.configuration)
        groups = Self.groups(self.old, self.new)
        let routes = self.old.router.routes + self.new.router.routes
        let providers = Array(self.old.providers.values) + Array(self.new.providers.values)
        let currencies = providers.compactMap { type(of: $0.adapter).declaration.currencies }
        space = PaymentSpace(
            conditions: routes.map(\.when), apps: groups.map(\.apps),
            countries: Set(groups.flatMap { [$0.before, $0.after].compactMap(\.self) }),
            currencies: Array(Set(currencies)).sorted {
                $0.map(\.code).sorted().lexicographicallyPrecedes($1.map(\.code).sorted())
            },
            amounts: Set(providers.flatMap { AmountSteps(provider: $0.routable, routes: routes).starts }),
            most: Int64(Limits.amounts.upperBound))
        for group in groups { compare(group) }
        let cases = self.cases(old.expectations, new.expectations)
        changes = Set(regions.keys).union(cases.keys).sorted(by: isInOrder).map { ways in
            RoutingChange(
                before: ways.before, after: ways.after, kinds: space.descriptions(of: regions[ways] ?? []),
                cases: cases[ways] ?? [])
        }
    }

    /// The cases of both whose decision changes; one that stands in both is named where it stands now.
    private func cases(_ old: [Expectation], _ new: [Expectation]) -> [Ways: [SourcePosition]] {
        func key(_ shape: PaymentShape) -> [String] {
            let card = [shape.cardBrand?.rawValue, shape.cardPrefix].map { $0 ?? "" }
            return [
                shape.app, "\(shape.money.minorUnits)", shape.money.currency.code, shape.method.rawValue,
                shape.network ?? "", shape.country?.code ?? "", shape.capture.rawValue,
            ] + card + shape.metadata.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        }
        let standing = Set(new.map { key($0.shape) })
        var cases: [Ways: [SourcePosition]] = [:]
        for expectation in old.filter({ !standing.contains(key($0.shape)) }) + new {
            let shape = expectation.shape
            guard self.old.apps[shape.app] != nil, self.new.apps[shape.app] != nil else { continue }
            let ways = Ways(before: decision(of: self.old, for: shape), after: decision(of: self.new, for: shape))
            if ways.before != ways.after { cases[ways, default: []].append(expectation.position) }
        }
        return cases
    }

    /// The apps of both, by the countries that count for payments that name none.
    private static func groups(
        _ old: EngineConfiguration, _ new: EngineConfiguration
    ) -> [(apps: PaymentSpace.Apps, before: Country?, after: Country?)] {
        struct Countries: Hashable {
            let before: Country?
            let after: Country?
        }
        var names: [Countries: [String]] = [:]
        for name in old.apps.keys.sorted() {
            guard let before = old.apps[name], let after = new.apps[name] else { continue }
            names[Countries(before: before.country, after: after.country), default: []].append(name)
        }
        return names.sorted { $0.value.lexicographicallyPrecedes($1.value) }.map { countries, names in
            // With one and the same default a payment that names none is a payment of that country.
            let hasOpenCountry = countries.before == nil || countries.before != countries.after
            return (.init(names: names, hasOpenCountry: hasOpenCountry), countries.before, countries.after)
        }
    }

    private mutating func compare(_ group: (apps: PaymentSpace.Apps, before: Country?, after: Country?)) {
        struct Routes: Hashable {
            let before: Int?
            let after: Int?
        }
        var pieces: [Routes: [PaymentRegion]] = [:]
        let tests = new.router.routes.map { space.test($0.when, defaultCountry: group.after) }
        let before = parts(
            of: space.payments(of: group.apps),
            by: old.router.routes.map { space.test($0.when, defaultCountry: group.before) })
        for (route, part) in before {
            for (other, piece) in parts(of: PaymentRegion.merged(part), by: tests) {
                pieces[Routes(before: route, after: other), default: []] += piece
            }
        }
        func order(_ routes: Routes) -> (Int, Int) { (routes.before ?? .max, routes.after ?? .max) }
        for (routes, piece) in pieces.sorted(by: { order($0.key) < order($1.key) }) {
            let (before, after) = (
                routes.before.map { old.router.routes[$0] }, routes.after.map { new.router.routes[$0] }
            )
            if before == nil, after == nil { continue }
            // A payment that names no country is not the same one under another default.
            let isAlike = group.before == group.after && areAlike(before, after)
            if isAlike, before?.name == after?.name { continue }
            for region in PaymentRegion.merged(piece) {
                if isAlike {
                    let ways = Ways(before: written(before, in: old), after: written(after, in: new))
                    regions[ways, default: []].append(region)
                } else {
                    compareAbilities(region, before, after, group.before, group.after)
                }
            }
        }
    }

    /// Which part of the regions each route takes, the first that does; nil: none of them.
    private mutating func parts(
        of regions: [PaymentRegion], by tests: [PaymentTest]
    ) -> [(route: Int?, regions: [PaymentRegion])] {
        var rest = regions
        var parts: [(route: Int?, regions: [PaymentRegion])] = []
        for (index, test) in tests.enumerated() {
            guard !rest.isEmpty else { break }
            let (inside, outside) = test.split(rest)
            if !inside.isEmpty { parts.append((index, inside)) }
            rest = outside.count > 64 ? PaymentRegion.merged(outside) : outside
            if rest.count > Self.mostPieces {
                isCut = true
                return parts
            }
        }
        if !rest.isEmpty { parts.append((nil, rest)) }
        return parts
    }

    /// Where what providers can do decides, as far as they differ from point to point.
    private mutating func compareAbilities(
        _ region: PaymentRegion, _ before: Route?, _ after: Route?, _ countryBefore: Country?, _ countryAfter: Country?
    ) {
        guard let cells = space.cells(of: region, on: PaymentSpace.abilityAxes, limit: cellsLeft) else {
            isCut = true
            let ways = Ways(before: written(before, in: old), after: written(after, in: new))
            if ways.before != ways.after { regions[ways, default: []].append(region) }
            return
        }
        cellsLeft -= cells.count
        var found: [Ways: [PaymentRegion]] = [:]
        for cell in cells {
            guard let given = space.example(of: cell, defaultCountry: countryBefore),
                let later = space.example(of: cell, defaultCountry: countryAfter)
            else { continue }
            let ways = Ways(before: decision(before, in: old, for: given), after: decision(after, in: new, for: later))
            let isTaken = !ways.before.providers.isEmpty || !ways.after.providers.isEmpty
            if isTaken, ways.before != ways.after { found[ways, default: []].append(cell) }
        }
        for (ways, cells) in found { regions[ways, default: []] += PaymentRegion.merged(cells) }
    }

    /// Whether two routes do the same with every payment.
    private func areAlike(_ before: Route?, _ after: Route?) -> Bool {
        guard let before, let after else { return before == nil && after == nil }
        guard written(before, in: old).goes(like: written(after, in: new)) else { return false }
        return before.use.allSatisfy { member in
            guard let was = old.providers[member.provider], let now = new.providers[member.provider] else {
                return false
            }
            return was.account == now.account && was.isEnabled == now.isEnabled
        }
    }

    /// A route's decision for payments that all of its providers can take.
    private func written(_ route: Route?, in configuration: EngineConfiguration) -> RoutingDecision {
        RoutingDecision(route) {
            configuration.providers[$0]
        } isTaken: {
            $0.isEnabled
        }
    }

    private func decision(
        _ route: Route?, in configuration: EngineConfiguration, for shape: PaymentShape
    ) -> RoutingDecision {
        RoutingDecision(route) {
            configuration.providers[$0]
        } isTaken: {
            $0.isEnabled && $0.routable.incapability(for: shape) == nil
        }
    }

    private func decision(of configuration: EngineConfiguration, for shape: PaymentShape) -> RoutingDecision {
        decision(configuration.router.route(for: shape), in: configuration, for: shape)
    }

    /// By the routes' order, the old ones first.
    private func isInOrder(_ left: Ways, _ right: Ways) -> Bool {
        func place(_ name: String?, _ configuration: EngineConfiguration) -> Int {
            configuration.router.routes.firstIndex { $0.name == name } ?? .max
        }
        func key(_ ways: Ways) -> (Int, Int, String) {
            (
                place(ways.before.route, old), place(ways.after.route, new),
                (ways.before.providers + [">"] + ways.after.providers).joined(separator: ",")
            )
        }
        return key(left) < key(right)
    }
}

/// The amounts from which on a provider can do what it could not below, or no more what it could.
private struct AmountSteps {
    private(set) var starts: Set<Int64> = []

    /// Asks at both ends, and where they differ seeks the step between them.
    init(provider: RoutableProvider, routes: [Route]) {
        let declaration = type(of: provider.adapter).declaration
        let named = routes.compactMap(\.when.currencies).reduce(into: Set<Currency>()) { $0.formUnion($1) }
        let usual = ["KES", "USD", "JPY", "KWD"].compactMap(Currency.init(code:))
        let country = Country(code: "KE")
        for method in declaration.methods {
            for currency in declaration.currencies ?? named.union(usual) {
                func can(_ amount: Int64) -> Bool {
                    let shape = PaymentShape(
                        app: "", money: Money(minorUnits: amount, currency: currency), method: method, country: country)
                    return provider.incapability(for: shape) == nil
                }
                var (low, high) = (Int64(Limits.amounts.lowerBound), Int64(Limits.amounts.upperBound))
                let isAbleBelow = can(low)
                guard isAbleBelow != can(high) else { continue }
                while high - low > 1 {
                    let middle = low + (high - low) / 2
                    if can(middle) == isAbleBelow { low = middle } else { high = middle }
                }
                starts.insert(high)
            }
        }
    }
}
