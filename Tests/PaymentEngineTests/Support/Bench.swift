import HTTPTypes
import Logging
@testable import PaymentEngine
import MetricsTestKit
import PaymentModel
import ProviderKit
import Resilience
import Routing
import Simulation
import StrictJSON
import Synchronization
import Testing
import W3CTrace

/// A provider of a bench: its name, its adapter, its transport.
struct BenchProvider: Sendable {
    let name: String
    let adapter: any ProviderAdapter
    var timeout: Duration = .seconds(10)
    var rateLimits: [RateLimit] = []
    var breaker = BreakerSettings()
    var webhookAllow: [String] = []
    var isEnabled = true
    var fingerprint = ""
    var account = ""

    var configuration: ProviderConfiguration {
        var configuration = ProviderConfiguration(
            name: name, plugin: "scripted", adapter: adapter, baseURL: "https://\(name).example")
        configuration.timeout = timeout
        configuration.rateLimits = rateLimits
        configuration.breaker = breaker
        configuration.webhookAllow = webhookAllow
        configuration.isEnabled = isEnabled
        configuration.fingerprint = fingerprint
        configuration.account = account
        return configuration
    }
}

/// An engine with scripted providers, in a simulation.
struct Bench: Sendable {
    static let referenceSecret = "reference-secret-of-the-bench"
    static let callbackSecret = "callback-secret-of-the-bench"

    let simulation: Simulation
    let engine: PaymentEngine
    let transports: [String: ScriptedTransport]
    /// Where the events of the apps with a webhook go, by app; requests to them are of the kind `hooks`.
    let receivers: [String: ScriptedTransport]
    let log: LogRecorder
    let metrics: TestMetrics

    var clock: VirtualEnvironment { simulation.clock }

    init(
        _ simulation: Simulation, _ providers: [BenchProvider],
        failoverOn: Set<Route.Failover> = [.unavailable, .rateLimited], strategy: Route.Strategy = .priority,
        sharing others: Bench? = nil,
        slowStore: Bool = false, webhooks: [String: AppConfiguration.Webhook] = [:],
        yard: TransportYard? = nil,
        server adjust: (inout ServerConfiguration) -> Void = { _ in }
    ) throws {
        self.simulation = simulation
        var server = ServerConfiguration(
            referenceSecret: Secret(Self.referenceSecret), callbackSecrets: [Secret(Self.callbackSecret)])
        server.publicURL = "https://pay.example.com"
        adjust(&server)
        let configured = Dictionary(uniqueKeysWithValues: providers.map { ($0.name, $0.configuration) })
        let route = Route(
            name: "all", when: RouteCondition(), strategy: strategy,
            use: providers.map { Route.Member(provider: $0.name) }, failoverOn: failoverOn)
        let apps = ["shop", "blog"].map {
            AppConfiguration(name: $0, keys: [], country: Country(code: "KE"), webhook: webhooks[$0])
        }
        let configuration = EngineConfiguration(
            version: "1", server: server, apps: Dictionary(uniqueKeysWithValues: apps.map { ($0.name, $0) }),
            providers: configured, routes: [route])
        // After a 'restart' the providers are the same, with what they remember.
        let transports =
            others?.transports
            ?? configured.mapValues { ScriptedTransport(name: $0.name, clock: simulation.clock) }
        self.transports = transports
        let receivers = Dictionary(
            uniqueKeysWithValues: webhooks.keys.map { ($0, ScriptedTransport(name: $0, clock: simulation.clock)) })
        self.receivers = receivers
        let log = LogRecorder()
        self.log = log
        let metrics = TestMetrics()
        self.metrics = metrics
        engine = try PaymentEngine(
            configuration: configuration, environment: simulation.clock, logger: log.logger,
            metrics: EngineMetrics(factory: metrics), wrappingStore: { slowStore ? SlowStore(store: $0) : $0 },
            eventTransport: { app, _ in
                guard let receiver = receivers[app.name] else { throw TransportFailure("no_transport") }
                return receiver
            },
            transport: { configuration in
                if let yard { return yard.make(configuration) }
                guard let transport = transports[configuration.name] else { throw TransportFailure("no_transport") }
                return transport
            })
    }

    subscript(provider: String) -> ScriptedTransport {
        guard let transport = transports[provider] else { preconditionFailure("no provider \(provider)") }
        return transport
    }

    /// Begins to ask after open payments and to deliver events in the background, until the test ends.
    func startInquiries() {
        let task = Task { await self.engine.run() }
        simulation.atEnd { task.cancel() }
    }

