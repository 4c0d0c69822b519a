@testable import HTTPGateway
@testable import PaymentEngine
import PaymentModel
import ProviderKit
import StrictJSON
import Testing

/// The admin listener: health, who may ask, what may be changed.
@Suite struct AdminTests {
    private static let change = [("X-Switchyard-Admin", "1"), ("Content-Type", "application/json")]

    @Test func healthNeedsNothing() async throws {
        for host in ["127.0.0.1", "0.0.0.0"] {
            try await Harness.run(side: .admin(host: host)) { gateway in
                for path in ["/healthz", "/readyz"] {
                    let answer = try await gateway.send("GET", path, [("Host", "10.1.2.3:9090")])
                    #expect(answer.status == 200)
                    #expect(String(decoding: answer.body, as: UTF8.self) == #"{"status":"ok"}"#)
                    try await #expect(gateway.send("HEAD", path, []).status == 200)
                    try await #expect(gateway.send("POST", path, []).status == 405)
                }
                gateway.recorder.script.isDraining = true
                try await #expect(gateway.send("GET", "/healthz", []).status == 200)
                let ready = try await gateway.send("GET", "/readyz", [])
                #expect(ready.status == 503)
                #expect(ready.code == "shutting-down")
                #expect(ready["Connection"] == "close")
            }
        }
    }

