import Logging
package import PaymentModel
import ProviderKit
import Resilience
import Routing
package import StrictJSON
import Synchronization

extension PaymentEngine {
    /// Makes a payment, once however often it is asked for under the key.
    ///
    /// - Parameters:
    ///   - body: The JSON that `request` was read from, for the fingerprint.
    ///   - key: The idempotency key, unquoted.
    /// - Returns: 201 or 202 with the payment, 402 with the decline, or a problem of contract §4.
    package func create(_ request: PaymentRequest, body: JSONValue, key: String, call: Call) async -> Answer {
        let scope = references.scope(app: call.app.name, method: "POST", path: "/v1/payments", key: key)
        let fingerprint = references.fingerprint(of: body)
        return await claimed(scope, fingerprint, call) { lease in
            await self.runCreate(request, lease: lease, fingerprint: fingerprint, call: call)
        } open: { payment in
            await self.repeatOpenCreate(of: payment, request, call: call)
        }
    }

    /// Claims a key and runs `run` under it in a task of its own, so that a caller who hangs up cancels nothing.
    func claimed(
        _ scope: KeyDigest, _ fingerprint: KeyDigest, _ call: Call,
        run: @escaping @Sendable (IdempotencyLease) async -> Answer,
        open: @escaping @Sendable (String) async -> Answer
    ) async -> Answer {
        let claim = await keys.claim(
            key: scope, app: call.app.name, fingerprint: fingerprint, deadline: call.deadline)
        switch claim {
        case .run(let lease):
            #if PLANTED_BUGS
                if PlantedBug.releaseKeyEarly.isPlanted {
                    keys.release(lease, Answer(Problem(.internalError), instance: call.requestID))
                }
                if PlantedBug.dropLeaseOnCancellation.isPlanted {
                    return await withTaskCancellationHandler {
                        await detached { await run(lease) }
                    } onCancel: {
                        keys.release(lease, Answer(Problem(.internalError), instance: call.requestID))
                    }
                }
            #endif
            if let answer = await admitted(call, { await run(lease) }) { return answer }
            let answer = busy(call)
            keys.release(lease, answer)
            return answer
        case .answer(var answer, let isReplayed):
            answer.isReplayed = isReplayed
            if isReplayed {
                metrics.replay()
                log(replayOf: answer, call)
            }
            return answer
        case .open(let payment):
            guard var answer = await admitted(call, { await open(payment) }) else { return busy(call) }
            answer.isReplayed = true
            log(replayOf: answer, call)
            return answer
        case .reused:
            return Answer(Problem(.idempotencyKeyReused), instance: call.requestID)
        case .inUse:
            let problem = Problem(
                .idempotencyKeyInUse, "the first request with this key has not been answered yet", retryAfter: 1)
            return Answer(problem, instance: call.requestID)
        case .full:
            return Answer(Problem(.idempotencyStoreFull, retryAfter: 5), instance: call.requestID)
        }
    }

    private func runCreate(
        _ request: PaymentRequest, lease: IdempotencyLease, fingerprint: KeyDigest, call: Call
    ) async -> Answer {
        func release(_ answer: Answer) -> Answer {
            keys.release(lease, answer)
            return answer
        }
        func refuse(_ problem: Problem, route: String? = nil) -> Answer {
            log(problem, route: route, problem.attempts, call)
            return release(Answer(problem, instance: call.requestID))
        }
        // After `ttl` the key still belongs to its payment, as long as that is kept.
        if let record = await store.record(key: lease.key) {
            guard record.fingerprint == fingerprint else {
                return release(Answer(Problem(.idempotencyKeyReused), instance: call.requestID))
            }
            var answer = currentAnswer(of: record)
            answer.isReplayed = true
            if record.payment.status == .unknown {
                keys.hold(lease, open: record.payment.id, answer)
                return answer
            }
            return release(answer)
        }

        let shape = shape(of: request, call)
        let router = call.configuration.router
        let state = routingState(in: call.configuration)
        guard let plan = router.plan(for: shape, seed: references.seed(of: lease.key), state: state) else {
            return refuse(Problem(.noRoute, "no route matches this payment"))
        }
        if plan.candidates.isEmpty {
            let skipped = plan.leftOut.map { leftOut in
                Attempt(
                    provider: leftOut.provider, operation: .create, outcome: .skipped, reason: leftOut.reason.rawValue,
                    startedAt: environment.wallClock, durationMilliseconds: 0)
            }
            let isDisabled = plan.leftOut.contains { $0.reason == .disabled }
            var problem =
                isDisabled
                ? Problem(.noProviderAvailable, "every provider of the route is switched off", retryAfter: 30)
                : Problem(
                    .noRoute, "no provider of the route \(plan.route.name) can do this payment: \(plan.shortcomings)")
            problem.attempts = skipped
            countTraffic(of: plan.route.name, to: nil)
            return refuse(problem, route: plan.route.name)
        }

        var request = request
        request.country = shape.country
        let payment = Payment(
            id: newID("pay"), app: call.app.name, request: request, route: plan.route.name, at: environment.wallClock)
        let record = PaymentRecord(
            payment: payment, key: lease.key, fingerprint: fingerprint, requestID: call.requestID, trace: call.trace,
            returnURL: request.returnURL)
        guard await store.insert(record) else {
            return refuse(Problem(.paymentStoreFull, retryAfter: 60), route: plan.route.name)
        }
        budget.beginRequest()
        defer { budget.endRequest() }
        var run = CreateRun(
            engine: self, call: call, request: request, shape: shape, payment: payment, scope: lease.key, plan: plan)
        let end = await run.run()
        countTraffic(of: plan.route.name, to: run.taker(end))
        return await finish(end, run, lease)
    }

