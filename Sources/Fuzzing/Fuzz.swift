import Foundation

/// How long fuzz tests run, from the environment.
///
/// Without any variable each pass makes a fixed number of rounds, the same ones each time: quick enough for every run of
/// the tests.
///
/// | variable | does |
/// |---|---|
/// | `SWITCHYARD_FUZZ_SECONDS` | each pass goes on for so long, after its fixed rounds |
/// | `SWITCHYARD_FUZZ_SEED` | other inputs; 1 where it is not set |
/// | `SWITCHYARD_FUZZ_ROUND` | this round alone: the one that a failure named |
/// | `SWITCHYARD_FUZZ_TRACE` | writes each input to standard error before it is tried: for one that traps or hangs |
package struct FuzzPlan: Sendable {
    package var seconds: Double?
    package var seed: UInt64
    package var round: Int?
    package var traces: Bool

    /// Reads the variables.
    package init(environment: [String: String]) {
        seconds = environment["SWITCHYARD_FUZZ_SECONDS"].flatMap(Double.init)
        seed = environment["SWITCHYARD_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
        round = environment["SWITCHYARD_FUZZ_ROUND"].flatMap(Int.init)
        traces = environment["SWITCHYARD_FUZZ_TRACE"].map { !$0.isEmpty } ?? false
    }

    /// What the process was started with.
    package static let environment = FuzzPlan(environment: ProcessInfo.processInfo.environment)
}

/// The rounds of a fuzz test: the corpus as it is, then members of it that were changed.
///
/// A round is made of the seed and its number alone, so that a failure comes again by its two numbers:
///
///     for round in Fuzz("request bodies", corpus: bodies, tokens: .json, rounds: 2000) {
///         #expect(isSound(round.input), "\(round)")
///     }
package struct Fuzz: Sequence {
    /// Makes the input of a round of a member of the corpus.
    package typealias Mutation = (_ member: Int, _ random: inout SeededRandom) -> [UInt8]

    private let name: String
    private let corpus: [[UInt8]]
    private let rounds: Int
    private let plan: FuzzPlan
    private let mutation: Mutation

    /// A pass whose inputs `mutation` makes.
    ///
    /// - Parameters:
    ///   - name: Of the pass, for failures.
    ///   - corpus: Not empty.
    ///   - rounds: How many there are where nothing longer is asked for, the corpus itself included.
    package init(
        _ name: String, corpus: [[UInt8]], rounds: Int, plan: FuzzPlan = .environment,
        mutation: @escaping Mutation
    ) {
        precondition(!corpus.isEmpty, "a fuzz test needs a corpus")
        self.name = name
        self.corpus = corpus
        self.rounds = rounds
        self.plan = plan
        self.mutation = mutation
    }

    /// A pass whose inputs a ``Mutator`` makes.
    package init(
        _ name: String, corpus: [[UInt8]], tokens: Tokens, rounds: Int, plan: FuzzPlan = .environment
    ) {
        let mutator = Mutator(corpus: corpus, tokens: tokens)
        self.init(name, corpus: corpus, rounds: rounds, plan: plan) { mutator.mutate($0, using: &$1) }
    }

    package func makeIterator() -> Iterator { Iterator(fuzz: self) }

    package struct Iterator: IteratorProtocol {
        private let fuzz: Fuzz
        private let end: ContinuousClock.Instant?
        private var number: Int

        fileprivate init(fuzz: Fuzz) {
            self.fuzz = fuzz
            end = fuzz.plan.seconds.map { .now + .seconds($0) }
            number = fuzz.plan.round ?? 0
        }

        package mutating func next() -> FuzzRound? {
            if let only = fuzz.plan.round {
                guard number == only else { return nil }
            } else if number >= fuzz.rounds {
                guard let end, .now < end else { return nil }
            }
            defer { number += 1 }
            let round = fuzz.round(number)
            if fuzz.plan.traces { FileHandle.standardError.write(Data("\(round)\n".utf8)) }
            return round
        }
    }

    private func round(_ number: Int) -> FuzzRound {
        // One step of the generator scatters neighbouring numbers.
        var mixer = SeededRandom(seed: plan.seed)
        var random = SeededRandom(seed: mixer.next() ^ UInt64(truncatingIfNeeded: number) &* 0xd134_2543_de82_ef95)
        let isOriginal = number < corpus.count
        let member = isOriginal ? number : random.below(corpus.count)
        let input = isOriginal ? corpus[member] : mutation(member, &random)
        return FuzzRound(
            name: name, seed: plan.seed, number: number, member: member, isOriginal: isOriginal, input: input,
            random: random)
    }
}

/// One input, and how to make it again.
package struct FuzzRound: Sendable, CustomStringConvertible {
    package let name: String
    package let seed: UInt64
    package let number: Int
    /// The member of the corpus that the input was made of.
    package let member: Int
    /// Whether the input is that member as it is.
    package let isOriginal: Bool
    package let input: [UInt8]
    /// For what else the round chooses.
    package var random: SeededRandom

    /// Seed, round and input, escaped; of a long one the beginning and its length.
    package var description: String {
        "\(name), seed \(seed), round \(number): \(Self.escaped(input))"
    }

    /// Bytes as a literal of Swift has them, every one of them to be seen.
    package static func escaped(_ bytes: [UInt8]) -> String {
        let most = 4000
        var text = "\""
        for byte in bytes.prefix(most) {
            switch byte {
            case UInt8(ascii: "\\"): text += "\\\\"
            case UInt8(ascii: "\""): text += "\\\""
            case UInt8(ascii: "\n"): text += "\\n"
            case UInt8(ascii: "\r"): text += "\\r"
            case UInt8(ascii: "\t"): text += "\\t"
            case 0x20...0x7e: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return text + "\"" + (bytes.count > most ? "… (\(bytes.count) bytes)" : "")
    }
}
