import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import StrictJSON
import Testing

@testable import ProviderSandbox

/// A sandbox on any free port, a client, and a merchant's server that receives callbacks: all over real sockets.
struct Harness: Sendable {
    let sandbox: Sandbox
    let port: Int
    let receiver: Receiver
    let receiverPort: Int
    let client: HTTPClient

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// The receiver's address.
    var callbackURL: String { "http://127.0.0.1:\(receiverPort)/hook" }

    enum Verb: String { case GET, POST, DELETE }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: String

        func header(_ name: String) -> String? { headers.first(name: name) }

        var json: JSONValue? { try? JSONValue(parsing: body) }
        subscript(name: String) -> String? { json?[name]?.string }
    }

    func call(
        _ verb: Verb, _ path: String, headers: [String: String] = [:], body: String? = nil,
        port: Int? = nil, timeout: Duration = .seconds(20)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port ?? self.port)\(path)")
        request.method = HTTPMethod(rawValue: verb.rawValue)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await client.execute(request, timeout: .nanoseconds(timeout.nanoseconds))
        let bytes = try await response.body.collect(upTo: 1 << 24)
        return Answer(status: Int(response.status.code), headers: response.headers, body: String(buffer: bytes))
    }

    // MARK: The sandbox's own calls

    func fault(_ members: String) async throws {
        let answer = try await call(.POST, "/_sandbox/faults", body: "{\(members)}")
        #expect(answer.status == 200, "\(answer.body)")
    }

    @discardableResult
    func settle(_ provider: String, _ reference: String, _ outcome: String, code: String? = nil) async throws -> Answer
    {
        let code = code.map { #","code":"\#($0)""# } ?? ""
        return try await call(
            .POST, "/_sandbox/settle",
            body: #"{"provider":"\#(provider)","reference":"\#(reference)","outcome":"\#(outcome)"\#(code)}"#)
    }

    /// `provider reference amount currency state` of each charge.
    func charges() async throws -> [String] {
        let answer = try await call(.GET, "/_sandbox/charges")
        return try #require(answer.json?["charges"]?.array).map { charge in
            ["provider", "reference", "amount", "currency", "state"].map { charge[$0]?.string ?? "?" }
                .joined(separator: " ")
        }
    }

    // MARK: Payalo

    static let payaloKey = ["X-Api-Key": "sandbox-payalo-key", "Content-Type": "application/json"]

    /// The documented order (quickstart, step 1), with our callback address.
    func payaloOrder(_ reference: String, amount: String = "100.00") -> String {
        """
        {
            "amount":     { "value": \(amount), "currency": "KES" },
            "payer":      { "id": "user-42", "msisdn": "+254712345678" },
            "country":    "KE",
            "resultUrl":  "\(callbackURL)",
            "merchantReference": "\(reference)"
        }
        """
    }

    func payin(_ reference: String, amount: String = "100.00", timeout: Duration = .seconds(20)) async throws -> Answer
    {
        try await call(
            .POST, "/payalo/gateway/mmo/v2/direct/payin/mpesa-ke", headers: Self.payaloKey,
            body: payaloOrder(reference, amount: amount), timeout: timeout)
    }

    func payaloStatus(_ reference: String) async throws -> Answer {
        try await call(.GET, "/payalo/gateway/mmo/v2/status/mref/\(reference)", headers: Self.payaloKey)
    }

    // MARK: Spayon

    func token() async throws -> Answer {
        try await call(
            .POST, "/spayon/api/tokens", body: #"{"client_id":"sandbox-client","client_secret":"sandbox-secret"}"#)
    }

    func bearer() async throws -> [String: String] {
        ["Authorization": "Bearer " + (try #require(try await token()["access_token"]))]
    }

    /// The documented custom order (create-session page), with our callback address.
    func spayonOrder(_ orderID: String, price: String = "1000") -> String {
        """
        {"product_name": "Custom Product", "price": \(price), "currency": "amd", "callback_url": "\(callbackURL)",
        "return_url": "https://example.com/thank-you", "cancel_url": "https://example.com/payment-cancelled",
        "email": "user@example.com", "username": "john_doe", "full_name": "John Doe", "order_id": "\(orderID)",
        "defaultPaymentMethod": "visamaster", "availablePaymentMethods": ["visamaster", "mir"], "language": "en"}
        """
    }

    func session(_ orderID: String, price: String = "1000", bearer: [String: String]) async throws -> Answer {
        try await call(
            .POST, "/spayon/api/product/session", headers: bearer, body: spayonOrder(orderID, price: price))
    }

    func spayonStatus(_ session: String, bearer: [String: String]) async throws -> Answer {
        try await call(.GET, "/spayon/api/product/session/\(session)", headers: bearer)
    }
}

/// Runs `body` against a sandbox of its own. `answers`: what the merchant answers to the first callbacks; 200 after
/// those.
func withSandbox(
    _ configuration: SandboxConfiguration = SandboxConfiguration(), answers: [Int] = [],
    _ body: (Harness) async throws -> Void
) async throws {
    var configuration = configuration
    configuration.port = 0
    let sandbox = Sandbox(configuration, logger: Harness.silent)
    let receiver = Receiver(answers: answers)
    var clientConfiguration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    clientConfiguration.connectionPool.retryConnectionEstablishment = false
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: clientConfiguration)
    do {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await sandbox.run() }
            group.addTask { try await receiver.run() }
            defer { group.cancelAll() }
            let harness = Harness(
                sandbox: sandbox, port: await sandbox.port(), receiver: receiver,
                receiverPort: await receiver.port(), client: client)
            try await body(harness)
        }
    } catch {
        try await client.shutdown()
        throw error
    }
    try await client.shutdown()
}

