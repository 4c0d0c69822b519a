import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import ProviderSandbox
import StrictJSON
import Testing

/// The simulated providers at work, talked to over real sockets: what they took, what they were sent, how they fail.
struct Providers: Sendable {
    let http: HTTPClient
    let port: Int
    /// Of each provider's listener of its own, which can refuse connections at the socket.
    let ownPorts: [String: Int]
    /// The address of `payalo-ke` is such a one.
    var payaloPort: Int { ownPorts["payalo"] ?? 0 }

    static let payaloKey = "sandbox-payalo-key"
    static let spayonCallbackSecret = "sandbox-spayon-callback-secret"
    static let cardsKey = "pk_sandbox_main"
    static let cardsWebhookSecret = "sandbox-paymentgateway-webhook-secret"

    /// What the shipped configuration reads its addresses from.
    var environment: [String: String] {
        [
            "PAYALO_URL": "http://127.0.0.1:\(payaloPort)", "PAYALO_BACKUP_URL": "http://127.0.0.1:\(port)/payalo",
            "SPAYON_URL": "http://127.0.0.1:\(port)/spayon", "SPAYON_BACKUP_URL": "http://127.0.0.1:\(port)/spayon",
            "CARDS_URL": "http://127.0.0.1:\(port)/paymentgateway",
            "CARDS_BACKUP_URL": "http://127.0.0.1:\(port)/paymentgateway",
            "ALYAPAY_URL": "http://127.0.0.1:\(port)/alyapay", "WAYPAY_URL": "http://127.0.0.1:\(port)/waypay",
        ]
    }

    /// A request as a provider received it; what authenticates is `***`.
    struct Received: Sendable {
        let json: JSONValue

        var method: String { json["method"]?.string ?? "" }
        var path: String { json["path"]?.string ?? "" }
        var text: String { json["body"]?.string ?? "" }
        var body: JSONValue? { try? JSONValue(parsing: text) }
        func header(_ name: String) -> String? { json["headers"]?[name]?.string }

        /// `create`, `status` or `token`.
        var operation: String {
            switch (method, path) {
            case (_, "/api/tokens"): "token"
            case ("POST", _): "create"
            default: "status"
            }
        }
    }

    /// Money that a provider took, and what it gave back of it; amounts are decimal text.
    struct Charge: Sendable, Hashable {
        let reference: String
        let provider: String
        let amount: String
        let currency: String
        let state: String
        let refunds: [String]

        /// `provider amount currency state`.
        var text: String { "\(provider) \(amount) \(currency) \(state)" }
    }

