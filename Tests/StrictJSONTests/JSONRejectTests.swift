import StrictJSON
import Testing

/// A text, the kind of fault that it must give, and where stated its place.
struct Refused: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let kind: JSONFault.Kind
    let offset: Int?
    let pointer: String?

    init(_ text: String, _ kind: JSONFault.Kind, at offset: Int? = nil, in pointer: String? = nil) {
        self.init(Array(text.utf8), kind, at: offset, in: pointer)
    }

    init(_ bytes: [UInt8], _ kind: JSONFault.Kind, at offset: Int? = nil, in pointer: String? = nil) {
        self.bytes = bytes
        self.kind = kind
        self.offset = offset
        self.pointer = pointer
    }

    /// A string, within quotes, of these bytes.
    static func string(_ content: [UInt8], at offset: Int) -> Refused {
        Refused([0x22] + content + [0x22], .invalidUTF8, at: offset, in: "")
    }

    var testDescription: String {
        "\(String(decoding: bytes, as: UTF8.self).debugDescription) is \(kind)"
    }

    func check(sourceLocation: SourceLocation = #_sourceLocation) {
        let fault = #expect(throws: JSONFault.self, sourceLocation: sourceLocation) {
            try JSONValue(parsing: bytes)
        }
        #expect(fault?.kind == kind, sourceLocation: sourceLocation)
        if let offset {
            #expect(fault?.offset == offset, sourceLocation: sourceLocation)
        }
        if let pointer {
            #expect(fault?.pointer == pointer, sourceLocation: sourceLocation)
        }
    }
}

@Suite("Reading: what is refused")
struct JSONRejectTests {
    @Test(
        "no value, and a byte order mark",
        arguments: [
            Refused("", .empty, at: 0, in: ""),
            Refused(" \r\n\t", .empty, at: 4, in: ""),
            Refused("\u{FEFF}", .byteOrderMark, at: 0, in: ""),
            Refused("\u{FEFF}{}", .byteOrderMark, at: 0, in: ""),
            Refused([0xFE, 0xFF, 0x00, 0x31], .byteOrderMark, at: 0),
            Refused([0xFF, 0xFE, 0x31, 0x00], .byteOrderMark, at: 0),
            Refused(" \u{FEFF}1", .unexpectedCharacter, at: 1),
            Refused([0xEF, 0xBB], .invalidUTF8, at: 0),
        ])
    func beginning(refused: Refused) {
        refused.check()
    }

