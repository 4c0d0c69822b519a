import APIConformance
import Crypto
@testable import HTTPGateway
import Logging
@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing
import ServiceLifecycle
import Synchronization
import Testing

/// Clocks that stand still until they are told.
final class ManualEnvironment: EngineEnvironment {
    private let state = Mutex((now: ContinuousClock.now, wall: Timestamp(milliseconds: 1_769_248_800_000)))

    var now: ContinuousClock.Instant { state.withLock { $0.now } }
    var wallClock: Timestamp { state.withLock { $0.wall } }
    func random() -> UInt64 { 4 }
    func sleep(until deadline: ContinuousClock.Instant) async throws {}

    func advance(by duration: Duration) {
        state.withLock { $0 = ($0.now + duration, $0.wall.advanced(by: duration)) }
    }
}

/// Keeps every log line, at every level.
struct LogCapture: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let lines: Lines
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

/// A gateway in front of a recorder, on a free port.
struct Harness: Sendable {
    static let key = "sk_shop_0123456789"
    static let blogKey = "sk_blog_0123456789"
    static let operatorKey = "op_0123456789"

    let recorder: Recorder
    let environment: ManualEnvironment
    let logs: LogCapture.Lines
    let port: Int
    let side: APIConformance.Listener
    /// Begins to close the listener.
    let shutDown: @Sendable () async -> Void

    static func digest(_ key: String) -> KeyDigest { KeyDigest(bytes: SHA256.hash(data: Array(key.utf8))) }

    static func configuration(
        allow: Set<AppConfiguration.Permission> = Set(AppConfiguration.Permission.allCases),
        rateLimits: [RateLimit] = [], maxBody: Int = 64 * 1024
    ) -> EngineConfiguration {
        var server = ServerConfiguration(referenceSecret: Secret("r"), callbackSecrets: [Secret("c")])
        server.maxBody = maxBody
        server.adminKeys = [digest(operatorKey)]
        let shop = AppConfiguration(
            name: "shop", keys: [digest("sk_shop_old"), digest(key)], country: Country(code: "KE"), allow: allow,
            rateLimits: rateLimits)
        let blog = AppConfiguration(name: "blog", keys: [digest(blogKey)])
        return EngineConfiguration(
            version: "1", server: server, apps: ["shop": shop, "blog": blog], providers: [:], routes: [])
    }

    enum Side: Sendable {
        case `public`
        case admin(host: String)

        var described: APIConformance.Listener {
            if case .public = self { .api } else { .admin }
        }
    }

    /// Runs `body` against a listener, and shuts that down.
    static func run(
        _ configuration: EngineConfiguration = configuration(), side: Side = .public,
        limits: Listener.Limits = Listener.Limits(), tls: ListenerTLS? = nil,
        _ body: @Sendable @escaping (Harness) async throws -> Void
    ) async throws {
        let recorder = Recorder(configuration)
        let environment = ManualEnvironment()
        let lines = LogCapture.Lines()
        let logger = Logger(label: "test") { _ in LogCapture(lines: lines) }
        let gateway = Gateway(api: recorder, reloader: recorder, environment: environment, logger: logger)
        let tls = try tls ?? (Secured.isOn ? ListenerTLS(Secured.identity()) : nil)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let listener =
            switch side {
            case .public:
                gateway.publicListener(on: .init(host: "127.0.0.1", port: 0), limits: limits, tls: tls) {
                    port.yield($0)
                }
            case .admin(let host):
                gateway.adminListener(on: .init(host: host, port: 0), limits: limits) { port.yield($0) }
            }
        let group = ServiceGroup(configuration: .init(services: [listener], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { return }
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await body(
                        Harness(
                            recorder: recorder, environment: environment, logs: lines, port: port, side: side.described
                        ) {
                            await group.triggerGracefulShutdown()
                        }))
            } catch {
                result = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    /// Sends one request on a connection of its own. A field whose value is empty is left out.
    func send(
        _ method: String, _ path: String, _ fields: [(String, String)]? = nil, body: [UInt8] = []
    ) async throws -> WireAnswer {
        var fields = fields ?? Self.standard(hasBody: !body.isEmpty)
        if !fields.contains(where: { $0.0 == "Host" }) { fields.append(("Host", "127.0.0.1:\(port)")) }
        if !body.isEmpty || method == "POST", !fields.contains(where: { $0.0 == "Transfer-Encoding" }) {
            fields.append(("Content-Length", String(body.count)))
        }
        let head = "\(method) \(path) HTTP/1.1\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
        let answer = try await Wire.connect(port: port) { wire in
            try await wire.send(Array(head.utf8) + body)
            return try await wire.answer(isHead: method == "HEAD")
        }
        let violations = violations(answer, to: method, path, body)
        #expect(violations == [])
        return answer
    }

    /// Where the exchange is not as `openapi.yaml` has it. What the recorder makes up in the engine's place need not be: of
    /// such an exchange the request alone is judged.
    private func violations(_ answer: WireAnswer, to method: String, _ path: String, _ body: [UInt8]) -> [String] {
        let exchange = APIConformance.Exchange(
            method: method, target: path, requestBody: body, status: answer.status, fields: answer.fields,
            body: answer.body)
        return answer.body == recorder.script.answer.body
            ? APIConformance.shared.acceptanceViolations(exchange, on: side)
            : APIConformance.shared.violations(exchange, on: side)
    }

    func send(
        _ method: String, _ path: String, _ fields: [(String, String)]? = nil, json: String
    ) async throws -> WireAnswer {
        try await send(method, path, fields ?? Self.standard(hasBody: true), body: Array(json.utf8))
    }

    /// Returns once another connection is taken: the server sees the end of one a little later than its caller.
    func untilThereIsRoom() async throws {
        while try await send("GET", "/v1/nothing", []).status == 503 { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Returns once something has reached the engine.
    func untilAsked() async throws {
        while recorder.asked.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// The fields of a request that nothing is wrong with.
    static func standard(hasBody: Bool = true) -> [(String, String)] {
        let fields = [("Authorization", "Bearer \(key)")]
        return hasBody ? fields + [("Content-Type", "application/json"), ("Idempotency-Key", "key-1")] : fields
    }
}

/// A body that nothing is wrong with, with members replaced: a nil takes one away.
func payment(_ changes: [String: String?] = [:]) -> String {
    var members = [
        "amount": "10000", "currency": "\"KES\"", "method": "\"mobile_money\"", "reference": "\"order-1\"",
        "mobile_money": #"{"phone":"+254712345678","network":"mpesa"}"#,
    ]
    for (name, value) in changes { members[name] = value }
    return "{" + members.sorted { $0.key < $1.key }.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
}
