/// Text that is put together as HTML; what is not ours to write as markup is escaped.
struct HTML {
    private(set) var text = ""

    /// Adds markup.
    mutating func add(_ markup: String) { text += markup }

    /// Adds text, escaped.
    mutating func add(escaping content: some StringProtocol) { text += Self.escape(content) }

    /// Adds an element around what `body` adds. `attributes` is markup.
    mutating func element(_ name: String, _ attributes: String = "", _ body: (inout HTML) -> Void) {
        text += attributes.isEmpty ? "<\(name)>" : "<\(name) \(attributes)>"
        body(&self)
        text += "</\(name)>"
    }

    /// Safe between tags and in quoted attributes.
    static func escape(_ content: some StringProtocol) -> String {
        var escaped = ""
        for character in content.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