    func call(
        app: String = "shop", request: String = "req-1", within timeout: Duration = .seconds(30),
        trace: TraceContext? = nil
    ) -> Call {
        guard let app = engine.configuration.apps[app] else { preconditionFailure("no app \(app)") }
        return Call(
            configuration: engine.configuration, app: app, requestID: request, begunAt: clock.now,
            deadline: clock.now + timeout, trace: trace)
    }

    /// KES 100.00 by phone.
    static func anyRequest() -> PaymentRequest {
        PaymentRequest(
            money: Money(minorUnits: 10_000, currency: .kes),
            instrument: .mobileMoney(phone: "+254712345678", network: "mpesa"), reference: "order-1")
    }

    /// Makes a payment of KES 100.00, in a call that begins now or has begun before.
    func create(
        key: String = "key-1", app: String = "shop", amount: Int64 = 10_000, card: Bool = false,
        capture: CaptureMode = .automatic,
        reference: String = "order-1", request: String = "req-1", within timeout: Duration = .seconds(30),
        under begun: Call? = nil
    ) async throws -> Reading {
        let instrument: PaymentRequest.Instrument =
            card
            ? .card(
                CardDetails(
                    number: Secret("4242424242424242"), expiryMonth: 12, expiryYear: 2030, cvv: Secret("987"),
                    holder: "A Wanjiru"))
            : .mobileMoney(phone: "+254712345678", network: "mpesa")
        let body = try JSONValue(parsing: Array("{\"amount\":\(amount),\"reference\":\"\(reference)\"}".utf8))
        let payment = PaymentRequest(
            money: Money(minorUnits: amount, currency: .kes), instrument: instrument, capture: capture,
            reference: reference,
            returnURL: "https://shop.example/done")
        return Reading(
            await engine.create(
                payment, body: body, key: key,
                call: begun ?? call(app: app, request: request, within: timeout)))
    }

    /// The only payment of the app, as the API shows it.
    func payment(app: String? = "shop") async throws -> Payment {
        var query = PaymentQuery()
        query.app = app
        let page = try await engine.payments(query)
        return try #require(page.payments.first)
    }

    /// How many payments are stored and shown.
    func count(app: String? = nil) async throws -> Int {
        var query = PaymentQuery()
        query.app = app
        query.limit = 100
        return try await engine.payments(query).payments.count
    }

    /// The callback address that the last create at a provider carried.
    func callbackToken(at provider: String) throws -> String {
        let sent = try #require(self[provider].sent("create").last)
        let url = try #require(Wire.value("callback", in: sent.body))
        let token = try #require(url.split(separator: "/").last)
        return String(token)
    }

    /// Delivers a callback.
    @discardableResult
    func callback(
        _ provider: String, _ text: String, token: String? = nil, signed: Bool = true, from address: String? = nil
    ) async -> CallbackAnswer {
        let delivery = CallbackDelivery(
            headers: signed ? [.authorization: "signed"] : [:], body: Array(text.utf8), receivedAt: clock.wallClock)
        return await engine.receiveCallback(provider: provider, token: token, delivery: delivery, from: address)
    }
}

/// An answer, read as an app would.
struct Reading: Sendable {
    let answer: Answer
    let json: JSONValue?

    init(_ answer: Answer) {
        self.answer = answer
        json = try? JSONValue(parsing: answer.body)
    }

    var status: Int { answer.status }
    var text: String { String(decoding: answer.body, as: UTF8.self) }
    var code: String? { json?["code"]?.string }
    /// The payment itself, or the one in a problem.
    var payment: JSONValue? { answer.isProblem ? json?["payment"] : json }
    var paymentStatus: String? { payment?["status"]?.string }
    var id: String { payment?["id"]?.string ?? "" }

    var instance: String? { json?["instance"]?.string }

    /// A text of the payment, such as `review.reason`.
    func field(_ path: String) -> String? {
        var value = payment
        for name in path.split(separator: ".") { value = value?[String(name)] }
        return value?.string
    }

    /// The tries as `a:create=ambiguous(timeout)`.
    var attempts: [String] {
        let list = (answer.isProblem ? json?["attempts"] ?? json?["payment"]?["attempts"] : json?["attempts"])?.array
        return (list ?? []).map { attempt in
            let reason = attempt["reason"]?.string.map { "(\($0))" } ?? ""
            let words = ["provider", "operation", "outcome"].map { attempt[$0]?.string ?? "" }
            return "\(words[0]):\(words[1])=\(words[2])\(reason)"
        }
    }
}

/// Every line that is logged, with its metadata.
final class LogRecorder: Sendable {
    private let recorded = Mutex<[String]>([])

    var lines: [String] { recorded.withLock { $0 } }

    var logger: Logger { Logger(label: "bench") { _ in Handler(recorder: self) } }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            let line = "\(event.message) " + all.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            recorder.recorded.withLock { $0.append(line) }
        }
    }
}
