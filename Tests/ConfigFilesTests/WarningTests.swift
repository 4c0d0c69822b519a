import Fuzzing
import PaymentModel
import ProviderKit
import Routing
import Testing

@testable import ConfigFiles

/// What works and is probably not meant.
@Suite struct WarningTests {
    /// The warnings of these routes behind those of `base`.
    private func warnings(_ routes: String) -> [String] {
        faults("routes:\n" + routes.split(separator: "\n").map { "  - \($0)" }.joined(separator: "\n"))
    }

    @Test func aRouteBehindOneThatTakesEverything() {
        #expect(
            warnings("{ name: all, use: payalo-ke }\n{ name: late, when: { currency: UGX }, use: payalo-ke }") == [
                "3:13: warning: route 'late' can never match: 'all' before it takes all that it takes"
            ])
    }

    @Test(arguments: [
        "currency: KES, method: mobile_money, country: KE",
        "currency: [KES], network: mpesa, method: [mobile_money, card]",
        "method: card, capture: manual",
        "card_brand: visa", "card_bin: 4242", "method: card, amount: { min: 5 }, not: { country: KE }",
    ])
    func aRouteBehindAMoreGeneralOne(_ when: String) {
        let said = warnings("{ name: late, when: { \(when) }, use: [payalo-ke, cards-a] }")
        #expect(said.count == 1 && said[0].contains("'late' can never match: '"))
    }

    @Test func aRouteBehindSeveralThatTogetherTakeAll() {
        let routes = """
            { name: a, when: { currency: UGX, method: mobile_money, capture: manual }, use: payalo-ke }
            { name: b, when: { currency: [UGX, TZS], method: mobile_money, capture: automatic }, use: payalo-ke }
            { name: c, when: { currency: UGX, method: mobile_money }, use: payalo-ke }
            """
        #expect(
            warnings(routes).filter { $0.contains("never") } == [
                "4:13: warning: route 'c' can never match: the routes before it together take all that it takes"
            ])
    }

    @Test(arguments: [
        "card_bin: 4242, method: mobile_money", "card_brand: visa, network: mpesa", "network: mpesa, method: checkout",
        "currency: UGX, not: { currency: [UGX, TZS] }", "country: UG, method: mobile_money, not: { country: UG }",
        "amount: { min: 5, max: 9 }, not: { amount: { max: 10 } }",
    ])
    func aRouteWhoseConditionsContradictEachOther(_ when: String) {
        #expect(
            warnings("{ name: r, when: { \(when) }, use: [payalo-ke, cards-a] }") == [
                "2:13: warning: route 'r' can never match: its conditions contradict each other"
            ])
    }

    @Test(arguments: [
        ("method: card, currency: KES", "cards-a"), ("method: checkout", "payalo-ke"),
        ("method: mobile_money, network: mpesa, capture: manual, country: UG", "payalo-ke"),
        ("method: wallet", "[payalo-ke, cards-a]"), ("card_brand: visa, currency: [KES, UGX]", "cards-a"),
    ])
    func aRouteThatNobodyCanServe(_ when: String, _ use: String) {
        let yaml =
            base.replacing("  - { name: cards, when: { method: card }, use: cards-a }", with: "")
            + "\n  - { name: r, when: { \(when) }, use: \(use) }\n  - { name: s, use: [cards-a, payalo-ke] }"
        let said = load(["a.yaml": yaml]).faults.map(\.text)
        #expect(said == ["no provider of route 'r' can do a payment that it takes"])
    }

    @Test(arguments: [
        ("currency: UGX, method: mobile_money", "payalo-ke"),
        ("currency: UGX, method: [mobile_money, card], country: UG", "[cards-a, payalo-ke]"),
        ("method: mobile_money, currency: UGX, capture: automatic, network: mpesa", "payalo-ke"),
        ("currency: [UGX, EUR]", "[payalo-ke, cards-a]"),
        ("not: { currency: KES, method: mobile_money }", "[payalo-ke, cards-a]"),
        ("amount: { min: 7 }", "[payalo-ke, cards-a]"), ("metadata: { a: b }", "[payalo-ke, cards-a]"),
        ("network: mpesa, currency: UGX", "payalo-ke"),
    ])
    func nothingOfARouteThatCanMatchAndBeServed(_ when: String, _ use: String) {
        #expect(warnings("{ name: r, when: { \(when) }, use: \(use) }") == [])
    }

    @Test func whatNobodyUses() {
        #expect(
            faults("providers: { p: { plugin: cards, base_url: 'http://127.0.0.1:1' } }") == [
                "1:14: warning: no route uses provider 'p'"
            ])
        #expect(faults("providers: { p: { plugin: cards, base_url: 'http://127.0.0.1:1', enabled: false } }") == [])
        #expect(
            load(["a.yaml": "# nothing"]).faults.map(\.text) == [
                "there are no apps: nobody can call", "there are no providers",
                "there are no routes: no payment can be made",
            ])
    }

    /// Whatever a condition is said to cover it covers: tried with random conditions on random payments.
    @Test func coverageIsCertain() {
        var random = SeededRandom(seed: 1)
        var covered = 0
        for _ in 0..<3000 {
            let (left, right) = (randomCondition(&random), randomCondition(&random))
            let covers = left.covers(right)
            let isImpossible = right.isImpossible
            let parts = right.parts(limit: 64)
            if covers { covered += 1 }
            for _ in 0..<30 {
                let shape = randomShape(&random)
                let matches = right.mismatch(shape) == nil
                #expect(matches == parts.contains { $0.mismatch(shape) == nil }, "the parts are the whole")
                guard matches else { continue }
                #expect(!isImpossible)
                if covers { #expect(left.mismatch(shape) == nil) }
            }
        }
        #expect(covered > 100, "the samples say something")
    }

    private func randomCondition(_ random: inout SeededRandom, depth: Int = 0) -> RouteCondition {
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
        condition.cardPrefixes = some(["4", "42", "5"])
        if let values = some(["x", "y"]) { condition.metadata = ["k": values] }
        if depth < 2, random.next() % 3 == 0 { condition.not = [randomCondition(&random, depth: depth + 1)] }
        return condition
    }

    private func randomShape(_ random: inout SeededRandom) -> PaymentShape {
        let method = PaymentMethod.allCases[Int(random.next() % 4)]
        let hasNetwork = method == .mobileMoney || method == .wallet
        let prefix = ["4111", "4242", "5555"][Int(random.next() % 3)]
        return PaymentShape(
            app: ["a", "b"][Int(random.next() % 2)],
            money: Money(minorUnits: Int64(random.next() % 6) + 1, currency: currencies[Int(random.next() % 2)]),
            method: method, network: hasNetwork ? ["m", "n"][Int(random.next() % 2)] : nil,
            country: random.next() % 3 == 0 ? nil : countries[Int(random.next() % 2)],
            capture: CaptureMode.allCases[Int(random.next() % 2)],
            cardBrand: method == .card ? CardBrand(number: prefix) : nil, cardPrefix: method == .card ? prefix : nil,
            metadata: random.next() % 2 == 0 ? [:] : ["k": ["x", "y"][Int(random.next() % 2)]])
    }

    private let currencies = ["KES", "UGX"].compactMap(Currency.init(code:))
    private let countries = ["KE", "UG"].compactMap(Country.init(code:))
}
