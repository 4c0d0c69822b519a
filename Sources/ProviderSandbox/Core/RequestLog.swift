import HTTPTypes
import StrictJSON

/// The last requests that providers received, for tests to compare field by field. Secrets, card numbers among them,
/// are taken out before a request is kept; the rest is kept as received and rendered when asked for, so that recording
/// costs next to nothing at a provider without secret members.
struct RequestLog: Sendable {
    struct Entry: Sendable {
        let provider: String
        let request: HTTPRequest
        /// Without prefix, with query.
        let path: String
        let body: [UInt8]
        let at: WallTime

        /// - Parameter secretMembers: the members of JSON and forms, and the names in the query, whose values are not
        ///   kept. A body that is neither and may hold one of them is not kept at all.
        init(
            provider: String, request: HTTPRequest, path: String, body: [UInt8], at: WallTime,
            secretMembers: Set<String>
        ) {
            self.provider = provider
            var request = request
            // It is shown as `path`, without what is secret in its query.
            request.path = nil
            self.request = request
            self.path = secretMembers.isEmpty ? path : Self.shown(path: path, secretMembers)
            self.body = secretMembers.isEmpty ? body : Self.shown(body: body, secretMembers)
            self.at = at
        }
    }

    static let capacity = 1000

    private var entries: [Entry] = []
    private var next = 0

    mutating func append(_ entry: Entry) {
        if entries.count < Self.capacity {
            entries.append(entry)
        } else {
            entries[next] = entry
        }
        next = (next + 1) % Self.capacity
    }

    mutating func clear() {
        entries = []
        next = 0
    }

    /// Oldest first.
    func entries(of provider: String?) -> [Entry] {
        let ordered = entries.count < Self.capacity ? entries[...] : entries[next...] + entries[..<next]
        return ordered.filter { provider == nil || $0.provider == provider }
    }
}

extension RequestLog.Entry {
    private static let secretHeaders: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "x-api-key", "x-client-secret", "x-session-token",
        "x-signature", "swich-api-key",
    ]

    /// `{"provider","method","path","at","headers":{…},"body":"…"}`; the values of headers and members that
    /// authenticate are `***`.
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("provider", provider)
        writer.member("method", request.method.rawValue)
        writer.member("path", path)
        writer.member("at", at.millisecondsZ)
        writer.name("headers")
        writer.beginObject()
        var written: Set<String> = []
        for field in request.headerFields where written.insert(field.name.canonicalName).inserted {
            let name = field.name.canonicalName
            writer.member(name, Self.secretHeaders.contains(name) ? "***" : request.headerFields[field.name])
        }
        writer.endObject()
        writer.member("body", String(decoding: body, as: UTF8.self))
        writer.endObject()
    }

    private static func shown(path: String, _ secrets: Set<String>) -> String {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return path }
        return parts[0] + "?" + mask(pairs: parts[1], secrets)
    }

    private static func shown(body: [UInt8], _ secrets: Set<String>) -> [UInt8] {
        guard !body.isEmpty else { return body }
        if let value = try? JSONValue(parsing: body) {
            guard let masked = mask(value, secrets) else { return body }
            var writer = JSONWriter()
            writer.value(masked)
            return writer.bytes
        }
        // Broken JSON may hold a card number as well as the whole one would.
        let text = String(decoding: body, as: UTF8.self)
        return isForm(text) ? Array(mask(pairs: text[...], secrets).utf8) : Array("***".utf8)
    }

    /// Whether every part is a pair whose name needs no decoding.
    private static func isForm(_ text: String) -> Bool {
        text.split(separator: "&", omittingEmptySubsequences: false).allSatisfy { pair in
            guard let end = pair.utf8.firstIndex(of: UInt8(ascii: "=")), end > pair.startIndex else { return false }
            return pair[..<end].utf8.allSatisfy {
                isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) || "-_.".utf8.contains($0)
            }
        }
    }

    /// The pairs of a query or a form with the values of the named ones masked.
    private static func mask(pairs text: Substring, _ secrets: Set<String>) -> String {
        text.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            guard let name = pair.split(separator: "=", maxSplits: 1).first,
                let decoded = PercentEncoding.decode(name.utf8, plusIsSpace: true)
            else { return "***" }
            return secrets.contains(decoded) ? name + "=***" : String(pair)
        }.joined(separator: "&")
    }

    /// The value with the named members masked; `nil` where there are none, so that the text stays as it was sent.
    private static func mask(_ value: JSONValue, _ secrets: Set<String>) -> JSONValue? {
        switch value {
        case .object(let object):
            var shown = object
            var changed = false
            for (name, value) in object.members {
                guard let masked = secrets.contains(name) ? .string("***") : mask(value, secrets) else { continue }
                shown[name] = masked
                changed = true
            }
            return changed ? .object(shown) : nil
        case .array(let values):
            let masked = values.map { mask($0, secrets) }
            guard masked.contains(where: { $0 != nil }) else { return nil }
            return .array(zip(values, masked).map { $1 ?? $0 })
        case .null, .bool, .number, .string:
            return nil
        }
    }
}
