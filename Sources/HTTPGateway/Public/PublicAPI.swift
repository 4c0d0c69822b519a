import APIDescription
import HTTPTypes
import NIOCore
import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import StrictJSON
import W3CTrace

/// The public listener's answers, with the checks of contract §3 in their order: path and method, key (401), permission
/// (403), rate (429); then what each call checks: media type, size, idempotency key, JSON, members.
struct PublicAPI<API: PaymentAPI>: Sendable {
    let api: API
    let environment: any EngineEnvironment
    let rateLimits: AppRateLimits

    /// Throws where the connection ended and nobody is there to answer.
    func answer(_ inbound: Inbound) async throws -> Reply {
        let path = PublicPath(inbound.path)
        var reply: Reply
        do {
            reply = try await answer(inbound, at: path)
        } catch let problem as Problem {
            reply = Reply(problem, requestID: inbound.id)
        }
        reply.route = path?.template
        return reply
    }

    private func answer(_ inbound: Inbound, at path: PublicPath?) async throws -> Reply {
        guard let path else { throw Problem(.notFound, "Nothing is at this path") }
        guard let call = path.call(inbound.method) else { return try Reply.otherMethod(inbound, allowed: path.allowed) }
        switch call {
        case .app(let call):
            return try await answer(call, inbound)
        case .callback(let provider, let token):
            return try await callback(provider: provider, token: token, inbound)
        case .returning(let provider, let token):
            guard let address = await api.returnAddress(provider: provider, token: token) else {
                throw Problem(.notFound, "Nothing is at this path")
            }
            return Reply(status: 303, headers: [.location: address, .referrerPolicy: "no-referrer"])
        case .description:
            return Reply(document: APIDocument.yaml, type: "application/yaml")
        case .documentation:
            var reply = Reply(document: APIDocument.page.html, type: "text/html; charset=utf-8")
            reply.headers[.contentSecurityPolicy] = APIDocument.page.contentSecurityPolicy
            return reply
        }
    }

    private func answer(_ call: AppCall, _ inbound: Inbound) async throws -> Reply {
        let configuration = api.configuration
        guard let app = Credentials.app(inbound.headers, in: configuration.apps) else {
            throw Problem(.unauthenticated, "Send one valid key, as Authorization: Bearer or X-API-Key")
        }
        guard app.allow.contains(call.permission) else {
            throw Problem(.forbidden, "This app's allow does not name \(call.permission.rawValue)")
        }
        guard !app.rateLimits.isEmpty else { return try await perform(call, inbound, app, configuration) }
        var reply: Reply
        let standing: RateStanding?
        switch rateLimits.admit(app, of: configuration.apps) {
        case .refused(let retryAfter, let refusing):
            standing = refusing
            let seconds = max(1, retryAfter.secondsRoundedUp)
            reply = Reply(
                Problem(.rateLimited, "This app's rate limit is used up", retryAfter: seconds), requestID: inbound.id)
        case .admitted(let least):
            standing = least
            do {
                reply = try await perform(call, inbound, app, configuration)
            } catch let problem as Problem {
                reply = Reply(problem, requestID: inbound.id)
            }
        }
        RateLimitFields.add(to: &reply.headers, limits: app.rateLimits, standing: standing)
        return reply
    }

    private func perform(
        _ call: AppCall, _ inbound: Inbound, _ app: AppConfiguration, _ configuration: EngineConfiguration
    ) async throws -> Reply {
        let context = Call(
            configuration: configuration, app: app, requestID: inbound.id,
            begunAt: inbound.arrivedAt, deadline: inbound.arrivedAt + configuration.server.requestTimeout,
            trace: TraceContext.current)
        switch call {
        case .create: return try await create(inbound, context)
        case .list: return try await list(inbound, context)
        case .read(let id): return try await read(id, inbound, context)
        case .followUp(let operation, let id): return try await followUp(operation, id, inbound, context)
        case .sync(let id): return try await sync(id, inbound, context)
        case .explain: return try await explain(inbound, context)
        case .paymentMethods: return try await paymentMethods(inbound, context)
        case .listEvents: return try await listEvents(inbound, context)
        case .readEvent(let id): return try await readEvent(id, inbound, context)
        case .redeliver(let id): return try await redeliver(id, inbound, context)
        }
    }

    private func callback(provider: String, token: String?, _ inbound: Inbound) async throws -> Reply {
        let body = try await inbound.body(limit: api.configuration.server.maxBody)
        let delivery = CallbackDelivery(
            headers: inbound.headers, body: Array(body.readableBytesView), receivedAt: environment.wallClock)
        switch await api.receiveCallback(
            provider: provider, token: token, delivery: delivery, from: inbound.senderAddress)
        {
        case .accepted: return Reply { $0.object { $0.member("status", "ok") } }
        case .refused: throw Problem(.unauthenticated, "The callback's signature, key or token is missing or wrong")
        case .notKept: throw Problem(.paymentStoreFull, "There is no room for it now; send it again", retryAfter: 60)
        case .unknownProvider: throw Problem(.notFound, "Nothing is at this path")
        }
    }
}

extension Reply {
    /// The answer to a method that a path does not have: `OPTIONS` is answered everywhere.
    static func otherMethod(_ inbound: Inbound, allowed: String) throws -> Reply {
        if inbound.method == .options { return Reply(status: 204, headers: [.allow: allowed]) }
        var reply = Reply(
            Problem(.methodNotAllowed, "The methods here are \(allowed)"), requestID: inbound.id)
        reply.headers[.allow] = allowed
        return reply
    }
}
