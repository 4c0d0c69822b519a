import HTTPTypes
import HummingbirdCore
import NIOCore
import PaymentEngine
import Resilience
import Tracing
import W3CTrace

/// Answers requests: what decides is in `answer`, what every answer carries is added here.
struct RequestServer: Sendable {
    let environment: any EngineEnvironment
    let spans: Spans
    let date = HTTPDate()
    /// Whether the process is shutting down.
    let isDraining: @Sendable () -> Bool
    /// Nil where requests are not counted.
    let metrics: HTTPMetrics?
    /// Throws a `Problem`, or anything else where the connection ended and nobody is there to answer.
    let answer: @Sendable (Inbound) async throws -> Reply

    func respond(to request: Request, channel: any Channel) async throws -> Response {
        let inbound = Inbound(request, channel: channel, arrivedAt: environment.now)
        let span = spans.begin("HTTP", .server, below: inbound.parent)
        var reply: Reply
        do {
            reply = try await TraceContext.$current.withValue(span.trace) {
                try await answer(inbound)
            }
        } catch let problem as Problem {
            reply = Reply(problem, requestID: inbound.id)
        }
        addCommonFields(to: &reply, requestID: inbound.id)
        // What came goes back: it names the caller's own span, and a caller that has many requests under way can tell.
        if inbound.parent != nil { reply.headers[.traceParent] = inbound.headers[.traceParent] }
        // Where a body that the caller holds back was not asked for, the next request cannot be told from it.
        let heldBack = inbound.holdsBodyBack && (reply.status >= 400 || inbound.method == .get)
        if reply.closesConnection || heldBack || isDraining() || inbound.asksToClose {
            reply.headers[.connection] = "close"
        }
        let body =
            inbound.isHead || reply.body.readableBytes == 0 ? ResponseBody() : ResponseBody(byteBuffer: reply.body)
        var response = Response(
            status: HTTPResponse.Status(answering: reply.status), headers: reply.headers, body: body)
        if reply.status == 204 { response.headers[.contentLength] = nil }
        metrics?.answered(
            route: reply.route, method: request.method, status: reply.status,
            took: inbound.arrivedAt.duration(to: environment.now))
        let (route, status) = (reply.route, reply.status)
        let method = HTTPMetrics.knownName(request.method) ?? "_OTHER"
        span.end(named: route.map { "\(method) \($0)" }, isFailed: status >= 500) {
            var attributes: SpanAttributes = [
                "http.request.method": .string(method),
                "switchyard.request_id": .string(inbound.id),
            ]
            attributes["http.response.status_code"] = status
            if let route { attributes["http.route"] = route }
            return attributes
        }
        return response
    }

    /// The answer to what does not become a request. It ends the connection.
    func refusal(_ problem: Problem) -> Reply {
        let id = RequestIdentity.requestID(in: [:])
        var reply = Reply(problem, requestID: id)
        addCommonFields(to: &reply, requestID: id)
        reply.headers[.connection] = "close"
        metrics?.refused(status: reply.status)
        return reply
    }

    private func addCommonFields(to reply: inout Reply, requestID: String) {
        reply.headers[.requestID] = requestID
        reply.headers[.cacheControl] = "no-store"
        reply.headers[.date] = date.text(at: environment.wallClock)
        if reply.status != 204 { reply.headers[.contentLength] = String(reply.body.readableBytes) }
    }
}
