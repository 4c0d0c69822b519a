package import Logging
package import PaymentModel
package import ProviderKit
import Resilience
package import Routing
import Synchronization
package import W3CTrace

/// The one path of a payment: claim the key → plan → attempts → record → answer; then follow-ups, callbacks, and the
/// inquiry of outcomes that are open. See CONTRIBUTING.md for the way of a payment through the modules.
package final class PaymentEngine: Sendable {
    /// Makes the transport of a provider instance.
    package typealias TransportFactory = @Sendable (ProviderConfiguration) throws -> any ProviderTransport
    /// Makes what an app's events go out through. It dials the webhook's origin alone, and no address that events may not go to.
    package typealias EventTransportFactory =
        @Sendable (AppConfiguration, AppConfiguration.Webhook) throws -> any ProviderTransport

    let environment: any EngineEnvironment
    /// When the process began, on both clocks.
    let begunAt: (instant: ContinuousClock.Instant, calendar: Timestamp)
    let store: any PaymentStore
    let keys: IdempotencyStore<Answer, String>
    let references: References
    let budget = RetryBudget()
    let traffic: Mutex<RouteTraffic>
    let locks = PaymentLocks()
    let inquiries: DueQueue<String>
    let dispatcher: EventDispatcher
    let logger: Logger
    let metrics: EngineMetrics
    let spans: Spans
    let makeTransport: TransportFactory
    let makeEventTransport: EventTransportFactory
    /// What the store asks at each insertion.
    let storeLimits: StoreLimits
    /// Held while a configuration is made to follow another one: one at a time.
    let reloading = Mutex(())

    struct State {
        var configuration: EngineConfiguration
        var retired = RetiredRuntimes()
        /// The names of the providers that were switched off by hand: no new payments, whatever is reloaded.
        var disabled: Set<String> = []
        /// Where providers call back when the configuration names no `public_url`.
        var boundURL: String?
        var isDraining = false
        var takesPayments = true
        var underWay = 0
        /// Of them, those that a request asked for.
        var requests = 0
        var whenIdle: [CheckedContinuation<Void, Never>] = []
    }

    let state: Mutex<State>

    /// Makes an engine over a configuration. Throws what the transport factories throw (a file of roots that cannot be read).
    ///
    /// - Parameters:
    ///   - metrics: What it counts with.
    ///   - tracer: Where its spans go, if anybody collects them.
    ///   - wrappingStore: What stands between the engine and its memory: nothing, or a test that takes its time.
    package init(
        configuration: EngineConfiguration, environment: any EngineEnvironment = SystemEnvironment(), logger: Logger,
        metrics: EngineMetrics = EngineMetrics(), tracer: SpanTracer? = nil,
        wrappingStore: (any PaymentStore) -> any PaymentStore = { $0 },
        eventTransport: @escaping EventTransportFactory, transport: @escaping TransportFactory
    ) throws {
        self.environment = environment
        begunAt = (environment.now, environment.wallClock)
        traffic = Mutex(RouteTraffic(origin: begunAt.instant))
        self.logger = logger
        self.metrics = metrics
        let spans = Spans(ids: TraceIDs { environment.random() }, tracer: tracer)
        self.spans = spans
        makeTransport = transport
        makeEventTransport = eventTransport
        let server = configuration.server
        let limits = StoreLimits(server)
        storeLimits = limits
        let dispatcher = try EventDispatcher(
            apps: configuration.apps, environment: environment, transport: eventTransport)
        self.dispatcher = dispatcher
        store = wrappingStore(
            MemoryPaymentStore(
                environment: environment, limits: { limits.now }, bounds: { limits.bounds },
                newDelivery: { dispatcher.newDelivery(app: $0) },
                onEvent: { dispatcher.add(payment: $0, app: $1) },
                onUnsent: { event in
                    metrics.event(app: event.app, .failed)
                    logger.warning(
                        "event not delivered",
                        metadata: ["event": "\(event.event)", "app": "\(event.app)", "reason": "\(event.reason)"])
                }))
        keys = IdempotencyStore(limits: server.idempotency, time: environment)
        references = References(secret: server.referenceSecret)
        inquiries = DueQueue(environment: environment)
        var configuration = configuration
        configuration.runtimes = try configuration.providers.mapValues {
            ProviderRuntime(
                configuration: $0, transport: try transport($0), environment: environment, metrics: metrics,
                spans: spans)
        }
        metrics.prepare(configuration)
        state = Mutex(State(configuration: configuration))
    }

    /// The configuration in force. A call takes it once, at its beginning.
    package var configuration: EngineConfiguration { state.withLock { $0.configuration } }

    /// Whether the process is going down: it is not ready any more, and each answer ends its connection.
    package var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Begins to go down. Payments are still taken, from callers who have not noticed yet.
    package func beginDraining() { state.withLock { $0.isDraining = true } }

    /// Whether new payments are taken.
    package var takesPayments: Bool { state.withLock { $0.takesPayments } }

    /// Refuses new payments from now on: the grace of draining is over.
    package func stopTakingPayments() { state.withLock { $0.takesPayments = false } }

    /// Returns when no payment and no delivery of an event is under way, payments whose caller has hung up included.
    package func idle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.underWay > 0 { state.whenIdle.append(continuation) }
                return state.underWay == 0
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Asks after open payments and delivers events, until the task is cancelled. Attempts at deliveries that are under way
    /// then are waited for; no other ones begin.
    package func run() async {
        async let deliveries: Void = deliverEvents()
        await askAfterPayments()
        await deliveries
    }

    /// Gives the connections to providers and webhooks back.
    package func shutdown() async {
        for runtime in runtimes { await runtime.transport.shutdown() }
        await dispatcher.shutdown()
    }

    /// Tells where the public listener was bound, for callback addresses without a `public_url`.
    package func setBoundURL(_ url: String) { state.withLock { $0.boundURL = url } }

    /// All providers, those that are kept for their payments alone included.
    var runtimes: [ProviderRuntime] { state.withLock { $0.retired.all + $0.configuration.runtimes.values } }

    /// The provider of that name as `version` has it, which a request sees from beginning to end; else as it is now, be it that
    /// it takes no new payments any more. Nil where there is none, and no payment of one.
    func runtime(_ name: String, in version: EngineConfiguration? = nil) -> ProviderRuntime? {
        version?.runtimes[name] ?? state.withLock { $0.configuration.runtimes[name] ?? $0.retired[name] }
    }

    /// The address that a provider calls back for a payment; nil where its plugin receives no callbacks by address.
    func callbackURL(provider: ProviderRuntime, payment: String, _ configuration: EngineConfiguration) -> String? {
        guard let receiver = provider.adapter as? any CallbackReceiving, receiver.takesCallbackAddress else {
            return nil
        }
        let base =
            configuration.server.publicURL ?? state.withLock { $0.boundURL } ?? "http://\(configuration.server.listen)"
        let token = configuration.callbackTokens.token(provider: provider.name, payment: payment)
        return "\(base)/webhooks/\(provider.name)/\(token)"
    }

    /// What routing has to know of the providers of a version now.
    func routingState(in version: EngineConfiguration) -> (String) -> Router.ProviderState {
        let disabled = state.withLock { $0.disabled }
        return { name in
            guard let runtime = version.runtimes[name] else { return Router.ProviderState() }
            return Router.ProviderState(
                isDisabled: disabled.contains(name),
                successPerMille: runtime.breaker(.create).snapshot.successShare?.perMille)
        }
    }

    /// The calendar by which sessions and holds end: never ahead of what has passed since the process began. A calendar that jumps
    /// ahead must not end a session in which the customer may still pay; one that is behind only asks on for longer.
    var expiryClock: Timestamp { min(environment.wallClock, steadyClock) }

    /// The calendar by which the life of what is opened now is counted: never behind what has passed since the process began,
    /// for the same reason.
    var sessionClock: Timestamp { max(environment.wallClock, steadyClock) }

    /// The calendar as it would be had nobody set it since the process began.
    private var steadyClock: Timestamp {
        begunAt.calendar.advanced(by: begunAt.instant.duration(to: environment.now))
    }

    func newID(_ prefix: String) -> String {
        var random = EnvironmentRandom(environment: environment)
        return ResourceID.make(prefix, at: environment.wallClock, using: &random)
    }

    /// How much work is under way that draining waits for.
    var underWay: Int { state.withLock { $0.underWay } }

    /// Runs work that no caller can cancel and that draining waits for, from this moment on: its task may start later.
    func detached<Result: Sendable>(_ work: @escaping @Sendable () async -> Result) async -> Result {
        beginWork()
        return await Task {
            defer { self.endWork() }
            return await work()
        }.value
    }

    /// Runs a request's work as `detached` does; nil where `limits.requests_in_flight` are under way.
    func admitted<Result: Sendable>(_ call: Call, _ work: @escaping @Sendable () async -> Result) async -> Result? {
        let most = call.configuration.server.limits.requestsInFlight
        let isAdmitted = state.withLock { state in
            guard state.requests < most else { return false }
            state.requests += 1
            return true
        }
        guard isAdmitted else { return nil }
        return await detached {
            defer { self.state.withLock { $0.requests -= 1 } }
            return await work()
        }
    }

    /// What a request gets that is not admitted.
    func busy(_ call: Call) -> Answer {
        let problem = Problem(
            .overloaded, "too many requests are under way; nothing was done, send it again", retryAfter: 1)
        return Answer(problem, instance: call.requestID)
    }

    /// Runs work that draining waits for.
    func counted<Result: Sendable>(_ work: () async -> Result) async -> Result {
        beginWork()
        defer { endWork() }
        return await work()
    }

    private func beginWork() { state.withLock { $0.underWay += 1 } }

    private func endWork() {
        let idle = state.withLock { state in
            state.underWay -= 1
            guard state.underWay == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.whenIdle = [] }
            return state.whenIdle
        }
        for continuation in idle { continuation.resume() }
    }
}

