import PaymentModel
import ProviderKit
import Resilience
import Routing

/// One run of a create over its candidates: the table of contract §6.
///
/// It decides from the whole history (`AttemptHistory`) whether another provider may be tried, and from what the adapter
/// declares (`SendSafety`) whether the same provider may be sent the same request again.
struct CreateRun {
    /// How the run ended.
    enum End {
        /// A provider answered; the payment in the store says what.
        case answered
        /// Somebody may have taken money, and nobody knows yet.
        case open(provider: String)
        case declined(Decline, providerReference: String?, provider: String)
        case rejected(detail: String, providerCode: String?, provider: String)
        /// The provider has this reference for a payment that is not this one.
        case belongsToAnother
        /// No provider took it, and nothing was charged anywhere.
        case nobody
    }

    /// What came of one candidate.
    private enum Step {
        case end(End)
        case next
    }

    let engine: PaymentEngine
    let call: Call
    let request: PaymentRequest
    let shape: PaymentShape
    let payment: Payment
    let scope: KeyDigest
    let candidates: [String]
    let failoverOn: Set<Route.Failover>
    /// Whether it repeats a create whose outcome is open.
    let isRepeat: Bool

    private(set) var attempts: [Attempt] = []
    private var history = AttemptHistory()
    private var softDecline: End?
    private var retryAfter: Duration?
    /// Places of the retry budget that this run holds until its end.
    private var retries = 0

    /// A new payment over the plan's candidates.
    init(
        engine: PaymentEngine, call: Call, request: PaymentRequest, shape: PaymentShape, payment: Payment,
        scope: KeyDigest, plan: RoutePlan
    ) {
        self.engine = engine
        self.call = call
        self.request = request
        self.shape = shape
        self.payment = payment
        self.scope = scope
        candidates = plan.candidates
        failoverOn = plan.route.failoverOn
        isRepeat = false
    }

    /// A replay of a create that is open at one provider: nobody else is tried.
    init(
        engine: PaymentEngine, call: Call, request: PaymentRequest, shape: PaymentShape, resuming record: PaymentRecord,
        at provider: String
    ) {
        self.engine = engine
        self.call = call
        self.request = request
        self.shape = shape
        payment = record.payment
        scope = record.key
        candidates = [provider]
        failoverOn = []
        isRepeat = true
        history = AttemptHistory(openAt: provider)
    }

    /// Seconds after which a caller may try again.
    var retryAfterSeconds: Int { max(1, (retryAfter ?? .seconds(1)).secondsRoundedUp) }

    /// The provider that a run which ended so has left the payment with; nil where nobody took it.
    func taker(_ end: End) -> String? {
        switch end {
        case .open(let provider), .declined(_, _, let provider), .rejected(_, _, let provider): provider
        case .answered, .belongsToAnother: attempts.last?.provider
        case .nobody: nil
        }
    }

    /// Goes through the candidates until one answers, or until nobody else may be tried.
    mutating func run() async -> End {
        defer { for _ in 0..<retries { engine.budget.endRetry() } }
        for (index, name) in candidates.enumerated() {
            guard let runtime = engine.runtime(name, in: call.configuration) else { continue }
            if index > 0, let failed = attempts.last {
                engine.metrics.failover(route: payment.route ?? "", from: failed, to: name)
            }
            switch await attempt(at: runtime) {
            case .end(let end): return end
            case .next: continue
            }
        }
        if let open = history.openProvider { return .open(provider: open) }
        return softDecline ?? .nobody
    }

