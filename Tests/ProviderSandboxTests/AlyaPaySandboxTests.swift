import Crypto
import StrictJSON
import Testing

@testable import ProviderSandbox

extension Harness {
    static let alyaPayKey = ["X-API-Key": "sandbox-alyapay-key", "Content-Type": "application/json"]

    /// The documented order, with a reference of ours where one is given.
    static func alyaPayOrder(_ reference: String? = nil, total: String = "1799.00", price: String = "1799") -> String {
        let reference = reference.map { #","vendorReference":"\#($0)""# } ?? ""
        return """
            {"total":"\(total)","currency":"MAD","items":[{"id":"PRODUCT_123","name":"Wireless Headphones",\
            "price":\(price),"quantity":1}]\(reference)}
            """
    }

    func alyaPaySession(
        _ body: String = alyaPayOrder(), headers: [String: String] = alyaPayKey
    ) async throws -> Answer {
        try await call(.POST, "/alyapay/api/v1/public/sessions", headers: headers, body: body)
    }

    func alyaPayStatus(_ transaction: String, _ headers: [String: String]) async throws -> Answer {
        try await call(.GET, "/alyapay/api/v1/public/transactions/\(transaction)/status", headers: headers)
    }

    /// The outcome at a session, and the id of its transaction.
    func alyaPaySettle(_ reference: String, _ outcome: String) async throws -> String {
        let answer = try await settle("alyapay", reference, outcome)
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer["transaction"])
    }

    /// Has callbacks delivered to the receiver.
    func registerAlyaPay() async throws {
        let answer = try await call(
            .POST, "/_sandbox/callbacks", body: #"{"provider":"alyapay","url":"\#(callbackURL)"}"#)
        #expect(answer.status == 200, "\(answer.body)")
    }
}

extension Harness.Answer {
    var alyaPayCode: String? { json?["error"]?["code"]?.string }
}

@Suite("AlyaPay", .timeLimit(.minutes(5)))
struct AlyaPaySandboxTests {
    @Test func `a session looks as documented`() async throws {
        try await withSandbox { sandbox in
            let answer = try await sandbox.alyaPaySession()
            #expect(answer.status == 200)
            let token = try #require(answer["session_token"])
            let id = try #require(answer["session_id"])
            #expect(answer.body == #"{"session_token":"\#(token)","expires_in":3600,"session_id":"\#(id)"}"#)
            #expect(token.hasPrefix("eyJraWQiOiJzZXNzaW9uLTIwMjUtMDEi"))
            #expect(token.wholeMatch(of: /[\w-]+\.[\w-]+\.[\w-]{43}/) != nil)
            #expect(id.wholeMatch(of: /sess_[a-z0-9]{20}/) != nil)
            // Nothing says that an order is used once.
            #expect(try await sandbox.alyaPaySession()["session_id"] != id)
        }
    }

