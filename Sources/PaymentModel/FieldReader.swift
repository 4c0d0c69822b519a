public import StrictJSON

/// A fault in one member of a request: where it is and what is wrong with it.
public struct FieldFault: Error, Sendable, Hashable {
    /// The RFC 6901 pointer of the member, also where the member is missing.
    public let pointer: String
    /// What is wrong, for the person who wrote the request. Never the value itself.
    public let detail: String

    /// Makes a fault.
    public init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}

/// Reads the members of a JSON object by name and type, and collects every fault instead of stopping at the first.
///
/// A member that nobody asked for is a fault too, so that a misspelt `amout` cannot pass: `finish()` reports those.
public struct FieldReader {
    private let object: JSONObject
    private let pointer: String
    /// The names asked for. A list: there are few, and most compare in a word, where a set would hash each of them.
    private var read: [String] = []

    /// What is wrong so far, in the order in which it was found.
    public private(set) var faults: [FieldFault] = []

    /// A reader of `value`, which lies at `pointer` ("" is the whole body). A value that is no object is a fault.
    public init(_ value: JSONValue, at pointer: String = "") {
        self.pointer = pointer
        if let object = value.object {
            self.object = object
        } else {
            self.object = JSONObject()
            faults.append(FieldFault(pointer: pointer, detail: "must be an object, not \(value.typeName)"))
        }
    }

    /// The pointer of a member.
    public func pointer(to name: String) -> String { pointer + "/" + JSONPointer.escape(name) }

    /// Adds a fault at a member.
    public mutating func fault(_ name: String, _ detail: String) {
        faults.append(FieldFault(pointer: pointer(to: name), detail: detail))
    }

    /// Whether the member is there at all, of whatever type.
    public func has(_ name: String) -> Bool { object[name] != nil }

    /// The member as it is, or nil where it is absent; a fault where it is absent and `required`.
    public mutating func value(_ name: String, required: Bool = false) -> JSONValue? {
        read.append(name)
        if let value = object[name] { return value }
        if required { fault(name, "is required") }
        return nil
    }

    /// A text of 1 to `most` Unicode scalars without control characters, and without a card number unless it is the place
    /// for one.
    public mutating func string(
        _ name: String, required: Bool = false, most: Int = 1024, allowsEmpty: Bool = false,
        allowsCardNumber: Bool = false
    ) -> String? {
        guard let value = value(name, required: required) else { return nil }
        guard let text = value.string else {
            fault(name, "must be a string, not \(value.typeName)")
            return nil
        }
        if let problem = Self.problem(
            of: text, most: most, allowsEmpty: allowsEmpty, allowsCardNumber: allowsCardNumber)
        {
            fault(name, problem)
            return nil
        }
        return text
    }

    /// A text that `convert` makes something of; nil from it is the fault `otherwise`.
    public mutating func string<Value>(
        _ name: String, required: Bool = false, allowsCardNumber: Bool = false,
        otherwise detail: @autoclosure () -> String,
        _ convert: (String) -> Value?
    ) -> Value? {
        guard let text = string(name, required: required, allowsCardNumber: allowsCardNumber) else { return nil }
        guard let value = convert(text) else {
            fault(name, detail())
            return nil
        }
        return value
    }

    /// An integer in `range`, written without a point or an exponent.
    public mutating func integer(_ name: String, in range: ClosedRange<Int64>, required: Bool = false) -> Int64? {
        guard let value = value(name, required: required) else { return nil }
        guard case .number(let number) = value else {
            fault(name, "must be an integer, not \(value.typeName)")
            return nil
        }
        guard number.text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (48...57).contains($0) }) else {
            fault(name, "must be an integer without a point or an exponent")
            return nil
        }
        guard let integer = number.integer, range.contains(integer) else {
            fault(name, "must be from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return integer
    }

    /// An object, read by `body` with a reader of its own whose faults join these.
    public mutating func object<Value>(
        _ name: String, required: Bool = false, _ body: (inout FieldReader) -> Value?
    ) -> Value? {
        guard let value = value(name, required: required) else { return nil }
        var reader = FieldReader(value, at: pointer(to: name))
        let result = value.object == nil ? nil : body(&reader)
        faults += reader.finish()
        return result
    }

    /// An array of at most `most` objects, each read by `body`.
    public mutating func objects<Value>(
        _ name: String, most: Int, _ body: (inout FieldReader) -> Value?
    ) -> [Value]? {
        guard let value = value(name) else { return nil }
        guard let elements = value.array else {
            fault(name, "must be an array, not \(value.typeName)")
            return nil
        }
        guard (1...most).contains(elements.count) else {
            fault(name, "must have 1 to \(most) elements")
            return nil
        }
        var results: [Value] = []
        for (index, element) in elements.enumerated() {
            var reader = FieldReader(element, at: pointer(to: name) + "/\(index)")
            let result = element.object == nil ? nil : body(&reader)
            faults += reader.finish()
            if let result { results.append(result) }
        }
        return results.count == elements.count ? results : nil
    }

    /// A map of texts: at most `keys` members, whose names have at most `keyLength` and values `valueLength` scalars.
    public mutating func map(_ name: String, keys: Int, keyLength: Int, valueLength: Int) -> [String: String]? {
        guard let value = value(name) else { return nil }
        guard let object = value.object else {
            fault(name, "must be an object, not \(value.typeName)")
            return nil
        }
        if object.count > keys { fault(name, "must have at most \(keys) keys") }
        var map: [String: String] = [:]
        for (key, value) in object.prefix(keys) {
            let place = pointer(to: name) + "/" + JSONPointer.escape(CardNumberScan.shown(key))
            if let problem = Self.problem(of: key, most: keyLength, allowsEmpty: false) {
                faults.append(FieldFault(pointer: place, detail: "the key " + problem))
            } else if let text = value.string {
                if let problem = Self.problem(of: text, most: valueLength, allowsEmpty: true) {
                    faults.append(FieldFault(pointer: place, detail: problem))
                } else if map.updateValue(text, forKey: key) != nil {
                    // JSON tells names apart by their bytes, a Swift dictionary by what they mean.
                    faults.append(FieldFault(pointer: place, detail: "is the same key in another Unicode form"))
                }
            } else {
                faults.append(FieldFault(pointer: place, detail: "must be a string, not \(value.typeName)"))
            }
        }
        return map
    }

    /// Every fault found, with one for each member that nobody asked for.
    public mutating func finish() -> [FieldFault] {
        for (name, _) in object where !read.contains(name) {
            fault(CardNumberScan.shown(name), "is not a member known here")
        }
        return faults
    }

    private static func problem(
        of text: String, most: Int, allowsEmpty: Bool, allowsCardNumber: Bool = false
    ) -> String? {
        if text.isEmpty { return allowsEmpty ? nil : "must not be empty" }
        // One pass over the bytes: control characters are C0, DEL and, as C2 80 to C2 9F, C1; a scalar begins with every
        // byte that continues none.
        var count = 0
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x7f || (previous == 0xc2 && (0x80...0x9f).contains(byte)) {
                return "must not contain control characters"
            }
            if byte & 0xc0 != 0x80 { count += 1 }
            previous = byte
        }
        if count > most { return "must have at most \(most) characters" }
        return !allowsCardNumber && CardNumberScan.finds(in: text) ? "must not contain a card number" : nil
    }
}

extension JSONValue {
    /// The type's name as messages for people have it.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
