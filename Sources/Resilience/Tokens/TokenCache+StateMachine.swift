/// The access token of one provider instance as a value (contract §6, 'Tokens'): when it can be used, when to fetch the
/// next one, who waits for it.
///
/// At most one fetch is under way. Callers wait only while there is no usable token; a failed fetch concerns nobody
/// else.
package struct TokenCacheStateMachine<Token: Sendable>: Sendable {
    /// What a caller does.
    package enum Action: Sendable {
        /// Takes the token. `fetch`: it is time for the next one, fetched in the background.
        case use(Token, generation: UInt64, fetch: Bool)
        /// Waits until the end of the fetch names its number. `fetch`: starts that fetch.
        case wait(WaiterID, fetch: Bool)
    }

    private struct Held {
        let token: Token
        let generation: UInt64
        let fetchedAt: ContinuousClock.Instant
        /// From here on a background fetch is due; moved on by a failed one.
        var refreshAt: ContinuousClock.Instant
        let usableUntil: ContinuousClock.Instant
    }

    /// No more of a token's life than this is believed, whatever the provider says.
    package static var longestLifetime: Duration { .seconds(366 * 86_400) }
    /// The wait after a failed background fetch; doubled each time, to `longestRefreshBackoff`.
    package static var refreshBackoff: Duration { .seconds(1) }
    package static var longestRefreshBackoff: Duration { .seconds(30) }

    private var held: Held?
    private var isFetching = false
    private var failedRefreshes = 0
    private var lastGeneration: UInt64 = 0
    private var waiters: Set<WaiterID> = []
    private var waiterNumbers = WaiterNumbers()

    package init() {}

    /// Asks for a token. Where the action says `fetch`, `fetched` or `fetchFailed` must follow, once.
    package mutating func token(now: ContinuousClock.Instant) -> Action {
        if let held, now < held.usableUntil {
            return .use(held.token, generation: held.generation, fetch: now >= held.refreshAt && startFetch())
        }
        held = nil
        let waiter = waiterNumbers.next()
        waiters.insert(waiter)
        return .wait(waiter, fetch: startFetch())
    }

    private mutating func startFetch() -> Bool {
        if isFetching { return false }
        isFetching = true
        return true
    }

    /// A waiter that waits no longer. The fetch goes on for the others and for later.
    package mutating func stopWaiting(_ waiter: WaiterID) {
        waiters.remove(waiter)
    }

    /// The fetch brought a token.
    ///
    /// - Parameters:
    ///   - lifetime: as the provider says, from now on. Usable until min(5 s, 5 %) before its end; one that has none is
    ///     for the waiters alone, who have nothing better, and is not kept.
    ///   - random: spreads the next background fetch over 70 % to 80 % of the life.
    /// - Returns: the token's generation, and the waiters, who get both.
    package mutating func fetched(
        _ token: Token, lifetime: Duration, now: ContinuousClock.Instant, random: UInt64
    ) -> (generation: UInt64, waiters: Set<WaiterID>) {
        precondition(isFetching, "a token that nobody fetched")
        isFetching = false
        failedRefreshes = 0
        lastGeneration += 1
        let lifetime = min(lifetime, Self.longestLifetime)
        if lifetime > .zero {
            held = Held(
                token: token, generation: lastGeneration, fetchedAt: now,
                refreshAt: now + lifetime / 10 * 7 + (lifetime / 10).spread(by: random),
                usableUntil: now + lifetime - min(.seconds(5), lifetime / 20))
        } else {
            held = nil
        }
        return (lastGeneration, takeWaiters())
    }

    /// The fetch failed. A token that lives is used on, and the next background fetch waits a little.
    ///
    /// - Parameter random: spreads that wait over half to the whole of the backoff.
    /// - Returns: the waiters, who get the failure. The next caller without a token starts a new fetch.
    package mutating func fetchFailed(now: ContinuousClock.Instant, random: UInt64) -> Set<WaiterID> {
        precondition(isFetching, "a failure of what nobody fetched")
        isFetching = false
        failedRefreshes += 1
        var backoff = Self.refreshBackoff
        for _ in 1..<min(failedRefreshes, 10) { backoff = min(backoff * 2, Self.longestRefreshBackoff) }
        held?.refreshAt = now + backoff / 2 + (backoff / 2).spread(by: random)
        return takeWaiters()
    }

    /// The provider refused a request that carried the token of `generation`: it is dropped, unless a newer one is
    /// there already.
    package mutating func reject(generation: UInt64) {
        if held?.generation == generation { held = nil }
    }

    /// How long ago the usable token was fetched; nil without one.
    package func age(now: ContinuousClock.Instant) -> Duration? {
        guard let held, now < held.usableUntil else { return nil }
        return now - held.fetchedAt
    }

    private mutating func takeWaiters() -> Set<WaiterID> {
        defer { waiters = [] }
        return waiters
    }
}