    private func countTraffic(of route: String, to provider: String?) {
        let now = environment.now
        traffic.withLock { $0.count(route: route, provider: provider, at: now) }
    }

    /// Turns the end of the attempts into the answer, and the answer into what the key is worth from now on.
    private func finish(_ end: CreateRun.End, _ run: CreateRun, _ lease: IdempotencyLease) async -> Answer {
        let call = run.call
        switch end {
        case .answered, .declined:
            return await keep(currentAnswer, of: conclude(run, end.observation), lease)
        case .open:
            return await keep(currentAnswer, of: leaveOpen(run), lease)
        case .rejected(let detail, _, _):
            let record = await conclude(run, end.observation)
            // A callback may have told otherwise.
            guard record.payment.status == .failed else { return keep(currentAnswer, of: record, lease) }
            var problem = Problem(.providerRejected, detail)
            problem.payment = record.payment
            let answer = Answer(problem, instance: call.requestID)
            keys.keep(lease, answer)
            return answer
        case .belongsToAnother:
            await store.remove(run.payment.id) { _ in true }
            let problem = Problem(
                .idempotencyKeyReused, "the provider has another payment under the reference of this key")
            let answer = Answer(problem, instance: call.requestID)
            keys.keep(lease, answer)
            log(problem, route: run.payment.route, run.attempts, call)
            return answer
        case .nobody:
            // Unless a callback has told of money meanwhile.
            guard await store.remove(run.payment.id, if: \.isUnheardOf) else {
                return await keep(currentAnswer, of: conclude(run), lease)
            }
            var problem = Problem(
                .noProviderAvailable, "nothing was charged anywhere", retryAfter: run.retryAfterSeconds)
            problem.attempts = run.attempts
            let answer = Answer(problem, instance: call.requestID)
            keys.release(lease, answer)
            log(problem, route: run.payment.route, run.attempts, call)
            return answer
        }
    }

    /// Writes the end of a create into the store: what was observed, the tries, and that the app may see it now.
    private func conclude(_ run: CreateRun, _ observation: Observation? = nil) async -> PaymentRecord {
        let now = environment.wallClock
        let instant = environment.now
        let record = await store.update(run.payment.id) { record in
            if let observation {
                record.payment.assign(to: observation.provider)
                _ = record.payment.observe(observation, at: now)
            }
            for attempt in run.attempts { record.payment.record(attempt) }
            record.isVisible = true
            record.isBusy = false
            record.openSince = record.openSince ?? instant
            record.lastAskedAt = instant
            record.learnProviderReference()
            return record
        }
        guard let record else { preconditionFailure("a payment that is under way was dropped") }
        scheduleInquiry(of: record)
        metrics.payment(record.payment)
        log(record.payment, run)
        guard await applyOrphans(naming: record.references) else { return record }
        return await store.record(record.payment.id) ?? record
    }