    @Test(arguments: [
        (#""1799.00""#, "1799.00", "INVALID_AMOUNT"), (#""1799.00""#, #""0.00""#, "INVALID_AMOUNT"),
        (#""1799.00""#, #""-1799.00""#, "INVALID_AMOUNT"), (#""1799.00""#, #""1799.001""#, "INVALID_AMOUNT"),
        (#""1799.00""#, #""1.799e3""#, "INVALID_AMOUNT"), (#""1799.00""#, #""1799.""#, "INVALID_AMOUNT"),
        (#""total":"1799.00","#, "", "INVALID_AMOUNT"), (#""MAD""#, #""EUR""#, "INVALID_CURRENCY"),
        (#""MAD""#, #""mad""#, "INVALID_CURRENCY"), (#""currency":"MAD","#, "", "INVALID_CURRENCY"),
        (#""items""#, #""lines""#, "INVALID_ITEMS"), (#""PRODUCT_123""#, "123", "INVALID_ITEMS"),
        (#""id":"PRODUCT_123","#, "", "INVALID_ITEMS"), (#""Wireless Headphones""#, #""""#, "INVALID_ITEMS"),
        (#""price":1799"#, #""price":"1799""#, "INVALID_ITEMS"), (#""price":1799"#, #""price":-1"#, "INVALID_ITEMS"),
        (#""quantity":1"#, #""quantity":0"#, "INVALID_ITEMS"), (#""quantity":1"#, #""quantity":1.5"#, "INVALID_ITEMS"),
        (#""quantity":1"#, #""quantity":2"#, "AMOUNT_MISMATCH"),
        (#""price":1799"#, #""price":1798.99"#, "AMOUNT_MISMATCH"),
        (#""quantity":1"#, #""quantity":9223372036854775807"#, "AMOUNT_MISMATCH"),
    ])
    func `a faulty order is refused by its documented code`(part: String, replacement: String, code: String)
        async throws
    {
        try await withSandbox { sandbox in
            let order = Harness.alyaPayOrder()
            #expect(order.contains(part))
            let answer = try await sandbox.alyaPaySession(order.replacing(part, with: replacement))
            #expect(answer.status == 400)
            #expect(answer.alyaPayCode == code)
            #expect(answer.json?["error"]?["message"]?.string?.isEmpty == false)
        }
    }

    @Test func `the first of several faults is the one told`() async throws {
        try await withSandbox { sandbox in
            let item = #"{"id":"a","name":"A","price":5,"quantity":1}"#
            for (body, code) in [
                ("{}", "INVALID_AMOUNT"), ("not JSON", "INVALID_AMOUNT"),
                (#"{"total":"1","currency":"EUR","items":[]}"#, "INVALID_CURRENCY"),
                (#"{"total":"1","currency":"MAD","items":[]}"#, "INVALID_ITEMS"),
                (#"{"total":"1","currency":"MAD","items":[\#(item),{}]}"#, "INVALID_ITEMS"),
                (#"{"total":"1","currency":"MAD","items":[\#(item)]}"#, "AMOUNT_MISMATCH"),
            ] {
                let answer = try await sandbox.alyaPaySession(body)
                #expect(answer.alyaPayCode == code)
                for headers in [[:], ["X-API-Key": "wrong"]] {
                    let refused = try await sandbox.alyaPaySession(body, headers: headers)
                    #expect(refused.status == 401)
                    #expect(refused.alyaPayCode == "INVALID_API_KEY")
                }
            }
        }
    }

    @Test func `amounts are compared exactly`() async throws {
        try await withSandbox { sandbox in
            for order in [
                #"{"total":"0.60","currency":"MAD","items":[{"id":"a","name":"A","price":0.2,"quantity":3}]}"#,
                Harness.alyaPayOrder(total: "1799", price: "1799.00"),
            ] {
                let answer = try await sandbox.alyaPaySession(order)
                #expect(answer.status == 200)
            }
        }
    }

    @Test func `a hundred requests in 15 minutes and no more`() async throws {
        try await withSandbox { sandbox in
            // A wrong key uses nothing up, a refused order does.
            #expect(try await sandbox.alyaPaySession(headers: ["X-API-Key": "wrong"]).status == 401)
            #expect(try await sandbox.alyaPaySession("{}").status == 400)
            let first = try await sandbox.alyaPaySession()
            for _ in 2..<100 { #expect(try await sandbox.alyaPaySession().status == 200) }
            let answer = try await sandbox.alyaPaySession()
            #expect(answer.status == 429)
            #expect(answer.alyaPayCode == "RATE_LIMIT_EXCEEDED")
            let wait = try #require(answer.header("Retry-After").flatMap(Int.init))
            #expect((1...900).contains(wait))
            // Asking by the session's token is no request by the key.
            let transaction = try await sandbox.alyaPaySettle(try #require(first["session_id"]), "success")
            let token = ["X-Session-Token": try #require(first["session_token"])]
            #expect(try await sandbox.alyaPayStatus(transaction, token).status == 200)
            #expect(try await sandbox.alyaPayStatus(transaction, Harness.alyaPayKey).status == 429)
        }
        try await withSandbox(SandboxConfiguration(documentedLimits: false)) { sandbox in
            for _ in 0..<101 {
                let answer = try await sandbox.alyaPaySession()
                #expect(answer.status == 200)
            }
        }
    }

    @Test func `the status is read with the token of the very session, or the key`() async throws {
        try await withSandbox { sandbox in
            let session = try await sandbox.alyaPaySession()
            let other = try await sandbox.alyaPaySession()
            let token = ["X-Session-Token": try #require(session["session_token"])]
            let transaction = try await sandbox.alyaPaySettle(try #require(session["session_id"]), "success")
            #expect(
                transaction.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil
            )

            let status = try await sandbox.alyaPayStatus(transaction, token)
            #expect(status.status == 200)
            #expect(
                matches(
                    status.body,
                    """
                    {"status":"APPROVED","transaction_id":"\(transaction)","payment_intent_id":"…","amount":1799.00,\
                    "currency":"MAD","merchant_name":"Sandbox Merchant","store_name":"Sandbox Store",\
                    "customer_phone":"212600000000","created_at":"…","updated_at":"…"}
                    """), "\(status.body)")
            #expect(try #require(status["created_at"]).wholeMatch(of: /\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d/) != nil)
            #expect(try await sandbox.alyaPayStatus(transaction, Harness.alyaPayKey).body == status.body)

            let foreign = ["X-Session-Token": try #require(other["session_token"])]
            for answer in [
                try await sandbox.alyaPayStatus(transaction, foreign),
                try await sandbox.alyaPayStatus("c335bbf0-ae49-42e7-9a7e-c1a6888406dd", token),
                try await sandbox.alyaPayStatus("c335bbf0-ae49-42e7-9a7e-c1a6888406dd", Harness.alyaPayKey),
            ] {
                #expect(answer.status == 404)
                #expect(answer.alyaPayCode == "TRANSACTION_NOT_FOUND")
            }
            for (headers, code) in [
                ([:], "INVALID_SESSION_TOKEN"), (["X-Session-Token": "eyJ"], "INVALID_SESSION_TOKEN"),
                (["X-API-Key": "wrong"], "INVALID_API_KEY"),
            ] as [([String: String], String)] {
                let answer = try await sandbox.alyaPayStatus(transaction, headers)
                #expect(answer.status == 401)
                #expect(answer.alyaPayCode == code)
            }
        }
    }

    @Test func `a token ends with its hour, and the session with it`() async throws {
        var configuration = SandboxConfiguration()
        configuration.alyaPay.sessionLifetime = .zero
        try await withSandbox(configuration) { sandbox in
            let session = try await sandbox.alyaPaySession()
            let id = try #require(session["session_id"])
            let token = ["X-Session-Token": try #require(session["session_token"])]
            #expect(try await sandbox.alyaPayStatus("x", token).alyaPayCode == "INVALID_SESSION_TOKEN")
            #expect(try await sandbox.settle("alyapay", id, "success").status == 409)
            let page = try await sandbox.call(.GET, "/alyapay/pay/\(id)")
            #expect(page.status == 200)
            #expect(!page.body.contains("<button"))
            #expect(try await sandbox.charges() == [])
        }
    }

    @Test(arguments: [
        ("success", "APPROVED"), ("canceled", "CANCELED"), ("failed", "CANCELED"), ("expired", "EXPIRED"),
    ])
    func `an outcome is final`(outcome: String, status: String) async throws {
        try await withSandbox { sandbox in
            try await sandbox.registerAlyaPay()
            let session = try await sandbox.alyaPaySession(Harness.alyaPayOrder("order-\(outcome)"))
            let token = ["X-Session-Token": try #require(session["session_token"])]
            let transaction = try await sandbox.alyaPaySettle("order-\(outcome)", outcome)
            #expect(try await sandbox.alyaPayStatus(transaction, token)["status"] == status)
            for reference in ["order-\(outcome)", transaction, try #require(session["session_id"])] {
                #expect(try await sandbox.settle("alyapay", reference, "success").status == 409)
            }
            let isPaid = status == "APPROVED"
            #expect(
                try await sandbox.charges() == (isPaid ? ["alyapay order-success 1799.00 MAD captured"] : []))
        }
    }

    @Test func `a charge without a reference is known by its session`() async throws {
        try await withSandbox { sandbox in
            let id = try #require(try await sandbox.alyaPaySession()["session_id"])
            _ = try await sandbox.alyaPaySettle(id, "success")
            #expect(try await sandbox.charges() == ["alyapay \(id) 1799.00 MAD captured"])
        }
    }

    @Test func `the page stands in for the browser component`() async throws {
        try await withSandbox { sandbox in
            let session = try await sandbox.alyaPaySession(Harness.alyaPayOrder("<b>order</b>"))
            let id = try #require(session["session_id"])
            let token = try #require(session["session_token"])
            let page = try await sandbox.call(.GET, "/alyapay/pay/\(id)")
            #expect(page.status == 200)
            #expect(page.body.contains("Wireless Headphones"))
            #expect(page.body.contains("1799.00 MAD"))
            #expect(page.body.contains("&lt;b&gt;order&lt;/b&gt;") && !page.body.contains("<b>"))
            #expect(page.body.contains("<button"))

            // Opening it begins the transaction, which waits for the customer.
            let begun = try #require(page.body.firstMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/)?.output.0)
            let header = ["X-Session-Token": token]
            #expect(try await sandbox.alyaPayStatus(String(begun), header)["status"] == "PENDING")
            // Who has the token alone, as a browser has, sees the same page; the token is not kept.
            let byToken = try await sandbox.call(.GET, "/alyapay/pay?session_token=\(token)")
            #expect(byToken.body == page.body)
            let log = try await sandbox.call(.GET, "/_sandbox/requests?provider=alyapay")
            #expect(!log.body.contains(token))

            let paid = try await sandbox.call(.POST, "/alyapay/pay/\(id)", body: "action=approve")
            #expect(paid.status == 200)
            #expect(paid.body.contains("payment_success"))
            #expect(paid.body.contains(begun))
            #expect(!paid.body.contains("<button"))
            #expect(try await sandbox.alyaPayStatus(String(begun), header)["status"] == "APPROVED")
            #expect(try await sandbox.call(.POST, "/alyapay/pay/\(id)", body: "action=cancel").status == 409)
            #expect(try await sandbox.call(.POST, "/alyapay/pay/\(id)", body: "action=steal").status == 400)
            #expect(try await sandbox.call(.GET, "/alyapay/pay/nope").status == 404)
            #expect(try await sandbox.call(.GET, "/alyapay/pay?session_token=nope").status == 404)
            #expect(try await sandbox.call(.GET, "/alyapay/pay").status == 404)
        }
    }

    @Test func `cancelling on the page is told by a signed callback`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.registerAlyaPay()
            let session = try await sandbox.alyaPaySession(Harness.alyaPayOrder("order_123"))
            let id = try #require(session["session_id"])
            let page = try await sandbox.call(.POST, "/alyapay/pay/\(id)", body: "action=cancel")
            #expect(page.body.contains("payment_flow_cancelled"))

            let delivery = try #require(await sandbox.receiver.deliveries(1).first)
            #expect(
                matches(
                    delivery.body,
                    """
                    {"event":"transaction.cancelled","timestamp":"…Z","data":{"id":"…",\
                    "vendorReference":"order_123","orderReference":"…","status":"CANCELED","amount":1799,\
                    "currency":"MAD","customerPhone":"212600000000","merchantName":"Sandbox Merchant",\
                    "storeName":"Sandbox Store","createdAt":"…Z"}}
                    """), "\(delivery.body)")
            let timestamp = try #require(delivery.header("X-Alya-Timestamp"))
            #expect(timestamp == delivery.json?["timestamp"]?.string)
            let code = HMAC<SHA256>.authenticationCode(
                for: Array("\(timestamp).\(delivery.body)".utf8),
                using: SymmetricKey(data: Array("sandbox-alyapay-webhook-secret".utf8)))
            #expect(delivery.header("X-Alya-Signature") == "sha256=" + hex(code))
            #expect(delivery.header("X-Alya-Event-Id")?.utf8.count == 36)
        }
    }

    @Test func `a window that closes is told, in time and by itself`() async throws {
        var configuration = SandboxConfiguration()
        configuration.alyaPay.paymentWindow = .milliseconds(100)
        try await withSandbox(configuration) { sandbox in
            try await sandbox.registerAlyaPay()
            let order = Harness.alyaPayOrder(total: "99.50", price: "99.5")
            let id = try #require(try await sandbox.alyaPaySession(order)["session_id"])
            _ = try await sandbox.call(.GET, "/alyapay/pay/\(id)")
            let delivery = try #require(await sandbox.receiver.deliveries(1).first)
            #expect(delivery.body.contains(#""event":"transaction.expired""#))
            #expect(delivery.body.contains(#""status":"EXPIRED","amount":99.50,"currency":"MAD""#))
            let data = try #require(delivery.json?["data"])
            #expect(data["vendorReference"]?.isNull == true)
            #expect(data["expiredAt"]?.string?.hasSuffix("Z") == true)
            let transaction = try #require(data["id"]?.string)
            #expect(try await sandbox.alyaPayStatus(transaction, Harness.alyaPayKey)["status"] == "EXPIRED")
            let page = try await sandbox.call(.GET, "/alyapay/pay/\(id)")
            #expect(page.body.contains("payment_failed"))
        }
    }

    @Test(arguments: [false, true])
    func `an approval is told only where that is asked for`(isAsked: Bool) async throws {
        var configuration = SandboxConfiguration()
        configuration.alyaPay.sendsApproved = isAsked
        try await withSandbox(configuration) { sandbox in
            try await sandbox.registerAlyaPay()
            _ = try await sandbox.alyaPaySession(Harness.alyaPayOrder("order-1"))
            _ = try await sandbox.alyaPaySession(Harness.alyaPayOrder("order-2"))
            _ = try await sandbox.alyaPaySettle("order-1", "success")
            if isAsked { _ = await sandbox.receiver.deliveries(1) }
            _ = try await sandbox.alyaPaySettle("order-2", "canceled")
            let events = await sandbox.receiver.deliveries(isAsked ? 2 : 1).map { $0.json?["event"]?.string }
            #expect(events == (isAsked ? ["transaction.approved"] : []) + ["transaction.cancelled"])
        }
    }

    @Test func `a refused callback comes again, three times at most, and the same`() async throws {
        var configuration = SandboxConfiguration()
        #expect(configuration.alyaPay.callbackRetries == [.seconds(5), .seconds(10), .seconds(15)])
        configuration.alyaPay.callbackRetries = Array(repeating: .milliseconds(10), count: 3)
        try await withSandbox(configuration, answers: [500, 303, 404, 500, 204]) { sandbox in
            try await sandbox.registerAlyaPay()
            for reference in ["order-1", "order-2"] {
                _ = try await sandbox.alyaPaySession(Harness.alyaPayOrder(reference))
                _ = try await sandbox.alyaPaySettle(reference, "canceled")
                _ = await sandbox.receiver.deliveries(4)
            }
            let deliveries = await sandbox.receiver.deliveries(5)
            #expect(deliveries.count == 5)
            #expect(Set(deliveries.prefix(4).map { $0.header("X-Alya-Event-Id") }).count == 1)
            #expect(deliveries.last?.header("X-Alya-Event-Id") != deliveries.first?.header("X-Alya-Event-Id"))
        }
    }

    @Test func `callbacks go to the router's shipped address unless another is registered`() {
        let provider = AlyaPayProvider(SandboxConfiguration())
        let registry = CallbackRegistry([provider], router: "http://127.0.0.1:8080")
        #expect(
            registry.url(of: "sandbox-alyapay-key", at: "alyapay") == "http://127.0.0.1:8080/webhooks/alyapay-main")
    }

    @Test func `the signature is the webhooks page's`() {
        let headers = AlyaPaySignature.headers(
            over: Array(#"{"event":"transaction.cancelled","data":{"id":"t1"}}"#.utf8),
            timestamp: "2026-02-17T14:30:00.000Z", eventID: "e1", secret: "whsec_test")
        #expect(headers.map(\.name) == ["X-Alya-Event-Id", "X-Alya-Timestamp", "X-Alya-Signature"])
        #expect(
            headers.map(\.value) == [
                "e1", "2026-02-17T14:30:00.000Z",
                "sha256=8c1dfae1faf7e74fa2d9b7dcfd5792b785f1012c7c8f88bd80430ca0e6d53e7d",
            ])
    }
}

@Suite("AlyaPay: faults", .timeLimit(.minutes(5)))
struct AlyaPayFaultTests {
    @Test(arguments: [
        ("500", 500, "INTERNAL_ERROR"), ("503", 503, "SERVICE_UNAVAILABLE"), ("rate_limit", 429, "RATE_LIMIT_EXCEEDED"),
        ("token_revoked", 401, "INVALID_API_KEY"), ("charge_then_500", 500, "INTERNAL_ERROR"),
    ])
    func `a failure has AlyaPay's form`(fault: String, status: Int, code: String) async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"alyapay","fault":"\#(fault)""#)
            let answer = try await sandbox.alyaPaySession()
            #expect(answer.status == status)
            #expect(answer.alyaPayCode == code)
            #expect(try await sandbox.charges() == [])
            #expect(try await sandbox.alyaPaySession().status == 200)
        }
    }

    @Test func `a session whose reply is lost can still be paid, and took nothing`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"alyapay","fault":"garbage_json""#)
            let answer = try await sandbox.alyaPaySession(Harness.alyaPayOrder("order-1"))
            #expect(answer.status == 200 && answer.json == nil)
            for fault in ["refuse", "reset_before_reply"] {
                try await sandbox.fault(#""provider":"alyapay","fault":"\#(fault)""#)
                await #expect(throws: (any Error).self) { try await sandbox.alyaPaySession() }
            }
            try await sandbox.fault(#""provider":"alyapay","fault":"html_502""#)
            #expect(try await sandbox.alyaPaySession().status == 502)
            #expect(try await sandbox.charges() == [])
            _ = try await sandbox.alyaPaySettle("order-1", "success")
            #expect(try await sandbox.charges() == ["alyapay order-1 1799.00 MAD captured"])
        }
    }

    @Test func `revoked tokens tell no status any more`() async throws {
        try await withSandbox { sandbox in
            let session = try await sandbox.alyaPaySession()
            let token = ["X-Session-Token": try #require(session["session_token"])]
            let transaction = try await sandbox.alyaPaySettle(try #require(session["session_id"]), "success")
            try await sandbox.fault(#""provider":"alyapay","fault":"token_revoked","operation":"status""#)
            #expect(try await sandbox.alyaPayStatus(transaction, token).status == 401)
            #expect(try await sandbox.alyaPayStatus(transaction, token).alyaPayCode == "INVALID_SESSION_TOKEN")
            #expect(try await sandbox.alyaPayStatus(transaction, Harness.alyaPayKey)["status"] == "APPROVED")
        }
    }

    @Test func `a wrong amount stays with its transaction`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.registerAlyaPay()
            _ = try await sandbox.alyaPaySession(Harness.alyaPayOrder("order-1"))
            try await sandbox.fault(#""provider":"alyapay","fault":"wrong_amount""#)
            let transaction = try await sandbox.alyaPaySettle("order-1", "canceled")
            let status = try await sandbox.alyaPayStatus(transaction, Harness.alyaPayKey)
            #expect(status.json?["amount"]?.number?.text == "1800.00")
            let delivery = try #require(await sandbox.receiver.deliveries(1).first)
            #expect(delivery.json?["data"]?["amount"]?.number?.text == "1800")
        }
    }

    @Test func `callbacks come twice or never`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.registerAlyaPay()
            for (reference, fault) in [("order-1", "drop_callback"), ("order-2", "duplicate_callback")] {
                _ = try await sandbox.alyaPaySession(Harness.alyaPayOrder(reference))
                try await sandbox.fault(#""provider":"alyapay","fault":"\#(fault)""#)
                _ = try await sandbox.alyaPaySettle(reference, "canceled")
            }
            // No event tells of a transaction that waits: there is nothing to come out of order.
            try await sandbox.fault(#""provider":"alyapay","fault":"out_of_order_callback""#)
            _ = try await sandbox.alyaPaySession(Harness.alyaPayOrder("order-3"))
            let first = await sandbox.receiver.deliveries(2)
            #expect(first.map { $0.json?["data"]?["vendorReference"]?.string } == ["order-2", "order-2"])
            #expect(first[0] == first[1])
            _ = try await sandbox.alyaPaySettle("order-3", "canceled")
            #expect(await sandbox.receiver.deliveries(3).count == 3)
        }
    }
}
