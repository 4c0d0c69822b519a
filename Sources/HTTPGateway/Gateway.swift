package import Logging
package import PaymentEngine
package import W3CTrace

/// The program's two listeners: the public API (contract §3, §4, §7), and the admin listener (§10).
///
/// It owns no state but the apps' rate limiters; everything else is the engine's.
package struct Gateway<API: PaymentAPI>: Sendable {
    private let api: API
    private let reloader: any ReloadAPI
    private let environment: any EngineEnvironment
    private let logger: Logger
    private let rateLimits: AppRateLimits
    private let metrics: HTTPMetrics
    private let spans: Spans
    private let metricsText: @Sendable () async -> [UInt8]

    /// Makes a gateway to an engine.
    ///
    /// - Parameters:
    ///   - environment: The clocks of the engine.
    ///   - metrics: What it counts with.
    ///   - tracer: Where its spans go, if anybody collects them.
    ///   - metricsText: What `/metrics` of the admin listener answers: Prometheus text, version 0.0.4.
    package init(
        api: API, reloader: any ReloadAPI, environment: any EngineEnvironment, logger: Logger,
        metrics: HTTPMetrics = HTTPMetrics(), tracer: SpanTracer? = nil,
        metricsText: @escaping @Sendable () async -> [UInt8] = { [] }
    ) {
        self.api = api
        self.reloader = reloader
        self.environment = environment
        self.logger = logger
        self.metrics = metrics
        self.metricsText = metricsText
        spans = Spans(ids: TraceIDs { environment.random() }, tracer: tracer)
        rateLimits = AppRateLimits(time: environment)
    }

    /// The listener of the public API.
    ///
    /// - Parameters:
    ///   - address: Port 0 is any free one.
    ///   - limits: Those of the configuration as it is now, where none are given.
    ///   - tls: Where callers have to speak TLS.
    ///   - onRunning: Called with the port once connections are taken.
    package func publicListener(
        on address: ServerConfiguration.Address, limits: Listener.Limits? = nil, tls: ListenerTLS? = nil,
        onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> Listener {
        let answers = PublicAPI(api: api, environment: environment, rateLimits: rateLimits)
        let limits = limits ?? .init(api.configuration.server.limits)
        return listener(on: address, limits, tls, metrics, onRunning) { inbound in
            try await answers.answer(inbound)
        }
    }

    /// The admin listener. On loopback it needs no key and checks `Host`; on any other address each request needs one of
    /// `server.admin_keys_sha256`, the health checks apart.
    package func adminListener(
        on address: ServerConfiguration.Address, limits: Listener.Limits = .few,
        onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> Listener {
        let answers = AdminAPI(
            api: api, reloader: reloader, environment: environment,
            isOnLoopback: Loopback.isHost(address.host), metrics: metricsText)
        return listener(on: address, limits, nil, nil, onRunning) { inbound in try await answers.answer(inbound) }
    }

    private func listener(
        on address: ServerConfiguration.Address, _ limits: Listener.Limits, _ tls: ListenerTLS?,
        _ metrics: HTTPMetrics?,
        _ onRunning: @escaping @Sendable (Int) async -> Void,
        _ answer: @escaping @Sendable (Inbound) async throws -> Reply
    ) -> Listener {
        let api = api
        let server = RequestServer(
            environment: environment, spans: spans,
            isDraining: { api.isDraining }, metrics: metrics, answer: answer)
        return Listener(
            host: address.host, port: address.port, limits: limits, tls: tls, logger: logger, onRunning: onRunning,
            respond: { request, channel in try await server.respond(to: request, channel: channel) },
            refuse: { server.refusal($0) })
    }
}
