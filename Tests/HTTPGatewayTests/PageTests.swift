@testable import HTTPGateway
@testable import PaymentEngine
import PaymentModel
import ProviderKit
import StrictJSON
import Synchronization
import Testing

/// The page for people: what it says, to whom, and that nothing that others wrote becomes markup.
@Suite struct PageTests {
    private static let change = [("X-Switchyard-Admin", "1")]
    private static let now = Timestamp(milliseconds: 1_769_248_800_000)

    private static func page(_ script: Recorder.Script, _ path: String = "/") async throws -> String {
        let recorded = Recorded()
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            gateway.recorder.script = script
            let answer = try await gateway.send("GET", path, [])
            #expect(answer.status == 200)
            recorded.text.withLock { $0 = String(decoding: answer.body, as: UTF8.self) }
        }
        return recorded.text.withLock { $0 }
    }

    private static func overview(
        providers: [ProviderHealthReport] = [], routes: [EngineOverview.RouteReport] = [],
        isDraining: Bool = false, _ adjust: (inout StoreOutline) throws -> Void = { _ in }
    ) throws -> EngineOverview {
        var store = StoreOutline()
        try adjust(&store)
        return EngineOverview(
            at: now, version: "11ba26ec50bf77", uptime: .seconds(3725), isDraining: isDraining, providers: providers,
            routes: routes, store: store)
    }

    private static func provider(
        _ name: String, _ breaker: String = "closed", standing: ProviderHealthReport.Standing = .enabled,
        faults: Int = 0
    ) -> ProviderHealthReport {
        let point = CallPoint(calls: 10, faults: faults, p50: 40, p99: 180)
        return ProviderHealthReport(
            name: name, plugin: "payalo", standing: standing, inFlight: 3, tokenAgeSeconds: 61,
            operations: [
                .init(
                    operation: .create, breaker: breaker, calls: 10, failuresPerMille: faults * 100, recent: point,
                    opensUntil: breaker == "open" ? now.advanced(by: .seconds(8)) : nil)
            ],
            history: Array(repeating: CallPoint(calls: 0, faults: 0, p50: nil, p99: nil), count: 59) + [point])
    }

    // MARK: Who gets it

    @Test func itMayLoadNothingAndBeFramedByNobody() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            for path in ["/", "/admin/page"] {
                let answer = try await gateway.send("GET", path, [])
                #expect(answer.status == 200)
                #expect(answer["Content-Type"] == "text/html; charset=utf-8")
                #expect(answer["Cache-Control"] == "no-store")
                #expect(answer["X-Content-Type-Options"] == "nosniff")
                #expect(answer["Referrer-Policy"] == "no-referrer")
                #expect(answer["Cross-Origin-Opener-Policy"] == "same-origin")
                let policy = try #require(answer["Content-Security-Policy"])
                for rule in [
                    "default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'",
                    "connect-src 'self'", "script-src 'sha256-", "style-src 'sha256-",
                ] {
                    #expect(policy.contains(rule))
                }
                #expect(!policy.contains("unsafe"))
            }
            let page = try await gateway.send("GET", "/", []).text
            // The hashes are those of the one style and the one script that are there.
            #expect(page.components(between: "<style>", and: "</style>") == [PageStyle.text.description])
            #expect(page.components(between: "<script>", and: "</script>") == [PageScript.text.description])
            #expect(!page.contains(" style="))
            #expect(!page.contains(" onclick="))
            #expect(!page.contains("src="))
            #expect(page.contains(#"<noscript><meta http-equiv="refresh" content="2"></noscript>"#))
            #expect(try await gateway.send("HEAD", "/", []).status == 200)
            #expect(try await gateway.send("POST", "/", Self.change).status == 405)
        }
    }

    @Test func onLoopbackTheHostIsChecked() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            for path in ["/", "/admin/page", "/admin/events"] {
                let answer = try await gateway.send("GET", path, [("Host", "evil.example")])
                #expect(answer.status == 403)
            }
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    @Test func elsewhereTheShellHoldsNothingAndTheContentNeedsTheKey() async throws {
        try await Harness.run(side: .admin(host: "0.0.0.0")) { gateway in
            gateway.recorder.script.overview = try Self.overview(providers: [Self.provider("payalo-ke")])
            let shell = try await gateway.send("GET", "/", [("Host", "ops.example")])
            #expect(shell.status == 200)
            #expect(shell.text.contains(#"id="unlock""#))
            #expect(!shell.text.contains("payalo"))
            #expect(!shell.text.contains("11ba26ec"))
            #expect(!shell.text.contains(#"http-equiv="refresh""#))
            #expect(gateway.recorder.asked.isEmpty)
            let events = ["/admin/page", "/admin/events"]
            for path in events {
                #expect(try await gateway.send("GET", path, [("Host", "ops.example")]).status == 401)
                // Not by a URL and not by a cookie.
                let inURL = try await gateway.send("GET", path + "?key=\(Harness.operatorKey)", [])
                #expect(inURL.status == 401)
                let cookie = try await gateway.send("GET", path, [("Cookie", "key=\(Harness.operatorKey)")])
                #expect(cookie.status == 401)
            }
            let key = [("Authorization", "Bearer \(Harness.operatorKey)")]
            let content = try await gateway.send("GET", "/admin/page", key)
            #expect(content.status == 200)
            #expect(content.text.contains("payalo-ke"))
            #expect(try await gateway.send("POST", "/admin/payments/pay_1/sync", key).status == 403)
            #expect(try await gateway.send("POST", "/admin/payments/pay_1/sync", Self.change).status == 401)
        }
    }

    // MARK: What it says

    @Test func whatIsWrongComesFirst() async throws {
        var script = Recorder.Script()
        let fine = try Self.overview(providers: [Self.provider("a"), Self.provider("b", standing: .disabledByHand)])
        script.overview = fine
        let calm = try await Self.page(script)
        #expect(calm.contains("All is well"))
        #expect(calm.contains("b is disabled by hand"))
        #expect(calm.contains("Healthy"))
        #expect(calm.contains("Configuration 11ba26ec50bf"))
        #expect(calm.contains("up 1 h 2 min"))
        #expect(calm.contains("token 1 min old"))
        #expect(calm.contains("3 in flight"))

        script.overview = try Self.overview(
            providers: [
                Self.provider("a", "open", faults: 9), Self.provider("b", "half_open"), Self.provider("c", faults: 2),
            ],
            routes: [
                .init(
                    name: "cards", strategy: "weighted", members: [("a", 90), ("b", 10)],
                    taken: [("a", 6), ("b", 1)], refused: 3)
            ], isDraining: true
        ) { store in
            store.unknown = 2
            store.underReview = 1
            store.failedEventCount = 4
            store.orphanCount = 1
            store.orphansOfMoneyCount = 1
            store.attention = [try samplePayment("pay_1", app: "shop")]
        }
        script.reloads = [
            ReloadReport(
                at: Self.now, trigger: "change", isSuccessful: false, version: "v1",
                faults: ["routes/a.yaml:3:5: error: e"])
        ]
        let wrong = try await Self.page(script, "/admin/page")
        for text in [
            "4 problems now", "a is failing: create stopped", "tried again in 8 s", "open, 8 s", "b is being tried",
            "c is unsteady", "2 of 10 calls failed in the last minute", "3 payments on route cards found no provider",
            "1 payment under review", "2 payments of unknown outcome", "1 callback of money without a payment",
            "4 events not delivered", "The configuration on disk has faults", "Draining", "draining",
            "a (weight 90) 60 %", "nobody 30 %", "routes/a.yaml:3:5: error: e", "refused",
        ] {
            #expect(wrong.contains(text), "\(text)")
        }
        let problem = try #require(wrong.range(of: "4 problems now"))
        let cards = try #require(wrong.range(of: "id=\"providers\""))
        #expect(problem.lowerBound < cards.lowerBound)
    }

    @Test func anAttemptSaysHowFarItGotAndWhyTheNext() throws {
        func words(_ attempts: [(String, PaymentModel.Operation, Attempt.Outcome, String?)]) throws -> [AttemptWords] {
            var payment = try samplePayment("pay_1", app: "shop")
            for (provider, operation, outcome, reason) in attempts {
                payment.record(
                    Attempt(
                        provider: provider, operation: operation, outcome: outcome, reason: reason,
                        startedAt: Self.now, durationMilliseconds: 5))
            }
            return AttemptWords.all(of: payment)
        }
        let moved = try words([
            ("a", .create, .skipped, "breaker_open"), ("b", .create, .unavailable, "connect_refused"),
            ("c", .create, .unavailable, "http_503"), ("d", .create, .ambiguous, "timeout"),
        ])
        #expect(
            moved.map(\.reach) == [
                "not tried: breaker open", "not sent: connect refused", "answered: nothing was done: http 503",
                "sent, outcome unknown: timeout",
            ])
        #expect(
            moved.map(\.consequence) == [
                "Nothing was sent: b may be tried.", "Nothing was sent: c may be tried.",
                "The provider did nothing: d may be tried.",
                "It may have been charged: no other provider is tried until this one's answer is known.",
            ])
        let asked = try words([
            ("a", .create, .ambiguous, "reset"), ("a", .inquiry, .accepted, "not_found"),
            ("a", .create, .accepted, nil),
        ])
        #expect(
            asked.map(\.reach) == [
                "sent, outcome unknown: reset", "answered: not known there", "answered: accepted",
            ])
        #expect(asked[0].consequence == "It may have been charged: the same provider is asked.")
        #expect(asked[1].consequence == "It never arrived: the same request goes out again under the same reference.")
    }

    @Test func nothingThatOthersWroteIsMarkup() async throws {
        let evil = #"</script><script>alert(1)</script><img src=x onerror='alert("2")'>&amp;"#
        let usd = try #require(Currency(code: "USD"))
        let request = PaymentRequest(
            money: Money(minorUnits: 100, currency: usd), instrument: .mobileMoney(phone: evil, network: evil),
            reference: evil, description: evil, metadata: [evil: evil])
        var payment = Payment(id: evil, app: evil, request: request, route: evil, at: Self.now)
        payment.record(
            Attempt(
                provider: evil, operation: .create, outcome: .unavailable, reason: evil, startedAt: Self.now,
                durationMilliseconds: 1, note: evil))
        let hostile = payment
        var script = Recorder.Script()
        script.overview = try Self.overview(
            providers: [Self.provider(evil, "open")],
            routes: [.init(name: evil, strategy: evil, members: [(evil, 1)], taken: [(evil, 1)], refused: 1)]
        ) { store in
            store.attention = [hostile]
            store.recent = [hostile]
            var delivery = EventDelivery.none
            delivery = .pending(since: .now)
            delivery.giveUp(evil)
            store.failedEvents = [
                Event(.state(.captured), number: 1, of: hostile, at: Self.now, delivery: delivery)
            ]
            store.failedEventCount = 1
            store.orphans = [
                OrphanCallback(
                    id: evil, provider: evil,
                    notice: CallbackNotice(
                        eventID: evil, report: ProviderReport(.captured, providerReference: evil)),
                    vouchedFor: nil, isAuthentic: true, receivedAt: Self.now)
            ]
            store.orphanCount = 1
        }
        script.reloads = [
            ReloadReport(at: Self.now, trigger: evil, isSuccessful: false, version: evil, faults: [evil])
        ]
        let page = try await Self.page(script)
        let scripts = page.components(between: "<script", and: "</script>")
        #expect(scripts.count == 1)
        #expect(!page.contains("<img"))
        #expect(!page.contains("onerror='"))
        #expect(!page.contains("alert(\"2\")"))
        #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        // In an address it is one segment.
        #expect(page.contains("/admin/providers/%3C%2Fscript%3E%3Cscript%3Ealert%281%29"))
    }

    @Test func textIsEscapedWhereverItStands() {
        var html = HTML()
        html.element("p", ["title": "a\"b'c<d>&\u{202e}\u{0}", "hidden": "", "lang": nil], "x < y & \u{85}z")
        #expect(
            html.text
                == "<p title=\"a&quot;b&#39;c&lt;d&gt;&amp;\u{fffd}\u{fffd}\" hidden>x &lt; y &amp; \u{fffd}z</p>")
    }

    @Test func wordsForNumbers() {
        #expect(Words.duration(milliseconds: -5) == "0 s")
        #expect(Words.duration(milliseconds: 59_999) == "59 s")
        #expect(Words.duration(milliseconds: 3_600_000) == "1 h")
        #expect(Words.duration(milliseconds: 93_600_000) == "1 d 2 h")
        #expect(Words.latency(999) == "999 ms")
        #expect(Words.latency(1250) == "1.2 s")
        let percents = [(0, 10), (1, 1000), (999, 1000), (10, 10), (1, 3), (0, 0)].map { Words.percent($0.0, of: $0.1) }
        #expect(percents == ["0 %", "< 1 %", "> 99 %", "100 %", "33 %", "0 %"])
    }

    // MARK: What its buttons call

    @Test func anOperatorAsksAndSendsInTheAppsPlace() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            let payment = try samplePayment("pay_1", app: "blog")
            gateway.recorder.script.payments = ["pay_1": payment]
            let event = Event(.state(.captured), number: 1, of: payment, at: Self.now, delivery: .none)
            gateway.recorder.script.events = ["evt_1_1": event]
            for path in ["/admin/payments/pay_1/sync", "/admin/events/evt_1_1/redeliver"] {
                #expect(try await gateway.send("POST", path, []).status == 403)
                #expect(try await gateway.send("GET", path, []).status == 405)
                #expect(try await gateway.send("POST", path, Self.change, body: Array("x".utf8)).status == 415)
                let fields = Self.change + [("Content-Type", "application/json")]
                #expect(try await gateway.send("POST", path, fields, json: #"{"x":1}"#).pointers == ["/x"])
            }
            #expect(gateway.recorder.asked.isEmpty)
            let synced = try await gateway.send("POST", "/admin/payments/pay_1/sync", Self.change)
            #expect(synced.status == 201)
            let sent = try await gateway.send("POST", "/admin/events/evt_1_1/redeliver", Self.change)
            #expect(sent.status == 202)
            #expect(sent.json?["type"]?.string == "payment.captured")
            #expect(
                gateway.recorder.asked == ["payment pay_1 *", "sync pay_1 -", "event evt_1_1 *", "redeliver evt_1_1"])
            #expect(gateway.recorder.calls.map(\.app.name) == ["blog", "blog"])
            #expect(try await gateway.send("POST", "/admin/payments/pay_2/sync", Self.change).status == 404)
            #expect(try await gateway.send("POST", "/admin/events/evt_2_1/redeliver", Self.change).status == 404)
            // Of an app that a reload took away.
            gateway.recorder.script.payments = ["pay_1": try samplePayment("pay_1", app: "gone")]
            #expect(try await gateway.send("POST", "/admin/payments/pay_1/sync", Self.change).status == 201)
            #expect(gateway.recorder.calls.last?.app.name == "gone")
        }
    }

    @Test func eventsThatFailedAreListed() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            let payment = try samplePayment("pay_1", app: "blog")
            gateway.recorder.script.events = [
                "evt_1_1": Event(.state(.captured), number: 1, of: payment, at: Self.now, delivery: .none)
            ]
            let list = try await gateway.send("GET", "/admin/events?status=failed&app=blog&limit=5&cursor=c", [])
            #expect(list.status == 200)
            #expect(list.json?["data"]?.array?.count == 1)
            #expect(list.json?["next_cursor"]?.isNull == true)
            #expect(try await gateway.send("GET", "/admin/events", []).status == 200)
            #expect(gateway.recorder.asked == ["failed blog 5 c", "failed * 10 -"])
            let wrong = try await gateway.send("GET", "/admin/events?status=pending&limit=101&x=1", [])
            #expect(wrong.status == 422)
            #expect(wrong.pointers == ["/status", "/limit", "/x"])
        }
    }
}

/// A text that a closure hands out.
private final class Recorded: Sendable {
    let text = Mutex("")
}

extension String {
    /// What stands between each pair of two marks.
    fileprivate func components(between start: String, and end: String) -> [String] {
        var rest = self[...]
        var found: [String] = []
        while let from = rest.firstRange(of: start), let to = rest[from.upperBound...].firstRange(of: end) {
            found.append(String(rest[from.upperBound..<to.lowerBound]))
            rest = rest[to.upperBound...]
        }
        return found
    }

    fileprivate func range(of text: String) -> Range<String.Index>? { firstRange(of: text) }
}
