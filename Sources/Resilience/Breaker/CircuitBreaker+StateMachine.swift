/// The right to one call. Exactly one `record` gives it back, whatever becomes of the call.
package struct BreakerPermit: Hashable, Sendable {
    let generation: UInt64
}

/// Whether a call may be made.
package enum BreakerAdmission: Hashable, Sendable {
    /// It may; the permit goes back with `record`.
    case permit(BreakerPermit)
    /// It may not. `retryAt`: no sooner than then (while calls are being tried, a guess).
    case refused(retryAt: ContinuousClock.Instant)
}

/// What a call says about the provider's health (contract §6, 'Breakers').
package enum BreakerResult: Hashable, Sendable {
    /// An answer, declines and 4xx included.
    case success
    /// The provider's fault: not sent, ambiguous, 5xx.
    case failure
    /// Says nothing: a 429, a call given up by ourselves, one that was never made.
    case ignored
}

/// The state of a breaker as others see it.
package enum BreakerState: Hashable, Sendable {
    case closed
    /// The next calls, or those under way, decide.
    case halfOpen
    /// No call until then.
    case open(until: ContinuousClock.Instant)
}

/// A breaker at one instant.
package struct BreakerSnapshot: Hashable, Sendable {
    package let state: BreakerState
    /// Which one it is of the states that the breaker has been in: each transition begins another.
    package let generation: UInt64
    /// Half-open permits that have not come back.
    package let permitsOut: Int
    /// Calls in the window.
    package let calls: Int
    /// Those of them that failed by the provider's fault.
    package let failures: Int
    /// Those of them that were slow.
    package let slow: Int

    /// The share of calls in the window that did not fail; nil without recent calls (the best there is, for
    /// `highest_success`).
    package var successShare: Share? {
        calls > 0 ? Share(perMille: (calls - failures) * 1000 / calls) : nil
    }
}

