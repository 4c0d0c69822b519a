import StrictJSON
import Testing

/// A small generator with a seed (Steele, Lea and Flood, 2014), so that a failure can be repeated.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Mutated documents")
struct JSONFuzzTests {
    private static let documents: [[UInt8]] = [
        #"{"amount":10000,"currency":"KES","method":"mobile_money","customer":{"name":"A. Wanjirũ","phone":"+254712345678"}}"#,
        #"{"items":[{"id":"SKU1","unit_amount":5000,"quantity":2},{"id":"SKU2","price":100.00}],"metadata":{"tier":"gold"}}"#,
        #"[null,true,false,0,-0,1.5e+10,1E-3,"",[],{},[[[]]],{"a":{"b":{}}}]"#,
        #"["\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00","é日本😀","a longer string without any escape at all"]"#,
        #"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"n":14,"o":15,"p":16,"q":17}"#,
        #" { "spaced" : [ 1 , 2 ,   3 ] , "nested" : { "x" : null } } "#,
    ].map { Array($0.utf8) }

    /// What a mutation puts in: the bytes that mean something to JSON, and some that never may be there.
    private static let pieces: [[UInt8]] =
        [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "0", "-", "1e", ".", "null", "{}",
            "[]",
        ]
        .map { Array($0.utf8) } + [[0x00], [0x1F], [0x7F], [0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xFF]]

    private static func mutate(_ document: inout [UInt8], with random: inout SplitMix64) {
        let place = Int.random(in: 0...document.count, using: &random)
        let end = Int.random(in: place...min(document.count, place + 12), using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: document.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
        case 1: document.removeSubrange(place..<end)
        case 2: document.replaceSubrange(place..<end, with: pieces.randomElement(using: &random) ?? [])
        case 3:
            document.insert(contentsOf: document[place..<end], at: Int.random(in: 0...document.count, using: &random))
        case 4 where place < document.count: document[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default: document.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
        }
    }

    @Test("nothing stops the reader, and what it accepts is written and read again as it was", arguments: 1...8)
    func mutations(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed))
        var accepted = 0
        for round in 0..<1_500 {
            var document = Self.documents[round % Self.documents.count]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                Self.mutate(&document, with: &random)
            }
            // In a debug build every read is checked against the bounds, so one past the end would stop here.
            do throws(JSONFault) {
                let value = try JSONValue(parsing: document, maxDepth: 8)
                accepted += 1
                let written = value.serialized()
                let again = try JSONValue(parsing: written, maxDepth: 8)
                let sorted = try JSONValue(parsing: value.canonicalBytes(), maxDepth: 8)
                #expect(again == value && sorted == value, "seed \(seed), round \(round)")
                #expect(again.serialized() == written && sorted.canonicalBytes() == value.canonicalBytes())
                #expect(try JSONValue(parsing: String(decoding: document, as: UTF8.self), maxDepth: 8) == value)
            } catch {
                #expect((0...document.count).contains(error.offset), "seed \(seed), round \(round)")
                #expect(error.pointer.isEmpty || error.pointer.utf8.first == 0x2F)
            }
        }
        // Both ways must have been taken, or the mutations are no test.
        #expect(accepted > 50 && accepted < 1_450)
    }

    @Test("values made at random are written and read again as they were", arguments: 1...4)
    func values(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed) << 32)
        for round in 0..<300 {
            let value = Self.value(depth: 5, with: &random)
            #expect(try JSONValue(parsing: value.serialized()) == value, "seed \(seed), round \(round)")
            #expect(try JSONValue(parsing: value.canonicalBytes()) == value, "seed \(seed), round \(round)")
        }
    }

    private static func string(with random: inout SplitMix64) -> String {
        var string = ""
        for _ in 0..<Int.random(in: 0...24, using: &random) {
            let limit: UInt32 = [0x30, 0x80, 0x800, 0x11_0000].randomElement(using: &random) ?? 0x80
            // Surrogates are no scalars; they are left out.
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) {
                string.unicodeScalars.append(scalar)
            }
        }
        return string
    }

    private static func value(depth: Int, with random: inout SplitMix64) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(JSONNumber(Int64.random(in: .min ... .max, using: &random)))
        case 3, 4: return .string(string(with: &random))
        case 5:
            return .array(
                (0..<Int.random(in: 0...5, using: &random)).map { _ in value(depth: depth - 1, with: &random) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                object[string(with: &random)] = value(depth: depth - 2, with: &random)
            }
            return .object(object)
        }
    }
}
