import Synchronization

/// What asking for a token came to.
package enum TokenResult<Token: Sendable, Failure: Error & Sendable>: Sendable {
    /// A usable token. `generation` names it to `reject`.
    case token(Token, generation: UInt64)
    /// The fetch that this caller waited for failed.
    case failed(Failure)
    /// The caller's deadline passed, or its task was cancelled. The fetch goes on.
    case timedOut
}

/// The access token of one provider instance (contract §6, 'Tokens'): one fetch however many callers wait, in a task of
/// its own, so that no caller's cancellation fails the others. Held in memory, never logged.
package final class TokenCache<Token: Sendable, Failure: Error & Sendable>: Sendable {
    /// Fetches a token from the provider. Must end: it carries its own time limit. `lifetime` counts from its end.
    package typealias Fetch = @Sendable () async -> Result<(token: Token, lifetime: Duration), Failure>

    private struct State {
        var machine = TokenCacheStateMachine<Token>()
        var waiters: [WaiterID: Waiter<TokenResult<Token, Failure>>] = [:]

        mutating func take(_ ids: Set<WaiterID>) -> [Waiter<TokenResult<Token, Failure>>] {
            ids.sorted().compactMap { waiters.removeValue(forKey: $0) }
        }
    }

    private enum Step {
        case use(Token, generation: UInt64, fetch: Bool)
        case wait(WaiterID, Waiter<TokenResult<Token, Failure>>, fetch: Bool)
    }

    private let state = Mutex(State())
    private let time: any TimeSource
    private let nextRandom: RandomSource

    package init(time: any TimeSource, nextRandom: @escaping RandomSource = systemRandomSource) {
        self.time = time
        self.nextRandom = nextRandom
    }

    /// A usable token: the one that is held, or else the next one, for which the caller waits.
    ///
    /// - Parameters:
    ///   - deadline: when the caller stops waiting.
    ///   - fetch: called at most once, and only where no other fetch is under way.
    package func token(deadline: ContinuousClock.Instant, fetch: @escaping Fetch) async -> TokenResult<Token, Failure> {
        let now = time.now
        let step = state.withLock { state -> Step in
            switch state.machine.token(now: now) {
            case .use(let token, let generation, let fetch):
                return .use(token, generation: generation, fetch: fetch)
            case .wait(let id, let fetch):
                let waiter = Waiter<TokenResult<Token, Failure>>()
                state.waiters[id] = waiter
                return .wait(id, waiter, fetch: fetch)
            }
        }
        switch step {
        case .use(let token, let generation, let isDue):
            if isDue { start(fetch) }
            return .token(token, generation: generation)
        case .wait(let id, let waiter, let isFirst):
            if isFirst { start(fetch) }
            let result = await waiter.wait(until: deadline, time: time, late: .timedOut)
            state.withLock { state in
                state.machine.stopWaiting(id)
                state.waiters[id] = nil
            }
            return result
        }
    }

    /// Drops the token of `generation` after a 401 that it led to, unless a newer one is there already.
    package func reject(generation: UInt64) {
        state.withLock { $0.machine.reject(generation: generation) }
    }

    /// How long ago the usable token was fetched; nil without one.
    package var age: Duration? {
        let now = time.now
        return state.withLock { $0.machine.age(now: now) }
    }

    /// The callers that wait now for a fetch.
    package var waiting: Int {
        state.withLock { $0.waiters.count }
    }

    /// Runs the fetch in a task of its own: the caller that started it may be cancelled.
    private func start(_ fetch: @escaping Fetch) {
        Task {
            self.end(await fetch())
        }
    }

    private func end(_ result: Result<(token: Token, lifetime: Duration), Failure>) {
        let now = time.now
        let random = nextRandom()
        switch result {
        case .success(let fetched):
            let (generation, waiters) = state.withLock { state in
                let (generation, ids) = state.machine.fetched(
                    fetched.token, lifetime: fetched.lifetime, now: now, random: random)
                return (generation, state.take(ids))
            }
            for waiter in waiters { waiter.resume(.token(fetched.token, generation: generation)) }
        case .failure(let failure):
            let waiters = state.withLock { state in
                state.take(state.machine.fetchFailed(now: now, random: random))
            }
            for waiter in waiters { waiter.resume(.failed(failure)) }
        }
    }
}
