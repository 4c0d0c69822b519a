import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
package import PaymentEngine
import ServiceLifecycle

/// A listening socket and what answers on it: a service that runs until its group shuts down gracefully. Then it takes no
/// new connections, lets the requests under way finish, and ends.
package struct Listener: Service {
    /// Bounds of connections and of what comes over them (`server.limits`).
    package struct Limits: Sendable, Hashable {
        /// At once, as far as the process may have sockets open; a surplus one gets 503.
        package var connections: Int
        /// Of header fields.
        package var headerCount: Int
        /// Bytes of a request's target and header fields together.
        package var headerSize: Int
        /// From the first byte of a request to its last one.
        package var read: Duration
        /// For a TLS handshake.
        package var handshake: Duration
        /// Without a request, and of an answer that is not taken.
        package var idle: Duration
        /// For what still comes in behind an answer that ends the connection.
        package var linger: Duration = .seconds(2)
        /// What an unfinished request has left when the listener shuts down, and an answer that is not taken.
        package var drain: Duration = .seconds(2)

        /// Those of a configuration.
        package init(_ limits: ServerLimits = ServerLimits()) {
            connections = limits.connections
            headerCount = limits.headerCount
            headerSize = limits.headerSize
            read = limits.requestReadTimeout
            handshake = limits.requestReadTimeout
            idle = limits.idleTimeout
        }

        /// Those of a listener for a few operators and probes, who are not to be locked out by the callers of the other one.
        package static var few: Limits {
            var limits = Limits()
            limits.connections = 64
            return limits
        }
    }

    typealias Responder = @Sendable (Request, any Channel) async throws -> Response

    /// Host name or address.
    package let host: String
    /// 0: any free one, which `onRunning` tells.
    package let port: Int
    let limits: Limits
    /// Where callers have to speak TLS.
    let tls: ListenerTLS?
    let logger: Logger
    let onRunning: @Sendable (Int) async -> Void
    let respond: Responder
    /// Runs after the listener in a group of services, so that it ends before it.
    package let door = Door()
    /// The answer to a request that never gets there.
    let refuse: @Sendable (Problem) -> Reply

    package func run() async throws {
        let limits = limits
        let respond = respond
        let refuse = refuse
        let onRunning = onRunning
        let door = door
        let connections = ConnectionCount(most: DescriptorLimit.connections(limits.connections))
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: limits.headerSize, maxHeaderListSize: limits.headerSize,
            maxHeaderFieldCount: limits.headerCount)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionGuard(limits: limits, connections: connections, reply: refuse)
            ], idleTimeout: TimeAmount(limits.idle), httpDecoderConfiguration: decoder)
        // Below `info` Hummingbird logs the parts of requests that it could not handle, keys among them; at `info` it says that it
        // listens, which the program says itself once all of it does.
        var logger = logger
        logger.logLevel = max(logger.logLevel, .notice)
        let server = try builder(channel).buildServer(
            configuration: ServerConfiguration(
                address: .hostname(host, port: port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(connections.mostAccepted, logger: logger)),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
            responder: { request, writer, channel in
                let response = try await respond(request, channel)
                try await writer.write(response: response.head, body: response.body)
            },
            onServerRunning: { channel in
                door.stands(before: channel)
                await onRunning(channel.localAddress?.port ?? 0)
            })
        try await server.run()
    }

    private func builder(_ configuration: HTTP1Channel.Configuration) -> HTTPServerBuilder {
        guard let tls else { return .http1(configuration: configuration) }
        let handshake = TimeAmount(limits.handshake)
        return HTTPServerBuilder { responder in
            TLSChannel(
                http: HTTP1Channel(responder: responder, configuration: configuration), tls: tls, handshake: handshake)
        }
    }
}
