import HeapModule
import Resilience
import Synchronization

/// When which payment is asked after next: a heap of instants, and one task that waits for the first.
final class InquiryQueue: Sendable {
    private struct Entry: Comparable {
        let due: ContinuousClock.Instant
        let payment: String

        static func < (left: Entry, right: Entry) -> Bool { left.due < right.due }
    }

    private struct State {
        var heap = Heap<Entry>()
        var sleeper: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let environment: any EngineEnvironment

    init(environment: any EngineEnvironment) {
        self.environment = environment
    }

    /// How many are waiting.
    var count: Int { state.withLock { $0.heap.count } }

    /// Adds an inquiry. One that is due before all others wakes the waiting task.
    func add(_ payment: String, due: ContinuousClock.Instant) {
        let sleeper = state.withLock { state in
            let isFirst = state.heap.min.map { due < $0.due } ?? true
            state.heap.insert(Entry(due: due, payment: payment))
            return isFirst ? state.sleeper : nil
        }
        sleeper?.cancel()
    }

    /// Waits for the next inquiry that is due; nil when the calling task is cancelled.
    func next() async -> String? {
        while !Task.isCancelled {
            let now = environment.now
            let (due, payment) = state.withLock { state -> (ContinuousClock.Instant?, String?) in
                guard let first = state.heap.min else { return (nil, nil) }
                guard first.due <= now else { return (first.due, nil) }
                return (nil, state.heap.popMin()?.payment)
            }
            if let payment { return payment }
            // Without entries there is nothing to wait for but `add`, which cancels the sleep.
            let wake = due ?? now + .seconds(365 * 86_400)
            let environment = environment
            let sleeper = Task { _ = try? await environment.sleep(until: wake) }
            let isStale = state.withLock { state in
                state.sleeper = sleeper
                return state.heap.min.map { $0.due < wake } ?? false
            }
            if isStale { sleeper.cancel() }
            await withTaskCancellationHandler {
                await sleeper.value
            } onCancel: {
                sleeper.cancel()
            }
        }
        return nil
    }
}
