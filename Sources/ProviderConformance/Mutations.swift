import Fuzzing
import ProviderKit
import StrictJSON

/// Replies as no provider should send them.
enum Mutations {
    /// Bodies that are no answer of any kind.
    static let garbage: [(name: String, body: [UInt8])] = [
        ("nothing", []),
        ("an HTML page", Array("<html><body><h1>502 Bad Gateway</h1></body></html>".utf8)),
        ("half a document", Array(#"{"status":"#.utf8)),
        ("null", Array("null".utf8)),
        ("a text", Array(#""success""#.utf8)),
        ("a number", Array("1e999".utf8)),
        ("an empty array", Array("[]".utf8)),
        ("an empty object", Array("{}".utf8)),
        ("another object", Array(#"{"message":"Not Found"}"#.utf8)),
        ("a byte order mark", [0xef, 0xbb, 0xbf] + Array(#"{"status":"pending"}"#.utf8)),
        ("invalid UTF-8", [0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
        ("NUL bytes", [0, 0, 0, 0]),
        ("deep nesting", Array(String(repeating: "[", count: 5000).utf8)),
    ]

    /// Documented bodies, changed: by bytes and words, or one value of the JSON replaced or taken away.
    ///
    /// - Parameter rounds: The bodies as they are included.
    static func fuzz(_ name: String, _ bodies: [[UInt8]], rounds: Int) -> Fuzz {
        let mutator = Mutator(corpus: bodies, tokens: .json)
        return Fuzz(name, corpus: bodies, rounds: rounds) { member, random in
            guard Bool.random(using: &random), let json = try? JSONValue(parsing: bodies[member]) else {
                return mutator.mutate(member, using: &random)
            }
            var place = random.below(max(1, json.valueCount))
            return json.replacing(&place, with: random.one(of: replacements))?.serialized() ?? []
        }
    }

    /// Nil takes the value away.
    private static let replacements: [JSONValue?] = [
        nil, .null, .bool(true), .string(""), .string("\u{0}"), .string(".."), .string("é日本😀\u{202e}"),
        .string(String(repeating: "x", count: 5000)), .string("-1"), .string("1e3"), .string("99999999999999999999"),
        .string("0000-99-99T99:99:99Z"), .string("9999-12-31T23:59:59.999Z"), .array([]), .array([.null]),
        .object(JSONObject()), number("0"), number("-0"), number("-1"), number("1e999"), number("0.000001"),
        number("9223372036854775807"), number("9223372036854775808"),
    ]

    private static func number(_ text: String) -> JSONValue? { JSONNumber(text: text).map(JSONValue.number) }
}

/// A reply that was made of a documented one.
struct MutatedReply {
    let reply: ProviderReply
    let fixture: ConformanceFixture
    let round: FuzzRound
    /// The body; nil where it is no JSON.
    let json: JSONValue?

    init(_ reply: ProviderReply, of fixture: ConformanceFixture, _ round: FuzzRound) {
        self.reply = reply
        self.fixture = fixture
        self.round = round
        json = reply.json
    }

    /// The fixture, how to make the reply again, and what it says.
    var words: String {
        let body = ProviderText.sentence(String(decoding: reply.body, as: UTF8.self), hiding: [])
        return "\(reply.status) with \(fixture.name) (seed \(round.seed), round \(round.number)) changed to "
            + (body ?? "what cannot be shown")
    }
}

extension JSONValue {
    /// Every text and the text of every number in the document.
    var scalarTexts: [String] {
        switch self {
        case .string(let text): [text]
        case .number(let number): [number.text]
        case .array(let elements): elements.flatMap(\.scalarTexts)
        case .object(let object): object.flatMap(\.value.scalarTexts)
        default: []
        }
    }

    /// How many values the document has, itself included.
    var valueCount: Int {
        switch self {
        case .array(let elements): elements.reduce(1) { $0 + $1.valueCount }
        case .object(let object): object.members.reduce(1) { $0 + $1.value.valueCount }
        default: 1
        }
    }

    /// The document with its `index`-th value (in the order of the text, itself first) replaced, or taken away by nil.
    func replacing(_ index: inout Int, with value: JSONValue?) -> JSONValue? {
        if index == 0 {
            index = -1
            return value
        }
        if index < 0 { return self }
        index -= 1
        switch self {
        case .array(let elements):
            var changed: [JSONValue] = []
            for element in elements {
                if let kept = index < 0 ? element : element.replacing(&index, with: value) { changed.append(kept) }
            }
            return .array(changed)
        case .object(let object):
            var changed = JSONObject()
            for (name, element) in object {
                changed[name] = index < 0 ? element : element.replacing(&index, with: value)
            }
            return .object(changed)
        default: return self
        }
    }

    /// Every text in the document.
    var strings: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.strings)
        case .object(let object): object.members.flatMap(\.value.strings)
        default: []
        }
    }

    /// The places of the texts in the document, as ``replacing(_:with:)`` counts them, with their pointers.
    var stringPlaces: [(index: Int, pointer: JSONPointer)] {
        var found: [(Int, JSONPointer)] = []
        var index = 0
        func walk(_ value: JSONValue, at pointer: JSONPointer) {
            if case .string = value { found.append((index, pointer)) }
            index += 1
            switch value {
            case .array(let elements):
                for (position, element) in elements.enumerated() { walk(element, at: pointer.appending(position)) }
            case .object(let object):
                for (name, member) in object { walk(member, at: pointer.appending(name)) }
            default: break
            }
        }
        walk(self, at: .root)
        return found
    }

    /// The places of the elements of arrays in the document, as ``replacing(_:with:)`` counts them.
    var elementIndices: [Int] {
        var found: [Int] = []
        var index = 0
        func walk(_ value: JSONValue, isElement: Bool) {
            if isElement { found.append(index) }
            index += 1
            switch value {
            case .array(let elements): elements.forEach { walk($0, isElement: true) }
            case .object(let object): object.members.forEach { walk($0.value, isElement: false) }
            default: break
            }
        }
        walk(self, isElement: false)
        return found
    }

    /// The value at a JSON pointer.
    func value(at pointer: String) -> JSONValue? {
        pointer.split(separator: "/").reduce(Optional(self)) { value, name in
            value?.array.flatMap { array in Int(name).flatMap { array.indices.contains($0) ? array[$0] : nil } }
                ?? value?[String(name)]
        }
    }

    /// The document with the object member at a JSON pointer replaced.
    func setting(_ pointer: String, to value: JSONValue) -> JSONValue {
        let names = pointer.split(separator: "/").map(String.init)
        guard let first = names.first, case .object(var object) = self else { return value }
        if names.count == 1 {
            object[first] = value
        } else if let inner = object[first] {
            object[first] = inner.setting("/" + names.dropFirst().joined(separator: "/"), to: value)
        }
        return .object(object)
    }
}
