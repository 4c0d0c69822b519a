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

    static let shop = "demo-shop-key"
    static let blog = "demo-blog-key"

    /// `POST /v1/payments`.
    func pay(_ key: String, _ body: String = .mobileMoney, app: String = shop) async throws -> Answered {
        try await send(.POST, "/v1/payments", body, ["idempotency-key": key], app: app)
    }

    func payment(_ id: String?, app: String = shop) async throws -> Answered {
        try await send(.GET, "/v1/payments/\(try #require(id))", app: app)
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
        return try await providers.http.answer(
            method, "http://127.0.0.1:\(api)\(path)", all.merging(headers) { $1 }, body.map { Array($0.utf8) })
    }

    /// A call of the admin listener.
    func operate(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, _ headers: [String: String]? = nil
    ) async throws -> Answered {
        var all = headers ?? (method == .POST ? ["x-switchyard-admin": "1"] : [:])
        if body != nil { all["content-type"] = "application/json" }
        return try await providers.http.answer(
            method, "http://127.0.0.1:\(admin)\(path)", all, body.map { Array($0.utf8) })
    }
}

/// Where a router's configuration comes from.
enum Setup {
    /// The shipped `routes/`, as a newcomer runs it.
    case shipped
    /// The same apps and routes with short times. `server`, `payalo` and `shop` are further lines of YAML, `payalo` for
    /// `payalo-ke` alone.
    case quick(server: String = "", payalo: String = "", shop: String = "")
    /// One file of YAML, whole.
    case file(String)

    static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    func load(_ environment: [String: String]) throws -> EngineConfiguration {
        let folder = try written()
        defer { try? remove(folder) }
        let result = configurationLoader(environment: environment).load(folder: folder.path)
        return try #require(result.configuration, "\(result.faults.map(\.description))")
            .listening(on: .init(host: "127.0.0.1", port: 0), admin: .init(host: "127.0.0.1", port: 0))
    }

    /// The folder of the configuration; one that was made for it is to be removed.
    func written() throws -> URL {
        let text: String
        switch self {
        case .shipped: return URL(filePath: Self.packageRoot + "/routes")
        case .quick(let server, let payalo, let shop): text = Self.yaml(server: server, payalo: payalo, shop: shop)
        case .file(let yaml): text = yaml
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try text.write(to: folder.appending(path: "all.yaml"), atomically: true, encoding: .utf8)
        return folder
    }

    func remove(_ folder: URL) throws {
        if case .shipped = self { return }
        try FileManager.default.removeItem(at: folder)
    }

    private static func yaml(server: String, payalo: String, shop: String) -> String {
        """
        server:
          inquiry: [100ms, 200ms]
          \(server)
        apps:
          shop:
            api_keys_sha256: ["f5d072715bf986543308d9f187277c2406847cd7bfd33cbc2264fedc284a9992"]
            country: KE
            \(shop)
          blog:
            api_keys_sha256: ["ef3cc3a7afe37ad08223efeca65464fb3fd7c5318647d3f5b19ee05a3880af8b"]
            allow: [create, read]
        providers:
          payalo-ke:
            plugin: payalo
            base_url: "${PAYALO_URL}"
            timeout: 1s
            settings: { api_key: \(Providers.payaloKey), inquiry_interval: 50ms }
            \(payalo.isEmpty ? "breaker: { open_for: 100ms, max_open_for: 200ms }" : payalo)
          payalo-backup:
            plugin: payalo
            base_url: "${PAYALO_BACKUP_URL}"
            settings: { api_key: \(Providers.payaloKey), inquiry_interval: 50ms }
          spayon-main:
            plugin: spayon
            base_url: "${SPAYON_URL}"
            settings:
              client_id: sandbox-client
              client_secret: sandbox-secret
              callback_secret: sandbox-spayon-callback-secret
        routes:
          - name: kenya-mobile-money
            when: { currency: KES, method: mobile_money, country: KE }
            use: [payalo-ke, payalo-backup]
          - name: checkout
            when: { method: checkout }
            use: [spayon-main]

        """
    }
}

/// Runs `body` against the router in front of `providers`; on return it has drained.
func withRouter(
    _ setup: Setup = .quick(), _ providers: Providers, _ body: @Sendable (Router) async throws -> Void
) async throws {
    let logs = LogLines()
    let logger = Logger(label: "switchyard") { _ in LogCapture(lines: logs) }
    let server = try Server(try setup.load(providers.environment), logger: logger)
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
                let port = try #require(await bound.first { _ in true })
                let outcome: Result<Void, any Error>
                do {
                    outcome = .success(
                        try await body(
                            Router(
                                providers: providers, server: server, services: group, api: port.api,
                                admin: port.admin, logs: logs)))
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
