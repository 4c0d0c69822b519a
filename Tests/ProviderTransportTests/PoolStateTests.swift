import Testing

@testable import ProviderTransport

@Suite("Which connection serves which call")
struct PoolStateTests {
    final class Thing {}
    typealias Pool = PoolState<Thing, Thing>

    private let start = ContinuousClock.now

    /// Places a call that must open a connection, and opens it.
    private func open(_ pool: inout Pool, at instant: ContinuousClock.Instant) -> Thing {
        let connection = Thing()
        if case .open = pool.place(Thing()) {} else { Issue.record("no connection is opened") }
        #expect(pool.opened(connection, now: instant) != nil)
        return connection
    }

    @Test("As many connections are opened as calls wait, up to the limit; the longest waiting call is served first")
    func limit() {
        var pool = Pool(limit: 2)
        let calls = (0..<4).map { _ in Thing() }
        let placements = calls.map { pool.place($0) }
        #expect(
            placements.map {
                if case .open = $0 { "open" } else { "wait" }
            } == ["open", "open", "wait", "wait"])
        let connections = [Thing(), Thing()]
        #expect(pool.opened(connections[0], now: start) === calls[0])
        #expect(!pool.isUsedUp)
        #expect(pool.opened(connections[1], now: start) === calls[1])
        #expect(pool.isUsedUp)
        #expect(pool.freed(connections[1], now: start) === calls[2])
        pool.withdraw(calls[3])
        #expect(pool.freed(connections[0], now: start) == nil)
        #expect(!pool.isUsedUp)
    }

    @Test("A call takes over the connection that another one had opened, and that one's serves the next")
    func overtaking() {
        var pool = Pool(limit: 4)
        let first = open(&pool, at: start)
        let second = Thing()
        guard case .open = pool.place(second) else {
            Issue.record("not opened")
            return
        }
        #expect(pool.freed(first, now: start) === second)
        // The connection that was opened for it finds nobody, and is kept.
        let spare = Thing()
        #expect(pool.opened(spare, now: start) == nil)
        guard case .use(let used) = pool.place(Thing()) else {
            Issue.record("the spare connection is not used")
            return
        }
        #expect(used === spare)
    }

    @Test("The freshest is used, the stalest is given up")
    func idle() {
        var pool = Pool(limit: 4)
        let connections = [open(&pool, at: start), open(&pool, at: start), open(&pool, at: start)]
        for (seconds, connection) in connections.enumerated() {
            #expect(pool.freed(connection, now: start + .seconds(seconds)) == nil)
        }
        #expect(pool.idleSince == start)
        #expect(pool.takeIdle(since: start - .seconds(1)).isEmpty)
        let stale = pool.takeIdle(since: start)
        #expect(stale.count == 1 && stale[0] === connections[0])
        guard case .use(let used) = pool.place(Thing()) else {
            Issue.record("an idle connection is not used")
            return
        }
        #expect(used === connections[2])
        pool.idleEnded(connections[1])
        #expect(pool.idleSince == nil)
    }

    @Test("A failed attempt leaves nobody waiting; an ended connection is replaced for those that wait")
    func failures() {
        var pool = Pool(limit: 1)
        let calls = [Thing(), Thing()]
        for call in calls { _ = pool.place(call) }
        let failed = pool.openingFailed()
        #expect(failed.count == 2 && failed[0] === calls[0] && failed[1] === calls[1])

        _ = open(&pool, at: start)
        let replacedForNobody = pool.busyEnded()
        #expect(!replacedForNobody)
        _ = open(&pool, at: start)
        if case .wait = pool.place(calls[0]) {} else { Issue.record("above the limit") }
        let replaced = pool.busyEnded()
        #expect(replaced)
        #expect(pool.opened(Thing(), now: start) === calls[0])
    }
}
