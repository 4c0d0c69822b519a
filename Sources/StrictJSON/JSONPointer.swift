/// The place of a value in a document (RFC 6901), such as `/items/0/name`; the empty one is the whole document.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The pointer of the whole document, the empty text.
    public static let root = JSONPointer()

    /// The pointer as RFC 6901 writes it.
    public private(set) var text: String

    /// The pointer of the whole document.
    public init() {
        text = ""
    }

    /// The pointer of the member that these names lead to from the root, each escaped: `JSONPointer("card", "number")`.
    public init(_ names: String...) {
        self.init()
        for name in names {
            append(name)
        }
    }

    /// The same as ``text``.
    public var description: String {
        text
    }

    /// A name as it stands in a pointer: `~` as `~0` and `/` as `~1`.
    public static func escape(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == 0x7E || $0 == ASCII.slash }) else { return name }
        var escaped = ""
        escaped.reserveCapacity(name.utf8.count + 4)
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// The pointer of a member of the object that this one points at. The name is escaped here.
    public func appending(_ name: String) -> JSONPointer {
        var longer = self
        longer.append(name)
        return longer
    }

    /// The pointer of an element, counted from 0, of the array that this one points at.
    public func appending(_ index: Int) -> JSONPointer {
        var longer = self
        longer.append(index)
        return longer
    }

    /// Goes on to a member of the object that this one points at. The name is escaped here.
    public mutating func append(_ name: String) {
        text += "/"
        text += JSONPointer.escape(name)
    }

    /// Goes on to an element, counted from 0, of the array that this one points at.
    public mutating func append(_ index: Int) {
        text += "/\(index)"
    }

    /// Whether both are written with the same bytes.
    public static func == (left: JSONPointer, right: JSONPointer) -> Bool {
        ExactText(left.text) == ExactText(right.text)
    }

    /// Hashes the bytes of the text.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(text))
    }
}
