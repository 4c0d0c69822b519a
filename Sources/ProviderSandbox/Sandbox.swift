package import Logging
import ServiceLifecycle

/// The simulated providers: their documented APIs over real HTTP, each under its prefix (`/alyapay`, `/payalo`,
/// `/spayon`, `/paymentgateway`, `/waypay`), with `/_sandbox` to see what they took and received, to make them fail, to
/// do the customer's part, and to change the callback addresses that are registered with them.
///
/// A party of its own: it shares no code with the router's plugins, so that a misreading in one of them does not hide
/// in the other.
package struct Sandbox: Service {
    private let core: SandboxCore
    private let listener: SandboxListener
    private let ownListeners: [String: SandboxListener]
    private let logger: Logger

    /// - Parameter logger: gets what listens where, and callbacks that failed; never a body, an address or a secret.
    package init(
        _ configuration: SandboxConfiguration = SandboxConfiguration(), logger: Logger = Logger(label: "sandbox")
    ) {
        let core = SandboxCore(configuration: configuration, logger: logger)
        self.core = core
        self.logger = logger
        listener = SandboxListener(provider: nil, host: configuration.host, port: configuration.port)
        var own: [String: SandboxListener] = [:]
        if configuration.ownListeners {
            for provider in core.providers {
                own[provider.id] = SandboxListener(provider: provider, host: configuration.host, port: 0)
            }
        }
        ownListeners = own
    }

    /// The names of the simulated providers, which are also their prefixes and the ids of their plugins: `payalo`.
    package var providers: [String] { core.providers.map(\.id) }

    /// The common listener's port, once it is bound; 0 if the sandbox ended before that.
    package func port() async -> Int {
        await listener.port()
    }

    /// The port of a provider's own listener, once it is bound: the same API without the prefix. 0 if the sandbox
    /// ended before that.
    ///
    /// The fault `refuse` closes this listener for good: connections are refused at the socket, whatever `count` says,
    /// until `DELETE /_sandbox/faults`, which has it listen on the same port again. With `after`, it closes once that
    /// many requests have been answered.
    /// - Precondition: `ownListeners` is set, and `provider` is simulated.
    package func port(of provider: String) async -> Int {
        guard let listener = ownListeners[provider] else {
            preconditionFailure("no listener of its own for \(provider): ownListeners is off, or it is not simulated")
        }
        return await listener.port()
    }

    /// Serves until cancelled or shut down gracefully.
    /// - Throws: what binding the address threw.
    package func run() async throws {
        let server = SandboxServer(core: core, ownListeners: ownListeners)
        let logger = logger
        try await withThrowingTaskGroup(of: Void.self) { group in
            for listener in [listener] + ownListeners.values {
                group.addTask {
                    try await listener.run(logger: logger) { request, writer, channel in
                        try await server.respond(to: request, writer, channel, at: listener)
                    }
                }
            }
            group.addTask {
                try await cancelWhenGracefulShutdown { try await self.core.courier.run() }
            }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    while !Task.isCancelled {
                        self.core.tick()
                        try? await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
            // Whichever ends first ends the sandbox: an address that cannot be bound, or the shutdown.
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
