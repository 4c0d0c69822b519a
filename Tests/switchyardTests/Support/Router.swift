import APIConformance
import AsyncHTTPClient
import ConfigFiles
import Foundation
import Logging
import NIOHTTP1
import PaymentEngine
import ProviderSandbox
import ServiceLifecycle
import StrictJSON
import Synchronization
import Testing

@testable import switchyard

/// The whole program at work: loaded from a folder, composed as `serve` does, and talked to over real sockets.
struct Router: Sendable {
    let providers: Providers
    let server: Server
    let services: ServiceGroup
    let api: Int
    let admin: Int
    let logs: LogLines
    /// Where its configuration is.
    let folder: URL

    /// `http://127.0.0.1:…` of the API, or `https`.
    var origin: String { (server.engine.configuration.server.tls == nil ? "http" : "https") + "://127.0.0.1:\(api)" }

    static let shop = "demo-shop-key"
    static let blog = "demo-blog-key"

    /// `POST /v1/payments`.
    func pay(_ key: String, _ body: String = .mobileMoney, app: String = shop) async throws -> Answered {
        try await send(.POST, "/v1/payments", body, ["idempotency-key": key], app: app)
    }

    func payment(_ id: String?, app: String = shop) async throws -> Answered {
        try await send(.GET, "/v1/payments/\(try #require(id))", app: app)
    }

    /// `POST /v1/payments/{id}/…`: `capture`, `cancel`, `refunds`.
    func followUp(_ id: String?, _ what: String, _ body: String = "{}", key: String) async throws -> Answered {
        try await send(
            .POST, "/v1/payments/\(try #require(id))/\(what)", body, ["idempotency-key": key])
    }

    /// `POST /v1/payments/{id}/sync`, with what the customer's browser brought.
    func sync(_ id: String?, transaction: String? = nil) async throws -> Answered {
        let body = transaction.map { #"{"provider_transaction_id":"\#($0)"}"# }
        return try await send(.POST, "/v1/payments/\(try #require(id))/sync", body)
    }

    /// The types of a payment's events, oldest first.
    func events(of id: String?) async throws -> [String] {
        let answer = try await send(.GET, "/v1/events?payment=\(try #require(id))&limit=100")
        return try #require(answer.json["data"]?.array).reversed().compactMap { $0["type"]?.string }
    }

    /// The payment once it has that status.
    @discardableResult
    func payment(_ id: String?, becomes status: String) async throws -> Answered {
        try await eventually("payment is \(status)") {
            let answer = try await payment(id)
            return answer["status"] == status ? answer : nil
        }
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, _ headers: [String: String] = [:],
        app: String = shop
    ) async throws -> Answered {
        var all = ["authorization": "Bearer \(app)"]
        if body != nil { all["content-type"] = "application/json" }
        let bytes = body.map { Array($0.utf8) }
        return try await providers.http.answer(
            method, origin + path, all.merging(headers) { $1 }, bytes
        ).described(method, path, bytes)
    }

    /// A call of the admin listener.
    func operate(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, _ headers: [String: String]? = nil
    ) async throws -> Answered {
        var all = headers ?? (method == .POST ? ["x-switchyard-admin": "1"] : [:])
        if body != nil, all["content-type"] == nil { all["content-type"] = "application/json" }
        let bytes = body.map { Array($0.utf8) }
        return try await providers.http.answer(method, "http://127.0.0.1:\(admin)\(path)", all, bytes)
            .described(method, path, bytes, on: .admin)
    }
}

/// Runs `body` against the router in front of `providers`; on return it has drained.
///
/// - Parameter adminHost: Where operators reach it: on any other address than loopback they need a key.
func withRouter(
    _ setup: Setup = .quick(), _ providers: Providers, adminHost: String = "127.0.0.1",
    _ body: @Sendable (Router) async throws -> Void
) async throws {
    let logs = LogLines()
    let logger = Logger(label: "switchyard") { _ in LogCapture(lines: logs) }
    let folder = try setup.written()
    defer { try? setup.remove(folder) }
    let source = Setup.source(folder, providers.environment, adminHost: adminHost)
    let server = try Server(try Setup.load(source), source: source, logger: logger)
    let (bound, ports) = AsyncStream.makeStream(of: (api: Int, admin: Int).self)
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: server.services { ports.yield((api: $0, admin: $1)) }, logger: logger))
    let result: Result<Void, any Error>
    do {
        result = .success(
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    defer { ports.finish() }
                    try await group.run()
                }
                let first = await bound.first { _ in true }
                let port = try #require(first)
                try await providers.register(router: port.api)
                let outcome: Result<Void, any Error>
                do {
                    outcome = .success(
                        try await body(
                            Router(
                                providers: providers, server: server, services: group, api: port.api,
                                admin: port.admin, logs: logs, folder: folder)))
                } catch {
                    outcome = .failure(error)
                }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                try outcome.get()
            })
    } catch {
        result = .failure(error)
    }
    await server.engine.idle()
    await server.engine.shutdown()
    try result.get()
}

/// Runs `body` against a router and simulated providers of its own.
func endToEnd(
    _ setup: Setup = .quick(), sandbox: SandboxConfiguration = SandboxConfiguration(),
    _ body: @Sendable (Router) async throws -> Void
) async throws {
    try await withProviders(sandbox) { providers in try await withRouter(setup, providers, body) }
}

extension String {
    /// KES 100.00 by M-Pesa, as in the contract's example.
    static let mobileMoney = #"""
        {"amount":10000,"currency":"KES","method":"mobile_money","country":"KE","reference":"order-1001",
         "description":"Two shirts","mobile_money":{"phone":"+254712345678","network":"mpesa"}}
        """#

    /// AMD 4,990.00 on Spayon's page.
    static let checkout = #"""
        {"amount":499000,"currency":"AMD","method":"checkout","reference":"order-2001","description":"A lamp",
         "customer":{"email":"ani@example.com","name":"Ani P."},"return_url":"https://shop.example.com/done"}
        """#
}

/// Every line that was logged, at every level.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

struct LogCapture: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        lines.add("\(event.level) \(event.message) \(merged) \(event.error.map { "\($0)" } ?? "")")
    }
}