    func charges() async throws -> [Charge] {
        let answer = try await send(.GET, "/_sandbox/charges")
        return try #require(answer.json["charges"]?.array).map { charge in
            func text(_ name: String) -> String { charge[name]?.string ?? "?" }
            return Charge(
                reference: text("reference"), provider: text("provider"), amount: text("amount"),
                currency: text("currency"), state: text("state"),
                refunds: (charge["refunds"]?.array ?? []).compactMap { $0["amount"]?.string })
        }
    }

    func received(_ provider: String) async throws -> [Received] {
        let answer = try await send(.GET, "/_sandbox/requests?provider=\(provider)")
        return try #require(answer.json["requests"]?.array).map(Received.init)
    }

    /// The kinds of requests that a provider received, in order.
    func operations(_ provider: String) async throws -> [String] {
        try await received(provider).map(\.operation)
    }

    /// The references under which Payalo was sent creates, in order.
    func createReferences() async throws -> [String] {
        try await received("payalo").filter { $0.operation == "create" }
            .map { $0.body?["merchantReference"]?.string ?? "" }
    }

    /// - Parameter more: Further members, such as `"count":3`.
    func fault(_ provider: String, _ fault: String, _ more: String = "") async throws {
        let rest = more.isEmpty ? "" : "," + more
        let answer = try await send(
            .POST, "/_sandbox/faults", #"{"provider":"\#(provider)","fault":"\#(fault)"\#(rest)}"#)
        try #require(answer.status == 200, "\(answer.text)")
    }

    func clearFaults() async throws {
        let answer = try await send(.DELETE, "/_sandbox/faults")
        try #require(answer.status == 200)
    }

    /// Does what the customer would do.
    ///
    /// - Returns: The id of the transaction that came of it, where the provider's browser component would tell it.
    @discardableResult
    func settle(_ provider: String, _ reference: String?, _ outcome: String) async throws -> String? {
        let answer = try await trySettling(provider, try #require(reference), outcome)
        try #require(answer.status == 200, "\(answer.text)")
        return answer["transaction"]
    }

    /// The same where the customer may be too late; 409 says so.
    func trySettling(_ provider: String, _ reference: String, _ outcome: String) async throws -> Answered {
        try await send(
            .POST, "/_sandbox/settle",
            #"{"provider":"\#(provider)","reference":"\#(reference)","outcome":"\#(outcome)"}"#)
    }

    /// Registers where a provider calls whose callbacks have one address for all payments.
    func register(_ provider: String, key: String, url: String) async throws {
        let answer = try await send(
            .POST, "/_sandbox/callbacks", #"{"provider":"\#(provider)","key":"\#(key)","url":"\#(url)"}"#)
        try #require(answer.status == 200, "\(answer.text)")
    }

    /// Registers the router at that port, under the shipped names, with all of them.
    func register(router port: Int) async throws {
        for (provider, key, instance) in [
            ("alyapay", "sandbox-alyapay-key", "alyapay-main"), ("paymentgateway", Self.cardsKey, "cards-main"),
            ("paymentgateway", "pk_sandbox_backup", "cards-backup"),
        ] {
            try await register(provider, key: key, url: "http://127.0.0.1:\(port)/webhooks/\(instance)")
        }
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: String? = nil) async throws -> Answered {
        try await http.answer(method, "http://127.0.0.1:\(port)\(path)", [:], body.map { Array($0.utf8) })
    }
}

/// Runs `body` beside simulated providers of its own.
func withProviders(
    _ configuration: SandboxConfiguration = SandboxConfiguration(), _ body: (Providers) async throws -> Void
) async throws {
    var configuration = configuration
    configuration.port = 0
    configuration.ownListeners = true
    let sandbox = Sandbox(configuration, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() })
    let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: .manyConnections)
    let result: Result<Void, any Error>
    do {
        result = .success(
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await sandbox.run() }
                defer { group.cancelAll() }
                var ownPorts: [String: Int] = [:]
                for provider in sandbox.providers { ownPorts[provider] = await sandbox.port(of: provider) }
                try await body(Providers(http: http, port: await sandbox.port(), ownPorts: ownPorts))
            })
    } catch {
        result = .failure(error)
    }
    try await http.shutdown()
    try result.get()
}

/// What came back over a socket.
struct Answered: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
    /// A member's text; nil where it is none.
    subscript(_ name: String) -> String? { json[name]?.string }
    func header(_ name: String) -> String? { headers.first(name: name) }
    var isReplayed: Bool { header("idempotency-replayed") == "true" }
    /// The pointers of a problem.
    var pointers: [String] { json["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? [] }

    /// `provider:operation=outcome(reason)` of each try.
    var attempts: [String] {
        (json["attempts"]?.array ?? []).map { attempt in
            func text(_ name: String) -> String { attempt[name]?.string ?? "" }
            let reason = attempt["reason"]?.string.map { "(\($0))" } ?? ""
            return "\(text("provider")):\(text("operation"))=\(text("outcome"))\(reason)"
        }
    }
}

extension HTTPClient {
    func answer(
        _ method: HTTPMethod, _ url: String, _ headers: [String: String], _ body: [UInt8]? = nil,
        within limit: Duration = .seconds(60)
    ) async throws -> Answered {
        var request = HTTPClientRequest(url: url)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await execute(request, timeout: TimeAmount(limit))
        let bytes = try await response.body.collect(upTo: 1 << 24)
        return Answered(status: Int(response.status.code), headers: response.headers, body: Array(buffer: bytes))
    }
}

extension HTTPClient.Configuration {
    /// So many connections that a thousand requests are really under way at once.
    static var manyConnections: Self {
        var configuration = Self(redirectConfiguration: .disallow, timeout: .init(connect: .seconds(20)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1100
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.tlsConfiguration = .trustingTests
        return configuration
    }
}

/// Asks again until there is an answer; the test fails after `limit`.
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(20), _ probe: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = try await probe() { return value }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try #require(try await probe(), "not within \(limit): \(what)")
}
