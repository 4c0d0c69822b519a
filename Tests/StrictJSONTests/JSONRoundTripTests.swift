import StrictJSON
import Testing

@Suite("Values: read and written again")
struct JSONRoundTripTests {
    @Test(
        "compact documents come out byte for byte",
        arguments: [
            "null", "true", "false", "0", "-0", "100.00", "1e999", "-1.50E+10", #""""#, #""a""#, "[]", "{}",
            #"[1,"two",null,[true,[]],{}]"#, #"{"b":1,"a":{"d":[],"c":100.00}}"#, #""\"\\\b\f\n\r\t\u0000\u001f""#,
            #""/ é 日本 😀""#, #"{"":{"":[{}]}}"#,
        ])
    func compact(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(String(decoding: value.serialized(), as: UTF8.self) == text)
    }
}
