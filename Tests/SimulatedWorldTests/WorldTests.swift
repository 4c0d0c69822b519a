import SimulatedWorld
import Testing

@Suite struct WorldTests {
    @Test("a seed is one run, whenever it is run", arguments: 1...40 as ClosedRange<UInt64>)
    func isRepeatable(seed: UInt64) {
        let one = World.run(seed: seed)
        let two = World.run(seed: seed)
        #expect(one.trace == two.trace)
        #expect(one.violations == two.violations)
        #expect(one.tally.sends == two.tally.sends)
    }
}
