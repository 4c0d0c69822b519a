import Synchronization

/// How many calls a transport has under way, and how many of them hold a connection.
final class ConnectionLoad: Sendable {
    private struct State {
        var isShutDown = false
        var underWay = 0
        var onConnection = 0
        var drainWaiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let maxConnections: Int

    init(maxConnections: Int) {
        self.maxConnections = maxConnections
    }

    /// Whether every connection that may be open is busy.
    var isUsedUp: Bool { state.withLock { $0.onConnection >= maxConnections } }

    /// A call begins; false where the transport was shut down.
    func begin() -> Bool {
        state.withLock { state in
            guard !state.isShutDown else { return false }
            state.underWay += 1
            return true
        }
    }

    /// A call got a connection and wrote to it.
    func connectionTaken() {
        state.withLock { $0.onConnection += 1 }
    }

    /// A call is over.
    func end(heldConnection: Bool) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.underWay -= 1
            if heldConnection { state.onConnection -= 1 }
            precondition(state.underWay >= 0 && state.onConnection >= 0, "a call ended twice")
            guard state.underWay == 0 else { return nil }
            defer { state.drainWaiter = nil }
            return state.drainWaiter
        }
        waiter?.resume()
    }

    /// No call begins from here on. False where that was so already.
    func shutDown() -> Bool {
        state.withLock { state in
            defer { state.isShutDown = true }
            return !state.isShutDown
        }
    }

    /// Returns when no call is under way. For the one caller whose `shutDown` was true.
    func drained() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if state.underWay == 0 { return true }
                state.drainWaiter = continuation
                return false
            }
            if isDrained { continuation.resume() }
        }
    }
}
