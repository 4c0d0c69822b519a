import Synchronization

/// Makes the identifiers of one provider, in the forms that the documents show: at random, or from a seed the same ones
/// each time.
final class IdentifierSource: Sendable {
    private let generator: Mutex<Generator>

    /// - Parameter seed: `nil`: the system's randomness.
    init(seed: UInt64? = nil) {
        generator = Mutex(Generator(state: seed))
    }

    static let digits = Array("0123456789".utf8)
    static let upperCase = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    static let lowerCaseAndDigits = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// A version 4 UUID in lower case: `550e8400-e29b-41d4-a716-446655440000`
    func uuid() -> String {
        let bytes = uuidBytes()
        let parts = [bytes[0..<4], bytes[4..<6], bytes[6..<8], bytes[8..<10], bytes[10..<16]]
        return parts.map { hex($0) }.joined(separator: "-")
    }

    /// The 16 bytes of a version 4 UUID.
    func uuidBytes() -> [UInt8] {
        var bytes = bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return bytes
    }

    /// So many of the characters of a set.
    func text(_ count: Int, of characters: [UInt8]) -> String {
        generator.withLock { generator in
            String(unsafeUninitializedCapacity: count) { text in
                for index in 0..<count {
                    text.initializeElement(
                        at: index, to: characters[Int.random(in: characters.indices, using: &generator)])
                }
                return count
            }
        }
    }

    func number(in range: ClosedRange<Int>) -> Int {
        generator.withLock { Int.random(in: range, using: &$0) }
    }

    func bytes(_ count: Int) -> [UInt8] {
        generator.withLock { generator in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            while bytes.count < count {
                let word = generator.next()
                for shift in stride(from: 0, to: 64, by: 8) where bytes.count < count {
                    bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
                }
            }
            return bytes
        }
    }

    /// The text of a token in three base64url parts, as a JWT has. The third is no signature: what is sent back is
    /// known by being remembered.
    func token(header: String, payload: String) -> String {
        [Array(header.utf8), Array(payload.utf8), bytes(32)].map(Self.base64URL).joined(separator: ".")
    }

    private static let base64URLDigits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Without padding, as the parts of a JWT.
    static func base64URL(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            bits <<= 8
            for _ in 0...group.count {
                text.append(base64URLDigits[Int(bits >> 26)])
                bits <<= 6
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014) from a seed; the system's generator without one.
private struct Generator: RandomNumberGenerator, Sendable {
    var state: UInt64?

    mutating func next() -> UInt64 {
        guard var state else {
            var system = SystemRandomNumberGenerator()
            return system.next()
        }
        state &+= 0x9E37_79B9_7F4A_7C15
        self.state = state
        state = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        state = (state ^ state >> 27) &* 0x94D0_49BB_1331_11EB
        return state ^ state >> 31
    }
}
