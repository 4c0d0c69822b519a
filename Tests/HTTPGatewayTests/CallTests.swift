@testable import HTTPGateway
@testable import PaymentEngine
import PaymentModel
import Resilience
import StrictJSON
import Testing

/// What reaches the engine, and how its answers go out.
@Suite struct CallTests {
    @Test func handsAValidPaymentToTheEngine() async throws {
        try await Harness.run { gateway in
            let answer = try await gateway.send("POST", "/v1/payments", json: payment())
            #expect(answer.status == 201)
            #expect(answer.head.hasPrefix("HTTP/1.1 201 Created\r\n"))
            #expect(gateway.recorder.asked == ["create order-1 key=key-1"])
            #expect(answer["Content-Type"] == "application/json")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(answer["Date"] == "Sat, 24 Jan 2026 10:00:00 GMT")
            #expect(answer["Connection"] == nil)
            #expect(gateway.recorder.requests.first?.country == Country(code: "KE"))
            let body = try JSONValue(parsing: payment())
            #expect(gateway.recorder.bodies == [body])
            let call = try #require(gateway.recorder.calls.first)
            #expect(call.deadline == gateway.environment.now + .seconds(30))
        }
    }

    @Test func aCountryOfThePaymentWinsOverTheApps() async throws {
        try await Harness.run { gateway in
            _ = try await gateway.send("POST", "/v1/payments", json: payment(["country": #""UG""#]))
            let blog = [("X-API-Key", Harness.blogKey), ("Content-Type", "application/json"), ("Idempotency-Key", "k")]
            _ = try await gateway.send("POST", "/v1/payments", blog, json: payment())
            #expect(gateway.recorder.requests.map(\.country) == [Country(code: "UG"), nil])
        }
    }

    @Test func answersOfTheEngineGoOutAsTheyAre() async throws {
        try await Harness.run { gateway in
            var answer = Answer(status: 201) { $0.object { $0.member("id", "pay_1") } }
            answer.location = "/v1/payments/pay_1"
            answer.isReplayed = true
            gateway.recorder.script.answer = answer
            let created = try await gateway.send("POST", "/v1/payments", json: payment())
            #expect(created.status == 201)
            #expect(created["Location"] == "/v1/payments/pay_1")
            #expect(created["Idempotency-Replayed"] == "true")
            #expect(created.body == answer.body)

            let problem = Problem(.noProviderAvailable, "all open", retryAfter: 7)
            gateway.recorder.script.answer = Answer(problem, instance: "r")
            let refused = try await gateway.send("POST", "/v1/payments", json: payment())
            #expect(refused.status == 503)
            #expect(refused["Retry-After"] == "7")
            #expect(refused["Content-Type"] == "application/problem+json")
            #expect(refused["Idempotency-Replayed"] == nil)
            #expect(refused.code == "no-provider-available")

            for code in Problem.Code.allCases {
                gateway.recorder.script.answer = Answer(Problem(code), instance: "r")
                let answer = try await gateway.send("POST", "/v1/payments", json: payment())
                #expect(answer.status == code.status)
                #expect(answer.head.split(separator: "\r\n").first?.split(separator: " ").count ?? 0 > 2, "\(code)")
            }
        }
    }

    @Test func followUpsReadTheirOwnMembersOnly() async throws {
        let table: [(path: String, body: String, asked: String?, pointers: [String])] = [
            ("capture", "", "capture pay_1 - - key=key-1", []), ("capture", "{}", "capture pay_1 - - key=key-1", []),
            ("capture", #"{"amount":5}"#, "capture pay_1 5 - key=key-1", []),
            ("capture", #"{"amount":5,"reason":"x"}"#, nil, ["/reason"]),
            ("capture", #"{"amount":"5"}"#, nil, ["/amount"]),
            ("capture", #"{"amount":0}"#, nil, ["/amount"]), ("capture", #"{"amount":null}"#, nil, ["/amount"]),
            ("capture", #"{"amount":1000000000000}"#, nil, ["/amount"]), ("capture", "[]", nil, [""]),
            ("cancel", "", "cancel pay_1 - - key=key-1", []),
            ("cancel", #"{"reason":"late"}"#, "cancel pay_1 - late key=key-1", []),
            ("cancel", #"{"amount":5}"#, nil, ["/amount"]), ("cancel", #"{"reason":""}"#, nil, ["/reason"]),
            ("refunds", "", "refund pay_1 - - key=key-1", []),
            ("refunds", #"{"amount":5,"reason":"late"}"#, "refund pay_1 5 late key=key-1", []),
            ("refunds", #"{"amont":5}"#, nil, ["/amont"]), ("refunds", #"{"amount":1.5}"#, nil, ["/amount"]),
            ("sync", "", "sync pay_1 -", []), ("sync", #"{"provider_transaction_id":"t1"}"#, "sync pay_1 t1", []),
            ("sync", #"{"provider_transaction_id":1}"#, nil, ["/provider_transaction_id"]),
            ("sync", #"{"id":"t1"}"#, nil, ["/id"]),
        ]
        try await Harness.run { gateway in
            var expected: [String] = []
            for (path, body, asked, pointers) in table {
                // A body that is not there needs no media type.
                let fields =
                    body.isEmpty
                    ? [("X-API-Key", Harness.key), ("Idempotency-Key", "key-1")] : Harness.standard()
                let answer = try await gateway.send(
                    "POST", "/v1/payments/pay_1/\(path)", fields, body: Array(body.utf8))
                #expect(answer.pointers == pointers, "\(path) \(body)")
                #expect(answer.status == (asked == nil ? 422 : 201), "\(path) \(body)")
                if let asked { expected.append(asked) }
            }
            #expect(gateway.recorder.asked == expected)
            let untyped = [("X-API-Key", Harness.key), ("Idempotency-Key", "key-1")]
            let answer = try await gateway.send("POST", "/v1/payments/pay_1/capture", untyped, json: "{}")
            #expect(answer.status == 415)
        }
    }

    @Test func paymentsAreReadByTheirAppOnly() async throws {
        try await Harness.run { gateway in
            gateway.recorder.script.payments = ["pay_1": try samplePayment("pay_1", app: "blog")]
            let fields = [("X-API-Key", Harness.key)]
            let mine = try await gateway.send("GET", "/v1/payments/pay_1", fields)
            #expect(mine.status == 404)
            #expect(mine.code == "not-found")
            let blog = [("X-API-Key", Harness.blogKey)]
            let theirs = try await gateway.send("GET", "/v1/payments/pay_1", blog)
            #expect(theirs.status == 200)
            #expect(theirs.json?["id"]?.string == "pay_1")
            #expect(theirs.json?["next_action"]?.isNull == true)
            let head = try await gateway.send("HEAD", "/v1/payments/pay_1", blog)
            #expect(head.status == 200)
            #expect(head["Content-Length"] == theirs["Content-Length"])
            let odd = try await gateway.send("GET", "/v1/payments/pay_1?expand=all", blog)
            #expect(odd.pointers == ["/expand"])
            #expect(gateway.recorder.asked == ["payment pay_1 shop", "payment pay_1 blog", "payment pay_1 blog"])
        }
    }

    @Test func listsTakeTheContractsParameters() async throws {
        try await Harness.run { gateway in
            gateway.recorder.script.payments = ["pay_1": try samplePayment("pay_1", app: "shop")]
            let fields = [("X-API-Key", Harness.key)]
            let page = try await gateway.send("GET", "/v1/payments", fields)
            #expect(page.status == 200)
            #expect(page.json?["object"]?.string == "list")
            #expect(page.json?["data"]?.array?.count == 1)
            #expect(page.json?["next_cursor"]?.string == "next")
            let query =
                "status=captured&reference=order-1&provider=payalo-ke&created_from=2026-01-24T10:00:00%2B03:00"
                + "&created_to=2026-01-24T10:00:00Z&limit=100&cursor=abc%3D"
            _ = try await gateway.send("GET", "/v1/payments?\(query)", fields)
            var expected = PaymentQuery()
            expected.app = "shop"
            #expect(gateway.recorder.queries.first == expected)
            expected.status = .captured
            expected.reference = "order-1"
            expected.provider = "payalo-ke"
            expected.createdFrom = Timestamp("2026-01-24T07:00:00Z")
            expected.createdTo = Timestamp("2026-01-24T10:00:00Z")
            expected.limit = 100
            expected.cursor = "abc="
            #expect(gateway.recorder.queries.last == expected)
        }
    }

    @Test func parametersThatAreWrongOrUnknownAreRefused() async throws {
        let table: [(query: String, pointers: [String])] = [
            ("limit=0", ["/limit"]), ("limit=101", ["/limit"]), ("limit=ten", ["/limit"]), ("limit=1.0", ["/limit"]),
            ("limit=+1", ["/limit"]), ("limit=-1", ["/limit"]), ("limit=", ["/limit"]), ("limit", ["/limit"]),
            ("limit=1&limit=2", ["/limit"]), ("limit=99999999999999999999", ["/limit"]), ("limit=%31%", ["/limit"]),
            ("limit=%zz", ["/limit"]), ("limit=%ff", ["/limit"]), ("status=paid", ["/status"]),
            ("status=CAPTURED", ["/status"]), ("created_from=yesterday", ["/created_from"]),
            ("created_to=2026-02-30T00:00:00Z", ["/created_to"]), ("created_to=1769248800", ["/created_to"]),
            ("reference=\(String(repeating: "r", count: 65))", ["/reference"]), ("reference=a%20b", ["/reference"]),
            ("cursor=\(String(repeating: "c", count: 513))", ["/cursor"]), ("cursor=bad", ["/cursor"]),
            ("app=blog", ["/app"]), ("page=2", ["/page"]), ("Limit=1", ["/Limit"]), ("=1", ["/"]), ("%=1", [""]),
            ("limit=0&status=x&page=2", ["/status", "/limit", "/page"]),
        ]
        try await Harness.run { gateway in
            for (query, pointers) in table {
                let answer = try await gateway.send("GET", "/v1/payments?\(query)", [("X-API-Key", Harness.key)])
                #expect(answer.status == 422, "\(query)")
                #expect(answer.code == "validation-failed", "\(query)")
                #expect(answer.pointers == pointers, "\(query)")
            }
            #expect(gateway.recorder.asked == ["payments"], "the cursor's page only")
        }
    }

    @Test func paymentMethodsAreListed() async throws {
        try await Harness.run { gateway in
            gateway.recorder.script.methods = [
                ServableMethod(method: .mobileMoney, networks: ["mpesa"]), ServableMethod(method: .card, networks: []),
            ]
            let fields = [("X-API-Key", Harness.key)]
            let answer = try await gateway.send(
                "GET", "/v1/payment-methods?amount=100&currency=KES&country=UG", fields)
            let expected =
                #"{"object":"list","data":[{"method":"mobile_money","networks":["mpesa"]},"#
                + #"{"method":"card","networks":[]}]}"#
            #expect(String(decoding: answer.body, as: UTF8.self) == expected)
            _ = try await gateway.send("GET", "/v1/payment-methods", fields)
            #expect(gateway.recorder.asked == ["methods 100 KES UG", "methods - - KE"])
            for (query, pointer) in [
                ("amount=100", "/currency"), ("amount=0&currency=KES", "/amount"), ("currency=kes", "/currency"),
                ("country=Kenya", "/country"), ("method=card", "/method"),
            ] {
                let answer = try await gateway.send("GET", "/v1/payment-methods?\(query)", fields)
                #expect(answer.pointers == [pointer], "\(query)")
            }
        }
    }

    @Test func limitsOfAnAppAreTold() async throws {
        let limits = [RateLimit(requests: 2, per: .seconds(1), burst: 4), RateLimit(requests: 3, per: .seconds(60))]
        try await Harness.run(Harness.configuration(rateLimits: limits)) { gateway in
            func list() async throws -> WireAnswer {
                try await gateway.send("GET", "/v1/payments", [("X-API-Key", Harness.key)])
            }
            let first = try await list()
            #expect(first.status == 200)
            #expect(first["RateLimit-Policy"] == #""limit-1";q=4;w=2, "limit-2";q=3;w=60"#)
            #expect(first["RateLimit"] == #""limit-2";r=2;t=60"#)
            let problem = try await gateway.send("GET", "/v1/payments?limit=0", [("X-API-Key", Harness.key)])
            #expect(problem.status == 422)
            #expect(problem["RateLimit"] == #""limit-2";r=1;t=60"#)
            _ = try await list()
            let refused = try await list()
            #expect(refused.status == 429)
            #expect(refused.code == "rate-limited")
            #expect(refused["Retry-After"] == "60")
            #expect(refused["RateLimit"] == #""limit-2";r=0;t=60"#)
            // Another app has its own limits, or none.
            let blog = try await gateway.send("GET", "/v1/payments", [("X-API-Key", Harness.blogKey)])
            #expect(blog.status == 200)
            #expect(blog["RateLimit"] == nil)
            #expect(blog["RateLimit-Policy"] == nil)
            gateway.environment.advance(by: .seconds(60))
            try await #expect(list().status == 200)
        }
    }

    @Test func limitersOutliveReloadsThatLeaveThemAlone() async throws {
        let limit = RateLimit(requests: 1, per: .seconds(60))
        try await Harness.run(Harness.configuration(rateLimits: [limit])) { gateway in
            func status() async throws -> Int {
                try await gateway.send("GET", "/v1/payments", [("X-API-Key", Harness.key)]).status
            }
            try await #expect(status() == 200)
            gateway.recorder.configuration = Harness.configuration(rateLimits: [limit], maxBody: 1024)
            try await #expect(status() == 429)
            gateway.recorder.configuration = Harness.configuration(rateLimits: [
                RateLimit(requests: 2, per: .seconds(60))
            ])
            try await #expect(status() == 200)
        }
    }
}

/// A payment as the engine would have it.
func samplePayment(_ id: String, app: String) throws -> Payment {
    let request = try PaymentRequest(
        validating: try JSONValue(parsing: payment()), now: Timestamp(milliseconds: 1_769_248_800_000))
    return Payment(
        id: id, app: app, request: request, route: "kenya", at: Timestamp(milliseconds: 1_769_248_800_000))
}
