import Fuzzing
import PaymentModel
import Testing

@Suite struct ResourceIDTests {
    private let alphabet = Set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    @Test func hasThePrefixAnd26CharactersOfCrockfordsAlphabet() {
        var random = SeededRandom(seed: 1)
        for prefix in ["pay", "re", "evt"] {
            for _ in 0..<500 {
                let id = ResourceID.make(prefix, at: Timestamp(milliseconds: 1_769_248_800_000), using: &random)
                let tail = id.dropFirst(prefix.count + 1)
                #expect(id.hasPrefix(prefix + "_"))
                #expect(tail.count == 26)
                #expect(tail.allSatisfy(alphabet.contains))
            }
        }
    }

    @Test func sortsByTimeWhateverTheRandomBitsAre() {
        var random = SeededRandom(seed: 2)
        var previous = ""
        let times: [Int64] = [
            0, 1, 2, 31, 32, 1023, 1024, 1_769_248_800_000, 1_769_248_800_001, 4_102_444_800_000, (1 << 48) - 1,
        ]
        for time in times {
            for _ in 0..<50 {
                let earlier = ResourceID.make("pay", at: Timestamp(milliseconds: time), using: &random)
                #expect(previous < earlier)
            }
            previous =
                (0..<50).map { _ in ResourceID.make("pay", at: Timestamp(milliseconds: time), using: &random) }.max()
                ?? ""
        }
    }

    @Test func holdsTheTimeAsULIDsDo() {
        // The first ten characters are the 48 bits of time in base 32, most significant first; 1469918176385 is the example
        // of the ULID specification: 01ARYZ6S41.
        var random = SeededRandom(seed: 3)
        let id = ResourceID.make("pay", at: Timestamp(milliseconds: 1_469_918_176_385), using: &random)
        #expect(id.hasPrefix("pay_01ARYZ6S41"))
    }

    @Test func noTwoAreAlikeInOneMillisecond() {
        var random = SystemRandomNumberGenerator()
        let ids = (0..<100_000).map { _ in ResourceID.make("pay", at: Timestamp(milliseconds: 7), using: &random) }
        #expect(Set(ids).count == ids.count)
    }

    @Test func everyRandomCharacterVaries() {
        var random = SeededRandom(seed: 4)
        let tails = (0..<2000).map { _ in
            Array(ResourceID.make("pay", at: Timestamp(milliseconds: 7), using: &random).suffix(16))
        }
        for position in 0..<16 { #expect(Set(tails.map { $0[position] }) == alphabet, "position \(position)") }
    }
}
