import Resilience
import Synchronization

/// A clock that moves only when a test moves it. Sleepers wake in the order of their deadlines, inside `advance`.
final class ManualTimeSource: TimeSource {
    private struct Sleeper {
        let number: UInt64
        let until: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: ContinuousClock.Instant
        var sleepers: [UInt64: Sleeper] = [:]
        var watchers: [Watcher] = []
        var lastNumber: UInt64 = 0

        /// Those who watch for as many sleepers as there are now.
        mutating func takeWatchers() -> [Watcher] {
            let count = sleepers.count
            let due = watchers.filter { $0.count <= count }
            watchers.removeAll { $0.count <= count }
            return due
        }
    }

    /// Where this clock begins.
    let start: ContinuousClock.Instant
    private let state: Mutex<State>

    init() {
        start = ContinuousClock.now
        state = Mutex(State(now: start))
    }

    var now: ContinuousClock.Instant { state.withLock { $0.now } }

    func sleep(until deadline: ContinuousClock.Instant) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                var watchers: [Watcher] = []
                let ended = state.withLock { state -> Result<Void, any Error>? in
                    // The flag is set before the handler runs: either it is seen here, or the handler finds the sleeper.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[number] = Sleeper(number: number, until: deadline, continuation: continuation)
                    watchers = state.takeWatchers()
                    return nil
                }
                if let ended { continuation.resume(with: ended) }
                for watcher in watchers { watcher.continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.continuation.resume(
                throwing: CancellationError())
        }
    }

    /// Moves the clock, and wakes everybody whose deadline has come.
    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let now = state.now
            let due = state.sleepers.values.filter { $0.until <= now }
            for sleeper in due { state.sleepers[sleeper.number] = nil }
            return due.sorted { ($0.until, $0.number) < ($1.until, $1.number) }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Returns once at least `count` tasks sleep: how a test knows that all callers wait.
    func sleepers(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append(Watcher(count: count, continuation: continuation))
                return false
            }
            if isDue { continuation.resume() }
        }
    }
}
