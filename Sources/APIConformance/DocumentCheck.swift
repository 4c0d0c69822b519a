import APIDescription
import StrictJSON

extension APIConformance {
    /// What is wrong with the description itself, as far as a validator of OpenAPI does not tell: references that name
    /// nothing, keywords that nobody here knows, examples that are none.
    package func documentFaults() -> [String] {
        var found: [String] = []
        walk(document, "#", &found)
        return found
    }

    private func walk(_ value: JSONValue, _ place: String, _ found: inout [String]) {
        if let reference = value["$ref"]?.string, APIDocument.target(reference, in: document) == nil {
            found.append("\(place): nothing is at \(reference)")
        }
        if let rule = value["schema"] {
            found += keywordFaults(rule, place + "/schema")
            for (name, example) in value["examples"]?.object ?? JSONObject() {
                let example = APIDocument.resolve(example, in: document)["value"] ?? .null
                found += schema.violations(example, rule, at: "\(place)/examples/\(name)")
            }
        }
        if place == "#/components/schemas" {
            for (name, rule) in value.object ?? JSONObject() { found += keywordFaults(rule, "\(place)/\(name)") }
            return
        }
        for (name, member) in value.object ?? JSONObject() where name != "schema" && name != "value" {
            walk(member, "\(place)/\(name)", &found)
        }
        for (index, element) in (value.array ?? []).enumerated() { walk(element, "\(place)/\(index)", &found) }
    }

    /// Goes through a schema and those in it. A schema is asked about a null, for what it does not know at all.
    private func keywordFaults(_ rule: JSONValue, _ place: String) -> [String] {
        guard let keywords = rule.object else { return rule.bool == nil ? ["\(place): is no schema"] : [] }
        var found = schema.violations(.null, rule, at: place).filter {
            $0.contains("is not known") || $0.contains("nothing is at")
        }
        for (keyword, part) in keywords {
            switch keyword {
            case "properties":
                for (name, part) in part.object ?? JSONObject() { found += keywordFaults(part, "\(place)/\(name)") }
            case "items", "additionalProperties", "propertyNames", "if", "then", "else":
                found += keywordFaults(part, "\(place)/\(keyword)")
            case "allOf", "oneOf":
                for part in part.array ?? [] { found += keywordFaults(part, "\(place)/\(keyword)") }
            default: break
            }
        }
        return found
    }
}
