import HTTPTypes
import PaymentModel
import ProviderKit
import Resilience
import Synchronization
import Tracing
import W3CTrace

/// One provider instance at work: its transport, breakers, token and limits. Lives on over reloads that leave the instance as
/// it was, and is let go of when no version, no call and no payment needs it any more: that ends its connections.
final class ProviderRuntime: Sendable {
    let configuration: ProviderConfiguration
    let transport: any ProviderTransport
    private let breakers: [CircuitBreaker]
    private let tokens: TokenCache<Secret, TransportFailure>?
    private let limiter: RateLimiter?
    private let environment: any EngineEnvironment
    let metrics: EngineMetrics
    private let spans: Spans
    private let host: String
    private let shared: Shared
    private let calls: Calls

    /// What an instance has in common with those that it followed: the provider is the same one.
    private final class Shared: Sendable {
        let callsUnderWay = Atomic(0)
        let pause = Mutex(RequestedPause())
    }

    /// What instances of the same account have in common.
    private final class Calls: Sendable {
        let activity: Mutex<CallActivity>

        init(begunAt: ContinuousClock.Instant) {
            activity = Mutex(CallActivity(origin: begunAt))
        }
    }

    var name: String { configuration.name }
    var adapter: any ProviderAdapter { configuration.adapter }

    /// - Parameter old: The instance that had the name before. What it knows that a change leaves true is taken over and shared
    ///   with its calls under way: the limits where they are the same, so that reloads let no more through; token and
    ///   breakers where it is the same account (and the same breaker), and what its calls came to.
    init(
        configuration: ProviderConfiguration, transport: any ProviderTransport, environment: any EngineEnvironment,
        metrics: EngineMetrics, spans: Spans, succeeding old: ProviderRuntime? = nil
    ) {
        self.configuration = configuration
        self.transport = transport
        self.environment = environment
        self.metrics = metrics
        self.spans = spans
        host = WebAddress(configuration.baseURL)?.host ?? ""
        let random: RandomSource = { environment.random() }
        let sameAccount = old.flatMap { $0.configuration.account == configuration.account ? $0 : nil }
        if let sameAccount, sameAccount.configuration.breaker == configuration.breaker {
            breakers = sameAccount.breakers
        } else {
            breakers = Operation.allCases.map { _ in
                CircuitBreaker(settings: configuration.breaker, time: environment, nextRandom: random)
            }
        }
        if let old, old.configuration.rateLimits == configuration.rateLimits {
            limiter = old.limiter
        } else {
            limiter =
                configuration.rateLimits.isEmpty
                ? nil : RateLimiter(limits: configuration.rateLimits, time: environment)
        }
        tokens =
            configuration.adapter is any TokenAuthenticated
            ? sameAccount?.tokens ?? TokenCache(time: environment, nextRandom: random) : nil
        shared = old?.shared ?? Shared()
        calls = sameAccount?.calls ?? Calls(begunAt: environment.now)
    }

    /// Calls under way, also those of instances that had the name before.
    var inFlight: Int { shared.callsUnderWay.load(ordering: .relaxed) }
    /// Whether calls count against our own limits still.
    var isLimitSpent: Bool { limiter?.isSpent ?? false }
    var tokenAge: Duration? { tokens?.age }
    /// The calls of the last minutes, also those of instances of the same account that had the name before.
    var activity: CallActivity { calls.activity.withLock { $0 } }

    /// How long a question may take that has to have ended by `deadline`; nil where too little is left to hear of it.
    func timeToAsk(until deadline: ContinuousClock.Instant?) -> Duration? {
        let timeout = configuration.timeout
        guard let deadline else { return timeout }
        let rest = environment.now.duration(to: deadline)
        return rest >= min(timeout, .seconds(2)) ? min(timeout, rest) : nil
    }

    func breaker(_ operation: Operation) -> CircuitBreaker {
        breakers[Operation.allCases.firstIndex(of: operation) ?? 0]
    }

    /// Asks the provider's last word, the breaker and our own limit whether a call may be made now. The permit goes back with
    /// `close`. A token is not held back by what the provider said of payments.
    func admit(_ operation: Operation, method: HTTPRequest.Method) -> Admission {
        let now = environment.now
        if operation != .token, let wait = shared.pause.withLock({ $0.rest(now: now) }) {
            return .refused(reason: "provider_limit", retryAfter: wait)
        }
        let permit: BreakerPermit
        switch breaker(operation).admit() {
        case .permit(let given): permit = given
        case .refused(let retryAt):
            return .refused(reason: "breaker_open", retryAfter: now.duration(to: retryAt))
        }
        if case .refused(let wait, _)? = limiter?.admit(share: operation == .inquiry ? .half : .whole) {
            breaker(operation).record(permit, .ignored, duration: .zero)
            return .refused(reason: "provider_limit", retryAfter: wait)
        }
        let span = spans.begin("\(operation.rawValue) \(name)", .client, below: TraceContext.current)
        return .admitted(
            CallPermit(
                operation: operation, method: method, breaker: permit, begunAt: environment.now, span: span))
    }

    enum Admission {
        case admitted(CallPermit)
        /// Nothing was sent. A slug, and when it may be tried again.
        case refused(reason: String, retryAfter: Duration)
    }

    /// The right to one call, from breaker and limit.
    struct CallPermit {
        let operation: Operation
        let method: HTTPRequest.Method
        let breaker: BreakerPermit
        let begunAt: ContinuousClock.Instant
        /// The call in its trace.
        let span: OpenSpan
    }

