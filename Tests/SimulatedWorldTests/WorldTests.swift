import Foundation
import Resilience
import SimulatedWorld
import Testing

/// The simulator itself: what it proves, and that it would notice.
@Suite(.serialized) struct WorldTests {
    /// Runs worlds on a thread of their own, each after the other, so that no other test waits for them.
    private static func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: body()) }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// As many on demand, from any seed on: `swift run -c release simulator`.
    @Test("nobody is charged twice, and everything is known in the end", arguments: 0..<8 as Range<UInt64>)
    func worlds(part: UInt64) async {
        let (broken, tally) = await Self.run {
            var broken: [String] = []
            var tally = Tally()
            for seed in (part * 300 + 1)...(part * 300 + 300) {
                let outcome = World.run(seed: seed)
                broken += outcome.violations.map { "seed \(seed): \($0)" }
                tally.add(outcome.tally)
            }
            return (broken, tally)
        }
        #expect(broken.isEmpty)
        // A world in which nothing happens proves nothing.
        #expect(tally.charges > 100 && tally.restarts > 10 && tally.reloads > 10)
        #expect(tally.faults.count >= 25, "\(tally.faults)")
        for state in ["captured", "authorized", "failed", "canceled", "expired", "refunded"] {
            #expect(tally.ends[state, default: 0] > 0, "no payment ended as \(state)")
        }
    }

    @Test("a seed is one run, whenever it is run")
    func isRepeatable() async {
        let differing = await Self.run {
            (1...60 as ClosedRange<UInt64>).filter { seed in
                let one = World.run(seed: seed)
                let two = World.run(seed: seed)
                return one.trace != two.trace || one.violations != two.violations
                    || one.tally.sends != two.tally.sends
            }
        }
        #expect(differing.isEmpty)
    }

    #if PLANTED_BUGS
        @Test("each deliberate bug is found within 10,000 seeds", arguments: PlantedBug.allCases)
        func finds(_ bug: PlantedBug) async throws {
            let found = await Self.run {
                PlantedBug.$planted.withValue(bug) {
                    for seed in 1...10_000 as ClosedRange<UInt64> {
                        if let violation = World.run(seed: seed).violations.first {
                            return "seed \(seed): \(violation)"
                        }
                    }
                    return nil
                } as String?
            }
            let violation = try #require(found, "10,000 worlds with \(bug) and nothing was noticed")
            print("\(bug.rawValue) is found by \(violation)")
        }
    #endif
}
