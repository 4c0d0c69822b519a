import StrictJSON
import Testing

@Suite("Writing")
struct JSONWriterTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("commas and colons stand where they must")
    func separators() {
        let written = text { json in
            json.beginObject()
            json.name("a")
            json.beginArray()
            json.integer(1)
            json.beginArray()
            json.endArray()
            json.beginArray()
            json.null()
            json.bool(false)
            json.endArray()
            json.string("x")
            json.endArray()
            json.name("b")
            json.beginObject()
            json.endObject()
            json.name("c")
            json.beginObject()
            json.name("d")
            json.bool(true)
            json.endObject()
            json.endObject()
        }
        #expect(written == #"{"a":[1,[],[null,false],"x"],"b":{},"c":{"d":true}}"#)
    }

    @Test("a text may be any value")
    func scalars() {
        #expect(text { $0.null() } == "null")
        #expect(text { $0.bool(true) } == "true")
        #expect(text { $0.integer(Int64.min) } == "-9223372036854775808")
        #expect(text { $0.string("") } == "\"\"")
        #expect(text { $0.object { _ in } } == "{}")
        #expect(text { $0.array { _ in } } == "[]")
    }

    @Test("strings that end like a bracket or a colon still get their comma")
    func misleadingEnds() {
        let written = text { json in
            json.array { json in
                for string in ["[", "{", ":", ",", "\"", "]"] {
                    json.string(string)
                }
            }
        }
        #expect(written == #"["[","{",":",",","\"","]"]"#)
    }

    @Test("members in one call; nil is null")
    func members() throws {
        let written = text { json in
            json.object { json in
                json.member("string", "order-1001")
                json.member("noString", nil as String?)
                json.member("int64", Int64.max)
                json.member("int", 41)
                json.member("noInt", nil as Int?)
                json.member("noInt64", nil as Int64?)
                json.member("bool", true)
                json.member("noBool", nil as Bool?)
                json.member("number", number: JSONNumber(text: "100.00") ?? JSONNumber(0))
                json.member("value", .array([.null, .object(["b": .null, "a": .null])]))
                json.member("closure") { json in json.array { json in json.integer(1) } }
            }
        }
        #expect(
            written == #"{"string":"order-1001","noString":null,"int64":9223372036854775807,"int":41,"noInt":null,"#
                + #""noInt64":null,"bool":true,"noBool":null,"number":100.00,"value":[null,{"b":null,"a":null}],"#
                + #""closure":[1]}"#)
        #expect(try JSONValue(parsing: written).object?.count == 11)
    }

    @Test("a closure may throw its own error")
    func throwing() {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            var json = JSONWriter()
            try json.object { (json: inout JSONWriter) throws(Stop) in
                try json.member("a") { (_: inout JSONWriter) throws(Stop) in throw Stop() }
            }
        }
    }

    @Test(
        "escapes: what JSON asks for and nothing else",
        arguments: [
            ("\"\\/", #""\"\\/""#),
            ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#),
            ("\0\u{1}\u{B}\u{1F}\u{7F}", "\"\\u0000\\u0001\\u000b\\u001f\u{7F}\""),
            ("é日😀\u{2028}", "\"é日😀\u{2028}\""),
            ("plain text before \" and after it, long enough", #""plain text before \" and after it, long enough""#),
            ("\"\"\"", #""\"\"\"""#),
            ("</script>", #""</script>""#),
        ])
    func escapes(string: String, written: String) throws {
        #expect(text { $0.string(string) } == written)
        #expect(text { $0.object { $0.member(string, string) } } == "{\(written):\(written)}")
        #expect(try JSONValue(parsing: written) == .string(string))
    }

    @Test("every scalar below U+0100, at every place of a run, is read as it was written")
    func everyScalar() throws {
        for code in UInt8.min...UInt8.max {
            for length in 0...9 {
                let run = String(repeating: "-", count: length)
                let string = run + String(Unicode.Scalar(code)) + run
                #expect(try JSONValue(parsing: text { $0.string(string) }) == .string(string))
            }
        }
    }

    @Test("the canonical form forgets whitespace, escapes and the order of members")
    func canonical() throws {
        let forms = [
            #"{"b":[{"y":1,"x":"é"},2],"a":{"d":null,"c":100.00}}"#,
            #" { "a" : { "c" : 100.00, "d" : null } , "b" : [ { "x" : "\u00e9" , "y" : 1 } , 2 ] } "#,
            #"{"\u0062":[{"y":1,"x":"é"},2],"a":{"c":100.00,"d":null}}"#,
        ]
        for form in forms {
            let bytes = try JSONValue(parsing: form).canonicalBytes()
            #expect(String(decoding: bytes, as: UTF8.self) == #"{"a":{"c":100.00,"d":null},"b":[{"x":"é","y":1},2]}"#)
        }
    }

    @Test("the canonical form keeps what differs apart")
    func canonicalDifferences() throws {
        let texts = [
            "[1,2]", "[2,1]", "[1.0,2]", "[\"1\",2]", #"{"a":1}"#, #"{"a":1.0}"#, #"{"a":null}"#, "{}", #"{"é":1}"#,
            #"{"e\u0301":1}"#, #"{"a":{"b":1}}"#, #"{"a":{},"b":1}"#,
        ]
        #expect(Set(try texts.map { try JSONValue(parsing: $0).canonicalBytes() }).count == texts.count)
    }

    @Test("names sort by Unicode scalars: not by UTF-16, not by language, a prefix first")
    func canonicalOrder() throws {
        let names = ["", "A", "B", "a", "aa", "a\u{301}", "e\u{301}", "z", "\u{E9}", "\u{FFFD}", "\u{10000}", "😀"]
        for order in [names, names.reversed()] {
            var object = JSONObject()
            for name in order {
                object[name] = .null
            }
            let sorted = try #require(try JSONValue(parsing: JSONValue.object(object).canonicalBytes()).object)
            #expect(sorted.names.map { Array($0.utf8) } == names.map { Array($0.utf8) })
        }
    }

    #if DEBUG
        @Test("what would not be JSON stops a debug build")
        func misuse() async {
            await #expect(processExitsWith: .failure) {
                var json = JSONWriter()
                json.null()
                json.null()
            }
            await #expect(processExitsWith: .failure) {
                var json = JSONWriter()
                json.object { $0.null() }
            }
            await #expect(processExitsWith: .failure) {
                var json = JSONWriter()
                json.array { $0.name("a") }
            }
            await #expect(processExitsWith: .failure) {
                var json = JSONWriter()
                json.object { $0.name("a") }
            }
            await #expect(processExitsWith: .failure) {
                var json = JSONWriter()
                json.beginArray()
                json.endObject()
            }
            await #expect(processExitsWith: .failure) {
                var json = JSONWriter()
                json.endArray()
            }
            await #expect(processExitsWith: .failure) {
                var json = JSONWriter()
                json.object { $0.member("a") { _ in } }
            }
        }
    #endif
}