    /// Gives the permit back with what the call says of the provider's health, and counts it.
    ///
    /// - Parameter status: Of the reply; nil where none came.
    func close(_ permit: CallPermit, _ result: BreakerResult, as outcome: Attempt.Outcome, status: Int? = nil) {
        let now = environment.now
        let took = permit.begunAt.duration(to: now)
        breaker(permit.operation).record(permit.breaker, result, duration: took)
        metrics.request(name, permit.operation, outcome, took: took)
        calls.activity.withLock { activity in
            activity.count(permit.operation, isFault: result == .failure, milliseconds: took.milliseconds, at: now)
        }
        permit.span.end(isFailed: result == .failure) {
            var attributes: SpanAttributes = [
                "http.request.method": .string(permit.method.rawValue), "server.address": .string(host),
                "switchyard.provider": .string(name),
                "switchyard.operation": .string(permit.operation.rawValue),
                "switchyard.outcome": .string(outcome.rawValue),
            ]
            if let status { attributes["http.response.status_code"] = status }
            return attributes
        }
    }

    /// The provider asked us to wait: until then payments go to others, and nothing is asked.
    func pause(for wait: Duration) {
        let now = environment.now
        shared.pause.withLock { $0.request(wait, now: now) }
    }

    /// Sends a request with the provider's token in it where it needs one. `isRefused` reads from a reply whether the
    /// credentials were refused: then the token is dropped and the same request sent once more with a new one, which is
    /// sound because a refused request did nothing.
    ///
    /// - Parameters:
    ///   - timeout: Of one sending; waiting for a token has as much beside it.
    ///   - limit: When all of it must have ended, and how much time before that a sending must have.
    func send(
        _ request: ProviderRequest, as span: OpenSpan, within timeout: Duration, limit: SendLimit?,
        isRefused: (ProviderReply) -> Bool
    ) async -> Transmission {
        shared.callsUnderWay.wrappingAdd(1, ordering: .relaxed)
        defer { shared.callsUnderWay.wrappingSubtract(1, ordering: .relaxed) }
        guard let tokens, let adapter = adapter as? any TokenAuthenticated else {
            return await transmit(request, as: span, timeout: timeout)
        }
        let limit = limit ?? SendLimit(deadline: environment.now + timeout, least: .zero)
        var refused: Transmission?
        while true {
            let token: Secret
            let generation: UInt64
            let patience = min(limit.deadline - limit.least, environment.now + timeout)
            switch await tokens.token(deadline: patience, fetch: tokenFetch(adapter)) {
            case .token(let cached, let number): (token, generation) = (cached, number)
            case .failed(let failure): return refused ?? .notSent(failure)
            case .timedOut: return refused ?? .notSent(TransportFailure("token_timeout"))
            }
            var authorized = request
            adapter.authorize(&authorized, with: token)
            let rest = environment.now.duration(to: limit.deadline)
            guard rest > .zero, rest >= limit.least else {
                return refused ?? .notSent(TransportFailure("token_timeout"))
            }
            let transmission = await transmit(authorized, as: span, timeout: min(timeout, rest))
            guard case .replied(let reply) = transmission, isRefused(reply) else { return transmission }
            tokens.reject(generation: generation)
            if refused != nil { return transmission }
            refused = transmission
        }
    }

    /// Gives a request to the transport, with its span in it. The adapter does not see that: what it signs is signed already.
    private func transmit(_ request: ProviderRequest, as span: OpenSpan, timeout: Duration) async -> Transmission {
        var traced = request
        span.trace.write(to: &traced.headers)
        return await transport.send(traced, timeout: timeout)
    }

    /// Fetches a token under its own breaker and time limit: it belongs to no caller.
    private func tokenFetch(
        _ adapter: any TokenAuthenticated
    ) -> TokenCache<Secret, TransportFailure>.Fetch {
        { [self] in
            let permit: CallPermit
            let request = adapter.tokenRequest()
            switch admit(.token, method: request.method) {
            case .admitted(let given): permit = given
            case .refused(let reason, _):
                metrics.request(name, .token, .skipped, took: nil)
                return .failure(TransportFailure("token_" + reason))
            }
            let transmission = await transmit(
                request, as: permit.span, timeout: configuration.timeout)
            switch transmission {
            case .notSent(let failure), .sentWithoutReply(let failure):
                close(permit, .failure, as: .unavailable)
                metrics.token(name, .failed)
                return .failure(TransportFailure("token_" + failure.reason, detail: failure.detail))
            case .replied(let reply):
                switch adapter.tokenOutcome(of: reply) {
                case .issued(let token, let lifetime):
                    close(permit, .success, as: .accepted, status: reply.status)
                    metrics.token(name, .issued)
                    return .success((token, lifetime))
                case .refused(let refusal):
                    close(
                        permit, refusal.breakerResult(status: reply.status), as: refusal.attemptOutcome,
                        status: reply.status)
                    metrics.token(name, .refused)
                    return .failure(TransportFailure(refusal.reason))
                case .noAnswer(let reason):
                    close(permit, .failure, as: .ambiguous, status: reply.status)
                    metrics.token(name, .failed)
                    return .failure(TransportFailure("token_" + reason))
                }
            }
        }
    }
}

/// Until when a call may take, and how much of that the sending itself must have: a money-moving request is not begun
/// without the time to hear of it.
struct SendLimit: Sendable {
    let deadline: ContinuousClock.Instant
    let least: Duration
}

extension Refusal {
    /// What the refusal says of the provider's health: declines and 4xx count as health, a 429 as neither.
    func breakerResult(status: Int) -> BreakerResult {
        switch kind {
        case .rateLimited: .ignored
        case .credentials: .success
        case .unavailable: status >= 500 ? .failure : .success
        }
    }
}
