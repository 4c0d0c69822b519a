@testable import HTTPGateway
import Logging
@testable import PaymentEngine
import PaymentModel
import Resilience
import StrictJSON
import Testing
import W3CTrace

/// What requests carry besides their bodies: paths, methods, keys, media types, ids.
@Suite struct HeaderTests {
    @Test func pathsAndMethodsAreFixed() async throws {
        let table: [(method: String, path: String, status: Int, allow: String?)] = [
            ("GET", "/", 404, nil), ("GET", "/v1", 404, nil), ("POST", "/v1/payments/", 404, nil),
            ("POST", "//v1/payments", 404, nil), ("POST", "/v1/payment", 404, nil), ("POST", "/V1/payments", 404, nil),
            ("POST", "/v1/payments/pay_1/refund", 404, nil), ("POST", "/v1/payments/pay_1/capture/x", 404, nil),
            ("POST", "/v1/payments/pay_1/capture/", 404, nil), ("POST", "/v1/payments//capture", 404, nil),
            ("GET", "/v1/payments/%", 404, nil), ("GET", "/v1/payments/%ff", 404, nil),
            ("GET", "/v1/routes", 404, nil), ("GET", "/v1/routes/explain/x", 404, nil), ("GET", "/webhooks", 404, nil),
            ("GET", "/webhooks/", 404, nil), ("POST", "/webhooks/p/t/x", 404, nil), ("GET", "/metrics", 404, nil),
            ("GET", "/docs/", 404, nil), ("GET", "/openapi.json", 404, nil), ("GET", "/healthz", 404, nil),
            ("GET", "/admin/providers", 404, nil), ("OPTIONS", "/v2", 404, nil),
            ("PUT", "/v1/payments", 405, "GET, HEAD, POST, OPTIONS"),
            ("DELETE", "/v1/payments/pay_1", 405, "GET, HEAD, OPTIONS"),
            ("POST", "/v1/payments/pay_1", 405, "GET, HEAD, OPTIONS"),
            ("PATCH", "/v1/payments/pay_1", 405, "GET, HEAD, OPTIONS"),
            ("GET", "/v1/payments/pay_1/capture", 405, "POST, OPTIONS"),
            ("HEAD", "/v1/payments/pay_1/cancel", 405, "POST, OPTIONS"),
            ("GET", "/v1/payments/pay_1/refunds", 405, "POST, OPTIONS"),
            ("GET", "/v1/payments/pay_1/sync", 405, "POST, OPTIONS"),
            ("GET", "/v1/routes/explain", 405, "POST, OPTIONS"),
            ("POST", "/v1/payment-methods", 405, "GET, HEAD, OPTIONS"),
            ("POST", "/docs", 405, "GET, HEAD, OPTIONS"), ("PUT", "/openapi.yaml", 405, "GET, HEAD, OPTIONS"),
            ("GET", "/webhooks/payalo-ke", 405, "POST, OPTIONS"),
            ("TRACE", "/v1/payments", 405, "GET, HEAD, POST, OPTIONS"),
            ("OPTIONS", "/v1/payments", 204, "GET, HEAD, POST, OPTIONS"),
            ("OPTIONS", "/v1/payments/pay_1/capture", 204, "POST, OPTIONS"),
        ]
        try await Harness.run { gateway in
            for (method, path, status, allow) in table {
                // Without a key: the path decides before anybody asks who it is.
                let answer = try await gateway.send(method, path, [])
                #expect(answer.status == status, "\(method) \(path)")
                #expect(answer["Allow"] == allow, "\(method) \(path)")
                #expect(answer["X-Request-Id"]?.count == 32, "\(method) \(path)")
                if status == 405, method != "HEAD" { #expect(answer.code == "method-not-allowed") }
                if status == 404 { #expect(answer.code == "not-found") }
            }
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    @Test func oneKnownKeyIsNeeded() async throws {
        let key = Harness.key
        let table: [(what: String, fields: [(String, String)], app: String?)] = [
            ("none", [], nil), ("an unknown one", [("Authorization", "Bearer sk_other")], nil),
            ("an empty bearer", [("Authorization", "Bearer ")], nil), ("an empty key", [("X-API-Key", "")], nil),
            ("basic", [("Authorization", "Basic \(key)")], nil), ("no scheme", [("Authorization", key)], nil),
            ("a prefix", [("X-API-Key", String(key.dropLast()))], nil),
            ("a longer one", [("X-API-Key", key + "0")], nil),
            ("two different", [("Authorization", "Bearer \(key)"), ("X-API-Key", Harness.blogKey)], nil),
            ("one wrong of two", [("Authorization", "Bearer \(key)"), ("X-API-Key", "x")], nil),
            ("basic beside a key", [("Authorization", "Basic eDp5"), ("X-API-Key", key)], nil),
            ("two bearers", [("Authorization", "Bearer \(key)"), ("Authorization", "Bearer \(Harness.blogKey)")], nil),
            ("two api keys", [("X-API-Key", key), ("X-API-Key", Harness.blogKey)], nil),
            ("an operator's", [("X-API-Key", Harness.operatorKey)], nil),
            (
                "the digest itself",
                [("X-API-Key", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")], nil
            ),
            ("a key beyond ASCII", [("X-API-Key", "klucz-ż")], nil),
            ("a huge key", [("X-API-Key", String(repeating: "k", count: 8000))], nil),
            ("bearer", [("Authorization", "Bearer \(key)")], "shop"),
            ("bearer in lower case", [("authorization", "bearer \(key)")], "shop"),
            ("the api key", [("X-API-Key", key)], "shop"), ("an older key", [("X-API-Key", "sk_shop_old")], "shop"),
            ("both the same", [("Authorization", "Bearer \(key)"), ("X-API-Key", key)], "shop"),
            ("another app's", [("X-API-Key", Harness.blogKey)], "blog"),
        ]
        try await Harness.run { gateway in
            for (what, fields, app) in table {
                let fields = fields + [("Content-Type", "application/json"), ("Idempotency-Key", "k")]
                let answer = try await gateway.send("POST", "/v1/payments", fields, json: payment())
                if let app {
                    #expect(answer.status == 201, "\(what)")
                    #expect(gateway.recorder.calls.last?.app.name == app, "\(what)")
                } else {
                    #expect(answer.status == 401, "\(what)")
                    #expect(answer.code == "unauthenticated", "\(what)")
                    #expect(answer["WWW-Authenticate"] == "Bearer", "\(what)")
                }
            }
            let known = table.count { $0.app != nil }
            #expect(gateway.recorder.asked.count == known)
        }
    }

    @Test func allowNamesWhatAnAppMayDo() async throws {
        let table: [(method: String, path: String, needs: AppConfiguration.Permission)] = [
            ("POST", "/v1/payments", .create), ("POST", "/v1/payments/pay_1/capture", .capture),
            ("POST", "/v1/payments/pay_1/cancel", .cancel), ("POST", "/v1/payments/pay_1/refunds", .refund),
            ("GET", "/v1/payments", .read), ("GET", "/v1/payments/pay_1", .read),
            ("POST", "/v1/payments/pay_1/sync", .read), ("POST", "/v1/routes/explain", .read),
            ("GET", "/v1/payment-methods", .read),
        ]
        for permission in AppConfiguration.Permission.allCases {
            try await Harness.run(Harness.configuration(allow: [permission])) { gateway in
                for (method, path, needs) in table {
                    let isRead = method == "GET"
                    let body = path.hasSuffix("payments") || path.hasSuffix("explain") ? payment() : "{}"
                    let answer = try await gateway.send(
                        method, path, Harness.standard(hasBody: !isRead), body: isRead ? [] : Array(body.utf8))
                    #expect((answer.status == 403) == (needs != permission), "\(method) \(path)")
                    if answer.status == 403 { #expect(answer.code == "forbidden") }
                }
            }
        }
    }

    @Test func theIdempotencyKeyIsOneOf255VisibleCharacters() async throws {
        let most = String(repeating: "k", count: 255)
        let table: [(what: String, values: [String], key: String?, code: String?)] = [
            ("none", [], nil, "idempotency-key-missing"), ("empty", [""], nil, "idempotency-key-invalid"),
            ("two", ["a", "b"], nil, "idempotency-key-invalid"),
            ("twice the same", ["a", "a"], nil, "idempotency-key-invalid"),
            ("a space", ["a b"], nil, "idempotency-key-invalid"),
            ("beyond ASCII", ["klucz-ż"], nil, "idempotency-key-invalid"),
            ("quotes around nothing", [#""""#], nil, "idempotency-key-invalid"),
            ("256", [most + "k"], nil, "idempotency-key-invalid"),
            ("256 in quotes", ["\"\(most)k\""], nil, "idempotency-key-invalid"),
            ("255", [most], most, nil), ("255 in quotes", ["\"\(most)\""], most, nil), ("one", ["a"], "a", nil),
            ("bare", ["order-1"], "order-1", nil), ("quoted", [#""order-1""#], "order-1", nil),
            ("one quote", [#"""#], #"""#, nil), ("a quote inside", [#"a"b"#], #"a"b"#, nil),
        ]
        try await Harness.run { gateway in
            for (what, values, key, code) in table {
                let fields =
                    [("X-API-Key", Harness.key), ("Content-Type", "application/json")]
                    + values.map { ("Idempotency-Key", $0) }
                for path in ["/v1/payments", "/v1/payments/pay_1/refunds"] {
                    let body = path == "/v1/payments" ? payment() : "{}"
                    let answer = try await gateway.send("POST", path, fields, json: body)
                    #expect(answer.code == code, "\(what)")
                    #expect(answer.status == (code == nil ? 201 : 400), "\(what)")
                    if let key { #expect(gateway.recorder.asked.last?.hasSuffix("key=\(key)") == true, "\(what)") }
                }
            }
            #expect(gateway.recorder.asked.count == 2 * table.count { $0.key != nil })
        }
    }

    @Test func bodiesAreApplicationJSON() async throws {
        let table: [(type: String?, accepted: Bool)] = [
            ("application/json", true), ("Application/JSON", true), ("application/json; charset=utf-8", true),
            ("application/json;charset=UTF-8", true), (#"application/json; charset="utf-8""#, true),
            ("application/json; version=2", true), (nil, false), ("", false), ("text/json", false),
            ("text/plain", false),
            ("application/json; charset=latin1", false), ("application/json; charset=utf-16", false),
            ("application/json, text/plain", false), ("application/json; charset", false),
            ("application/json; a,b=c", false),
            ("application/problem+json", false), ("application/x-www-form-urlencoded", false), ("json", false),
            ("application/jsonx", false), ("multipart/form-data; boundary=x", false),
        ]
        try await Harness.run { gateway in
            for (type, accepted) in table {
                var fields = [("X-API-Key", Harness.key), ("Idempotency-Key", "k")]
                if let type { fields.append(("Content-Type", type)) }
                let answer = try await gateway.send("POST", "/v1/payments", fields, json: payment())
                #expect(answer.status == (accepted ? 201 : 415), "\(type ?? "none")")
                if !accepted { #expect(answer.code == "unsupported-media-type", "\(type ?? "none")") }
            }
            let compressed = Harness.standard() + [("Content-Encoding", "gzip")]
            try await #expect(gateway.send("POST", "/v1/payments", compressed, json: payment()).status == 415)
            #expect(gateway.recorder.asked.count == table.count { $0.accepted })
        }
    }

    @Test func checksComeInTheContractsOrder() async throws {
        // Each request breaks every rule from its own on; the first one answers.
        let rate = RateLimit(requests: 4, per: .seconds(60))
        let configuration = Harness.configuration(allow: [.create], rateLimits: [rate], maxBody: 200)
        try await Harness.run(configuration) { gateway in
            let big = [UInt8](repeating: UInt8(ascii: "{"), count: 201)
            let key = ("X-API-Key", Harness.key)
            let typed = [key, ("Content-Type", "application/json")]
            let keyed = typed + [("Idempotency-Key", "k")]
            let table: [(path: String, fields: [(String, String)], body: [UInt8], code: String)] = [
                ("/v1/nothing", [], big, "not-found"), ("/v1/payments/pay_1/refunds", [], big, "unauthenticated"),
                ("/v1/payments/pay_1/refunds", [key], big, "forbidden"),
                ("/v1/payments", [key], big, "unsupported-media-type"),
                ("/v1/payments", typed, big, "payload-too-large"),
                ("/v1/payments", typed, Array("{".utf8), "idempotency-key-missing"),
                ("/v1/payments", keyed, Array("{".utf8), "malformed-request"),
                ("/v1/payments", [key], big, "rate-limited"),
            ]
            for (path, fields, body, code) in table {
                let answer = try await gateway.send("POST", path, fields, body: body)
                #expect(answer.code == code)
            }
            gateway.environment.advance(by: .seconds(60))
            let last = try await gateway.send("POST", "/v1/payments", keyed, json: "{}")
            #expect(last.code == "validation-failed")
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    @Test func everyAnswerCarriesARequestID() async throws {
        let longest = String(repeating: "r", count: 128)
        let table: [(given: String?, kept: Bool)] = [
            ("order-1.A_b", true), (longest, true), (longest + "r", false), ("a b", false), ("", false), ("a/b", false),
            ("é", false), (nil, false), ("4242424242424242", false),
        ]
        try await Harness.run { gateway in
            var fresh: Set<String> = []
            for path in ["/v1/payments", "/v1/nothing", "/webhooks/p"] {
                for (given, kept) in table {
                    let fields = given.map { [("X-Request-Id", $0)] } ?? []
                    let answer = try await gateway.send("POST", path, fields + Harness.standard(), json: payment())
                    let id = try #require(answer["X-Request-Id"])
                    if kept { #expect(id == given) } else { #expect(id.count == 32 && fresh.insert(id).inserted) }
                }
            }
            #expect(gateway.recorder.calls.first?.requestID == "order-1.A_b")
        }
    }

    @Test func aValidTraceParentIsKept() async throws {
        let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let table: [(given: String, kept: Bool)] = [
            (valid, true), ("01" + valid.dropFirst(2) + "-more", true), (valid + "-more", false),
            ("ff" + valid.dropFirst(2), false), (valid.uppercased(), false), (String(valid.dropLast()), false),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false), ("", false), ("0-0-0-0", false),
        ]
        try await Harness.run { gateway in
            for (given, kept) in table {
                let fields = [("traceparent", given)] + Harness.standard()
                let answer = try await gateway.send("POST", "/v1/payments", fields, json: payment())
                #expect(answer.status == 201)
                #expect(answer["traceparent"] == (kept ? given : nil), "\(given)")
                // The request is a span of its own, in the caller's trace or in a new one.
                let trace = try #require(gateway.recorder.calls.last?.trace)
                #expect((trace.traceID == "0af7651916cd43dd8448eb211c80319c") == kept, "\(given)")
                #expect(trace.isSampled == kept && trace.parent != given)
            }
        }
    }
}
