import PaymentModel
import ProviderKit
import Routing
import Testing

/// What `GET /v1/payment-methods` offers.
@Suite struct ServableMethodsTests {
    private let kes = Samples.currency("KES")
    private let usd = Samples.currency("USD")
    private let kenya = Samples.country("KE")

    private func router(_ routes: [Route], _ extra: [RoutableProvider] = []) -> Router {
        let providers = [
            Samples.provider("a"), Samples.provider("b"), Samples.provider("off", enabled: false),
            RoutableProvider(name: "checkouts", adapter: CheckoutAdapter()),
        ]
        return Router(
            routes: routes, providers: Dictionary(uniqueKeysWithValues: (providers + extra).map { ($0.name, $0) }))
    }

    private func route(_ name: String, _ provider: String = "a", _ fill: (inout RouteCondition) -> Void) -> Route {
        Route(name: name, when: Samples.when(fill), use: [Route.Member(provider: provider)])
    }

    /// As texts: `mobile_money:airtel+mpesa`.
    private func offered(
        _ router: Router, app: String = "shop", amount: Int64? = nil, currency: Currency? = nil,
        country: Country? = nil,
        isServing: (String) -> Bool = { _ in true }
    ) -> [String] {
        router.servableMethods(app: app, amount: amount, currency: currency, country: country, isServing: isServing).map
        {
            $0.method.rawValue + ($0.networks.isEmpty ? "" : ":" + $0.networks.joined(separator: "+"))
        }
    }

    @Test func everyMethodOfARouteForAllIsOffered() {
        #expect(offered(router([route("all") { _ in }])) == ["card", "mobile_money", "wallet", "checkout"])
        #expect(offered(router([])) == [])
    }

    @Test func whatIsAskedForChooses() {
        let routes = router([
            route("ke") {
                $0.methods = [.mobileMoney]; $0.currencies = [kes]; $0.countries = [kenya]; $0.networks = ["mpesa"]
            },
            route("cards") {
                $0.methods = [.card]; $0.currencies = [usd]; $0.amount = 100...5000; $0.apps = ["shop"]
            },
        ])
        #expect(offered(routes) == ["card", "mobile_money:mpesa"])
        #expect(offered(routes, currency: kes) == ["mobile_money:mpesa"])
        #expect(offered(routes, currency: usd) == ["card"])
        #expect(offered(routes, country: Samples.country("NO")) == ["card"])
        #expect(offered(routes, amount: 99) == ["mobile_money:mpesa"])
        #expect(offered(routes, amount: 100) == ["card", "mobile_money:mpesa"])
        #expect(offered(routes, amount: 5001) == ["mobile_money:mpesa"])
        #expect(offered(routes, app: "blog") == ["mobile_money:mpesa"])
        #expect(offered(routes, currency: Samples.currency("JPY")) == [])
    }

    @Test func networksOfAllRoutesAreJoined() {
        let routes = router([
            route("one") {
                $0.methods = [.mobileMoney]; $0.networks = ["mpesa"]
            },
            route("two") {
                $0.methods = [.mobileMoney, .wallet]; $0.networks = ["airtel", "mpesa"]
            },
        ])
        #expect(offered(routes) == ["mobile_money:airtel+mpesa", "wallet:airtel+mpesa"])
    }

    @Test func whatThePluginDoesNotDeclareIsNotOffered() {
        #expect(offered(router([route("all", "checkouts") { _ in }])) == ["checkout"])
        let euro = Samples.currency("EUR")
        #expect(offered(router([route("all") { _ in }]), currency: euro) == [])
        #expect(offered(router([route("euro") { $0.currencies = [euro] }])) == [])
        #expect(offered(router([route("any", "checkouts") { _ in }]), currency: euro) == ["checkout"])
    }

    @Test func providersThatDoNotServeNowOfferNothing() {
        let routes = router([
            route("cards") { $0.methods = [.card] }, route("wallets", "b") { $0.methods = [.wallet] },
            route("rest", "off") { $0.methods = [.mobileMoney] },
        ])
        #expect(offered(routes) == ["card", "wallet"])
        #expect(offered(routes) { $0 != "a" } == ["wallet"])
        let both = router([
            Route(
                name: "cards", when: Samples.when { $0.methods = [.card] },
                use: [.init(provider: "a"), .init(provider: "b")])
        ])
        #expect(offered(both) { $0 != "a" } == ["card"])
        #expect(offered(both) { _ in false } == [])
    }

    @Test func keysOfOtherMethodsDoNotMatch() {
        // A card has no network, and mobile money no brand: such routes can never take them.
        #expect(offered(router([route("net") { $0.networks = ["mpesa"] }])) == ["mobile_money:mpesa", "wallet:mpesa"])
        #expect(offered(router([route("brand") { $0.cardBrands = [.visa] }])) == ["card"])
        #expect(offered(router([route("bin") { $0.cardPrefixes = ["4"] }])) == ["card"])
    }

    @Test func aNotThatSurelyHoldsExcludes() {
        let us = Samples.country("US")
        let routes = router([
            route("cards") {
                $0.methods = [.card]
                $0.not = [Samples.when { $0.countries = [us] }]
            }
        ])
        #expect(offered(routes, country: us) == [])
        #expect(offered(routes, country: kenya) == ["card"])
        #expect(offered(routes) == ["card"])
        let partly = router([
            route("cards") {
                $0.methods = [.card]
                $0.not = [
                    Samples.when {
                        $0.countries = [us]; $0.cardBrands = [.amex]
                    }
                ]
            }
        ])
        #expect(offered(partly, country: us) == ["card"])
    }

    @Test func aRouteThatDecidesForAllHidesThoseBehindIt() {
        // The first match decides: with its provider off, a payment would get 503 and never reach the second route.
        let routes = router([
            route("first", "off") {
                $0.methods = [.card]; $0.currencies = [kes]
            }, route("second") { $0.methods = [.card] },
        ])
        #expect(offered(routes, currency: kes) == [])
        #expect(offered(routes, currency: usd) == ["card"])
        #expect(offered(routes) == ["card"])
        // Where it depends on what is not known yet, the ones behind it count.
        for fill: (inout RouteCondition) -> Void in [
            { $0.captures = [.manual] }, { $0.cardBrands = [.visa] }, { $0.cardPrefixes = ["4"] },
            { $0.metadata = ["a": ["b"]] },
            { $0.not = [Samples.when { $0.captures = [.manual] }] }, { $0.amount = 1...5 },
            { $0.countries = [Samples.country("KE")] },
        ] {
            let maybe = router([
                route("first", "off") {
                    $0.methods = [.card]
                    fill(&$0)
                },
                route("second") { $0.methods = [.card] },
            ])
            #expect(offered(maybe, currency: kes) == ["card"])
        }
        let both = router([
            route("first", "off") {
                $0.methods = [.card]; $0.captures = [.manual, .automatic]
            }, route("second") { _ in },
        ])
        #expect(offered(both) == ["mobile_money", "wallet", "checkout"])
    }
}
