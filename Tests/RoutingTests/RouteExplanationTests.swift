import Fuzzing
import PaymentModel
import ProviderKit
import Routing
import StrictJSON
import Testing

@Suite struct RouteExplanationTests {
    private let router = Router(
        routes: [
            Route(
                name: "kenya-mobile-money", when: Samples.when { $0.currencies = [Samples.currency("KES")] },
                use: [.init(provider: "payalo-ke")]),
            Route(
                name: "cards", when: Samples.when { $0.methods = [.card] }, strategy: .weighted,
                use: [
                    .init(provider: "cards-b", weight: 10), .init(provider: "cards-c", weight: 80),
                    .init(provider: "cards-d"),
                    .init(provider: "cards-a", weight: 90),
                ]),
            Route(name: "never-asked", when: RouteCondition(), use: [.init(provider: "payalo-ke")]),
        ],
        providers: Dictionary(
            uniqueKeysWithValues: [
                Samples.provider("payalo-ke"), Samples.provider("cards-a"), Samples.provider("cards-b"),
                Samples.provider("cards-c") { "capture \($0.capture.rawValue)" },
                Samples.provider("cards-d", enabled: false),
            ].map { ($0.name, $0) }))

    private func written(_ explanation: RouteExplanation) -> String {
        var writer = JSONWriter()
        explanation.write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func theJSONIsTheContracts() {
        let expected = """
            {"route":"cards","reason":"method is card","strategy":"weighted","providers":[
            {"provider":"cards-a","use":true,"reason":null},
            {"provider":"cards-b","use":true,"reason":null},
            {"provider":"cards-c","use":false,"reason":"not_capable","detail":"capture manual"},
            {"provider":"cards-d","use":false,"reason":"disabled","detail":null}],
            "routes":[{"route":"kenya-mobile-money","matched":false,"because":"currency is USD"},
            {"route":"cards","matched":true,"because":"method is card"}]}
            """.replacing("\n", with: "")
        #expect(written(router.explain(Samples.card)) == expected)
    }

    @Test func theTextSaysTheSame() {
        #expect(
            router.explain(Samples.card).text == """
                route      cards: method is card
                strategy   weighted
                provider   1. cards-a
                provider   2. cards-b
                left out   cards-c: not_capable (capture manual)
                left out   cards-d: disabled
                not        kenya-mobile-money: currency is USD
                """)
    }

    @Test func noRouteIsExplainedToo() {
        let onlyKenya = Router(
            routes: [router.routes[0]], providers: ["payalo-ke": Samples.provider("payalo-ke")])
        let explanation = onlyKenya.explain(Samples.card)
        #expect(explanation.plan == nil)
        #expect(
            written(explanation)
                == #"{"route":null,"reason":"no route matches","strategy":null,"providers":[],"#
                + #""routes":[{"route":"kenya-mobile-money","matched":false,"because":"currency is USD"}]}"#)
        #expect(
            explanation.text == """
                route      none: no route matches
                not        kenya-mobile-money: currency is USD
                """)
        let empty = Router(routes: [], providers: [:]).explain(Samples.card)
        #expect(
            written(empty)
                == #"{"route":null,"reason":"there are no routes","strategy":null,"providers":[],"routes":[]}"#)
        #expect(empty.text == "route      none: there are no routes")
    }

    @Test func aRouteWithoutACapableProviderSaysSo() {
        let router = Samples.router(.priority, [.init(provider: "a")], [Samples.provider("a") { _ in "country KE" }])
        let explanation = router.explain(Samples.card)
        #expect(
            written(explanation)
                == #"{"route":"all","reason":"it takes every payment","strategy":"priority","providers":[{"provider":"a","#
                + #""use":false,"reason":"not_capable","detail":"country KE"}],"#
                + #""routes":[{"route":"all","matched":true,"because":"it takes every payment"}]}"#)
        #expect(
            explanation.text == """
                route      all: it takes every payment
                strategy   priority
                provider   none can do this payment
                left out   a: not_capable (country KE)
                """)
    }

    @Test func theExplanationIsThePlanThatWouldBeMade() throws {
        var random = SeededRandom(seed: 8)
        for _ in 0..<200 {
            let seed = random.next()
            let state: (String) -> Router.ProviderState = { Router.ProviderState(isDisabled: $0 == "cards-d") }
            let explained = try #require(router.explain(Samples.card, seed: seed, state: state).plan)
            let made = try #require(router.plan(for: Samples.card, seed: seed, state: state))
            #expect(explained.candidates == made.candidates)
            #expect(explained.leftOut == made.leftOut)
            #expect(explained.route == made.route)
        }
    }

    @Test func noCardDigitsAreShown() {
        let byBIN = Router(
            routes: [
                Route(name: "other", when: Samples.when { $0.cardPrefixes = ["51"] }, use: [.init(provider: "a")]),
                Route(name: "bin", when: Samples.when { $0.cardPrefixes = ["424242"] }, use: [.init(provider: "a")]),
            ], providers: ["a": Samples.provider("a")])
        let explanation = byBIN.explain(Samples.card)
        #expect(explanation.plan?.route.name == "bin")
        #expect(!written(explanation).contains("4242"))
        #expect(!explanation.text.contains("4242"))
    }
}
