import HTTPTypes
import PaymentEngine

/// The media type of bodies: `application/json`, UTF-8 (contract §3).
enum MediaType {
    /// Throws `unsupported-media-type` for anything else: another type, another charset, a compressed body.
    static func requireJSON(_ headers: HTTPFields) throws(Problem) {
        guard let type = headers[.contentType] else {
            throw Problem(.unsupportedMediaType, "Content-Type is missing; it must be application/json")
        }
        guard isJSON(type) else {
            throw Problem(
                .unsupportedMediaType, "Content-Type must be application/json, in UTF-8 where a charset is named")
        }
        if let coding = headers[.contentEncoding], coding.lowercased() != "identity" {
            throw Problem(.unsupportedMediaType, "Bodies must not be compressed")
        }
    }

    private static func isJSON(_ text: String) -> Bool {
        if text == "application/json" { return true }
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(\.trimmed)
        guard let type = parts.first, type.lowercased() == "application/json" else { return false }
        for parameter in parts.dropFirst() {
            guard let equals = parameter.firstIndex(of: "=") else { return false }
            let name = parameter[..<equals].lowercased()
            var value = parameter[parameter.index(after: equals)...]
            // A name is a token, as those of fields are (RFC 9110, §5.6.6).
            guard HTTPField.Name(name) != nil, !value.contains(",") else { return false }
            if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
            if name == "charset", value.lowercased() != "utf-8" { return false }
        }
        return true
    }
}
