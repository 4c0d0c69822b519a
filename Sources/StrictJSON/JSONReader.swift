/// Reads one value in one pass over the bytes.
///
/// There is no recursion: `frames` are the open containers, and `entries` holds, for all of them one after the other,
/// what has been read so far. A closed container takes its part off the end. So a document cannot overflow the stack,
/// and a container is allocated once, in its final size.
struct JSONReader {
    private struct Frame {
        let isObject: Bool
        /// Where this container's part of `entries` begins.
        let start: Int
        /// The names so far of an object that has outgrown a linear search; without it an object of thousands of
        /// members would cost the square of their number.
        var names: Set<ExactText>?
    }

    private let bytes: UnsafeRawBufferPointer
    private let maxDepth: Int
    private var index = 0
    private var frames: [Frame] = []
    /// The last one of an open container may be a placeholder: its name is known and its value is being read. The
    /// elements of arrays have an empty name.
    private var entries: [JSONObject.Entry] = []
    /// Whether what is read now belongs to the innermost container itself, not to its last member.
    private var isBetweenValues = true
    /// The string being read, where it has escapes.
    private var unescaped: [UInt8] = []

    /// Reads the one value that the bytes are, with at most `maxDepth` (0 to 512) nested containers.
    static func read(_ bytes: UnsafeRawBufferPointer, maxDepth: Int) -> Result<JSONValue, JSONFault> {
        precondition((0...JSONValue.greatestMaxDepth).contains(maxDepth), "maxDepth must be 0 to 512")
        var reader = JSONReader(bytes: bytes, maxDepth: maxDepth)
        return Result { () throws(JSONFault) in try reader.readDocument() }
    }

    private init(bytes: UnsafeRawBufferPointer, maxDepth: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
    }

    // MARK: Structure

    private mutating func readDocument() throws(JSONFault) -> JSONValue {
        if beginsWithByteOrderMark {
            throw fault(.byteOrderMark)
        }
        skipWhitespace()
        if index == bytes.count {
            throw fault(.empty)
        }
        while true {
            guard let value = try readValueOrOpen() else { continue }
            if let document = try finish(value) {
                return document
            }
        }
    }

    private var beginsWithByteOrderMark: Bool {
        guard bytes.count >= 2 else { return false }
        return switch (bytes[0], bytes[1]) {
        case (0xFE, 0xFF), (0xFF, 0xFE): true
        case (0xEF, 0xBB): bytes.count > 2 && bytes[2] == 0xBF
        default: false
        }
    }

    /// Reads a scalar or an empty container. Nil: it opened a container, and a value in it is to be read next.
    private mutating func readValueOrOpen() throws(JSONFault) -> JSONValue? {
        guard index < bytes.count else { throw fault(.unexpectedEnd) }
        switch bytes[index] {
        case ASCII.quote:
            return .string(try readString())
        case ASCII.minus, ASCII.zero...ASCII.nine:
            return .number(try readNumber())
        case ASCII.openBrace:
            return try open(isObject: true)
        case ASCII.openBracket:
            return try open(isObject: false)
        case 0x74:
            try readLiteral("true")
            return .bool(true)
        case 0x66:
            try readLiteral("false")
            return .bool(false)
        case 0x6E:
            try readLiteral("null")
            return .null
        case ASCII.plus, ASCII.dot:
            throw fault(.invalidNumber)
        default:
            throw unexpected()
        }
    }

    private mutating func open(isObject: Bool) throws(JSONFault) -> JSONValue? {
        if frames.count == maxDepth {
            throw fault(.tooDeep)
        }
        if entries.capacity == 0 {
            frames.reserveCapacity(8)
            entries.reserveCapacity(32)
        }
        index &+= 1
        frames.append(Frame(isObject: isObject, start: entries.count))
        isBetweenValues = true
        skipWhitespace()
        if index < bytes.count, bytes[index] == (isObject ? ASCII.closeBrace : ASCII.closeBracket) {
            index &+= 1
            return close()
        }
        try beginMember(isObject: isObject)
        return nil
    }

