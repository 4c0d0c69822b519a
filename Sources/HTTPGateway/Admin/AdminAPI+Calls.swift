import PaymentEngine
import PaymentModel
import StrictJSON
import W3CTrace

/// What an operator asks for in an app's place: the same as the app's own call, for whatever app's payment or event.
extension AdminAPI {
    /// Asks the provider about a payment now; answers as `POST /v1/payments/{id}/sync` does.
    func sync(_ id: String, _ inbound: Inbound) async throws -> Reply {
        let transaction = try await inbound.claimedTransaction(limit: api.configuration.server.maxBody)
        guard let payment = await api.payment(id: id, app: nil) else {
            throw Problem(.notFound, "There is no such payment")
        }
        return Reply(
            await api.sync(payment: id, providerTransactionID: transaction, call: call(of: payment.app, inbound)))
    }

    /// Sends an event again; answers as `POST /v1/events/{id}/redeliver` does.
    func redeliver(_ id: String, _ inbound: Inbound) async throws -> Reply {
        try await inbound.noMembers(limit: api.configuration.server.maxBody)
        guard let event = await api.event(id: id, app: nil) else { throw Problem(.notFound, "There is no such event") }
        let sent = try await api.redeliver(event: id, call: call(of: event.payment.app, inbound))
        return Reply(status: 202) { sent.write(to: &$0) }
    }

    /// The events that failed.
    func failedEvents(_ inbound: Inbound) async throws -> Reply {
        var query = QueryReader(inbound.query)
        _ = query.value("status", otherwise: "must be failed: others are not listed here") { text in
            text == EventDelivery.Status.failed.rawValue ? text : nil
        }
        let app = query.text("app", most: 128)
        let limit = query.integer("limit", in: 1...100).map(Int.init) ?? 10
        let cursor = query.text("cursor", most: 512)
        try query.finish()
        let page = try await api.failedEvents(app: app, limit: limit, cursor: cursor)
        return Reply(page: page.events, nextCursor: page.nextCursor) { $1.write(to: &$0) }
    }

    /// All that the page shows.
    func view() async -> PageView {
        PageView(overview: await api.overview(most: PageView.mostRows), reloads: reloader.reloads)
    }

    private func call(of app: String, _ inbound: Inbound) -> Call {
        let configuration = api.configuration
        return Call(
            configuration: configuration,
            // One that a reload took away has payments still.
            app: configuration.apps[app] ?? AppConfiguration(name: app, keys: []),
            requestID: inbound.id, begunAt: inbound.arrivedAt,
            deadline: inbound.arrivedAt + configuration.server.requestTimeout, trace: TraceContext.current)
    }
}
