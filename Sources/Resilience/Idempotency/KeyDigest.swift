/// A 32-byte digest that stands for an idempotency key in its scope, or for a request (its fingerprint).
///
/// Made outside, as a keyed hash: what is kept for `ttl` then holds neither the caller's key nor any card data.
package struct KeyDigest: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter bytes: exactly 32 bytes.
    package init(bytes: some Sequence<UInt8>) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var count = 0
        for byte in bytes {
            switch count / 8 {
            case 0: words.0 = words.0 << 8 | UInt64(byte)
            case 1: words.1 = words.1 << 8 | UInt64(byte)
            case 2: words.2 = words.2 << 8 | UInt64(byte)
            case 3: words.3 = words.3 << 8 | UInt64(byte)
            default: preconditionFailure("a key digest has 32 bytes")
            }
            count += 1
        }
        precondition(count == 32, "a key digest has 32 bytes")
        self.words = words
    }

    /// - Parameter digest: exactly 32 bytes, as memory: several are made per payment.
    package init(_ digest: UnsafeRawBufferPointer) {
        precondition(digest.count == 32, "a key digest has 32 bytes")
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Bits of the digest other than those that `hash(into:)` takes, for those who divide keys among themselves.
    var spreadingBits: UInt64 { words.3 }

    /// Appends the 32 bytes.
    package func append(to bytes: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        }
    }

    package static func == (left: KeyDigest, right: KeyDigest) -> Bool {
        left.words == right.words
    }

    package func hash(into hasher: inout Hasher) {
        // The bits of a digest are even already: one word finds the place, equality looks at all four.
        hasher.combine(words.0)
    }
}
