@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// The store through the engine: what makes room, what never does, and what lists hold.
struct MemoryPaymentStoreTests {
    private static func bench(_ simulation: Simulation, max: Int, retention: Duration = .seconds(30 * 86_400)) throws
        -> Bench
    {
        try Bench(simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))]) {
            $0.maxPayments = max
            $0.paymentRetention = retention
        }
    }

    @Test("full of open payments: 503, nothing is sent, and the key is free")
    func full() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, max: 2)
            bench["a"].always("create", .now(Wire.accepted("pending")))
            _ = try await bench.create(key: "1")
            _ = try await bench.create(key: "2")
            let refused = try await bench.create(key: "3")
            #expect(refused.code == "payment-store-full")
            #expect(refused.status == 503)
            #expect(bench["a"].creates == 2)
            let reference = try #require(bench["a"].sent("create").first?.reference)
            await bench.callback("a", "event=1 state=captured ours=\(reference)")
            #expect(try await bench.create(key: "3").status == 201)
            #expect(try await bench.count() == 2)
        }
    }

    @Test("the oldest settled ones make room; open, unknown and reviewed ones never")
    func eviction() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, max: 5)
            bench["a"].script(
                "create", .now(Wire.accepted("pending")), .now(Wire.accepted("captured", "id=R")),
                .now(Wire.accepted("captured")), .now(Wire.timeout), .now(Wire.declined(.generic)))
            var ids: [String] = []
            for number in 0..<5 { ids.append(try await bench.create(key: "key-\(number)").id) }
            await bench.callback("a", "event=1 state=reversed id=R")
            bench["a"].always("create", .now(Wire.accepted("pending")))
            #expect(try await bench.create(key: "5").status == 201)
            #expect(await bench.engine.payment(id: ids[2], app: nil) == nil)
            #expect(try await bench.create(key: "6").status == 201)
            #expect(await bench.engine.payment(id: ids[4], app: nil) == nil)
            #expect(try await bench.create(key: "7").code == "payment-store-full")
            for index in [0, 1, 3] { #expect(await bench.engine.payment(id: ids[index], app: nil) != nil) }
        }
    }

    @Test("what has been kept for long enough goes, with its references and its key")
    func retention() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, max: 100, retention: .seconds(86_400 * 2))
            bench["a"].always("create", .now(Wire.accepted("captured")))
            let first = try await bench.create(key: "1")
            await simulation.advance(by: .seconds(86_400 * 3))
            _ = try await bench.create(key: "2")
            #expect(await bench.engine.payment(id: first.id, app: nil) == nil)
            let reference = try #require(bench["a"].sent("create").first?.reference)
            #expect(await bench.engine.store.id(ofReference: "a/\(reference)") == nil)
            // The key is new: it runs anew, under the same provider reference.
            #expect(try await bench.create(key: "1").id != first.id)
            #expect(bench["a"].sent("create").last?.reference == reference)
        }
    }

    @Test("pages, newest first, each payment once, with filters and cursors that outlive insertions")
    func paging() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, max: 1000)
            for number in 0..<25 {
                bench["a"].script("create", .now(Wire.accepted(number.isMultiple(of: 2) ? "captured" : "pending")))
                _ = try await bench.create(key: "key-\(number)", reference: "order-\(number)")
                await simulation.advance(by: .seconds(1))
            }
            bench["a"].always("create", .now(Wire.accepted("captured")))
            func all(_ query: PaymentQuery) async throws -> [String] {
                var query = query
                var found: [String] = []
                repeat {
                    let page = try await bench.engine.payments(query)
                    #expect(page.payments.count <= query.limit)
                    found += page.payments.map(\.reference)
                    query.cursor = page.nextCursor
                    if query.cursor != nil {
                        _ = try await bench.create(key: "late-\(found.count)-\(query.limit)", app: "blog")
                    }
                } while query.cursor != nil
                return found
            }
            var query = PaymentQuery()
            query.app = "shop"
            let newestFirst = (0..<25).reversed().map { "order-\($0)" }
            for limit in [1, 5, 7, 24, 25, 26, 100] {
                query.limit = limit
                #expect(try await all(query) == newestFirst)
            }
            query.limit = 3
            query.status = .captured
            let captured = stride(from: 24, through: 0, by: -2).map { "order-\($0)" }
            #expect(try await all(query) == captured)
            query.status = nil
            query.reference = "order-7"
            #expect(try await all(query) == ["order-7"])
            query.reference = nil
            query.provider = "b"
            #expect(try await all(query).isEmpty)
            query.provider = "a"
            query.createdFrom = VirtualEnvironment.calendarStart.advanced(by: .seconds(5))
            query.createdTo = VirtualEnvironment.calendarStart.advanced(by: .seconds(8))
            #expect(try await all(query) == ["order-7", "order-6", "order-5"])
        }
    }

    @Test("a cursor that was not made here is refused", arguments: ["", "0", "-1", "ä", "zzzzzzzzzzzzzzzzzzzz", "1 "])
    func cursor(_ cursor: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, max: 10)
            var query = PaymentQuery()
            query.cursor = cursor
            await #expect(throws: Problem.self) { try await bench.engine.payments(query) }
        }
    }

    @Test("another app's payment is no cursor: it would tell how many there are")
    func cursorOfAnotherApp() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, max: 10)
            bench["a"].always("create", .now(Wire.accepted("captured")))
            let id = try await bench.create(key: "1", app: "blog").id
            var query = PaymentQuery()
            query.cursor = id
            query.app = "shop"
            await #expect(throws: Problem.self) { try await bench.engine.payments(query) }
            query.app = "blog"
            #expect(try await bench.engine.payments(query).payments.isEmpty)
        }
    }

    @Test("an app sees its own payments only, and none whose create is still under way")
    func isolation() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, max: 10)
            let gate = Gate()
            bench["a"].script("create", .at(gate, Wire.accepted("captured")), .now(Wire.accepted("captured")))
            async let slow = bench.create(key: "1")
            await simulation.quiet()
            let id = try await bench.create(key: "2").id
            #expect(try await bench.count(app: "shop") == 1)
            #expect(try await bench.count(app: "blog") == 0)
            #expect(await bench.engine.payment(id: id, app: "blog") == nil)
            #expect(await bench.engine.payment(id: id, app: "shop") != nil)
            #expect(await bench.engine.payment(id: id, app: nil) != nil)
            gate.open()
            _ = try await slow
            #expect(try await bench.count(app: "shop") == 2)
        }
    }

    @Test("twenty thousand through a store of a thousand: as many as fit remain, each once")
    func churn() async throws {
        let clock = VirtualEnvironment(seed: 1)
        let store = MemoryPaymentStore(environment: clock) { (1000, .seconds(86_400)) }
        for number in 0..<20_000 {
            let request = PaymentRequest(
                money: Money(minorUnits: 1, currency: .kes), instrument: .checkout, reference: "r")
            var payment = Payment(
                id: "pay_\(number)", app: "app-\(number % 7)", request: request, route: nil, at: clock.wallClock)
            payment.assign(to: "a")
            _ = payment.observe(Observation(provider: "a", state: .captured), at: clock.wallClock)
            var digest = [UInt8](repeating: 0, count: 32)
            withUnsafeBytes(of: number) { digest.replaceSubrange(0..<8, with: $0) }
            let key = KeyDigest(bytes: digest)
            #expect(
                await store.insert(
                    PaymentRecord(payment: payment, key: key, fingerprint: key, requestID: "r", returnURL: nil)))
            await store.update(payment.id) { record in
                record.isBusy = false
                record.isVisible = true
            }
        }
        var query = PaymentQuery()
        query.limit = 100
        var count = 0
        repeat {
            let page = try await store.page(query)
            count += page.payments.count
            query.cursor = page.nextCursor
        } while query.cursor != nil
        #expect(count == 1000)
    }
}
