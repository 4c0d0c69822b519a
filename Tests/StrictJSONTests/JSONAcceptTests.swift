import StrictJSON
import Testing

/// A text and the value that it must give.
struct Accepted: Sendable, CustomTestStringConvertible {
    let text: String
    let value: JSONValue

    init(_ text: String, _ value: JSONValue) {
        self.text = text
        self.value = value
    }

    var testDescription: String {
        text.debugDescription
    }
}

@Suite("Reading: what is accepted")
struct JSONAcceptTests {
    @Test(
        "scalars and whitespace",
        arguments: [
            Accepted("null", .null),
            Accepted("true", .bool(true)),
            Accepted("false", .bool(false)),
            Accepted("0", .number(JSONNumber(0))),
            Accepted("\"\"", .string("")),
            Accepted("[]", .array([])),
            Accepted("{}", .object([:])),
            Accepted(" \t\r\n null \t\r\n ", .null),
            Accepted("[ ]", .array([])),
            Accepted("{\n}", .object([:])),
            Accepted("[\t1\t,\r\n2 ]", .array([.number(JSONNumber(1)), .number(JSONNumber(2))])),
            Accepted("{ \"a\" : 1 , \"b\" : null }", .object(["a": .number(JSONNumber(1)), "b": .null])),
        ])
    func scalars(accepted: Accepted) throws {
        #expect(try JSONValue(parsing: accepted.text) == accepted.value)
        #expect(try JSONValue(parsing: Array(accepted.text.utf8)) == accepted.value)
    }

    @Test(
        "containers",
        arguments: [
            Accepted("[[],[[]],{}]", .array([.array([]), .array([.array([])]), .object([:])])),
            Accepted("[null,[],null]", .array([.null, .array([]), .null])),
            Accepted(
                #"{"a":{"b":[true,{"c":"d"}]}}"#,
                .object(["a": .object(["b": .array([.bool(true), .object(["c": .string("d")])])])])),
            Accepted(#"{"":0}"#, .object(["": .number(JSONNumber(0))])),
            Accepted(#"{"a":1,"A":2}"#, .object(["a": .number(JSONNumber(1)), "A": .number(JSONNumber(2))])),
            Accepted(
                #"[{"a":1},{"a":2}]"#,
                .array([.object(["a": .number(JSONNumber(1))]), .object(["a": .number(JSONNumber(2))])])),
            Accepted(#"{"a":{"a":{"a":null}}}"#, .object(["a": .object(["a": .object(["a": .null])])])),
        ])
    func containers(accepted: Accepted) throws {
        #expect(try JSONValue(parsing: accepted.text) == accepted.value)
    }

    @Test(
        "strings",
        arguments: [
            Accepted(#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
            Accepted(#""\u0041\u00e9\u00E9\u65e5""#, .string("Aéé日")),
            Accepted(#""\u0000""#, .string("\0")),
            Accepted(#""\ud83d\ude00""#, .string("😀")),
            Accepted(#""\uD800\uDC00\uDBFF\uDFFF""#, .string("\u{10000}\u{10FFFF}")),
            Accepted(#""\ud7ff\ue000\uffff\ufffe""#, .string("\u{D7FF}\u{E000}\u{FFFF}\u{FFFE}")),
            Accepted(#""\\u0041""#, .string(#"\u0041"#)),
            Accepted(#""a\nb\nc and then a run of plain text\n""#, .string("a\nb\nc and then a run of plain text\n")),
            Accepted("\"é日本😀\"", .string("é日本😀")),
            Accepted(
                "\"\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}\"",
                .string("\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}")),
            Accepted("\"\u{2028}\u{2029}\"", .string("\u{2028}\u{2029}")),
            Accepted("\"\u{FEFF}\"", .string("\u{FEFF}")),
            Accepted("\"// /* ' */\"", .string("// /* ' */")),
            Accepted("\"[{,:]}\"", .string("[{,:]}")),
        ])
    func strings(accepted: Accepted) throws {
        #expect(try JSONValue(parsing: accepted.text) == accepted.value)
    }

    @Test("strings of every length, with what ends a run at every place")
    func runs() throws {
        for length in 0...40 {
            let plain = String(repeating: "x", count: length)
            #expect(try JSONValue(parsing: "\"\(plain)\"").string == plain)
            for place in 0...length {
                let before = plain.prefix(place)
                let after = plain.suffix(length - place)
                for (written, meant) in [("\\n", "\n"), ("é", "é"), ("\\\"", "\""), ("\u{7F}", "\u{7F}"), (" ", " ")] {
                    let value = try JSONValue(parsing: "\"\(before)\(written)\(after)\"")
                    #expect(value == .string("\(before)\(meant)\(after)"), "length \(length), place \(place)")
                }
            }
        }
    }

    @Test(
        "numbers keep their text",
        arguments: [
            "0", "-0", "1", "-1", "10", "100.00", "0.1", "-0.0", "1e1", "1E1", "1e+1", "1e-1", "0e0", "0E+00",
            "1.5e300",
            "1e999", "-1e-999", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
            "12345678901234567890",
            String(repeating: "9", count: 400), "0." + String(repeating: "0", count: 400) + "1",
        ])
    func numbers(text: String) throws {
        let number = try #require(try JSONValue(parsing: text).number)
        #expect(number.text == text)
        #expect(try JSONValue(parsing: " [\(text)] ").array?.first?.number?.text == text)
        #expect(JSONNumber(text: text) == number)
    }

    @Test("the three ways in give the same value, and bytes are read where they lie")
    func inputs() throws {
        let text = #"{"amount":100.00,"name":"Wanjirũ","items":[{"id":"SKU1"}]}"#
        let value = try JSONValue(parsing: text)
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
        // Any alignment will do: the text begins one byte into the buffer.
        let padded = Array(("x" + text + "x").utf8)
        let slice = try padded.withUnsafeBytes { buffer in
            try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: buffer[1..<buffer.count - 1]))
        }
        #expect(slice == value)
    }

    @Test("members keep their order")
    func order() throws {
        let object = try #require(try JSONValue(parsing: #"{"z":1,"a":2,"m":3}"#).object)
        #expect(object.names == ["z", "a", "m"])
        #expect(object.map(\.name) == ["z", "a", "m"])
        #expect(object.map { $0.value.integer } == [1, 2, 3])
    }

    @Test("names that only look the same are different names")
    func normalization() throws {
        let object = try #require(try JSONValue(parsing: #"{"é":1,"e\u0301":2}"#).object)
        #expect(object.count == 2)
        #expect(object["\u{E9}"]?.integer == 1)
        #expect(object["e\u{301}"]?.integer == 2)
    }
}
