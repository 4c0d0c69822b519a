import Fuzzing
import Resilience
import Testing

func digest(_ number: Int) -> KeyDigest {
    // Both ends differ from number to number, as those of a real digest do.
    var random = SeededRandom(seed: UInt64(number))
    return KeyDigest(bytes: (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) })
}

@Suite struct IdempotencyTableTests {
    typealias Table = IdempotencyTable<String, Int>

    let start = ContinuousClock.now
    var table = Table(limits: .init(ttl: .seconds(100), maxKeys: 8))

    /// Claims and expects to run.
    private mutating func run(_ key: Int, app: String = "shop", at second: Int = 0) throws -> IdempotencyLease {
        let decision = claim(key, app: app, at: second)
        guard case .run(let lease) = decision else {
            Issue.record("expected to run, not \(decision)")
            throw CancellationError()
        }
        return lease
    }

    private mutating func claim(
        _ key: Int, app: String = "shop", fingerprint: Int = 1000, at second: Int = 0
    ) -> Table.Decision {
        table.claim(
            key: digest(key), app: app, fingerprint: digest(fingerprint), now: start + .seconds(second))
    }

    /// What a claim leads to, as text: decisions need not be equatable for production.
    private mutating func outcome(
        _ key: Int, app: String = "shop", fingerprint: Int = 1000, at second: Int = 0
    ) -> String {
        switch claim(key, app: app, fingerprint: fingerprint, at: second) {
        case .run: "run"
        case .wait: "wait"
        case .answer(let answer): "answer \(answer)"
        case .open(let owner): "open \(owner)"
        case .reused: "reused"
        case .inUse: "in use"
        case .full: "full"
        }
    }

    private mutating func wait(_ key: Int, at second: Int = 0) throws -> WaiterID {
        guard case .wait(let waiter) = claim(key, at: second) else {
            Issue.record("expected to wait")
            throw CancellationError()
        }
        return waiter
    }

