/// The faults of providers, routes and expectations.
extension FaultTests {
    static let providerCases = [
        FaultCase(
            provider("plugin: payallo"),
            "2:13: error: plugin: 'payallo' is not one of cards, payalo, spayon, waypay; did you mean 'payalo'?"),
        FaultCase("providers: { p: { settings: {} } }", "1:17: error: provider 'p' needs 'plugin'"),
        FaultCase(
            "providers: { /p: {} }",
            "1:14: error: '/p' is no name for a provider: a name is 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit"
        ),
        FaultCase(
            provider("plugin: cards"), "1:13: error: provider 'p' needs 'base_url': no address of Cards is documented"),
        FaultCase(
            provider("plugin: cards, base_url: 'http://example.com'"),
            "2:30: error: base_url: must be https (http is for loopback only)"),
        FaultCase(
            provider("plugin: cards, base_url: 'https://u:p@example.com'"),
            "2:30: error: base_url: must be an absolute https address"),
        FaultCase(
            provider("plugin: cards, base_url: 'http://[::1]:1/x#y'"),
            "2:30: error: base_url: must not have a query or a fragment"),
        FaultCase(payalo("{}"), "2:73: error: provider 'p' needs the setting 'api_key': The brand's API key."),
        FaultCase(
            provider("plugin: payalo, base_url: 'http://127.0.0.1:9400'"),
            "1:13: error: provider 'p' needs the setting 'api_key': The brand's API key."),
        FaultCase(
            payalo("{ api_key: k, apikey: k }"),
            "2:87: error: unknown key 'apikey' in settings of 'p'; did you mean 'api_key'?"),
        FaultCase(payalo("{ api_key: refused }"), "2:84: error: setting 'api_key' of provider 'p' must be another one"),
        FaultCase(payalo("{ api_key: [k] }"), "2:84: error: 'api_key' must be a single value, not a list"),
        FaultCase(payalo("{ api_key: k, methods: x }"), "2:96: error: 'methods' must be a map, not a single value"),
        FaultCase(
            payalo("{ api_key: k, inquiry_interval: soon }"),
            "2:105: error: inquiry_interval: the value is not a duration such as 250ms, 10s, 15m, 24h or 30d"),
        FaultCase(payalo("{ api_key: k, mode: both }"), "2:93: error: mode: the value is not one of live, test"),
        FaultCase(
            payalo("{ api_key: k, webhook_allow: [10.0.0.0/33] }"),
            "2:103: error: webhook_allow: the value is not a network such as 10.0.0.0/8 or 2001:db8::/32"),
        FaultCase(
            payalo("{ api_key: k, webhook_allow: ['::ffff:10.0.0.1'] }"),
            "2:103: error: webhook_allow: the value is not a network such as 10.0.0.0/8 or 2001:db8::/32"),
        FaultCase(cards("connect_timeout: 2m"), "2:71: error: connect_timeout: '2m' is not from 1ms to 1m"),
        FaultCase(
            cards("connect_timeout: 5s, timeout: 1s"),
            "2:71: warning: connect_timeout is longer than the whole call's timeout"),
        FaultCase(
            cards("timeout: 31s"),
            "2:63: warning: timeout is longer than the whole request's (server.request_timeout: 30s)"),
        FaultCase(
            cards("breaker: { failure_rate: 50 }"),
            "2:79: error: failure_rate: '50' is not a percentage from 0.1% to 100%"),
        FaultCase(
            cards("breaker: { failure_rate: 100.1% }"),
            "2:79: error: failure_rate: '100.1%' is not a percentage from 0.1% to 100%"),
        FaultCase(
            cards("breaker: { open_for: 1m, max_open_for: 10s }"),
            "2:93: error: max_open_for is shorter than open_for (1m)"),
        FaultCase(
            cards("breaker: { opens_for: 1m }"),
            "2:65: error: unknown key 'opens_for' in breaker; did you mean 'open_for'?"),
        FaultCase(
            cards("fee: { percent: 1.23456 }"),
            "2:70: error: percent: '1.23456' is not a percentage from 0 to 100 with at most four decimals, such as 1.5"),
        FaultCase(
            cards("fee: { fixed: { kes: 5 } }"), "2:70: error: 'kes' is not an ISO 4217 currency; did you mean 'KES'?"),
        FaultCase(cards("fee: { fixed: { KES: -5 } }"), "2:75: error: KES: '-5' is not a whole number"),
        FaultCase(cards("ca: /none.pem"), "2:58: error: ca: the file cannot be read"),
        FaultCase(cards("enabled: on"), "2:63: error: enabled: 'on' is neither true nor false"),
        FaultCase(
            "providers: { p: { plugin: payalo, settings: { api_key: k } } }\n\(use)",
            "1:14: error: server needs 'reference_secret': provider 'p' is not on loopback",
            "1:14: error: server needs 'callback_secrets': provider 'p' is not on loopback",
            "1:14: warning: 'public_url' names no public address: provider 'p' cannot call back"),
        FaultCase(
            "providers: { p: { plugin: payalo, settings: { api_key: k } } }\n\(use)\nserver: { public_url: 'https://p.example',\n  reference_secret: short, callback_secrets: [0123456789abcdef, short] }",
            "4:21: error: a secret must have 16 bytes or more ('openssl rand -base64 32' makes one)",
            "4:65: error: a secret must have 16 bytes or more ('openssl rand -base64 32' makes one)"),
    ]

