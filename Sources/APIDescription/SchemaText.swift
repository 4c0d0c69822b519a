import StrictJSON

/// Schemas in words and tables.
struct SchemaText {
    let document: JSONValue

    /// The type in a few words, as HTML: `integer`, `list of Item`, `Card or null`.
    func type(_ schema: JSONValue) -> String {
        if let reference = schema["$ref"]?.string { return link(reference) }
        if let elements = schema["items"] { return "list of " + type(elements) }
        if let choices = schema["oneOf"]?.array { return choices.map(type).joined(separator: " or ") }
        if let value = schema["const"] { return code(value) }
        if let values = schema["enum"]?.array {
            return (values.count > 1 ? "one of " : "") + values.map(code).joined(separator: " ")
        }
        if let types = schema["type"]?.array { return types.compactMap(\.string).joined(separator: " or ") }
        if let values = schema["additionalProperties"], values.object != nil { return "map of " + type(values) }
        return schema["type"]?.string ?? "anything"
    }

    /// What else must hold, as HTML; nil where nothing does.
    func constraints(_ schema: JSONValue) -> String? {
        var parts: [String] = []
        func range(_ least: String, _ most: String, _ unit: String) {
            switch (schema[least]?.number?.text, schema[most]?.number?.text) {
            case (let least?, let most?): parts.append("\(Self.grouped(least)) to \(Self.grouped(most))\(unit)")
            case (let least?, nil): parts.append("at least \(Self.grouped(least))\(unit)")
            case (nil, let most?): parts.append("at most \(Self.grouped(most))\(unit)")
            case (nil, nil): break
            }
        }
        if let format = schema["format"]?.string, format != "int64" { parts.append(HTML.escape(format)) }
        range("minimum", "maximum", "")
        range("minLength", "maxLength", " characters")
        range("minItems", "maxItems", " elements")
        range("minProperties", "maxProperties", " members")
        if let pattern = schema["pattern"]?.string { parts.append("<code>\(HTML.escape(pattern))</code>") }
        if let value = schema["default"] { parts.append("default " + code(value)) }
        if let names = schema["propertyNames"], let text = constraints(names) { parts.append("names: " + text) }
        if let values = schema["additionalProperties"], values.object != nil, let text = constraints(values) {
            parts.append("values: " + text)
        }
        if schema["writeOnly"]?.bool == true { parts.append("never answered") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The members of an object as a table; where there are none, the type.
    func members(_ schema: JSONValue) -> String {
        var schema = schema
        while schema["properties"] == nil, schema["$ref"] != nil {
            schema = APIDocument.resolve(schema, in: document)
        }
        var html = HTML()
        guard let members = schema["properties"]?.object else {
            html.element("p") { html in
                html.add([type(schema), constraints(schema)].compactMap(\.self).joined(separator: ", "))
            }
            return html.text
        }
        let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
        // Of answers everything is there: only what may be missing is worth a word. Of requests it is the other way about.
        let isMostlyRequired = required.count * 2 > members.count
        html.element("table") { html in
            for (name, member) in members {
                let mark =
                    required.contains(name)
                    ? (isMostlyRequired ? nil : "required") : (isMostlyRequired ? "may be missing" : nil)
                row(&html, name: name, mark: mark, member)
            }
        }
        return html.text
    }

    /// A row of a table: name, type and rules, description.
    func row(_ html: inout HTML, name: String, mark: String?, _ schema: JSONValue, description: String? = nil) {
        // What a reference names is told at once where it is no object with a table of its own.
        let target = schema["$ref"] == nil ? nil : APIDocument.resolve(schema, in: document)
        let simple = target?["type"]?.string == "object" ? nil : target
        let description = description ?? schema["description"]?.string ?? simple?["description"]?.string
        html.element("tr") { html in
            html.element("td") { html in
                html.element("code") { $0.add(escaping: name) }
                if let mark { html.add(" <span class=\"mark\">\(mark)</span>") }
            }
            html.element("td") { html in
                html.element("div", "class=\"type\"") { html in
                    let parts = [type(schema), simple.map(type), simple.flatMap(constraints), constraints(schema)]
                    html.add(parts.compactMap(\.self).joined(separator: ", "))
                }
                if let description { html.add(Markdown.blocks(description)) }
            }
        }
    }

    /// A link to a schema of the document, by its title.
    func link(_ reference: String) -> String {
        let title = APIDocument.target(reference, in: document)?["title"]?.string ?? reference
        return "<a href=\"#\(Self.anchor(reference))\">\(HTML.escape(title))</a>"
    }

    /// `#/components/schemas/Payment` → `schema-Payment`.
    static func anchor(_ reference: String) -> String {
        "schema-" + HTML.escape(reference.split(separator: "/").last ?? "")
    }

    private func code(_ value: JSONValue) -> String {
        "<code>\(HTML.escape(value.string ?? String(decoding: value.serialized(), as: UTF8.self)))</code>"
    }

    /// `999999999999` → `999,999,999,999`.
    private static func grouped(_ digits: String) -> String {
        guard digits.utf8.count > 4, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return digits }
        var groups: [Substring] = []
        var rest = digits[...]
        while !rest.isEmpty {
            groups.append(rest.suffix(3))
            rest = rest.dropLast(3)
        }
        return groups.reversed().joined(separator: ",")
    }
}
