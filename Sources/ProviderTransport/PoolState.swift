import NIOCore

/// Which connection serves which call: a value without clock, socket or task. The freshest idle connection is taken
/// first, because it is the least likely to have been given up by the server.
struct PoolState<Connection: AnyObject, Call: AnyObject> {
    /// What is to be done for a call.
    enum Placement {
        /// Write it to this connection.
        case use(Connection)
        /// It waits, and a connection is to be opened.
        case open
        /// It waits for one of those that are busy or being opened.
        case wait
    }

    /// Connections that may be open at a time.
    let limit: Int
    private var idle: [(connection: Connection, since: ContinuousClock.Instant)] = []
    private var waiting: CircularBuffer<Call> = []
    private var opening = 0
    private var busy = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether every connection that may be open is at work.
    var isUsedUp: Bool { busy >= limit }

    /// A call asks for a connection.
    mutating func place(_ call: Call) -> Placement {
        if let freshest = idle.popLast() {
            busy += 1
            return .use(freshest.connection)
        }
        waiting.append(call)
        return opensAnother() ? .open : .wait
    }

    /// A connection was opened. Returns the call it is for; it is idle where there is none.
    mutating func opened(_ connection: Connection, now: ContinuousClock.Instant) -> Call? {
        opening -= 1
        return lend(connection, now: now)
    }

    /// A connection could not be opened: none of those that wait is left waiting, for the next attempt would most
    /// likely end the same way, and they can be tried elsewhere at once. Returns them.
    mutating func openingFailed() -> [Call] {
        opening -= 1
        defer { waiting.removeAll() }
        return Array(waiting)
    }

    /// A busy connection has done its call. Returns the next one for it; it is idle where there is none.
    mutating func freed(_ connection: Connection, now: ContinuousClock.Instant) -> Call? {
        busy -= 1
        return lend(connection, now: now)
    }

    /// A busy connection has ended. Returns whether another is to be opened.
    mutating func busyEnded() -> Bool {
        busy -= 1
        return opensAnother()
    }

    /// A connection has ended that may have been idle.
    mutating func idleEnded(_ connection: Connection) {
        idle.removeAll { $0.connection === connection }
    }

    /// A call no longer waits.
    mutating func withdraw(_ call: Call) {
        waiting.removeAll { $0 === call }
    }

    /// Takes out the connections that have been idle since then or longer.
    mutating func takeIdle(since instant: ContinuousClock.Instant) -> [Connection] {
        let count = idle.prefix { $0.since <= instant }.count
        defer { idle.removeFirst(count) }
        return idle.prefix(count).map(\.connection)
    }

    /// Since when the longest idle connection has been so.
    var idleSince: ContinuousClock.Instant? { idle.first?.since }

    private mutating func lend(_ connection: Connection, now: ContinuousClock.Instant) -> Call? {
        guard let call = waiting.popFirst() else {
            idle.append((connection, now))
            return nil
        }
        busy += 1
        return call
    }

    private mutating func opensAnother() -> Bool {
        guard opening < waiting.count, opening + busy + idle.count < limit else { return false }
        opening += 1
        return true
    }
}
