@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// Contract §5, through the engine.
struct IdempotencyTests {
    private static func bench(
        _ simulation: Simulation, _ adapter: any ProviderAdapter = PlainAdapter(),
        server: (inout ServerConfiguration) -> Void = { _ in }
    ) throws -> Bench {
        try Bench(simulation, [BenchProvider(name: "a", adapter: adapter)], server: server)
    }

    @Test("a thousand at once: one send, a thousand equal answers", arguments: [1, 2, 3] as [UInt64])
    func thousand(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("create", .after(.milliseconds(40), Wire.accepted("pending")))
            let answers = try await withThrowingTaskGroup(of: Reading.self) { group in
                for number in 0..<1000 { group.addTask { try await bench.create(request: "req-\(number)") } }
                return try await group.reduce(into: [Reading]()) { $0.append($1) }
            }
            #expect(bench["a"].creates == 1)
            #expect(answers.count == 1000)
            #expect(Set(answers.map(\.text)).count == 1)
            #expect(Set(answers.map(\.status)) == [201])
            let elsewhere = answers.filter { $0.answer.location != "/v1/payments/\($0.id)" }
            #expect(elsewhere.map(\.answer.location) == [])
            #expect(try await bench.count() == 1)
        }
    }

    @Test("the same on real threads")
    func thousandInParallel() async throws {
        let simulation = Simulation()
        let bench = try Self.bench(simulation)
        let gate = Gate()
        bench["a"].always("create", .at(gate, Wire.accepted("pending")))
        let answers = try await withThrowingTaskGroup(of: Reading.self) { group in
            for _ in 0..<1000 { group.addTask { try await bench.create() } }
            gate.open()
            return try await group.reduce(into: [Reading]()) { $0.append($1) }
        }
        #expect(bench["a"].creates == 1)
        #expect(Set(answers.map(\.text)).count == 1)
    }

    @Test("a later one gets the same to the byte, and is told so")
    func replay() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .now(Wire.accepted("pending")))
            let first = try await bench.create()
            await simulation.advance(by: .seconds(3600))
            let second = try await bench.create(request: "req-2")
            #expect(second.text == first.text)
            #expect(second.status == 201)
            #expect(second.answer.location == first.answer.location)
            #expect(!first.answer.isReplayed)
            #expect(second.answer.isReplayed)
            #expect(bench["a"].creates == 1)
        }
    }

    @Test("another request under the key is refused while it runs, after it, and after the key has expired")
    func reused() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .after(.seconds(1), Wire.accepted("pending")))
            async let first = bench.create()
            await simulation.quiet()
            #expect(try await bench.create(amount: 1).code == "idempotency-key-reused")
            #expect(try await first.status == 201)
            #expect(try await bench.create(amount: 1).status == 409)
            await simulation.advance(by: .seconds(25 * 3600))
            #expect(try await bench.create(amount: 1).code == "idempotency-key-reused")
            #expect(bench["a"].creates == 1)
        }
    }

    @Test("other apps have the same keys for themselves")
    func scope() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("create", .now(Wire.accepted()))
            let first = try await bench.create()
            let second = try await bench.create(app: "blog")
            #expect(first.id != second.id)
            #expect(Set(bench["a"].sent("create").map(\.reference)).count == 2)
        }
    }

    @Test("one that waits longer than its own deadline is told to come back")
    func inUse() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .after(.seconds(8), Wire.accepted()))
            async let first = bench.create()
            await simulation.quiet()
            let second = try await bench.create(within: .seconds(3))
            #expect(second.code == "idempotency-key-in-use")
            #expect(second.answer.retryAfter == 1)
            #expect(simulation.clock.elapsed == .seconds(3))
            #expect(try await first.status == 201)
        }
    }

    @Test("a repeat of a 202 shows the payment as it is; the first known outcome is kept")
    func repeatOfUnknown() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, CallingAdapter(.once, isSigned: true))
            bench["a"].script("create", .now(Wire.timeout))
            let first = try await bench.create()
            #expect(first.status == 202)
            let reference = try #require(bench["a"].sent("create").first?.reference)
            let second = try await bench.create()
            #expect(second.status == 202)
            #expect(second.answer.isReplayed)
            await bench.callback("a", "event=1 state=pending ours=\(reference)")
            let third = try await bench.create()
            #expect(third.status == 201)
            #expect(third.paymentStatus == "pending")
            #expect(third.answer.location == "/v1/payments/\(first.id)")
            await bench.callback("a", "event=2 state=captured ours=\(reference)")
            #expect(try await bench.create().text == third.text)
            #expect(try await bench.payment().status == .captured)
            #expect(bench["a"].creates == 1)
        }
    }

    @Test("a 202 that turns out declined is kept as 402")
    func unknownDeclined() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, CallingAdapter(.once, isSigned: true))
            bench["a"].script("create", .now(Wire.timeout))
            #expect(try await bench.create().status == 202)
            let reference = try #require(bench["a"].sent("create").first?.reference)
            await bench.callback("a", "event=1 state=failed code=insufficient_funds ours=\(reference)")
            #expect(try await bench.create().status == 402)
            await bench.callback("a", "event=2 state=captured ours=\(reference)")
            #expect(try await bench.create().status == 402)
            #expect(try await bench.payment().status == .captured)
        }
    }

    @Test("after its time the key still belongs to its payment")
    func afterTTL() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, CallingAdapter(.once, isSigned: true))
            bench["a"].script("create", .now(Wire.accepted("pending")))
            let first = try await bench.create()
            let reference = try #require(bench["a"].sent("create").first?.reference)
            await bench.callback("a", "event=1 state=captured ours=\(reference)")
            await simulation.advance(by: .seconds(25 * 3600))
            let later = try await bench.create()
            #expect(later.status == 201)
            #expect(later.id == first.id)
            #expect(later.paymentStatus == "captured")
            #expect(later.answer.isReplayed)
            #expect(bench["a"].creates == 1)
        }
    }

    @Test("a caller that hangs up cancels nothing, and its answer is kept")
    func canceledCaller() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .after(.seconds(5), Wire.accepted("pending")))
            let caller = Task { try await bench.create() }
            await simulation.advance(by: .seconds(1))
            caller.cancel()
            await simulation.advance(by: .seconds(10))
            #expect(try await bench.payment().status == .pending)
            let again = try await bench.create()
            #expect(again.status == 201)
            #expect(again.answer.isReplayed)
            #expect(bench["a"].creates == 1)
        }
    }

    @Test("a waiter that hangs up takes nothing from the others")
    func canceledWaiter() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .after(.seconds(5), Wire.accepted("pending")))
            async let first = bench.create()
            await simulation.quiet()
            let waiter = Task { try await bench.create() }
            async let other = bench.create()
            await simulation.quiet()
            waiter.cancel()
            #expect(try await waiter.value.code == "idempotency-key-in-use")
            #expect(try await first.text == other.text)
        }
    }

    @Test("answers from before anything was sent and 503 are not kept")
    func notKept() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            #expect(try await bench.create().status == 503)
            #expect(try await bench.count() == 0)
            #expect(bench.engine.keys.count == 0)
            bench["a"].script("create", .now(Wire.accepted()))
            let second = try await bench.create()
            #expect(second.status == 201)
            #expect(!second.answer.isReplayed)
        }
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [])
            #expect(try await bench.create().code == "no-route")
            #expect(bench.engine.keys.count == 0)
        }
    }

    @Test("those who waited for a 503 get it too")
    func sharedRefusal() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .after(.seconds(1), Wire.unavailable))
            async let first = bench.create()
            await simulation.quiet()
            async let second = bench.create()
            #expect(try await first.status == 503)
            #expect(try await second.status == 503)
            #expect(bench["a"].creates == 1)
            #expect(bench.engine.keys.count == 0)
        }
    }

    @Test("declines and rejections are kept")
    func kept() async throws {
        for reply in [Wire.declined(.expiredCard), Wire.rejected] {
            try await Simulation.run { simulation in
                let bench = try Self.bench(simulation)
                bench["a"].script("create", .now(reply))
                let first = try await bench.create()
                let second = try await bench.create(request: "another")
                #expect(second.text == first.text)
                #expect(second.status == first.status)
                #expect(first.instance == "req-1")
                #expect(bench["a"].creates == 1)
            }
        }
    }

    @Test("a full store refuses new keys and keeps the old; no app takes more than half")
    func full() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation) { $0.idempotency = IdempotencyLimits(ttl: .seconds(60), maxKeys: 4) }
            bench["a"].always("create", .now(Wire.accepted()))
            #expect(try await bench.create(key: "1").status == 201)
            #expect(try await bench.create(key: "2").status == 201)
            let refused = try await bench.create(key: "3")
            #expect(refused.code == "idempotency-store-full")
            #expect(refused.answer.retryAfter != nil)
            #expect(try await bench.create(key: "3", app: "blog").status == 201)
            #expect(try await bench.create(key: "1").answer.isReplayed)
            await simulation.advance(by: .seconds(61))
            #expect(try await bench.create(key: "3").status == 201)
            #expect(bench["a"].creates == 4)
        }
    }

    @Test("draining waits for work whose caller hung up, from the moment that it was begun")
    func idle() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .after(.seconds(5), Wire.accepted("pending")))
            let caller = Task { try await bench.create() }
            await simulation.quiet()
            caller.cancel()
            await bench.engine.idle()
            #expect(simulation.clock.elapsed == .seconds(5))
            #expect(try await bench.payment().status == .pending)
        }
    }

    @Test("draining misses nothing that has claimed its key", arguments: 1...30 as ClosedRange<UInt64>)
    func idleAtOnce(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].script("create", .after(.seconds(5), Wire.accepted("pending")))
            let caller = Task { try await bench.create() }
            while bench.engine.keys.count == 0 { await Task.yield() }
            await bench.engine.idle()
            #expect(try await bench.payment().status == .pending)
            _ = try await caller.value
        }
    }
}