/// A merchant's server.
struct Receiver: Sendable {
    struct Delivery: Sendable, Equatable {
        let headers: HTTPFields
        let body: String

        var json: JSONValue? { try? JSONValue(parsing: body) }
        var status: String? { json?["status"]?.string }
        func header(_ name: String) -> String? { headers[.sandbox(name)] }
    }

    private struct State: Sendable {
        var deliveries: [Delivery] = []
    }

    private let state = Watched(State())
    private let listener = SandboxListener(provider: nil, host: "127.0.0.1", port: 0)
    private let answers: [Int]

    init(answers: [Int]) {
        self.answers = answers
    }

    func port() async -> Int { await listener.port() }

    /// Waits for as many deliveries in all.
    func deliveries(_ count: Int) async -> [Delivery] {
        await state.wait { $0.deliveries.count >= count }.deliveries
    }

    var deliveries: [Delivery] { state.value.deliveries }

    func run() async throws {
        try await listener.run(logger: Harness.silent) { request, writer, _ in
            let body = String(buffer: try await request.body.collect(upTo: 1 << 20))
            var index = 0
            self.state.update {
                index = $0.deliveries.count
                $0.deliveries.append(Delivery(headers: request.headers, body: body))
            }
            let status = index < self.answers.count ? self.answers[index] : 200
            try await writer.writeResponse(
                HTTPResponse(status: .init(code: status), headerFields: [.contentLength: "0"]))
        }
    }
}

/// The text with each `…` in `pattern` standing for anything: `nil` when the rest does not match to the byte.
func matches(_ text: String, _ pattern: String) -> Bool {
    var rest = text[...]
    let pieces = pattern.split(separator: "…", omittingEmptySubsequences: false)
    for (index, piece) in pieces.enumerated() {
        if index == 0 {
            guard rest.hasPrefix(piece) else { return false }
            rest = rest.dropFirst(piece.count)
        } else if index == pieces.count - 1 {
            return rest.hasSuffix(piece)
        } else {
            guard let range = rest.range(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
    }
    return rest.isEmpty
}

extension Substring {
    fileprivate func range(of piece: Substring) -> Range<Substring.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(piece) { return start..<index(start, offsetBy: piece.count) }
            start = index(after: start)
        }
        return nil
    }
}