    /// Keeps the answer of a known outcome. A 202 is a claim: it holds the key open until the outcome is known.
    private func keep(
        _ answer: (PaymentRecord) -> Answer, of record: PaymentRecord, _ lease: IdempotencyLease
    ) -> Answer {
        let answer = answer(record)
        #if PLANTED_BUGS
            if PlantedBug.cacheUnknownAsFinal.isPlanted {
                keys.keep(lease, answer)
                return answer
            }
        #endif
        if record.payment.status == .unknown {
            keys.hold(lease, open: record.payment.id, answer)
        } else {
            keys.keep(lease, answer)
        }
        return answer
    }

    /// Leaves a create open: 202, and asked after from now on; by a person where nobody else can be asked.
    private func leaveOpen(_ run: CreateRun) async -> PaymentRecord {
        let now = environment.wallClock
        let record = await conclude(run)
        guard record.payment.status == .unknown, inquiry(of: record) == nil else { return record }
        let marked = await store.update(record.payment.id) { record in
            // Not if a callback has come meanwhile.
            let isMarked = record.payment.status == .unknown
            let effect = isMarked ? record.payment.needReview(.cannotAsk, at: now) : .unchanged
            return (record, effect)
        }
        guard let (marked, effect) = marked else { return record }
        if case .needsReview(new: true) = effect { tellReview(of: marked) }
        return marked
    }

    /// The answer that a create of this payment gets now.
    func currentAnswer(of record: PaymentRecord) -> Answer {
        let payment = record.payment
        switch payment.status {
        case .unknown:
            return Answer(status: 202, payment: payment)
        case .failed:
            var problem = Problem(.paymentDeclined, payment.decline?.message)
            problem.payment = payment
            return Answer(problem, instance: record.requestID)
        default:
            var answer = Answer(status: 201, payment: payment)
            answer.location = "/v1/payments/" + payment.id
            return answer
        }
    }

    /// A repeat of a key whose payment is open: the payment as it now is. Where only a replay can tell what became of it
    /// (asking would need card data), this request brings the card, and the replay goes out under the same provider key.
    private func repeatOpenCreate(of id: String, _ request: PaymentRequest, call: Call) async -> Answer {
        guard let record = await store.record(id) else {
            return Answer(Problem(.idempotencyKeyInUse, retryAfter: 1), instance: call.requestID)
        }
        guard record.payment.status == .unknown, let provider = record.payment.provider,
            let runtime = runtime(provider, in: call.configuration), inquiry(of: record, at: runtime) == nil,
            record.isOf(runtime.configuration), let firstSentAt = record.firstSentAt,
            case .replayable(let window) = runtime.adapter.createSafety(for: shape(of: request, call)),
            firstSentAt.duration(to: environment.now) < window
        else {
            let answer = currentAnswer(of: record)
            // Settled between the claim and the hold of its first request: the outcome is what is kept.
            if record.payment.status != .unknown { keys.settle(key: record.key, answer: answer) }
            return answer
        }
        let isOurs = await store.update(id) { record in
            guard !record.isBusy, record.payment.status == .unknown else { return false }
            record.isBusy = true
            return true
        }
        guard isOurs == true else { return currentAnswer(of: record) }
        var request = request
        request.country = record.payment.country
        budget.beginRequest()
        defer { budget.endRequest() }
        var run = CreateRun(
            engine: self, call: call, request: request, shape: shape(of: request, call), resuming: record,
            at: provider)
        let end = await run.run()
        let concluded = await conclude(run, end.observation)
        let answer = currentAnswer(of: concluded)
        if concluded.payment.status != .unknown { keys.settle(key: record.key, answer: answer) }
        return answer
    }
}

extension RoutePlan {
    /// What the providers that were left out cannot do: `payalo-ke (currency USD)`.
    fileprivate var shortcomings: String {
        leftOut.map { "\($0.provider) (\($0.detail ?? $0.reason.rawValue))" }.joined(separator: ", ")
    }
}

extension CreateRun.End {
    /// What the end says of the payment, where the run has not written it yet.
    fileprivate var observation: Observation? {
        switch self {
        case .declined(let decline, let reference, let provider):
            Observation(provider: provider, state: .failed(decline), providerReference: reference)
        case .rejected(let detail, let code, let provider):
            Observation(
                provider: provider,
                state: .failed(Decline(code: .generic, message: detail, providerCode: code)))
        case .answered, .open, .belongsToAnother, .nobody: nil
        }
    }
}
