import PaymentModel
import StrictJSON
import Testing

/// The reader that every body of the API goes through.
@Suite struct FieldReaderTests {
    @Test func aMemberThatNobodyAskedForIsAFaultAndAReadOneIsNot() {
        var reader = FieldReader(.object(["amount": .number(JSONNumber(5)), "amout": .number(JSONNumber(5))]))
        #expect(reader.integer("amount", in: 1...10) == 5)
        #expect(reader.finish() == [FieldFault(pointer: "/amout", detail: "is not a member known here")])
    }

    @Test func absentMembersAreNilAndFaultsOnlyWhereRequired() {
        var reader = FieldReader(.object([:]))
        #expect(reader.string("a") == nil)
        #expect(reader.integer("b", in: 0...1) == nil)
        #expect(reader.object("c") { _ in 1 } == nil)
        #expect(reader.objects("d", most: 1) { _ in 1 } == nil)
        #expect(reader.map("e", keys: 1, keyLength: 1, valueLength: 1) == nil)
        #expect(reader.value("f") == nil)
        #expect(!reader.has("a"))
        #expect(reader.faults.isEmpty)
        _ = reader.string("a", required: true)
        _ = reader.value("f", required: true)
        #expect(reader.finish().map(\.pointer) == ["/a", "/f"])
    }

    @Test func pointersAreEscapedAndNested() {
        var reader = FieldReader(.object(["a/b": .object(["c~d": .number(JSONNumber(1))])]), at: "/top")
        let read = reader.object("a/b") { inner in inner.string("c~d") }
        #expect(read == nil)
        #expect(reader.finish() == [FieldFault(pointer: "/top/a~1b/c~0d", detail: "must be a string, not a number")])
    }

    @Test func allowedEmptinessAndLengthsCountUnicodeScalars() {
        var reader = FieldReader(
            .object(["empty": .string(""), "flag": .string("🇰🇪"), "three": .string("e\u{301}x")]))
        #expect(reader.string("empty", allowsEmpty: true) == "")
        #expect(reader.string("flag", most: 2) == "🇰🇪")
        #expect(reader.string("three", most: 2) == nil)
        #expect(reader.finish() == [FieldFault(pointer: "/three", detail: "must have at most 2 characters")])
    }

    @Test func theEndsOfIntegersAreRead() {
        var reader = FieldReader(.object(["least": .number(JSONNumber(.min)), "most": .number(JSONNumber(.max))]))
        #expect(reader.integer("least", in: .min ... .max) == .min)
        #expect(reader.integer("most", in: .min ... .max) == .max)
        #expect(reader.finish().isEmpty)
    }

    @Test func aListWithOneBadElementIsNoList() {
        let list: JSONValue = .array([.object(["n": .number(JSONNumber(1))]), .object(["n": .string("x")]), .null])
        var reader = FieldReader(.object(["list": list]))
        let read = reader.objects("list", most: 3) { $0.integer("n", in: 0...9, required: true) }
        #expect(read == nil)
        #expect(reader.finish().map(\.pointer) == ["/list/1/n", "/list/2"])
    }

    @Test func everyTextIsSearchedForCardNumbersButTheOneThatMayHoldOne() {
        let body: JSONValue = .object(["reason": .string("4242 4242 4242 4242"), "number": .string("4242424242424242")])
        var reader = FieldReader(body)
        #expect(reader.string("reason") == nil)
        #expect(reader.string("number", allowsCardNumber: true) == "4242424242424242")
        #expect(reader.finish() == [FieldFault(pointer: "/reason", detail: "must not contain a card number")])
    }
}
