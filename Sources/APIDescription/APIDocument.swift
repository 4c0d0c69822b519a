package import StrictJSON

/// The API as OpenAPI 3.1 tells it: `openapi.yaml` beside this file, which is in the program itself.
package enum APIDocument {
    /// The file as it is.
    package static let yaml: [UInt8] = PackageResources.openapi_yaml

    /// What it says; members keep their order. A test reads it: a file that cannot be read does not get here.
    package static let contents: JSONValue = {
        do {
            return try YAMLDocument.read(String(decoding: yaml, as: UTF8.self))
        } catch {
            preconditionFailure("openapi.yaml cannot be read: \(error)")
        }
    }()

    /// The page that people read. Made once, when it is first asked for.
    package static let page = APIPage(contents)

    /// What a local reference (`#/components/schemas/Payment`) names, and where there is none the value itself.
    package static func resolve(_ value: JSONValue, in document: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.string else { return value }
        return target(reference, in: document) ?? .null
    }

    /// What stands at a local reference; nil where nothing does.
    package static func target(_ reference: String, in document: JSONValue) -> JSONValue? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(document as JSONValue?) { value, name in
            value?[String(name.replacing("~1", with: "/").replacing("~0", with: "~"))]
        }
    }
}
