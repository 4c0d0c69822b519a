import Resilience
import Testing

/// How many callers may wait for runs that are others'.
@Suite struct WaitingCallersTests {
    private var table = IdempotencyTable<String, Int>(
        limits: IdempotencyLimits(ttl: .seconds(100), maxKeys: 100, maxWaiters: 4))
    private let now = ContinuousClock.now

    private mutating func claim(_ key: Int, app: String = "shop") -> IdempotencyTable<String, Int>.Decision {
        table.claim(key: digest(key), app: app, fingerprint: digest(1000), now: now)
    }

    private mutating func run(_ key: Int, app: String = "shop") throws -> IdempotencyLease {
        guard case .run(let lease) = claim(key, app: app) else { throw CancellationError() }
        return lease
    }

    /// The number of the waiter; nil where it may not wait.
    private mutating func wait(_ key: Int, app: String = "shop") -> WaiterID? {
        if case .wait(let waiter) = claim(key, app: app) { waiter } else { nil }
    }

    @Test mutating func `half of the places are one app's, over all its keys; each end of a run gives them back`()
        throws
    {
        let first = try run(1)
        let second = try run(2)
        let blog = try run(3, app: "blog")
        #expect(wait(1) != nil)
        #expect(wait(2) != nil)
        #expect(wait(1) == nil)
        #expect(wait(2) == nil)
        #expect(wait(3, app: "blog") != nil)
        #expect(wait(3, app: "blog") != nil)
        #expect(wait(3, app: "blog") == nil)

        #expect(table.keep(first, "done", now: now).count == 1)
        #expect(wait(2) != nil)
        #expect(wait(2) == nil)
        #expect(table.release(second, now: now).count == 2)
        #expect(table.hold(blog, open: 7, now: now).count == 2)
        let third = try run(4)
        #expect(wait(4) != nil)
        #expect(table.abandon(third, now: now).count == 1)
        let fourth = try run(5)
        #expect(wait(5) != nil && wait(5) != nil && wait(5) == nil)
        #expect(table.keep(fourth, "done", now: now).count == 2)
    }

    @Test mutating func `who waits no longer makes room, once`() throws {
        _ = try run(1)
        let first = try #require(wait(1))
        #expect(wait(1) != nil && wait(1) == nil)
        table.stopWaiting(first, key: digest(1))
        table.stopWaiting(first, key: digest(1))
        #expect(wait(1) != nil && wait(1) == nil)
    }

    @Test mutating func `no bound keeps a kept answer from anybody`() throws {
        let lease = try run(1)
        #expect(wait(1) != nil && wait(1) != nil && wait(1) == nil)
        _ = table.keep(lease, "done", now: now)
        guard case .answer("done") = claim(1) else { throw CancellationError() }
    }
}
