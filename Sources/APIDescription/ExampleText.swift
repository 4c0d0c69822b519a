import StrictJSON

/// Examples as people read and try them.
enum ExampleText {
    /// JSON in lines: what fits stays on one.
    static func json(_ value: JSONValue, indent: Int = 0, width: Int = 76) -> String {
        let flat = spaced(value)
        guard indent + flat.count > width else { return flat }
        let inner = String(repeating: " ", count: indent + 2)
        let outer = String(repeating: " ", count: indent)
        switch value {
        case .array(let elements) where !elements.isEmpty:
            let lines = elements.map { inner + json($0, indent: indent + 2, width: width) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(outer)]"
        case .object(let object) where !object.isEmpty:
            let lines = object.map { name, member in
                inner + quoted(name) + ": " + json(member, indent: indent + 2, width: width)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
        default:
            return flat
        }
    }

    /// A `curl` line for a shell.
    static func curl(method: String, url: String, headers: [(String, String)], body: JSONValue?) -> String {
        let isImplied = method == (body == nil ? "GET" : "POST")
        var parts = ["curl " + (isImplied ? "" : "-X \(method) ") + shell(url)]
        for (name, value) in headers { parts.append("-H " + shell("\(name): \(value)")) }
        if let body {
            parts.append("-H 'Content-Type: application/json'")
            parts.append("-d " + shell(json(body, indent: 2)))
        }
        return parts.joined(separator: " \\\n  ")
    }

    /// On one line, with spaces where people put them.
    private static func spaced(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements): "[" + elements.map(spaced).joined(separator: ", ") + "]"
        case .object(let object) where object.isEmpty: "{}"
        case .object(let object):
            "{ " + object.map { "\(quoted($0)): \(spaced($1))" }.joined(separator: ", ") + " }"
        case .null, .bool, .number, .string: String(decoding: value.serialized(), as: UTF8.self)
        }
    }

    private static func quoted(_ text: String) -> String {
        String(decoding: JSONValue.string(text).serialized(), as: UTF8.self)
    }

    /// In single quotes where a shell would read anything into it.
    private static func shell(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_./:".utf8.contains(byte)
        }
        return isPlain ? text : "'" + text.replacing("'", with: #"'\''"#) + "'"
    }
}
