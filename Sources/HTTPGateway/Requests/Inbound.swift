import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import PaymentEngine
import PaymentModel
import StrictJSON
import W3CTrace

/// One request on its way through the gateway.
struct Inbound: Sendable {
    /// `X-Request-Id`: the caller's where it fits, else a new one.
    let id: String
    /// Where in a trace the caller is, if it says so.
    let parent: TraceContext?
    /// When the head was read.
    let arrivedAt: ContinuousClock.Instant

    private let request: Request
    private let channel: any Channel

    init(_ request: Request, channel: any Channel, arrivedAt: ContinuousClock.Instant) {
        self.request = request
        self.channel = channel
        self.arrivedAt = arrivedAt
        id = RequestIdentity.requestID(in: request.headers)
        parent = TraceContext(in: request.headers)
    }

    var headers: HTTPFields { request.headers }

    /// `Host`, with its port.
    var authority: String? { request.head.authority }

    /// The path as written, and never empty.
    var path: String { request.uri.path }

    /// The query as written, without its question mark.
    var query: String? { request.uri.query }

    /// The method that decides; `HEAD` is a `GET` whose body stays here.
    var method: HTTPRequest.Method { request.method == .head ? .get : request.method }

    /// Whether the answer goes without its body.
    var isHead: Bool { request.method == .head }

    /// Whether the caller wants the connection closed behind the answer.
    var asksToClose: Bool {
        guard let options = headers[.connection] else { return false }
        return options.split(separator: ",").contains { $0.trimmed.lowercased() == "close" }
    }

    /// Whether a body comes with the request, by its head.
    var hasBody: Bool {
        if headers.contains(.transferEncoding) { return true }
        return headers[.contentLength].map { $0 != "0" } ?? false
    }

    /// Whether the body waits to be asked for.
    var holdsBodyBack: Bool { hasBody && headers[.expect]?.lowercased() == "100-continue" }

    /// The sender's network address, where the connection has one.
    var senderAddress: String? { channel.remoteAddress?.ipAddress }

    /// Reads the body to its end.
    ///
    /// - Throws: `payload-too-large` beyond `limit` bytes; anything else is the connection's end, with nobody to answer.
    func body(limit: Int) async throws -> ByteBuffer {
        let announced = headers[.contentLength].flatMap(Int.init)
        if let announced, announced > limit { throw Self.tooLarge(limit) }
        if holdsBodyBack {
            try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
        }
        var body: ByteBuffer?
        for try await part in request.body {
            guard (body?.readableBytes ?? 0) + part.readableBytes <= limit else { throw Self.tooLarge(limit) }
            if body == nil { body = part } else { body?.writeImmutableBuffer(part) }
        }
        let whole = body ?? ByteBuffer()
        // A cancelled or closed connection ends the sequence as if the body were complete.
        try Task.checkCancellation()
        if let announced, whole.readableBytes < announced { throw ConnectionLost() }
        return whole
    }

    /// Reads the body as JSON of `application/json` (contract §3).
    ///
    /// - Parameter mayBeEmpty: Whether no body at all is an empty object.
    /// - Throws: `unsupported-media-type`, `payload-too-large`, in this order, or the connection's end.
    func jsonBody(limit: Int, mayBeEmpty: Bool = false) async throws -> ByteBuffer {
        if !(mayBeEmpty && !hasBody && !headers.contains(.contentType)) { try MediaType.requireJSON(headers) }
        return try await body(limit: limit)
    }

    private static func tooLarge(_ limit: Int) -> Problem {
        Problem(.payloadTooLarge, "A body may have \(limit) bytes")
    }
}

/// The connection ended before the request did: there is nobody to answer.
struct ConnectionLost: Error {}

extension JSONValue {
    /// Parses a body, which is an object; no body at all is `{}` where it may be empty.
    ///
    /// - Throws: `malformed-request`, naming the place of the fault and nothing of the body's values, or
    ///   `validation-failed` for another value than an object.
    init(body: ByteBuffer, mayBeEmpty: Bool = false) throws(Problem) {
        if mayBeEmpty, body.readableBytes == 0 {
            self = .object(JSONObject())
            return
        }
        do throws(JSONFault) {
            self = try body.withUnsafeReadableBytes { bytes throws(JSONFault) in try JSONValue(parsing: bytes) }
        } catch {
            let pointer = Problem.safePointer(error.pointer)
            throw Problem(.malformedRequest, "\(error)" + (pointer.isEmpty ? "" : ", in \(pointer)"))
        }
        guard object != nil else {
            throw .validation([FieldFault(pointer: "", detail: "must be an object, not \(typeName)")])
        }
    }
}

extension Substring {
    /// Without spaces and tabs at either end.
    var trimmed: Substring {
        var text = self
        while let first = text.utf8.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.utf8.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }
}
