import HeapModule
import Resilience
import Synchronization

/// When which payment is asked after next: a heap of instants, one for each payment, and one task that waits for the first.
final class InquiryQueue: Sendable {
    private struct Entry: Comparable {
        let due: ContinuousClock.Instant
        let payment: String

        static func < (left: Entry, right: Entry) -> Bool { left.due < right.due }
    }

    private struct State {
        var heap = Heap<Entry>()
        /// The entry that counts for a payment. Others of it in the heap were overtaken by an earlier one, and are skipped.
        var due: [String: ContinuousClock.Instant] = [:]
        var sleeper: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let environment: any EngineEnvironment

    init(environment: any EngineEnvironment) {
        self.environment = environment
    }

    /// How many are waiting.
    var count: Int { state.withLock { $0.due.count } }

    /// Adds an inquiry; of two after the same payment the earlier stays. One that is due before all others wakes the waiting
    /// task.
    func add(_ payment: String, due: ContinuousClock.Instant) {
        let sleeper = state.withLock { state -> Task<Void, Never>? in
            if let known = state.due[payment], known <= due { return nil }
            state.due[payment] = due
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
                while let first = state.heap.min, state.due[first.payment] != first.due { state.heap.removeMin() }
                guard let first = state.heap.min else { return (nil, nil) }
                guard first.due <= now else { return (first.due, nil) }
                state.heap.removeMin()
                state.due[first.payment] = nil
                return (nil, first.payment)
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
