@testable import PaymentEngine
import Fuzzing
import PaymentModel
import Resilience
import Synchronization

/// A clock that moves only when it is told to, and chance from a seed.
final class ManualEnvironment: EngineEnvironment {
    private struct State {
        var now: ContinuousClock.Instant
        var sleepers: [UInt64: (until: ContinuousClock.Instant, continuation: CheckedContinuation<Void, any Error>)] =
            [:]
        var lastNumber: UInt64 = 0
        var random: SeededRandom
        /// How far the calendar was moved beside the clock.
        var calendarShift: Duration = .zero
    }

    /// 2026-01-24T10:00:00.000Z.
    static let calendarStart = Timestamp(milliseconds: 1_769_248_800_000)

    let start: ContinuousClock.Instant
    private let state: Mutex<State>

    init(seed: UInt64) {
        start = ContinuousClock.now
        state = Mutex(State(now: start, random: SeededRandom(seed: seed)))
    }

    var now: ContinuousClock.Instant { state.withLock { $0.now } }
    /// Since the beginning of the test.
    var elapsed: Duration { start.duration(to: now) }

    var wallClock: Timestamp {
        state.withLock { Self.calendarStart.advanced(by: start.duration(to: $0.now) + $0.calendarShift) }
    }

    /// Moves the calendar and not the clock.
    func shiftCalendar(by duration: Duration) { state.withLock { $0.calendarShift += duration } }

    func random() -> UInt64 { state.withLock { $0.random.next() } }

    /// How many sleep.
    var sleepers: Int { state.withLock { $0.sleepers.count } }

    func sleep(until deadline: ContinuousClock.Instant) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let ended = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[number] = (deadline, continuation)
                    return nil
                }
                if let ended { continuation.resume(with: ended) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.continuation.resume(
                throwing: CancellationError())
        }
    }

    /// Moves the clock to the first deadline, if that is not after `end`, and wakes who waits for it; the first who came
    /// where several do. False where nobody wakes.
    func wakeNext(before end: ContinuousClock.Instant) -> Bool {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            let next = state.sleepers.min { ($0.value.until, $0.key) < ($1.value.until, $1.key) }
            guard let next, next.value.until <= end else { return nil }
            state.now = max(state.now, next.value.until)
            state.sleepers[next.key] = nil
            return next.value.continuation
        }
        continuation?.resume()
        return continuation != nil
    }

    func move(to instant: ContinuousClock.Instant) {
        state.withLock { $0.now = max($0.now, instant) }
    }
}
