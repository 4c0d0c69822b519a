package import PaymentModel
package import ProviderKit

extension PaymentSpace {
    /// Regions in as few and as general words as is true: `method checkout, currency EUR or MAD`. Those that are described may
    /// overlap; together they hold exactly the payments of `regions`.
    package func descriptions(of regions: [PaymentRegion]) -> [String] {
        general(PaymentRegion.merged(regions)).map(description)
    }

    /// The regions, each grown on each axis as far as the others and what no payment is reach; without those that the others
    /// hold then.
    func general(_ regions: [PaymentRegion]) -> [PaymentRegion] {
        // Growing compares all with all; so many lines nobody reads.
        guard regions.count <= 60 else { return regions }
        let none = impossible.map(PaymentTest.init(region:))
        let covered = regions.map(PaymentTest.init(region:)) + none
        var grown = regions.map { region in
            var region = region
            // What people think of last goes first.
            for axis in region.axes.indices.reversed() {
                let more = PointSet(below: count(axis)) { point in
                    if region.axes[axis].contains(point) { return true }
                    var wider = region
                    wider.axes[axis] = PointSet(below: count(axis)) { $0 == point }
                    return wider.isCovered(by: covered)
                }
                region.axes[axis] = more
            }
            return region
        }
        grown = PaymentRegion.merged(grown)
        for region in grown.sorted(by: { size($0) < size($1) }) {
            let others = grown.filter { $0 != region }
            if region.isCovered(by: others.map(PaymentTest.init(region:)) + none) { grown = others }
        }
        return grown
    }

    private func size(_ region: PaymentRegion) -> Double { region.axes.reduce(1) { $0 * Double($1.count) } }

    private func description(_ region: PaymentRegion) -> String {
        var words: [String] = []
        for axis in region.axes.indices where region.axes[axis].count < count(axis) {
            let set = possible(region, on: axis)
            switch axis {
            case Self.amount: words.append("amount " + amountText(set))
            case Self.card: words.append(cardText(set))
            default: words.append("\(name(axis)) \(valuesText(set, axis))")
            }
        }
        return words.isEmpty ? "every payment" : words.joined(separator: ", ")
    }

    /// The points of an axis that some payment of the region has.
    private func possible(_ region: PaymentRegion, on axis: Int) -> PointSet {
        let none = impossible.map(PaymentTest.init(region:))
        return PointSet(below: count(axis)) { point in
            guard region.axes[axis].contains(point) else { return false }
            var part = region
            part.axes[axis] = PointSet(below: count(axis)) { $0 == point }
            return !part.isCovered(by: none)
        }
    }

    private func name(_ axis: Int) -> String {
        axis < Self.firstMetadata
            ? ["method", "currency", "country", "network", "app", "amount", "capture", "card"][axis]
            : "metadata." + metadataKeys[axis - Self.firstMetadata]
    }

    /// `KES or UGX`, or `not KES` where what is left over is among them.
    private func valuesText(_ set: PointSet, _ axis: Int) -> String {
        let all = points[axis]
        let none = axis >= Self.firstMetadata ? "absent" : "none"
        func names(_ points: [Point]) -> String {
            let names = points.flatMap { $0.kind == .absent ? [none] : $0.values }
            guard names.count > 12 else { return Self.list(names) }
            return Self.list(Array(names.prefix(10))) + " or another of \(names.count)"
        }
        let chosen = set.points.map { all[$0] }
        guard chosen.contains(where: { $0.kind == .rest }) else { return names(chosen) }
        let others = all.indices.filter { !set.contains($0) }.map { all[$0] }
        return others == [.absent] ? "given" : "not " + names(others)
    }

