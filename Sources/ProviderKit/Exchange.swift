public import HTTPTypes
public import StrictJSON

extension HTTPField.Name {
    /// A name of a header that stands in the source: `static let acmeKey = named("Acme-Key")`. Traps where it is none.
    public static func named(_ text: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name("\(text)") else { preconditionFailure("\(text) is no name of a header") }
        return name
    }
}

/// A request to a provider, below its base address.
public struct ProviderRequest: Sendable, CustomStringConvertible, CustomReflectable {
    public var method: HTTPRequest.Method
    /// From the base address on: begins with `/`, percent-encoded, with the query.
    public var path: String
    /// May hold keys and tokens: never logged.
    public var headers: HTTPFields
    /// Empty where there is none. May hold card data: never logged.
    public var body: [UInt8]

    /// Makes a request.
    public init(_ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: [UInt8] = []) {
        precondition(path.hasPrefix("/"), "a provider's path begins with a slash")
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// A POST of JSON.
    public static func post(_ path: String, headers: HTTPFields = [:], json: JSONWriter) -> ProviderRequest {
        var headers = headers
        headers[.contentType] = "application/json"
        return ProviderRequest(.post, path, headers: headers, body: json.bytes)
    }

    /// Method and path alone.
    public var description: String { "\(method.rawValue) \(path)" }
    /// Empty, so that a dump shows neither headers nor body.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A provider's whole reply.
public struct ProviderReply: Sendable, CustomStringConvertible, CustomReflectable {
    public let status: Int
    public let headers: HTTPFields
    public let body: [UInt8]

    /// Makes a reply.
    public init(status: Int, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The body as JSON; nil where it is none.
    public var json: JSONValue? { try? JSONValue(parsing: body) }

    /// The wait that a `Retry-After` in seconds asks for, at most a day.
    public var retryAfter: Duration? {
        guard let text = headers[.retryAfter], let seconds = Int64(text), (0...86_400).contains(seconds) else {
            return nil
        }
        return .seconds(seconds)
    }

    /// Status and size alone.
    public var description: String { "\(status), \(body.count) bytes" }
    /// Empty, so that a dump shows neither headers nor body.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// How far a call got when no reply came. The difference decides whether another provider may be tried.
public enum Transmission: Sendable {
    /// Nothing of the request can have reached the provider.
    case notSent(TransportFailure)
    /// The request, or a part of it, may have left; no whole reply came.
    case sentWithoutReply(TransportFailure)
    case replied(ProviderReply)
}

/// Why a call failed.
public struct TransportFailure: Error, Sendable, Hashable {
    /// `connect_refused`, `connect_timeout`, `tls_failed`, `dns_failed`, `no_connection`, `timeout`, `reset`,
    /// `unreadable_reply`, …
    public let reason: String
    /// For the log; no secrets.
    public let detail: String?

    /// Makes a failure.
    public init(_ reason: String, detail: String? = nil) {
        self.reason = reason
        self.detail = detail
    }
}

/// Sends requests to one provider instance.
public protocol ProviderTransport: Sendable {
    /// Sends and waits for the whole reply, for `timeout` at most. Cancelling the caller's task may cut it short, and is reported
    /// like any other failure. Never re-sends.
    func send(_ request: ProviderRequest, timeout: Duration) async -> Transmission

    /// Gives the connections back. Nothing is sent after it.
    func shutdown() async
}
