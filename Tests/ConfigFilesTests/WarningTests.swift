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
                "4:13: warning: route 'c' can never match: the routes before it together take all that it takes: 'a', 'b'"
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
        ("currency: UGX, method: [mobile_money, card], country: UG", "payalo-ke"),
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

    @Test func aRouteBehindAmountsCardsAndMetadataThatTogetherAreAll() {
        #expect(
            warnings(
                """
                { name: a, when: { currency: UGX, method: mobile_money, amount: { max: 99 } }, use: payalo-ke }
                { name: b, when: { currency: UGX, method: mobile_money, metadata: { tier: gold } }, use: payalo-ke }
                { name: c, when: { currency: UGX, method: mobile_money, amount: { min: 100 }, not: { metadata: { tier: gold } } }, use: payalo-ke }
                { name: d, when: { currency: UGX, method: mobile_money, country: UG }, use: payalo-ke }
                """) == [
                    "5:13: warning: route 'd' can never match: the routes before it together take all that it takes: 'a', 'b', 'c'"
                ])
        // One unit of money is left.
        #expect(
            warnings(
                """
                { name: a, when: { currency: UGX, method: mobile_money, amount: { max: 99 } }, use: payalo-ke }
                { name: c, when: { currency: UGX, method: mobile_money, amount: { min: 101 } }, use: payalo-ke }
                { name: d, when: { currency: UGX, method: mobile_money }, use: payalo-ke }
                """) == [])
    }

    /// Whatever is not certain is not told.
    @Test(arguments: [
        // Apps come and go.
        "{ name: a, when: { app: shop }, use: [payalo-ke, cards-a] }\n{ name: b, use: [payalo-ke, cards-a] }",
        // A customer's card may be of any brand, a network of any name.
        "{ name: a, when: { network: [mpesa, mtn] }, use: payalo-ke }\n{ name: b, when: { method: mobile_money }, use: payalo-ke }",
        "{ name: a, when: { metadata: { tier: [a, b] } }, use: payalo-ke }\n{ name: b, use: payalo-ke }",
    ])
    func nothingOfARouteThatTakesWhatIsLeft(_ routes: String) {
        #expect(warnings(routes).filter { $0.contains("never") } == [])
    }

    /// A brand follows from the first digits.
    @Test func aCardThatThereIsNone() {
        #expect(
            load([
                "a.yaml": base.replacing(
                    "when: { method: card }", with: "when: { card_brand: mastercard, card_bin: 4242 }")
            ]).faults.map(\.text) == ["route 'cards' can never match: its conditions contradict each other"])
    }

    /// What is wrong with a route hides nothing of what refers to it, nor of what is wrong elsewhere.
    @Test func faultsBesideFaults() {
        let yaml = """
            routes:
              - { name: r, wen: {}, use: payalo-ke }
              - { name: r, use: [] }
            expect:
              - { given: { app: shop, amount: 1, currency: KES, method: mobile_money }, route: rr, providers: [cards-x] }
            """
        #expect(
            faults(yaml) == [
                "2:16: error: unknown key 'wen' in route; did you mean 'when'?",
                "3:13: error: route 'r' is there twice (first at 2:13)", "3:21: error: 'use' must name a provider",
                "5:84: error: route: unknown route 'rr'; did you mean 'r'?",
                "5:100: error: providers: unknown provider 'cards-x'; did you mean 'cards-a'?",
            ])
    }

    @Test func aProviderThatCanDoNothingOfItsRoute() {
        let yaml = """
            providers: { pages: { plugin: spayon, base_url: 'http://127.0.0.1:1', settings: { client_id: a, client_secret: b, callback_secret: c } } }
            routes:
              - { name: r, when: { method: checkout }, use: [payalo-ke, pages] }
            """
        #expect(faults(yaml) == ["3:50: warning: provider 'payalo-ke' can do no payment that route 'r' takes"])
    }

    @Test func aCaseThatIsThereTwice() {
        let given = "given: { app: shop, amount: 1, currency: KES, method: mobile_money }, route: kenya"
        #expect(
            faults("expect:\n  - { \(given) }\n  - { \(given), providers: payalo-ke }\n  - { \(given) }") == [
                "4:5: warning: the same is expected before (at c/x.yaml:2:5)".replacing("c/x.yaml:", with: "")
            ])
    }
}
