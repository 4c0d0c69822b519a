import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

/// One provider without a sandbox, and all that it said, to the byte.
private struct Life {
    let provider: any SimulatedProvider
    private(set) var said: [String] = []
    /// The identifiers that its replies gave away.
    private(set) var identifiers: [String] = []
    /// 2026-01-24T10:00:00Z, as in the documented examples.
    private var time: SandboxTime
    private let headers: HTTPFields

    init(_ provider: String, seed: UInt64, start: ContinuousClock.Instant, headers: HTTPFields = [:]) {
        self.provider = SandboxConfiguration(documentedLimits: false, maxTransactions: 8)
            .simulatedProvider(provider, seed: seed)
        time = SandboxTime(instant: start, wallMilliseconds: 1_769_248_800_000)
        self.headers = headers
    }

    mutating func wait(_ duration: Duration) { time = time.advanced(by: duration) }

    /// The reply's JSON. `keeping`: the members, of `data` where there is one, that are identifiers.
    @discardableResult
    mutating func call(
        _ method: HTTPRequest.Method, _ target: String, _ body: String = "", headers more: HTTPFields = [:],
        status: Int = 200, effects: SandboxEffects = SandboxEffects(), keeping names: [String] = []
    ) throws -> [String] {
        var headers = headers
        for field in more { headers[field.name] = field.value }
        let request = SandboxRequest(
            method: method, target: target, headers: headers, body: Array(body.utf8), baseURL: "http://sandbox.test",
            time: time)
        let result = provider.handle(request, effects: effects)
        let text = String(decoding: result.reply.body, as: UTF8.self)
        #expect(result.reply.status == status, "\(target): \(text)")
        said.append("\(provider.operation(of: request)?.rawValue ?? "-") \(result.reply.status)")
        said += result.reply.headers.map { "\($0.name): \($0.value)" } + [text]
        note(result.callbacks)
        let json = try? JSONValue(parsing: text)
        let kept = try names.map { try #require((json?["data"] ?? json)?[$0]?.string, "\(target): \(text)") }
        identifiers += kept
        return kept
    }

    mutating func settle(_ reference: String, _ outcome: SandboxOutcome, code: String? = nil) {
        let result = provider.settle(
            reference: reference, outcome: outcome, code: code, effects: SandboxEffects(), at: time)
        guard case .settled(let status, let callbacks) = result else {
            Issue.record("\(reference): \(result)")
            return
        }
        said.append("\(reference) \(status)")
        note(callbacks)
        if let transaction = provider.transaction(of: reference) { identifiers.append(transaction) }
    }

    mutating func tick() { note(provider.tick(at: time)) }

    /// What stands in the books at the end, and the replies to failures.
    mutating func end() {
        for charge in provider.charges() {
            said.append("\(charge.reference) \(charge.amount) \(charge.currency) \(charge.state) \(charge.at)")
            said += (charge.refunds ?? []).map { "- \($0.amount) \($0.at)" }
        }
        said += provider.journal().map { "\($0.key ?? "-") \($0.reference) \($0.state) \($0.amount) \($0.at)" }
        for failure in [SandboxFailure.unauthorized, .rateLimited, .internalError, .unavailable] {
            let reply = provider.reply(to: failure)
            said.append("\(reply.status) \(reply.headers) \(String(decoding: reply.body, as: UTF8.self))")
        }
    }

    private mutating func note(_ callbacks: [SandboxCallback]) {
        for callback in callbacks {
            said.append(
                "\(callback.destination) \(callback.retryAfter) \(callback.timeout) \(callback.success)")
            for message in [callback.message] + (callback.previous.map { [$0] } ?? []) {
                said += message.headers.map { "\($0.name): \($0.value)" }
                said.append(String(decoding: message.body, as: UTF8.self))
            }
        }
    }
}

@Suite("Providers in process", .timeLimit(.minutes(5)))
struct InProcessTests {
    private static let scripts: [String: @Sendable (UInt64, ContinuousClock.Instant) throws -> Life] = [
        "alyapay": alyaPay, "payalo": payalo, "spayon": spayon, "paymentgateway": paymentGateway, "waypay": waypay,
    ]

    @Test(arguments: SimulatedProviders.ids)
    func `the same calls and seed give the same bytes, and another seed other identifiers`(id: String) throws {
        let script = try #require(Self.scripts[id])
        let start = ContinuousClock.now
        let life = try script(7, start)
        // Far later on the monotonic clock, which nothing shows.
        let again = try script(7, start.advanced(by: .seconds(86_400)))
        #expect(life.said == again.said)
        #expect(!life.provider.charges().isEmpty)

        let other = try script(8, start)
        #expect(other.said.count == life.said.count)
        #expect(!life.identifiers.isEmpty)
        #expect(Set(life.identifiers).count == life.identifiers.count)
        #expect(Set(life.identifiers).isDisjoint(with: other.identifiers))
    }

