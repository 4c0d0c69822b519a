import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import StrictJSON

/// What the router or the sandbox answered.
struct DemoAnswer {
    let status: Int
    let headers: [(name: String, value: String)]
    let json: JSONValue

    /// The text of a member, of the payment in a problem too.
    subscript(_ name: String) -> String? { json[name]?.string }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    func list(_ name: String) -> [JSONValue] { json[name]?.array ?? [] }

    var nextAction: String? { json["next_action"]?["type"]?.string }
    var nextURL: String? { json["next_action"]?["url"]?.string }

    /// Each try in words.
    var attempts: [String] {
        list("attempts").map { attempt in
            let reason = attempt["reason"]?.string.map { " (\($0))" } ?? ""
            return "\(attempt["provider"]?.string ?? "?"): \(attempt["operation"]?.string ?? "?") "
                + "\(attempt["outcome"]?.string ?? "?")\(reason), \(attempt["duration_ms"]?.integer ?? 0) ms"
        }
    }
}

/// Talks to the router as the app `shop`, and to the sandbox as whoever stands behind the providers.
struct DemoClient {
    let api: String
    let sandbox: String
    let http: HTTPClient

    /// The published key of the app `shop` in the shipped configuration.
    static let shopKey = "demo-shop-key"

    func post(_ path: String, _ body: String, key: String? = nil) async throws -> DemoAnswer {
        var request = HTTPClientRequest(url: api + path)
        request.method = .POST
        request.headers.add(name: "authorization", value: "Bearer \(Self.shopKey)")
        request.headers.add(name: "content-type", value: "application/json")
        if let key { request.headers.add(name: "idempotency-key", value: key) }
        request.body = .bytes(ByteBuffer(string: body))
        return try await send(request)
    }

    func get(_ path: String) async throws -> DemoAnswer {
        var request = HTTPClientRequest(url: api + path)
        request.headers.add(name: "authorization", value: "Bearer \(Self.shopKey)")
        return try await send(request)
    }

    // MARK: The sandbox

    func charges() async throws -> [JSONValue] {
        try await send(HTTPClientRequest(url: sandbox + "/_sandbox/charges")).list("charges")
    }

    func requests(_ provider: String) async throws -> [JSONValue] {
        try await send(HTTPClientRequest(url: sandbox + "/_sandbox/requests?provider=\(provider)")).list("requests")
    }

    func fault(_ provider: String, _ fault: String) async throws {
        try await control("/_sandbox/faults", ["provider": provider, "fault": fault])
    }

    func clearFaults() async throws {
        var request = HTTPClientRequest(url: sandbox + "/_sandbox/faults")
        request.method = .DELETE
        _ = try await send(request)
    }

    func settle(_ provider: String, _ reference: String, _ outcome: String) async throws {
        try await control("/_sandbox/settle", ["provider": provider, "reference": reference, "outcome": outcome])
    }

    private func control(_ path: String, _ members: KeyValuePairs<String, String>) async throws {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in members { writer.member(name, value) }
        writer.endObject()
        var request = HTTPClientRequest(url: sandbox + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: writer.bytes))
        _ = try await send(request)
    }

    private func send(_ request: HTTPClientRequest) async throws -> DemoAnswer {
        let response = try await http.execute(request, timeout: .seconds(40))
        let body = try await response.body.collect(upTo: 1 << 20)
        let json = (try? JSONValue(parsing: Array(body.readableBytesView))) ?? .null
        return DemoAnswer(
            status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) }, json: json)
    }
}
