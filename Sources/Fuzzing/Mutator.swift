/// Changes members of a corpus, knowing a little of how texts are built: words, quoted texts and the pieces between
/// commas and line breaks are moved whole, so that much of what comes out still gets past the first check of a parser.
package struct Mutator: Sendable {
    /// The most bytes that an input grows to; more than the limits that are to be met, and little enough to be quick.
    private static let mostBytes = 1 << 17

    private let corpus: [[UInt8]]
    private let tokens: [[UInt8]]

    /// - Parameters:
    ///   - corpus: What is changed, and what parts are taken from. Not empty.
    ///   - tokens: What is put in.
    package init(corpus: [[UInt8]], tokens: Tokens) {
        precondition(!corpus.isEmpty && !tokens.pieces.isEmpty, "a mutator needs a corpus and tokens")
        self.corpus = corpus
        self.tokens = tokens.pieces
    }

    /// A member of the corpus, changed one to five times.
    package func mutate(_ member: Int, using random: inout SeededRandom) -> [UInt8] {
        var bytes = corpus[member]
        for _ in 0..<random.one(of: [1, 1, 1, 2, 2, 3, 5]) { change(&bytes, &random) }
        return Array(bytes.prefix(Self.mostBytes))
    }

    private func change(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let place = random.below(bytes.count + 1)
        let end = min(bytes.count, place + 1 + random.below(16))
        switch random.below(16) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1 where place < bytes.count: bytes[place] = UInt8(random.below(256))
        case 2: bytes.insert(UInt8(random.below(256)), at: place)
        case 3: bytes.removeSubrange(place..<end)
        case 4: bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count + 1))
        case 5: swap(place..<end, in: &bytes, &random)
        case 6: random.below(4) == 0 ? bytes.removeSubrange(place...) : bytes.removeSubrange(place..<end)
        case 7: splice(&bytes, at: place, &random)
        case 8: bytes.insert(contentsOf: random.one(of: tokens), at: place)
        case 9, 10: bytes.replaceSubrange(word(in: bytes, around: place), with: random.one(of: tokens))
        case 11: bytes.replaceSubrange(word(in: bytes, around: place), with: anyWord(&random))
        case 12: bytes.replaceSubrange(quoted(in: bytes, from: place), with: random.one(of: tokens))
        case 13: changePiece(at: place, of: &bytes, &random)
        case 14: bytes.insert(contentsOf: nesting(&random), at: place)
        case 15: bytes.insert(contentsOf: long(&random), at: place)
        default: bytes.insert(contentsOf: random.one(of: tokens), at: place)
        }
    }

    /// Puts what stands in a range elsewhere, behind it.
    private func swap(_ range: Range<Int>, in bytes: inout [UInt8], _ random: inout SeededRandom) {
        let moved = bytes[range]
        let start = range.upperBound + random.below(bytes.count - range.upperBound + 1)
        bytes.insert(contentsOf: moved, at: start)
        bytes.removeSubrange(range)
    }

    /// The beginning of this one and the end of another.
    private func splice(_ bytes: inout [UInt8], at place: Int, _ random: inout SeededRandom) {
        let other = random.one(of: corpus)
        bytes.replaceSubrange(place..., with: other[random.below(other.count + 1)...])
    }

    /// Doubles, drops or moves what stands between commas or line breaks: a member, an element, a line.
    private func changePiece(at place: Int, of bytes: inout [UInt8], _ random: inout SeededRandom) {
        func isBorder(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") }
        let start = bytes[..<place].lastIndex(where: isBorder) ?? 0
        let end = bytes[place...].firstIndex(where: isBorder) ?? bytes.count
        let piece = Array(bytes[start..<end])
        switch random.below(3) {
        case 0: bytes.insert(contentsOf: piece, at: end)
        case 1: bytes.removeSubrange(start..<end)
        default:
            bytes.removeSubrange(start..<end)
            let borders = bytes.indices.filter { isBorder(bytes[$0]) } + [bytes.count]
            bytes.insert(contentsOf: piece, at: random.one(of: borders))
        }
    }

    /// A word of any member.
    private func anyWord(_ random: inout SeededRandom) -> [UInt8] {
        let other = random.one(of: corpus)
        return Array(other[word(in: other, around: random.below(other.count + 1))])
    }

    /// The run of letters, digits and what joins them at a place; the empty range where there is none.
    private func word(in bytes: [UInt8], around place: Int) -> Range<Int> {
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        let start = bytes[..<place].lastIndex { !isWord($0) }.map { $0 + 1 } ?? 0
        let end = bytes[place...].firstIndex { !isWord($0) } ?? bytes.count
        return start..<end
    }

    /// What stands between the next two double quotes; the empty range where there are none.
    private func quoted(in bytes: [UInt8], from place: Int) -> Range<Int> {
        let quote = UInt8(ascii: "\"")
        guard let start = bytes[place...].firstIndex(of: quote),
            let end = bytes[(start + 1)...].firstIndex(of: quote)
        else { return place..<place }
        return (start + 1)..<end
    }

    /// Containers in containers, closed again half of the time.
    private func nesting(_ random: inout SeededRandom) -> [UInt8] {
        let depth = random.one(of: [2, 8, 31, 32, 33, 600, 5000])
        let (open, close) = random.one(of: [("[", "]"), ("{\"a\":", "}"), ("{a: ", "}"), ("- ", "")])
        let closed = Bool.random(using: &random) ? String(repeating: close, count: depth) : ""
        return Array((String(repeating: open, count: depth) + closed).utf8)
    }

    /// A long run of one character, at a length where limits are.
    private func long(_ random: inout SeededRandom) -> [UInt8] {
        let count = random.one(of: [41, 64, 65, 255, 256, 1024, 1025, 5000, 70_000])
        let piece = random.one(of: ["a", "9", "0", " ", "\u{e9}", "\u{1f600}"])
        return Array(String(repeating: piece, count: count / piece.utf8.count).utf8)
    }
}
