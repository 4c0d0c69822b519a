import Logging
import PaymentModel
import ProviderKit
import Resilience
import W3CTrace

/// A question to a provider after one payment.
struct Inquiry {
    let adapter: any Inquiring
    let subject: InquirySubject
    let request: ProviderRequest
}

extension PaymentEngine {
    /// How many payments are asked after at the same time.
    private static var inquiriesAtOnce: Int { 16 }
    /// How long one look at an open follow-up may take.
    private static var askingTakes: Duration { .seconds(30) }

    /// Asks after open payments when their time comes, until the task is cancelled.
    func askAfterPayments() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            while let payment = await inquiries.next() {
                if running == Self.inquiriesAtOnce {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { await self.counted { await self.askInBackground(payment) } }
            }
        }
    }

    /// The question to ask after a payment at the provider that has it; nil where nobody can be asked.
    ///
    /// - Parameters:
    ///   - id: What an app says that the provider's id is.
    ///   - reference: Another one of our references than the last.
    func inquiry(
        of record: PaymentRecord, at runtime: ProviderRuntime? = nil, claiming id: String? = nil,
        reference: String? = nil
    ) -> Inquiry? {
        guard let runtime = runtime ?? record.payment.provider.flatMap({ self.runtime($0) }),
            let adapter = runtime.adapter as? any Inquiring
        else { return nil }
        let payment = record.payment
        // What the provider told belongs to the last reference, and to no other page of the payment.
        let isLast = reference == nil || reference == record.reference
        let subject = InquirySubject(
            reference: reference ?? record.reference, providerReference: isLast ? payment.providerReference : nil,
            checkoutReference: isLast ? payment.checkoutReference : nil, money: payment.money,
            method: payment.method, capture: payment.capture, createdAt: payment.createdAt,
            expiresAt: isLast ? payment.expiresAt : nil, session: isLast ? record.session : [:],
            now: expiryClock, claimedTransactionID: id)
        guard let request = adapter.inquiryRequest(for: subject) else { return nil }
        return Inquiry(adapter: adapter, subject: subject, request: request)
    }

    /// Applies what a provider said to a payment, and settles the key of a create that was open. Nil where there is no
    /// such payment.
    @discardableResult
    func apply(_ report: ProviderReport, from provider: String, to id: String) async -> ObservationEffect? {
        let now = environment.wallClock
        let observation = Observation(
            provider: provider, state: report.state, money: report.money,
            providerReference: report.providerReference, checkoutReference: report.checkoutReference,
            expiresAt: report.expiresAt)
        var hasLearnt = false
        let effect = await change(id) { record in
            let effect = record.payment.observe(observation, at: now)
            // A provider that had the payment before a failover has nothing to say of it where it is now.
            if record.payment.provider == provider { record.session.merge(report.session) { $1 } }
            let known = record.references.count
            record.learnProviderReference()
            hasLearnt = record.references.count > known && record.isVisible
            return effect
        }
        if hasLearnt, let record = await store.record(id) {
            await applyOrphans(naming: record.references)
            // A transaction pays one payment: where two have it, a person has to look.
            if let reference = report.providerReference,
                await store.id(ofReference: PaymentRecord.name(provider, reference)) != id
            {
                return await change(id) { $0.payment.needReview(.contradiction, at: now) }
            }
        }
        return effect
    }

    /// Changes a payment, logs what changed, and settles the key of a create that was open.
    func change(_ id: String, _ body: (inout PaymentRecord) -> ObservationEffect) async -> ObservationEffect? {
        let changed = await store.update(id) { record in
            let (open, review) = (record.openFollowUp, record.payment.review)
            let effect = body(&record)
            // What the provider said may be the answer to a follow-up that was open.
            if record.payment.openOperation == nil { record.openFollowUp = nil }
            let closed = record.openFollowUp == nil ? open : nil
            return (
                effect, record, closed, isReviewNew: record.payment.review != nil && record.payment.review != review
            )
        }
        guard let (effect, record, closed, isReviewNew) = changed else { return nil }
        if isReviewNew { tellReview(of: record) }
        if let closed, !record.isBusy, let answer = knownAnswer(to: closed, .open, record) {
            keys.settle(key: closed.key, answer: answer)
        }
        switch effect {
        case .unchanged, .needsReview: break
        case .changed(let before, let isLate):
            if isLate { metrics.lateSuccess(record.payment.provider ?? "") }
            if record.isVisible {
                metrics.payment(record.payment)
                logger.info(
                    isLate ? "payment succeeded after it had ended" : "payment changed",
                    metadata: record.metadata.merging([
                        "from": "\(before.rawValue)", "to": "\(record.payment.status.rawValue)",
                    ]) { $1 })
            }
            // A replay that is under way settles it itself, with the answer that it gives.
            if record.isVisible, !record.isBusy, before == .unknown {
                keys.settle(key: record.key, answer: currentAnswer(of: record))
            }
        }
        return effect
    }

    /// Counts and logs that a payment has come under review.
    func tellReview(of record: PaymentRecord) {
        guard let reason = record.payment.review?.reason else { return }
        metrics.review(reason)
        logger.warning(
            "payment needs review", metadata: record.metadata.merging(["reason": "\(reason.rawValue)"]) { $1 })
    }

    /// Puts a payment down for its next inquiry, where one is due.
    func scheduleInquiry(of record: PaymentRecord) {
        // Before its create is answered nothing is asked from here; the answer puts it down. So does the end of a question.
        guard record.isAwaited, !record.isBeingAsked, let openSince = record.openSince else { return }
        let now = environment.now
        let adapter = record.payment.provider.flatMap { runtime($0) }?.adapter as? any Inquiring
        let policy = InquiryPolicy(
            times: configuration.server.inquiry, leastInterval: adapter?.leastInquiryInterval ?? .zero)
        let expiry = record.payment.expiresAt.map { expiresAt in
            Duration.milliseconds(expiresAt.milliseconds - expiryClock.milliseconds)
        }
        let due = policy.next(
            InquiryPolicy.History(
                isOpen: record.isToBeAsked, openSince: openSince,
                lastAskedAt: record.lastAskedAt ?? openSince, lastTriedAt: record.lastTriedAt,
                lastAnsweredAt: record.lastAnsweredAt, hint: record.hint), now: now, expiry: expiry,
            jitter: environment.random())
        if let due { inquiries.add(record.payment.id, due: due) }
    }

    /// Takes an unsigned callback as a reason to ask, whatever the payment's state: it may tell of a late success.
    func takeHint(on id: String, tellsOfMoney: Bool, reference: String? = nil) async {
        let instant = environment.now
        let record = await store.update(id) { record in
            record.takeHint(tellsOfMoney: tellsOfMoney, reference: reference, at: instant)
            return record
        }
        if let record { scheduleInquiry(of: record) }
    }

    private func askInBackground(_ id: String) async {
        let taken = await store.update(id) { record -> PaymentRecord? in
            guard record.isAwaited, !record.isBeingAsked else { return nil }
            record.isBeingAsked = true
            return record
        }
        guard let taken, let record = taken else { return }
        await TraceContext.$current.withValue(record.trace) { await self.askInBackground(taken: record) }
        if let record = await store.record(id) { scheduleInquiry(of: record) }
    }

    private func askInBackground(taken record: PaymentRecord) async {
        let id = record.payment.id
        let isAnswered: Bool
        if record.isBusy {
            isAnswered = false
        } else if record.openFollowUp != nil {
            // No longer than a request of an app, which may wait behind it.
            let deadline = environment.now + min(Self.askingTakes, configuration.server.requestTimeout)
            isAnswered = await locks.serialized(id) { await self.resolveFollowUp(of: id, until: deadline) } != nil
        } else {
            let reference = record.hint?.reference
            isAnswered =
                await reference == nil
                ? ask(record, naming: record.claim).isOver : ask(record, reference: reference).isOver
        }
        let instant = environment.now
        let now = environment.wallClock
        _ = await change(id) { changed in
            changed.lastTriedAt = instant
            changed.isBeingAsked = false
            if let hint = changed.hint, hint.number == record.hint?.number {
                let isStale = hint.since.duration(to: instant) >= InquiryPolicy.givesUpAfter
                if isAnswered && changed.isAnswered(hint) || isStale {
                    changed.hint = nil
                } else {
                    changed.hint?.tries += 1
                }
            }
            guard changed.isToBeAsked, let openSince = changed.openSince,
                openSince.duration(to: instant) >= InquiryPolicy.givesUpAfter
            else { return .unchanged }
            return changed.payment.needReview(.unresolved, at: now)
        }
    }

    /// Asks the provider once and applies the answer.
    ///
    /// - Parameter version: The request's that asks; nil in the background.
    @discardableResult
    func ask(
        _ record: PaymentRecord, claiming transaction: String? = nil, reference: String? = nil,
        until deadline: ContinuousClock.Instant? = nil, in version: EngineConfiguration? = nil
    ) async -> AskResult {
        await ask(
            record, at: record.payment.provider.flatMap { runtime($0, in: version) }, claiming: transaction,
            reference: reference, until: deadline)
    }

    /// The same, at the provider's instance that the caller has chosen; nil where there is none. By `deadline` it has ended:
    /// without the time to hear of it nothing is asked.
    func ask(
        _ record: PaymentRecord, at runtime: ProviderRuntime?, claiming transaction: String? = nil,
        reference: String? = nil, until deadline: ContinuousClock.Instant? = nil
    ) async -> AskResult {
        let id = record.payment.id
        let isPastExpiry = InquiryPolicy.isPastExpiry(record.payment.expiresAt, at: expiryClock)
        guard let provider = record.payment.provider, let runtime,
            let inquiry = inquiry(of: record, at: runtime, claiming: transaction, reference: reference)
        else {
            if isPastExpiry { await expire(id) }
            return .cannotAsk
        }
        guard let time = runtime.timeToAsk(until: deadline) else { return .noAnswer }
        var exchanged = await runtime.inquire(inquiry.adapter, inquiry.request, inquiry.subject, within: time)
        if case .replied(.notFound) = exchanged, !record.isOf(runtime.configuration) {
            exchanged = .replied(.noAnswer(reason: "other_account"))
        }
        let instant = environment.now
        let isAnswered =
            switch exchanged {
            case .replied(.found), .replied(.notFound): true
            default: false
            }
        if let reference, reference != record.reference {
            // Of a page that was opened before the last one only money counts: the customer has the last one, and what is
            // unpaid or unknown of the other says nothing of it.
            await store.update(id) { $0.lastAskedAt = instant }
            if case .replied(.found(let report)) = exchanged, report.state.isMoney {
                await apply(report, from: provider, to: id)
            }
            return isAnswered ? .answered : .noAnswer
        }
        if case .skipped = exchanged {
        } else {
            await store.update(id) { record in
                record.lastAskedAt = instant
                if isAnswered { record.lastAnsweredAt = instant }
            }
        }
        switch exchanged {
        case .replied(.found(var report)):
            if let transaction {
                if let fault = await refusal(of: report, claimed: transaction, for: record, at: provider) {
                    return .claimRefused(fault)
                }
                report.providerReference = transaction
                await applyOrphans(naming: [PaymentRecord.name(provider, transaction)])
            }
            // What is found was seen; whether an open follow-up was, its asking decides.
            await store.update(id) { if $0.openFollowUp == nil { $0.neverSeenSince = nil } }
            await apply(report, from: provider, to: id)
            if isPastExpiry, !report.state.isMoney { await expire(id) }
            return .answered
        case .replied(.notFound):
            if transaction != nil { return .claimRefused("is not known to the provider") }
            await noteNotFound(id, provider: provider, isPastExpiry: isPastExpiry)
            return .answered
        case .replied(.foreign) where transaction != nil: return .claimRefused("is not this payment's")
        case .replied(.refused), .replied(.noAnswer), .replied(.foreign), .lost, .notSent, .skipped:
            // Not an answer: what the provider says of it 'at every asking' begins anew.
            await store.update(id) { $0.neverSeenSince = nil }
            return .noAnswer
        }
    }

    /// What came of asking.
    enum AskResult: Sendable {
        case answered, noAnswer, cannotAsk
        /// The provider's id that the app named is not this payment's: what is wrong with it.
        case claimRefused(String)

        /// Whether asking again would tell no more.
        var isOver: Bool {
            switch self {
            case .answered, .cannotAsk: true
            case .noAnswer, .claimRefused: false
            }
        }
    }

    /// The provider never saw the payment. For an `unknown` one that ends the matter once it has said so for long enough.
    private func noteNotFound(_ id: String, provider: String, isPastExpiry: Bool) async {
        let instant = environment.now
        let now = environment.wallClock
        _ = await change(id) { record in
            guard record.payment.status == .unknown else { return .unchanged }
            let since = record.neverSeenSince ?? instant
            record.neverSeenSince = since
            guard since.duration(to: instant) >= InquiryPolicy.neverSeenAfter else { return .unchanged }
            let decline = Decline(code: .processingError, message: "the provider never received the payment")
            return record.payment.observe(Observation(provider: provider, state: .failed(decline)), at: now)
        }
        if isPastExpiry { await expire(id) }
    }

    private func expire(_ id: String) async {
        let now = environment.wallClock
        _ = await change(id) { record in
            guard record.payment.status.isOpen || record.payment.status == .authorized,
                let provider = record.payment.provider
            else { return .unchanged }
            let effect = record.payment.observe(Observation(provider: provider, state: .expired), at: now)
            guard record.claim != nil, case .changed = effect else { return effect }
            // The app has named a transaction that pays it, and the provider has never answered about that.
            _ = record.payment.needReview(.cannotAsk, at: now)
            return effect
        }
    }
}
