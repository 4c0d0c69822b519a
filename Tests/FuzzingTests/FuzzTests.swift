import Fuzzing
import Testing

@Suite struct FuzzTests {
    private static let corpus = [#"{"a":1,"b":"two"}"#, "x: 1\ny: [2, 3]\n", ""].map { Array($0.utf8) }

    private static func rounds(_ environment: [String: String] = [:], count: Int = 300) -> [FuzzRound] {
        Array(
            Fuzz("t", corpus: corpus, tokens: .json, rounds: count, plan: FuzzPlan(environment: environment)))
    }

    @Test func theSameSeedMakesTheSameRoundsAndAnotherOneOthers() {
        let first = Self.rounds().map(\.input)
        #expect(first.count == 300)
        #expect(first == Self.rounds().map(\.input))
        #expect(first == Self.rounds(["SWITCHYARD_FUZZ_SEED": "1"]).map(\.input))
        let other = Self.rounds(["SWITCHYARD_FUZZ_SEED": "2"]).map(\.input)
        #expect(zip(first, other).count(where: { $0 == $1 }) < 60)
        #expect(Set(first).count > 200)
    }

    @Test func theCorpusComesFirst() {
        let rounds = Self.rounds()
        #expect(rounds.prefix(3).map(\.input) == Self.corpus)
        #expect(rounds.prefix(3).allSatisfy(\.isOriginal) && !rounds.dropFirst(3).contains(where: \.isOriginal))
        #expect(Set(rounds.map(\.member)) == [0, 1, 2])
    }

    @Test func aRoundComesAgainByItsNumber() throws {
        let all = Self.rounds()
        for number in [0, 3, 57, 299, 5000] {
            let alone = Self.rounds(["SWITCHYARD_FUZZ_ROUND": String(number)])
            let round = try #require(alone.first)
            #expect(alone.count == 1 && round.number == number)
            if number < all.count { #expect(round.input == all[number].input) }
        }
    }

    @Test func secondsMakeItLongerAndNotShorter() {
        let plan = ["SWITCHYARD_FUZZ_SECONDS": "0.05"]
        #expect(Self.rounds(plan, count: 1).count > 1)
        #expect(Self.rounds(["SWITCHYARD_FUZZ_SECONDS": "0"], count: 50).count == 50)
    }

    @Test func aFailureSaysHowToRepeatIt() {
        let round = Self.rounds(["SWITCHYARD_FUZZ_SEED": "7"])[0]
        #expect("\(round)" == #"t, seed 7, round 0: "{\"a\":1,\"b\":\"two\"}""#)
        #expect(FuzzRound.escaped([0, 10, 92, 0xff, 65]) == #""\x00\n\\\xffA""#)
        #expect(FuzzRound.escaped([UInt8](repeating: 65, count: 5000)).hasSuffix(#"A"… (5000 bytes)"#))
    }

    @Test func inputsOfEverySizeAreMutated() {
        var random = SeededRandom(seed: 3)
        for corpus in [[[]], [[UInt8(ascii: "a")]], Self.corpus] as [[[UInt8]]] {
            let mutator = Mutator(corpus: corpus, tokens: .json + .yaml + .http)
            var lengths: Set<Int> = []
            for round in 0..<500 {
                lengths.insert(mutator.mutate(round % corpus.count, using: &random).count)
            }
            #expect(lengths.contains { $0 >= 5000 } && lengths.allSatisfy { $0 <= 1 << 17 })
        }
    }

    /// SplitMix64's published first numbers of the seed 0.
    @Test func theGeneratorIsTheOneItIsCalled() {
        var random = SeededRandom(seed: 0)
        #expect(
            (0..<3).map { _ in random.next() } == [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f])
    }
}
