import PaymentModel
import ProviderKit
import Resilience

/// What a plugin does for one kind of follow-up: its capability, without the kind.
struct FollowUpCapability: Sendable {
    let safety: @Sendable (FollowUp) -> SendSafety
    let request: @Sendable (FollowUp) -> ProviderRequest
    let outcome: @Sendable (ProviderReply, FollowUp) -> FollowUpOutcome

    /// Nil where the plugin does not conform to the capability.
    init?(_ operation: Operation, of adapter: any ProviderAdapter) {
        switch (operation, adapter) {
        case (.capture, let adapter as any Capturing):
            safety = { adapter.captureSafety(for: $0) }
            request = { adapter.captureRequest(for: $0) }
            outcome = { adapter.captureOutcome(of: $0, for: $1) }
        case (.cancel, let adapter as any Canceling):
            safety = { adapter.cancelSafety(for: $0) }
            request = { adapter.cancelRequest(for: $0) }
            outcome = { adapter.cancelOutcome(of: $0, for: $1) }
        case (.refund, let adapter as any Refunding):
            safety = { adapter.refundSafety(for: $0) }
            request = { adapter.refundRequest(for: $0) }
            outcome = { adapter.refundOutcome(of: $0, for: $1) }
        default: return nil
        }
    }
}

/// The sends of one follow-up, all to the provider that has the payment and all under one key.
struct FollowUpRun {
    /// How it ended, over all its sends.
    enum End {
        case done
        /// Taken up; the outcome comes later.
        case pending
        case declined(Decline)
        case rejected(detail: String)
        case conflict(detail: String)
        /// The provider never did it, and said so for long enough.
        case neverDone
        /// Nothing reached the provider, or it did nothing.
        case nobody(retryAfter: Duration?)
        /// Nobody knows.
        case open
    }

    let engine: PaymentEngine
    let runtime: ProviderRuntime
    let capability: FollowUpCapability
    let followUp: FollowUp
    /// Whether an earlier send is open already: then only an answer about that send closes it.
    private(set) var isOpen: Bool
    private(set) var attempts: [Attempt] = []

    init(
        engine: PaymentEngine, runtime: ProviderRuntime, capability: FollowUpCapability, followUp: FollowUp,
        isOpen: Bool = false
    ) {
        self.engine = engine
        self.runtime = runtime
        self.capability = capability
        self.followUp = followUp
        self.isOpen = isOpen
    }

    /// Whether the same request may be sent again, so long after its first send: the provider honours its key, or it moves no
    /// money by itself. Anything else is never repeated blindly.
    func isRepeatable(after elapsed: Duration) -> Bool {
        switch capability.safety(followUp) {
        case .inert: true
        case .replayable(let window): elapsed < window
        case .refusesDuplicates, .once: false
        }
    }

    /// Sends it, and sends it again under the same key where its outcome is open and the plugin declares that sound.
    mutating func run(most sends: Int, until deadline: ContinuousClock.Instant) async -> End {
        let timeout = runtime.configuration.timeout
        let least = min(timeout, .seconds(2))
        let request = capability.request(followUp)
        for send in 1...sends {
            let began = engine.environment.now
            let rest = began.duration(to: deadline)
            guard rest >= least else { return isOpen ? .open : .nobody(retryAfter: nil) }
            let capability = capability
            let followUp = followUp
            let exchanged = await runtime.followUp(
                followUp.operation, request, within: min(timeout, rest),
                limit: SendLimit(deadline: deadline, least: least)
            ) { reply in capability.outcome(reply, followUp) }
            if let end = take(exchanged, since: began) { return end }
            isOpen = true
            guard send < sends, isRepeatable(after: .zero), engine.budget.tryBeginRetry() else { break }
            defer { engine.budget.endRetry() }
            let environment = engine.environment
            let wake = environment.now + .seconds(1) + Backoff().delay(retry: send, random: environment.random())
            guard wake + least < deadline, (try? await environment.sleep(until: wake)) != nil else { break }
        }
        return .open
    }

    /// What one exchange says; nil where its outcome is open.
    private mutating func take(
        _ exchanged: Exchanged<FollowUpOutcome>, since began: ContinuousClock.Instant
    ) -> End? {
        switch exchanged {
        case .skipped(let reason, let wait):
            note(.skipped, reason, since: began)
            return isOpen ? .open : .nobody(retryAfter: wait)
        case .notSent(let failure):
            note(.unavailable, failure.reason, since: began)
            return isOpen ? .open : .nobody(retryAfter: nil)
        case .replied(.refused(let refusal)):
            note(refusal.attemptOutcome, refusal.reason, since: began)
            if isOpen { return .open }
            if case .rateLimited(let wait) = refusal.kind { return .nobody(retryAfter: wait) }
            return .nobody(retryAfter: nil)
        case .replied(.rejected(let detail, let code)):
            note(.rejected, code, since: began)
            return isOpen ? .open : .rejected(detail: detail)
        case .replied(.conflict(let detail)):
            note(.rejected, "conflict", since: began)
            return isOpen ? .open : .conflict(detail: detail)
        case .replied(.declined(let decline)):
            note(.declined, decline.code.rawValue, since: began)
            return .declined(decline)
        case .replied(.done):
            note(.accepted, nil, since: began)
            return .done
        case .replied(.pending):
            note(.accepted, "pending", since: began)
            return .pending
        case .replied(.ambiguous(let reason)):
            note(.ambiguous, reason, since: began)
            return nil
        case .lost(let failure):
            note(.ambiguous, failure.reason, since: began)
            return nil
        }
    }

    private mutating func note(
        _ outcome: Attempt.Outcome, _ reason: String?, since began: ContinuousClock.Instant
    ) {
        let took = began.duration(to: engine.environment.now).milliseconds
        let attempt = Attempt(
            provider: runtime.name, operation: followUp.operation, outcome: outcome, reason: reason,
            startedAt: engine.environment.wallClock.advanced(by: .milliseconds(-took)), durationMilliseconds: took)
        attempts.append(attempt)
    }
}
