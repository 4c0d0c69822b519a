import Foundation

/// Identifiers in the forms of the documented examples.
enum WaypayIdentifier {
    /// `550e8400-e29b-41d4-a716-446655440000`
    static func uuid() -> String { UUID().uuidString.lowercased() }

    /// `36e98f20908e426fa8a2b67fdfb088f0`
    static func event() -> String { uuid().filter { $0 != "-" } }

    /// `WPAYTREA51GR85549B81`
    static func transactionReference() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
        var text = Array("WPAYT".utf8)
        for _ in 0..<15 { text.append(alphabet[Int.random(in: alphabet.indices)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
