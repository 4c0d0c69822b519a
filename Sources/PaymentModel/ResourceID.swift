/// Ids of things that the API names: a prefix and 26 characters of Crockford's base 32 that sort by time (as ULIDs do).
public enum ResourceID {
    /// A new id such as `pay_01JD…`: 48 bits of time, 80 random bits.
    public static func make(
        _ prefix: String, at now: Timestamp, using random: inout some RandomNumberGenerator
    ) -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        let high = UInt64(truncatingIfNeeded: now.milliseconds) << 16 | UInt64.random(in: 0...0xffff, using: &random)
        let low = UInt64.random(in: .min ... .max, using: &random)
        let bits = UInt128(high) << 64 | UInt128(low)
        let head = Array(prefix.utf8) + [UInt8(ascii: "_")]
        return String(unsafeUninitializedCapacity: head.count + 26) { buffer in
            _ = buffer.initialize(from: head)
            for index in 0..<26 {
                buffer[head.count + index] = alphabet[Int(truncatingIfNeeded: bits >> (5 * UInt128(25 - index))) & 31]
            }
            return head.count + 26
        }
    }
}
