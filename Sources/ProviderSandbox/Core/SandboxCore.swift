import HTTPTypes
import Logging
import ServiceLifecycle
import Synchronization

/// What all listeners share: the providers, the armed faults, the record of requests, the delivery of callbacks.
final class SandboxCore: Sendable {
    /// What is to be done about one request.
    enum Action: Sendable {
        case reply(SandboxReply)
        /// The reply, after which the provider's own listener takes no more connections.
        case replyThenRefuse(SandboxReply)
        /// Close the connection without a reply.
        case close
        /// Reset the connection without a reply.
        case reset
        /// Never reply.
        case hang
    }

    let configuration: SandboxConfiguration
    let providers: [any SimulatedProvider]
    let faults = Mutex(FaultScript())
    let requests = Mutex(RequestLog())
    let registry: CallbackRegistry
    let courier: CallbackCourier

    init(configuration: SandboxConfiguration, logger: Logger) {
        self.configuration = configuration
        providers = SimulatedProviders.ids.compactMap {
            SimulatedProviders.make($0, configuration, identifiers: IdentifierSource())
        }
        registry = CallbackRegistry(providers, router: configuration.router)
        courier = CallbackCourier(registry: registry, logger: logger)
    }

    func provider(_ id: String) -> (any SimulatedProvider)? {
        providers.first { $0.id == id }
    }

    /// Processes a request to one provider, faults included.
    func handle(_ request: SandboxRequest, at provider: any SimulatedProvider) async throws -> Action {
        guard let operation = provider.operation(of: request) else {
            // A customer on a hosted page, or an unknown path.
            let result = provider.handle(request, effects: effects(at: provider.id, .callback))
            send(result.callbacks)
            return .reply(result.reply)
        }
        let faults = faults.withLock { $0.onRequest(to: provider.id, operation) }
        switch faults.fault {
        case .refuse: return .close
        case .resetBeforeReply: return .reset
        case .internalError: return .reply(provider.reply(to: .internalError))
        case .unavailable: return .reply(provider.reply(to: .unavailable))
        case .html502: return .reply(Self.badGateway)
        case .rateLimit: return .reply(provider.reply(to: .rateLimited))
        case .tokenRevoked:
            provider.revokeTokens()
            return .reply(provider.reply(to: .unauthorized))
        case .slow:
            let delay = faults.delay
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: delay) }
        default: break
        }

        var effects = effects(at: provider.id, operation)
        effects.takesMoneyAtOnce = faults.takesMoneyAtOnce
        let result = provider.handle(request, effects: effects)
        if faults.callbackFirst {
            for callback in result.callbacks { await courier.deliverNow(callback) }
        } else {
            send(result.callbacks)
        }
        switch faults.fault {
        case .chargeThenTimeout: return .hang
        case .chargeThen500: return .reply(provider.reply(to: .internalError))
        case .garbageJSON:
            let body = result.reply.body
            return .reply(.json(200, Array(body.prefix(max(body.count / 2, 1)))))
        default:
            return faults.refusesNext ? .replyThenRefuse(result.reply) : .reply(result.reply)
        }
    }

    /// What the armed faults change where `operation` touches a transaction.
    func effects(at provider: String, _ operation: SandboxOperation) -> SandboxEffects {
        SandboxEffects(takesWrongAmount: { self.faults.withLock { $0.onTransaction(at: provider, operation) } })
    }

    /// Sends callbacks as the armed faults would have it.
    func send(_ callbacks: [SandboxCallback]) {
        for callback in callbacks {
            courier.send(callback, fault: faults.withLock { $0.onCallback(from: callback.provider) })
        }
    }

    /// Lets time pass at every provider.
    func tick() {
        let now = SandboxTime.now()
        for provider in providers { send(provider.tick(at: now)) }
    }

    private static let badGateway = SandboxReply(
        status: 502, contentType: "text/html",
        body: Array(
            """
            <html>
            <head><title>502 Bad Gateway</title></head>
            <body>
            <center><h1>502 Bad Gateway</h1></center>
            <hr><center>nginx</center>
            </body>
            </html>

            """.utf8))
}
