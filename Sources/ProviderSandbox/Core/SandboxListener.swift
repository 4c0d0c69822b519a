import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// One listening socket. It can be told to stop listening, so that connections are really refused, and to start again
/// on the same port.
final class SandboxListener: Sendable {
    private struct State: Sendable {
        var isWanted = true
        /// How often it was told to refuse: unlike `isWanted`, no quick change of mind can hide one.
        var refusals = 0
        /// From the start of a server to the end of its last connection.
        var isServing = false
        /// The listening socket, while there is one.
        var channel: (any Channel)?
        /// The port, from the first time it was bound.
        var port: Int?
        /// It will not listen again.
        var hasEnded = false
    }

    /// The provider whose API stands at the root of this listener; `nil` for the common one.
    let provider: (any SimulatedProvider)?
    private let host: String
    private let configuredPort: Int
    private let state = Watched(State())

    init(provider: (any SimulatedProvider)?, host: String, port: Int) {
        self.provider = provider
        self.host = host
        configuredPort = port
    }

    /// The port, once bound; 0 if it ended before that.
    func port() async -> Int {
        await state.wait { $0.port != nil || $0.hasEnded }.port ?? 0
    }

    /// Stops listening until ``accept()``. On return connections are refused; requests under way still get their
    /// replies, idle connections are being closed.
    func refuse() async {
        let channel = state.value.channel
        state.update {
            $0.isWanted = false
            $0.refusals += 1
            // Not the one that `accept()` waits for.
            $0.channel = nil
        }
        try? await channel?.closeFuture.get()
    }

    /// Waits until the last connection is gone.
    func waitUntilRefusing() async {
        await state.wait { !$0.isServing || $0.hasEnded }
    }

    /// Listens again, on the same port.
    func accept() async {
        state.update { $0.isWanted = true }
        await state.wait { $0.channel != nil || $0.hasEnded }
    }

    /// Listens until the task is cancelled or shut down gracefully.
    func run(logger: Logger, responder: @escaping HTTPChannelHandler.Responder) async throws {
        defer { state.update { $0.hasEnded = true } }
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            // Refusing ends with `accept()`, or with the sandbox.
            let start = await cancelWhenGracefulShutdown { await self.state.wait { $0.isWanted } }
            guard start.isWanted, !Task.isCancelled, !Task.isShuttingDownGracefully else { return }
            let refused = try await serve(since: start.refusals, logger: logger, responder: responder)
            guard refused else { return }
        }
    }

    /// Listens until told to refuse once more than `refusals` times: `true`; or to the end: `false`.
    private func serve(
        since refusals: Int, logger: Logger, responder: @escaping HTTPChannelHandler.Responder
    ) async throws -> Bool {
        let server = try HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(60))).buildServer(
            configuration: ServerConfiguration(
                address: .hostname(host, port: state.value.port ?? configuredPort), backlog: 1024),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger,
            responder: responder,
            onServerRunning: { channel in
                self.state.update {
                    $0.channel = channel
                    $0.port = channel.localAddress?.port
                }
            })
        let services = ServiceGroup(configuration: ServiceGroupConfiguration(services: [server], logger: logger))
        state.update { $0.isServing = true }
        defer {
            state.update {
                $0.channel = nil
                $0.isServing = false
            }
        }
        // A cancelled server drops connections that it has accepted and not yet begun with, and NIO traps on those. So
        // it runs in a task that cancellation does not reach, and every end is a graceful one.
        let serving = Task { try await services.run() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.state.wait { $0.refusals != refusals }
                await services.triggerGracefulShutdown()
            }
            defer { group.cancelAll() }
            try await serving.value
        }
        return state.value.refusals != refusals
    }
}
