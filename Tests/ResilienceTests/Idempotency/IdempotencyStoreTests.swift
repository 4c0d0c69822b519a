import Resilience
import Testing

@Suite struct IdempotencyStoreTests {
    typealias Store = IdempotencyStore<String, Int>

    let time = ManualTimeSource()
    let store: Store

    init() {
        store = Store(limits: .init(ttl: .seconds(100), maxKeys: 1000), time: time)
    }

    private func claim(_ key: Int = 1, within seconds: Int = 30) async -> Store.Claim {
        await store.claim(
            key: digest(key), app: "shop", fingerprint: digest(1000), deadline: time.now + .seconds(seconds))
    }

    private func lease(_ key: Int = 1) async throws -> Store.Lease {
        guard case .run(let lease) = await claim(key) else {
            Issue.record("expected to run")
            throw CancellationError()
        }
        return lease
    }

    private func describe(_ claim: Store.Claim) -> String {
        switch claim {
        case .run: "run"
        case .answer(let answer, let replayed): "\(replayed ? "replayed" : "shared") \(answer)"
        case .open(let owner): "open \(owner)"
        case .reused: "reused"
        case .inUse: "in use"
        case .full: "full"
        }
    }

    @Test func `of 1000 claims at once one runs and 999 get its answer`() async {
        let outcomes = await withTaskGroup(of: String.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    let claim = await claim()
                    if case .run(let lease) = claim {
                        // Ends only when all others wait: nobody can have come late and got a replay.
                        await time.sleepers(atLeast: 999)
                        store.keep(lease, "paid once")
                    }
                    return describe(claim)
                }
            }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(outcomes == ["run": 1, "shared paid once": 999])
        #expect(await describe(claim()) == "replayed paid once")
        #expect(store.count == 1)
    }

    @Test func `without any order, every claim gets the same answer and one runs`() async {
        let answers = await withTaskGroup(of: (String, ran: Bool).self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    switch await claim() {
                    case .run(let lease):
                        await Task.yield()
                        store.keep(lease, "paid once")
                        return ("paid once", ran: true)
                    case .answer(let answer, _):
                        return (answer, ran: false)
                    case .open, .reused, .inUse, .full:
                        return ("neither run nor answered", ran: false)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(answers.map(\.0)) == ["paid once"])
        #expect(answers.filter(\.ran).count == 1)
    }

    @Test func `a waiter waits to its own deadline and no longer`() async throws {
        let lease = try await lease()
        async let early = describe(claim(within: 10))
        async let late = describe(claim(within: 20))
        await time.sleepers(atLeast: 2)
        time.advance(by: .seconds(10))
        #expect(await early == "in use")
        #expect(store.waiting == 1)
        store.keep(lease, "done")
        #expect(await late == "shared done")
    }

    @Test func `a deadline that has passed does not wait`() async throws {
        _ = try await lease()
        #expect(await describe(claim(within: 0)) == "in use")
        #expect(await describe(claim(within: -5)) == "in use")
    }

    @Test func `a waiter's cancellation is its own`() async throws {
        let lease = try await lease()
        let cancelled = Task { await describe(claim()) }
        let patient = Task { await describe(claim()) }
        await time.sleepers(atLeast: 2)
        cancelled.cancel()
        #expect(await cancelled.value == "in use")
        #expect(store.waiting == 1)
        store.keep(lease, "done")
        #expect(await patient.value == "shared done")
        #expect(store.waiting == 0)
    }

    @Test func `a task that is cancelled already does not wait`() async throws {
        let lease = try await lease()
        let gate = Gate()
        let cancelled = Task {
            await gate.pass()
            return await describe(claim())
        }
        cancelled.cancel()
        gate.open()
        #expect(await cancelled.value == "in use")
        store.keep(lease, "done")
        #expect(await describe(claim()) == "replayed done")
    }

    @Test func `every ending tells the waiters`() async throws {
        let endings: [(String, String, (Store.Lease) -> Void)] = [
            ("shared 201", "replayed 201", { store.keep($0, "201") }),
            ("shared 422", "run", { store.release($0, "422") }),
            ("shared 202", "open 42", { store.hold($0, open: 42, "202") }),
            ("in use", "in use", { store.abandon($0) }),
        ]
        for (key, (waiting, later, end)) in endings.enumerated() {
            let lease = try await lease(key)
            async let waiter = describe(claim(key))
            await time.sleepers(atLeast: 1)
            end(lease)
            #expect(await waiter == waiting)
            #expect(await describe(claim(key)) == later)
        }
    }

    @Test func `settle and forget end an open key`() async throws {
        for key in 1...2 { store.hold(try await lease(key), open: key, "202") }
        store.settle(key: digest(1), answer: "captured")
        store.forget(key: digest(2))
        #expect(await describe(claim(1)) == "replayed captured")
        #expect(await describe(claim(2)) == "run")
    }

    @Test func `count leaves out what has expired`() async throws {
        for key in 1...3 { store.keep(try await lease(key), "done") }
        #expect(store.count == 3)
        time.advance(by: .seconds(100))
        #expect(store.count == 0)
        #expect(store.limit == 1000)
        store.update(limits: .init(ttl: .seconds(1), maxKeys: 2))
        #expect(store.limit == 2)
    }
}
