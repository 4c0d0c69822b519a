import Foundation
import HTTPGateway
import Logging
import PaymentEngine
import ProviderTransport
import ServiceLifecycle
import UnixSignals
import W3CTrace

/// The router at work: engine, public and admin listener, and how they come up and go down together.
struct Server {
    let engine: PaymentEngine
    let reloader: ConfigurationReloader
    private let metrics: RouterMetrics
    /// Nil where nobody collects spans.
    private let exporter: TraceExporter?
    private let tracer: SpanTracer?
    private let publicAddress: ServerConfiguration.Address
    private let adminAddress: ServerConfiguration.Address
    /// Of the public listener.
    private let tls: ListenerTLS?
    private let logger: Logger

    /// Makes the parts; nothing listens yet. Throws what keeps a provider's transport or TLS from being made.
    ///
    /// - Parameter source: Where the configuration came from, and where it is read again.
    init(_ configuration: EngineConfiguration, source: ConfigurationSource, logger: Logger) throws {
        let metrics = RouterMetrics()
        self.metrics = metrics
        let exporter = configuration.server.tracingEndpoint.map {
            TraceExporter(endpoint: $0, metrics: metrics.registry)
        }
        self.exporter = exporter
        let tracer = exporter.map { exporter in
            SpanTracer(ids: TraceIDs { UInt64.random(in: .min ... .max) }) { exporter.add($0) }
        }
        self.tracer = tracer
        engine = try PaymentEngine(
            configuration: configuration, logger: logger, metrics: metrics.engine, tracer: tracer,
            eventTransport: { app, webhook in
                try makeEventTransport(
                    app: app.name, origin: webhook.origin, allowPrivate: webhook.allowPrivate, logger: logger)
            },
            transport: { provider in
                try makeTransport(
                    provider: provider.name, baseURL: provider.baseURL, connectTimeout: provider.connectTimeout,
                    extraRoots: provider.extraRoots, logger: logger)
            })
        tls = try configuration.server.tls.map { ListenerTLS(try ListenerTLS.Identity($0)) }
        reloader = ConfigurationReloader(
            engine: engine, source: source, tls: tls, metrics: metrics.engine, logger: logger)
        publicAddress = configuration.server.listen
        adminAddress = configuration.server.admin
        self.logger = logger
    }

    /// The services of the router.
    ///
    /// - Parameter onListening: Called with the ports of the public and the admin listener once both take connections.
    func services(onListening: @escaping @Sendable (_ api: Int, _ admin: Int) async -> Void = { _, _ in })
        -> [any Service]
    {
        let engine = engine
        let publicAddress = publicAddress
        let scheme = tls == nil ? "http" : "https"
        let (metrics, tls) = (metrics, tls)
        let gateway = Gateway(
            api: engine, reloader: reloader, environment: SystemEnvironment(), logger: logger, metrics: metrics.http,
            tracer: tracer
        ) { await metrics.text(of: engine, certificateEnd: tls?.expiresAt) }
        let bound = BoundPorts(onListening: onListening)
        // They go down in the reverse order: the operators' listener tells how payments end, for as long as any does.
        return (exporter.map { [$0] } ?? []) + [
            EngineService(engine: engine),
            WatchService(reloader: reloader),
            gateway.adminListener(on: adminAddress) { port in await bound.set(admin: port) },
            gateway.publicListener(on: publicAddress, tls: tls) { port in
                engine.setBoundURL("\(scheme)://\(ServerConfiguration.Address(host: publicAddress.host, port: port))")
                await bound.set(api: port)
            },
        ]
    }

    /// Serves until SIGTERM or SIGINT, then drains: readiness fails at once, new connections are taken for `drain_grace`,
    /// what is under way finishes. A second signal exits 1 at once.
    func run() async throws {
        let logger = logger
        let configuration = engine.configuration
        let services = services { api, admin in
            logger.notice(
                "listening",
                metadata: [
                    "api": "\(configuration.server.listen.host):\(api)",
                    "admin": "\(configuration.server.admin.host):\(admin)",
                    "configuration": "\(configuration.version)",
                ])
        }
        let doors = services.compactMap { ($0 as? Listener)?.door }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services + doors, logger: logger))
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let engine = engine
        let reloader = reloader
        let drain = Task {
            var isDraining = false
            for await signal in signals {
                if signal == .sighup {
                    Task { await reloader.reload(.signal) }
                    continue
                }
                if isDraining {
                    logger.warning("second signal: exiting at once", metadata: ["signal": "\(signal)"])
                    Foundation.exit(1)
                }
                isDraining = true
                let grace = engine.configuration.server.drainGrace
                logger.notice("draining", metadata: ["signal": "\(signal)", "grace": "\(grace)"])
                engine.beginDraining()
                Task {
                    try? await Task.sleep(for: grace)
                    await group.triggerGracefulShutdown()
                    // Who came in before the door closed is still served.
                    try? await Task.sleep(for: Listener.Limits().linger)
                    engine.stopTakingPayments()
                }
            }
        }
        defer { drain.cancel() }
        try await group.run()
        await engine.idle()
        await engine.shutdown()
        logger.notice("stopped")
    }
}

/// Asks after open payments and delivers events while the router runs: it stops after the listeners, and what is under way
/// then is waited for.
private struct EngineService: Service {
    let engine: PaymentEngine

    func run() async throws {
        await cancelWhenGracefulShutdown { await engine.run() }
    }
}

/// Waits for both listeners' ports.
private actor BoundPorts {
    private var api: Int?
    private var admin: Int?
    private let onListening: @Sendable (Int, Int) async -> Void

    init(onListening: @escaping @Sendable (Int, Int) async -> Void) {
        self.onListening = onListening
    }

    func set(api: Int? = nil, admin: Int? = nil) async {
        self.api = api ?? self.api
        self.admin = admin ?? self.admin
        if let api = self.api, let admin = self.admin { await onListening(api, admin) }
    }
}
