import HeapModule

/// How many idempotency keys are held, and for how long.
package struct IdempotencyLimits: Hashable, Sendable {
    /// How long a kept answer lives, counted from the moment it is known.
    package var ttl: Duration
    /// All keys together, whatever their state. One app holds at most half of them.
    package var maxKeys: Int
    /// Callers that wait for a run that is another's, of all keys together. Those of one app are at most half of them.
    package var maxWaiters: Int

    /// - Parameters:
    ///   - ttl: more than zero.
    ///   - maxKeys: at least 1.
    ///   - maxWaiters: at least 1.
    package init(ttl: Duration, maxKeys: Int, maxWaiters: Int = 10_000) {
        precondition(ttl > .zero && maxKeys > 0 && maxWaiters > 0, "idempotency limits are positive")
        self.ttl = ttl
        self.maxKeys = maxKeys
        self.maxWaiters = maxWaiters
    }

    /// The most keys that one app may hold: half, so that no app can lock out the others.
    package var maxKeysPerApp: Int { max(1, maxKeys / 2) }

    /// The most callers of one app that may wait.
    package var maxWaitersPerApp: Int { max(1, maxWaiters / 2) }
}

/// The right, and the duty, to run the one request of a key: exactly one of `keep`, `release`, `hold` and `abandon` ends
/// it. One that is ended, or whose key has moved on, changes nothing.
package struct IdempotencyLease: Hashable, Sendable {
    /// The key that is being run.
    package let key: KeyDigest
    let generation: UInt64
}