    @Test(
        "structure",
        arguments: [
            Refused("[", .unexpectedEnd, at: 1, in: "/0"),
            Refused("[1", .unexpectedEnd, at: 2, in: ""),
            Refused("[1,", .unexpectedEnd, at: 3, in: "/1"),
            Refused("[1,]", .unexpectedCharacter, at: 3, in: "/1"),
            Refused("[,1]", .unexpectedCharacter, at: 1, in: "/0"),
            Refused("[1,,2]", .unexpectedCharacter, at: 3, in: "/1"),
            Refused("[1 2]", .unexpectedCharacter, at: 3, in: ""),
            Refused("[1;2]", .unexpectedCharacter, at: 2, in: ""),
            Refused("[1}", .unexpectedCharacter, at: 2, in: ""),
            Refused("[1:2]", .unexpectedCharacter, at: 2, in: ""),
            Refused("{", .unexpectedEnd, at: 1, in: ""),
            Refused(#"{"a""#, .unexpectedEnd, at: 4, in: "/a"),
            Refused(#"{"a":"#, .unexpectedEnd, at: 5, in: "/a"),
            Refused(#"{"a":1"#, .unexpectedEnd, at: 6, in: ""),
            Refused(#"{"a":1,"#, .unexpectedEnd, at: 7, in: ""),
            Refused(#"{"a":1,}"#, .unexpectedCharacter, at: 7, in: ""),
            Refused(#"{,"a":1}"#, .unexpectedCharacter, at: 1, in: ""),
            Refused(#"{"a" 1}"#, .unexpectedCharacter, at: 5, in: "/a"),
            Refused(#"{"a"}"#, .unexpectedCharacter, at: 4, in: "/a"),
            Refused(#"{"a":}"#, .unexpectedCharacter, at: 5, in: "/a"),
            Refused(#"{"a"::1}"#, .unexpectedCharacter, at: 5, in: "/a"),
            Refused(#"{"a","b"}"#, .unexpectedCharacter, at: 4),
            Refused(#"{"a":1]"#, .unexpectedCharacter, at: 6, in: ""),
            Refused(#"{"a":1 "b":2}"#, .unexpectedCharacter, at: 7, in: ""),
            Refused("{a:1}", .unexpectedCharacter, at: 1, in: ""),
            Refused("{1:1}", .unexpectedCharacter, at: 1, in: ""),
            Refused("{null:1}", .unexpectedCharacter, at: 1),
            Refused("{'a':1}", .unexpectedCharacter, at: 1),
            Refused("['a']", .unexpectedCharacter, at: 1),
            Refused("]", .unexpectedCharacter, at: 0, in: ""),
            Refused("}", .unexpectedCharacter, at: 0),
            Refused(",", .unexpectedCharacter, at: 0),
            Refused(":", .unexpectedCharacter, at: 0),
            Refused("// a\n1", .unexpectedCharacter, at: 0),
            Refused("[1/*a*/]", .unexpectedCharacter, at: 2),
            Refused("[1,#a\n2]", .unexpectedCharacter, at: 3),
            Refused("\u{A0}1", .unexpectedCharacter, at: 0),
            Refused("\u{B}1", .unexpectedCharacter, at: 0),
            Refused("\u{C}1", .unexpectedCharacter, at: 0),
            Refused("\0", .unexpectedCharacter, at: 0),
            Refused("[\u{2028}]", .unexpectedCharacter, at: 1),
            Refused([0x5B, 0xFF, 0x5D], .invalidUTF8, at: 1),
        ])
    func structure(refused: Refused) {
        refused.check()
    }

    @Test(
        "literals",
        arguments: [
            Refused("nul", .unexpectedEnd, at: 3, in: ""),
            Refused("nulL", .unexpectedCharacter, at: 3, in: ""),
            Refused("[nul]", .unexpectedCharacter, at: 4, in: "/0"),
            Refused("True", .unexpectedCharacter, at: 0),
            Refused("FALSE", .unexpectedCharacter, at: 0),
            Refused("tru", .unexpectedEnd, at: 3),
            Refused("fals3", .unexpectedCharacter, at: 4),
            Refused("truee", .trailingContent, at: 4),
            Refused("[truefalse]", .unexpectedCharacter, at: 5),
            Refused("undefined", .unexpectedCharacter, at: 0),
            Refused("NaN", .unexpectedCharacter, at: 0),
            Refused("Infinity", .unexpectedCharacter, at: 0),
            Refused("-Infinity", .invalidNumber, at: 1),
            Refused("-NaN", .invalidNumber, at: 1),
            Refused("[Inf]", .unexpectedCharacter, at: 1),
        ])
    func literals(refused: Refused) {
        refused.check()
    }

    @Test(
        "numbers",
        arguments: [
            Refused("01", .invalidNumber, at: 1, in: ""),
            Refused("-01", .invalidNumber, at: 2),
            Refused("00", .invalidNumber, at: 1),
            Refused("[012.5]", .invalidNumber, at: 2, in: "/0"),
            Refused("+1", .invalidNumber, at: 0),
            Refused(".5", .invalidNumber, at: 0),
            Refused("-.5", .invalidNumber, at: 1),
            Refused("-", .unexpectedEnd, at: 1),
            Refused("[-]", .invalidNumber, at: 2),
            Refused("--1", .invalidNumber, at: 1),
            Refused("- 1", .invalidNumber, at: 1),
            Refused("1.", .unexpectedEnd, at: 2),
            Refused("[1.]", .invalidNumber, at: 3),
            Refused("1.e5", .invalidNumber, at: 2),
            Refused("1e", .unexpectedEnd, at: 2),
            Refused("[1e]", .invalidNumber, at: 3),
            Refused("[1e+]", .invalidNumber, at: 4),
            Refused("1e-", .unexpectedEnd, at: 3),
            Refused("[1e1.5]", .unexpectedCharacter, at: 4),
            Refused("1.2.3", .trailingContent, at: 3),
            Refused("1e1e1", .trailingContent, at: 3),
            Refused("0x1F", .trailingContent, at: 1),
            Refused("1_000", .trailingContent, at: 1),
            Refused("1a", .trailingContent, at: 1),
            Refused("1 000", .trailingContent, at: 2),
            Refused("\u{FF11}", .unexpectedCharacter, at: 0),
            Refused("1\u{661}", .trailingContent, at: 1),
            Refused(#"{"amount":1.}"#, .invalidNumber, at: 12, in: "/amount"),
        ])
    func numbers(refused: Refused) {
        refused.check()
    }

    @Test(
        "escapes and control characters",
        arguments: [
            Refused("\"", .unexpectedEnd, at: 1, in: ""),
            Refused("\"abc", .unexpectedEnd, at: 4),
            Refused("\"a long string, and no end to it", .unexpectedEnd, at: 32),
            Refused(#""\"#, .unexpectedEnd, at: 2),
            Refused(#""\""#, .unexpectedEnd, at: 3),
            Refused(#""\a""#, .invalidEscape, at: 1, in: ""),
            Refused(#""ab\x41""#, .invalidEscape, at: 3),
            Refused(#""\'""#, .invalidEscape, at: 1),
            Refused(#""\0""#, .invalidEscape, at: 1),
            Refused(#""\U0041""#, .invalidEscape, at: 1),
            Refused("\"\\\n\"", .invalidEscape, at: 1),
            Refused("\"\\é\"", .invalidEscape, at: 1),
            Refused(#""\u""#, .invalidEscape, at: 1),
            Refused(#""\u12"#, .unexpectedEnd, at: 5),
            Refused(#""\u12""#, .invalidEscape, at: 1),
            Refused(#""\u123G""#, .invalidEscape, at: 1),
            Refused(#""\u+123""#, .invalidEscape, at: 1),
            Refused(#""\u{41}""#, .invalidEscape, at: 1),
            Refused(#""\uD83D\uZZZZ""#, .invalidEscape, at: 7),
            Refused("\"\n\"", .controlCharacter, at: 1, in: ""),
            Refused("\"\t\"", .controlCharacter, at: 1),
            Refused("\"\0\"", .controlCharacter, at: 1),
            Refused("\"0123456789\u{1F}\"", .controlCharacter, at: 11),
            Refused("{\"a\nb\":1}", .controlCharacter, at: 3, in: ""),
            Refused("{\"k\":\"a\nb\"}", .controlCharacter, at: 7, in: "/k"),
        ])
    func escapes(refused: Refused) {
        refused.check()
    }

    @Test("every control character, before and within a run of eight")
    func controls() {
        for control in UInt8(0)..<0x20 {
            for length in [0, 3, 7, 8, 12] {
                let before = [UInt8](repeating: 0x61, count: length)
                Refused([0x22] + before + [control, 0x61, 0x22], .controlCharacter, at: 1 + length).check()
            }
        }
    }

    @Test(
        "surrogates",
        arguments: [
            Refused(#""\ud800""#, .loneSurrogate, at: 1, in: ""),
            Refused(#""\uDBFF""#, .loneSurrogate, at: 1),
            Refused(#""\udc00""#, .loneSurrogate, at: 1),
            Refused(#""\uDFFF""#, .loneSurrogate, at: 1),
            Refused(#""ab\ud800cd""#, .loneSurrogate, at: 3),
            Refused(#""\ud800\n""#, .loneSurrogate, at: 1),
            Refused(#""\ud800\u0041""#, .loneSurrogate, at: 1),
            Refused(#""\ud800\ud800\udc00""#, .loneSurrogate, at: 1),
            Refused(#""\ud83d\ude00\ude00""#, .loneSurrogate, at: 13),
            Refused(#""\udc00\ud800""#, .loneSurrogate, at: 1),
            Refused(#"{"\ud800":1}"#, .loneSurrogate, at: 2, in: ""),
            Refused(#"{"a":["\ud800"]}"#, .loneSurrogate, at: 7, in: "/a/0"),
        ])
    func surrogates(refused: Refused) {
        refused.check()
    }

    @Test(
        "UTF-8",
        arguments: [
            Refused.string([0x80], at: 1),
            Refused.string([0x61, 0xBF], at: 2),
            Refused.string([0xC0, 0x80], at: 1),
            Refused.string([0xC1, 0xBF], at: 1),
            Refused.string([0xC2], at: 1),
            Refused.string([0xC2, 0x41], at: 1),
            Refused.string([0xC3, 0xA9, 0xC3], at: 3),
            Refused.string([0xE0, 0x80, 0x80], at: 1),
            Refused.string([0xE0, 0x9F, 0xBF], at: 1),
            Refused.string([0xE2, 0x82], at: 1),
            Refused.string([0xE2, 0x82, 0x41], at: 1),
            Refused.string([0xED, 0xA0, 0x80], at: 1),
            Refused.string([0xED, 0xBF, 0xBF], at: 1),
            Refused.string([0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], at: 1),
            Refused.string([0xF0, 0x80, 0x80, 0x80], at: 1),
            Refused.string([0xF0, 0x8F, 0xBF, 0xBF], at: 1),
            Refused.string([0xF0, 0x9F, 0x98], at: 1),
            Refused.string([0xF4, 0x90, 0x80, 0x80], at: 1),
            Refused.string([0xF5, 0x80, 0x80, 0x80], at: 1),
            Refused.string([0xF8, 0x88, 0x80, 0x80, 0x80], at: 1),
            Refused.string([0xFE], at: 1),
            Refused.string([0xFF], at: 1),
            Refused.string([0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xFF], at: 10),
            Refused([0x22, 0xE2, 0x82], .invalidUTF8, at: 1),
            Refused([0x22, 0xF0], .invalidUTF8, at: 1),
            Refused([0x31, 0x20, 0xFF], .invalidUTF8, at: 2),
            Refused([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D], .invalidUTF8, at: 2, in: ""),
        ])
    func utf8(refused: Refused) {
        refused.check()
    }

    @Test(
        "duplicate names, compared unescaped",
        arguments: [
            Refused(#"{"a":1,"a":1}"#, .duplicateKey, at: 7, in: "/a"),
            Refused(#"{"a":1,"b":2,"a":3}"#, .duplicateKey, at: 13, in: "/a"),
            Refused(#"{"a":1,"\u0061":2}"#, .duplicateKey, at: 7, in: "/a"),
            Refused(#"{"😀":1,"\ud83d\ude00":2}"#, .duplicateKey, at: 10, in: "/😀"),
            Refused(#"{"a/b":1,"a\/b":2}"#, .duplicateKey, at: 9, in: "/a~1b"),
            Refused(#"{"":1,"":2}"#, .duplicateKey, at: 6, in: "/"),
            Refused(#"{"card":{"n":1,"n":2}}"#, .duplicateKey, at: 15, in: "/card/n"),
            Refused(#"[{},{"x":[],"x":[]}]"#, .duplicateKey, at: 12, in: "/1/x"),
            Refused(#"{"a":{"a":1},"a":2}"#, .duplicateKey, at: 13, in: "/a"),
        ])
    func duplicates(refused: Refused) {
        refused.check()
    }

    @Test("a duplicate at any place of objects small and large", arguments: [2, 16, 17, 18, 40, 1_000])
    func duplicatesInLarge(count: Int) throws {
        let members = (0..<count).map { "\"name \($0)\":\($0)" }
        let text = "{" + members.joined(separator: ",") + "}"
        #expect(try JSONValue(parsing: text).object?.count == count)
        for repeated in Set([0, count / 2, count - 1]) {
            let offset = text.utf8.count
            Refused(
                "{" + (members + ["\"name \(repeated)\":null"]).joined(separator: ",") + "}", .duplicateKey, at: offset,
                in: "/name \(repeated)"
            ).check()
        }
    }

    @Test(
        "something after the value",
        arguments: [
            Refused("1 2", .trailingContent, at: 2, in: ""),
            Refused("{}{}", .trailingContent, at: 2, in: ""),
            Refused("[]]", .trailingContent, at: 2),
            Refused("{}}", .trailingContent, at: 2),
            Refused("{},", .trailingContent, at: 2),
            Refused("null\0", .trailingContent, at: 4),
            Refused("{} // end", .trailingContent, at: 3),
            Refused("\"a\"\"b\"", .trailingContent, at: 3),
            Refused("1\u{A0}", .trailingContent, at: 1),
        ])
    func trailing(refused: Refused) {
        refused.check()
    }

    @Test(
        "pointers name the value that was read",
        arguments: [
            Refused(#"{"items":[{"id":"A"},{"id":B}]}"#, .unexpectedCharacter, at: 27, in: "/items/1/id"),
            Refused(#"{"items":[{"id":"A"} {"id":"B"}]}"#, .unexpectedCharacter, at: 21, in: "/items"),
            Refused(#"{"a":{"b":[1,[2,{"c":tru}]]}}"#, .unexpectedCharacter, at: 24, in: "/a/b/1/1/c"),
            Refused(#"{"a":[[],[],x]}"#, .unexpectedCharacter, at: 12, in: "/a/2"),
            Refused(#"{"a~b/c":{"":x}}"#, .unexpectedCharacter, at: 13, in: "/a~0b~1c/"),
            Refused(#"{"a\nb":x}"#, .unexpectedCharacter, at: 8, in: "/a\nb"),
            Refused(#"{"a":{"b":1},c"#, .unexpectedCharacter, at: 13, in: ""),
            Refused(#"{"a":{"b":1}"#, .unexpectedEnd, at: 12, in: ""),
            Refused(#"{"a":{"b":1"#, .unexpectedEnd, at: 11, in: "/a"),
            Refused(#"{"a":{"b"#, .unexpectedEnd, at: 8, in: "/a"),
        ])
    func pointers(refused: Refused) {
        refused.check()
    }

    @Test("every beginning of a document is refused, as cut off")
    func beginnings() throws {
        let text = #"{"a":[1,-2.5e+3,"x\né😀",true],"b":{"c":null,"d":false}}"#
        let bytes = Array(text.utf8)
        _ = try JSONValue(parsing: bytes)
        for count in 0..<bytes.count {
            let fault = #expect(throws: JSONFault.self) { try JSONValue(parsing: Array(bytes.prefix(count))) }
            #expect([.empty, .unexpectedEnd, .invalidUTF8].contains(fault?.kind), "\(count) bytes")
        }
    }

    @Test("what a fault says holds nothing of the document")
    func description() {
        let fault = #expect(throws: JSONFault.self) { try JSONValue(parsing: #"{"4242424242424242":x}"#) }
        #expect(fault?.pointer == "/4242424242424242")
        #expect(fault.map { "\($0)" } == "an unexpected character at byte 20")
        let sentences = JSONFault.Kind.allCases.map { kind in
            Self.example[kind].flatMap { text in
                #expect(throws: JSONFault.self) { try JSONValue(parsing: text, maxDepth: 1) }?.description
            }
        }
        #expect(Set(sentences).count == JSONFault.Kind.allCases.count)
        #expect(!sentences.contains(nil))
    }

    /// A text for each kind of fault; two containers are one too many.
    private static let example: [JSONFault.Kind: [UInt8]] = [
        .empty: [], .byteOrderMark: [0xFE, 0xFF], .invalidUTF8: [0xFF], .loneSurrogate: Array(#""\udead""#.utf8),
        .duplicateKey: Array(#"{"a":1,"a":1}"#.utf8), .tooDeep: Array("[[]]".utf8),
        .unexpectedCharacter: Array("x".utf8), .unexpectedEnd: Array("[".utf8), .invalidNumber: Array("01".utf8),
        .invalidEscape: Array(#""\x""#.utf8), .controlCharacter: Array("\"\n\"".utf8),
        .trailingContent: Array("1 1".utf8),
    ]
}
