import Crypto
import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Spayon", .timeLimit(.minutes(5)))
struct SpayonSandboxTests {
    @Test func `tokens look as documented, and many may live`() async throws {
        try await withSandbox { sandbox in
            let first = try await sandbox.token()
            #expect(first.status == 200)
            let token = try #require(first["access_token"])
            #expect(first.body == #"{"access_token":"\#(token)","token_type":"Bearer","expires_in":3600}"#)
            #expect(token.wholeMatch(of: /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{43}/) != nil)

            let second = try await sandbox.bearer()
            for bearer in [["Authorization": "Bearer " + token], second] {
                #expect(try await sandbox.session("ORDER_1", bearer: bearer).status == 200)
            }
        }
    }

    @Test(arguments: [
        (#"{"client_id":"sandbox-client","client_secret":"wrong"}"#, 401),
        (#"{"client_id":"wrong","client_secret":"sandbox-secret"}"#, 401),
        (#"{"client_id":"sandbox-client"}"#, 400), ("", 400), (#"["sandbox-client"]"#, 400),
    ])
    func `no token without credentials`(body: String, status: Int) async throws {
        try await withSandbox { sandbox in
            let answer = try await sandbox.call(.POST, "/spayon/api/tokens", body: body)
            #expect(answer.status == status)
            #expect(answer["message"]?.isEmpty == false)
            #expect(answer["access_token"] == nil)
        }
    }

    @Test(arguments: ["", "Bearer nonsense", "Basic c2FuZGJveA=="])
    func `nothing works without a token`(header: String) async throws {
        try await withSandbox { sandbox in
            let bearer = header.isEmpty ? [:] : ["Authorization": header]
            for answer in [
                try await sandbox.session("ORDER_1", bearer: bearer),
                try await sandbox.spayonStatus("4ae3108a-3a1c-42df-bce9-503bbd70ab24", bearer: bearer),
            ] {
                #expect(answer.status == 401)
                #expect(answer.body == #"{"message":"Invalid or expired token"}"#)
            }
        }
    }

    @Test func `a token ends with its life`() async throws {
        try await withSandbox(SandboxConfiguration(tokenLifetime: .zero)) { sandbox in
            let bearer = try await sandbox.bearer()
            #expect(try await sandbox.session("ORDER_1", bearer: bearer).status == 401)
        }
    }

    @Test func `both documented orders open a session`() async throws {
        try await withSandbox { sandbox in
            let bearer = try await sandbox.bearer()
            let custom = try await sandbox.session("ORDER_123456", price: "5000.00", bearer: bearer)
            #expect(custom.status == 200)
            let id = try #require(custom["session_id"])
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            let url = "http://127.0.0.1:\(sandbox.port)/spayon/pay/\(id)"
            #expect(custom.body == #"{"session_id":"\#(id)","session_url":"\#(url)"}"#)

            let status = try await sandbox.spayonStatus(id, bearer: bearer)
            #expect(status.status == 200)
            #expect(
                matches(
                    status.body,
                    """
                    {"sessionId":"\(id)","status":"pending","productName":"Custom Product","price":"5000.00",\
                    "currency":"AMD","createdAt":"…Z","updatedAt":"…Z","orderId":"ORDER_123456"}
                    """), "\(status.body)")
            let createdAt = try #require(status["createdAt"])
            #expect(createdAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)

            let order = sandbox.spayonOrder("ORDER_2").replacing(
                #""product_name": "Custom Product", "price": 1000, "currency": "amd""#, with: #""product_id": 1"#)
            let panel = try await sandbox.call(
                .POST, "/spayon/api/product/session", headers: bearer, body: order)
            let panelID = try #require(panel["session_id"])
            let panelStatus = try await sandbox.spayonStatus(panelID, bearer: bearer)
            #expect(panelStatus["productName"] == "Iphone 16S")
            #expect(panelStatus["price"] == "10")
            #expect(panelStatus["currency"] == "AMD")
        }
    }

    @Test func `the same order opens another session each time`() async throws {
        try await withSandbox { sandbox in
            let bearer = try await sandbox.bearer()
            let first = try #require(try await sandbox.session("ORDER_1", bearer: bearer)["session_id"])
            let second = try #require(try await sandbox.session("ORDER_1", bearer: bearer)["session_id"])
            #expect(first != second)
            // By order, the newest is settled.
            try await sandbox.settle("spayon", "ORDER_1", "success")
            #expect(try await sandbox.spayonStatus(first, bearer: bearer)["status"] == "pending")
            #expect(try await sandbox.spayonStatus(second, bearer: bearer)["status"] == "paid")
        }
    }

    @Test(arguments: [
        (#""product_name": "Custom Product", "#, "", "product_name is required"),
        (#""price": 1000, "#, "", "price must be a number greater than 0"),
        ("1000", "\"1000\"", "price must be a number greater than 0"),
        ("1000", "0", "price must be a number greater than 0"),
        ("\"amd\"", "\"AMD\"", "currency must be a lower-case ISO 4217 code"),
        (#""product_name""#, #""product_id": 1, "product_name""#, "product_id and product_name exclude each other"),
        (
            #""product_name": "Custom Product", "price": 1000, "currency": "amd""#, #""product_id": 1.5"#,
            "product_id must be an integer"
        ),
        (
            #""product_name": "Custom Product", "price": 1000, "currency": "amd""#, #""product_id": 99"#,
            "product_id 99 does not exist"
        ),
        ("callback_url", "callback", "callback_url is required"),
        ("http://127.0.0.1", "http://192.168.0.1", "callback_url must be an https URL (http on loopback only)"),
        ("return_url", "return", "return_url is required"),
        (
            "https://example.com/thank-you", "javascript:alert(1)",
            "return_url must be an https URL (http on loopback only)"
        ),
        ("https://example.com/payment-cancelled", "nowhere", "cancel_url must be an https URL (http on loopback only)"),
        ("user@example.com", "user", "email must be an email address"),
        (#""order_id": "#, #""order": "#, "order_id is required"),
        (#"["visamaster", "mir"]"#, #"["visamaster", 7]"#, "availablePaymentMethods must be an array of strings"),
        ("\"en\"", "7", "language must be a string"),
        ("{", "[", "The request body must be a JSON object"),
    ])
    func `a bad order is refused with a message`(change: String, with: String, message: String) async throws {
        try await withSandbox { sandbox in
            let order = sandbox.spayonOrder("ORDER_1")
            let changed = order.replacing(change, with: with)
            #expect(changed != order)
            let answer = try await sandbox.call(
                .POST, "/spayon/api/product/session", headers: try await sandbox.bearer(), body: changed)
            #expect(answer.status == 400)
            #expect(answer.body == #"{"message":"\#(message)"}"#)
        }
    }

    @Test func `an unknown session is a 404`() async throws {
        try await withSandbox { sandbox in
            let answer = try await sandbox.spayonStatus("nope", bearer: try await sandbox.bearer())
            #expect(answer.status == 404)
            #expect(answer.body == #"{"message":"Session not found"}"#)
        }
    }

    @Test func `failed may be followed by paid, each called back signed`() async throws {
        try await withSandbox { sandbox in
            let bearer = try await sandbox.bearer()
            let id = try #require(try await sandbox.session("ORDER_1", bearer: bearer)["session_id"])
            #expect(try await sandbox.settle("spayon", id, "failed", code: "1A")["status"] == "failed")
            let failed = try #require(await sandbox.receiver.deliveries(1).first)
            #expect(try await sandbox.settle("spayon", "ORDER_1", "success")["status"] == "paid")
            let paid = try #require(await sandbox.receiver.deliveries(2).last)

            #expect(
                matches(
                    failed.body,
                    """
                    {"sessionId":"\(id)","status":"failed","productName":"Custom Product","price":"1000",\
                    "currency":"AMD","createdAt":"…Z","updatedAt":"…Z","orderId":"ORDER_1","declineReasons":\
                    [{"transactionId":161,"responseCode":"1A","responseReasonEn":"3D-Secure authentication failed"}]}
                    """), "\(failed.body)")
            #expect(paid.status == "paid")
            #expect(paid.json?["declineReasons"] == nil)
            #expect(try await sandbox.spayonStatus(id, bearer: bearer).body == paid.body)
            for delivery in [failed, paid] {
                let code = HMAC<SHA256>.authenticationCode(
                    for: Array(delivery.body.utf8),
                    using: SymmetricKey(data: Array("sandbox-spayon-callback-secret".utf8)))
                let expected = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                #expect(delivery.header("X-Signature") == expected)
            }
            #expect(try await sandbox.charges() == ["spayon ORDER_1 1000 AMD captured"])
            #expect(try await sandbox.settle("spayon", id, "failed").status == 409)
        }
    }

    @Test func `the signature of the digest's vector`() {
        let body = #"{"sessionId":"4ae3108a-3a1c-42df-bce9-503bbd70ab24","status":"paid"}"#
        let header = SpayonSignature.header(over: Array(body.utf8), secret: "callback_secret_test")
        #expect(header.value == "613260f8cb3348fe4b7e4995c3fdecc8f5b90c1f7f6e394a7cddf682ce6956ef")
    }

    @Test func `a refused callback is repeated in the same bytes`() async throws {
        let configuration = SandboxConfiguration(callbackRetryInterval: .milliseconds(1))
        try await withSandbox(configuration, answers: [500, 302, 404]) { sandbox in
            let bearer = try await sandbox.bearer()
            _ = try await sandbox.session("ORDER_1", bearer: bearer)
            try await sandbox.settle("spayon", "ORDER_1", "success")
            let deliveries = await sandbox.receiver.deliveries(4)
            #expect(Set(deliveries.map(\.body)).count == 1)
            let signatures = deliveries.map { $0.header("X-Signature") }
            #expect(Set(signatures).count == 1)
        }
    }

    @Test func `a callback has three retries, five minutes apart`() throws {
        let provider = SpayonProvider(SandboxConfiguration())
        let bearer = "Bearer " + (try #require(token(of: provider)))
        let order = """
            {"product_id":1,"callback_url":"https://a.example/c","return_url":"https://a.example/r",
            "email":"user@example.com","order_id":"ORDER_1"}
            """
        let created = provider.handle(
            request("/api/product/session", order, [.authorization: bearer]), effects: SandboxEffects())
        #expect(created.reply.status == 200)
        let result = provider.settle(
            reference: "ORDER_1", outcome: .success, code: nil, effects: SandboxEffects(), at: .now())
        guard case .settled("paid", let callbacks) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(callbacks.map(\.retryAfter) == [[.seconds(300), .seconds(300), .seconds(300)]])
        #expect(callbacks.map(\.destination) == [.url("https://a.example/c")])
    }

    @Test func `tokens and sessions end on the minute`() throws {
        let provider = SpayonProvider(SandboxConfiguration())
        let start = SandboxTime.now()
        func later(_ duration: Duration) -> SandboxTime {
            SandboxTime(instant: start.instant.advanced(by: duration), wall: start.wall)
        }
        let bearer = "Bearer " + (try #require(token(of: provider, at: start)))
        func status(at time: SandboxTime) -> Int {
            provider.handle(
                request("/api/product/session/x", nil, [.authorization: bearer], at: time), effects: SandboxEffects()
            ).reply.status
        }
        #expect(status(at: later(.seconds(3599))) == 404)
        #expect(status(at: later(.seconds(3600))) == 401)

        let order = """
            {"product_id":1,"callback_url":"https://a.example/c","return_url":"https://a.example/r",
            "email":"user@example.com","order_id":"ORDER_1"}
            """
        _ = provider.handle(
            request("/api/product/session", order, [.authorization: bearer], at: start), effects: SandboxEffects())
        #expect(provider.tick(at: later(.seconds(899))).isEmpty)
        let callbacks = provider.tick(at: later(.seconds(900)))
        #expect(callbacks.count == 1)
        #expect(provider.tick(at: later(.seconds(901))).isEmpty)
        let late = provider.settle(
            reference: "ORDER_1", outcome: .success, code: nil, effects: SandboxEffects(), at: later(.seconds(901)))
        guard case .alreadyFinal("expired") = late else {
            Issue.record("\(late)")
            return
        }
    }

    private func request(
        _ path: String, _ body: String?, _ headers: HTTPFields = [:], at time: SandboxTime = .now()
    ) -> SandboxRequest {
        SandboxRequest(
            method: body == nil ? .get : .post, path: path[...], headers: headers, body: Array((body ?? "").utf8),
            baseURL: "http://127.0.0.1/spayon", time: time)
    }

    private func token(of provider: SpayonProvider, at time: SandboxTime = .now()) -> String? {
        let body = #"{"client_id":"sandbox-client","client_secret":"sandbox-secret"}"#
        let reply = provider.handle(request("/api/tokens", body, at: time), effects: SandboxEffects()).reply
        return try? JSONValue(parsing: reply.body)["access_token"]?.string
    }

    @Test func `an unpaid session expires and says so`() async throws {
        try await withSandbox(SandboxConfiguration(sessionLifetime: .milliseconds(1))) { sandbox in
            let bearer = try await sandbox.bearer()
            let id = try #require(try await sandbox.session("ORDER_1", bearer: bearer)["session_id"])
            #expect(await sandbox.receiver.deliveries(1).map(\.status) == ["expired"])
            #expect(try await sandbox.spayonStatus(id, bearer: bearer)["status"] == "expired")
            #expect(try await sandbox.settle("spayon", id, "success").status == 409)
            #expect(try await sandbox.charges() == [])
        }
    }

    @Test func `the customer's cancel leaves the session open`() async throws {
        try await withSandbox { sandbox in
            let bearer = try await sandbox.bearer()
            let id = try #require(try await sandbox.session("ORDER_1", bearer: bearer)["session_id"])
            #expect(try await sandbox.settle("spayon", id, "canceled")["status"] == "pending")
            #expect(try await sandbox.settle("spayon", id, "expired")["status"] == "expired")
            #expect(await sandbox.receiver.deliveries(1).map(\.status) == ["expired"])
        }
    }

    // MARK: The hosted page

    @Test func `a person can decline, cancel and pay`() async throws {
        try await withSandbox { sandbox in
            let bearer = try await sandbox.bearer()
            let id = try #require(try await sandbox.session("ORDER_1", bearer: bearer)["session_id"])
            let path = "/spayon/pay/\(id)"
            let form = ["Content-Type": "application/x-www-form-urlencoded"]

            let page = try await sandbox.call(.GET, path)
            #expect(page.status == 200)
            #expect(page.header("Content-Type") == "text/html; charset=utf-8")
            #expect(page.header("Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
            for text in ["1000 AMD", "Custom Product", #"value="pay""#, #"value="decline""#, #"value="cancel""#] {
                #expect(page.body.contains(text))
            }

            let canceled = try await sandbox.call(.POST, path, headers: form, body: "action=cancel")
            #expect(canceled.status == 303)
            #expect(canceled.header("Location") == "https://example.com/payment-cancelled")
            #expect(try await sandbox.spayonStatus(id, bearer: bearer)["status"] == "pending")

            let declined = try await sandbox.call(.POST, path, headers: form, body: "action=decline")
            #expect(declined.status == 200)
            #expect(declined.body.contains("declined"))
            #expect(declined.body.contains(#"value="pay""#))
            // Each callback is delivered by a task of its own: the second may overtake the first.
            _ = await sandbox.receiver.deliveries(1)

            let paid = try await sandbox.call(.POST, path, headers: form, body: "action=pay")
            #expect(paid.status == 303)
            #expect(paid.header("Location") == "https://example.com/thank-you?session_id=\(id)")
            #expect(await sandbox.receiver.deliveries(2).map(\.status) == ["failed", "paid"])
            #expect(try await sandbox.charges() == ["spayon ORDER_1 1000 AMD captured"])

            let again = try await sandbox.call(.POST, path, headers: form, body: "action=pay")
            #expect(again.status == 409)
            #expect(!again.body.contains("<button"))
            #expect(try await sandbox.charges().count == 1)
            #expect(try await sandbox.call(.POST, path, headers: form, body: "action=steal").status == 400)
            #expect(try await sandbox.call(.GET, "/spayon/pay/nope").status == 404)
        }
    }

    @Test func `the page escapes what the merchant wrote`() async throws {
        try await withSandbox { sandbox in
            let order = sandbox.spayonOrder("ORDER_1").replacing("Custom Product", with: "<script>'&</script>")
            let created = try await sandbox.call(
                .POST, "/spayon/api/product/session", headers: try await sandbox.bearer(), body: order)
            let id = try #require(created["session_id"])
            let page = try await sandbox.call(.GET, "/spayon/pay/\(id)")
            #expect(!page.body.contains("<script"))
            #expect(page.body.contains("&lt;script&gt;&#39;&amp;&lt;/script&gt;"))
        }
    }

    @Test(arguments: [
        ("https://a.example/x", "https://a.example/x?session_id=ID"),
        ("https://a.example/x?y=1#z", "https://a.example/x?y=1&session_id=ID#z"),
    ])
    func `the session id joins the return address`(url: String, expected: String) async throws {
        try await withSandbox { sandbox in
            let order = sandbox.spayonOrder("ORDER_1").replacing("https://example.com/thank-you", with: url)
            let created = try await sandbox.call(
                .POST, "/spayon/api/product/session", headers: try await sandbox.bearer(), body: order)
            let id = try #require(created["session_id"])
            let paid = try await sandbox.call(.POST, "/spayon/pay/\(id)", body: "action=pay")
            #expect(paid.header("Location") == expected.replacing("ID", with: id))
        }
    }
}
