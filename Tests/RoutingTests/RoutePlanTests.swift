import Fuzzing
import PaymentModel
import ProviderKit
@testable import Routing
import Testing

@Suite struct RoutePlanTests {
    private func members(_ names: String...) -> [Route.Member] { names.map { Route.Member(provider: $0) } }

    // MARK: Which route

    @Test func theFirstRouteThatMatchesDecides() throws {
        let kenya = Route(
            name: "kenya", when: Samples.when { $0.currencies = [Samples.currency("KES")] }, use: members("a"))
        let cards = Route(name: "cards", when: Samples.when { $0.methods = [.card] }, use: members("b"))
        let cheap = Route(
            name: "cheap-cards",
            when: Samples.when {
                $0.methods = [.card]; $0.amount = 1...10
            }, use: members("a"))
        let router = Router(
            routes: [kenya, cards, cheap], providers: ["a": Samples.provider("a"), "b": Samples.provider("b")])
        #expect(router.route(for: Samples.mobileMoney)?.name == "kenya")
        #expect(router.route(for: Samples.card)?.name == "cards")
        var cheapCard = Samples.card
        cheapCard.money = Samples.money(5, "USD")
        #expect(router.route(for: cheapCard)?.name == "cards")
        var kenyanCard = Samples.card
        kenyanCard.money = Samples.money(5)
        #expect(try #require(router.plan(for: kenyanCard, seed: 1)).route.name == "kenya")
        var wallet = Samples.card
        wallet.method = .wallet
        #expect(router.route(for: wallet) == nil)
        #expect(router.plan(for: wallet, seed: 1) == nil)
    }

