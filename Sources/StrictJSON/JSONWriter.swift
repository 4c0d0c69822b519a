/// Writes one compact JSON text, member by member.
///
/// Commas and colons are written here. A call that would not give JSON, such as a value without a name in an object,
/// stops a debug build; a release build writes it, because a router that stops is worse than a body that is refused.
///
///     var json = JSONWriter()
///     json.object { json in
///         json.member("amount", number: amount)
///         json.member("reference", "order-1001")
///     }
///     send(json.bytes)
public struct JSONWriter: Sendable {
    /// What has been written so far, UTF-8.
    public private(set) var bytes: [UInt8] = []
    private var grammar = JSONWriterGrammar()

    /// - Parameter capacity: The size in bytes to make room for at first.
    public init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    // MARK: Containers

    /// Begins an object, as a value; members follow.
    public mutating func beginObject() {
        beginValue()
        grammar.open(isObject: true)
        bytes.append(ASCII.openBrace)
    }

    /// Ends the innermost container, which is an object.
    public mutating func endObject() {
        grammar.close(isObject: true)
        bytes.append(ASCII.closeBrace)
    }

    /// Begins an array, as a value; elements follow.
    public mutating func beginArray() {
        beginValue()
        grammar.open(isObject: false)
        bytes.append(ASCII.openBracket)
    }

    /// Ends the innermost container, which is an array.
    public mutating func endArray() {
        grammar.close(isObject: false)
        bytes.append(ASCII.closeBracket)
    }

    /// Writes an object, as a value, with the members that the closure writes.
    public mutating func object<Failure: Error>(
        _ members: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        beginObject()
        try members(&self)
        endObject()
    }

    /// Writes an array, as a value, with the elements that the closure writes.
    public mutating func array<Failure: Error>(
        _ elements: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        beginArray()
        try elements(&self)
        endArray()
    }

    // MARK: Values

    /// Writes the name of a member; its value must follow. That a name is not written twice is the caller's care.
    public mutating func name(_ name: String) {
        grammar.name()
        separate()
        write(quoted: name)
        bytes.append(ASCII.colon)
    }

    /// Writes a string, escaped where JSON asks for it and nowhere else: `/` and non-ASCII stay as they are.
    public mutating func string(_ string: String) {
        beginValue()
        write(quoted: string)
    }

    /// Writes a whole number.
    public mutating func integer(_ integer: Int64) {
        beginValue()
        write(integer)
    }

    /// Writes a number with its exact text.
    public mutating func number(_ number: JSONNumber) {
        beginValue()
        bytes.append(contentsOf: number.text.utf8)
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ bool: Bool) {
        beginValue()
        write(bool ? "true" : "false")
    }

    /// Writes `null`.
    public mutating func null() {
        beginValue()
        write("null")
    }

    /// Writes a value, members in their order.
    public mutating func value(_ value: JSONValue) {
        write(value, sorted: false)
    }

    /// Writes a value; where `sorted`, the members of every object by name.
    mutating func write(_ value: JSONValue, sorted: Bool) {
        switch value {
        case .null: null()
        case .bool(let bool): self.bool(bool)
        case .number(let number): self.number(number)
        case .string(let string): self.string(string)
        case .array(let elements):
            beginArray()
            for element in elements {
                write(element, sorted: sorted)
            }
            endArray()
        case .object(let object):
            beginObject()
            for entry in sorted ? object.sortedByName.entries : object.entries {
                name(entry.name)
                write(entry.value, sorted: sorted)
            }
            endObject()
        }
    }

    // MARK: Bytes

    private mutating func beginValue() {
        grammar.value()
        separate()
    }

    /// Writes the comma before a value or a name. The last byte tells whether one is needed, since no whitespace is
    /// ever written: after an opening bracket or a colon, and at the beginning, it is not.
    private mutating func separate() {
        switch bytes.last {
        case nil, ASCII.openBrace, ASCII.openBracket, ASCII.colon: break
        default: bytes.append(ASCII.comma)
        }
    }

    private mutating func write(_ literal: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    private mutating func write(_ integer: Int64) {
        var text = String(integer)
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private mutating func write(quoted text: String) {
        var text = text
        bytes.append(ASCII.quote)
        text.withUTF8 { utf8 in
            let source = UnsafeRawBufferPointer(utf8)
            var runStart = 0
            while true {
                let end = source.endOfPlainRun(from: runStart, stopAtNonASCII: false)
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[runStart..<end]))
                guard end < source.count else { break }
                write(escaped: source[end])
                runStart = end + 1
            }
        }
        bytes.append(ASCII.quote)
    }

    private mutating func write(escaped byte: UInt8) {
        switch byte {
        case ASCII.quote: write("\\\"")
        case ASCII.backslash: write("\\\\")
        case ASCII.backspace: write("\\b")
        case ASCII.tab: write("\\t")
        case ASCII.lineFeed: write("\\n")
        case ASCII.formFeed: write("\\f")
        case ASCII.carriageReturn: write("\\r")
        default:
            write("\\u00")
            let digits: StaticString = "0123456789abcdef"
            bytes.append(digits.utf8Start[Int(byte >> 4)])
            bytes.append(digits.utf8Start[Int(byte & 0x0F)])
        }
    }
}
