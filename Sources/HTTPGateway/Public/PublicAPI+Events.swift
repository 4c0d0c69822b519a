import PaymentEngine
import PaymentModel
import StrictJSON

/// What apps ask for of their events.
extension PublicAPI {
    func listEvents(_ inbound: Inbound, _ call: Call) async throws -> Reply {
        let page = try await api.events(EventQuery(inbound.query, app: call.app.name))
        return Reply(page: page.events, nextCursor: page.nextCursor) { $1.write(to: &$0) }
    }

    func readEvent(_ id: String, _ inbound: Inbound, _ call: Call) async throws -> Reply {
        var query = QueryReader(inbound.query)
        try query.finish()
        guard let event = await api.event(id: id, app: call.app.name) else {
            throw Problem(.notFound, "This app has no such event")
        }
        return Reply { event.write(to: &$0) }
    }

    /// 202: it will be sent; whether it arrives shows in the event.
    func redeliver(_ id: String, _ inbound: Inbound, _ call: Call) async throws -> Reply {
        try await inbound.noMembers(limit: call.configuration.server.maxBody)
        let event = try await api.redeliver(event: id, call: call)
        return Reply(status: 202) { event.write(to: &$0) }
    }
}

extension EventQuery {
    /// Reads the query of a list of events.
    fileprivate init(_ query: String?, app: String) throws(Problem) {
        var reader = QueryReader(query)
        self.init(app: app)
        kind = reader.value(
            "type", otherwise: "must be one of " + Event.Kind.allNames.joined(separator: ", "), Event.Kind.init)
        payment = reader.text("payment", most: 64)
        limit = reader.integer("limit", in: 1...100).map(Int.init) ?? 10
        cursor = reader.text("cursor", most: 512)
        try reader.finish()
    }
}
