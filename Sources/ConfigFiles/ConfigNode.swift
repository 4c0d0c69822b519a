/// A value of a configuration file with its place: scalars are text, `${…}` is replaced.
struct ConfigNode: Sendable {
    enum Content: Sendable {
        /// Nothing was written after the key.
        case empty
        case scalar(ConfigScalar)
        case list([ConfigNode])
        /// In the order of the file; no key twice.
        case map([ConfigEntry])
        /// Already reported: whoever meets it says nothing more.
        case faulty
    }

    let content: Content
    let position: SourcePosition

    /// For messages.
    var kind: String {
        switch content {
        case .empty: "nothing"
        case .scalar: "a single value"
        case .list: "a list"
        case .map: "a map"
        case .faulty: "a fault"
        }
    }
}

/// A key and its value.
struct ConfigEntry: Sendable {
    let key: String
    let position: SourcePosition
    let value: ConfigNode
}

/// A scalar of a configuration file.
struct ConfigScalar: Sendable {
    /// After substitution. May be a secret: not for messages.
    let text: String
    /// As it stands in the file; nil where that may be a secret.
    let written: String?
    /// Something in it was not set, and a stand-in took its place (`--without-secrets`).
    let isStandIn: Bool

    /// The value for a message: `'12x'`, shortened, on one line; `the value` where it must not be shown.
    var shown: String {
        guard let written else { return "the value" }
        var text = ""
        for scalar in written.unicodeScalars.prefix(60) {
            text.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar)
        }
        return "'\(text)\(written.unicodeScalars.count > 60 ? "…" : "")'"
    }
}

/// A value with its place, for the checks that come after reading.
struct Located<Value> {
    let value: Value
    let position: SourcePosition
}

extension Located: Sendable where Value: Sendable {}

/// Why a text is not a value of its key; the place is known to whoever asked.
struct Misfit: Error {
    let text: String
    let suggestion: String?

    init(_ text: String, suggestion: String? = nil) {
        self.text = text
        self.suggestion = suggestion
    }
}