    static let routeCases = [
        FaultCase("routes: [x]", "1:10: error: route must be a map, not a single value"),
        FaultCase("routes: [{}]", "1:10: error: route needs 'name'", "1:10: error: route needs 'use'"),
        FaultCase(
            "routes: [{ name: kenya, use: cards-a }]",
            "1:18: error: route 'kenya' is there twice (first at c/00-base.yaml:6:13)"),
        FaultCase(
            "routes: [{ name: none, use: cards-a }]", "1:18: error: name: 'none' stands for no route in expectations"),
        FaultCase(
            route("use: payalo-kee"), "2:8: error: use: unknown provider 'payalo-kee'; did you mean 'payalo-ke'?"),
        FaultCase(route("use: [payalo-ke, payalo-ke]"), "2:20: error: provider 'payalo-ke' is used twice"),
        FaultCase(route("use: []"), "2:8: error: 'use' must name a provider"),
        FaultCase(route("use: [{ provider: cards-a, weight: 5 }]"), "2:38: error: 'weight' needs 'strategy: weighted'"),
        FaultCase(
            route("strategy: weighted, use: [{ provider: cards-a, weight: 0 }]"),
            "2:28: error: one provider must have a weight above 0"),
        FaultCase(
            route("strategy: weighed, use: cards-a"),
            "2:13: error: strategy: 'weighed' is not one of priority, weighted, lowest_cost, highest_success; did you mean 'weighted'?"
        ),
        FaultCase(
            route("use: cards-a, failover_on: [decline]"),
            "2:31: error: failover_on: 'decline' is not one of unavailable, rate_limited, declined; did you mean 'declined'?"
        ),
        FaultCase(when("curency: KES"), "2:11: error: unknown key 'curency' in when; did you mean 'currency'?"),
        FaultCase(when("currency: KSH"), "2:21: error: currency: 'KSH' is not an ISO 4217 currency"),
        FaultCase(when("currency: []"), "2:21: error: 'currency' must not be empty"),
        FaultCase(when("country: UK"), "2:20: error: country: 'UK' is not an ISO 3166-1 alpha-2 country"),
        FaultCase(
            when("method: [mobile-money]"),
            "2:20: error: method: 'mobile-money' is not one of card, mobile_money, wallet, checkout; did you mean 'mobile_money'?"
        ),
        FaultCase(when("network: MPesa"), "2:20: error: network: 'MPesa' is not a network: 1 to 40 of a-z 0-9 _ -"),
        FaultCase(when("app: shopp"), "2:16: error: app: unknown app 'shopp'; did you mean 'shop'?"),
        FaultCase(when("amount: { min: 5, max: 4 }"), "2:34: error: amount: max is less than min (5)"),
        FaultCase(when("amount: { min: 0 }"), "2:26: error: min: '0' is not from 1 to 999999999999"),
        FaultCase(when("amount: {}"), "2:19: error: amount needs 'min' or 'max'"),
        FaultCase(when("amount: 5"), "2:19: error: amount must be a map, not a single value"),
        FaultCase(when("capture: auto"), "2:20: error: capture: 'auto' is not one of automatic, manual"),
        FaultCase(
            when("card_brand: mastrcard"),
            "2:23: error: card_brand: 'mastrcard' is not one of visa, mastercard, amex, discover, diners, jcb, unionpay, maestro, mir, unknown; did you mean 'mastercard'?"
        ),
        FaultCase(
            when("card_bin: 42x"), "2:21: error: card_bin: '42x' is not the beginning of a card number: 1 to 8 digits"),
        FaultCase(when("metadata: { tier: [] }"), "2:29: error: 'tier' must not be empty"),
        FaultCase(when("not: {}"), "2:16: error: an empty 'not' lets nothing through"),
        FaultCase(
            when("not: { not: { curency: KES } }"),
            "2:25: error: unknown key 'curency' in not; did you mean 'currency'?"),
    ]

