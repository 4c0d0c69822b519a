import Foundation
import Fuzzing
import StrictJSON
import Testing

@Suite("Mutated documents")
struct JSONFuzzTests {
    private static let documents: [[UInt8]] = [
        #"{"amount":10000,"currency":"KES","method":"mobile_money","customer":{"name":"A. Wanjirũ","phone":"+254712345678"}}"#,
        #"{"items":[{"id":"SKU1","unit_amount":5000,"quantity":2},{"id":"SKU2","price":100.00}],"metadata":{"tier":"gold"}}"#,
        #"[null,true,false,0,-0,1.5e+10,1E-3,"",[],{},[[[]]],{"a":{"b":{}}}]"#,
        #"["\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00","é日本😀","a longer string without any escape at all"]"#,
        #"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"n":14,"o":15,"p":16,"q":17}"#,
        #" { "spaced" : [ 1 , 2 ,   3 ] , "nested" : { "x" : null } } "#,
        String(repeating: "[", count: 32) + String(repeating: "]", count: 32),
    ].map { Array($0.utf8) }

    @Test("nothing stops the reader, and what it accepts is written and read again as it was")
    func mutations() throws {
        var tried = 0
        var accepted = 0
        for var round in Fuzz("documents", corpus: Self.documents, tokens: .json, rounds: 8000) {
            let document = round.input
            tried += 1
            // In a debug build every read is checked against the bounds, so one past the end would stop here.
            let value: JSONValue
            do throws(JSONFault) {
                value = try JSONValue(parsing: document)
            } catch {
                #expect((0...document.count).contains(error.offset), "\(round)")
                #expect(error.pointer.isEmpty || error.pointer.utf8.first == 0x2F, "\(round)")
                #expect(!round.isOriginal, "\(round)")
                continue
            }
            accepted += 1
            let written = value.serialized()
            let canonical = value.canonicalBytes()
            let again = try JSONValue(parsing: written)
            try #require(again == value && again.serialized() == written, "\(round)")
            try #require(try JSONValue(parsing: canonical) == value, "\(round)")
            let text = String(decoding: document, as: UTF8.self)
            try #require(try JSONValue(parsing: text) == value, "\(round)")
            let shuffled = value.shuffled(using: &round.random)
            try #require(shuffled == value && shuffled.hashValue == value.hashValue, "\(round)")
            try #require(shuffled.canonicalBytes() == canonical, "\(round)")
        }
        // Both ways must have been taken, or the mutations are no test.
        #expect(accepted * 20 > tried && accepted * 2 < tried || tried < 100, "\(accepted) of \(tried)")
    }

    /// What is accepted here is JSON to others too, and says the same to them: a body that two parsers read differently is
    /// how checks are got around (request smuggling by JSON).
    ///
    /// Foundation refuses what it cannot hold, a number beyond `Double` and 64 bits, and on Linux it drops some U+FEFF of
    /// strings: neither is compared.
    @Test("what is accepted means the same to Foundation")
    func foundationAgrees() throws {
        var compared = 0
        for round in Fuzz("documents for two readers", corpus: Self.documents, tokens: .json, rounds: 4000) {
            guard let value = try? JSONValue(parsing: round.input), value.isHeldByFoundation else { continue }
            let theirs = try JSONSerialization.jsonObject(with: Data(round.input), options: .fragmentsAllowed)
            try #require(Self.isSame(value, theirs), "\(round)")
            compared += 1
        }
        #expect(compared > 200 || FuzzPlan.environment.round != nil)
    }

    /// Numbers are compared where both can hold them exactly; members whose names Swift holds for equal are one to
    /// Foundation, so that of such an object nothing can be compared.
    private static func isSame(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: return theirs is NSNull
        case .bool(let bool): return theirs as? Bool == bool
        case .number(let number):
            guard let theirs = theirs as? NSNumber else { return false }
            return number.integer.map { theirs.int64Value == $0 } ?? true
        case .string(let string): return (theirs as? String).map { $0.utf8.elementsEqual(string.utf8) } ?? false
        case .array(let elements):
            guard let theirs = theirs as? [Any], theirs.count == elements.count else { return false }
            return zip(elements, theirs).allSatisfy(isSame)
        case .object(let object):
            guard let theirs = theirs as? [String: Any] else { return false }
            guard Set(object.names).count == object.count else { return true }
            return theirs.count == object.count
                && object.allSatisfy { name, value in theirs[name].map { isSame(value, $0) } ?? false }
        }
    }

    @Test("values made at random are written and read again as they were", arguments: 1...4)
    func values(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed) << 32)
        for round in 0..<300 {
            let value = Self.value(depth: 5, with: &random)
            #expect(try JSONValue(parsing: value.serialized()) == value, "seed \(seed), round \(round)")
            #expect(try JSONValue(parsing: value.canonicalBytes()) == value, "seed \(seed), round \(round)")
        }
    }

    private static func string(with random: inout SeededRandom) -> String {
        var string = ""
        for _ in 0..<random.below(25) {
            let limit: UInt32 = random.one(of: [0x30, 0x80, 0x800, 0x11_0000])
            // Surrogates are no scalars; they are left out.
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) {
                string.unicodeScalars.append(scalar)
            }
        }
        return string
    }

    private static func value(depth: Int, with random: inout SeededRandom) -> JSONValue {
        switch random.below(depth > 0 ? 7 : 5) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(JSONNumber(Int64.random(in: .min ... .max, using: &random)))
        case 3, 4: return .string(string(with: &random))
        case 5:
            return .array((0..<random.below(6)).map { _ in value(depth: depth - 1, with: &random) })
        default:
            var object = JSONObject()
            for _ in 0..<random.below(21) {
                object[string(with: &random)] = value(depth: depth - 2, with: &random)
            }
            return .object(object)
        }
    }
}

extension JSONValue {
    /// The same value with the members of every object in another order.
    fileprivate func shuffled(using random: inout SeededRandom) -> JSONValue {
        switch self {
        case .array(let elements): return .array(elements.map { $0.shuffled(using: &random) })
        case .object(let object):
            var shuffled = JSONObject()
            for (name, value) in object.members.shuffled(using: &random) {
                shuffled[name] = value.shuffled(using: &random)
            }
            return .object(shuffled)
        default: return self
        }
    }

    /// Whether every number in it is one that a `Double` or a 64-bit integer comes near, and no text holds a U+FEFF.
    fileprivate var isHeldByFoundation: Bool {
        switch self {
        case .number(let number): Double(number.text)?.isFinite ?? false
        case .string(let string): !string.unicodeScalars.contains("\u{feff}")
        case .array(let elements): elements.allSatisfy(\.isHeldByFoundation)
        case .object(let object):
            object.allSatisfy { !$0.unicodeScalars.contains("\u{feff}") && $1.isHeldByFoundation }
        default: true
        }
    }
}
