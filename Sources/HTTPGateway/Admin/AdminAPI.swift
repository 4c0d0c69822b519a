import HTTPTypes
import PaymentEngine
import PaymentModel
import ProviderKit
import StrictJSON

/// The admin listener's answers (contract §10).
struct AdminAPI<API: PaymentAPI>: Sendable {
    let api: API
    let reloader: any ReloadAPI
    let environment: any EngineEnvironment
    let isOnLoopback: Bool
    /// All metrics as Prometheus text.
    let metrics: @Sendable () async -> [UInt8]

    func answer(_ inbound: Inbound) async throws -> Reply {
        let path = AdminPath(inbound.path)
        // Without a key the page is empty where one is needed: a browser that goes somewhere cannot send it.
        let isShell = path == .page && !isOnLoopback
        if path?.isHealth != true, !isShell { try authorize(inbound) }
        guard let path else { throw Problem(.notFound, "Nothing is at this path") }
        guard path.allows(inbound.method) else { return try Reply.otherMethod(inbound, allowed: path.allowed) }
        if path.isChange, inbound.headers[.adminChange] != "1" {
            throw Problem(.forbidden, "A change needs the header X-Switchyard-Admin: 1")
        }
        switch path {
        case .page:
            return isShell ? .lockedPage() : .page(await view())
        case .pageContent:
            return .pageContent(await view())
        case .alive:
            return Reply { $0.object { $0.member("status", "ok") } }
        case .ready:
            guard !api.isDraining else { throw Problem(.shuttingDown) }
            return Reply { $0.object { $0.member("status", "ok") } }
        case .metrics:
            return Reply(text: await metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        case .providers:
            let reports = await api.providerReports()
            return Reply { json in
                json.object { json in
                    json.member("providers") { json in
                        json.array { json in
                            for report in reports { report.write(to: &json) }
                        }
                    }
                }
            }
        case .payments:
            return Reply(try await api.payments(PaymentQuery(inbound.query, app: nil)))
        case .payment(let id):
            guard let payment = await api.payment(id: id, app: nil) else {
                throw Problem(.notFound, "There is no such payment")
            }
            return Reply { payment.write(to: &$0) }
        case .orphans:
            var query = QueryReader(inbound.query)
            let limit = query.integer("limit", in: 1...1000) ?? 100
            try query.finish()
            let orphans = await api.orphans(limit: Int(limit))
            return Reply { json in
                json.object { json in
                    json.member("orphans") { json in
                        json.array { json in
                            for orphan in orphans { orphan.write(to: &json) }
                        }
                    }
                }
            }
        case .reload:
            return try await reload()
        case .reloads:
            let reloads = reloader.reloads
            return Reply { json in
                json.object { json in
                    json.member("version", api.configuration.version)
                    json.member("reloads") { json in
                        json.array { json in
                            for report in reloads { report.write(to: &json) }
                        }
                    }
                }
            }
        case .resolve(let id):
            return try await resolve(id, inbound)
        case .sync(let id):
            return try await sync(id, inbound)
        case .events:
            return try await failedEvents(inbound)
        case .redeliver(let id):
            return try await redeliver(id, inbound)
        case .setProvider(let name, let disabled):
            guard api.setProvider(name, disabled: disabled) else {
                throw Problem(.notFound, "There is no such provider")
            }
            return Reply { json in
                json.object { json in
                    json.member("provider", name)
                    json.member("disabled", disabled)
                }
            }
        }
    }

    private func reload() async throws -> Reply {
        let report = await reloader.reload()
        guard report.isSuccessful else {
            var problem = Problem(
                .validationFailed, "the configuration has faults; version \(report.version) stays in force")
            problem.faults = report.faults
            throw problem
        }
        return Reply { json in
            json.object { json in
                json.member("version", report.version)
                json.member("warnings") { json in
                    json.array { json in
                        for warning in report.faults { json.string(warning) }
                    }
                }
            }
        }
    }

    /// Throws where the request may not be answered here: no operator's key, or, on loopback, another machine's name.
    private func authorize(_ inbound: Inbound) throws(Problem) {
        if isOnLoopback {
            guard let authority = inbound.authority, Loopback.isAuthority(authority) else {
                throw Problem(.forbidden, "The admin listener answers to localhost, 127.0.0.1 and [::1] only")
            }
        } else {
            guard Credentials.isOperator(inbound.headers, keys: api.configuration.server.adminKeys) else {
                throw Problem(.unauthenticated, "Send an operator's key, as Authorization: Bearer")
            }
        }
    }

    private func resolve(_ id: String, _ inbound: Inbound) async throws -> Reply {
        let body = try JSONValue(body: await inbound.jsonBody(limit: api.configuration.server.maxBody))
        var fields = FieldReader(body)
        let statuses = PaymentStatus.allCases.map(\.rawValue).joined(separator: ", ")
        let status = fields.string(
            "status", required: true, otherwise: "must be one of \(statuses)", PaymentStatus.init(rawValue:))
        let reference = fields.string("provider_reference", most: 255)
        let refunded = fields.integer("amount_refunded", in: 1...999_999_999_999)
        let note = fields.string("note", required: true)
        try fields.finishOrThrow()
        guard let status, let note else { preconditionFailure("a required member is there or a fault is") }
        let payment = try await api.resolve(
            payment: id, to: status, providerReference: reference, refunded: refunded, note: note)
        return Reply { payment.write(to: &$0) }
    }
}

extension ProviderHealthReport {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("provider", name)
            json.member("plugin", plugin)
            json.member("enabled", isEnabled)
            json.member("in_flight", inFlight)
            json.member("token_age_s", tokenAgeSeconds)
            json.member("operations") { json in
                json.array { json in
                    for operation in operations { operation.write(to: &json) }
                }
            }
        }
    }
}

extension OrphanCallback {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("provider", provider)
            json.member("event", notice.eventID)
            json.member("status", notice.report.state.name)
            json.member("amount", notice.report.money?.minorUnits)
            json.member("currency", notice.report.money?.currency.code)
            json.member("reference", notice.report.ourReference)
            json.member("provider_reference", notice.report.providerReference ?? notice.report.checkoutReference)
            json.member("authentic", isAuthentic)
            json.member("received_at", receivedAt.description)
        }
    }
}

extension ProviderHealthReport.OperationReport {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("operation", operation.rawValue)
            json.member("breaker", breaker)
            json.member("calls", calls)
            json.member("failure_rate", number: failureRate)
            json.member("p50_ms", recent?.p50)
            json.member("p99_ms", recent?.p99)
            json.member("opens_until", opensUntil?.description)
        }
    }

    /// The share as a decimal: 10 per mille is `0.01`.
    private var failureRate: JSONNumber {
        let digits = String(1000 + failuresPerMille % 1000).dropFirst()
        var text = "\(failuresPerMille / 1000).\(digits)"
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return JSONNumber(text: text) ?? JSONNumber(0)
    }
}
