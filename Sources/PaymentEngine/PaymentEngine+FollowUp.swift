package import PaymentModel
import ProviderKit
import Resilience
package import StrictJSON

/// What a plugin does for one kind of follow-up: its capability, without the kind.
private struct FollowUpCapability: Sendable {
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

extension PaymentEngine {
    /// Captures, cancels or refunds a payment at the provider that has it, never elsewhere.
    ///
    /// - Parameters:
    ///   - amount: Minor units; nil takes all that is left. Not for a cancel.
    ///   - body: The JSON of the request, for the fingerprint.
    /// - Returns: 200 with the payment, 202 while the outcome is open, 402 where the provider declines, or a problem.
    package func followUp(
        _ operation: Operation, payment id: String, amount: Int64?, reason: String?, body: JSONValue, key: String,
        call: Call
    ) async -> Answer {
        guard let record = await store.record(id), record.isVisible, record.payment.app == call.app.name else {
            return Answer(Problem(.notFound, "there is no payment of that id"), instance: call.requestID)
        }
        let name = operation == .refund ? "refunds" : operation.rawValue
        let scope = references.scope(
            app: call.app.name, method: "POST", path: "/v1/payments/\(id)/\(name)", key: key)
        return await claimed(scope, references.fingerprint(of: body), call) { lease in
            await self.locks.serialized(id) {
                await self.runFollowUp(operation, id, amount: amount, reason: reason, lease: lease, call: call)
            }
        } open: { id in
            guard let payment = await self.store.record(id)?.payment else {
                return Answer(Problem(.notFound), instance: call.requestID)
            }
            let isOpen = payment.openOperation != nil
            let answer = Answer(status: isOpen ? 202 : 200, payment: payment)
            if !isOpen { self.keys.settle(key: scope, answer: answer) }
            return answer
        }
    }

    private func runFollowUp(
        _ operation: Operation, _ id: String, amount: Int64?, reason: String?, lease: IdempotencyLease, call: Call
    ) async -> Answer {
        func release(_ problem: Problem) -> Answer {
            let answer = Answer(problem, instance: call.requestID)
            keys.release(lease, answer)
            return answer
        }
        guard let stored = await store.record(id), let provider = stored.payment.provider,
            let runtime = runtime(provider)
        else { return release(Problem(.notFound)) }
        guard let capability = FollowUpCapability(operation, of: runtime.adapter) else {
            return release(
                Problem(
                    .operationNotSupported, "\(runtime.configuration.plugin) cannot \(operation.rawValue) a payment"))
        }
        // Its state may have moved on at the provider: asked before anything is decided on it.
        if stored.isToBeAsked { await ask(stored) }

        let now = environment.wallClock
        let newRefund = operation == .refund ? newID("re") : nil
        let followUpKey = references.reference(
            of: lease.key, operation: operation, counter: 0, format: runtime.adapter.referenceFormat)
        let begun = await store.update(id) { record -> Result<FollowUp, FollowUpFault> in
            do throws(FollowUpFault) {
                let taken: Int64? =
                    switch operation {
                    case .capture: try record.payment.amountToCapture(amount)
                    case .refund: try record.payment.amountToRefund(amount)
                    default: nil
                    }
                if operation == .cancel { try record.payment.mustBeCancelable() }
                let followUp = FollowUp(
                    operation: operation, payment: record.payment, reference: record.reference, key: followUpKey,
                    amount: taken, reason: reason, session: record.session)
                let refund = newRefund.map {
                    Refund(id: $0, amount: taken ?? 0, status: .unknown, reason: reason, createdAt: now)
                }
                record.payment.begin(
                    OpenOperation(type: operation, amount: taken, since: now), refund: refund, at: now)
                record.isBusy = true
                return .success(followUp)
            } catch {
                return .failure(error)
            }
        }
        switch begun {
        case nil: return release(Problem(.notFound))
        case .failure(.state(let detail)): return release(Problem(.invalidState, detail))
        case .failure(.amount(let left)): return release(.field("/amount", "must be at most \(left), which is left"))
        case .success(let followUp):
            let sent = await send(followUp, capability, to: runtime, until: call.deadline)
            return await finish(followUp, sent, lease: lease, call: call)
        }
    }

    /// How a follow-up ended, over all its sends.
    private enum FollowUpEnd {
        case replied(FollowUpOutcome)
        /// Nothing reached the provider, or it did nothing.
        case nobody(retryAfter: Duration?)
        /// Nobody knows.
        case open
    }

