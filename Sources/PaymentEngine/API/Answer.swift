package import PaymentModel
package import StrictJSON

/// What an API call is answered with: the whole of what an idempotent repeat gets again, to the byte.
package struct Answer: Sendable, Hashable {
    package let status: Int
    /// JSON.
    package let body: [UInt8]
    /// Whether the body is `application/problem+json`.
    package let isProblem: Bool
    /// `Location`, of a payment that was created.
    package var location: String?
    /// `Retry-After`, in seconds.
    package var retryAfter: Int?
    /// The payment that it tells of; nil where it tells of none.
    package let paymentID: String?
    /// `Idempotency-Replayed: true`.
    package var isReplayed = false

    /// An answer whose body `write` writes.
    package init(status: Int, _ write: (inout JSONWriter) -> Void) { self.init(status: status, of: nil, write) }

    private init(status: Int, of payment: String?, _ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(capacity: 1536)
        write(&writer)
        self.status = status
        body = writer.bytes
        isProblem = false
        paymentID = payment
    }

    /// A payment.
    package init(status: Int, payment: Payment) {
        self.init(status: status, of: payment.id) { payment.write(to: &$0) }
    }

    /// The answer to the request `instance` that meets a problem.
    package init(_ problem: Problem, instance: String) {
        var writer = JSONWriter(capacity: problem.payment == nil ? 512 : 2048)
        problem.write(to: &writer, instance: instance)
        status = problem.code.status
        body = writer.bytes
        isProblem = true
        paymentID = problem.payment?.id
        retryAfter = problem.retryAfter
    }
}

/// An error as apps get it: RFC 9457 problem details.
package struct Problem: Error, Sendable, Hashable {
    /// The codes of contract §4, which are the last part of `type` too.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        case malformedRequest = "malformed-request"
        case idempotencyKeyMissing = "idempotency-key-missing"
        case idempotencyKeyInvalid = "idempotency-key-invalid"
        case unauthenticated
        case paymentDeclined = "payment-declined"
        case forbidden
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case idempotencyKeyReused = "idempotency-key-reused"
        case idempotencyKeyInUse = "idempotency-key-in-use"
        case invalidState = "invalid-state"
        case requestTimeout = "request-timeout"
        case payloadTooLarge = "payload-too-large"
        case headersTooLarge = "headers-too-large"
        case unsupportedMediaType = "unsupported-media-type"
        case validationFailed = "validation-failed"
        case noRoute = "no-route"
        case providerRejected = "provider-rejected"
        case operationNotSupported = "operation-not-supported"
        case rateLimited = "rate-limited"
        case internalError = "internal-error"
        case noProviderAvailable = "no-provider-available"
        case shuttingDown = "shutting-down"
        case idempotencyStoreFull = "idempotency-store-full"
        case paymentStoreFull = "payment-store-full"
        case overloaded

        /// The HTTP status of the code.
        package var status: Int {
            switch self {
            case .malformedRequest, .idempotencyKeyMissing, .idempotencyKeyInvalid: 400
            case .unauthenticated: 401
            case .paymentDeclined: 402
            case .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .idempotencyKeyReused, .idempotencyKeyInUse, .invalidState: 409
            case .requestTimeout: 408
            case .payloadTooLarge: 413
            case .unsupportedMediaType: 415
            case .validationFailed, .noRoute, .providerRejected, .operationNotSupported: 422
            case .rateLimited: 429
            case .headersTooLarge: 431
            case .internalError: 500
            case .noProviderAvailable, .shuttingDown, .idempotencyStoreFull, .paymentStoreFull, .overloaded: 503
            }
        }

        /// The title, the same for every problem of the code.
        package var title: String {
            switch self {
            case .malformedRequest: "The body is not one JSON value"
            case .idempotencyKeyMissing: "An Idempotency-Key is required"
            case .idempotencyKeyInvalid: "The Idempotency-Key cannot be used"
            case .unauthenticated: "An API key is required"
            case .paymentDeclined: "The payment was declined"
            case .forbidden: "This app may not do that"
            case .notFound: "There is no such thing"
            case .methodNotAllowed: "The method is not allowed here"
            case .idempotencyKeyReused: "The Idempotency-Key belongs to another request"
            case .idempotencyKeyInUse: "A request with this Idempotency-Key is under way"
            case .invalidState: "The payment's state does not allow that"
            case .requestTimeout: "The request did not arrive in time"
            case .payloadTooLarge: "The body is too large"
            case .headersTooLarge: "The header fields are too many or too large"
            case .unsupportedMediaType: "The body must be application/json"
            case .validationFailed: "The request is not valid"
            case .noRoute: "No route takes this payment"
            case .providerRejected: "The provider calls the request invalid"
            case .operationNotSupported: "The provider cannot do that"
            case .rateLimited: "Too many requests"
            case .internalError: "Something went wrong here"
            case .noProviderAvailable: "No provider can be reached now; nothing was charged"
            case .shuttingDown: "This process is shutting down"
            case .idempotencyStoreFull: "No room for another Idempotency-Key"
            case .paymentStoreFull: "No room for another payment"
            case .overloaded: "Too much is under way here"
            }
        }
    }

    package let code: Code
    /// What is wrong this time, for the app's developer. No values that may be secret.
    package let detail: String?
    package var errors: [FieldFault] = []
    /// Of the configuration, as `check` prints them.
    package var faults: [String] = []
    package var attempts: [Attempt] = []
    package var payment: Payment?
    /// Seconds.
    package var retryAfter: Int?

    /// Makes a problem.
    package init(_ code: Code, _ detail: String? = nil, errors: [FieldFault] = [], retryAfter: Int? = nil) {
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retryAfter = retryAfter
    }

    /// One field that is wrong: 422 `validation-failed`.
    package static func field(_ pointer: String, _ detail: String) -> Problem {
        Problem(.validationFailed, detail, errors: [FieldFault(pointer: pointer, detail: detail)])
    }

    func write(to writer: inout JSONWriter, instance: String) {
        writer.beginObject()
        writer.member("type", "urn:switchyard:problem:" + code.rawValue)
        writer.member("title", code.title)
        writer.member("status", code.status)
        writer.member("detail", detail ?? code.title)
        writer.member("instance", instance)
        writer.member("code", code.rawValue)
        if !errors.isEmpty {
            writer.name("errors")
            writer.beginArray()
            for fault in errors {
                writer.beginObject()
                writer.member("pointer", fault.pointer)
                writer.member("detail", fault.detail)
                writer.endObject()
            }
            writer.endArray()
        }
        if !faults.isEmpty {
            writer.name("faults")
            writer.beginArray()
            for fault in faults { writer.string(fault) }
            writer.endArray()
        }
        if let payment {
            writer.name("payment")
            payment.write(to: &writer)
        }
        if !attempts.isEmpty {
            writer.name("attempts")
            writer.beginArray()
            for attempt in attempts { attempt.write(to: &writer) }
            writer.endArray()
        }
        writer.endObject()
    }
}
