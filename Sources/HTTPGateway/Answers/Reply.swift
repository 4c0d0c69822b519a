import HTTPTypes
import NIOCore
import PaymentEngine
import StrictJSON

/// An answer before the fields that every answer carries are added (see `RequestServer`).
struct Reply: Sendable {
    let status: Int
    var headers: HTTPFields
    let body: ByteBuffer

    /// The template of the path that it answers at, for what is counted; nil where nothing is there.
    var route: String?
    /// Whether the connection ends with this answer.
    var closesConnection = false

    /// An answer of the engine's.
    init(_ answer: Answer) {
        self.init(
            status: answer.status, body: answer.body,
            type: answer.isProblem ? "application/problem+json" : "application/json")
        if let location = answer.location { headers[.location] = location }
        if let seconds = answer.retryAfter { headers[.retryAfter] = String(seconds) }
        if answer.isReplayed { headers[.idempotencyReplayed] = "true" }
    }

    /// The answer to the request `requestID` that meets a problem.
    init(_ problem: Problem, requestID: String) {
        self.init(Answer(problem, instance: requestID))
        if problem.code == .unauthenticated { headers[.wwwAuthenticate] = "Bearer" }
        // Of a body that is too large the rest may still come, for as long as the sender likes.
        closesConnection = problem.code == .payloadTooLarge
    }

    /// A JSON answer whose body `write` writes.
    init(status: Int = 200, _ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        write(&writer)
        self.init(status: status, body: writer.bytes, type: "application/json")
    }

    /// An answer in another format than JSON.
    init(text: some Sequence<UInt8>, type: String, headers: HTTPFields = [:]) {
        self.init(status: 200, body: Array(text), type: type)
        self.headers.append(contentsOf: headers)
    }

    /// An answer without a body.
    init(status: Int, headers: HTTPFields = [:]) {
        self.status = status
        self.headers = headers
        body = ByteBuffer()
    }

    /// A document that is not JSON, to be taken for nothing but its type.
    init(document: [UInt8], type: String) {
        self.init(status: 200, body: document, type: type)
        headers[.xContentTypeOptions] = "nosniff"
    }

    private init(status: Int, body: [UInt8], type: String) {
        self.status = status
        self.body = ByteBuffer(bytes: body)
        headers = [.contentType: type]
    }
}

extension HTTPResponse.Status {
    /// The status of a code that this API answers with, with the phrase of RFC 9110.
    init(answering code: Int) {
        self =
            switch code {
            case 200: .ok
            case 201: .created
            case 202: .accepted
            case 204: .noContent
            case 303: .seeOther
            case 400: .badRequest
            case 401: .unauthorized
            case 402: HTTPResponse.Status(code: 402, reasonPhrase: "Payment Required")
            case 403: .forbidden
            case 404: .notFound
            case 405: .methodNotAllowed
            case 408: .requestTimeout
            case 409: .conflict
            case 413: .contentTooLarge
            case 415: .unsupportedMediaType
            case 422: .unprocessableContent
            case 429: .tooManyRequests
            case 431: .requestHeaderFieldsTooLarge
            case 500: .internalServerError
            case 503: .serviceUnavailable
            default: HTTPResponse.Status(code: code)
            }
    }
}