    private func amountText(_ set: PointSet) -> String {
        var ranges: [ClosedRange<Int64>] = []
        for range in set.points.map({ amounts[$0] }) {
            if let last = ranges.last, last.upperBound + 1 == range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound...range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return Self.list(
            ranges.map { range in
                if range.upperBound == amounts.last?.upperBound { return "from \(range.lowerBound)" }
                if range.lowerBound == range.upperBound { return "\(range.lowerBound)" }
                return range.lowerBound == 1
                    ? "up to \(range.upperBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            })
    }

    /// Brands and prefixes apart where the cards are all that have such a brand and such a prefix; else one by one.
    private func cardText(_ set: PointSet) -> String {
        let chosen = Set(set.points.filter { $0 < cards.count }.map { cards[$0] })
        let hasNone = set.contains(cards.count)
        guard !chosen.isEmpty else { return "no card" }
        let brands = Set(chosen.map(\.brands))
        let prefixes = Set(chosen.map(\.prefix))
        func are(_ isIn: (Card) -> Bool) -> Bool { Set(cards.filter(isIn)) == chosen }
        let text: String
        if are({ _ in true }) {
            text = "a card"
        } else if are({ brands.contains($0.brands) }) {
            text = brandText(chosen)
        } else if are({ prefixes.contains($0.prefix) }) {
            text = prefixText(chosen)
        } else if are({ brands.contains($0.brands) && prefixes.contains($0.prefix) }) {
            text = "\(brandText(chosen)), \(prefixText(chosen))"
        } else {
            let pairs = chosen.map { "\(brandText([$0])) with \(prefixText([$0]))" }.sorted()
            text = Self.list(pairs)
        }
        return hasNone ? text + " or no card" : text
    }

    private func brandText(_ chosen: Set<Card>) -> String {
        let isRest = chosen.contains(where: \.isRestOfBrands)
        let shown = isRest ? Set(cards).filter { card in !chosen.contains { $0.brands == card.brands } } : chosen
        let names = Set(shown.flatMap { $0.brands.map(\.rawValue) }).sorted()
        return "card_brand " + (isRest ? "not " : "") + Self.list(names)
    }

    private func prefixText(_ chosen: Set<Card>) -> String {
        let isRest = chosen.contains { $0.prefix == nil }
        let shown = isRest ? Set(cards).filter { card in !chosen.contains { $0.prefix == card.prefix } } : chosen
        return "card_bin " + (isRest ? "not " : "") + Self.list(Set(shown.compactMap(\.prefix)).sorted())
    }

    private static func list(_ words: [String]) -> String { words.joined(separator: " or ") }

    /// The axes that a provider's abilities look at.
    package static let abilityAxes = [method, capture, currency, country, network, amount]

    /// A payment of the region: the first of its points.
    ///
    /// - Parameter defaultCountry: What counts where it names none.
    package func example(of region: PaymentRegion, defaultCountry: Country?) -> PaymentShape? {
        func value(_ axis: Int) -> String? { region.axes[axis].first.flatMap { points[axis][$0].values.first } }
        guard let method = value(Self.method).flatMap(PaymentMethod.init(rawValue:)),
            let currency = value(Self.currency).flatMap(Currency.init(code:)),
            let amount = region.axes[Self.amount].first
        else { return nil }
        var shape = PaymentShape(
            app: value(Self.app) ?? "", money: Money(minorUnits: amounts[amount].lowerBound, currency: currency),
            method: method, network: value(Self.network),
            country: value(Self.country).flatMap(Country.init(code:)) ?? defaultCountry,
            capture: value(Self.capture).flatMap(CaptureMode.init(rawValue:)) ?? .automatic)
        if let card = region.axes[Self.card].first, card < cards.count {
            shape.cardBrand = cards[card].brands.first
            shape.cardPrefix = cards[card].digits
        }
        for (offset, key) in metadataKeys.enumerated() { shape.metadata[key] = value(Self.firstMetadata + offset) }
        return shape
    }

    /// The region cut into single points on these axes; nil where they would be more than `limit`.
    package func cells(of region: PaymentRegion, on axes: [Int], limit: Int) -> [PaymentRegion]? {
        let total = axes.reduce(1.0) { $0 * Double(region.axes[$1].count) }
        guard total <= Double(limit) else { return nil }
        var cells = [region]
        for axis in axes {
            cells = cells.flatMap { cell in
                cell.axes[axis].points.map { point in
                    var part = cell
                    part.axes[axis] = PointSet(below: count(axis)) { $0 == point }
                    return part
                }
            }
        }
        return cells
    }
}