    private func send(
        _ followUp: FollowUp, _ capability: FollowUpCapability, to runtime: ProviderRuntime,
        until deadline: ContinuousClock.Instant
    ) async -> (end: FollowUpEnd, attempts: [Attempt]) {
        var attempts: [Attempt] = []
        var isOpen = false
        let timeout = runtime.configuration.timeout
        let request = capability.request(followUp)
        for send in 1...3 {
            let began = environment.now
            let startedAt = environment.wallClock
            let rest = began.duration(to: deadline)
            guard rest >= min(timeout, .seconds(2)) else { break }
            let exchanged = await runtime.followUp(followUp.operation, request, within: min(timeout, rest)) { reply in
                capability.outcome(reply, followUp)
            }
            func note(_ outcome: Attempt.Outcome, _ reason: String?) {
                attempts.append(
                    Attempt(
                        provider: runtime.name, operation: followUp.operation, outcome: outcome, reason: reason,
                        startedAt: startedAt, durationMilliseconds: began.duration(to: environment.now).milliseconds))
            }
            switch exchanged {
            case .skipped(let reason, let wait):
                note(.skipped, reason)
                return (isOpen ? .open : .nobody(retryAfter: wait), attempts)
            case .notSent(let failure):
                note(.unavailable, failure.reason)
                return (isOpen ? .open : .nobody(retryAfter: nil), attempts)
            case .replied(.refused(let refusal)):
                note(refusal.attemptOutcome, refusal.reason)
                return (isOpen ? .open : .nobody(retryAfter: nil), attempts)
            case .replied(.rejected(_, let code)) where isOpen:
                note(.rejected, code)
                return (.open, attempts)
            case .replied(.rejected(let detail, let code)):
                note(.rejected, code)
                return (.replied(.rejected(detail: detail, providerCode: code)), attempts)
            case .replied(.conflict(let detail)):
                note(.rejected, "conflict")
                return (isOpen ? .open : .replied(.conflict(detail: detail)), attempts)
            case .replied(.declined(let decline)):
                note(.declined, decline.code.rawValue)
                return (.replied(.declined(decline)), attempts)
            case .replied(.done(let reference)):
                note(.accepted, nil)
                return (.replied(.done(providerReference: reference)), attempts)
            case .replied(.pending(let reference)):
                note(.accepted, "pending")
                return (.replied(.pending(providerReference: reference)), attempts)
            case .replied(.ambiguous(let reason)): note(.ambiguous, reason)
            case .lost(let failure): note(.ambiguous, failure.reason)
            }
            // Ambiguous: repeated only under a key that the provider honours, never blindly.
            isOpen = true
            guard case .replayable = capability.safety(followUp), send < 3, budget.tryBeginRetry() else { break }
            let wake = environment.now + .seconds(1) + Backoff().delay(retry: send, random: environment.random())
            if wake < deadline { try? await environment.sleep(until: wake) }
            budget.endRetry()
        }
        return (isOpen ? .open : .nobody(retryAfter: nil), attempts)
    }

    private func finish(
        _ followUp: FollowUp, _ sent: (end: FollowUpEnd, attempts: [Attempt]), lease: IdempotencyLease, call: Call
    ) async -> Answer {
        let now = environment.wallClock
        let instant = environment.now
        let record = await store.update(followUp.payment.id) { record in
            for attempt in sent.attempts { record.payment.record(attempt) }
            record.isBusy = false
            switch sent.end {
            case .replied(.done): record.payment.completeOperation(at: now)
            case .replied(.pending): record.payment.acknowledgeOperation(at: now)
            case .replied, .nobody: record.payment.abandonOperation(at: now)
            case .open: break
            }
            if record.payment.openOperation != nil {
                record.openSince = instant
                record.lastAskedAt = instant
            }
            return record
        }
        guard let record else { preconditionFailure("a payment that is under way was dropped") }
        let payment = record.payment
        var problem: Problem
        switch sent.end {
        case .replied(.done):
            let answer = Answer(status: 200, payment: payment)
            keys.keep(lease, answer)
            return answer
        case .replied(.declined(let decline)):
            problem = Problem(.paymentDeclined, decline.message)
        case .replied(.rejected(let detail, _)):
            problem = Problem(.providerRejected, detail)
        case .replied(.conflict(let detail)):
            problem = Problem(.invalidState, detail)
        case .nobody(let wait):
            problem = Problem(
                .noProviderAvailable,
                "the provider of this payment did not take the \(followUp.operation.rawValue); nothing was done",
                retryAfter: max(1, (wait ?? .seconds(1)).secondsRoundedUp))
            problem.attempts = sent.attempts
            let answer = Answer(problem, instance: call.requestID)
            keys.release(lease, answer)
            return answer
        case .open, .replied:
            scheduleInquiry(of: record)
            let answer = Answer(status: 202, payment: payment)
            keys.hold(lease, open: payment.id, answer)
            return answer
        }
        problem.payment = payment
        let answer = Answer(problem, instance: call.requestID)
        keys.keep(lease, answer)
        return answer
    }
}
