import NIOCore
import PaymentEngine
import PaymentModel
import ProviderKit
import Routing
import StrictJSON

/// What apps ask for, one function each: reads the request in the order of contract §3, and hands it to the engine.
extension PublicAPI {
    func create(_ inbound: Inbound, _ call: Call) async throws -> Reply {
        let bytes = try await inbound.jsonBody(limit: call.configuration.server.maxBody)
        let key = try IdempotencyKey.read(inbound.headers)
        let body = try JSONValue(body: bytes)
        let request = try paymentRequest(body, .create, call)
        guard api.takesPayments else {
            throw Problem(.shuttingDown, "This process takes no new payments; send it again", retryAfter: 1)
        }
        return Reply(await api.create(request, body: body, key: key, call: call))
    }

    func followUp(_ operation: Operation, _ id: String, _ inbound: Inbound, _ call: Call) async throws -> Reply {
        let bytes = try await inbound.jsonBody(limit: call.configuration.server.maxBody, mayBeEmpty: true)
        let key = try IdempotencyKey.read(inbound.headers)
        let body = try JSONValue(body: bytes, mayBeEmpty: true)
        var fields = FieldReader(body)
        let amount = operation == .cancel ? nil : fields.integer("amount", in: 1...999_999_999_999)
        let reason = operation == .capture ? nil : fields.string("reason")
        try fields.finishOrThrow()
        return Reply(
            await api.followUp(
                operation, payment: id, amount: amount, reason: reason, body: body, key: key, call: call))
    }

    func sync(_ id: String, _ inbound: Inbound, _ call: Call) async throws -> Reply {
        let transaction = try await inbound.claimedTransaction(limit: call.configuration.server.maxBody)
        return Reply(await api.sync(payment: id, providerTransactionID: transaction, call: call))
    }

    func read(_ id: String, _ inbound: Inbound, _ call: Call) async throws -> Reply {
        var query = QueryReader(inbound.query)
        try query.finish()
        guard let payment = await api.payment(id: id, app: call.app.name) else {
            throw Problem(.notFound, "This app has no such payment")
        }
        return Reply { payment.write(to: &$0) }
    }

    func list(_ inbound: Inbound, _ call: Call) async throws -> Reply {
        let query = try PaymentQuery(inbound.query, app: call.app.name)
        return Reply(try await api.payments(query))
    }

    func explain(_ inbound: Inbound, _ call: Call) async throws -> Reply {
        let body = try JSONValue(body: await inbound.jsonBody(limit: call.configuration.server.maxBody))
        let request = try paymentRequest(body, .explain, call)
        let explanation = api.explain(request, call: call)
        return Reply { explanation.write(to: &$0) }
    }

    func paymentMethods(_ inbound: Inbound, _ call: Call) async throws -> Reply {
        var query = QueryReader(inbound.query)
        let amount = query.integer("amount", in: 1...999_999_999_999)
        let currency = query.value(
            "currency", otherwise: "must be an ISO 4217 code in upper case", Currency.init(code:))
        let country = query.value(
            "country", otherwise: "must be an ISO 3166-1 alpha-2 code in upper case", Country.init(code:))
        if amount != nil, currency == nil, query.faults.isEmpty {
            query.fault("currency", "is required with an amount")
        }
        try query.finish()
        var money: Money?
        if let amount, let currency { money = Money(minorUnits: amount, currency: currency) }
        let methods = api.paymentMethods(
            money: money, currency: currency, country: country ?? call.app.country, call: call)
        return Reply { json in
            json.object { json in
                json.member("object", "list")
                json.member("data") { json in
                    json.array { json in
                        for method in methods { method.write(to: &json) }
                    }
                }
            }
        }
    }

    /// Validates a payment body; the app's country stands in where the body names none.
    private func paymentRequest(
        _ body: JSONValue, _ purpose: PaymentRequest.Purpose, _ call: Call
    ) throws(Problem) -> PaymentRequest {
        do throws(ValidationFailure) {
            var request = try PaymentRequest(validating: body, now: environment.wallClock, purpose: purpose)
            request.country = request.country ?? call.app.country
            return request
        } catch {
            throw .validation(error.faults)
        }
    }
}

extension FieldReader {
    /// Throws `validation-failed` with every fault found, unknown members among them.
    mutating func finishOrThrow() throws(Problem) {
        let faults = finish()
        if !faults.isEmpty { throw .validation(faults) }
    }
}

extension ServableMethod {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("method", method.rawValue)
            json.member("networks") { json in
                json.array { json in
                    for network in networks { json.string(network) }
                }
            }
        }
    }
}

extension Reply {
    /// A page of payments.
    init(_ page: PaymentPage) {
        self.init(page: page.payments, nextCursor: page.nextCursor) { $1.write(to: &$0) }
    }

    /// A page of a list, newest first.
    init<Item>(page items: [Item], nextCursor: String?, write: (inout JSONWriter, Item) -> Void) {
        self.init { json in
            json.object { json in
                json.member("object", "list")
                json.member("data") { json in
                    json.array { json in
                        for item in items { write(&json, item) }
                    }
                }
                json.member("next_cursor", nextCursor)
            }
        }
    }
}
