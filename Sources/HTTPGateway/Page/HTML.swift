/// Writes HTML whose every text and attribute is escaped: there is no way to write one that is not, but for constants of the
/// program itself.
struct HTML: Sendable {
    private(set) var text = ""

    typealias Attributes = KeyValuePairs<StaticString, String?>

    /// An element with its content. An attribute that is nil is left out; an empty one is written as its name alone.
    mutating func element(
        _ name: StaticString, _ attributes: Attributes = [:], _ content: (inout HTML) -> Void
    ) {
        begin(name, attributes)
        content(&self)
        text += "</\(name)>"
    }

    /// An element without attributes that holds a text.
    mutating func element(_ name: StaticString, _ content: String) { element(name, [:], content) }

    /// An element that holds a text.
    mutating func element(_ name: StaticString, _ attributes: Attributes, _ content: String) {
        begin(name, attributes)
        write(content)
        text += "</\(name)>"
    }

    /// An element that never has content, such as `meta`.
    mutating func begin(_ name: StaticString, _ attributes: Attributes = [:]) {
        text += "<\(name)"
        for (name, value) in attributes {
            guard let value else { continue }
            text += " \(name)"
            guard !value.isEmpty else { continue }
            text += "=\""
            escape(value)
            text += "\""
        }
        text += ">"
    }

    /// Text as a reader sees it.
    mutating func write(_ content: String) { escape(content) }

    /// Markup, style or script of the program itself.
    mutating func constant(_ content: StaticString) { text += content.description }

    private mutating func escape(_ content: String) {
        for scalar in content.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            // Controls, and what makes text run backwards and hides what it says.
            case "\u{0}"..."\u{8}", "\u{b}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{200e}", "\u{200f}",
                "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}":
                text += "\u{fffd}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
