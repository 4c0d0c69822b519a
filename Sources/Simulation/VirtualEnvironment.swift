import Fuzzing
import HeapModule
import PaymentEngine
package import PaymentModel
import Resilience
import Synchronization

/// A clock that moves only when it is told to, and chance from a seed.
package final class VirtualEnvironment: EngineEnvironment {
    /// One who sleeps. Ordered by the instant, and of one instant by who came first.
    private struct Sleeper: Comparable {
        let until: ContinuousClock.Instant
        let number: UInt64

        static func < (left: Sleeper, right: Sleeper) -> Bool {
            (left.until, left.number) < (right.until, right.number)
        }
    }

    private struct State {
        var now: ContinuousClock.Instant
        /// Those that were cancelled are in it until their time, and then nobody wakes.
        var order = Heap<Sleeper>()
        var sleepers: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var lastNumber: UInt64 = 0
        var random: SeededRandom
        /// How far the calendar was moved beside the clock.
        var calendarShift: Duration = .zero
    }

    /// 2026-01-24T10:00:00.000Z.
    package static let calendarStart = Timestamp(milliseconds: 1_769_248_800_000)

    package let start: ContinuousClock.Instant
    private let state: Mutex<State>

    /// Begins at `calendarStart`, with the chance of a seed.
    package init(seed: UInt64) {
        start = ContinuousClock.now
        state = Mutex(State(now: start, random: SeededRandom(seed: seed)))
    }

    package var now: ContinuousClock.Instant { state.withLock { $0.now } }
    /// Since the beginning.
    package var elapsed: Duration { start.duration(to: now) }

    package var wallClock: Timestamp {
        state.withLock { Self.calendarStart.advanced(by: start.duration(to: $0.now) + $0.calendarShift) }
    }

    /// Moves the calendar and not the clock.
    package func shiftCalendar(by duration: Duration) { state.withLock { $0.calendarShift += duration } }

    package func random() -> UInt64 { state.withLock { $0.random.next() } }

    /// How many sleep.
    package var sleepers: Int { state.withLock { $0.sleepers.count } }

    package func sleep(until deadline: ContinuousClock.Instant) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let ended = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[number] = continuation
                    state.order.insert(Sleeper(until: deadline, number: number))
                    return nil
                }
                if let ended { continuation.resume(with: ended) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.resume(throwing: CancellationError())
        }
    }

    /// Moves the clock to the first deadline, if that is not after `end`, and wakes who waits for it; the first who came
    /// where several do. False where nobody wakes.
    package func wakeNext(before end: ContinuousClock.Instant) -> Bool {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            while let next = state.order.min, next.until <= end {
                state.order.removeMin()
                guard let continuation = state.sleepers.removeValue(forKey: next.number) else { continue }
                state.now = max(state.now, next.until)
                return continuation
            }
            return nil
        }
        continuation?.resume()
        return continuation != nil
    }

    /// Moves the clock forward, waking nobody.
    package func move(to instant: ContinuousClock.Instant) {
        state.withLock { $0.now = max($0.now, instant) }
    }
}
