/// A text that must never be seen: a key, a token, a card number. It prints, logs and mirrors as `***`.
///
/// The value is read with `reveal()` alone, so that every place where it leaves can be found by name.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    /// Wraps the text.
    public init(_ value: String) {
        self.value = value
    }

    /// The text itself: for the request to the provider, and nowhere else.
    public func reveal() -> String { value }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Compares two texts in a time that depends on their lengths alone, so that a guess cannot be improved byte by byte.
public func constantTimeEquals(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
    let (left, right) = (Array(left), Array(right))
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
}
