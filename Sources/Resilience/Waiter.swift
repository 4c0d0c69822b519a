import Synchronization

/// Names a suspended caller inside a state machine, which knows nothing of tasks and continuations.
package struct WaiterID: Hashable, Comparable, Sendable {
    let number: UInt64

    package static func < (left: WaiterID, right: WaiterID) -> Bool { left.number < right.number }
}

/// Numbers waiters. Never the same number twice in one process (2^64 are enough).
struct WaiterNumbers {
    private var last: UInt64 = 0

    mutating func next() -> WaiterID {
        last += 1
        return WaiterID(number: last)
    }
}

/// One suspended caller. The first of `resume`, its deadline and its cancellation decides what it gets; the others
/// change nothing, so none of them has to know of the rest.
final class Waiter<Outcome: Sendable>: Sendable {
    private enum State {
        case new
        case suspended(CheckedContinuation<Outcome, Never>)
        case resumed(Outcome)
    }

    private let state = Mutex(State.new)

    /// Gives the caller its outcome, unless it has one already.
    func resume(_ outcome: Outcome) {
        let continuation = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            switch state {
            case .new:
                state = .resumed(outcome)
                return nil
            case .suspended(let continuation):
                state = .resumed(outcome)
                return continuation
            case .resumed:
                return nil
            }
        }
        continuation?.resume(returning: outcome)
    }

    /// Suspends until `resume`, and gives `late` at `deadline` or when the calling task is cancelled. To be called once.
    func wait(until deadline: ContinuousClock.Instant, time: any TimeSource, late: Outcome) async -> Outcome {
        let timer = Task {
            // Cancelled only by the line below, when the outcome is known and the next line changes nothing.
            try? await time.sleep(until: deadline)
            self.resume(late)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Outcome? in
                    switch state {
                    case .new:
                        state = .suspended(continuation)
                        return nil
                    case .suspended:
                        preconditionFailure("a waiter waits once")
                    case .resumed(let outcome):
                        return outcome
                    }
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            resume(late)
        }
    }
}
