import PaymentModel
import ProviderKit
import Resilience

/// Finds out what became of captures, cancels and refunds whose outcome is open: by the same request under the same key
/// where the plugin declares that sound, else by asking. Never by sending blindly.
extension PaymentEngine {
    /// Pages of one asking at most; a provider that tells of more is not believed.
    private static var pagesAtMost: Int { 20 }

    /// A repeat of a key whose follow-up is open: one more look, unless there was one just now, and the payment as it is.
    func repeatFollowUp(of id: String, key: KeyDigest, call: Call) async -> Answer {
        guard let record = await store.record(id) else {
            return Answer(Problem(.notFound, "there is no payment of that id"), instance: call.requestID)
        }
        if record.openFollowUp?.key == key,
            (record.lastTriedAt ?? record.lastAskedAt).map({ $0.duration(to: environment.now) >= .seconds(1) }) ?? true,
            let answer = await resolveFollowUp(of: id, until: call.deadline, in: call.configuration)
        {
            return answer
        }
        let payment = await store.record(id)?.payment ?? record.payment
        let isOpen = payment.openOperation != nil
        let answer = Answer(status: isOpen ? 202 : 200, payment: payment)
        // Settled between the claim and the hold of its first request: the outcome is what is kept.
        if !isOpen { keys.settle(key: key, answer: answer) }
        return answer
    }

    /// Looks once what became of a payment's open follow-up. Under the payment's lock.
    ///
    /// - Parameter version: The request's that looks; nil in the background.
    /// - Returns: What its key is answered with from now on; nil while nobody knows.
    func resolveFollowUp(
        of id: String, until deadline: ContinuousClock.Instant, in version: EngineConfiguration? = nil
    ) async -> Answer? {
        guard let record = await store.record(id), let open = record.openFollowUp,
            let runtime = record.payment.provider.flatMap({ runtime($0, in: version) }),
            let capability = FollowUpCapability(open.followUp.operation, of: runtime.adapter)
        else { return nil }
        let instant = environment.now
        await store.update(id) { $0.lastTriedAt = instant }
        var run = FollowUpRun(
            engine: self, runtime: runtime, capability: capability, followUp: open.followUp, isOpen: true)
        // A key is known to the account that it was sent to; another one would do it anew.
        if open.account == runtime.configuration.account,
            run.isRepeatable(after: open.firstSentAt.duration(to: instant))
        {
            let end = await run.run(most: 1, until: deadline)
            await conclude(open, end, run.attempts)
            if let answer = await settle(open, end) { return answer }
            // Refused by its state: the state then tells what became of it. Without any reply there is nothing to ask.
            guard run.attempts.last?.outcome == .rejected else { return nil }
        }
        return await askAfter(open, at: runtime, until: deadline)
    }

    private func askAfter(
        _ open: OpenFollowUp, at runtime: ProviderRuntime, until deadline: ContinuousClock.Instant
    ) async -> Answer? {
        let id = open.followUp.payment.id
        guard let finding = await finding(of: open, at: runtime, until: deadline) else {
            guard let record = await store.record(id) else { return nil }
            let result = await ask(record, at: runtime, until: deadline)
            guard let asked = await store.record(id) else { return nil }
            if asked.openFollowUp !== open { return knownAnswer(to: open, .open, asked) }
            // What the state has not followed was not done, or not yet. A refund need not show in it.
            if case .answered = result, open.followUp.operation != .refund,
                asked.payment.status == open.followUp.payment.status
            {
                return await noteNotDone(open)
            }
            return nil
        }
        let instant = environment.now
        await store.update(id) { $0.lastAskedAt = instant }
        switch finding {
        case .done:
            await conclude(open, .done, [])
            return await settle(open, .done)
        case .declined(let decline):
            await conclude(open, .declined(decline), [])
            return await settle(open, .declined(decline))
        case .notDone where open.account == runtime.configuration.account:
            return await noteNotDone(open)
        case .pending, .noAnswer, .notDone:
            await store.update(id) { $0.neverSeenSince = nil }
            return nil
        }
    }

    /// What the provider says of the follow-up itself; nil where the plugin cannot ask after it.
    private func finding(
        of open: OpenFollowUp, at runtime: ProviderRuntime, until deadline: ContinuousClock.Instant
    ) async -> FollowUpFinding? {
        guard let adapter = runtime.adapter as? any FollowUpInquiring else { return nil }
        var replies: [ProviderReply] = []
        while let request = adapter.followUpInquiryRequest(for: open.followUp, after: replies) {
            guard replies.count < Self.pagesAtMost else { return .noAnswer(reason: "too_many_pages") }
            guard let time = runtime.timeToAsk(until: deadline) else { return .noAnswer(reason: "deadline") }
            switch await runtime.page(request, within: time) {
            case .replied(let reply): replies.append(reply)
            case .lost(let failure), .notSent(let failure): return .noAnswer(reason: failure.reason)
            case .skipped(let reason, _): return .noAnswer(reason: reason)
            }
        }
        return replies.isEmpty ? nil : adapter.followUpFinding(in: replies, for: open.followUp)
    }

    /// The provider knows the payment and nothing of the follow-up. That ends the matter once it has said so for long enough:
    /// until then the request may still be on its way.
    private func noteNotDone(_ open: OpenFollowUp) async -> Answer? {
        let instant = environment.now
        let since = await store.update(open.followUp.payment.id) { record in
            let since = record.neverSeenSince ?? instant
            record.neverSeenSince = since
            return since
        }
        guard let since, since.duration(to: instant) >= InquiryPolicy.neverSeenAfter else { return nil }
        await conclude(open, .neverDone, [])
        return await settle(open, .neverDone)
    }

    /// Keeps the first known outcome under the key that was open; nil while nothing is known.
    private func settle(_ open: OpenFollowUp, _ end: FollowUpRun.End) async -> Answer? {
        guard let record = await store.record(open.followUp.payment.id),
            let answer = knownAnswer(to: open, end, record)
        else { return nil }
        keys.settle(key: open.key, answer: answer)
        log(resolved: open, end, record)
        return answer
    }
}
