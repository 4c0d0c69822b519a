import HTTPTypes
import StrictJSON

/// The last requests that providers received, for tests to compare field by field. Kept as received and rendered when
/// asked for, so that recording costs next to nothing on the create path.
struct RequestLog: Sendable {
    struct Entry: Sendable {
        let provider: String
        let request: HTTPRequest
        /// Without prefix, with query.
        let path: String
        let body: [UInt8]
        let at: WallTime
        let secretMembers: Set<String>
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
        "authorization", "proxy-authorization", "cookie", "x-api-key", "x-signature",
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
        writer.member("body", shownBody)
        writer.endObject()
    }

    private var shownBody: String {
        guard let value = try? JSONValue(parsing: body), let masked = Self.mask(value, secretMembers) else {
            return String(decoding: body, as: UTF8.self)
        }
        var writer = JSONWriter()
        writer.value(masked)
        return String(decoding: writer.bytes, as: UTF8.self)
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
