import StrictJSON
import Testing

@Suite("Values, numbers, objects, pointers")
struct JSONValueTests {
    @Test("accessors give their own kind alone")
    func accessors() throws {
        let value = try JSONValue(parsing: #"{"s":"x","b":true,"n":100.00,"i":42,"a":[1],"o":{},"z":null}"#)
        #expect(value["s"]?.string == "x")
        #expect(value["b"]?.bool == true)
        #expect(value["n"]?.number?.text == "100.00")
        #expect(value["n"]?.integer == nil)
        #expect(value["i"]?.integer == 42)
        #expect(value["a"]?.array == [.number(JSONNumber(1))])
        #expect(value["o"]?.object?.isEmpty == true)
        #expect(value["z"]?.isNull == true)
        #expect(value["missing"] == nil)
        #expect(value["a"]?["s"] == nil)
        for name in ["s", "b", "n", "i", "a", "o", "z"] {
            let member = try #require(value[name])
            let kinds: [Bool] = [
                member.string != nil, member.bool != nil, member.number != nil, member.array != nil,
                member.object != nil, member.isNull,
            ]
            #expect(kinds.count { $0 } == 1, "\(name)")
        }
    }

    @Test(
        "integers",
        arguments: [
            ("0", 0), ("-0", 0), ("10000", 10000), ("-1", -1), ("9223372036854775807", Int64.max),
            ("-9223372036854775808", Int64.min), ("9223372036854775808", nil), ("-9223372036854775809", nil),
            ("1.0", nil), ("1e3", nil), ("1E0", nil), ("0.0", nil), ("1e999", nil), ("99999999999999999999999999", nil),
        ] as [(String, Int64?)])
    func integers(text: String, integer: Int64?) throws {
        #expect(try JSONValue(parsing: text).integer == integer)
        #expect(JSONNumber(text: text)?.integer == integer)
    }

    @Test(
        "a number is made from an integer or from a text of RFC 8259",
        arguments: [
            "", " ", "1 ", " 1", "+1", "01", ".5", "1.", "1e", "1e+", "-", "0x1", "NaN", "1,5", "1\0", "١", "1.5.5",
        ])
    func numberText(text: String) {
        #expect(JSONNumber(text: text) == nil)
    }

    @Test("numbers print and compare as their text")
    func numbers() {
        #expect("\(JSONNumber(Int64.min))" == "-9223372036854775808")
        #expect(JSONNumber(text: "1") == JSONNumber(1))
        #expect(JSONNumber(text: "1.0") != JSONNumber(1))
        #expect(JSONNumber(text: "1E5") != JSONNumber(text: "1e5"))
    }

    @Test("members are set in place, added at the end and removed")
    func object() {
        var object: JSONObject = ["a": .null, "b": .bool(true)]
        object["a"] = .string("x")
        object["c"] = .array([])
        #expect(object.names == ["a", "b", "c"])
        #expect(object["a"] == .string("x"))
        object["b"] = nil
        object["missing"] = nil
        #expect(object.names == ["a", "c"])
        #expect(object.count == 2)
        #expect(object.members.map(\.name) == ["a", "c"])
        var seen: [String] = []
        for (name, value) in object {
            seen.append("\(name)=\(value)")
        }
        #expect(seen.count == 2)
        object["a"] = nil
        object["c"] = nil
        #expect(object.isEmpty)
        #expect(object == JSONObject())
    }

    @Test("a name twice in a literal is a mistake")
    func literal() async {
        await #expect(processExitsWith: .failure) {
            let object: JSONObject = ["a": .null, "a": .null]
            print(object.count)
        }
    }

    @Test("equal whatever the order of members, and hashed so")
    func order() throws {
        let one = try JSONValue(parsing: #"{"a":1,"b":{"c":[1,2],"d":null}}"#)
        let other = try JSONValue(parsing: #"{"b":{"d":null,"c":[1,2]},"a":1}"#)
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        for different in [
            #"{"a":1,"b":{"c":[2,1],"d":null}}"#, #"{"a":1,"b":{"c":[1,2],"d":false}}"#, #"{"a":1}"#,
            #"{"a":1,"B":{"c":[1,2],"d":null}}"#, #"{"a":1.0,"b":{"c":[1,2],"d":null}}"#, #"{"b":{"d":null},"a":1}"#,
        ] {
            #expect(try one != JSONValue(parsing: different), "\(different)")
        }
    }

    /// Pairs of texts that Swift's own `==` holds for the same.
    static let lookalikes = [
        ("\u{E9}", "e\u{301}"), ("\u{212B}", "A\u{30A}"), ("\u{2126}", "\u{3A9}"),
        ("q\u{323}\u{307}", "q\u{307}\u{323}"),
    ]

    @Test("strings and names are the same only byte for byte", arguments: lookalikes)
    func exact(one: String, other: String) {
        #expect(one == other)
        #expect(JSONValue.string(one) != .string(other))
        #expect(Set<JSONValue>([.string(one), .string(other)]).count == 2)
        #expect(JSONObject(dictionaryLiteral: (one, .null)) != JSONObject(dictionaryLiteral: (other, .null)))
        var object: JSONObject = [one: .null, other: .bool(true)]
        #expect(object.count == 2)
        #expect(object[one] == .null)
        #expect(object[other] == .bool(true))
        object[one] = nil
        #expect(object.names.map { Array($0.utf8) } == [Array(other.utf8)])
        #expect(JSONPointer(one) != JSONPointer(other))
    }

    @Test("kinds of values are different from each other")
    func kinds() {
        let values: [JSONValue] = [
            .null, .bool(false), .bool(true), .number(JSONNumber(0)), .string("0"), .string(""), .array([]),
            .object([:]),
            .array([.null]), .array([.array([])]), .object(["": .null]),
        ]
        #expect(Set(values).count == values.count)
    }

    @Test("pointers escape as RFC 6901 says")
    func pointers() {
        #expect(JSONPointer.escape("plain") == "plain")
        #expect(JSONPointer.escape("a/b~c~1") == "a~1b~0c~01")
        #expect(JSONPointer.escape("e\u{301}/\r\n").utf8.elementsEqual("e\u{301}~1\r\n".utf8))
        #expect(JSONPointer.root.text.isEmpty)
        #expect(JSONPointer().appending("items").appending(0).appending("name").text == "/items/0/name")
        #expect("\(JSONPointer("card", "number"))" == "/card/number")
        #expect(JSONPointer.root.appending("").text == "/")
        var pointer = JSONPointer("a/b")
        pointer.append("~")
        pointer.append(12)
        #expect(pointer.text == "/a~1b/~0/12")
    }
}
