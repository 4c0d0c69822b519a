import Fuzzing
import PaymentEngine
import PaymentModel
import ProviderKit
import Testing

@testable import ConfigFiles
@testable import Routing

/// What becomes of payments under another configuration.
@Suite struct ComparisonTests {
    private static let providers = """
        apps: { shop: { api_keys_sha256: \(shopDigest), country: KE }, blog: { api_keys_sha256: \(blogDigest) } }
        providers:
          payalo-ke: { plugin: payalo, base_url: "http://127.0.0.1:9400", settings: { api_key: k } }
          payalo-b: { plugin: payalo, base_url: "http://127.0.0.1:9400", settings: { api_key: k } }
          cards-a: { plugin: cards, base_url: "http://127.0.0.1:9400" }
          cards-b: { plugin: cards, base_url: "http://127.0.0.1:9400", fee: { percent: 2 } }
          waypay-a: { plugin: waypay, base_url: "http://127.0.0.1:9400" }

        """

    /// What changes, as `route → route: providers → providers | kind; kind`.
    private func changes(_ old: String, _ new: String, head: String = providers, newHead: String? = nil) throws
        -> [String]
    {
        let comparison = try #require(
            ConfigurationComparison(
                old: load(["a.yaml": head + "routes:\n" + old]),
                new: load(["a.yaml": (newHead ?? head) + "routes:\n" + new])))
        #expect(!comparison.isCut)
        return comparison.routing.map { change in
            func way(_ decision: RoutingDecision) -> String { decision.providers.joined(separator: ",") }
            return "\(change.before.route ?? "-") → \(change.after.route ?? "-"): "
                + "\(way(change.before)) → \(way(change.after)) | \(change.kinds.joined(separator: "; "))"
        }
    }

    @Test func nothing() throws {
        let routes = "- { name: a, when: { method: card }, use: cards-a }\n- { name: b, use: payalo-ke }"
        #expect(try changes(routes, routes) == [])
        // Written otherwise, and the same for every payment.
        #expect(
            try changes(
                "- { name: a, when: { method: card }, use: cards-a }\n- { name: b, when: { method: mobile_money }, use: payalo-ke }",
                "- { name: b, when: { method: [mobile_money] }, use: payalo-ke }\n- { name: a, when: { method: card }, use: cards-a }"
            )
                == [])
        // A provider that can do none of it.
        #expect(
            try changes(
                "- { name: a, when: { method: card }, use: cards-a }",
                "- { name: a, when: { method: card }, use: [payalo-ke, cards-a] }") == [])
    }

    @Test func aRouteInBetween() throws {
        #expect(
            try changes(
                "- { name: all, use: [payalo-ke, cards-a] }",
                "- { name: big, when: { method: card, amount: { min: 5000 } }, use: cards-b }\n- { name: all, use: [payalo-ke, cards-a] }"
            ) == ["all → big: cards-a → cards-b | method card, currency EUR or USD, amount from 5000"])
    }

    @Test func weightsAreComparedAndNotADraw() throws {
        func route(_ weight: Int) -> String {
            "- { name: w, when: { method: card }, strategy: weighted, use: [{ provider: cards-a, weight: \(weight) }, { provider: cards-b, weight: 10 }] }"
        }
        #expect(
            try changes(route(90), route(80)) == [
                "w → w: cards-a 90,cards-b 10 → cards-a 80,cards-b 10 | method card, currency EUR or USD"
            ])
    }

    @Test func weightsAreSharesOfThoseThatCan() throws {
        func route(_ first: Int, _ second: Int, _ third: Int, name: String = "w") -> String {
            """
            - name: \(name)
              when: { method: card }
              strategy: weighted
              use: [{ provider: cards-a, weight: \(first) }, { provider: cards-b, weight: \(second) }, { provider: payalo-ke, weight: \(third) }]
            """
        }
        #expect(try changes(route(50, 50, 0), route(5, 5, 0)) == [])
        #expect(try changes(route(50, 50, 0), route(5, 5, 90)) == [])
        // None that can be drawn: the first comes first.
        #expect(try changes(route(0, 0, 1), route(7, 0, 1)) == [])
        #expect(try changes(route(0, 0, 1), route(0, 7, 1)).count == 1)
        // As written, where something else changes.
        #expect(
            try changes(route(50, 50, 0), route(5, 5, 0, name: "v")) == [
                "w → v: cards-a 50,cards-b 50,payalo-ke 0 → cards-a 5,cards-b 5,payalo-ke 0 | method card"
            ])
    }

    /// Which networks a provider knows nobody declares.
    @Test func walletsOfNetworksThatNoRuleNames() throws {
        let both = "- { name: pk, when: { method: [checkout, wallet], currency: PKR }, use: waypay-a }"
        let page = both.replacing("[checkout, wallet]", with: "checkout")
        let wallet = "method wallet, currency PKR, amount from 4, capture automatic"
        let either = wallet.replacing("wallet", with: "wallet or checkout")
        #expect(try changes(both, page) == ["pk → -: waypay-a →  | \(wallet)"])
        #expect(try changes(page, both) == ["- → pk:  → waypay-a | \(wallet)"])
        let disabled = Self.providers.replacing("plugin: waypay,", with: "plugin: waypay, enabled: false,")
        #expect(try changes(both, both, newHead: disabled) == ["pk → pk: waypay-a →  | \(either)"])
        #expect(
            try changes(both, both.replacing("use: waypay-a", with: "use: cards-a")) == [
                "pk → pk: waypay-a →  | \(either)"
            ])
        #expect(
            try changes(both, both.replacing("PKR }", with: "PKR, amount: { max: 50 } }")) == [
                "pk → -: waypay-a →  | \(either.replacing("from 4", with: "from 51"))"
            ])
        #expect(
            try changes(both, "- { name: all, when: { method: wallet }, use: cards-a }\n" + both) == [
                "pk → all: waypay-a →  | \(wallet)"
            ])
        // One that a rule names is known, or not.
        let front = "- { name: front, when: { method: wallet, network: N }, use: cards-a }\n"
        #expect(try changes(both, front.replacing("N }", with: "mpesa }") + both) == [])
        #expect(
            try changes(both, front.replacing("N }", with: "jazzcash }") + both) == [
                "pk → front: waypay-a →  | method wallet, currency PKR, network jazzcash, amount from 4, capture automatic"
            ])
    }

    @Test func feesAreOfTheCheapestAlone() throws {
        func head(_ percent: Int) -> String { Self.providers.replacing("percent: 2", with: "percent: \(percent)") }
        let cheap = "- { name: c, when: { method: card }, strategy: lowest_cost, use: [cards-a, cards-b] }"
        #expect(
            try changes(cheap, cheap, head: head(2), newHead: head(3)) == [
                "c → c: cards-a,cards-b → cards-a,cards-b | method card, currency EUR or USD"
            ])
        let first = cheap.replacing(", strategy: lowest_cost", with: "")
        #expect(try changes(first, first, head: head(2), newHead: head(3)) == [])
    }

    @Test func aNameAlone() throws {
        #expect(
            try changes("- { name: a, use: cards-a }", "- { name: b, use: cards-a }") == [
                "a → b: cards-a → cards-a | every payment"
            ])
    }

    @Test func anotherDefaultCountry() throws {
        let routes =
            "- { name: ke, when: { method: mobile_money, country: KE }, use: payalo-ke }\n- { name: ug, when: { country: UG }, use: payalo-b }"
        #expect(
            try changes(routes, routes, newHead: Self.providers.replacing("country: KE", with: "country: UG")) == [
                "ke → ug: payalo-ke → payalo-b | method mobile_money, country none, app shop, capture automatic"
            ])
    }

    @Test func casesAreNamedWhereTheyStand() throws {
        let head =
            Self.providers
            + "expect: [{ given: { app: shop, amount: 1, currency: USD, method: card }, route: R }]\nroutes:\n"
        func text(_ route: String) -> String {
            head.replacing("route: R", with: "route: \(route)")
                + "- { name: \(route), when: { method: card }, use: cards-a }"
        }
        let comparison = try #require(
            ConfigurationComparison(old: load(["a.yaml": text("a")]), new: load(["a.yaml": text("b")])))
        #expect(comparison.routing.map { $0.cases.map(\.description) } == [["c/a.yaml:8:10"]])
    }

    @Test func oneThatHasErrorsIsNotCompared() {
        let good = load(["a.yaml": Self.providers])
        let bad = load(["a.yaml": "routes: ["])
        #expect(ConfigurationComparison(old: good, new: bad) == nil)
        #expect(ConfigurationComparison(old: bad, new: good) == nil)
    }

    @Test func whatElseMatters() throws {
        let old =
            Self.providers
            + "server: { listen: '127.0.0.1:1', reference_secret: 0123456789abcdef, callback_secrets: 0123456789abcdef }"
        let new =
            old.replacing("127.0.0.1:1'", with: "127.0.0.1:2'").replacing("0123456789abcdef", with: "fedcba9876543210")
            .replacing("api_key: k }", with: "api_key: very-secret }").replacing(
                "cards-b: { plugin: cards, base_url: \"http://127.0.0.1:9400\"",
                with: "cards-c: { plugin: cards, base_url: \"http://127.0.0.1:9401\""
            )
            .replacing(
                "cards-a: { plugin: cards, base_url: \"http://127.0.0.1:9400\"",
                with: "cards-a: { plugin: cards, timeout: 5s, base_url: \"http://127.0.0.1:9401\""
            )
            .replacing("blog:", with: "news:").replacing("country: KE", with: "country: UG, allow: read")
        let comparison = try #require(
            ConfigurationComparison(old: load(["a.yaml": old]), new: load(["a.yaml": new])))
        let others = comparison.others.map { "\($0.what) \($0.name ?? "") \($0.text)" }
        #expect(
            others == [
                "server  server.listen stays 127.0.0.1:1 until a restart; it is to be 127.0.0.1:2",
                "server  reference_secret is another one: a reload is refused, and a restart gives retried payments new references",
                "server  callback_secrets: one is gone; callback addresses that were made with it verify no more",
                "app blog is gone", "app news is new", "app shop default country: KE → UG",
                "app shop allow: create, capture, cancel, refund, read → read",
                "provider cards-a base_url: another account; payments that were sent to the one before are not sent again, breakers and tokens begin anew",
                "provider cards-a timeout: 10s → 5s",
                "provider cards-b is gone: no new payments; what it has is still settled", "provider cards-c is new",
                "provider payalo-b settings: another account; payments that were sent to the one before are not sent again, breakers and tokens begin anew",
                "provider payalo-ke settings: another account; payments that were sent to the one before are not sent again, breakers and tokens begin anew",
            ])
    }

    /// Random rules against random rules: a payment changes its way exactly where it is said to.
    @Test func everyChangeIsToldAndNoOther() throws {
        var random = SeededRandom(seed: 3)
        var (changed, unchanged) = (0, 0)
        for round in 0..<32 {
            let rules = Self.rules(&random)
            // Every other time it is one rule that is changed.
            let lines = rules.split(separator: "\n")
            let others =
                round % 2 == 0
                ? Self.rules(&random) : lines.dropLast().joined(separator: "\n") + "\n- { name: last, use: cards-b }"
            let old = try #require(load(["a.yaml": Self.providers + rules]).configuration)
            let new = try #require(load(["a.yaml": Self.providers + others]).configuration)
            let comparison = RoutingComparison(
                old: LoadedConfiguration(configuration: old, expectations: []),
                new: LoadedConfiguration(configuration: new, expectations: []))
            for _ in 0..<60 {
                let shape = Self.shape(&random)
                let told = try Self.regions(comparison, of: shape)
                let (before, after) = (Self.decision(old, shape), Self.decision(new, shape))
                let isTaken = !before.providers.isEmpty || !after.providers.isEmpty
                if before != after, isTaken {
                    changed += 1
                    #expect(told == [[before, after]], "\(shape)")
                } else if isTaken {
                    unchanged += 1
                    #expect(told == [], "\(shape)")
                }
            }
        }
        #expect(changed > 60 && unchanged > 20, "\(changed) changed, \(unchanged) unchanged")
    }

    /// A route's name and what would be tried.
    private struct Taken: Equatable {
        let route: String?
        let providers: [String]
    }

    private static func decision(_ configuration: EngineConfiguration, _ shape: PaymentShape) -> Taken {
        let plan = configuration.router.plan(for: shape, seed: nil)
        return Taken(route: plan?.route.name, providers: plan?.candidates ?? [])
    }

    /// The changes in whose regions the payment lies.
    private static func regions(_ comparison: RoutingComparison, of shape: PaymentShape) throws -> [[Taken]] {
        let place = try comparison.space.region(of: shape)
        let tests = comparison.regions.filter { _, regions in
            regions.contains { place.isCovered(by: [PaymentTest(region: $0)]) }
        }
        return tests.keys.map { ways in
            [ways.before, ways.after].map { Taken(route: $0.route, providers: $0.providers) }
        }
    }

    private static func rules(_ random: inout SeededRandom) -> String {
        var lines = ["routes:"]
        for number in 0..<(1 + random.below(4)) {
            func when(_ depth: Int) -> String {
                var keys: [String] = []
                func maybe(_ key: String, _ values: [String]) {
                    if random.below(4) == 0 {
                        keys.append(
                            "\(key): [\(Set((0...random.below(2)).map { _ in random.one(of: values) }).joined(separator: ", "))]"
                        )
                    }
                }
                maybe("app", ["shop", "blog"])
                maybe("currency", ["USD", "KES", "JPY"])
                maybe("method", ["card", "mobile_money", "checkout", "wallet"])
                maybe("network", ["jazzcash", "mpesa"])
                maybe("country", ["KE", "UG"])
                maybe("capture", ["automatic", "manual"])
                if depth > 0 { maybe("card_brand", ["visa", "jcb"]) }
                if random.below(4) == 0 {
                    keys.append("amount: { min: \(1 + random.below(3)), max: \(3 + random.below(3)) }")
                }
                if random.below(4) == 0 { keys.append("metadata: { tier: \(random.one(of: ["gold", "tin"])) }") }
                if depth < 1, random.below(3) == 0 {
                    let inner = when(depth + 1)
                    if inner != "{  }" { keys.append("not: \(inner)") }
                }
                return "{ \(keys.joined(separator: ", ")) }"
            }
            let all = ["payalo-ke", "payalo-b", "cards-a", "cards-b", "waypay-a"].shuffled(using: &random)
            lines.append(
                "- { name: r\(number), when: \(when(0)), use: [\(all.prefix(1 + random.below(3)).joined(separator: ", "))] }"
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func shape(_ random: inout SeededRandom) -> PaymentShape {
        let method = random.one(of: PaymentMethod.allCases)
        let app = random.one(of: ["shop", "blog"])
        let digits = random.one(of: ["42424242", "35300000", "55555555"])
        let codes = ["USD", "KES", "JPY", "EUR"].compactMap(Currency.init(code:))
        let hasNetwork = method == .mobileMoney || method == .wallet
        let network = hasNetwork ? random.one(of: ["jazzcash", "mpesa", "tigo"]) : nil
        let country = random.one(of: ["KE", "UG", "TZ", nil]).flatMap { Country(code: $0) }
        return PaymentShape(
            app: app, money: Money(minorUnits: Int64(1 + random.below(7)), currency: random.one(of: codes)),
            method: method, network: network,
            country: country ?? (app == "shop" ? Country(code: "KE") : nil),
            capture: random.one(of: CaptureMode.allCases), cardBrand: method == .card ? CardBrand(number: digits) : nil,
            cardPrefix: method == .card ? digits : nil,
            metadata: random.below(2) == 0 ? [:] : ["tier": random.one(of: ["gold", "tin", "x"])])
    }
}

extension PaymentSpace {
    /// The one point where a payment lies.
    fileprivate func region(of shape: PaymentShape) throws -> PaymentRegion {
        func place(_ axis: Int, _ value: String?) throws -> Int {
            let all = points[axis]
            guard let value else { return try #require(all.firstIndex { $0.kind == .absent }) }
            let named = all.firstIndex { $0.kind == .values && $0.values.contains(value) }
            return try #require(named ?? all.firstIndex { $0.kind == .rest })
        }
        let brand = shape.cardBrand
        let card = brand.flatMap { brand in cards.firstIndex { $0.brands.contains(brand) } }
        let amount = try #require(amounts.firstIndex { $0.contains(shape.money.minorUnits) })
        var point = [
            try place(Self.method, shape.method.rawValue), try place(Self.currency, shape.money.currency.code),
            try place(Self.country, shape.country?.code), try place(Self.network, shape.network),
            try place(Self.app, shape.app), amount, try place(Self.capture, shape.capture.rawValue),
            card ?? cards.count,
        ]
        for (offset, key) in metadataKeys.enumerated() {
            point.append(try place(Self.firstMetadata + offset, shape.metadata[key]))
        }
        let axes = point.enumerated().map { axis, point in PointSet(below: count(axis)) { $0 == point } }
        return PaymentRegion(axes: axes)
    }
}
