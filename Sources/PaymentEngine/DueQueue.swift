import HeapModule
import Resilience
import Synchronization

/// When what is due next, such as the inquiry after a payment: a heap of instants, one for each item, and one task that
/// waits for the first.
final class DueQueue<Item: Hashable & Sendable>: Sendable {
    private struct Entry: Comparable {
        let due: ContinuousClock.Instant
        let item: Item

        static func < (left: Entry, right: Entry) -> Bool { left.due < right.due }
        static func == (left: Entry, right: Entry) -> Bool { left.due == right.due }
    }

    private struct State {
        var heap = Heap<Entry>()
        /// The entry that counts for an item. Others of it in the heap were overtaken by an earlier one, and are skipped.
        var due: [Item: ContinuousClock.Instant] = [:]
        var sleeper: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let environment: any EngineEnvironment

    init(environment: any EngineEnvironment) {
        self.environment = environment
    }

    /// How many are waiting.
    var count: Int { state.withLock { $0.due.count } }

    /// Adds an item; of two entries for the same one the earlier stays. One that is due before all others wakes the waiting
    /// task.
    func add(_ item: Item, due: ContinuousClock.Instant) {
        let sleeper = state.withLock { state -> Task<Void, Never>? in
            if let known = state.due[item], known <= due { return nil }
            state.due[item] = due
            let isFirst = state.heap.min.map { due < $0.due } ?? true
            state.heap.insert(Entry(due: due, item: item))
            return isFirst ? state.sleeper : nil
        }
        sleeper?.cancel()
    }

    /// Waits for the next item that is due; nil when the calling task is cancelled.
    func next() async -> Item? {
        while !Task.isCancelled {
            let now = environment.now
            let (due, item) = state.withLock { state -> (ContinuousClock.Instant?, Item?) in
                while let first = state.heap.min, state.due[first.item] != first.due { state.heap.removeMin() }
                guard let first = state.heap.min else { return (nil, nil) }
                guard first.due <= now else { return (first.due, nil) }
                state.heap.removeMin()
                state.due[first.item] = nil
                return (nil, first.item)
            }
            if let item { return item }
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