    @Test func `a digest gives back its bytes, and differs in any of them`() {
        let bytes = (0..<32).map { UInt8($0 * 7) }
        var written: [UInt8] = [9]
        KeyDigest(bytes: bytes).append(to: &written)
        #expect(written == [9] + bytes)
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(KeyDigest(bytes: other) != KeyDigest(bytes: bytes))
        }
    }

    @Test mutating func `a kept answer is given until its ttl is over, counted from its end`() throws {
        let lease = try run(1)
        let waiters = try [wait(1), wait(1)]
        #expect(table.keep(lease, "done", now: start + .seconds(30)) == Set(waiters))
        #expect(outcome(1, at: 30) == "answer done")
        #expect(outcome(1, at: 129) == "answer done")
        #expect(outcome(1, at: 130) == "run")
    }

    @Test mutating func `a released key is free at once`() throws {
        let lease = try run(1)
        let waiter = try wait(1)
        #expect(table.release(lease, now: start) == [waiter])
        #expect(table.count == 0)
        #expect(outcome(1) == "run")
    }

    @Test mutating func `an open key does not expire, and its first known outcome is what is kept`() throws {
        let lease = try run(1)
        let waiter = try wait(1)
        #expect(table.hold(lease, open: 42, now: start) == [waiter])
        #expect(outcome(1, at: 1) == "open 42")
        #expect(outcome(1, at: 1_000_000) == "open 42")
        table.settle(key: digest(1), answer: "captured", now: start + .seconds(1_000_000))
        table.settle(key: digest(1), answer: "refunded", now: start + .seconds(1_000_001))
        #expect(outcome(1, at: 1_000_099) == "answer captured")
        #expect(outcome(1, at: 1_000_100) == "run")
    }

    @Test mutating func `an outcome that overtakes the 202 is kept in its place`() throws {
        let lease = try run(1)
        let waiter = try wait(1)
        table.settle(key: digest(1), answer: "captured", now: start)
        #expect(outcome(1) == "wait")
        #expect(table.hold(lease, open: 42, now: start).contains(waiter))
        #expect(outcome(1) == "answer captured")
    }

    @Test mutating func `a known outcome does not change the answer of a run that ends with one`() throws {
        let lease = try run(1)
        table.settle(key: digest(1), answer: "settled", now: start)
        _ = table.keep(lease, "own", now: start)
        table.settle(key: digest(1), answer: "later", now: start)
        #expect(outcome(1) == "answer own")
    }

    @Test mutating func `a key with a known outcome is never free to run again`() throws {
        let released = try run(1)
        table.settle(key: digest(1), answer: "captured", now: start)
        _ = table.release(released, now: start)
        #expect(outcome(1) == "answer captured")
        let abandoned = try run(2)
        table.settle(key: digest(2), answer: "captured", now: start)
        _ = table.abandon(abandoned, now: start)
        #expect(outcome(2) == "answer captured")
    }

    @Test mutating func `forget frees open keys and no others`() throws {
        let open = try run(1)
        _ = table.hold(open, open: 42, now: start)
        let kept = try run(2)
        _ = table.keep(kept, "kept", now: start)
        _ = try run(3)
        for key in 1...4 { table.forget(key: digest(key)) }
        #expect(table.count == 2)
        #expect(outcome(1) == "run")
        #expect(outcome(2) == "answer kept")
        #expect(outcome(3) == "wait")
    }

    @Test mutating func `an abandoned key stays in use for ttl`() throws {
        let lease = try run(1)
        let waiter = try wait(1)
        #expect(table.abandon(lease, now: start) == [waiter])
        #expect(outcome(1, at: 99) == "in use")
        #expect(outcome(1, fingerprint: 1001, at: 99) == "reused")
        #expect(outcome(1, at: 100) == "run")
    }

    @Test mutating func `an abandoned key whose outcome turns up answers with it, for a ttl of its own`() throws {
        let lease = try run(1)
        _ = table.abandon(lease, now: start)
        table.settle(key: digest(1), answer: "captured", now: start + .seconds(50))
        #expect(outcome(1, at: 100) == "answer captured")
        #expect(outcome(1, at: 149) == "answer captured")
        #expect(outcome(1, at: 150) == "run")
    }

    @Test mutating func `another request under the key is told so in every state`() throws {
        let lease = try run(1)
        #expect(outcome(1, fingerprint: 1001) == "reused")
        _ = table.hold(lease, open: 42, now: start)
        #expect(outcome(1, fingerprint: 1001) == "reused")
        table.settle(key: digest(1), answer: "captured", now: start)
        #expect(outcome(1, fingerprint: 1001) == "reused")
        #expect(outcome(1, fingerprint: 1001, at: 100) == "run")
    }

    @Test mutating func `a lease that ended changes nothing`() throws {
        let first = try run(1)
        _ = table.release(first, now: start)
        let second = try run(1)
        let waiter = try wait(1)
        #expect(table.keep(first, "stale", now: start) == [])
        #expect(table.release(first, now: start) == [])
        #expect(table.hold(first, open: 1, now: start) == [])
        #expect(table.abandon(first, now: start) == [])
        #expect(outcome(1) == "wait")
        #expect(table.keep(second, "own", now: start).contains(waiter))
        #expect(table.release(second, now: start) == [])
        #expect(outcome(1) == "answer own")
    }

    @Test mutating func `a waiter that gave up is not named`() throws {
        let lease = try run(1)
        let waiters = try [wait(1), wait(1), wait(1)]
        table.stopWaiting(waiters[1], key: digest(1))
        table.stopWaiting(waiters[1], key: digest(1))
        #expect(table.keep(lease, "done", now: start) == [waiters[0], waiters[2]])
    }

    @Test mutating func `no app holds more than half`() throws {
        for key in 1...4 { #expect(outcome(key, app: "shop") == "run") }
        #expect(outcome(5, app: "shop") == "full")
        #expect(outcome(1, app: "shop") == "wait")
        for key in 11...14 { #expect(outcome(key, app: "blog") == "run") }
        #expect(table.count == 8)
        #expect(outcome(21, app: "desk") == "full")
    }

    @Test mutating func `an expired answer gives its room back at once, a live one never`() throws {
        for key in 1...4 {
            let lease = try run(key)
            _ = table.keep(lease, "done \(key)", now: start + .seconds(key))
        }
        #expect(outcome(5, at: 100) == "full")
        #expect(outcome(5, at: 101) == "run")
        #expect(outcome(6, at: 101) == "full")
        for key in 2...4 { #expect(outcome(key, at: 101) == "answer done \(key)") }
    }

    @Test func `many expired answers make room however many they are`() throws {
        var table = Table(limits: .init(ttl: .seconds(100), maxKeys: 1000))
        for key in 0..<1000 {
            let app = key < 500 ? "first" : "second"
            let decision = table.claim(key: digest(key), app: app, fingerprint: digest(0), now: start)
            guard case .run(let lease) = decision else { throw CancellationError() }
            // Those of the second app expire last.
            _ = table.keep(lease, "done", now: start + .milliseconds(key))
        }
        let later = start + .seconds(200)
        guard case .run = table.claim(key: digest(5000), app: "second", fingerprint: digest(0), now: later) else {
            throw CancellationError()
        }
        #expect(table.count < 1000)
        for key in 0..<499 {
            guard case .run = table.claim(key: digest(6000 + key), app: "second", fingerprint: digest(0), now: later)
            else { throw CancellationError() }
        }
        guard case .full = table.claim(key: digest(7000), app: "second", fingerprint: digest(0), now: later) else {
            throw CancellationError()
        }
        #expect(table.count == 500)
    }

    @Test mutating func `limits may change: what is held stays as promised`() throws {
        let first = try run(1)
        _ = table.keep(first, "first", now: start)
        table.update(limits: .init(ttl: .seconds(10), maxKeys: 2))
        #expect(table.limit == 2)
        let second = try run(2, app: "blog")
        _ = table.keep(second, "second", now: start)
        #expect(outcome(3, app: "desk", at: 9) == "full")
        #expect(outcome(1, at: 9) == "answer first")
        // The later key with the shorter life goes first.
        #expect(outcome(3, app: "desk", at: 10) == "run")
        #expect(outcome(1, at: 99) == "answer first")
        #expect(outcome(1, at: 100) == "run")
    }
}
