import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// A listening socket and what answers on it: a service that runs until its group shuts down gracefully. Then it takes no
/// new connections, lets the requests under way finish, and ends.
package struct Listener: Service {
    /// Bounds of connections; the defaults fit internal callers behind keep-alive connections.
    package struct Limits: Sendable, Hashable {
        /// Connections at once, as far as the process may have sockets open; more wait in the backlog.
        package var connections = 8192
        /// Without a request. Longer than load balancers keep theirs, so that they end connections and not we.
        package var idle: Duration = .seconds(75)
        /// From a request's head to the end of its body.
        package var body: Duration = .seconds(20)
        /// For what still comes in: behind an answer that ends the connection, and over a connection that is new when the
        /// listener closes.
        package var linger: Duration = .seconds(2)
        /// Bytes of one header field, and of the request line.
        package var headerField = 16 * 1024
        /// Bytes of all header fields.
        package var headers = 64 * 1024
        package var headerCount = 100

        /// The defaults.
        package init() {}

        /// Those of a listener for a few operators and probes.
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
    let logger: Logger
    let onRunning: @Sendable (Int) async -> Void
    let respond: Responder
    /// Runs after the listener in a group of services, so that it ends before it.
    package let door = Door()

    package func run() async throws {
        let limits = limits
        let respond = respond
        let onRunning = onRunning
        let door = door
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: limits.headerField, maxHeaderListSize: limits.headers,
            maxHeaderFieldCount: limits.headerCount)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionGuard(bodyTimeout: TimeAmount(limits.body), linger: TimeAmount(limits.linger))
            ], idleTimeout: TimeAmount(limits.idle), httpDecoderConfiguration: decoder)
        // Below `info` Hummingbird logs the parts of requests that it could not handle, keys among them.
        var logger = logger
        logger.logLevel = max(logger.logLevel, .info)
        let connections = DescriptorLimit.connections(limits.connections)
        let server = try HTTPServerBuilder.http1(configuration: channel).buildServer(
            configuration: ServerConfiguration(
                address: .hostname(host, port: port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(connections, logger: logger)),
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
}
