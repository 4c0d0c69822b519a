import StrictJSON
import Yams

/// YAML as OpenAPI uses it: what JSON can say, scalars typed by the core schema of YAML 1.2 (`NO` is a text, `yes` too).
enum YAMLDocument {
    struct Fault: Error {
        let detail: String
    }

    /// Reads the one document of a text.
    static func read(_ text: String) throws -> JSONValue {
        guard let root = try Yams.compose(yaml: text) else { throw Fault(detail: "it is empty") }
        return try value(of: root)
    }

    private static func value(of node: Node) throws -> JSONValue {
        switch node {
        case .scalar(let scalar):
            return scalar.style == .plain ? plain(scalar.string) : .string(scalar.string)
        case .sequence(let sequence):
            return .array(try sequence.map(value))
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, member) in mapping {
                guard let name = key.scalar?.string, object[name] == nil else {
                    throw Fault(detail: "line \(key.mark?.line ?? 0): a key is no text or is there twice")
                }
                object[name] = try value(of: member)
            }
            return .object(object)
        case .alias:
            throw Fault(detail: "aliases are not read")
        }
    }

    private static func plain(_ text: String) -> JSONValue {
        switch text {
        case "null", "~", "": .null
        case "true": .bool(true)
        case "false": .bool(false)
        default: JSONNumber(text: text).map(JSONValue.number) ?? .string(text)
        }
    }
}