// MARK: - Reading

extension PaymentEngine {
    /// A payment of that app; of any app where `app` is nil (operators). Nil where there is none.
    package func payment(id: String, app: String?) async -> Payment? {
        guard let record = await store.record(id), record.isVisible, app == nil || record.payment.app == app else {
            return nil
        }
        return record.payment
    }

    /// A page of payments, newest first.
    package func payments(_ query: PaymentQuery) async throws(Problem) -> PaymentPage {
        try await store.page(query)
    }

    /// The routing decision for such a payment. Nothing is sent.
    package func explain(_ request: PaymentRequest, call: Call) -> RouteExplanation {
        call.configuration.router.explain(
            shape(of: request, call), state: routingState(in: call.configuration))
    }

    /// The methods, and their networks where routes name them, that can be served now. What is nil does not choose.
    package func paymentMethods(
        money: Money?, currency: Currency?, country: Country?, call: Call
    ) -> [ServableMethod] {
        let disabled = state.withLock { $0.disabled }
        return call.configuration.router.servableMethods(
            app: call.app.name, amount: money?.minorUnits, currency: money?.currency ?? currency,
            country: country ?? call.app.country
        ) { name in
            guard let runtime = call.configuration.runtimes[name], !disabled.contains(name) else { return false }
            if case .open = runtime.breaker(.create).snapshot.state { return false }
            return true
        }.map { ServableMethod(method: $0.method, networks: $0.networks) }
    }

    func shape(of request: PaymentRequest, _ call: Call) -> PaymentShape {
        var shape = PaymentShape(app: call.app.name, request: request)
        if shape.country == nil { shape.country = call.app.country }
        return shape
    }
}