    static let expectationCases = [
        FaultCase(
            "expect: [{ given: { app: shop, amount: 1, currency: KES, method: mobile_money } }]",
            "1:10: error: expectation needs 'route' or 'providers'"),
        FaultCase("expect: [{ route: kenya }]", "1:10: error: expectation needs 'given'"),
        FaultCase(
            "expect: [{ route: kenya, given: {} }]", "1:33: error: given needs 'app'",
            "1:33: error: given needs 'amount'", "1:33: error: given needs 'currency'",
            "1:33: error: given needs 'method'"),
        FaultCase(
            expect("amout: 1", "route: kenya"), "2:3: error: unknown key 'amout' in given; did you mean 'amount'?"),
        FaultCase(
            expect("network: mpesa", "route: kenia"), "3:9: error: route: unknown route 'kenia'; did you mean 'kenya'?"),
        FaultCase(
            expect("network: mpesa", "route: none, providers: payalo-ke"), "3:26: error: 'route: none' has no providers"
        ),
        FaultCase(expect("card_bin: 4242", "route: kenya"), "2:13: error: a payment by mobile_money has no card"),
        FaultCase(
            expect("network: mpesa", "route: cards"),
            "1:10: error: expected route 'cards', got 'kenya' (currency is KES, method is mobile_money); 'cards' does not match: method is mobile_money"
                .replacing("; 'cards' does not match: method is mobile_money", with: "")),
        FaultCase(
            expect("capture: manual", "route: kenya, providers: payalo-ke"),
            "1:10: error: expected providers [payalo-ke], got []; payalo-ke is left out: not_capable (capture manual)"),
        FaultCase(
            expect("network: mpesa", "providers: [cards-a]"),
            "1:10: error: expected providers [cards-a], got [payalo-ke]"),
        FaultCase(
            "expect: [{ given: { app: shop, amount: 1, currency: USD, method: checkout }, route: cards }]",
            "1:10: error: expected route 'cards', got none (no route matches); 'cards' does not match: method is checkout"
        ),
        FaultCase(
            "expect: [{ given: { app: shop, amount: 1, currency: USD, method: card, network: mpesa }, route: cards }]",
            "1:81: error: a payment by card has no network"),
    ]

    private static let use = "routes: [{ name: r, when: { method: mobile_money, currency: UGX }, use: p }]"

    /// A provider `p`, used by a route, whose second line is this.
    private static func provider(_ line: String) -> String {
        "providers: {p: {\n    \(line) }}\n\(use)"
    }

    private static func payalo(_ settings: String) -> String {
        "providers: {p: {\n    plugin: payalo, base_url: 'http://127.0.0.1:9400',        settings: \(settings) }}\n\(use)"
    }

    private static func cards(_ line: String) -> String {
        "providers: {p: {\n  plugin: cards, base_url: 'http://127.0.0.1:9400',  \(line) }}\n"
            + "routes: [{ name: r, when: { method: [mobile_money, card], currency: [UGX, USD] }, use: [payalo-ke, p] }]"
    }

    /// A route `r` whose second line is this.
    private static func route(_ line: String) -> String {
        "routes: [{ name: r, when: { currency: UGX, method: [mobile_money, card] },\n  \(line) }]"
    }

    private static func when(_ line: String) -> String {
        "routes: [{ name: r, use: [payalo-ke, cards-a],\n  when: { \(line) } }]"
    }

    /// An expectation of a mobile-money payment in KES.
    private static func expect(_ given: String, _ line: String) -> String {
        "expect: [{ given: { app: shop, amount: 1, currency: KES, method: mobile_money,\n  \(given) },\n \(line) }]"
    }
}
