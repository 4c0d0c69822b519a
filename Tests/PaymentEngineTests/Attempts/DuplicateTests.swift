@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Simulation
import Testing

/// Sends that the provider has seen before: after a restart, and of operations that move no money by themselves.
struct DuplicateTests {
    // MARK: Inert

    @Test("a duplicate of an inert create raises the counter, three references at most")
    func counter() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(name: "a", adapter: CallingAdapter(.inert, isSigned: true)),
                    BenchProvider(name: "b", adapter: PlainAdapter()),
                ])
            bench["a"].always("create", .now(Wire.duplicate))
            bench["a"].always("inquiry", .now(Wire.found("pending")))
            bench["b"].always("create", .now(Wire.accepted("pending")))
            let result = try await bench.create()
            #expect(result.status == 201)
            #expect(result.field("provider") == "b")
            let references = bench["a"].sent("create").map(\.reference)
            #expect(references.count == 3)
            #expect(Set(references).count == 3)
            // Each was asked after before the next was taken.
            #expect(bench["a"].sent("inquiry").map(\.reference) == references)
        }
    }

    @Test("callbacks match any of the references", arguments: 0...2)
    func anyReference(number: Int) async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.inert, isSigned: true))])
            bench["a"].script("create", .now(Wire.duplicate), .now(Wire.duplicate), .now(Wire.accepted("action")))
            bench["a"].always("inquiry", .now(Wire.found("pending")))
            #expect(try await bench.create().paymentStatus == "requires_action")
            let references = bench["a"].sent("create").map(\.reference)
            try #require(references.count == 3)
            #expect(await bench.callback("a", "event=1 state=captured ours=\(references[number])") == .accepted)
            #expect(try await bench.payment().status == .captured)
        }
    }

    @Test("a duplicate that is paid is the payment")
    func paidDuplicate() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: AskableAdapter(.inert))])
            bench["a"].script("create", .now(Wire.duplicate))
            bench["a"].script("inquiry", .now(Wire.found("captured", "id=T1 amount=10000")))
            let result = try await bench.create()
            #expect(result.status == 201)
            #expect(result.paymentStatus == "captured")
            #expect(bench["a"].creates == 1)
        }
    }

    @Test("a duplicate of which nobody knows whether it is paid leaves the payment open")
    func unknownDuplicate() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(name: "a", adapter: AskableAdapter(.inert)),
                    BenchProvider(name: "b", adapter: PlainAdapter()),
                ])
            bench["a"].script("create", .now(Wire.duplicate))
            bench["a"].always("inquiry", .now(Wire.broken))
            #expect(try await bench.create().status == 202)
            #expect(bench["b"].creates == 0)
        }
    }

    // MARK: Another request under the key

    @Test("a provider that has another request under the key did nothing: 409, nobody else is tried, nothing is stored")
    func keyReused() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(name: "a", adapter: PlainAdapter(.replayable(within: .seconds(3600)))),
                    BenchProvider(name: "b", adapter: PlainAdapter()),
                ])
            bench["a"].always("create", .now(Wire.reply(409, "key_reused")))
            let result = try await bench.create()
            #expect(result.code == "idempotency-key-reused")
            #expect(bench["b"].creates == 0)
            #expect(try await bench.count() == 0)
        }
    }

    @Test("after an ambiguous send it says nothing of that send")
    func keyReusedAfterAmbiguity() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: PlainAdapter(.replayable(within: .seconds(3600))))])
            bench["a"].script("create", .now(Wire.timeout), .now(Wire.reply(409, "key_reused")))
            #expect(try await bench.create().status == 202)
        }
    }

    // MARK: After a restart

    private static func restarted(_ simulation: Simulation) throws -> (before: Bench, after: Bench) {
        let provider = BenchProvider(name: "a", adapter: AskableAdapter(.refusesDuplicates))
        let other = BenchProvider(name: "b", adapter: PlainAdapter())
        let before = try Bench(simulation, [provider, other])
        return (before, try Bench(simulation, [provider, other], sharing: before))
    }

    @Test("the same key after a restart reaches the provider as the same reference, and finds its payment")
    func foundAfterRestart() async throws {
        try await Simulation.run { simulation in
            let (before, after) = try Self.restarted(simulation)
            before["a"].script("create", .now(Wire.accepted("pending")), .now(Wire.duplicate))
            before["a"].script("inquiry", .now(Wire.found("captured", "amount=10000 id=T1")))
            #expect(try await before.create().status == 201)
            let result = try await after.create()
            #expect(result.status == 201)
            #expect(result.paymentStatus == "captured")
            #expect(Set(before["a"].sent("create").map(\.reference)).count == 1)
            #expect(before["b"].creates == 0)
        }
    }

    @Test(
        "what is found with another amount or currency is not this payment",
        arguments: ["amount=9900", "amount=10000 currency=USD"])
    func otherMoney(_ money: String) async throws {
        try await Simulation.run { simulation in
            let (_, after) = try Self.restarted(simulation)
            after["a"].script("create", .now(Wire.duplicate))
            after["a"].script("inquiry", .now(Wire.found("captured", money)))
            let result = try await after.create()
            #expect(result.status == 409)
            #expect(result.code == "idempotency-key-reused")
            #expect(try await after.count() == 0)
            #expect(after["b"].creates == 0)
            // The answer is kept: a repeat asks nobody.
            #expect(try await after.create().text == result.text)
            #expect(after["a"].sent().count == 2)
        }
    }

    @Test("what is found and belongs to another payment is not this one")
    func otherOwner() async throws {
        try await Simulation.run { simulation in
            let (_, after) = try Self.restarted(simulation)
            after["a"].script("create", .now(Wire.accepted("captured", "id=T1")), .now(Wire.duplicate))
            after["a"].script("inquiry", .now(Wire.found("captured", "id=T1 amount=10000")))
            #expect(try await after.create(key: "first").status == 201)
            #expect(try await after.create(key: "second").code == "idempotency-key-reused")
            #expect(try await after.count() == 1)
        }
    }

    @Test("a wrong amount after our own lost send is ours: a person looks, nobody else is charged")
    func wrongAmountOfOurs() async throws {
        try await Simulation.run { simulation in
            let (_, bench) = try Self.restarted(simulation)
            bench["a"].script("create", .now(Wire.timeout))
            bench["a"].script("inquiry", .now(Wire.found("captured", "amount=9900")))
            let result = try await bench.create()
            #expect(result.status == 202)
            #expect(result.field("review.reason") == "amount_mismatch")
            #expect(bench["b"].creates == 0)
        }
    }

    @Test("references differ for another app, key and secret, and are those of before for the same")
    func derivedReferences() async throws {
        try await Simulation.run { simulation in
            func reference(app: String = "shop", key: String = "k", secret: String = "s") async throws -> String {
                let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())]) {
                    $0.referenceSecret = Secret(secret)
                }
                bench["a"].always("create", .now(Wire.accepted()))
                _ = try await bench.create(key: key, app: app)
                return try #require(bench["a"].sent("create").first?.reference)
            }
            let first = try await reference()
            #expect(first.count == 26)
            #expect(try await reference() == first)
            #expect(try await reference(app: "blog") != first)
            #expect(try await reference(key: "l") != first)
            #expect(try await reference(secret: "t") != first)
        }
        let references = References(secret: Secret("s"))
        let scopes = [("a", "bc"), ("ab", "c")].map {
            references.scope(app: $0.0, method: "POST", path: "/v1/payments", key: $0.1)
        }
        #expect(scopes[0] != scopes[1])
        #expect(
            references.scope(app: "a", method: "POST", path: "/v1/payments", key: "k")
                != references.scope(app: "a", method: "POST", path: "/v1/payments/x/capture", key: "k"))
    }
}