/// The idempotency keys as a value (contract §5): who may run, who waits, who gets the kept answer.
///
///     none ── claim ──▶ running ── keep ──────▶ kept ── ttl ──▶ none
///                        │  │  ╰── release ───▶ none
///                        │  ╰───── hold ──────▶ open ── settle ──▶ kept     (forget: none)
///                        ╰──────── abandon ───▶ blocked ── ttl ──▶ none     (settle: kept)
///
/// Waiters are numbers here; whoever holds this value knows what to resume. `running` and `open` never expire: their
/// number is bounded by `maxKeys`, as that of all others.
package struct IdempotencyTable<Answer: Sendable, Owner: Hashable & Sendable>: Sendable {
    /// What a claim leads to.
    package enum Decision: Sendable {
        /// The claimant runs the request.
        case run(IdempotencyLease)
        /// The request runs already: the claimant waits until an ending of the lease names its number.
        case wait(WaiterID)
        /// The kept answer.
        case answer(Answer)
        /// The request ended with a 202; its outcome belongs to `Owner` and is not known yet.
        case open(Owner)
        /// The key belongs to a request with another fingerprint.
        case reused
        /// The key was abandoned: nobody knows what its request did, so nobody may run it again. Or the request runs, and no
        /// more callers may wait.
        case inUse
        /// A new key, and no room for it.
        case full
    }

    private enum Phase {
        /// `settled`: an outcome that became known before the run ended.
        case running(settled: Answer?)
        case kept(Answer, until: ContinuousClock.Instant)
        case open(Owner)
        case blocked(until: ContinuousClock.Instant)

        var until: ContinuousClock.Instant? {
            switch self {
            case .running, .open: nil
            case .kept(_, let until), .blocked(let until): until
            }
        }
    }

    private struct Entry {
        let fingerprint: KeyDigest
        let app: String
        let generation: UInt64
        var phase: Phase
    }

    /// When an entry's time is over. One per entry that expires; one whose entry has changed since is skipped.
    private struct Expiry: Comparable {
        let at: ContinuousClock.Instant
        let key: KeyDigest
        let generation: UInt64

        static func < (left: Expiry, right: Expiry) -> Bool { left.at < right.at }
    }

    /// The entries are kept in parts: one that grows moves its own entries, so no claim pays for moving a million.
    private struct Part {
        var entries: [KeyDigest: Entry] = [:]
        var expiries = Heap<Expiry>()

        func holdsExpired(now: ContinuousClock.Instant) -> Bool {
            expiries.min.map { $0.at <= now } ?? false
        }
    }

    private static var partCount: Int { 256 }

    /// How many expired entries one claim clears away at most while there is room: it adds one, so they cannot pile up,
    /// and no claim pays for a day's worth.
    private static var clearedPerClaim: Int { 32 }

    private var limits: IdempotencyLimits
    private var parts = [Part](repeating: Part(), count: Self.partCount)
    private var entriesOfApp: [String: Int] = [:]
    private var waiters: [KeyDigest: (app: String, ids: Set<WaiterID>)] = [:]
    private var waiting = 0
    private var waitingOfApp: [String: Int] = [:]
    private var generation: UInt64 = 0
    private var waiterNumbers = WaiterNumbers()

    package init(limits: IdempotencyLimits) {
        self.limits = limits
    }

    /// The keys held: those whose time is over may be among them until they are cleared away.
    package private(set) var count = 0

    /// Where `count` ends.
    package var limit: Int { limits.maxKeys }

    /// Changes the limits for what comes: keys that are held stay, for as long as they were promised.
    package mutating func update(limits: IdempotencyLimits) {
        self.limits = limits
    }

    /// Asks for the right to run the request of `key`.
    ///
    /// - Parameters:
    ///   - key: the key in its scope (app, method, path).
    ///   - app: who pays for the room.
    ///   - fingerprint: the request; the same key with another one is `.reused`.
    package mutating func claim(
        key: KeyDigest, app: String, fingerprint: KeyDigest, now: ContinuousClock.Instant
    ) -> Decision {
        let part = part(of: key)
        clearExpired(inPart: part, atMost: Self.clearedPerClaim, now: now)
        if let entry = parts[part].entries[key] {
            if let until = entry.phase.until, until <= now {
                remove(key)
            } else {
                return decide(key: key, entry: entry, fingerprint: fingerprint)
            }
        }
        while !hasRoom(for: app) {
            guard clearExpired(atMost: Self.clearedPerClaim, now: now) else { return .full }
        }
        generation += 1
        parts[part].entries[key] = Entry(
            fingerprint: fingerprint, app: app, generation: generation, phase: .running(settled: nil))
        count += 1
        entriesOfApp[app, default: 0] += 1
        return .run(IdempotencyLease(key: key, generation: generation))
    }

    private mutating func decide(key: KeyDigest, entry: Entry, fingerprint: KeyDigest) -> Decision {
        guard entry.fingerprint == fingerprint else { return .reused }
        switch entry.phase {
        case .running:
            guard waiting < limits.maxWaiters, waitingOfApp[entry.app, default: 0] < limits.maxWaitersPerApp else {
                return .inUse
            }
            let waiter = waiterNumbers.next()
            waiters[key, default: (entry.app, [])].ids.insert(waiter)
            countWaiters(1, of: entry.app)
            return .wait(waiter)
        case .kept(let answer, _):
            return .answer(answer)
        case .open(let owner):
            return .open(owner)
        case .blocked:
            return .inUse
        }
    }

    /// A waiter that waits no longer. The others, and the run, go on.
    package mutating func stopWaiting(_ waiter: WaiterID, key: KeyDigest) {
        guard let app = waiters[key]?.app, waiters[key]?.ids.remove(waiter) != nil else { return }
        countWaiters(-1, of: app)
        if waiters[key]?.ids.isEmpty == true { waiters[key] = nil }
    }

    /// The answer is final: it is kept for `ttl` from now. Returns the waiters, who get `answer`.
    package mutating func keep(
        _ lease: IdempotencyLease, _ answer: Answer, now: ContinuousClock.Instant
    ) -> Set<WaiterID> {
        guard isRunning(lease) else { return [] }
        store(answer, key: lease.key, generation: lease.generation, now: now)
        return takeWaiters(of: lease.key)
    }

    /// The answer is not kept, since nothing was done: the key is free again. Returns the waiters, who get the answer.
    package mutating func release(_ lease: IdempotencyLease, now: ContinuousClock.Instant) -> Set<WaiterID> {
        guard isRunning(lease) else { return [] }
        if let settled = settledAnswer(of: lease.key) {
            // Somebody knows an outcome of what 'did nothing'. Running again could charge twice.
            store(settled, key: lease.key, generation: lease.generation, now: now)
        } else {
            remove(lease.key)
        }
        return takeWaiters(of: lease.key)
    }

    /// The answer is a claim (202): from now on the key is `open` for `owner`, until `settle` or `forget`. Where `settle`
    /// came first, its answer is kept. Returns the waiters, who get the 202.
    package mutating func hold(
        _ lease: IdempotencyLease, open owner: Owner, now: ContinuousClock.Instant
    ) -> Set<WaiterID> {
        guard isRunning(lease) else { return [] }
        if let settled = settledAnswer(of: lease.key) {
            store(settled, key: lease.key, generation: lease.generation, now: now)
        } else {
            setPhase(.open(owner), of: lease.key)
        }
        return takeWaiters(of: lease.key)
    }

    /// The run ended without an answer, which is our own fault. Money may have been sent, so nobody may run it again:
    /// the key stays in use for `ttl`. Returns the waiters, who get 'in use'.
    package mutating func abandon(_ lease: IdempotencyLease, now: ContinuousClock.Instant) -> Set<WaiterID> {
        guard isRunning(lease) else { return [] }
        if let settled = settledAnswer(of: lease.key) {
            store(settled, key: lease.key, generation: lease.generation, now: now)
        } else {
            let until = now + limits.ttl
            setPhase(.blocked(until: until), of: lease.key)
            expire(lease.key, generation: lease.generation, at: until)
        }
        return takeWaiters(of: lease.key)
    }

    /// The first known outcome of an open key: kept for `ttl` from now. For a key whose run has not ended yet it is
    /// remembered for the case that the run ends with `hold`. A kept answer stays what it is.
    package mutating func settle(key: KeyDigest, answer: Answer, now: ContinuousClock.Instant) {
        guard let entry = entry(of: key) else { return }
        switch entry.phase {
        case .running(settled: nil):
            setPhase(.running(settled: answer), of: key)
        case .open:
            store(answer, key: key, generation: entry.generation, now: now)
        case .blocked(let until) where now < until:
            store(answer, key: key, generation: entry.generation, now: now)
        case .running, .kept, .blocked:
            break
        }
    }

    /// Frees an open key whose owner is gone.
    package mutating func forget(key: KeyDigest) {
        if case .open? = entry(of: key)?.phase { remove(key) }
    }

    /// Clears away at most `most` entries whose time is over. Costs O(log n) for each.
    ///
    /// - Returns: whether anything was found to clear away.
    @discardableResult
    package mutating func clearExpired(atMost most: Int, now: ContinuousClock.Instant) -> Bool {
        var cleared = 0
        for part in parts.indices where cleared < most && parts[part].holdsExpired(now: now) {
            cleared += clearExpired(inPart: part, atMost: most - cleared, now: now)
        }
        return cleared > 0
    }

    /// Returns how many were cleared away.
    @discardableResult
    private mutating func clearExpired(inPart part: Int, atMost most: Int, now: ContinuousClock.Instant) -> Int {
        var cleared = 0
        while cleared < most, let next = parts[part].expiries.min, next.at <= now {
            parts[part].expiries.removeMin()
            cleared += 1
            let entry = parts[part].entries[next.key]
            if let entry, entry.generation == next.generation, entry.phase.until == next.at { remove(next.key) }
        }
        return cleared
    }

    private func part(of key: KeyDigest) -> Int {
        Int(truncatingIfNeeded: key.spreadingBits) & (Self.partCount - 1)
    }

    private func entry(of key: KeyDigest) -> Entry? {
        parts[part(of: key)].entries[key]
    }

    private mutating func setPhase(_ phase: Phase, of key: KeyDigest) {
        parts[part(of: key)].entries[key]?.phase = phase
    }

    private mutating func expire(_ key: KeyDigest, generation: UInt64, at until: ContinuousClock.Instant) {
        parts[part(of: key)].expiries.insert(Expiry(at: until, key: key, generation: generation))
    }

    private func hasRoom(for app: String) -> Bool {
        count < limits.maxKeys && entriesOfApp[app, default: 0] < limits.maxKeysPerApp
    }

    private func isRunning(_ lease: IdempotencyLease) -> Bool {
        guard let entry = entry(of: lease.key), entry.generation == lease.generation else { return false }
        if case .running = entry.phase { return true }
        return false
    }

    private func settledAnswer(of key: KeyDigest) -> Answer? {
        if case .running(let settled)? = entry(of: key)?.phase { return settled }
        return nil
    }

    private mutating func store(
        _ answer: Answer, key: KeyDigest, generation: UInt64, now: ContinuousClock.Instant
    ) {
        let until = now + limits.ttl
        setPhase(.kept(answer, until: until), of: key)
        expire(key, generation: generation, at: until)
    }

    private mutating func remove(_ key: KeyDigest) {
        guard let entry = parts[part(of: key)].entries.removeValue(forKey: key) else { return }
        count -= 1
        let left = entriesOfApp[entry.app, default: 0] - 1
        entriesOfApp[entry.app] = left > 0 ? left : nil
    }

    private mutating func takeWaiters(of key: KeyDigest) -> Set<WaiterID> {
        guard let (app, ids) = waiters.removeValue(forKey: key) else { return [] }
        countWaiters(-ids.count, of: app)
        return ids
    }

    private mutating func countWaiters(_ step: Int, of app: String) {
        waiting += step
        let left = waitingOfApp[app, default: 0] + step
        waitingOfApp[app] = left > 0 ? left : nil
    }
}