    /// Puts a finished value where it belongs, and closes every container that ends after it.
    ///
    /// - Returns: The document when it is complete; nil when another value is to be read.
    private mutating func finish(_ value: JSONValue) throws(JSONFault) -> JSONValue? {
        var value = value
        // Not the whole frame: a copy of it, held while a name is added, would copy the set of names each time.
        while let isObject = frames.last?.isObject {
            entries[entries.count &- 1].value = value
            isBetweenValues = true
            skipWhitespace()
            guard index < bytes.count else { throw fault(.unexpectedEnd) }
            let byte = bytes[index]
            if byte == ASCII.comma {
                index &+= 1
                skipWhitespace()
                try beginMember(isObject: isObject)
                return nil
            }
            guard byte == (isObject ? ASCII.closeBrace : ASCII.closeBracket) else { throw unexpected() }
            index &+= 1
            value = close()
        }
        skipWhitespace()
        guard index == bytes.count else { throw unexpected(.trailingContent) }
        return value
    }

    /// Reads up to where the next value of the innermost container begins: in an object its name and the colon.
    private mutating func beginMember(isObject: Bool) throws(JSONFault) {
        if isObject {
            guard index < bytes.count else { throw fault(.unexpectedEnd) }
            guard bytes[index] == ASCII.quote else { throw unexpected() }
            let offset = index
            let name = try readString()
            let isNew = isNewName(name)
            entries.append(JSONObject.Entry(name: name, value: .null))
            isBetweenValues = false
            guard isNew else { throw fault(.duplicateKey, at: offset) }
            skipWhitespace()
            guard index < bytes.count else { throw fault(.unexpectedEnd) }
            guard bytes[index] == ASCII.colon else { throw unexpected() }
            index &+= 1
            skipWhitespace()
        } else {
            entries.append(JSONObject.Entry(name: "", value: .null))
            isBetweenValues = false
        }
    }

    private mutating func isNewName(_ name: String) -> Bool {
        let exact = ExactText(name)
        let last = frames.count &- 1
        let start = frames[last].start
        if entries.count &- start < JSONObject.linearSearchLimit {
            return !entries[start...].contains { $0.isNamed(exact) }
        }
        if frames[last].names == nil {
            frames[last].names = Set(entries[start...].lazy.map { ExactText($0.name) })
        }
        return frames[last].names?.insert(exact).inserted ?? false
    }

    /// Takes the innermost container off. Its entries are moved, last first, which spares a retain and a release of each.
    private mutating func close() -> JSONValue {
        let frame = frames.removeLast()
        let count = entries.count &- frame.start
        if frame.isObject {
            let own = [JSONObject.Entry](unsafeUninitializedCapacity: count) { buffer, initializedCount in
                for position in (0..<count).reversed() {
                    buffer.initializeElement(at: position, to: entries.removeLast())
                }
                initializedCount = count
            }
            return .object(JSONObject(distinct: own))
        }
        let own = [JSONValue](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            for position in (0..<count).reversed() {
                buffer.initializeElement(at: position, to: entries.removeLast().value)
            }
            initializedCount = count
        }
        return .array(own)
    }

    // MARK: Tokens

