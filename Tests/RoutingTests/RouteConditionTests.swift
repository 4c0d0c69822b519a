import PaymentModel
import ProviderKit
import Routing
import Testing

/// Each key of `when` by itself: what holds, what does not, and in which words.
@Suite struct RouteConditionTests {
    private func expect(
        _ shape: PaymentShape, mismatches words: String?, at location: SourceLocation = #_sourceLocation,
        _ fill: (inout RouteCondition) -> Void
    ) {
        let mismatch = Samples.when(fill).mismatch(shape)
        #expect(mismatch?.description(for: shape) == words, sourceLocation: location)
    }

    @Test func theEmptyConditionHoldsForEveryPayment() {
        expect(Samples.card, mismatches: nil) { _ in }
        expect(Samples.mobileMoney, mismatches: nil) { _ in }
        #expect(RouteCondition().reason(for: Samples.card) == "it takes every payment")
    }

    @Test func apps() {
        expect(Samples.card, mismatches: nil) { $0.apps = ["shop"] }
        expect(Samples.card, mismatches: nil) { $0.apps = ["blog", "shop"] }
        expect(Samples.card, mismatches: "app is shop") { $0.apps = ["blog"] }
        expect(Samples.card, mismatches: "app is shop") { $0.apps = [] }
        expect(Samples.card, mismatches: "app is shop") { $0.apps = ["Shop", "shops"] }
    }

    @Test func currencies() {
        expect(Samples.card, mismatches: nil) { $0.currencies = [Samples.currency("USD")] }
        expect(Samples.card, mismatches: nil) { $0.currencies = Set(["EUR", "USD", "MAD"].map(Samples.currency)) }
        expect(Samples.card, mismatches: "currency is USD") { $0.currencies = [Samples.currency("KES")] }
    }

    @Test func methods() {
        expect(Samples.card, mismatches: nil) { $0.methods = [.card] }
        expect(Samples.card, mismatches: nil) { $0.methods = [.wallet, .card] }
        expect(Samples.mobileMoney, mismatches: "method is mobile_money") { $0.methods = [.card, .wallet, .checkout] }
    }

    @Test func networks() {
        expect(Samples.mobileMoney, mismatches: nil) { $0.networks = ["mpesa"] }
        expect(Samples.mobileMoney, mismatches: nil) { $0.networks = ["airtel", "mpesa"] }
        expect(Samples.mobileMoney, mismatches: "network is mpesa") { $0.networks = ["airtel"] }
        expect(Samples.card, mismatches: "there is no network") { $0.networks = ["mpesa"] }
    }

    @Test func countries() {
        expect(Samples.card, mismatches: nil) { $0.countries = [Samples.country("KE")] }
        expect(Samples.card, mismatches: nil) { $0.countries = Set(["NO", "KE"].map(Samples.country)) }
        expect(Samples.card, mismatches: "country is KE") { $0.countries = [Samples.country("NO")] }
        var nowhere = Samples.card
        nowhere.country = nil
        expect(nowhere, mismatches: "there is no country") { $0.countries = [Samples.country("KE")] }
    }

    @Test func amounts() {
        for (amount, holds) in [(Int64(99), false), (100, true), (101, true), (5_000_000, true), (5_000_001, false)] {
            var shape = Samples.card
            shape.money = Samples.money(amount)
            expect(shape, mismatches: holds ? nil : "amount is \(amount)") { $0.amount = 100...5_000_000 }
        }
        expect(Samples.card, mismatches: nil) { $0.amount = 1000...1000 }
        expect(Samples.card, mismatches: nil) { $0.amount = 0 ... .max }
    }

    @Test func captures() {
        expect(Samples.card, mismatches: nil) { $0.captures = [.manual] }
        expect(Samples.card, mismatches: nil) { $0.captures = [.manual, .automatic] }
        expect(Samples.card, mismatches: "capture is manual") { $0.captures = [.automatic] }
    }

    @Test func cardBrands() {
        expect(Samples.card, mismatches: nil) { $0.cardBrands = [.visa] }
        expect(Samples.card, mismatches: nil) { $0.cardBrands = [.amex, .visa] }
        expect(Samples.card, mismatches: "card_brand is visa") { $0.cardBrands = [.amex] }
        expect(Samples.mobileMoney, mismatches: "the card is not known") { $0.cardBrands = [.visa] }
    }

    @Test func cardPrefixes() {
        for prefix in ["4", "42", "424242", "42424242"] {
            expect(Samples.card, mismatches: nil) { $0.cardPrefixes = ["51", prefix] }
        }
        for prefix in ["5", "43", "424243", "42424243", "424242424"] {
            // In words that do not repeat the number.
            expect(Samples.card, mismatches: "card_bin differs") { $0.cardPrefixes = [prefix] }
        }
        var leadingZero = Samples.card
        leadingZero.cardPrefix = "01230000"
        expect(leadingZero, mismatches: nil) { $0.cardPrefixes = ["0123"] }
        expect(leadingZero, mismatches: "card_bin differs") { $0.cardPrefixes = ["123"] }
        expect(Samples.mobileMoney, mismatches: "the card is not known") { $0.cardPrefixes = ["4"] }
    }

