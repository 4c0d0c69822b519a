/// A number, kept as the text that it was written in: `100.00` stays `100.00`, and nothing is rounded.
///
/// Two numbers are equal when their texts are: `1.0` is not `1`.
public struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    /// The number exactly as it was written, or is to be written; always a number of RFC 8259.
    public let text: String

    /// A whole number.
    public init(_ integer: Int64) {
        text = String(integer)
    }

    /// A number from its text, such as `100.00`; nil for a text that RFC 8259 does not know as a number.
    public init?(text: String) {
        var text = text
        let isNumber = text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            let number = bytes.endOfNumber(from: 0)
            return number.isNumber && number.end == bytes.count
        }
        guard isNumber else { return nil }
        self.text = text
    }

    /// Takes a text that the reader has already found to be a number.
    init(validated text: String) {
        self.text = text
    }

    /// The value, where the text has neither a `.` nor an exponent and the value fits; `-0` is 0.
    public var integer: Int64? {
        // Of the numbers of RFC 8259, these are the ones that `Int64` reads.
        Int64(text)
    }

    /// The same as ``text``.
    public var description: String {
        text
    }
}