    private mutating func attempt(at runtime: ProviderRuntime) async -> Step {
        let safety = runtime.adapter.createSafety(for: shape)
        let timeout = runtime.configuration.timeout
        var counter = 0
        var sends = 0
        while true {
            let rest = engine.environment.now.duration(to: call.deadline)
            let least = safety == .inert ? .milliseconds(50) : min(timeout, .seconds(2))
            guard rest >= least else {
                note(runtime, .create, .skipped, "deadline", since: engine.environment.now)
                return openOrNext
            }
            guard let order = await prepare(runtime, counter: counter) else { return .end(.answered) }
            guard let ticket = history.ticket(for: runtime.name) else { return openOrNext }
            let began = engine.environment.now
            let exchanged = await runtime.create(
                order, with: ticket, within: min(timeout, rest), limit: SendLimit(deadline: call.deadline, least: least)
            )
            sends += 1
            let lossReason: String
            switch exchanged {
            case .skipped(let reason, let wait):
                history.record(.notSent, spending: ticket)
                note(runtime, .create, .skipped, reason, since: began)
                hint(wait)
                return openOrNext
            case .notSent(let failure):
                history.record(.notSent, spending: ticket)
                note(runtime, .create, .unavailable, failure.reason, since: began)
                return openOr(next: .unavailable)
            case .lost(let failure):
                lossReason = failure.reason
            case .replied(.ambiguous(let reason)):
                lossReason = reason
            case .replied(.accepted(let report)):
                history.record(.answered, spending: ticket)
                note(runtime, .create, .accepted, nil, since: began)
                await observe(report, from: runtime)
                return .end(.answered)
            case .replied(.declined(let decline, let reference)):
                let wasOpen = history.openProvider != nil
                history.record(.answered, spending: ticket)
                note(runtime, .create, .declined, decline.code.rawValue, since: began)
                let end = End.declined(decline, providerReference: reference, provider: runtime.name)
                guard decline.code.isSoft, failoverOn.contains(.declined), !wasOpen else { return .end(end) }
                softDecline = end
                return .next
            case .replied(.refused(let refusal)):
                history.record(.refused, spending: ticket)
                if case .rateLimited(let wait) = refusal.kind {
                    note(runtime, .create, .rateLimited, refusal.reason, since: began)
                    hint(wait)
                    return openOr(next: .rateLimited)
                }
                note(runtime, .create, .unavailable, refusal.reason, since: began)
                return openOr(next: .unavailable)
            case .replied(.rejected(let detail, let code)):
                history.record(.refused, spending: ticket)
                note(runtime, .create, .rejected, code, since: began)
                if case .end(let end) = openOrNext { return .end(end) }
                return .end(.rejected(detail: detail, providerCode: code, provider: runtime.name))
            case .replied(.keyReused):
                history.record(.refused, spending: ticket)
                note(runtime, .create, .rejected, "key_reused", since: began)
                if case .end(let end) = openOrNext { return .end(end) }
                return .end(.belongsToAnother)
            case .replied(.duplicate):
                let wasOpen = history.openProvider != nil
                if safety == .inert {
                    // The session of that reference moved no money unless somebody has seen and paid it: ask, and take
                    // the next reference where nothing is paid.
                    history.record(.lostInert, spending: ticket)
                    note(runtime, .create, .ambiguous, "duplicate", since: began)
                    switch await ask(runtime) {
                    case .found(let report) where report.state.isMoney:
                        history.close(byAnswerFrom: runtime.name)
                        return await adopt(report, of: runtime, wasOpen: false)
                    case .found, .notFound:
                        counter += 1
                        if counter < 3 { continue }
                        return openOr(next: .unavailable)
                    case .nothing:
                        // It may be paid: not ours to open another one beside it.
                        return .end(.open(provider: runtime.name))
                    }
                }
                history.record(.ambiguous, spending: ticket)
                note(runtime, .create, .ambiguous, "duplicate", since: began)
                await markSent(began)
                guard case .found(let report) = await ask(runtime) else { return .end(.open(provider: runtime.name)) }
                return await adopt(report, of: runtime, wasOpen: wasOpen)
            }

            // Ambiguous: the request may have been processed.
            note(runtime, .create, .ambiguous, lossReason, since: began)
            #if PLANTED_BUGS
                if PlantedBug.failOverOnAmbiguous.isPlanted {
                    history.record(.notSent, spending: ticket)
                    return .next
                }
            #endif
            switch safety {
            case .inert:
                history.record(.lostInert, spending: ticket)
                return openOr(next: .unavailable)
            case .once:
                history.record(.ambiguous, spending: ticket)
                await markSent(began)
                return .end(.open(provider: runtime.name))
            case .replayable:
                history.record(.ambiguous, spending: ticket)
                await markSent(began)
                guard sends < 3, await pause(.seconds(1), retry: sends) else {
                    return .end(.open(provider: runtime.name))
                }
            case .refusesDuplicates:
                history.record(.ambiguous, spending: ticket)
                await markSent(began)
                switch await ask(runtime) {
                case .found(let report): return await adopt(report, of: runtime, wasOpen: true)
                case .nothing: return .end(.open(provider: runtime.name))
                case .notFound:
                    guard sends < 3, await pause(.zero, retry: sends) else {
                        return .end(.open(provider: runtime.name))
                    }
                }
            }
        }
    }

    // MARK: Asking

    private enum Asked {
        case found(ProviderReport)
        case notFound
        /// No answer that says anything.
        case nothing
    }

    /// Asks the provider by our reference, a few times where it does not answer.
    private mutating func ask(_ runtime: ProviderRuntime) async -> Asked {
        for retry in 1...3 {
            guard let record = await engine.store.record(payment.id),
                let inquiry = engine.inquiry(of: record, at: runtime)
            else { return .nothing }
            let rest = engine.environment.now.duration(to: call.deadline)
            guard rest > .milliseconds(50) else { return .nothing }
            let began = engine.environment.now
            let exchanged = await runtime.inquire(
                inquiry.adapter, inquiry.request, inquiry.subject, within: min(runtime.configuration.timeout, rest))
            switch exchanged {
            case .replied(.found(let report)):
                note(runtime, .inquiry, .accepted, nil, since: began)
                return .found(report)
            case .replied(.notFound):
                note(runtime, .inquiry, .accepted, "not_found", since: began)
                return .notFound
            case .replied(.refused(let refusal)):
                note(runtime, .inquiry, refusal.attemptOutcome, refusal.reason, since: began)
                return .nothing
            case .replied(.foreign):
                note(runtime, .inquiry, .ambiguous, "foreign_reference", since: began)
                return .nothing
            case .replied(.noAnswer(let reason)): note(runtime, .inquiry, .ambiguous, reason, since: began)
            case .lost(let failure): note(runtime, .inquiry, .ambiguous, failure.reason, since: began)
            case .notSent(let failure): note(runtime, .inquiry, .unavailable, failure.reason, since: began)
            case .skipped(let reason, _):
                note(runtime, .inquiry, .skipped, reason, since: began)
                return .nothing
            }
            guard retry < 3, await pause(.zero, retry: retry) else { return .nothing }
        }
        return .nothing
    }

