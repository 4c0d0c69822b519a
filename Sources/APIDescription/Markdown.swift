/// The part of CommonMark that the descriptions are written in: paragraphs, headings, lists without lists in them, fenced
/// code; inside of them `code`, *emphasis*, **strong emphasis** and [links](#there). All else is text.
enum Markdown {
    /// A description as blocks of HTML. Headings get anchors made of their words (`slug`).
    static func blocks(_ source: String) -> String {
        var html = HTML()
        var paragraph: [Substring] = []
        var items: [[Substring]] = []
        var code: [Substring]?

        func flush() {
            if !paragraph.isEmpty { html.element("p") { $0.add(inline(paragraph.joined(separator: " "))) } }
            if !items.isEmpty {
                html.element("ul") { html in
                    for item in items { html.element("li") { $0.add(inline(item.joined(separator: " "))) } }
                }
            }
            paragraph = []
            items = []
        }

        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let lines = code {
                    html.element("pre") { $0.add(escaping: lines.joined(separator: "\n")) }
                    code = nil
                } else {
                    flush()
                    code = []
                }
            } else if code != nil {
                code?.append(line)
            } else if line.isEmpty {
                flush()
            } else if line.hasPrefix("### ") {
                flush()
                let title = line.dropFirst(4)
                html.element("h3", "id=\"\(slug(title))\"") { $0.add(inline(title)) }
            } else if line.hasPrefix("- ") {
                if !paragraph.isEmpty { flush() }
                items.append([line.dropFirst(2)])
            } else if !items.isEmpty {
                items[items.count - 1].append(line.drop { $0 == " " })
            } else {
                paragraph.append(line)
            }
        }
        flush()
        return html.text
    }

    /// The titles of the headings in a description.
    static func headings(_ source: String) -> [Substring] {
        source.split(separator: "\n").filter { $0.hasPrefix("### ") }.map { $0.dropFirst(4) }
    }

    /// A text within a line.
    static func inline(_ source: some StringProtocol) -> String {
        var html = HTML()
        var rest = Substring(source)
        while let start = rest.firstIndex(where: { "`*[".contains($0) }) {
            html.add(escaping: rest[..<start])
            rest = rest[start...]
            if let (content, after) = span(rest, "`", "`") {
                html.element("code") { $0.add(escaping: content) }
                rest = after
            } else if let (content, after) = span(rest, "**", "**") {
                html.element("strong") { $0.add(inline(content)) }
                rest = after
            } else if let (content, after) = span(rest, "*", "*") {
                html.element("em") { $0.add(inline(content)) }
                rest = after
            } else if let (content, tail) = span(rest, "[", "]"), let (address, after) = span(tail, "(", ")"),
                address.hasPrefix("#") || address.hasPrefix("https://")
            {
                html.element("a", "href=\"\(HTML.escape(address))\"") { $0.add(inline(content)) }
                rest = after
            } else {
                html.add(escaping: rest.prefix(1))
                rest = rest.dropFirst()
            }
        }
        html.add(escaping: rest)
        return html.text
    }

    /// The anchor of a heading: its words in lower case, with dashes between them.
    static func slug(_ title: some StringProtocol) -> String {
        title.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    }

    /// What stands between two marks at the beginning, and what is behind them.
    private static func span(_ text: Substring, _ open: String, _ close: String) -> (Substring, Substring)? {
        guard text.hasPrefix(open) else { return nil }
        let inside = text.dropFirst(open.count)
        guard let end = inside.firstRange(of: close), !inside[..<end.lowerBound].isEmpty else { return nil }
        return (inside[..<end.lowerBound], inside[end.upperBound...])
    }
}
