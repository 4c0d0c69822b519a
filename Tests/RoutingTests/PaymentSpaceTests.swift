import Fuzzing
import PaymentModel
import ProviderKit
import Testing

@testable import Routing

/// Regions hold exactly the payments that conditions take: tried with random conditions on random payments.
@Suite struct PaymentSpaceTests {
    @Test func conditionsAreCutExactly() throws {
        var random = SeededRandom(seed: 1)
        var (taken, left) = (0, 0)
        for _ in 0..<60 {
            let conditions = (0..<3).map { _ in Self.condition(&random) }
            let space = PaymentSpace(conditions: conditions, most: 999)
            let everything = space.payments()
            for condition in conditions {
                let (inside, outside) = space.test(condition).split(everything)
                let merged = PaymentRegion.merged(inside)
                let general = space.general(merged)
                for _ in 0..<20 {
                    let shape = Self.shape(&random)
                    let point = try space.point(of: shape)
                    let matches = condition.mismatch(shape) == nil
                    if matches { taken += 1 } else { left += 1 }
                    let within = inside.count { $0.holds(point) }
                    let without = outside.count { $0.holds(point) }
                    #expect(within == (matches ? 1 : 0) && without == (matches ? 0 : 1), "\(condition) \(shape)")
                    let isMerged = merged.contains { $0.holds(point) }
                    let isGeneral = general.contains { $0.holds(point) }
                    #expect(isMerged == matches && isGeneral == matches, "\(condition) \(shape)")
                }
            }
        }
        #expect(taken > 300 && left > 300, "\(taken) taken, \(left) left")
    }

    /// A region's example is one of its payments.
    @Test func examplesAreOfTheirRegion() throws {
        var random = SeededRandom(seed: 2)
        for _ in 0..<60 {
            let condition = Self.condition(&random)
            let space = PaymentSpace(
                conditions: [condition], apps: [.init(names: ["a", "b"], hasOpenCountry: true)], most: 999)
            for region in space.test(condition).split(space.payments()).inside {
                let shape = try #require(space.example(of: region, defaultCountry: nil))
                #expect(condition.mismatch(shape) == nil, "\(condition) \(shape)")
            }
        }
    }

    @Test func regionsReadAsTheyAreWritten() {
        func check(_ text: String, _ change: (inout RouteCondition) -> Void) {
            var condition = RouteCondition()
            change(&condition)
            let space = PaymentSpace(conditions: [condition], most: 999)
            #expect(space.descriptions(of: space.test(condition).split(space.payments()).inside) == [text])
        }
        func not(_ change: (inout RouteCondition) -> Void) -> [RouteCondition] {
            var condition = RouteCondition()
            change(&condition)
            return [condition]
        }
        check("every payment") { _ in }
        check("method card") { $0.methods = [.card] }
        check("method card or wallet") { $0.methods = [.card, .wallet] }
        check("country not KE") { $0.not = not { $0.countries = [Samples.country("KE")] } }
        check("amount up to 99") { $0.amount = 1...99 }
        check("amount from 100") { $0.amount = 100...999 }
        check("amount from 100 to 200") { $0.amount = 100...200 }
        check("amount up to 99 or from 201") { $0.not = not { $0.amount = 100...200 } }
        check("method mobile_money or wallet, network mpesa") { $0.networks = ["mpesa"] }
        check("method card, card_brand visa") { $0.cardBrands = [.visa] }
        check("method card, card_bin 4242") { $0.cardPrefixes = ["4242"] }
        check("method card, card_brand visa, card_bin not 4242") {
            $0.cardBrands = [.visa]
            $0.not = not { $0.cardPrefixes = ["4242"] }
        }
        check("metadata.tier gold") { $0.metadata = ["tier": ["gold"]] }
        check("metadata.tier not gold") { $0.not = not { $0.metadata = ["tier": ["gold"]] } }
        check("currency KES or UGX, app a or b") {
            $0.apps = ["a", "b"]
            $0.currencies = ["KES", "UGX"].reduce(into: []) { $0.insert(Samples.currency($1)) }
        }
    }

