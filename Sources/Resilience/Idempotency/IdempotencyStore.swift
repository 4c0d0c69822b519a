import Synchronization

/// What a claim of an idempotency key came to.
package enum IdempotencyClaim<Answer: Sendable, Owner: Hashable & Sendable>: Sendable {
    /// The caller runs the request, and ends the lease with exactly one of `keep`, `release`, `hold` and `abandon`.
    case run(IdempotencyLease)
    /// `replayed: true`: the kept answer of a finished request. `false`: the request ran while this caller waited, which
    /// gets the same answer, kept or not.
    case answer(Answer, replayed: Bool)
    /// An earlier request got a 202, a claim and not an answer: the caller answers with the payment as it now is.
    case open(Owner)
    /// The key belongs to another request.
    case reused
    /// The request still ran at the caller's deadline or cancellation, or its run was abandoned, or too many callers wait.
    case inUse
    /// A new key, and no room for it in the store or in the app's half of it.
    case full
}

/// The idempotency keys of this process (contract §5): one runs, the others wait for it and get the same answer.
///
/// Decides under a lock and resumes outside of it; all rules are in `IdempotencyTable`.
package final class IdempotencyStore<Answer: Sendable, Owner: Hashable & Sendable>: Sendable {
    package typealias Claim = IdempotencyClaim<Answer, Owner>
    package typealias Lease = IdempotencyLease

    private struct State {
        var table: IdempotencyTable<Answer, Owner>
        var waiters: [WaiterID: Waiter<Claim>] = [:]

        mutating func take(_ ids: Set<WaiterID>) -> [Waiter<Claim>] {
            ids.sorted().compactMap { waiters.removeValue(forKey: $0) }
        }
    }

    private enum Step {
        case done(Claim)
        case wait(WaiterID, Waiter<Claim>)
    }

    /// How many expired keys a look at `count` clears away at most.
    private static var clearedPerCount: Int { 1024 }

    private let state: Mutex<State>
    private let time: any TimeSource

    package init(limits: IdempotencyLimits, time: any TimeSource) {
        self.state = Mutex(State(table: IdempotencyTable(limits: limits)))
        self.time = time
    }

    /// Asks for the right to run the request of `key`; suspends while another caller runs it.
    ///
    /// - Parameters:
    ///   - key: the key in its scope (app, method, path).
    ///   - app: who pays for the room.
    ///   - fingerprint: the request; the same key with another one is `.reused`.
    ///   - deadline: the caller's own; the run that it waits for has another. The cancellation of the calling task ends
    ///     the waiting as well, and touches nobody else.
    package func claim(
        key: KeyDigest, app: String, fingerprint: KeyDigest, deadline: ContinuousClock.Instant
    ) async -> Claim {
        let now = time.now
        let step = state.withLock { state -> Step in
            switch state.table.claim(key: key, app: app, fingerprint: fingerprint, now: now) {
            case .run(let lease):
                return .done(.run(lease))
            case .wait(let id):
                let waiter = Waiter<Claim>()
                state.waiters[id] = waiter
                return .wait(id, waiter)
            case .answer(let answer):
                return .done(.answer(answer, replayed: true))
            case .open(let owner):
                return .done(.open(owner))
            case .reused:
                return .done(.reused)
            case .inUse:
                return .done(.inUse)
            case .full:
                return .done(.full)
            }
        }
        switch step {
        case .done(let claim):
            return claim
        case .wait(let id, let waiter):
            let claim = await waiter.wait(until: deadline, time: time, late: .inUse)
            state.withLock { state in
                state.table.stopWaiting(id, key: key)
                state.waiters[id] = nil
            }
            return claim
        }
    }

    /// Ends the run with an answer that is kept for `ttl` from now. Waiters get it.
    package func keep(_ lease: Lease, _ answer: Answer) {
        finish(with: .answer(answer, replayed: false)) { $0.keep(lease, answer, now: $1) }
    }

    /// Ends the run with an answer that is not kept: it was given before anything was sent, or is a 503. Waiters get it,
    /// and the key is free again.
    package func release(_ lease: Lease, _ answer: Answer) {
        finish(with: .answer(answer, replayed: false)) { $0.release(lease, now: $1) }
    }

    /// Ends the run with a 202. Waiters get it; later claims get `.open(owner)`, until `settle` or `forget`.
    package func hold(_ lease: Lease, open owner: Owner, _ answer: Answer) {
        finish(with: .answer(answer, replayed: false)) { $0.hold(lease, open: owner, now: $1) }
    }

    /// Ends the run without an answer, after a fault of our own. Money may have been sent, so nobody runs it again:
    /// waiters get `.inUse`, and so does everybody else for `ttl`.
    package func abandon(_ lease: Lease) {
        finish(with: .inUse) { $0.abandon(lease, now: $1) }
    }

    /// The first known outcome of a key that is open: kept for `ttl` from now. Where the run has not ended yet, it is
    /// kept instead of the 202 that the run may end with. Changes no answer that is kept already.
    package func settle(key: KeyDigest, answer: Answer) {
        let now = time.now
        state.withLock { $0.table.settle(key: key, answer: answer, now: now) }
    }

    /// Frees an open key whose owner is gone.
    package func forget(key: KeyDigest) {
        state.withLock { $0.table.forget(key: key) }
    }

    /// Changes the limits for what comes: keys that are held stay.
    package func update(limits: IdempotencyLimits) {
        state.withLock { $0.table.update(limits: limits) }
    }

    /// The keys held.
    package var count: Int {
        let now = time.now
        return state.withLock { state in
            state.table.clearExpired(atMost: Self.clearedPerCount, now: now)
            return state.table.count
        }
    }

    /// The most keys that can be held.
    package var limit: Int {
        state.withLock { $0.table.limit }
    }

    /// The callers that wait now for another's run.
    package var waiting: Int {
        state.withLock { $0.waiters.count }
    }

    private func finish(
        with claim: Claim,
        _ end: (inout IdempotencyTable<Answer, Owner>, ContinuousClock.Instant) -> Set<WaiterID>
    ) {
        let now = time.now
        let waiters = state.withLock { state in
            state.take(end(&state.table, now))
        }
        for waiter in waiters { waiter.resume(claim) }
    }
}