    @Test func `identifiers have their documented forms`() {
        let identifiers = IdentifierSource(seed: 1)
        for _ in 0..<100 {
            let uuid = identifiers.uuid()
            #expect(uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            let token = identifiers.token(header: "{}", payload: #"{"a":1}"#)
            #expect(token.wholeMatch(of: /e30\.eyJhIjoxfQ\.[A-Za-z0-9_-]{43}/) != nil)
            #expect(identifiers.text(15, of: IdentifierSource.digits).wholeMatch(of: /[0-9]{15}/) != nil)
        }
        #expect(IdentifierSource().uuid() != IdentifierSource().uuid())
    }

    @Test func `a target is split at its first question mark`() {
        for (target, path, query) in [("/a", "/a", ""), ("/a?b=1?c", "/a", "b=1?c"), ("/a?", "/a", "")] {
            let request = SandboxRequest(
                method: .get, target: target, headers: [:], body: [], baseURL: "",
                time: SandboxTime(instant: .now, wallMilliseconds: 0))
            #expect(request.path == path)
            #expect(request.query == query)
        }
    }

    @Test func `the journal names the key of each thing done, once however often it was asked`() throws {
        let life = try Self.paymentGateway(7, .now)
        let journal = life.provider.journal().map { "\($0.key ?? "-") \($0.reference) \($0.state) \($0.amount)" }
        #expect(
            journal
                == [
                    "authorize-0000001 authorize-0000001 authorized 99.99",
                    "capture-000000001 authorize-0000001 captured 50.00",
                    "refund-0000000001 authorize-0000001 refunded 10.00",
                    "refund-0000000002 authorize-0000001 refunded 5.00",
                    "sale-000000000001 sale-000000000001 captured 20.00",
                    "- intent-0000000001 failed 99.99", "- intent-0000000001 captured 99.99",
                    "authorize-0000002 authorize-0000002 authorized 1.00",
                ])
    }

    // MARK: The lives

    @Sendable private static func alyaPay(_ seed: UInt64, _ start: ContinuousClock.Instant) throws -> Life {
        var life = Life("alyapay", seed: seed, start: start, headers: [.apiKey: "sandbox-alyapay-key"])
        func open(_ reference: String) throws -> (session: String, token: String) {
            let kept = try life.call(
                .post, "/api/v1/public/sessions", Harness.alyaPayOrder(reference),
                keeping: ["session_id", "session_token"])
            return (kept[0], kept[1])
        }
        let sessions = try ["a", "b", "c", "d"].map(open)
        life.wait(.seconds(60))
        life.settle("a", .success)
        life.settle(sessions[1].session, .success)
        life.settle("c", .canceled)
        let transaction = try #require(life.provider.transaction(of: "a"))
        try life.call(.get, "/api/v1/public/transactions/\(transaction)/status")
        try life.call(
            .get, "/api/v1/public/transactions/\(transaction)/status",
            headers: [.sessionToken: sessions[0].token])
        try life.call(.get, "/pay/\(sessions[3].session)")
        life.wait(.seconds(3600))
        life.tick()
        life.provider.revokeTokens()
        try life.call(
            .get, "/api/v1/public/transactions/\(transaction)/status",
            headers: [.sessionToken: sessions[0].token], status: 401)
        life.end()
        return life
    }

    @Sendable private static func payalo(_ seed: UInt64, _ start: ContinuousClock.Instant) throws -> Life {
        var life = Life("payalo", seed: seed, start: start, headers: [.apiKey: "sandbox-payalo-key"])
        func payin(_ reference: String, _ effects: SandboxEffects = SandboxEffects()) throws {
            try life.call(
                .post, "/gateway/mmo/v2/direct/payin/mpesa-ke",
                """
                {"amount":{"value":100.00,"currency":"KES"},"payer":{"id":"user-42","msisdn":"+254712345678"},
                "country":"KE","resultUrl":"https://shop.test/hook","merchantReference":"\(reference)"}
                """, effects: effects, keeping: ["gatewayReference"])
        }
        for reference in ["a", "b", "c"] { try payin(reference) }
        try payin("d", SandboxEffects(takesMoneyAtOnce: true))
        life.settle("b", .success)
        life.settle("a", .success)
        life.settle("c", .failed)
        try life.call(.get, "/gateway/mmo/v2/status/mref/a")
        try life.call(.get, "/gateway/mmo/v2/status/\(life.identifiers[1])?x=1")
        life.end()
        return life
    }

