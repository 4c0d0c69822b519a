import APIDescription
import Foundation
package import StrictJSON
import Synchronization

/// JSON Schema 2020-12, as much of it as the description of the API uses. A keyword that is not known here is a violation
/// too, so that none is passed over in silence.
package struct JSONSchema: Sendable {
    /// In which references are looked up.
    let document: JSONValue

    package init(document: JSONValue) {
        self.document = document
    }

    /// What is wrong with a value, by place; empty where it conforms.
    package func violations(_ value: JSONValue, _ schema: JSONValue, at place: String = "") -> [String] {
        if let verdict = schema.bool { return verdict ? [] : ["\(place): must not be here"] }
        guard let keywords = schema.object else { return ["\(place): the schema is no schema"] }
        var found: [String] = []
        func expect(_ holds: Bool, _ text: @autoclosure () -> String) {
            if !holds { found.append("\(place): \(text())") }
        }
        for (keyword, rule) in keywords {
            switch keyword {
            case "title", "description", "default", "writeOnly", "then", "else": break
            case "$ref":
                guard let target = APIDocument.target(rule.string ?? "", in: document) else {
                    found.append("\(place): nothing is at \(rule.string ?? "?")")
                    break
                }
                found += violations(value, target, at: place)
            case "type":
                let types = rule.array ?? [rule]
                expect(types.contains { Self.isOf($0.string ?? "", value) }, "is not of type \(Self.text(rule))")
            case "const": expect(value == rule, "is not \(Self.text(rule))")
            case "enum":
                expect(rule.array?.contains(value) == true, "\(Self.text(value)) is none of \(Self.text(rule))")
            case "allOf": for part in rule.array ?? [] { found += violations(value, part, at: place) }
            case "oneOf":
                let count = (rule.array ?? []).count { violations(value, $0, at: place).isEmpty }
                if count == 0 {
                    // The one that is not null tells more than that none fits.
                    let real = (rule.array ?? []).filter { $0["type"]?.string != "null" }
                    found += real.flatMap { violations(value, $0, at: place) }
                }
                expect(count <= 1, "is more than one of what it may be")
            case "if":
                let branch = violations(value, rule, at: place).isEmpty ? "then" : "else"
                if let branch = keywords[branch] { found += violations(value, branch, at: place) }
            default:
                if let text = Self.scalarFault(value, keyword, rule) {
                    expect(text.isEmpty, text)
                } else if let faults = structureFaults(value, keyword, rule, keywords, place) {
                    found += faults
                } else {
                    found.append("\(place): the keyword \(keyword) is not known")
                }
            }
        }
        return found
    }

    /// Objects and arrays; nil for a keyword of another kind.
    private func structureFaults(
        _ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ keywords: JSONObject, _ place: String
    ) -> [String]? {
        let object = value.object
        let array = value.array
        let bound = rule.integer ?? 0
        switch keyword {
        case "required":
            guard let object else { return [] }
            return (rule.array ?? []).compactMap(\.string).filter { object[$0] == nil }
                .map { "\(place): \($0) is missing" }
        case "properties":
            return (rule.object ?? JSONObject()).flatMap { name, schema in
                (object?[name]).map { violations($0, schema, at: place + "/" + JSONPointer.escape(name)) } ?? []
            }
        case "additionalProperties":
            let known = keywords["properties"]?.object
            return (object ?? JSONObject()).filter { known?[$0.name] == nil }.flatMap { name, member in
                violations(member, rule, at: place + "/" + JSONPointer.escape(name))
            }
        case "propertyNames":
            return (object ?? JSONObject()).flatMap { name, _ in
                violations(.string(name), rule, at: place + "/" + JSONPointer.escape(name))
            }
        case "items":
            return (array ?? []).enumerated().flatMap { violations($1, rule, at: "\(place)/\($0)") }
        case "minItems": return array.map { $0.count < bound } == true ? ["\(place): has too few elements"] : []
        case "maxItems": return array.map { $0.count > bound } == true ? ["\(place): has too many elements"] : []
        case "minProperties": return object.map { $0.count < bound } == true ? ["\(place): has too few members"] : []
        case "maxProperties": return object.map { $0.count > bound } == true ? ["\(place): has too many members"] : []
        default: return nil
        }
    }

    /// Texts and numbers: empty where the rule holds, nil for a keyword of another kind.
    private static func scalarFault(_ value: JSONValue, _ keyword: String, _ rule: JSONValue) -> String? {
        let number = value.number.flatMap { Double($0.text) }
        let bound = rule.number.flatMap { Double($0.text) } ?? .nan
        let length = value.string.map { Double($0.unicodeScalars.count) }
        switch keyword {
        case "minimum": return number.map { $0 >= bound } ?? true ? "" : "is below \(text(rule))"
        case "maximum": return number.map { $0 <= bound } ?? true ? "" : "is above \(text(rule))"
        case "minLength": return length.map { $0 >= bound } ?? true ? "" : "is too short"
        case "maxLength": return length.map { $0 <= bound } ?? true ? "" : "is too long"
        case "pattern":
            guard let string = value.string, let pattern = rule.string else { return "" }
            return Patterns.matches(string, pattern) ? "" : "does not match \(pattern)"
        case "format":
            guard let format = rule.string else { return "the format is none" }
            if format == "int64" { return value.number == nil || value.integer != nil ? "" : "is no int64" }
            guard let pattern = formats[format] else { return "the format \(format) is not known" }
            return value.string.map { Patterns.matches($0, pattern) } ?? true ? "" : "is no \(format)"
        default: return nil
        }
    }

    private static let formats = [
        "date-time":
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
        "uri": "^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$",
        "email": "^[^@ ]+@[^@ ]+$",
    ]

    private static func isOf(_ type: String, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("number", .number), ("array", .array),
            ("object", .object):
            true
        // As the API has it: without a point and an exponent.
        case ("integer", .number(let number)): number.integer != nil
        default: false
        }
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.serialized(), as: UTF8.self) }
}

/// Regular expressions, each compiled once.
private enum Patterns {
    private static let compiled = Mutex<[String: NSRegularExpression]>([:])

    static func matches(_ text: String, _ pattern: String) -> Bool {
        let expression = compiled.withLock { compiled in
            if let expression = compiled[pattern] { return expression as NSRegularExpression? }
            let expression = try? NSRegularExpression(pattern: pattern)
            compiled[pattern] = expression
            return expression
        }
        guard let expression else { return false }
        return expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
    }
}
