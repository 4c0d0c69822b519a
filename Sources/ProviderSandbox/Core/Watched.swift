import Synchronization

/// A value that tasks can wait on to become something. A waiter also returns when its task is cancelled.
final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state: Mutex<State>

    init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    var value: Value { state.withLock { $0.value } }

    func update(_ change: (inout sending Value) -> Void) {
        let waiters = state.withLock { state in
            change(&state.value)
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns the first value that `condition` accepts, or whichever there is once the task is cancelled.
    @discardableResult
    func wait(until condition: @Sendable (Value) -> Bool) async -> Value {
        while true {
            let value = value
            if condition(value) || Task.isCancelled { return value }
            await nextChange(unless: condition)
        }
    }

    private func nextChange(unless condition: @Sendable (Value) -> Bool) async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Looked at again under the lock: a change between the caller's look and this one wakes nobody.
                let isDue = state.withLock { state in
                    if condition(state.value) || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.resume()
        }
    }
}
