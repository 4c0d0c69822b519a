@testable import HTTPGateway
import Logging
@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Routing
import StrictJSON
import Synchronization

/// Stands in for the engine: answers what it is told to, and keeps what it was asked.
final class Recorder: PaymentAPI, ReloadAPI {
    struct Script: Sendable {
        var isDraining = false
        var takesPayments = true
        var answer = Answer(status: 201) { $0.object { $0.member("id", "pay_1") } }
        var payments: [String: Payment] = [:]
        var callback = CallbackAnswer.accepted
        var returnAddress: String?
        var orphans: [OrphanCallback] = []
        var reports: [ProviderHealthReport] = []
        var providers: Set<String> = ["payalo-ke"]
        var methods: [ServableMethod] = []
        var reloads: [ReloadReport] = []
        /// By id.
        var events: [String: Event] = [:]
        var overview = EngineOverview(
            at: Timestamp(milliseconds: 1_769_248_800_000), version: "1", uptime: .seconds(60), isDraining: false,
            providers: [], routes: [], store: StoreOutline())
        /// Called before `create` answers.
        var beforeAnswer: @Sendable () async -> Void = {}
    }

    /// What reached the engine, in order, as text: `create ORDER key=K`, `refund pay_1 5 why key=K`.
    var asked: [String] { state.withLock { $0.asked } }
    var calls: [Call] { state.withLock { $0.calls } }
    var requests: [PaymentRequest] { state.withLock { $0.requests } }
    var bodies: [JSONValue] { state.withLock { $0.bodies } }
    var queries: [PaymentQuery] { state.withLock { $0.queries } }
    var eventQueries: [EventQuery] { state.withLock { $0.eventQueries } }
    var deliveries: [CallbackDelivery] { state.withLock { $0.deliveries } }

    private struct State {
        var asked: [String] = []
        var calls: [Call] = []
        var requests: [PaymentRequest] = []
        var bodies: [JSONValue] = []
        var queries: [PaymentQuery] = []
        var eventQueries: [EventQuery] = []
        var deliveries: [CallbackDelivery] = []
        var script = Script()
        var configuration: EngineConfiguration
    }

    private let state: Mutex<State>

    init(_ configuration: EngineConfiguration) {
        state = Mutex(State(configuration: configuration))
    }

    var script: Script {
        get { state.withLock { $0.script } }
        set { state.withLock { $0.script = newValue } }
    }

    var configuration: EngineConfiguration {
        get { state.withLock { $0.configuration } }
        set { state.withLock { $0.configuration = newValue } }
    }

    var isDraining: Bool { script.isDraining }
    var takesPayments: Bool { script.takesPayments }

    private func note(_ text: String, _ call: Call? = nil) {
        state.withLock { state in
            state.asked.append(text)
            if let call { state.calls.append(call) }
        }
    }

    func create(_ request: PaymentRequest, body: JSONValue, key: String, call: Call) async -> Answer {
        note("create \(request.reference) key=\(key)", call)
        state.withLock { state in
            state.requests.append(request)
            state.bodies.append(body)
        }
        await script.beforeAnswer()
        return script.answer
    }

    func followUp(
        _ operation: Operation, payment id: String, amount: Int64?, reason: String?, body: JSONValue, key: String,
        call: Call
    ) async -> Answer {
        let amount = amount.map(String.init) ?? "-"
        note("\(operation.rawValue) \(id) \(amount) \(reason ?? "-") key=\(key)", call)
        state.withLock { $0.bodies.append(body) }
        return script.answer
    }

    func sync(payment id: String, providerTransactionID: String?, call: Call) async -> Answer {
        note("sync \(id) \(providerTransactionID ?? "-")", call)
        return script.answer
    }

    func payment(id: String, app: String?) async -> Payment? {
        note("payment \(id) \(app ?? "*")")
        guard let payment = script.payments[id], app == nil || payment.app == app else { return nil }
        return payment
    }

    func payments(_ query: PaymentQuery) async throws(Problem) -> PaymentPage {
        note("payments")
        state.withLock { $0.queries.append(query) }
        if query.cursor == "bad" { throw .field("/cursor", "is not a cursor of this list") }
        let payments = script.payments.values.sorted { $0.id > $1.id }
        return PaymentPage(payments: payments, nextCursor: payments.isEmpty ? nil : "next")
    }

    func explain(_ request: PaymentRequest, call: Call) -> RouteExplanation {
        note("explain \(request.reference)", call)
        state.withLock { $0.requests.append(request) }
        return call.configuration.router.explain(PaymentShape(app: call.app.name, request: request))
    }

    func paymentMethods(money: Money?, currency: Currency?, country: Country?, call: Call) -> [ServableMethod] {
        let amount = money.map { String($0.minorUnits) } ?? "-"
        note("methods \(amount) \(currency?.code ?? "-") \(country?.code ?? "-")", call)
        return script.methods
    }

    func event(id: String, app: String?) async -> Event? {
        note("event \(id) \(app ?? "*")")
        return script.events[id].flatMap { app == nil || $0.payment.app == app ? $0 : nil }
    }

    func failedEvents(app: String?, limit: Int, cursor: String?) async throws(Problem) -> EventPage {
        note("failed \(app ?? "*") \(limit) \(cursor ?? "-")")
        return EventPage(events: script.events.values.sorted { $0.number > $1.number }, nextCursor: nil)
    }

    func overview(most: Int) async -> EngineOverview {
        note("overview \(most)")
        return script.overview
    }

    func events(_ query: EventQuery) async throws(Problem) -> EventPage {
        note("events")
        state.withLock { $0.eventQueries.append(query) }
        if query.cursor == "bad" { throw .field("/cursor", "is not a cursor of this list") }
        return EventPage(events: script.events.values.sorted { $0.number > $1.number }, nextCursor: "next")
    }

    func redeliver(event id: String, call: Call) async throws(Problem) -> Event {
        note("redeliver \(id)", call)
        guard let event = script.events[id], event.payment.app == call.app.name else {
            throw Problem(.notFound, "no such event")
        }
        return event
    }

    func receiveCallback(
        provider: String, token: String?, delivery: CallbackDelivery, from address: String?
    ) async -> CallbackAnswer {
        note("callback \(provider) \(token ?? "-") from \(address ?? "-")")
        state.withLock { $0.deliveries.append(delivery) }
        return script.callback
    }

    func returnAddress(provider: String, token: String) async -> String? {
        note("return \(provider) \(token)")
        return script.returnAddress
    }

    func orphans(limit: Int) async -> [OrphanCallback] {
        note("orphans \(limit)")
        return Array(script.orphans.prefix(limit))
    }

    func resolve(
        payment id: String, to status: PaymentStatus, providerReference: String?, refunded: Int64?, note text: String
    ) async throws(Problem) -> Payment {
        note("resolve \(id) \(status.rawValue) \(providerReference ?? "-") \(text)")
        guard let payment = script.payments[id] else { throw Problem(.notFound, "no such payment") }
        return payment
    }

    /// The last of the script.
    func reload() async -> ReloadReport {
        note("reload")
        guard let report = script.reloads.first else { preconditionFailure("no reload in the script") }
        return report
    }

    var reloads: [ReloadReport] { script.reloads }

    func providerReports() async -> [ProviderHealthReport] { script.reports }

    func setProvider(_ name: String, disabled: Bool) -> Bool {
        note("\(disabled ? "disable" : "enable") \(name)")
        return script.providers.contains(name)
    }
}