    @Test func aRouteOfAnUnknownProviderIsOurMistake() async {
        await #expect(processExitsWith: .failure) {
            _ = Samples.router(.priority, [Route.Member(provider: "nobody")], [])
        }
        await #expect(processExitsWith: .failure) { _ = Route.Member(provider: "a", weight: -1) }
    }

    // MARK: Which providers

    @Test func whoCannotOrMayNotIsLeftOutWithTheReason() throws {
        let providers = [
            Samples.provider("first"),
            RoutableProvider(name: "checkout-only", adapter: CheckoutAdapter()),
            Samples.provider("no-card") { _ in "field customer.email" },
            Samples.provider("off", enabled: false),
            Samples.provider("by-hand"),
            Samples.provider("off-and-unable", enabled: false) { _ in "country KE" },
            Samples.provider("last"),
        ]
        let router = Samples.router(.priority, providers.map { Route.Member(provider: $0.name) }, providers)
        let plan = try #require(
            router.plan(for: Samples.card, seed: 1) { Router.ProviderState(isDisabled: $0 == "by-hand") })
        #expect(plan.candidates == ["first", "last"])
        #expect(
            plan.leftOut == [
                .init(provider: "checkout-only", reason: .notCapable, detail: "method card"),
                .init(provider: "no-card", reason: .notCapable, detail: "field customer.email"),
                .init(provider: "off", reason: .disabled, detail: nil),
                .init(provider: "by-hand", reason: .disabled, detail: nil),
                .init(provider: "off-and-unable", reason: .notCapable, detail: "country KE"),
            ])
    }

    @Test func aCurrencyThatThePluginDoesNotDeclareIsNamed() {
        var shape = Samples.card
        shape.money = Samples.money(1, "EUR")
        #expect(Samples.provider("a").incapability(for: shape) == "currency EUR")
        shape.method = .checkout
        let anyCurrency = RoutableProvider(name: "c", adapter: CheckoutAdapter())
        #expect(anyCurrency.incapability(for: shape) == nil)
        #expect(anyCurrency.incapability(for: Samples.card) == "method card")
    }

    @Test func aRouteWithoutACapableProviderIsAPlanWithoutCandidates() throws {
        let router = Samples.router(.weighted, members("a"), [Samples.provider("a") { _ in "capture manual" }])
        let plan = try #require(router.plan(for: Samples.card, seed: 1))
        #expect(plan.candidates.isEmpty)
        #expect(plan.leftOut == [.init(provider: "a", reason: .notCapable, detail: "capture manual")])
    }

    @Test func theShapeReachesTheAdapterWhole() throws {
        let router = Samples.router(
            .priority, members("a"),
            [Samples.provider("a") { "\($0.app) \($0.money) \($0.capture.rawValue) \($0.metadata["tier"] ?? "")" }])
        #expect(
            try #require(router.plan(for: Samples.card, seed: nil)).leftOut.first?.detail
                == "shop 10.00 USD manual gold")
    }

    // MARK: priority

    @Test func priorityIsTheWrittenOrderWhateverTheSeed() throws {
        let router = Samples.router(
            .priority,
            [.init(provider: "c", weight: 0), .init(provider: "a", weight: 9), .init(provider: "b", weight: 99)],
            [Samples.provider("a"), Samples.provider("b"), Samples.provider("c")])
        for seed in [nil, 0, 1, .max] as [UInt64?] {
            #expect(try #require(router.plan(for: Samples.card, seed: seed)).candidates == ["c", "a", "b"])
        }
    }

    // MARK: weighted

    private func firsts(_ router: Router, seeds: Int = 10_000) throws -> [String: Int] {
        var random = SeededRandom(seed: 99)
        var count: [String: Int] = [:]
        for _ in 0..<seeds {
            let plan = try #require(router.plan(for: Samples.card, seed: random.next()))
            count[try #require(plan.candidates.first), default: 0] += 1
        }
        return count
    }

    private func weighted(_ weights: [(String, Int)], unable: Set<String> = []) -> Router {
        Samples.router(
            .weighted, weights.map { Route.Member(provider: $0.0, weight: $0.1) },
            weights.map { name, _ in Samples.provider(name) { _ in unable.contains(name) ? "no" : nil } })
    }

    @Test func theFirstIsDrawnByWeightAndTheRestKeepTheirOrder() throws {
        let router = weighted([("a", 70), ("b", 20), ("c", 10)])
        let count = try firsts(router)
        // Three standard deviations of 10,000 draws are at most 140.
        for (name, expected) in [("a", 7000), ("b", 2000), ("c", 1000)] {
            #expect(abs((count[name] ?? 0) - expected) < 140, "\(name): \(count[name] ?? 0)")
        }
        var orders: Set<[String]> = []
        for seed in UInt64(0)..<200 {
            orders.insert(try #require(router.plan(for: Samples.card, seed: seed)).candidates)
        }
        #expect(orders == [["a", "b", "c"], ["b", "a", "c"], ["c", "a", "b"]])
    }

    @Test func theSameSeedIsTheSameDraw() throws {
        let router = weighted([("a", 50), ("b", 50)])
        var random = SeededRandom(seed: 5)
        for _ in 0..<200 {
            let seed = random.next()
            let first = try #require(router.plan(for: Samples.card, seed: seed)).candidates
            for _ in 0..<3 { #expect(try #require(router.plan(for: Samples.card, seed: seed)).candidates == first) }
        }
    }

    @Test func aWeightOfZeroIsNeverFirstWhileAnotherCanBe() throws {
        #expect(try firsts(weighted([("zero", 0), ("a", 1)])) == ["a": 10_000])
        #expect(try firsts(weighted([("a", 1), ("zero", 0), ("b", 1)]))["zero"] == nil)
        // Alone among the capable it is better than nobody; all of zero keep their order.
        #expect(try firsts(weighted([("zero", 0), ("a", 1)], unable: ["a"]), seeds: 10) == ["zero": 10])
        #expect(try firsts(weighted([("x", 0), ("y", 0)]), seeds: 100) == ["x": 100])
    }

    @Test func onlyTheCapableAreDrawn() throws {
        let count = try firsts(weighted([("a", 80), ("b", 15), ("c", 5)], unable: ["a"]))
        #expect(count["a"] == nil)
        // What the one that cannot leaves is shared by weight: 15 to 5.
        #expect(abs((count["b"] ?? 0) - 7500) < 140)
        #expect(abs((count["c"] ?? 0) - 2500) < 140)
    }

    @Test func withoutASeedTheHeaviestIsFirst() throws {
        #expect(
            try #require(weighted([("a", 10), ("b", 80), ("c", 10)]).plan(for: Samples.card, seed: nil)).candidates == [
                "b", "a", "c",
            ])
        #expect(
            try #require(weighted([("a", 5), ("b", 5)]).plan(for: Samples.card, seed: nil)).candidates == ["a", "b"])
        #expect(
            try #require(weighted([("a", 0), ("b", 0)]).plan(for: Samples.card, seed: nil)).candidates == ["a", "b"])
    }

    @Test func theLargestWeightsDoNotOverflow() throws {
        let router = weighted([("a", .max), ("b", .max), ("c", .max)])
        for seed in [0, 1, UInt64.max / 2, .max] {
            #expect(try #require(router.plan(for: Samples.card, seed: seed)).candidates.count == 3)
        }
        // The ends of the draw.
        let pair = weighted([("a", 1), ("b", 1)])
        #expect(try #require(pair.plan(for: Samples.card, seed: 0)).candidates == ["a", "b"])
        #expect(try #require(pair.plan(for: Samples.card, seed: .max)).candidates == ["b", "a"])
    }

    // MARK: lowest_cost

    static let fees: [(ProviderFee, Money, Int64)] = [
        (ProviderFee(millionths: 15_000), Samples.money(10_000), 150),
        // Rounded up to a whole minor unit, never down.
        (ProviderFee(millionths: 15_000), Samples.money(1), 1), (ProviderFee(millionths: 15_000), Samples.money(67), 2),
        (ProviderFee(millionths: 15_000), Samples.money(66), 1),
        (ProviderFee(millionths: 1), Samples.money(1_000_000), 1),
        (ProviderFee(millionths: 1), Samples.money(1_000_001), 2),
        (ProviderFee(millionths: 0), Samples.money(10_000), 0),
        (ProviderFee(millionths: 1_000_000), Samples.money(10_000), 10_000),
        (ProviderFee(millionths: 0, fixed: [Samples.currency("KES"): 500]), Samples.money(1), 500),
        (ProviderFee(millionths: 15_000, fixed: [Samples.currency("KES"): 500]), Samples.money(10_000), 650),
        // The fixed part of another currency does not count.
        (ProviderFee(millionths: 15_000, fixed: [Samples.currency("KES"): 500]), Samples.money(10_000, "USD"), 150),
        (ProviderFee(millionths: 15_000, fixed: [Samples.currency("JPY"): 30]), Samples.money(1000, "JPY"), 45),
        // No overflow at the ends.
        (ProviderFee(millionths: 1_000_000), Samples.money(.max), .max),
        (ProviderFee(millionths: .max, fixed: [Samples.currency("KES"): .max]), Samples.money(.max), .max),
    ]

    @Test(arguments: fees)
    func theFeeIsExactAndRoundedUp(_ fee: ProviderFee, _ money: Money, _ expected: Int64) {
        #expect(fee.fee(for: money) == expected)
    }

    @Test func lowestCostDependsOnTheAmountAndTheCurrency() throws {
        let kes = Samples.currency("KES")
        let providers = [
            Samples.provider("no-fee"),
            Samples.provider("percent", fee: ProviderFee(millionths: 30_000)),
            Samples.provider("fixed", fee: ProviderFee(millionths: 10_000, fixed: [kes: 500])),
            Samples.provider("same", fee: ProviderFee(millionths: 30_000)),
        ]
        let router = Samples.router(.lowestCost, providers.map { Route.Member(provider: $0.name) }, providers)
        func order(_ money: Money) throws -> [String] {
            var shape = Samples.mobileMoney
            shape.money = money
            return try #require(router.plan(for: shape, seed: 3)).candidates
        }
        // 3 % of 10,000 is 300, 1 % + 500 is 600; of 100,000 it is 3,000 and 1,500; of 25,000 both are 750.
        #expect(try order(Samples.money(10_000)) == ["percent", "same", "fixed", "no-fee"])
        #expect(try order(Samples.money(100_000)) == ["fixed", "percent", "same", "no-fee"])
        #expect(try order(Samples.money(25_000)) == ["percent", "fixed", "same", "no-fee"])
        #expect(try order(Samples.money(10_000, "USD")) == ["fixed", "percent", "same", "no-fee"])
    }

    // MARK: highest_success

    @Test func highestSuccessTakesTheBestAndTrustsTheUnknown() throws {
        let shares: [String: Int] = ["bad": 400, "good": 990, "best": 1000]
        let names = ["bad", "good", "new", "best", "newer"]
        let router = Samples.router(
            .highestSuccess, names.map { Route.Member(provider: $0) }, names.map { Samples.provider($0) })
        let plan = try #require(
            router.plan(for: Samples.card, seed: 1) { Router.ProviderState(successPerMille: shares[$0]) })
        #expect(plan.candidates == ["new", "best", "newer", "good", "bad"])
        #expect(try #require(router.plan(for: Samples.card, seed: 1)).candidates == names)
    }
}
