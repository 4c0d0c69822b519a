package import PaymentModel

/// All payments, as far as conditions can tell them apart. Each key of `when` is an axis; its points are the values that the
/// conditions name, what is left over, and 'not given'. So a condition takes whole points, and the payments that routes take
/// are regions that can be cut exactly, without trying payments one by one.
package struct PaymentSpace: Sendable {
    /// Values that no condition tells apart.
    package struct Point: Sendable, Hashable {
        package enum Kind: Sendable { case values, rest, absent }
        package let kind: Kind
        /// Of `values` all of them, of `rest` an example where there is one; the first stands for all.
        package let values: [String]

        static let absent = Point(kind: .absent, values: [])
    }

    /// What a card point is: a brand (or what is left of them) and the longest prefix that a condition names.
    struct Card: Sendable, Hashable {
        let brands: [CardBrand]
        let isRestOfBrands: Bool
        let prefix: String?
        /// First digits of such a card.
        let digits: String
    }

    /// Apps whose payments are alike, but for what conditions say of the apps.
    package struct Apps: Sendable {
        package let names: [String]
        /// Whether it makes a difference that a payment names no country.
        package let hasOpenCountry: Bool

        /// Names the apps.
        package init(names: [String], hasOpenCountry: Bool) {
            self.names = names
            self.hasOpenCountry = hasOpenCountry
        }
    }

    static let (method, currency, country, network, app, amount, capture, card, firstMetadata) =
        (0, 1, 2, 3, 4, 5, 6, 7, 8)

    /// By axis; empty for `amount` and `card`, whose points are below.
    let points: [[Point]]
    let amounts: [ClosedRange<Int64>]
    /// Behind them comes one more point: no card.
    let cards: [Card]
    let metadataKeys: [String]
    /// Which payments there are none of: a card is of `card` alone, a network of mobile money and wallets.
    package private(set) var impossible: [PaymentRegion] = []

    /// The space that these conditions cut.
    ///
    /// - Parameters:
    ///   - apps: Those there are, in groups that are alike but for what conditions name; nil: any, now and later.
    ///   - countries: Further ones that matter.
    ///   - currencies: Further sets that are to be told apart.
    ///   - amounts: Where something changes: the first amount behind each change.
    package init(
        conditions: [RouteCondition], apps: [Apps]? = nil, countries: Set<Country> = [],
        currencies: [Set<Currency>] = [], amounts moreAmounts: Set<Int64> = [], most: Int64
    ) {
        let all = conditions.flatMap(\.withExceptions)
        func named(_ key: (RouteCondition) -> Set<String>?) -> [String] {
            Set(all.flatMap { key($0) ?? [] }).sorted()
        }
        func open(_ names: [String], example: String?) -> [Point] {
            names.map { Point(kind: .values, values: [$0]) } + [Point(kind: .rest, values: example.map { [$0] } ?? [])]
        }
        var points = [[Point]](repeating: [], count: Self.firstMetadata)
        points[Self.method] = PaymentMethod.allCases.map { Point(kind: .values, values: [$0.rawValue]) }
        points[Self.capture] = CaptureMode.allCases.map { Point(kind: .values, values: [$0.rawValue]) }
        // Which networks a provider knows is not declared, and one that is made up nobody knows: so the example leaves open
        // which it is, and a provider that takes any at all can take it.
        points[Self.network] = open(named(\.networks), example: nil) + [.absent]

        let currencyNames = named { $0.currencies.map { Set($0.map(\.code)) } }
        points[Self.currency] = Self.currencyPoints(currencyNames, alike: currencies)
        let countryNames = Set(named { $0.countries.map { Set($0.map(\.code)) } }).union(countries.map(\.code)).sorted()
        let otherCountry = Country.allCodes.filter { !countryNames.contains($0) }.min()
        points[Self.country] = open(countryNames, example: otherCountry) + [.absent]

        let appNames = named(\.apps)
        if let apps {
            points[Self.app] = apps.flatMap { group in
                group.names.filter { appNames.contains($0) }.map { Point(kind: .values, values: [$0]) }
                    + [group.names.filter { !appNames.contains($0) }].filter { !$0.isEmpty }
                    .map { Point(kind: .values, values: $0) }
            }
        } else {
            points[Self.app] = open(appNames, example: nil)
        }

        var starts: Set<Int64> = [1]
        for range in all.compactMap(\.amount) { starts.formUnion([range.lowerBound, range.upperBound + 1]) }
        let sorted = starts.union(moreAmounts).filter { (1...most).contains($0) }.sorted()
        amounts = zip(sorted, sorted.dropFirst() + [most + 1]).map { $0...($1 - 1) }
        cards = Self.cards(
            brands: Set(all.flatMap { $0.cardBrands ?? [] }), prefixes: Set(named(\.cardPrefixes)))

        metadataKeys = Set(all.flatMap(\.metadata.keys)).sorted()
        for key in metadataKeys {
            points.append(open(named { $0.metadata[key] }, example: "another value") + [.absent])
        }
        self.points = points
        impossible = impossibleRegions(apps ?? [])
    }

    /// The named ones, one each, and the others by the sets that they are in.
    private static func currencyPoints(_ names: [String], alike sets: [Set<Currency>]) -> [Point] {
        var groups: [[Bool]: [String]] = [:]
        for code in Currency.allCodes.sorted() where !names.contains(code) {
            guard let currency = Currency(code: code) else { continue }
            groups[sets.map { $0.contains(currency) }, default: []].append(code)
        }
        let rest = sets.map { _ in false }
        let others = groups.filter { $0.key != rest }.map { Point(kind: .values, values: $0.value) }
        return names.map { Point(kind: .values, values: [$0]) }
            + others.sorted { $0.values.lexicographicallyPrecedes($1.values) }
            + (groups[rest].map { [Point(kind: .rest, values: $0)] } ?? [])
    }

    /// Every brand goes by the first four digits, so trying all of them finds every pair of brand and prefix that there is.
    private static func cards(brands: Set<CardBrand>, prefixes: Set<String>) -> [Card] {
        let rest = CardBrand.allCases.filter { !brands.contains($0) }
        guard !brands.isEmpty || !prefixes.isEmpty else {
            return [Card(brands: rest, isRestOfBrands: true, prefix: nil, digits: "4242")]
        }
        let longest = max(4, prefixes.map(\.utf8.count).max() ?? 0)
        var found: [Card] = []
        var seen: Set<[String]> = []
        for digits in prefixes.sorted() + (0..<10_000).map({ String(String($0 + 10_000).dropFirst()) }) {
            let prefix = (1...longest).reversed().lazy.map { String(digits.prefix($0)) }.first(where: prefixes.contains)
            let brand = CardBrand(number: digits)
            // A prefix of less than four digits says little of the brand; the longer ones behind it tell.
            guard digits.utf8.count >= 4 else { continue }
            let isRest = !brands.contains(brand)
            guard seen.insert([isRest ? "" : brand.rawValue, prefix ?? ""]).inserted else { continue }
            found.append(Card(brands: isRest ? rest : [brand], isRestOfBrands: isRest, prefix: prefix, digits: digits))
        }
        return found
    }

    /// How many points each axis has.
    func count(_ axis: Int) -> Int {
        switch axis {
        case Self.amount: amounts.count
        case Self.card: cards.count + 1
        default: points[axis].count
        }
    }

    /// Every point on every axis, those that no payment has included.
    package var everything: PaymentRegion {
        PaymentRegion(axes: points.indices.map { PointSet(below: count($0)) })
    }

    /// The payments that there are, of these apps; nil: of all.
    package func payments(of apps: Apps? = nil) -> [PaymentRegion] {
        var region = everything
        if let apps {
            region.axes[Self.app] = PointSet(below: count(Self.app)) { point in
                points[Self.app][point].values.first.map(apps.names.contains) ?? false
            }
            if region.axes[Self.app].isEmpty { return [] }
        }
        return impossible.reduce([region]) { PaymentTest(region: $1).split($0).outside }
    }

    private func impossibleRegions(_ apps: [Apps]) -> [PaymentRegion] {
        func region(_ sets: (axis: Int, points: PointSet)...) -> PaymentRegion {
            var region = everything
            for (axis, points) in sets { region.axes[axis] = points }
            return region
        }
        func methods(_ methods: PaymentMethod...) -> PointSet {
            PointSet(below: count(Self.method)) { methods.contains(PaymentMethod.allCases[$0]) }
        }
        func absent(_ axis: Int, _ isAbsent: Bool) -> PointSet {
            PointSet(below: count(axis)) { ($0 == count(axis) - 1) == isAbsent }
        }
        var regions = [
            region((Self.method, methods(.card, .checkout)), (Self.network, absent(Self.network, false))),
            region((Self.method, methods(.mobileMoney, .wallet)), (Self.network, absent(Self.network, true))),
            region((Self.method, methods(.card)), (Self.card, absent(Self.card, true))),
            region((Self.method, methods(.mobileMoney, .wallet, .checkout)), (Self.card, absent(Self.card, false))),
        ]
        for group in apps where !group.hasOpenCountry {
            let theirs = PointSet(below: count(Self.app)) { point in
                points[Self.app][point].values.first.map(group.names.contains) ?? false
            }
            regions.append(region((Self.app, theirs), (Self.country, absent(Self.country, true))))
        }
        return regions
    }

    /// A condition in the terms of this space, which was made for it.
    ///
    /// - Parameter defaultCountry: What counts where a payment names none.
    package func test(_ condition: RouteCondition, defaultCountry: Country? = nil) -> PaymentTest {
        var needs: [PaymentTest.Need] = []
        func need(_ axis: Int, _ isIn: (Int) -> Bool) {
            needs.append(.init(axis: axis, points: PointSet(below: count(axis), where: isIn)))
        }
        func need(_ axis: Int, _ wanted: Set<String>?) {
            guard let wanted else { return }
            need(axis) { point in
                let point = points[axis][point]
                return point.kind == .values && (point.values.first.map(wanted.contains) ?? false)
            }
        }
        need(Self.app, condition.apps)
        need(Self.currency, condition.currencies.map { Set($0.map(\.code)) })
        need(Self.method, condition.methods.map { Set($0.map(\.rawValue)) })
        need(Self.network, condition.networks)
        if let countries = condition.countries {
            need(Self.country) { point in
                let point = points[Self.country][point]
                let code = point.kind == .absent ? defaultCountry?.code : point.values.first
                return code.flatMap { Country(code: $0) }.map(countries.contains) ?? false
            }
        }
        if let range = condition.amount { need(Self.amount) { range.contains(amounts[$0].lowerBound) } }
        need(Self.capture, condition.captures.map { Set($0.map(\.rawValue)) })
        if condition.cardBrands != nil || condition.cardPrefixes != nil {
            need(Self.card) { point in
                guard point < cards.count else { return false }
                let card = cards[point]
                return condition.cardBrands.map { !card.isRestOfBrands && $0.isSuperset(of: card.brands) } ?? true
                    && condition.cardPrefixes.map { $0.contains { card.prefix?.hasPrefix($0) ?? false } } ?? true
            }
        }
        for (offset, key) in metadataKeys.enumerated() { need(Self.firstMetadata + offset, condition.metadata[key]) }
        return PaymentTest(
            needs: needs, not: condition.not.map { test($0, defaultCountry: defaultCountry) })
    }
}

extension RouteCondition {
    /// The condition, and what stands in its `not`.
    fileprivate var withExceptions: [RouteCondition] { [self] + not.flatMap(\.withExceptions) }
}