    private mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.space, ASCII.lineFeed, ASCII.carriageReturn, ASCII.tab: index &+= 1
            default: return
            }
        }
    }

    private mutating func readLiteral(_ literal: StaticString) throws(JSONFault) {
        for position in 0..<literal.utf8CodeUnitCount {
            guard index < bytes.count else { throw fault(.unexpectedEnd) }
            guard bytes[index] == literal.utf8Start[position] else { throw unexpected() }
            index &+= 1
        }
    }

    private mutating func readNumber() throws(JSONFault) -> JSONNumber {
        let number = bytes.endOfNumber(from: index)
        guard number.isNumber else {
            throw fault(number.end == bytes.count ? .unexpectedEnd : .invalidNumber, at: number.end)
        }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[index..<number.end]), as: UTF8.self)
        index = number.end
        return JSONNumber(validated: text)
    }

    /// Reads the string whose opening quote is next.
    private mutating func readString() throws(JSONFault) -> String {
        var runStart = index &+ 1
        var position = runStart
        var hasEscapes = false
        while true {
            position = bytes.endOfPlainRun(from: position, stopAtNonASCII: true)
            guard position < bytes.count else { throw fault(.unexpectedEnd, at: position) }
            let byte = bytes[position]
            if byte == ASCII.quote {
                break
            } else if byte == ASCII.backslash {
                if !hasEscapes {
                    hasEscapes = true
                    unescaped.removeAll(keepingCapacity: true)
                }
                unescaped.append(contentsOf: bytes[runStart..<position])
                position = try readEscape(at: position)
                runStart = position
            } else if byte < ASCII.space {
                throw fault(.controlCharacter, at: position)
            } else if let length = bytes.multiByteSequenceLength(at: position) {
                position += length
            } else {
                throw fault(.invalidUTF8, at: position)
            }
        }
        index = position &+ 1
        let run = UnsafeRawBufferPointer(rebasing: bytes[runStart..<position])
        if hasEscapes {
            unescaped.append(contentsOf: run)
            return String(decoding: unescaped, as: UTF8.self)
        }
        return String(decoding: run, as: UTF8.self)
    }

    /// Adds what the escape at a backslash stands for to `unescaped`.
    ///
    /// - Returns: The offset after the escape.
    private mutating func readEscape(at backslash: Int) throws(JSONFault) -> Int {
        guard backslash + 1 < bytes.count else { throw fault(.unexpectedEnd, at: bytes.count) }
        let byte: UInt8
        switch bytes[backslash + 1] {
        case ASCII.quote: byte = ASCII.quote
        case ASCII.backslash: byte = ASCII.backslash
        case ASCII.slash: byte = ASCII.slash
        case 0x62: byte = ASCII.backspace
        case 0x66: byte = ASCII.formFeed
        case 0x6E: byte = ASCII.lineFeed
        case 0x72: byte = ASCII.carriageReturn
        case 0x74: byte = ASCII.tab
        case 0x75: return try readUnicodeEscape(at: backslash)
        default: throw fault(.invalidEscape, at: backslash)
        }
        unescaped.append(byte)
        return backslash + 2
    }

    private mutating func readUnicodeEscape(at backslash: Int) throws(JSONFault) -> Int {
        let unit = try readCodeUnit(at: backslash)
        var end = backslash + 6
        var code = unit
        if 0xD800...0xDBFF ~= unit {
            guard end + 1 < bytes.count, bytes[end] == ASCII.backslash, bytes[end + 1] == 0x75 else {
                throw fault(.loneSurrogate, at: backslash)
            }
            let low = try readCodeUnit(at: end)
            guard 0xDC00...0xDFFF ~= low else { throw fault(.loneSurrogate, at: backslash) }
            code = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            end += 6
        }
        // Only a low half without its high one is still no scalar.
        guard let scalar = Unicode.Scalar(code) else { throw fault(.loneSurrogate, at: backslash) }
        unescaped.append(contentsOf: scalar.utf8)
        return end
    }

    /// The four hexadecimal digits after the `\u` at a backslash.
    private func readCodeUnit(at backslash: Int) throws(JSONFault) -> UInt32 {
        var unit: UInt32 = 0
        for position in backslash + 2..<backslash + 6 {
            guard position < bytes.count else { throw fault(.unexpectedEnd, at: bytes.count) }
            guard let digit = ASCII.hexValue(bytes[position]) else { throw fault(.invalidEscape, at: backslash) }
            unit = unit << 4 | digit
        }
        return unit
    }

    // MARK: Faults

    private func fault(_ kind: JSONFault.Kind, at offset: Int? = nil) -> JSONFault {
        JSONFault(kind, offset: offset ?? index, pointer: pointer)
    }

    /// The fault of the byte that is next, where nothing that may stand there begins with it.
    private func unexpected(_ kind: JSONFault.Kind = .unexpectedCharacter) -> JSONFault {
        let isBroken = bytes[index] >= 0x80 && bytes.multiByteSequenceLength(at: index) == nil
        return fault(isBroken ? .invalidUTF8 : kind)
    }

    /// The pointer of the value that is being read.
    private var pointer: String {
        var pointer = JSONPointer()
        for (depth, frame) in frames.enumerated() {
            let isInnermost = depth + 1 == frames.count
            if isInnermost && isBetweenValues {
                break
            }
            let last = (isInnermost ? entries.count : frames[depth + 1].start) - 1
            if frame.isObject {
                pointer.append(entries[last].name)
            } else {
                pointer.append(last - frame.start)
            }
        }
        return pointer.text
    }
}
