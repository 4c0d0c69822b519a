/// A string that is compared and hashed by its UTF-8 bytes.
///
/// Swift's own `==` holds a composed and a decomposed "é" for the same text. To JSON they are different member names and
/// different values, and a provider that signs its bytes tells them apart too.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    @inline(__always)
    static func == (left: ExactText, right: ExactText) -> Bool {
        // Equal bytes imply canonical equivalence, so `==`, which is quick for ASCII, may say no first.
        left.text.utf8.count == right.text.utf8.count && left.text == right.text
            && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // The terminator keeps two neighbouring texts from running into each other; UTF-8 never holds this byte.
        hasher.combine(0xFF as UInt8)
    }

    /// Whether this text sorts before the other by Unicode scalars, which is the order of the UTF-8 bytes.
    func precedes(_ other: ExactText) -> Bool {
        text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }
}
