import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import PaymentModel
import StrictJSON

/// What the router, the sandbox or the app answered.
struct DemoAnswer: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let json: JSONValue

    /// The payment in the answer: the answer itself, or what a problem says of it.
    var payment: JSONValue {
        guard let payment = json["payment"], payment.object != nil else { return json }
        return payment
    }

    /// The text of a member.
    subscript(_ name: String) -> String? { json[name]?.string }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    func list(_ name: String) -> [JSONValue] { json[name]?.array ?? [] }

    var nextAction: String? { json["next_action"]?["type"]?.string }
    var nextURL: String? { json["next_action"]?["url"]?.string }

    /// The instances that were tried.
    var tried: Set<String> { Set(list("attempts").compactMap { $0["provider"]?.string }) }

    /// Each try in words; those that went the same way one after the other are one.
    var attempts: [String] {
        var lines: [(what: String, times: Int, milliseconds: Int64)] = []
        for attempt in list("attempts") {
            let reason = attempt["reason"]?.string.map { " (\($0))" } ?? ""
            let what =
                "\(attempt["provider"]?.string ?? "?"): \(attempt["operation"]?.string ?? "?") "
                + "\(attempt["outcome"]?.string ?? "?")\(reason)"
            let milliseconds = attempt["duration_ms"]?.integer ?? 0
            if let last = lines.last, last.what == what {
                lines[lines.count - 1] = (what, last.times + 1, last.milliseconds + milliseconds)
            } else {
                lines.append((what, 1, milliseconds))
            }
        }
        return lines.map { "\($0.what), \($0.times > 1 ? "\($0.times) times, " : "")\($0.milliseconds) ms" }
    }
}

extension JSONValue {
    /// A member that counts minor units of the value's `currency`, as `80.00 USD`.
    func money(_ name: String) -> String {
        guard let units = self[name]?.integer, let currency = self["currency"]?.string.flatMap(Currency.init(code:))
        else { return "?" }
        return Money(minorUnits: units, currency: currency).description
    }
}

/// The sandbox would not do what the demo told it.
struct SandboxRefusal: Error, CustomStringConvertible {
    let path: String
    let message: String

    var description: String { "the sandbox refused \(path): \(message)" }
}

/// Talks to the router as the app `shop`, to the sandbox as whoever stands behind the providers, and to the app as
/// whoever finds its address.
struct DemoClient: Sendable {
    let api: String
    let admin: String
    let sandbox: String
    let hooks: String
    let http: HTTPClient

    /// The published key of the app `shop` in the shipped configuration.
    static let shopKey = "demo-shop-key"

    func post(_ path: String, _ body: String, key: String? = nil) async throws -> DemoAnswer {
        var headers = [("authorization", "Bearer \(Self.shopKey)"), ("content-type", "application/json")]
        if let key { headers.append(("idempotency-key", key)) }
        return try await send(.POST, api + path, headers, Array(body.utf8))
    }

    func get(_ path: String) async throws -> DemoAnswer {
        try await send(.GET, api + path, [("authorization", "Bearer \(Self.shopKey)")])
    }

    /// Callbacks that matched no payment.
    func orphans() async throws -> [JSONValue] {
        try await send(.GET, admin + "/admin/orphans").list("orphans")
    }

    // MARK: What anybody may try

    /// A callback to the router that nothing vouches for.
    func callBack(_ provider: String, _ body: String) async throws -> DemoAnswer {
        try await send(
            .POST, api + "/webhooks/" + provider, [("content-type", "application/json")], Array(body.utf8))
    }

    /// An event to the app, with the headers of a real one.
    func deliver(_ event: ShopApp.Event, body: [UInt8]) async throws -> DemoAnswer {
        try await send(
            .POST, hooks, [("content-type", "application/json")] + event.headers.map { ($0.key, $0.value) }, body)
    }

    // MARK: The sandbox

    func charges() async throws -> [JSONValue] {
        try await send(.GET, sandbox + "/_sandbox/charges").list("charges")
    }

    func requests(_ provider: String) async throws -> [JSONValue] {
        try await send(.GET, sandbox + "/_sandbox/requests?provider=\(provider)").list("requests")
    }

    /// - Parameter operation: The only one that it hits; nil: those that it hits by itself.
    func fault(_ provider: String, _ fault: String, operation: String? = nil, count: Int64 = 1) async throws {
        var members: JSONObject = [
            "provider": .string(provider), "fault": .string(fault), "count": .number(JSONNumber(count)),
        ]
        members["operation"] = operation.map(JSONValue.string)
        try await control("/_sandbox/faults", members)
    }

    func clearFaults() async throws {
        _ = try await send(.DELETE, sandbox + "/_sandbox/faults")
    }

    /// Does the customer's part. The provider's browser component tells the app the transaction's id: what this returns.
    @discardableResult
    func settle(_ provider: String, _ reference: String?, _ outcome: String) async throws -> String? {
        try await control(
            "/_sandbox/settle",
            [
                "provider": .string(provider), "reference": .string(reference ?? ""), "outcome": .string(outcome),
            ])["transaction"]
    }

    /// Registers the address that a provider calls for the merchant of that key.
    func register(_ provider: String, key: String, url: String) async throws {
        try await control(
            "/_sandbox/callbacks", ["provider": .string(provider), "key": .string(key), "url": .string(url)])
    }

    @discardableResult
    private func control(_ path: String, _ members: JSONObject) async throws -> DemoAnswer {
        let answer = try await send(
            .POST, sandbox + path, [("content-type", "application/json")], JSONValue.object(members).serialized())
        guard answer.status == 200 else {
            throw SandboxRefusal(path: path, message: answer["message"] ?? "\(answer.status)")
        }
        return answer
    }

    private func send(
        _ method: HTTPMethod, _ url: String, _ headers: [(String, String)] = [], _ body: [UInt8]? = nil
    ) async throws -> DemoAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await http.execute(request, timeout: .seconds(40))
        let bytes = try await response.body.collect(upTo: 1 << 20)
        let json = (try? JSONValue(parsing: Array(bytes.readableBytesView))) ?? .null
        return DemoAnswer(
            status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) }, json: json)
    }
}