/// A circuit breaker as a value (contract §6, 'Breakers').
///
///     closed ── failures in a row, or a rate ──▶ open ── its time is over ──▶ half-open ── all succeed ──▶ closed
///                                                 ▲                               │
///                                                 ╰──── a failure, all slow ──────╯   (open twice as long)
///
/// Each transition begins a generation. A result from an earlier one changes nothing: calls that started before the
/// breaker opened say nothing about the provider after it.
package struct BreakerStateMachine: Sendable {
    private enum Phase {
        case closed
        case open(until: ContinuousClock.Instant)
        /// `out`: permits not given back.
        case halfOpen(since: ContinuousClock.Instant, out: Int, succeeded: Int, slow: Int)
    }

    /// When to ask again while the half-open calls are under way: their end is not known.
    private static let halfOpenRetry = Duration.seconds(1)

    private let settings: BreakerSettings
    private var phase = Phase.closed
    private var generation: UInt64 = 0
    private var failuresInARow = 0
    /// How long it was open last; nil once closed again.
    private var lastOpenFor: Duration?
    private var window: CallWindow

    package init(settings: BreakerSettings) {
        self.settings = settings
        self.window = CallWindow(length: settings.window)
    }

    /// Asks for a permit.
    package mutating func admit(now: ContinuousClock.Instant) -> BreakerAdmission {
        switch phase {
        case .closed:
            return .permit(BreakerPermit(generation: generation))
        case .open(let until):
            if now < until { return .refused(retryAt: until) }
            return beginHalfOpen(now: now)
        case .halfOpen(let since, let out, let succeeded, let slow):
            if out + succeeded < settings.halfOpenCalls {
                phase = .halfOpen(since: since, out: out + 1, succeeded: succeeded, slow: slow)
                return .permit(BreakerPermit(generation: generation))
            }
            // A permit that has not come back for so long was lost, by our own fault. It must not keep the provider
            // out for ever.
            if now >= since + settings.maxOpenFor { return beginHalfOpen(now: now) }
            return .refused(retryAt: now + min(Self.halfOpenRetry, settings.openFor))
        }
    }

    /// Gives the permit back with what came of the call.
    ///
    /// - Parameters:
    ///   - duration: how long the call took. Longer than `slowCall` is slow, unless the result is ignored.
    ///   - random: spreads the end of the open time over 10 % of it; drawn only where it may open.
    package mutating func record(
        _ permit: BreakerPermit, _ result: BreakerResult, duration: Duration, now: ContinuousClock.Instant,
        random: @autoclosure () -> UInt64
    ) {
        #if PLANTED_BUGS
            if PlantedBug.forgetGeneration.isPlanted {
                switch phase {
                case .open: return
                case .halfOpen(_, 0, _, _): return
                default: break
                }
            } else {
                guard permit.generation == generation else { return }
            }
        #else
            guard permit.generation == generation else { return }
        #endif
        let isSlow = duration > settings.slowCall
        switch phase {
        case .closed:
            guard result != .ignored else { return }
            count(result, isSlow: isSlow, now: now)
            failuresInARow = result == .failure ? failuresInARow + 1 : 0
            if isTripped(now: now) { open(now: now, random: random()) }
        case .halfOpen(let since, let out, let succeeded, let slow):
            precondition(out > 0, "a permit given back twice")
            switch result {
            case .ignored:
                phase = .halfOpen(since: since, out: out - 1, succeeded: succeeded, slow: slow)
            case .failure:
                count(result, isSlow: isSlow, now: now)
                open(now: now, random: random())
            case .success:
                count(result, isSlow: isSlow, now: now)
                phase = .halfOpen(
                    since: since, out: out - 1, succeeded: succeeded + 1, slow: slow + (isSlow ? 1 : 0))
                decideHalfOpen(now: now, random: random())
            }
        case .open:
            // A permit is only ever given in the other two phases, each with generations of its own.
            preconditionFailure("a permit of an open breaker")
        }
    }

    /// The breaker at `now`. One whose open time is over counts as half-open.
    package func snapshot(now: ContinuousClock.Instant) -> BreakerSnapshot {
        let state: BreakerState =
            switch phase {
            case .closed: .closed
            case .open(let until): now < until ? .open(until: until) : .halfOpen
            case .halfOpen: .halfOpen
            }
        let counts = window.counts(now: now)
        var permitsOut = 0
        if case .halfOpen(_, let out, _, _) = phase { permitsOut = out }
        return BreakerSnapshot(
            state: state, generation: generation, permitsOut: permitsOut, calls: counts.calls,
            failures: counts.failures, slow: counts.slow)
    }

    private mutating func count(_ result: BreakerResult, isSlow: Bool, now: ContinuousClock.Instant) {
        window.add(.init(calls: 1, failures: result == .failure ? 1 : 0, slow: isSlow ? 1 : 0), now: now)
    }

    private func isTripped(now: ContinuousClock.Instant) -> Bool {
        if failuresInARow >= settings.consecutiveFailures { return true }
        let counts = window.counts(now: now)
        guard counts.calls >= settings.minimumCalls else { return false }
        return settings.failureRate.isReached(by: counts.failures, of: counts.calls)
            || settings.slowRate.isReached(by: counts.slow, of: counts.calls)
    }

    private mutating func beginHalfOpen(now: ContinuousClock.Instant) -> BreakerAdmission {
        generation += 1
        phase = .halfOpen(since: now, out: 1, succeeded: 0, slow: 0)
        return .permit(BreakerPermit(generation: generation))
    }

    private mutating func decideHalfOpen(now: ContinuousClock.Instant, random: UInt64) {
        guard case .halfOpen(_, _, let succeeded, let slow) = phase, succeeded >= settings.halfOpenCalls else { return }
        if settings.slowRate.isReached(by: slow, of: succeeded) {
            open(now: now, random: random)
            return
        }
        generation += 1
        phase = .closed
        failuresInARow = 0
        lastOpenFor = nil
        // The calls before the opening must not open it again. Those that closed it are what is known of it now.
        window = CallWindow(length: settings.window)
        window.add(.init(calls: succeeded, failures: 0, slow: slow), now: now)
    }

    private mutating func open(now: ContinuousClock.Instant, random: UInt64) {
        let openFor = lastOpenFor.map { min($0 * 2, settings.maxOpenFor) } ?? settings.openFor
        lastOpenFor = openFor
        generation += 1
        // Never sooner than configured; a little later, so that breakers that opened together do not try together.
        phase = .open(until: now + openFor + (openFor / 10).spread(by: random))
    }
}
