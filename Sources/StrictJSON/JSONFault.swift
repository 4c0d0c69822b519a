/// Why bytes are not the one JSON text that they should be, and where.
///
/// Nothing of the document is in ``kind``, ``offset`` and ``description``, so they may be logged. ``pointer`` is made of
/// the document's own member names: it may be answered to whoever sent the document, and is as long as they are.
public struct JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reason of a refusal.
    public enum Kind: Sendable, Hashable, CaseIterable {
        /// There is no value: no bytes, or whitespace alone.
        case empty
        /// The text begins with a byte order mark, of UTF-8 or of UTF-16.
        case byteOrderMark
        /// Bytes that are not well-formed UTF-8: cut off, overlong, a surrogate, above U+10FFFF.
        case invalidUTF8
        /// An escaped half of a surrogate pair without its other half.
        case loneSurrogate
        /// An object names a member twice. Names are compared unescaped and by their Unicode scalars.
        case duplicateKey
        /// More containers are nested than the reader was told to allow.
        case tooDeep
        /// A byte that cannot stand where it stands.
        case unexpectedCharacter
        /// The text ends inside a value.
        case unexpectedEnd
        /// A number that RFC 8259 does not know: `01`, `+1`, `.5`, `1.`, `1e`.
        case invalidNumber
        /// A backslash that begins none of the escapes of RFC 8259.
        case invalidEscape
        /// A character below U+0020 in a string, not escaped.
        case controlCharacter
        /// Something other than whitespace follows the value.
        case trailingContent
    }

    /// The reason.
    public let kind: Kind

    /// Where, in bytes from the beginning of the text: the first byte that cannot be. For ``Kind/invalidEscape`` and
    /// ``Kind/loneSurrogate`` the backslash, for ``Kind/duplicateKey`` the quote before the second name, for
    /// ``Kind/tooDeep`` the bracket that is one too many, for ``Kind/unexpectedEnd`` the end.
    public let offset: Int

    /// The value that was being read, as a JSON pointer (RFC 6901). While the name of a member is read, or what stands
    /// between values, it is the container's.
    public let pointer: String

    /// A sentence for people, without anything of the document.
    public var description: String {
        "\(kind.sentence) at byte \(offset)"
    }

    init(_ kind: Kind, offset: Int, pointer: String) {
        self.kind = kind
        self.offset = offset
        self.pointer = pointer
    }
}

extension JSONFault.Kind {
    /// The reason in words, without a place.
    fileprivate var sentence: String {
        switch self {
        case .empty: "no JSON value"
        case .byteOrderMark: "a byte order mark"
        case .invalidUTF8: "invalid UTF-8"
        case .loneSurrogate: "half of a surrogate pair"
        case .duplicateKey: "a member name for the second time in one object"
        case .tooDeep: "nested too deep"
        case .unexpectedCharacter: "an unexpected character"
        case .unexpectedEnd: "an unexpected end"
        case .invalidNumber: "an invalid number"
        case .invalidEscape: "an invalid escape"
        case .controlCharacter: "a control character that is not escaped"
        case .trailingContent: "something after the JSON value"
        }
    }
}
