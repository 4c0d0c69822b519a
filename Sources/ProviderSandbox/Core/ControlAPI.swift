import HTTPTypes
import StrictJSON
import Synchronization

/// The sandbox's own calls, under `/_sandbox`: what it took, what it received, which faults it has, and the customer's
/// part.
struct ControlAPI: Sendable {
    /// A call that cannot be served: 400, 404 or 409 with `{"message","field"?}`.
    struct Refusal: Error {
        var status = 400
        var field: String?
        let message: String
    }

    let core: SandboxCore
    let ownListeners: [String: SandboxListener]

    func respond(_ method: HTTPRequest.Method, _ target: String, _ body: [UInt8]) async -> SandboxReply {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count == 2 ? parts[1] : ""
        do throws(Refusal) {
            switch (method, parts[0]) {
            case (.get, "/"): return overview
            case (.get, "/_sandbox/charges"): return charges()
            case (.get, "/_sandbox/requests"): return try requests(query)
            case (.delete, "/_sandbox/requests"):
                core.requests.withLock { $0.clear() }
                return .json(200, Array(#"{"requests":[]}"#.utf8))
            case (.post, "/_sandbox/faults"): return try await arm(body)
            case (.delete, "/_sandbox/faults"):
                core.faults.withLock { $0.clear() }
                for listener in ownListeners.values { await listener.accept() }
                return .json(200, Array(#"{"faults":[]}"#.utf8))
            case (.post, "/_sandbox/settle"): return try settle(body)
            case (.post, "/_sandbox/callbacks"): return try register(body)
            default: throw Refusal(status: 404, message: "There is nothing at \(method.rawValue) \(parts[0]).")
            }
        } catch {
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("message", error.message)
            if let field = error.field { writer.member("field", field) }
            writer.endObject()
            return .json(error.status, writer.bytes)
        }
    }

    // MARK: What it took and received

    /// `{"charges":[{"provider","reference","amount","currency","state","at","refunds"?}]}`, oldest first; `refunds`
    /// (`[{"amount","at"}]`) where the provider has them, so that a refund that was made twice shows.
    private func charges() -> SandboxReply {
        let charges = core.providers
            .flatMap { provider in provider.charges().map { (provider.id, $0) } }
            .sorted { $0.1.at < $1.1.at }
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("charges")
        writer.beginArray()
        for (provider, charge) in charges {
            writer.beginObject()
            writer.member("provider", provider)
            writer.member("reference", charge.reference)
            writer.member("amount", charge.amount)
            writer.member("currency", charge.currency)
            writer.member("state", charge.state)
            writer.member("at", charge.at.millisecondsZ)
            if let refunds = charge.refunds {
                writer.name("refunds")
                writer.beginArray()
                for refund in refunds {
                    writer.beginObject()
                    writer.member("amount", refund.amount)
                    writer.member("at", refund.at.millisecondsZ)
                    writer.endObject()
                }
                writer.endArray()
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return .json(200, writer.bytes)
    }

    private func requests(_ query: Substring) throws(Refusal) -> SandboxReply {
        var provider: String?
        for pair in query.split(separator: "&") {
            guard pair.hasPrefix("provider=") else {
                throw Refusal(field: "query", message: "Only `provider` can be asked for.")
            }
            provider = try known(provider: String(pair.dropFirst("provider=".count))).id
        }
        let entries = core.requests.withLock { $0.entries(of: provider) }
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("requests")
        writer.beginArray()
        for entry in entries { entry.write(to: &writer) }
        writer.endArray()
        writer.endObject()
        return .json(200, writer.bytes)
    }

    private var overview: SandboxReply {
        let providers = core.providers.map { "/" + $0.id }.joined(separator: ", ")
        let text = """
            Simulated payment providers. No real money moves here.

            Providers:  \(providers)
            Control:    GET /_sandbox/charges
                        GET, DELETE /_sandbox/requests
                        POST, DELETE /_sandbox/faults
                        POST /_sandbox/settle
                        POST /_sandbox/callbacks

            """
        return SandboxReply(status: 200, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    // MARK: Faults

    private func arm(_ body: [UInt8]) async throws(Refusal) -> SandboxReply {
        let members = try object(body, allowing: ["provider", "fault", "count", "after", "operation", "delay_ms"])
        let provider = try known(provider: try requiredString(members, "provider"))
        let faultName = try requiredString(members, "fault")
        guard let fault = Fault(rawValue: faultName) else {
            throw Refusal(
                field: "fault",
                message: "`fault` is one of \(Fault.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        var operation: SandboxOperation?
        if let name = try optionalString(members, "operation") {
            let possible = SandboxOperation.allCases.filter {
                provider.operations.contains($0) && fault.canBeNarrowed(to: $0)
            }
            operation = possible.first { $0.rawValue == name }
            guard operation != nil else {
                throw Refusal(
                    field: "operation",
                    message: "`operation` for \(fault.rawValue) at \(provider.id) is one of "
                        + possible.map(\.rawValue).joined(separator: ", ") + ".")
            }
        }
        if members["delay_ms"] != nil, fault != .slow {
            throw Refusal(field: "delay_ms", message: "`delay_ms` goes with the fault `slow` only.")
        }
        let rule = FaultScript.Rule(
            provider: provider.id, fault: fault, operation: operation,
            count: try integer(members, "count", in: 1...1_000_000, default: 1),
            after: try integer(members, "after", in: 0...1_000_000, default: 0),
            delay: .milliseconds(try integer(members, "delay_ms", in: 0...120_000, default: 1000)))
        // A provider's own listener refuses as a whole, and the prefix goes on: two addresses of one provider, one of
        // them down. A fault narrowed to an operation cannot be told apart at the socket; it closes the connection.
        if fault == .refuse, operation == nil, rule.after == 0, let listener = ownListeners[provider.id] {
            await listener.refuse()
            await listener.waitUntilRefusing()
        } else {
            guard core.faults.withLock({ $0.arm(rule) }) else {
                throw Refusal(
                    status: 409,
                    message: "There are \(FaultScript.maxRules) faults armed; DELETE /_sandbox/faults first.")
            }
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("provider", rule.provider)
        writer.member("fault", fault.rawValue)
        writer.member("operation", operation?.rawValue)
        writer.member("count", Int64(rule.count))
        writer.member("after", Int64(rule.after))
        writer.endObject()
        return .json(200, writer.bytes)
    }

    // MARK: The customer's part

    /// Answers `{"provider","reference","status","transaction"?}`: `transaction` where the provider's browser component
    /// tells the app the id of what came of a session.
    private func settle(_ body: [UInt8]) throws(Refusal) -> SandboxReply {
        let members = try object(body, allowing: ["provider", "reference", "outcome", "code"])
        let provider = try known(provider: try requiredString(members, "provider"))
        let reference = try requiredString(members, "reference")
        let possible = SandboxOutcome.allCases.filter { provider.outcomes.contains($0) }
        let outcomeName = try requiredString(members, "outcome")
        guard let outcome = possible.first(where: { $0.rawValue == outcomeName }) else {
            throw Refusal(
                field: "outcome",
                message: "`outcome` is one of \(possible.map(\.rawValue).joined(separator: ", ")).")
        }
        let code = try optionalString(members, "code")
        if code != nil, outcome == .success {
            throw Refusal(field: "code", message: "`code` goes with a failure.")
        }
        let result = provider.settle(
            reference: reference, outcome: outcome, code: code,
            effects: core.effects(at: provider.id, .callback), at: .now())
        switch result {
        case .notFound:
            throw Refusal(
                status: 404, field: "reference", message: "\(provider.id) has no transaction `\(reference)`.")
        case .alreadyFinal(let status):
            throw Refusal(status: 409, field: "reference", message: "`\(reference)` is \(status) already.")
        case .settled(let status, let callbacks):
            core.send(callbacks)
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("provider", provider.id)
            writer.member("reference", reference)
            writer.member("status", status)
            if let transaction = provider.transaction(of: reference) { writer.member("transaction", transaction) }
            writer.endObject()
            return .json(200, writer.bytes)
        }
    }

    // MARK: Registered callback addresses

    /// `{"provider","key"?,"url"}`: where a provider calls from now on. `key` is the merchant's API key, and may be
    /// left out where there is one merchant.
    private func register(_ body: [UInt8]) throws(Refusal) -> SandboxReply {
        let members = try object(body, allowing: ["provider", "key", "url"])
        let provider = try known(provider: try requiredString(members, "provider"))
        let keys = provider.registrations.map(\.key)
        guard !keys.isEmpty else {
            throw Refusal(
                field: "provider", message: "\(provider.id) calls the address that each payment names.")
        }
        let given = try optionalString(members, "key")
        guard let key = given ?? (keys.count == 1 ? keys.first : nil), keys.contains(key) else {
            throw Refusal(field: "key", message: "`key` is one of \(keys.joined(separator: ", ")).")
        }
        let url = try requiredString(members, "url")
        guard MerchantURL.isAcceptable(url) else {
            throw Refusal(field: "url", message: "`url` is an https address, or an http one on loopback.")
        }
        core.registry.register(url, of: key, at: provider.id)
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("provider", provider.id)
        writer.member("key", key)
        writer.member("url", url)
        writer.endObject()
        return .json(200, writer.bytes)
    }

    // MARK: Reading

    private func object(_ body: [UInt8], allowing names: Set<String>) throws(Refusal) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: body)
        } catch {
            throw Refusal(message: "The body is not JSON: \(error)")
        }
        guard let object = value.object else { throw Refusal(message: "The body is not a JSON object.") }
        if let unknown = object.names.first(where: { !names.contains($0) }) {
            throw Refusal(
                field: unknown, message: "Unknown member; known are \(names.sorted().joined(separator: ", ")).")
        }
        return object
    }

    private func known(provider id: String) throws(Refusal) -> any SimulatedProvider {
        guard let provider = core.provider(id) else {
            throw Refusal(
                field: "provider",
                message: "`provider` is one of \(core.providers.map(\.id).joined(separator: ", ")).")
        }
        return provider
    }

    private func requiredString(_ object: JSONObject, _ name: String) throws(Refusal) -> String {
        guard let string = try optionalString(object, name) else {
            throw Refusal(field: name, message: "`\(name)` is missing.")
        }
        return string
    }

    private func optionalString(_ object: JSONObject, _ name: String) throws(Refusal) -> String? {
        guard let value = object[name] else { return nil }
        guard let string = value.string else { throw Refusal(field: name, message: "`\(name)` is not a string.") }
        return string
    }

    private func integer(
        _ object: JSONObject, _ name: String, in range: ClosedRange<Int64>, default: Int
    ) throws(Refusal) -> Int {
        guard let value = object[name] else { return `default` }
        guard let integer = value.integer, range.contains(integer) else {
            throw Refusal(
                field: name,
                message: "`\(name)` is not an integer from \(range.lowerBound) to \(range.upperBound).")
        }
        return Int(integer)
    }
}
