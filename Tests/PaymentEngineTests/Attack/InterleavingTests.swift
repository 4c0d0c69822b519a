@testable import PaymentEngine
import Fuzzing
import PaymentModel
import ProviderKit
import Resilience
import Routing
import Simulation
import Testing

/// Nobody is charged twice and no payment is lost, whatever is lost, late, repeated or reordered. Hundreds of seeded worlds, each
/// with its own providers, faults, callers and order of tasks; a seed that fails fails again.
@Suite(.serialized)
struct InterleavingTests {
    private static let safeties: [SendSafety] = [
        .once, .replayable(within: .seconds(23 * 3600)), .refusesDuplicates, .inert,
    ]

    @Test("at most one charge per key, every charge known, every key usable", arguments: 1...100 as ClosedRange<UInt64>)
    func world(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            var random = SeededRandom(seed: seed)
            let providers = ["a", "b", "c"].map {
                FakeProvider(
                    name: $0, safety: Self.safeties[Int.random(in: 0..<4, using: &random)],
                    kind: FakeProvider.Kind.allCases[Int.random(in: 0..<3, using: &random)], seed: random.next())
            }
            let bench = try Bench(
                simulation,
                providers.map {
                    BenchProvider(
                        name: $0.name, adapter: $0.adapter, timeout: .seconds(5),
                        breaker: BreakerSettings(consecutiveFailures: 4, openFor: .seconds(3)))
                }, failoverOn: Bool.random(using: &random) ? [.unavailable, .rateLimited, .declined] : [.unavailable],
                slowStore: true)
            for provider in providers { provider.attach(to: bench) }
            bench.startInquiries()

            let keys = (0..<5).map { "key-\($0)" }
            let told = Told()
            await withTaskGroup(of: Void.self) { group in
                for key in keys {
                    for _ in 0..<Int.random(in: 1...4, using: &random) {
                        let start = Duration.milliseconds(Int.random(in: 0...40_000, using: &random))
                        let patience = Int.random(in: 1...40, using: &random)
                        let syncsToo = Bool.random(using: &random)
                        group.addTask {
                            try? await simulation.clock.sleep(until: simulation.clock.start + start)
                            // Some hang up before they are answered.
                            let caller = Task { try await bench.create(key: key) }
                            let impatience = Task {
                                try? await simulation.clock.sleep(
                                    until: simulation.clock.now + .seconds(patience))
                                if patience < 10 { caller.cancel() }
                            }
                            guard let answer = try? await caller.value else { return }
                            impatience.cancel()
                            told.note(key, answer)
                            guard !answer.id.isEmpty else { return }
                            if syncsToo {
                                _ = await bench.engine.sync(
                                    payment: answer.id, providerTransactionID: nil, call: bench.call())
                            }
                            // The customer pays what was shown, and nothing else.
                            if answer.paymentStatus == "requires_action",
                                let provider = providers.first(where: { $0.name == answer.field("provider") }),
                                let record = await bench.engine.store.record(answer.id)
                            {
                                provider.settle(record.reference, paying: true)
                            }
                        }
                    }
                }
            }
            await bench.engine.idle()
            await simulation.advance(by: .seconds(10 * 3600))
            for provider in providers { provider.calm() }
            await simulation.advance(by: .seconds(10 * 3600))

            try await Self.check(bench, providers, keys: keys, told: told)
        }
    }

    @Test(
        "after a restart a retried key is still charged once, where the provider refuses or replays repeats",
        arguments: 1...100 as ClosedRange<UInt64>)
    func restart(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            var random = SeededRandom(seed: seed)
            let safety = Self.safeties[Int.random(in: 1...2, using: &random)]
            let provider = FakeProvider(name: "a", safety: safety, seed: random.next())
            let configured = BenchProvider(name: "a", adapter: provider.adapter, timeout: .seconds(5))
            let before = try Bench(simulation, [configured], slowStore: true)
            provider.attach(to: before)
            let keys = (0..<5).map { "key-\($0)" }
            let callers = keys.map { key in Task { _ = try? await before.create(key: key) } }
            await simulation.advance(by: .milliseconds(Int.random(in: 0...8000, using: &random)))
            // The crash: nothing leaves the old process any more, and nothing reaches it.
            let after = try Bench(simulation, [configured], slowStore: true)
            before["a"].always("create", .now(Wire.refused))
            before["a"].always("inquiry", .now(Wire.refused))
            provider.attach(to: after)
            after.startInquiries()
            for key in keys {
                for _ in 0..<2 { _ = try await after.create(key: key) }
            }
            await simulation.advance(by: .seconds(10 * 3600))
            provider.calm()
            await simulation.advance(by: .seconds(10 * 3600))
            for caller in callers { await caller.value }
            try await Self.check(after, [provider], keys: keys, told: Told(), hasRestarted: true)
        }
    }

    private static func check(
        _ bench: Bench, _ providers: [FakeProvider], keys: [String], told: Told, hasRestarted: Bool = false
    ) async throws {
        for key in keys {
            let scope = bench.engine.references.scope(app: "shop", method: "POST", path: "/v1/payments", key: key)
            let references = (0..<3).map {
                bench.engine.references.reference(of: scope, operation: .create, counter: $0, format: .base32)
            }
            let accounts = providers.flatMap { provider in
                references.compactMap { provider.accounts[$0] }
            }
            let charges = accounts.reduce(0) { $0 + $1.charges }
            #expect(charges <= 1, "\(key) was charged \(charges) times")

            let record = await bench.engine.store.record(key: scope)
            if charges > 0, !hasRestarted || record != nil {
                // Money that was taken is known, or at least known to be unclear.
                let payment = try #require(record?.payment, "\(key) was charged and is lost")
                // Who neither calls back nor can be asked leaves it open.
                let isSilent = providers.first { $0.name == payment.provider }?.kind == .silent
                #expect(
                    payment.status == .captured || payment.review != nil || isSilent && payment.status.isOpen,
                    "\(key) was charged and is \(payment.status) at \(payment.provider ?? "-")")
            }
            if let payment = record?.payment {
                if payment.status == .captured { #expect(charges == 1, "\(key) is captured and nobody took money") }
                #expect(payment.review?.reason != .secondSuccess)
                #expect(record?.isBusy == false && record?.isVisible == true)
            }
            // Who was told of a decline or a payment is told the same for ever, to the byte.
            let final = told[key].filter { [201, 402, 422].contains($0.status) }
            #expect(Set(final.map(\.text)).count <= 1, "\(key) has several answers")
            // A 503 means that nothing was charged: only while nothing else ran under the key can that be checked.
            let answers = told[key]
            if !answers.isEmpty, answers.allSatisfy({ $0.status == 503 }), record == nil {
                #expect(charges == 0)
            }
            // The key can be used.
            let again = try await bench.create(key: key)
            #expect(again.status != 409, "\(key) is blocked: \(again.text)")
            if let first = final.first { #expect(again.text == first.text) }
        }
        #expect(bench.engine.budget.inFlight == (0, 0))
        for provider in providers { #expect(bench.engine.runtime(provider.name)?.inFlight == 0) }
        await bench.engine.idle()
    }
}
