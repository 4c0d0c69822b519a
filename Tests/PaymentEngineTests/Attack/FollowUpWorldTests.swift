@testable import PaymentEngine
import Fuzzing
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Synchronization
import Testing

/// A provider's books of one payment, behind a network that loses, delays and repeats whatever it may.
final class FakeBooks: Sendable {
    struct State: Sendable {
        var captured: Int64 = 0
        var isVoided = false
        /// What was done under each key, and how often.
        var done: [String: (kind: String, amount: Int64, times: Int)] = [:]
        var random: SeededRandom
        var isCalm = false

        var refunded: Int64 {
            done.values.reduce(0) { $0 + ($1.kind == "refund" ? $1.amount * Int64($1.times) : 0) }
        }
    }

    let honoursKeys: Bool
    private let state: Mutex<State>

    init(honoursKeys: Bool, isCaptured: Bool, seed: UInt64) {
        self.honoursKeys = honoursKeys
        state = Mutex(State(captured: isCaptured ? 10_000 : 0, random: SeededRandom(seed: seed)))
    }

    var books: State { state.withLock { $0 } }
    func calm() { state.withLock { $0.isCalm = true } }
    private func chance(_ sides: Int) -> Int { state.withLock { Int.random(in: 0..<sides, using: &$0.random) } }

    func attach(to bench: Bench) {
        for kind in ["capture", "refund", "cancel"] {
            bench["a"].always(kind, .asked { sent in self.request(kind, sent, bench) })
        }
        bench["a"].always("inquiry", .asked { _ in self.lossy(Wire.found(self.stateName, "id=T1 amount=10000")) })
        bench["a"].always(
            "finding",
            .asked { sent in
                self.lossy(Wire.reply(200, self.books.done[sent.reference] == nil ? "not_done" : "done"))
            })
    }

    private var stateName: String {
        let books = books
        if books.isVoided { return "voided" }
        if books.captured == 0 { return "authorized" }
        return books.refunded == 0 ? "captured" : books.refunded < books.captured ? "partially_refunded" : "refunded"
    }

    private func lossy(_ reply: Transmission) -> ScriptedTransport.Step {
        switch books.isCalm ? 9 : chance(10) {
        case 0: .now(Wire.broken)
        case 1: .now(Wire.refused)
        case 2: .after(.seconds(60), reply)
        default: .after(.milliseconds(chance(3_000)), reply)
        }
    }

    private func request(_ kind: String, _ sent: ScriptedTransport.Sent, _ bench: Bench) -> ScriptedTransport.Step {
        switch books.isCalm ? 9 : chance(12) {
        case 0: return .now(Wire.refused)
        case 1: return .now(Wire.tooMany)
        case 2: return .after(.seconds(60), Wire.reply(200, "done"))
        case 3:
            _ = perform(kind, sent)
            return .now(Wire.reset)
        case 4:
            _ = perform(kind, sent)
            return .now(Wire.broken)
        // Arrives after the caller has stopped waiting.
        case 5:
            let due = bench.clock.now + .milliseconds(chance(60_000))
            Task {
                try? await bench.clock.sleep(until: due)
                _ = self.perform(kind, sent)
            }
            return .after(.seconds(60), Wire.reply(200, "done"))
        default: return .after(.milliseconds(chance(4_000)), perform(kind, sent))
        }
    }

    private func perform(_ kind: String, _ sent: ScriptedTransport.Sent) -> Transmission {
        let amount = Wire.value("amount", in: sent.body).flatMap(Int64.init) ?? 0
        return state.withLock { state in
            if honoursKeys, state.done[sent.reference] != nil { return Wire.reply(200, "done") }
            switch kind {
            case "capture":
                guard state.captured == 0, !state.isVoided else { return Wire.reply(400, "conflict") }
                state.captured = amount
            case "cancel":
                guard state.captured == 0, !state.isVoided else { return Wire.reply(400, "conflict") }
                state.isVoided = true
            default:
                guard state.captured - state.refunded >= amount else { return Wire.reply(400, "conflict") }
            }
            state.done[sent.reference, default: (kind, amount, 0)].times += 1
            return Wire.reply(200, "done")
        }
    }
}

/// No follow-up is done twice and none is lost, whatever is lost, late, repeated or reordered.
@Suite(.serialized)
struct FollowUpWorldTests {
    private struct Act: Sendable {
        let operation: PaymentModel.Operation
        let amount: Int64?
        let key: String
    }

    @Test(
        "each key acts once at most, and the payment ends as the provider has it",
        arguments: 1...150 as ClosedRange<UInt64>)
    func world(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            var random = SeededRandom(seed: seed)
            let honoursKeys = Bool.random(using: &random)
            let isCaptured = Bool.random(using: &random)
            let books = FakeBooks(honoursKeys: honoursKeys, isCaptured: isCaptured, seed: random.next())
            let adapter: any ProviderAdapter =
                honoursKeys
                ? FollowUpAdapter(.once, followUps: .replayable(within: .seconds(23 * 3600)))
                : AskableFollowUpAdapter(.once, followUps: .once)
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: adapter, timeout: .seconds(5))], slowStore: true)
            bench.startInquiries()
            let id = try await bench.payment(isCaptured ? "captured" : "authorized")
            books.attach(to: bench)

            var acts = [
                Act(operation: .refund, amount: 10_000, key: "r1"), Act(operation: .refund, amount: 4_000, key: "r2"),
                Act(operation: .refund, amount: 2_500, key: "r3"), Act(operation: .refund, amount: nil, key: "r4"),
            ]
            if !isCaptured {
                acts += [
                    Act(operation: .capture, amount: 6_000, key: "c1"),
                    Act(operation: .capture, amount: nil, key: "c2"),
                    Act(operation: .cancel, amount: nil, key: "x1"),
                ]
            }
            let told = Told()
            await withTaskGroup(of: Void.self) { group in
                for act in acts {
                    for _ in 0..<Int.random(in: 1...4, using: &random) {
                        let start = Duration.seconds(Int.random(in: 0...3600, using: &random))
                        group.addTask {
                            try? await simulation.clock.sleep(until: simulation.clock.start + start)
                            guard
                                let answer = try? await bench.followUp(
                                    act.operation, id, amount: act.amount, key: act.key)
                            else { return }
                            told.note(act.key, answer)
                        }
                    }
                }
            }
            await simulation.advance(by: .seconds(10 * 3600))
            books.calm()
            await simulation.advance(by: .seconds(10 * 3600))

            let end = books.books
            let payment = try await bench.payment()
            let repeated = end.done.filter { $0.value.times != 1 }
            #expect(repeated.isEmpty, "something was done twice")
            #expect(end.refunded <= end.captured)
            #expect(payment.openOperation == nil, "still open: \(String(describing: payment.openOperation))")
            if payment.review == nil {
                #expect(payment.amountCaptured == end.captured)
                #expect(payment.amountRefunded == end.refunded)
                #expect((payment.status == .voided) == end.isVoided)
            }
            for act in acts {
                let known = told[act.key].filter { $0.status == 200 || $0.status == 402 }
                // An answer that was kept is given for ever, to the byte.
                #expect(Set(known.map(\.text)).count <= 1, "\(act.key) has several answers")
                let wasDone = end.done.values.filter { $0.kind == act.operation.rawValue }.count
                if known.contains(where: { $0.status == 200 }) { #expect(wasDone > 0, "\(act.key) was not done") }
            }
            #expect(bench.engine.runtime("a")?.inFlight == 0)
        }
    }
}