    /// Takes what was found under our reference for the payment, unless it is somebody else's. `wasOpen`: we had sent this
    /// payment before, so that what is found is ours even where its amount differs; that is for a person to look at.
    private mutating func adopt(_ report: ProviderReport, of runtime: ProviderRuntime, wasOpen: Bool) async -> Step {
        if !wasOpen {
            if let money = report.money, money != payment.money { return .end(.belongsToAnother) }
            if let reference = report.providerReference {
                let name = PaymentRecord.name(runtime.name, reference)
                guard await engine.store.claim(reference: name, for: payment.id) else { return .end(.belongsToAnother) }
            }
        }
        history.close(byAnswerFrom: runtime.name)
        await observe(report, from: runtime)
        return .end(.answered)
    }

    // MARK: Record

    /// Says in the store who is about to be sent what, before it is sent: a callback may overtake the reply. Nil where one
    /// has told meanwhile what became of the payment: then nobody is sent anything any more.
    private func prepare(_ runtime: ProviderRuntime, counter: Int) async -> PaymentOrder? {
        let reference = engine.references.reference(
            of: scope, operation: .create, counter: counter, format: runtime.adapter.referenceFormat)
        let maySend = await engine.store.update(payment.id) { record in
            guard record.maySend else { return false }
            record.payment.assign(to: runtime.name)
            record.give(reference: reference, at: runtime.configuration)
            return true
        }
        guard maySend == true else { return nil }
        engine.hold(runtime)
        // Before a restart the same key may have made a payment under the same reference, and the provider told of it since.
        if await engine.applyOrphans(naming: [PaymentRecord.name(runtime.name, reference)]) {
            guard await engine.store.record(payment.id)?.maySend == true else { return nil }
        }
        return PaymentOrder(
            id: payment.id, reference: reference, request: request,
            callbackURL: engine.callbackURL(provider: runtime, payment: payment.id, call.configuration),
            createdAt: engine.sessionClock)
    }

    private func markSent(_ instant: ContinuousClock.Instant) async {
        await engine.store.update(payment.id) { if $0.firstSentAt == nil { $0.firstSentAt = instant } }
    }

    private func observe(_ report: ProviderReport, from runtime: ProviderRuntime) async {
        await engine.apply(report, from: runtime.name, to: payment.id)
    }

    private mutating func note(
        _ runtime: ProviderRuntime, _ operation: Operation, _ outcome: Attempt.Outcome, _ reason: String?,
        since began: ContinuousClock.Instant
    ) {
        let took = began.duration(to: engine.environment.now).milliseconds
        let attempt = Attempt(
            provider: runtime.name, operation: operation, outcome: outcome, reason: reason,
            startedAt: engine.environment.wallClock.advanced(by: .milliseconds(-took)), durationMilliseconds: took)
        attempts.append(attempt)
    }

    private mutating func hint(_ wait: Duration?) {
        guard let wait else { return }
        retryAfter = min(retryAfter ?? wait, wait)
    }

    // MARK: Going on

    /// Open where an earlier send is: later refusals leave it so. Else the next candidate.
    private var openOrNext: Step {
        if let open = history.openProvider { .end(.open(provider: open)) } else { .next }
    }

    /// The same, where the route lets a payment go on for such a reason; else nobody took it.
    private func openOr(next reason: Route.Failover) -> Step {
        if case .end(let end) = openOrNext { return .end(end) }
        return failoverOn.contains(reason) ? .next : .end(softDecline ?? .nobody)
    }

    /// Waits before a repeat: at least `least`, and a jittered backoff. False where the budget of retries or the deadline
    /// does not allow it.
    private mutating func pause(_ least: Duration, retry: Int) async -> Bool {
        guard engine.budget.tryBeginRetry() else { return false }
        retries += 1
        let wake = engine.environment.now + least + Backoff().delay(retry: retry, random: engine.environment.random())
        guard wake < call.deadline else { return false }
        do {
            try await engine.environment.sleep(until: wake)
            return true
        } catch {
            return false
        }
    }
}

extension Refusal {
    var attemptOutcome: Attempt.Outcome {
        if case .rateLimited = kind { .rateLimited } else { .unavailable }
    }
}

extension ReportedState {
    /// Whether money is taken or held.
    var isMoney: Bool {
        switch self {
        case .captured, .authorized, .partiallyRefunded, .refunded, .reversed: true
        default: false
        }
    }
}
