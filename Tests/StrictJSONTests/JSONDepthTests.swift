import StrictJSON
import Testing

@Suite("Reading: depth and size")
struct JSONDepthTests {
    private static func arrays(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    private static func objects(_ depth: Int) -> String {
        String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
    }

    @Test("32 containers pass, the 33rd is refused where it opens")
    func defaultDepth() throws {
        #expect(JSONValue.defaultMaxDepth == 32)
        _ = try JSONValue(parsing: Self.arrays(32))
        _ = try JSONValue(parsing: Self.objects(32))
        let array = #expect(throws: JSONFault.self) { try JSONValue(parsing: Self.arrays(33)) }
        #expect(array?.kind == .tooDeep)
        #expect(array?.offset == 32)
        #expect(array?.pointer == String(repeating: "/0", count: 32))
        let object = #expect(throws: JSONFault.self) { try JSONValue(parsing: Self.objects(33)) }
        #expect(object?.kind == .tooDeep)
        #expect(object?.offset == 32 * 5)
        #expect(object?.pointer == String(repeating: "/a", count: 32))
    }

    @Test("depth is nesting, not the number of containers")
    func siblings() throws {
        let text = "[" + Array(repeating: "[[]]", count: 1_000).joined(separator: ",") + "]"
        #expect(try JSONValue(parsing: text, maxDepth: 3).array?.count == 1_000)
        #expect(throws: JSONFault.self) { try JSONValue(parsing: text, maxDepth: 2) }
    }

    @Test("a depth of 0 allows scalars alone")
    func noContainers() throws {
        #expect(try JSONValue(parsing: "1", maxDepth: 0).integer == 1)
        let fault = #expect(throws: JSONFault.self) { try JSONValue(parsing: "[]", maxDepth: 0) }
        #expect(fault?.kind == .tooDeep)
    }

    @Test("the greatest depth is read, compared, hashed and written on a task's thread")
    func greatestDepth() async throws {
        try await Task {
            for text in [Self.arrays(512), Self.objects(512)] {
                let value = try JSONValue(parsing: text, maxDepth: 512)
                #expect(value == (try JSONValue(parsing: text, maxDepth: 512)))
                #expect(Set([value, value]).count == 1)
                #expect(value.serialized() == Array(text.utf8))
                #expect(value.canonicalBytes() == Array(text.utf8))
            }
            for text in [Self.arrays(513), Self.objects(513)] {
                #expect(throws: JSONFault.self) { try JSONValue(parsing: text, maxDepth: 512) }
            }
        }.value
    }

    @Test("a million open brackets are refused like 33")
    func manyBrackets() {
        for opening in ["[", "{\"a\":"] {
            let fault = #expect(throws: JSONFault.self) {
                try JSONValue(parsing: String(repeating: opening, count: 1_000_000))
            }
            #expect(fault?.kind == .tooDeep)
        }
    }

    @Test("a hundred thousand members: their square would not end")
    func manyMembers() throws {
        let names = (0..<100_000).map { "m\($0)" }
        let text = "{" + names.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        let reversed = "{" + names.reversed().map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        let value = try JSONValue(parsing: text)
        #expect(value.object?.names == names)
        #expect(value == (try JSONValue(parsing: reversed)))
    }

    @Test("a depth beyond the greatest is the caller's mistake")
    func beyondGreatest() async {
        await #expect(processExitsWith: .failure) { _ = try JSONValue(parsing: "1", maxDepth: 513) }
        await #expect(processExitsWith: .failure) { _ = try JSONValue(parsing: "1", maxDepth: -1) }
    }
}
