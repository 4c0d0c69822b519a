import HTTPTypes
import Logging
import NIOCore
import NIOSSL
import ProviderKit
import Testing

@testable import ProviderTransport

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` with a transport and shuts it down after.
func withTransport<Result>(
    _ base: String, connectTimeout: Duration = .seconds(5), maxConnections: Int = 64, extraRootsPath: String? = nil,
    maxReplyBytes: Int = 1 << 20, _ body: (HTTPProviderTransport) async throws -> Result
) async throws -> Result {
    let transport = try HTTPProviderTransport(
        baseURL: base, connectTimeout: connectTimeout, maxConnections: maxConnections,
        extraRootsPath: extraRootsPath, maxReplyBytes: maxReplyBytes, logger: quiet)
    do {
        let result = try await body(transport)
        await transport.shutdown()
        return result
    } catch {
        await transport.shutdown()
        throw error
    }
}

func post(_ path: String = "/pay", _ body: String = #"{"amount":1}"#) -> ProviderRequest {
    ProviderRequest(.post, path, headers: [.contentType: "application/json"], body: Array(body.utf8))
}

func get(_ path: String = "/pay/1") -> ProviderRequest { ProviderRequest(.get, path) }

extension Transmission {
    /// In short: what the engine decides by.
    var summary: String {
        switch self {
        case .notSent(let failure): "not sent: \(failure.reason)"
        case .sentWithoutReply(let failure): "sent: \(failure.reason)"
        case .replied(let reply): "replied: \(reply.status)"
        }
    }

    var reply: ProviderReply? {
        if case .replied(let reply) = self { reply } else { nil }
    }
}