    @Sendable private static func spayon(_ seed: UInt64, _ start: ContinuousClock.Instant) throws -> Life {
        var life = Life("spayon", seed: seed, start: start)
        let token = try life.call(
            .post, "/api/tokens", #"{"client_id":"sandbox-client","client_secret":"sandbox-secret"}"#,
            keeping: ["access_token"])[0]
        let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
        let sessions = try ["a", "b", "c"].map { order in
            try life.call(
                .post, "/api/product/session",
                """
                {"product_name":"Custom Product","price":1000,"currency":"amd","order_id":"\(order)",
                "callback_url":"https://shop.test/hook","return_url":"https://shop.test/","email":"user@example.com"}
                """, headers: bearer, keeping: ["session_id"])[0]
        }
        life.settle("b", .failed, code: "14")
        life.settle("b", .success)
        life.settle("a", .success)
        try life.call(.get, "/api/product/session/\(sessions[0])", headers: bearer)
        try life.call(.get, "/pay/\(sessions[2])")
        life.wait(.seconds(3600))
        life.tick()
        try life.call(.get, "/api/product/session/\(sessions[0])", headers: bearer, status: 401)
        life.end()
        return life
    }

    @Sendable private static func paymentGateway(_ seed: UInt64, _ start: ContinuousClock.Instant) throws -> Life {
        var life = Life("paymentgateway", seed: seed, start: start, headers: [.apiKey: PaymentGatewayDesk.main])
        func post(_ path: String, _ body: String, key: String, status: Int = 200, keeping: [String] = []) throws
            -> [String]
        {
            try life.call(
                .post, "/api/v1/\(path)", body, headers: [.sandbox("Idempotency-Key"): key], status: status,
                keeping: keeping)
        }
        let paid = try post(
            "payments/authorize", PaymentGatewayDesk.order(), key: "authorize-0000001",
            keeping: ["id", "transaction_id", "auth_code"])[0]
        for _ in 0..<2 { _ = try post("payments/\(paid)/capture", #"{"amount":5000}"#, key: "capture-000000001") }
        let refund = #"{"amount":1000,"reason":"returned"}"#
        for _ in 0..<3 { _ = try post("payments/\(paid)/refund", refund, key: "refund-0000000001") }
        _ = try post("payments/\(paid)/refund", #"{"amount":500,"reason":"more"}"#, key: "refund-0000000002")
        _ = try post("payments/\(paid)/refund", #"{"amount":9900,"reason":"x"}"#, key: "refund-0000000003", status: 400)
        _ = try post("payments/sale", PaymentGatewayDesk.order(2000), key: "sale-000000000001", keeping: ["id"])
        let intent = try post(
            "payment-intents", PaymentGatewayDesk.intentOrder(), key: "intent-0000000001", status: 201,
            keeping: ["id", "client_secret"])
        life.settle("intent-0000000001", .failed, code: "51")
        life.settle(intent[0], .success)
        try life.call(.get, "/api/public/payment-intents/\(intent[0])")
        try life.call(.get, "/checkout/\(intent[0])?client_secret=\(intent[1])")
        _ = try post("payments/authorize", PaymentGatewayDesk.order(100), key: "authorize-0000002", keeping: ["id"])
        try life.call(.get, "/api/v1/transactions?limit=100")
        life.wait(.seconds(7 * 86_400))
        life.tick()
        try life.call(.get, "/api/v1/payments/\(paid)")
        life.end()
        return life
    }

    @Sendable private static func waypay(_ seed: UInt64, _ start: ContinuousClock.Instant) throws -> Life {
        var life = Life("waypay", seed: seed, start: start, headers: [.sandbox("SWICH-API-Key"): "pk_test_sandbox"])
        let intents = try ["a", "b", "c", "d"].map { reference in
            try life.call(
                .post, "/Gateway/v1/Payment/initiate-checkout",
                WaypayRequest(reference, callback: reference == "a" ? nil : "https://shop.test/hook").body,
                keeping: ["paymentIntentId"])[0]
        }
        life.settle("b", .success)
        life.settle(intents[0], .success)
        life.settle("c", .failed)
        let status = try life.call(.get, "/Gateway/v1/Transaction/by-ref/b", keeping: ["id", "txnRef"])
        #expect(status[1].wholeMatch(of: /WPAYT[A-Z0-9]{15}/) != nil)
        try life.call(.post, "/pay/\(intents[3])", "action=begin")
        life.wait(.seconds(3600))
        life.tick()
        life.end()
        return life
    }
}
