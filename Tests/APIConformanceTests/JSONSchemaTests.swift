import APIConformance
import APIDescription
import StrictJSON
import Testing

/// The validator itself: what it lets through and what not.
@Suite struct JSONSchemaTests {
    private static func faults(_ value: String, _ schema: String) throws -> [String] {
        let document = try JSONValue(parsing: #"{"components":{"schemas":{"Short":{"type":"string","maxLength":3}}}}"#)
        return JSONSchema(document: document).violations(try JSONValue(parsing: value), try JSONValue(parsing: schema))
    }

    @Test(arguments: [
        (#"{"type":"string"}"#, ["\"a\""], ["1", "null"]),
        (#"{"type":["string","null"]}"#, ["\"a\"", "null"], ["true"]),
        (#"{"type":"integer"}"#, ["1", "-3"], ["1.5", "1.0", "1e3", "\"1\""]),
        (#"{"type":"number","minimum":0,"maximum":1}"#, ["0", "0.25", "1"], ["-0.1", "1.01"]),
        (#"{"type":"integer","format":"int64"}"#, ["9223372036854775807"], ["9223372036854775808"]),
        (#"{"const":"a"}"#, ["\"a\""], ["\"b\"", "null"]),
        (#"{"enum":["a",null]}"#, ["\"a\"", "null"], ["\"b\""]),
        (#"{"minLength":1,"maxLength":2}"#, ["\"é\"", "\"😀😀\"", "7"], ["\"\"", "\"abc\""]),
        (#"{"pattern":"^[a-z]+$"}"#, ["\"ab\"", "7"], ["\"aB\"", "\"\""]),
        (#"{"format":"date-time"}"#, ["\"2026-01-24T10:00:00.000Z\"", "\"2026-01-24T10:00:00+01:00\""], ["\"today\""]),
        (#"{"format":"uri"}"#, ["\"https://a.example/x\""], ["\"a b\"", "\"x\""]),
        (#"{"format":"email"}"#, ["\"a@example.com\""], ["\"a\""]),
        (
            #"{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}"#, ["[1]", "[1,2]"],
            ["[]", "[1,2,3]", "[\"a\"]"]
        ),
        (
            #"{"required":["a"],"properties":{"a":{"type":"integer"},"b":false},"additionalProperties":false}"#,
            [#"{"a":1}"#, "[]"], ["{}", #"{"a":"1"}"#, #"{"a":1,"c":2}"#, #"{"a":1,"b":2}"#]
        ),
        (
            #"{"additionalProperties":{"type":"string"},"propertyNames":{"maxLength":2}}"#,
            [#"{"a":"x"}"#, "{}"], [#"{"a":1}"#, #"{"abc":"x"}"#]
        ),
        (
            #"{"minProperties":1,"maxProperties":2}"#,
            [#"{"a":"x"}"#], ["{}", #"{"a":"","b":"","c":""}"#]
        ),
        (##"{"$ref":"#/components/schemas/Short","minLength":2}"##, ["\"ab\""], ["\"a\"", "\"abcd\""]),
        (##"{"$ref":"#/components/schemas/Nobody"}"##, [], ["\"ab\""]),
        (#"{"oneOf":[{"type":"string"},{"type":"null"}]}"#, ["\"a\"", "null"], ["1"]),
        (#"{"oneOf":[{"type":"integer"},{"minimum":5}]}"#, ["1"], ["6"]),
        (#"{"allOf":[{"type":"integer"},{"minimum":5}]}"#, ["6"], ["1", "6.5"]),
        (
            #"{"if":{"properties":{"m":{"const":"x"}}},"then":{"required":["y"]},"else":{"required":["z"]}}"#,
            [#"{"m":"x","y":1}"#, #"{"m":"w","z":1}"#], [#"{"m":"x"}"#, #"{"m":"w"}"#]
        ),
    ])
    func keywords(_ schema: String, _ good: [String], _ bad: [String]) throws {
        for value in good {
            let faults = try Self.faults(value, schema)
            #expect(faults == [], "\(value)")
        }
        for value in bad {
            let faults = try Self.faults(value, schema)
            #expect(faults != [], "\(value)")
        }
    }

    @Test(arguments: [#"{"contains":{}}"#, #"{"typ":"string"}"#, #"{"format":"colour"}"#, "7"])
    func nothingIsPassedOverInSilence(_ schema: String) throws {
        let faults = try Self.faults("\"x\"", schema)
        #expect(faults.count == 1)
    }
}

/// What the exchanges of the other tests are held against.
@Suite struct APIConformanceTests {
    @Test func theDescriptionIsSound() {
        let faults = APIConformance.shared.documentFaults()
        #expect(faults == [])
        let ids = APIConformance.shared.operations.map(\.id)
        #expect(Set(ids).count == ids.count, "operations have ids of their own")
    }

    private static func health(
        _ body: String, status: Int = 200, fields: [String: String] = [:], target: String = "/healthz"
    ) -> [String] {
        let all = ["Content-Type": "application/json", "X-Request-Id": "r-1"].merging(fields) { $1 }
        return APIConformance.shared.violations(
            .init(
                method: "GET", target: target, requestBody: nil, status: status,
                fields: all.filter { !$1.isEmpty }.map { (name: $0, value: $1) }, body: Array(body.utf8)),
            on: .admin)
    }

    @Test func whatDiffersFromTheDescriptionIsFound() {
        let good = Self.health(#"{"status":"ok"}"#)
        #expect(good == [])
        for (bad, what) in [
            (Self.health(#"{"status":"ok","more":1}"#), "a member that is not described"),
            (Self.health(#"{"status":"fine"}"#), "another value"), (Self.health("{}"), "a member that is missing"),
            (Self.health(#"{"status":"ok"}"#, status: 204), "a status that is not described"),
            (Self.health(#"{"status":"ok"}"#, fields: ["X-Request-Id": ""]), "a field that is missing"),
            (Self.health(#"{"status":"ok"}"#, fields: ["X-New": "1"]), "a field that is not described"),
            (Self.health(#"{"status":"ok"}"#, fields: ["Retry-After": "1"]), "a field of other answers"),
            (Self.health(#"{"status":"ok"}"#, fields: ["Content-Type": "text/json"]), "another type"),
            (Self.health(#"{"status":"ok"}"#, target: "/nothing"), "a path that is not described"),
        ] {
            #expect(bad.count == 1, "\(what): \(bad)")
        }
    }
}