    @Test func onLoopbackTheHostIsChecked() async throws {
        let table: [(host: String, accepted: Bool)] = [
            ("localhost", true), ("LOCALHOST:9090", true), ("127.0.0.1", true), ("127.0.0.1:1", true),
            ("127.8.9.10:9090", true), ("[::1]", true), ("[::1]:9090", true), ("evil.example", false),
            ("localhost.evil.example", false), ("evil.example:9090", false), ("127.0.0.1.evil.example", false),
            ("127.0.0.1.nip.io:9090", false), ("128.0.0.1", false), ("10.0.0.1", false), ("", false),
            ("localhost:", true),
            ("localhost:x", false), ("[::2]", false), ("[::1", false), ("::1", false), ("127.1", false),
            ("127.0.0.256", false),
            ("0.0.0.0", false), ("user@localhost", false),
        ]
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            for (host, accepted) in table {
                let answer = try await gateway.send("GET", "/admin/payments", [("Host", host)])
                #expect(answer.status == (accepted ? 200 : 403), "\(host)")
                let post = try await gateway.send(
                    "POST", "/admin/providers/payalo-ke/disable", [("Host", host)] + Self.change)
                #expect(post.status == (accepted ? 200 : 403), "\(host)")
            }
            let allowed = table.count { $0.accepted }
            #expect(gateway.recorder.asked.count == 2 * allowed)
        }
    }

    @Test func elsewhereAnOperatorsKeyIsNeeded() async throws {
        let table: [(fields: [(String, String)], accepted: Bool)] = [
            ([], false), ([("Authorization", "Bearer \(Harness.key)")], false),
            ([("X-API-Key", Harness.operatorKey)], false),
            ([("Authorization", "Bearer \(Harness.operatorKey)")], true), ([("Authorization", "Basic eDp5")], false),
        ]
        try await Harness.run(side: .admin(host: "0.0.0.0")) { gateway in
            for (fields, accepted) in table {
                for path in ["/admin/payments", "/admin/providers", "/admin/nothing"] {
                    let answer = try await gateway.send("GET", path, fields + [("Host", "ops.example")])
                    #expect((answer.status == 401) != accepted)
                    if !accepted { #expect(answer["WWW-Authenticate"] == "Bearer") }
                }
            }
        }
    }

    @Test func changesNeedTheHeader() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            for fields in [[], [("X-Switchyard-Admin", "0")], [("X-Switchyard-Admin", "true")]] {
                for path in ["/admin/providers/payalo-ke/disable", "/admin/payments/pay_1/resolve"] {
                    let answer = try await gateway.send("POST", path, fields, json: "{}")
                    #expect(answer.status == 403)
                    #expect(answer.code == "forbidden")
                }
            }
            #expect(gateway.recorder.asked.isEmpty)
            let off = try await gateway.send("POST", "/admin/providers/payalo-ke/disable", Self.change)
            #expect(String(decoding: off.body, as: UTF8.self) == #"{"provider":"payalo-ke","disabled":true}"#)
            let on = try await gateway.send("POST", "/admin/providers/payalo-ke/enable", Self.change)
            #expect(on.status == 200)
            try await #expect(gateway.send("POST", "/admin/providers/nobody/enable", Self.change).status == 404)
            try await #expect(gateway.send("GET", "/admin/providers/payalo-ke/enable", []).status == 405)
            #expect(gateway.recorder.asked == ["disable payalo-ke", "enable payalo-ke", "enable nobody"])
        }
    }

    @Test func paymentsOfAllAppsAreListed() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            gateway.recorder.script.payments = [
                "pay_1": try samplePayment("pay_1", app: "shop"), "pay_2": try samplePayment("pay_2", app: "blog"),
            ]
            let page = try await gateway.send("GET", "/admin/payments?limit=5&status=unknown", [])
            #expect(page.json?["data"]?.array?.count == 2)
            _ = try await gateway.send("GET", "/admin/payments?app=blog", [])
            #expect(gateway.recorder.queries.map(\.app) == [nil, "blog"])
            #expect(gateway.recorder.queries.first?.limit == 5)
            try await #expect(gateway.send("GET", "/admin/payments/pay_2", []).status == 200)
            try await #expect(gateway.send("GET", "/admin/payments/pay_3", []).status == 404)
            try await #expect(gateway.send("GET", "/admin/payments?limit=0", []).pointers == ["/limit"])
        }
    }

    @Test func resolvingReadsItsMembers() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            gateway.recorder.script.payments = ["pay_1": try samplePayment("pay_1", app: "shop")]
            let path = "/admin/payments/pay_1/resolve"
            for (body, pointers) in [
                ("{}", ["/status", "/note"]), (#"{"status":"paid","note":"seen"}"#, ["/status"]),
                (#"{"status":"captured","note":""}"#, ["/note"]),
                (#"{"status":"captured","note":"seen","reference":"x"}"#, ["/reference"]),
                (#"{"status":"captured","note":"seen","provider_reference":1}"#, ["/provider_reference"]),
            ] {
                let answer = try await gateway.send("POST", path, Self.change, json: body)
                #expect(answer.pointers == pointers, "\(body)")
            }
            try await #expect(gateway.send("POST", path, Self.change, json: "{").status == 400)
            try await #expect(gateway.send("POST", path, [Self.change[0]], json: "{}").status == 415)
            let body = #"{"status":"captured","provider_reference":"tx9","note":"seen in their console"}"#
            let answer = try await gateway.send("POST", path, Self.change, json: body)
            #expect(answer.status == 200)
            #expect(answer.json?["id"]?.string == "pay_1")
            let missing = try await gateway.send("POST", "/admin/payments/pay_2/resolve", Self.change, json: body)
            #expect(missing.status == 404)
            #expect(gateway.recorder.asked.first == "resolve pay_1 captured tx9 seen in their console")
        }
    }

    @Test func providersAreReported() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            let until = Timestamp(milliseconds: 1_769_248_810_000)
            let used = [
                ProviderHealthReport.OperationReport(
                    operation: .create, breaker: "open", calls: 120, failuresPerMille: 12,
                    recent: CallPoint(calls: 200, faults: 2, p50: 40, p99: 180),
                    opensUntil: until),
                ProviderHealthReport.OperationReport(
                    operation: .refund, breaker: "closed", calls: 1, failuresPerMille: 1000, opensUntil: nil),
                ProviderHealthReport.OperationReport(
                    operation: .inquiry, breaker: "half_open", calls: 0, failuresPerMille: 0, opensUntil: nil),
            ]
            gateway.recorder.script.reports = [
                ProviderHealthReport(
                    name: "payalo-ke", plugin: "payalo", standing: .enabled, inFlight: 3, tokenAgeSeconds: nil,
                    operations: used),
                ProviderHealthReport(
                    name: "spayon", plugin: "spayon", standing: .disabledByHand, inFlight: 0, tokenAgeSeconds: 60,
                    operations: []
                ),
            ]
            let answer = try await gateway.send("GET", "/admin/providers", [])
            let providers = try #require(answer.json?["providers"]?.array)
            #expect(providers.count == 2)
            #expect(providers[0]["provider"]?.string == "payalo-ke")
            #expect(providers[0]["in_flight"]?.integer == 3)
            #expect(providers[0]["token_age_s"]?.isNull == true)
            #expect(providers[1]["enabled"]?.bool == false)
            #expect(providers[1]["token_age_s"]?.integer == 60)
            let operations = try #require(providers[0]["operations"]?.array)
            let rates = operations.map { $0["failure_rate"]?.number?.text }
            #expect(rates == ["0.012", "1", "0"])
            #expect(operations[0]["opens_until"]?.string == "2026-01-24T10:00:10.000Z")
            #expect(operations[0]["breaker"]?.string == "open")
            #expect(operations[0]["p50_ms"]?.integer == 40)
            #expect(operations[0]["p99_ms"]?.integer == 180)
            #expect(operations[1]["p50_ms"]?.isNull == true)
            #expect(operations[1]["p99_ms"]?.isNull == true)
        }
    }

    @Test func callbacksThatMatchNoPaymentAreListed() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            let usd = try #require(Currency(code: "USD"))
            gateway.recorder.script.orphans = [
                OrphanCallback(
                    id: "cb_1", provider: "cards-main",
                    notice: CallbackNotice(
                        eventID: "evt_1",
                        report: ProviderReport(
                            .captured, money: Money(minorUnits: 9999, currency: usd), providerReference: "pay_x")),
                    vouchedFor: nil, isAuthentic: true, receivedAt: Timestamp(milliseconds: 1_769_248_800_000))
            ]
            let answer = try await gateway.send("GET", "/admin/orphans?limit=5", [])
            #expect(answer.status == 200)
            #expect(gateway.recorder.asked.last == "orphans 5")
            let orphan = try #require(answer.json?["orphans"]?.array?.first)
            let texts = ["id", "provider", "event", "status", "currency", "provider_reference", "received_at"]
            let values = texts.compactMap { orphan[$0]?.string }
            #expect(
                values == ["cb_1", "cards-main", "evt_1", "captured", "USD", "pay_x", "2026-01-24T10:00:00.000Z"])
            #expect(orphan["amount"]?.integer == 9999)
            #expect(orphan["reference"]?.isNull == true)
            #expect(orphan["authentic"]?.bool == true)
            #expect(try await gateway.send("GET", "/admin/orphans?limit=0", []).status == 422)
            #expect(try await gateway.send("POST", "/admin/orphans", []).status == 405)
        }
    }

    @Test func nothingElseIsThereYet() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            for path in ["/v1/payments", "/admin", "/admin/", "/admin/x", "/admin/payments/a/b/c", "/healthz/"] {
                try await #expect(gateway.send("GET", path, []).status == 404, "\(path)")
            }
        }
    }

    @Test func aReloadAnswersWithTheVersionOrEveryFault() async throws {
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            func report(_ isSuccessful: Bool, _ faults: [String]) -> ReloadReport {
                ReloadReport(
                    at: Timestamp(milliseconds: 1_769_248_800_000), trigger: "request", isSuccessful: isSuccessful,
                    version: "v1", faults: faults)
            }
            try await #expect(gateway.send("GET", "/admin/reload").status == 405)
            try await #expect(
                gateway.send("POST", "/admin/reload", [("Content-Type", "application/json")]).status == 403)
            #expect(gateway.recorder.asked.isEmpty)
            gateway.recorder.script.reloads = [report(true, ["routes/a.yaml:1:1: warning: w"])]
            let good = try await gateway.send("POST", "/admin/reload", Self.change)
            #expect(good.status == 200)
            let goodText = String(decoding: good.body, as: UTF8.self)
            #expect(goodText == #"{"version":"v1","warnings":["routes/a.yaml:1:1: warning: w"]}"#)
            let faults = ["routes/a.yaml:3:5: error: e", "routes/b.yaml:1:1: error: f"]
            gateway.recorder.script.reloads.insert(report(false, faults), at: 0)
            let bad = try await gateway.send("POST", "/admin/reload", Self.change)
            #expect(bad.status == 422)
            #expect(bad["Content-Type"] == "application/problem+json")
            #expect(bad.code == "validation-failed")
            let json = try JSONValue(parsing: bad.body)
            #expect(json["faults"]?.array?.compactMap(\.string) == faults)
            let last = try JSONValue(parsing: try await gateway.send("GET", "/admin/reloads").body)
            #expect(last["version"]?.string == "1")
            let successes = last["reloads"]?.array?.compactMap { $0["successful"]?.bool }
            #expect(successes == [false, true])
            #expect(last["reloads"]?.array?.first?["at"]?.string == "2026-01-24T10:00:00.000Z")
        }
    }
}
