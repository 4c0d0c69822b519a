/// Identifiers as the documents show them.
enum Identifier {
    /// A version 4 UUID in lower case.
    static func uuid() -> String {
        var bytes = withUnsafeBytes(of: (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))) {
            Array($0)
        }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (index, digit) in hex(bytes).enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    /// So many random characters of a set.
    static func random(_ count: Int, of characters: String) -> String {
        let characters = Array(characters)
        return String((0..<count).compactMap { _ in characters.randomElement() })
    }

    /// Without padding, as the parts of a JWT.
    static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            bits <<= 8
            for _ in 0...group.count {
                text.append(alphabet[Int(bits >> 26)])
                bits <<= 6
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