    @Test func metadata() {
        expect(Samples.card, mismatches: nil) { $0.metadata = ["tier": ["gold"]] }
        expect(Samples.card, mismatches: nil) { $0.metadata = ["tier": ["silver", "gold"], "plan": ["a"]] }
        expect(Samples.card, mismatches: "metadata.tier is gold") { $0.metadata = ["tier": ["silver"], "plan": ["a"]] }
        expect(Samples.card, mismatches: "there is no metadata.vip") { $0.metadata = ["vip": ["yes"]] }
        // The same reason every time, whatever the order of the dictionary.
        for _ in 0..<50 {
            expect(Samples.card, mismatches: "metadata.plan is a") {
                $0.metadata = Dictionary(
                    uniqueKeysWithValues: ["tier", "plan", "zone", "rank"].shuffled().map { ($0, ["x"]) })
            }
        }
    }

    @Test func not() {
        let inUS = Samples.when { $0.countries = [Samples.country("US")] }
        let inKE = Samples.when { $0.countries = [Samples.country("KE")] }
        expect(Samples.card, mismatches: nil) { $0.not = [inUS] }
        expect(Samples.card, mismatches: "its 'not' holds") { $0.not = [inKE] }
        // All keys of a `not` must hold for it to exclude.
        let cheapInKE = Samples.when {
            $0.countries = [Samples.country("KE")]
            $0.amount = 1...999
        }
        expect(Samples.card, mismatches: nil) { $0.not = [cheapInKE] }
        // What is not known does not hold, and so excludes nothing.
        var nowhere = Samples.card
        nowhere.country = nil
        expect(nowhere, mismatches: nil) { $0.not = [inKE] }
        expect(Samples.card, mismatches: nil) { $0.not = [Samples.when { $0.not = [inKE] }] }
        expect(Samples.card, mismatches: "its 'not' holds") { $0.not = [RouteCondition()] }
    }

    @Test func allKeysMustHoldAndTheFirstInTheContractsOrderIsNamed() {
        var shape = Samples.card
        shape.network = "none"
        let never = Samples.when {
            $0.apps = ["blog"]
            $0.currencies = [Samples.currency("EUR")]
            $0.methods = [.wallet]
            $0.networks = ["mpesa"]
            $0.countries = [Samples.country("NO")]
            $0.amount = 1...2
            $0.captures = [.automatic]
            $0.cardBrands = [.amex]
            $0.cardPrefixes = ["5"]
            $0.metadata = ["tier": ["silver"]]
            $0.not = [RouteCondition()]
        }
        let relax: [(String, (inout RouteCondition) -> Void)] = [
            ("app is shop", { $0.apps = nil }), ("currency is USD", { $0.currencies = nil }),
            ("method is card", { $0.methods = nil }),
            ("network is none", { $0.networks = nil }), ("country is KE", { $0.countries = nil }),
            ("amount is 1000", { $0.amount = nil }), ("capture is manual", { $0.captures = nil }),
            ("card_brand is visa", { $0.cardBrands = nil }), ("card_bin differs", { $0.cardPrefixes = nil }),
            ("metadata.tier is gold", { $0.metadata = [:] }), ("its 'not' holds", { $0.not = [] }),
        ]
        var condition = never
        for (words, drop) in relax {
            #expect(condition.mismatch(shape)?.description(for: shape) == words)
            drop(&condition)
        }
        #expect(condition.mismatch(shape) == nil)
        // And each alone is enough to keep the payment out.
        for (index, (words, _)) in relax.enumerated() {
            var alone = never
            for (other, (_, drop)) in relax.enumerated() where other != index { drop(&alone) }
            #expect(alone.mismatch(shape)?.description(for: shape) == words)
        }
    }

    @Test func theReasonNamesEveryKeyThatWasGiven() {
        let condition = Samples.when {
            $0.apps = ["shop"]
            $0.currencies = [Samples.currency("USD")]
            $0.methods = [.card]
            $0.countries = [Samples.country("KE")]
            $0.amount = 1...5000
            $0.captures = [.manual]
            $0.cardBrands = [.visa]
            $0.cardPrefixes = ["42"]
            $0.metadata = ["tier": ["gold"], "plan": ["a"]]
            $0.not = [Samples.when { $0.apps = ["blog"] }]
        }
        #expect(condition.mismatch(Samples.card) == nil)
        #expect(
            condition.reason(for: Samples.card)
                == "app is shop, currency is USD, method is card, country is KE, amount is 1000, capture is manual, "
                + "card_brand is visa, card_bin matches, metadata.plan is a, metadata.tier is gold, its 'not' does not hold"
        )
        let mobile = Samples.when { $0.networks = ["mpesa"] }
        #expect(mobile.reason(for: Samples.mobileMoney) == "network is mpesa")
    }
}
