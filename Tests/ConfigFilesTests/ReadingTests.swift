import ConfigFiles
import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing
import TestCertificates
import Testing

/// What is written arrives, field by field.
@Suite struct ReadingTests {
    @Test func server() throws {
        let result = load(
            [
                "a.yaml": base,
                "s.yaml": """
                server:
                  listen: "[::1]:8080"
                  admin: 0.0.0.0:9090
                  admin_keys_sha256: ["\(shopDigest)", "\(blogDigest)"]
                  public_url: https://pay.example.com/base/
                  request_timeout: 20s
                  drain_grace: 0s
                  max_body: 1MiB
                  limits:
                    connections: 500
                    header_count: 50
                    header_size: 8KiB
                    request_read_timeout: 5s
                    idle_timeout: 2m
                    requests_in_flight: 600
                    waiting_callers: 700
                    follow_ups_waiting: 8
                    follow_ups_per_payment: 900
                    events_queued: 1000
                    orphans: 1100
                  idempotency: { ttl: 90m, max_keys: 500 }
                  payments: { retention: 2d, max: 700 }
                  reference_secret: "0123456789abcdef"
                  callback_secrets: [ABCDEF0123456789, "fedcba9876543210"]
                  inquiry: [250ms, 1s, 1s]
                  tls: { certificate: /tls.pem, private_key: /tls.key, client_ca: /ca.pem }
                  tracing: { endpoint: "https://traces.example.com/v1/traces" }
                """,
            ],
            disk: [
                "/tls.pem": TestCertificates.renewed, "/ca.pem": "a comment\n" + TestCertificates.root,
                "/tls.key": TestCertificates.renewedKey,
            ])
        #expect(result.faults == [])
        let server = try #require(result.configuration?.server)
        #expect(server.listen == ServerConfiguration.Address(host: "::1", port: 8080))
        #expect(server.listen.isLoopback)
        #expect(server.admin == ServerConfiguration.Address(host: "0.0.0.0", port: 9090))
        #expect(!server.admin.isLoopback && server.adminProblem == nil)
        #expect(server.adminKeys.count == 2)
        #expect(server.publicURL == "https://pay.example.com/base")
        #expect(server.requestTimeout == .seconds(20))
        #expect(server.drainGrace == .zero)
        #expect(server.maxBody == 1_048_576)
        #expect(server.idempotency == IdempotencyLimits(ttl: .seconds(5400), maxKeys: 500, maxWaiters: 700))
        var limits = ServerLimits()
        limits.connections = 500
        limits.headerCount = 50
        limits.headerSize = 8192
        limits.requestReadTimeout = .seconds(5)
        limits.idleTimeout = .seconds(120)
        limits.requestsInFlight = 600
        limits.followUpsWaiting = 8
        limits.followUpsPerPayment = 900
        limits.eventsQueued = 1000
        limits.orphans = 1100
        #expect(server.limits == limits)
        #expect(server.sustainedRate.perThousandSeconds == 92)
        #expect(server.paymentRetention == .seconds(172_800))
        #expect(server.maxPayments == 700)
        #expect(server.referenceSecret == Secret("0123456789abcdef"))
        #expect(server.callbackSecrets == [Secret("ABCDEF0123456789"), Secret("fedcba9876543210")])
        #expect(server.inquiry == [.milliseconds(250), .seconds(1), .seconds(1)])
        #expect(
            server.tracingEndpoint == "https://traces.example.com/v1/traces")
        #expect(
            server.tls
                == ServerConfiguration.TLS(
                    certificate: TestCertificates.renewed, privateKey: Secret(TestCertificates.renewedKey),
                    clientCA: "a comment\n" + TestCertificates.root))
    }

    @Test func apps() throws {
        let result = load([
            "a.yaml": base,
            "b.yaml": """
            apps:
              blog:
                api_keys_sha256: "\(blogDigest)"
                country: NO
                allow: [create, read]
                rate_limit: [{ requests: 20, per: 1s, burst: 40 }, { requests: 1000, per: 1h }]
                webhook:
                  url: https://blog.internal/hooks
                  secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
                  allow_private: true
                  retry: [1m, 2h]
            """,
        ])
        #expect(result.faults == [])
        let blog = try #require(result.configuration?.apps["blog"])
        #expect(blog.name == "blog")
        #expect(blog.keys.count == 1)
        #expect(blog.country?.code == "NO")
        #expect(blog.allow == [.create, .read])
        #expect(
            blog.rateLimits == [
                RateLimit(requests: 20, per: .seconds(1), burst: 40), RateLimit(requests: 1000, per: .seconds(3600)),
            ])
        #expect(
            blog.webhook
                == AppConfiguration.Webhook(
                    url: "https://blog.internal/hooks", secret: Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                    allowPrivate: true, retry: [.seconds(60), .seconds(7200)]))
        let shop = try #require(result.configuration?.apps["shop"])
        #expect(shop.allow == Set(AppConfiguration.Permission.allCases))
        #expect(shop.rateLimits == [] && shop.webhook == nil)
        #expect(shop.keys != blog.keys)
    }

    @Test func providers() throws {
        let result = load(
            [
                "a.yaml": base,
                "p.yaml": """
                server:
                  reference_secret: 0123456789abcdef
                  callback_secrets: 0123456789abcdef
                  public_url: https://pay.example.com
                providers:
                  payalo-full:
                    plugin: payalo
                    settings:
                      api_key: 0123
                      callback_keys: [old, new]
                      methods: { mpesa-ke: mpesa, airtel-ke: 007 }
                      inquiry_interval: 90s
                      mode: test
                      labels: one
                      title: A title
                      webhook_allow: [10.0.0.0/8, "2001:db8::/32", 192.0.2.1]
                    connect_timeout: 250ms
                    timeout: 5s
                    rate_limit: []
                    breaker: { consecutive_failures: 2, failure_rate: 33.3%, minimum_calls: 3, window: 1m,
                               slow_call: 2s, slow_rate: 100%, open_for: 10m, half_open_calls: 1 }
                    fee: { percent: 1.2345, fixed: { KES: 500, JPY: 0 } }
                    ca: /roots.pem
                    enabled: false
                routes:
                  - { name: r, use: payalo-full, when: { currency: UGX } }
                """,
            ], disk: ["/roots.pem": TestCertificates.root])
        #expect(result.faults.map(\.text) == ["all providers of route 'r' are disabled"])
        let provider = try #require(result.configuration?.providers["payalo-full"])
        #expect(provider.name == "payalo-full" && provider.plugin == "payalo")
        #expect(provider.baseURL == "https://api.payalo.com")
        let settings = try #require(provider.adapter as? FakePayalo).settings
        #expect(settings.secret("api_key") == Secret("0123"))
        #expect(settings.secrets("callback_keys") == [Secret("old"), Secret("new")])
        #expect(settings.map("methods") == ["mpesa-ke": "mpesa", "airtel-ke": "007"])
        #expect(settings.duration("inquiry_interval") == .seconds(90))
        #expect(settings.text("mode") == "test")
        #expect(settings.texts("labels") == ["one"])
        #expect(settings.text("title") == "A title")
        #expect(provider.webhookAllow == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"])
        #expect(provider.connectTimeout == .milliseconds(250) && provider.timeout == .seconds(5))
        #expect(provider.rateLimits == [])
        #expect(
            provider.breaker
                == BreakerSettings(
                    consecutiveFailures: 2, failureRate: Share(perMille: 333), minimumCalls: 3, window: .seconds(60),
                    slowCall: .seconds(2), slowRate: .percent(100), openFor: .seconds(600),
                    maxOpenFor: .seconds(600), halfOpenCalls: 1))
        let (kes, jpy) = (try #require(Currency(code: "KES")), try #require(Currency(code: "JPY")))
        #expect(provider.fee == ProviderFee(millionths: 12_345, fixed: [kes: 500, jpy: 0]))
        #expect(provider.extraRoots == "/roots.pem")
        #expect(!provider.isEnabled)

        let plain = try #require(result.configuration?.providers["payalo-ke"])
        #expect(plain.baseURL == "http://127.0.0.1:9400")
        #expect(plain.rateLimits == [RateLimit(requests: 20, per: .seconds(1))])
        #expect(plain.breaker == BreakerSettings())
        #expect(plain.fee == nil && plain.isEnabled)
    }

    @Test func routes() throws {
        let result = load([
            "a.yaml": base,
            "r.yaml": """
            providers:
              cards-b: { plugin: cards, base_url: "http://localhost:9400/" }
            routes:
              - name: everything
                when:
                  app: [shop]
                  currency: [USD, EUR]
                  method: card
                  country: NO
                  amount: { min: 100, max: 5000000 }
                  capture: manual
                  card_brand: [visa, mastercard]
                  card_bin: [0123, 42]
                  metadata: { tier: [gold, yes], on: 1 }
                  not: { country: [US], not: { network: m-pesa_2 } }
                strategy: weighted
                use: [{ provider: cards-a, weight: 90 }, cards-b]
                failover_on: [unavailable, declined]
              - { name: rest, use: { provider: cards-b }, when: { amount: { min: 7 } } }
              - name: last
                use: cards-b
            """,
        ])
        #expect(!result.hasErrors)
        let routes = try #require(result.configuration?.router.routes)
        #expect(routes.map(\.name) == ["kenya", "cards", "everything", "rest", "last"])
        var condition = RouteCondition()
        condition.apps = ["shop"]
        condition.currencies = Set(["USD", "EUR"].compactMap(Currency.init(code:)))
        condition.methods = [.card]
        condition.countries = Set([Country(code: "NO")].compactMap { $0 })
        condition.amount = 100...5_000_000
        condition.captures = [.manual]
        condition.cardBrands = [.visa, .mastercard]
        condition.cardPrefixes = ["0123", "42"]
        condition.metadata = ["tier": ["gold", "yes"], "on": ["1"]]
        var inner = RouteCondition()
        inner.networks = ["m-pesa_2"]
        var not = RouteCondition()
        not.countries = Set([Country(code: "US")].compactMap { $0 })
        not.not = [inner]
        condition.not = [not]
        #expect(
            routes[2]
                == Route(
                    name: "everything", when: condition, strategy: .weighted,
                    use: [
                        Route.Member(provider: "cards-a", weight: 90), Route.Member(provider: "cards-b", weight: 1),
                    ], failoverOn: [.unavailable, .declined]))
        #expect(routes[3].when.amount == 7...999_999_999_999)
        #expect(routes[4] == Route(name: "last", when: RouteCondition(), use: [Route.Member(provider: "cards-b")]))
    }

    @Test func expectationsBecomePayments() throws {
        let result = load([
            "a.yaml": base,
            "e.yaml": """
            expect:
              - given: { app: shop, amount: 7, currency: USD, method: card, card_bin: 4242, capture: manual,
                         metadata: { tier: gold } }
                route: cards
                providers: cards-a
              - given: { app: shop, amount: 7, currency: KES, method: mobile_money, country: UG, network: mpesa }
                providers: [payalo-ke]
              - given: { app: shop, amount: 7, currency: KES, method: card, card_brand: amex }
                route: cards
                providers: []
              - given: { app: shop, amount: 7, currency: KES, method: wallet, network: x }
                route: none
                providers: []
            """,
        ])
        #expect(result.faults == [])
        #expect(result.expectations.count == 4)
        let card = try #require(result.expectations.first)
        #expect(card.position == SourcePosition(file: "c/e.yaml", line: 2, column: 5))
        #expect(card.route == .named("cards") && card.providers == ["cards-a"])
        #expect(card.shape.app == "shop" && card.shape.money.minorUnits == 7)
        #expect(card.shape.country?.code == "KE", "the app's default")
        #expect(card.shape.capture == .manual)
        #expect(card.shape.cardPrefix == "4242" && card.shape.cardBrand == .visa)
        #expect(card.shape.metadata == ["tier": "gold"])
        #expect(card.shape.fields == nil)
        #expect(result.expectations[1].shape.country?.code == "UG")
        #expect(result.expectations[1].shape.network == "mpesa")
        #expect(result.expectations[2].shape.cardBrand == .amex)
        #expect(result.expectations[3].route == .noRoute)
    }

    /// The example of the contract, with nothing but what it leaves out filled in.
    @Test func theContractsExample() {
        let result = load(
            [
                "routes.yaml": """
                server:
                  listen: 127.0.0.1:8080
                  admin: 127.0.0.1:9090                # health, metrics, operations; never the public address
                  admin_keys_sha256: []                # required when `admin` is not on loopback
                  public_url: https://pay.example.com  # what providers call back
                  request_timeout: 30s                 # the whole of one API request, failovers included
                  drain_grace: 5s
                  max_body: 64KiB
                  idempotency: { ttl: 24h, max_keys: 1000000 }
                  payments: { retention: 30d, max: 1000000 }
                  reference_secret: "${SWITCHYARD_REFERENCE_SECRET}"
                  callback_secrets: ["${SWITCHYARD_CALLBACK_SECRET}"]
                  inquiry: [5s, 15s, 1m, 5m, 15m, 1h]
                  tls: { certificate: /etc/switchyard/tls.pem, private_key: /etc/switchyard/tls.key, client_ca: /etc/switchyard/ca.pem }
                apps:
                  shop:
                    api_keys_sha256: ["\(shopDigest)"]
                    country: KE
                    allow: [create, capture, cancel, refund, read]
                    rate_limit: { requests: 20, per: 1s, burst: 40 }
                    webhook: { url: "https://shop.internal/hooks", secret: "${S}", allow_private: true, retry: [5m, 15m, 1h, 6h] }
                  blog: { api_keys_sha256: ["\(blogDigest)"] }
                providers:
                  payalo-ke:
                    plugin: payalo
                    base_url: https://api.payalo.com
                    settings: { api_key: "${PAYALO_API_KEY}" }
                    connect_timeout: 1s
                    timeout: 10s
                    rate_limit: { requests: 20, per: 1s }
                    breaker: { consecutive_failures: 5, failure_rate: 50%, minimum_calls: 10, window: 30s,
                               slow_call: 5s, slow_rate: 80%, open_for: 10s, max_open_for: 5m, half_open_calls: 3 }
                    fee: { percent: 1.5, fixed: { KES: 500 } }
                    ca: /etc/ssl/payalo.pem
                    enabled: true
                  cards-a: { plugin: cards, base_url: https://a.example }
                  cards-b: { plugin: cards, base_url: https://b.example }
                routes:
                  - name: kenya-mobile-money
                    when: { currency: KES, method: mobile_money, country: KE }
                    use: [payalo-ke]
                  - name: cards
                    when:
                      method: card
                      currency: [USD, EUR, MAD]
                      amount: { min: 100, max: 5000000 }
                      app: [shop, blog]
                      metadata: { tier: gold }
                      not: { country: [US] }
                    strategy: weighted
                    use: [{ provider: cards-a, weight: 90 }, { provider: cards-b, weight: 10 }]
                    failover_on: [unavailable, rate_limited]
                expect:
                  - given: { app: shop, amount: 1000, currency: KES, method: mobile_money, country: KE }
                    route: kenya-mobile-money
                    providers: [payalo-ke]
                """
            ], withoutSecrets: true)
        #expect(result.faults == [])
        #expect(result.configuration != nil)
    }
}
