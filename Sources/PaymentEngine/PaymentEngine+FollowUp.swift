package import PaymentModel
import ProviderKit
import Resilience
package import StrictJSON

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
        let fingerprint = references.fingerprint(of: body)
        let mostWaiting = call.configuration.server.limits.followUpsWaiting
        return await claimed(scope, fingerprint, call) { lease in
            let answer = await self.locks.serialized(id, most: mostWaiting) {
                await self.runFollowUp(
                    operation, id, amount: amount, reason: reason, lease: lease, fingerprint: fingerprint, call: call)
            }
            if let answer { return answer }
            let refusal = self.tooManyFollowUps(call)
            self.keys.release(lease, refusal)
            return refusal
        } open: { id in
            await self.locks.serialized(id, most: mostWaiting) {
                await self.repeatFollowUp(of: id, key: scope, call: call)
            } ?? self.tooManyFollowUps(call)
        }
    }

    private func tooManyFollowUps(_ call: Call) -> Answer {
        let problem = Problem(
            .invalidState, "too many follow-ups of this payment wait for each other; nothing was done, send it again",
            retryAfter: 1)
        return Answer(problem, instance: call.requestID)
    }

    private func runFollowUp(
        _ operation: Operation, _ id: String, amount: Int64?, reason: String?, lease: IdempotencyLease,
        fingerprint: KeyDigest, call: Call
    ) async -> Answer {
        func release(_ problem: Problem) -> Answer {
            let answer = Answer(problem, instance: call.requestID)
            keys.release(lease, answer)
            return answer
        }
        guard let stored = await store.record(id), let provider = stored.payment.provider,
            let runtime = runtime(provider, in: call.configuration)
        else { return release(Problem(.notFound)) }
        // After `ttl` the key still belongs to what it did: sent again it would do it twice.
        if let known = stored.followUps[lease.key] {
            guard known == fingerprint else { return release(Problem(.idempotencyKeyReused)) }
            var answer = Answer(status: stored.payment.openOperation == nil ? 200 : 202, payment: stored.payment)
            answer.isReplayed = true
            keys.release(lease, answer)
            return answer
        }
        guard let capability = FollowUpCapability(operation, of: runtime.adapter) else {
            return release(
                Problem(
                    .operationNotSupported, "\(runtime.configuration.plugin) cannot \(operation.rawValue) a payment"))
        }
        // Its state may have moved on at the provider: asked before anything is decided on it.
        if stored.openFollowUp != nil {
            _ = await resolveFollowUp(of: id, until: call.deadline, in: call.configuration)
        } else if stored.isToBeAsked {
            await ask(stored, until: call.deadline, in: call.configuration)
        }

        let begun = await begin(operation, id, at: runtime, amount, reason, lease, fingerprint, call)
        switch begun {
        case nil: return release(Problem(.notFound))
        case .failure(.state(let detail)): return release(Problem(.invalidState, detail))
        case .failure(.amount(left: 0)): return release(.field("/amount", "nothing is left of the payment"))
        case .failure(.amount(let left)): return release(.field("/amount", "must be at most \(left), which is left"))
        case .success(let open):
            budget.beginRequest()
            defer { budget.endRequest() }
            var run = FollowUpRun(engine: self, runtime: runtime, capability: capability, followUp: open.followUp)
            let end = await run.run(most: 3, until: call.deadline)
            let record = await conclude(open, end, run.attempts)
            log(open, end, run.attempts, record.payment, call)
            if case .conflict = end { await ask(record, until: call.deadline, in: call.configuration) }
            return await answer(open, end, run.attempts, ending: lease)
        }
    }

    /// Marks the follow-up as sent, before it is: until its outcome is known no other one may begin.
    private func begin(
        _ operation: Operation, _ id: String, at runtime: ProviderRuntime, _ amount: Int64?, _ reason: String?,
        _ lease: IdempotencyLease, _ fingerprint: KeyDigest, _ call: Call
    ) async -> Result<OpenFollowUp, FollowUpFault>? {
        let now = environment.wallClock
        let instant = environment.now
        let newRefund = operation == .refund ? newID("re") : nil
        let most = call.configuration.server.limits.followUpsPerPayment
        let key = references.reference(
            of: lease.key, operation: operation, counter: 0, format: runtime.adapter.referenceFormat)
        return await store.update(id) { record -> Result<OpenFollowUp, FollowUpFault> in
            do throws(FollowUpFault) {
                let taken: Int64? =
                    switch operation {
                    case .capture: try record.payment.amountToCapture(amount)
                    case .refund: try record.payment.amountToRefund(amount)
                    default: nil
                    }
                if operation == .cancel { try record.payment.mustBeCancelable() }
                guard record.followUps.count < most else {
                    throw .state("a payment may have \(most) follow-ups, failed ones included")
                }
                let followUp = FollowUp(
                    operation: operation, payment: record.payment, reference: record.reference, key: key,
                    amount: taken, reason: reason, session: record.session)
                if let why = runtime.adapter.followUpObstacle(for: followUp) { throw .state(why) }
                let open = OpenFollowUp(
                    followUp: followUp, key: lease.key, requestID: call.requestID, firstSentAt: instant,
                    account: runtime.configuration.account)
                let refund = newRefund.map {
                    Refund(id: $0, amount: taken ?? 0, status: .unknown, reason: reason, createdAt: now)
                }
                record.payment.begin(
                    OpenOperation(type: operation, amount: taken, since: now), refund: refund, at: now)
                record.openFollowUp = open
                record.neverSeenSince = nil
                record.followUps[lease.key] = fingerprint
                record.isBusy = true
                return .success(open)
            } catch {
                return .failure(error)
            }
        }
    }

    /// Writes the end of a follow-up's sends into the store. A callback or an inquiry may have been faster: then it is closed
    /// already, and nothing changes.
    @discardableResult
    func conclude(_ open: OpenFollowUp, _ end: FollowUpRun.End, _ attempts: [Attempt]) async -> PaymentRecord {
        let now = environment.wallClock
        let instant = environment.now
        let changed = await store.update(open.followUp.payment.id) { record in
            let before = record.payment.status
            for attempt in attempts { record.payment.record(attempt) }
            record.isBusy = false
            guard record.openFollowUp === open else { return (record, false) }
            switch end {
            case .done: record.payment.completeOperation(at: now)
            case .pending: record.payment.acknowledgeOperation(at: now)
            case .nobody:
                record.payment.withdrawOperation(at: now)
                // Nothing was done: the key is free for another try.
                record.followUps[open.key] = nil
            case .declined, .rejected, .conflict, .neverDone: record.payment.abandonOperation(at: now)
            case .open: break
            }
            if record.payment.openOperation == nil {
                record.openFollowUp = nil
                record.neverSeenSince = nil
            } else {
                // Not since the last repeat: a person has to hear of it a day after it was sent.
                record.openSince = open.firstSentAt
                record.lastAskedAt = instant
            }
            return (record, record.payment.status != before)
        }
        guard let (record, hasMoved) = changed else { preconditionFailure("a payment that is under way was dropped") }
        if hasMoved { metrics.payment(record.payment) }
        return record
    }

    /// The answer to a follow-up whose sends have ended, and what its key is worth from now on.
    private func answer(
        _ open: OpenFollowUp, _ end: FollowUpRun.End, _ attempts: [Attempt], ending lease: IdempotencyLease
    ) async -> Answer {
        guard let record = await store.record(open.followUp.payment.id) else {
            preconditionFailure("a payment that is under way was dropped")
        }
        if case .nobody(let wait) = end, record.openFollowUp == nil {
            var problem = Problem(
                .noProviderAvailable,
                "the provider of this payment did not take the \(open.followUp.operation.rawValue); nothing was done",
                retryAfter: max(1, (wait ?? .seconds(1)).secondsRoundedUp))
            problem.attempts = attempts
            let answer = Answer(problem, instance: open.requestID)
            keys.release(lease, answer)
            return answer
        }
        if let answer = knownAnswer(to: open, end, record) {
            keys.keep(lease, answer)
            return answer
        }
        scheduleInquiry(of: record)
        let answer = Answer(status: 202, payment: record.payment)
        keys.hold(lease, open: record.payment.id, answer)
        return answer
    }

    /// The answer to a follow-up, by what is known of it; nil while its outcome is open.
    func knownAnswer(to open: OpenFollowUp, _ end: FollowUpRun.End, _ record: PaymentRecord) -> Answer? {
        var problem: Problem
        switch end {
        case .open, .pending, .done, .nobody:
            guard record.openFollowUp !== open else { return nil }
            if record.payment.shows(open) { return Answer(status: 200, payment: record.payment) }
            problem = Problem(
                .invalidState, "the \(open.followUp.operation.rawValue) was not done; the payment has moved on")
        case .declined(let decline): problem = Problem(.paymentDeclined, decline.message)
        case .rejected(let detail): problem = Problem(.providerRejected, detail)
        case .conflict(let detail): problem = Problem(.invalidState, detail)
        case .neverDone:
            problem = Problem(.paymentDeclined, "the provider never did the \(open.followUp.operation.rawValue)")
        }
        problem.payment = record.payment
        return Answer(problem, instance: open.requestID)
    }
}

extension Payment {
    /// Whether the payment, in which nothing is open, shows that the follow-up was done.
    fileprivate func shows(_ open: OpenFollowUp) -> Bool {
        switch open.followUp.operation {
        case .capture: [.captured, .partiallyRefunded, .refunded].contains(status)
        case .cancel: [.voided, .canceled].contains(status)
        default:
            refunds.count > open.followUp.payment.refunds.count
                && refunds[open.followUp.payment.refunds.count].status == .succeeded
        }
    }
}
