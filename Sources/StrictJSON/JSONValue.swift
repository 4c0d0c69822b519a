/// A JSON value as the document had it: numbers keep their text and objects the order of their members.
///
/// Values are compared exactly: strings and names by their UTF-8 bytes, numbers by their text.
public enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number with its exact text.
    case number(JSONNumber)
    /// A string, unescaped.
    case string(String)
    /// The elements in their order.
    case array([JSONValue])
    /// The members in their order.
    case object(JSONObject)
}

extension JSONValue {
    /// The text of a string; nil for any other value.
    public var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    /// The truth value; nil for any other value.
    public var bool: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }

    /// The number; nil for any other value.
    public var number: JSONNumber? {
        if case .number(let number) = self { number } else { nil }
    }

    /// The value of a number that is written without `.` and exponent and fits; nil for any other value.
    public var integer: Int64? {
        if case .number(let number) = self { number.integer } else { nil }
    }

    /// The elements of an array; nil for any other value.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The object; nil for any other value.
    public var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// Whether it is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The value of a member of an object; nil where there is none, and for any other value.
    public subscript(name: String) -> JSONValue? {
        if case .object(let object) = self { object[name] } else { nil }
    }
}

extension JSONValue: Hashable {
    /// Whether both are the same JSON: strings by their bytes, numbers by their text, members in whatever order.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): ExactText(left) == ExactText(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    /// Hashes the kind of value and what `==` compares of it.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null:
            hasher.combine(0)
        case .bool(let bool):
            hasher.combine(1)
            hasher.combine(bool)
        case .number(let number):
            hasher.combine(2)
            hasher.combine(number)
        case .string(let string):
            hasher.combine(3)
            hasher.combine(ExactText(string))
        case .array(let elements):
            hasher.combine(4)
            hasher.combine(elements)
        case .object(let object):
            hasher.combine(5)
            hasher.combine(object)
        }
    }
}

extension JSONValue {
    /// How deep arrays and objects may be nested where nothing else is said.
    public static let defaultMaxDepth = 32

    /// The most that a caller may allow: what is done with values of this depth still fits the stack of any thread.
    static let greatestMaxDepth = 512

    /// Reads the one value that a text is.
    ///
    /// - Parameters:
    ///   - bytes: The text, UTF-8 without a byte order mark.
    ///   - maxDepth: How many arrays and objects may be nested, 0 to 512; 0 allows no container at all.
    /// - Throws: The first fault, for whatever RFC 8259 does not allow, and for duplicate names and lone surrogates.
    public init(parsing bytes: [UInt8], maxDepth: Int = 32) throws(JSONFault) {
        self = try bytes.withUnsafeBytes { JSONReader.read($0, maxDepth: maxDepth) }.get()
    }

    /// Reads the one value that a text is; see ``init(parsing:maxDepth:)-([UInt8],_)``.
    public init(parsing text: String, maxDepth: Int = 32) throws(JSONFault) {
        var text = text
        self = try text.withUTF8 { JSONReader.read(UnsafeRawBufferPointer($0), maxDepth: maxDepth) }.get()
    }

    /// Reads the one value that a text is; see ``init(parsing:maxDepth:)-([UInt8],_)``. The bytes need to live only
    /// until this returns.
    public init(parsing bytes: UnsafeRawBufferPointer, maxDepth: Int = 32) throws(JSONFault) {
        self = try JSONReader.read(bytes, maxDepth: maxDepth).get()
    }
}
