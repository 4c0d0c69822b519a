import Crypto
import Foundation
import Hummingbird
import Logging
import PaymentEngine
import PaymentModel
import ServiceLifecycle
import StrictJSON
import Synchronization

/// The app's side of its webhook, as a shop would write it: takes events at `POST /hooks` on a port of 127.0.0.1, and
/// believes what is signed with its secret as the Standard Webhooks specification says (1.0.0, symmetric). It shares no
/// code with the router, so a router that signs wrongly is found out.
final class ShopApp: Service {
    /// An event that was believed.
    struct Event: Sendable {
        /// What it came with: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
        let headers: [String: String]
        let body: [UInt8]
        let json: JSONValue

        var type: String { json["type"]?.string ?? "?" }
        /// The payment as it was at the change.
        var payment: JSONValue { json["data"] ?? .null }
    }

    private struct State {
        var events: [Event] = []
        var ids: Set<String> = []
        var refused = 0
    }

    private static let path = "/hooks"
    /// How far the time of a delivery may be from ours, in seconds.
    private static let tolerance: TimeInterval = 300

    private let key = SymmetricKey(size: .bits256)
    private let state = Mutex(State())
    private let logger: Logger
    private let (ports, bound) = AsyncStream.makeStream(of: Int.self)

    init(logger: Logger) {
        self.logger = logger
    }

    /// Those that were believed, each once, as they came.
    var events: [Event] { state.withLock { $0.events } }
    /// How many deliveries were refused.
    var refused: Int { state.withLock { $0.refused } }

    /// Those of one payment.
    func events(of payment: String?) -> [Event] {
        events.filter { $0.payment["id"]?.string == payment }
    }

    /// What the router's configuration says of this app, once it listens; nil if it ended before that.
    func webhook() async -> AppConfiguration.Webhook? {
        guard let port = await ports.first(where: { _ in true }) else { return nil }
        let secret = "whsec_" + key.withUnsafeBytes { Data($0) }.base64EncodedString()
        return AppConfiguration.Webhook(
            url: "http://127.0.0.1:\(port)\(Self.path)", secret: Secret(secret), allowPrivate: true,
            retry: [.seconds(1), .seconds(5)])
    }

    func run() async throws {
        defer { bound.finish() }
        let router = Router()
        router.post("\(Self.path)") { request, _ -> HTTPResponse.Status in
            let body = Array(buffer: try await request.body.collect(upTo: 1 << 20))
            var headers: [String: String] = [:]
            for field in request.headers { headers[field.name.canonicalName] = field.value }
            return self.receive(headers, body) ? .noContent : .unauthorized
        }
        let bound = bound
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { bound.yield($0.localAddress?.port ?? 0) }, logger: logger)
        try await application.run()
    }

    /// Whether the delivery is genuine. One that came before is known by its id, and not taken twice.
    private func receive(_ headers: [String: String], _ body: [UInt8]) -> Bool {
        guard let id = headers["webhook-id"], isGenuine(id, headers, body),
            let json = try? JSONValue(parsing: body)
        else {
            state.withLock { $0.refused += 1 }
            return false
        }
        state.withLock { state in
            guard state.ids.insert(id).inserted else { return }
            state.events.append(
                Event(headers: headers.filter { $0.key.hasPrefix("webhook-") }, body: body, json: json))
        }
        return true
    }

    /// `webhook-signature` is a list of `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    private func isGenuine(_ id: String, _ headers: [String: String], _ body: [UInt8]) -> Bool {
        guard let timestamp = headers["webhook-timestamp"], let seconds = TimeInterval(timestamp),
            abs(Date().timeIntervalSince1970 - seconds) <= Self.tolerance
        else { return false }
        let signed = Array("\(id).\(timestamp).".utf8) + body
        return (headers["webhook-signature"] ?? "").split(separator: " ").contains { signature in
            guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else {
                return false
            }
            return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: key)
        }
    }
}