    static func condition(_ random: inout SeededRandom, depth: Int = 0) -> RouteCondition {
        var condition = RouteCondition()
        func some<Value: Hashable>(_ values: [Value]) -> Set<Value>? {
            guard random.next() % 4 == 0 else { return nil }
            return Set(values.filter { _ in random.next() % 2 == 0 } + [values[0]])
        }
        condition.apps = some(["a", "b"])
        condition.currencies = some(currencies)
        condition.methods = some(PaymentMethod.allCases)
        condition.networks = some(["m", "n"])
        condition.countries = some(countries)
        if random.next() % 4 == 0 {
            let least = Int64(random.next() % 3) + 1
            condition.amount = least...(least + Int64(random.next() % 3))
        }
        condition.captures = some(CaptureMode.allCases)
        condition.cardBrands = some([.visa, .mastercard])
        condition.cardPrefixes = some(["4", "42", "42424", "5", "55555555"])
        if let values = some(["x", "y"]) { condition.metadata = ["k": values] }
        if depth < 2, random.next() % 3 == 0 { condition.not = [self.condition(&random, depth: depth + 1)] }
        return condition
    }

    static func shape(_ random: inout SeededRandom) -> PaymentShape {
        let method = PaymentMethod.allCases[random.below(4)]
        let hasNetwork = method == .mobileMoney || method == .wallet
        let prefix = random.one(of: ["41111111", "42424242", "42411111", "55555555", "55551111", "62000000"])
        return PaymentShape(
            app: random.one(of: ["a", "b", "c"]),
            money: Money(
                minorUnits: Int64(random.below(7)) + 1, currency: random.one(of: currencies + [Samples.currency("TZS")])
            ),
            method: method, network: hasNetwork ? random.one(of: ["m", "n", "o"]) : nil,
            country: random.below(3) == 0 ? nil : random.one(of: countries + [Samples.country("TZ")]),
            capture: random.one(of: CaptureMode.allCases),
            cardBrand: method == .card ? CardBrand(number: prefix) : nil, cardPrefix: method == .card ? prefix : nil,
            metadata: random.below(2) == 0 ? [:] : ["k": random.one(of: ["x", "y", "z"])])
    }

    private static let currencies = ["KES", "UGX"].map(Samples.currency)
    private static let countries = ["KE", "UG"].map(Samples.country)
}

extension PaymentRegion {
    /// Whether the payment with these points, axis by axis, is in it.
    fileprivate func holds(_ point: [Int]) -> Bool { zip(axes, point).allSatisfy { $0.contains($1) } }
}

extension PaymentSpace {
    /// Where a payment lies, axis by axis.
    fileprivate func point(of shape: PaymentShape) throws -> [Int] {
        func place(_ axis: Int, _ value: String?) throws -> Int {
            let all = points[axis]
            guard let value else { return try #require(all.firstIndex { $0.kind == .absent }) }
            let named = all.firstIndex { $0.kind == .values && $0.values.contains(value) }
            return try #require(named ?? all.firstIndex { $0.kind == .rest })
        }
        var card = cards.count
        if let digits = shape.cardPrefix, let brand = shape.cardBrand {
            let known = Set(cards.compactMap(\.prefix)).filter { digits.hasPrefix($0) }
            let prefix = known.max { $0.utf8.count < $1.utf8.count }
            card = try #require(cards.firstIndex { $0.prefix == prefix && $0.brands.contains(brand) })
        }
        let amount = try #require(amounts.firstIndex { $0.contains(shape.money.minorUnits) })
        var point = [
            try place(Self.method, shape.method.rawValue), try place(Self.currency, shape.money.currency.code),
            try place(Self.country, shape.country?.code), try place(Self.network, shape.network),
            try place(Self.app, shape.app), amount, try place(Self.capture, shape.capture.rawValue), card,
        ]
        for (offset, key) in metadataKeys.enumerated() {
            point.append(try place(Self.firstMetadata + offset, shape.metadata[key]))
        }
        return point
    }
}
