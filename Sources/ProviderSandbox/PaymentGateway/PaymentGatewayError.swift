import HTTPTypes
import StrictJSON

/// A refusal: `{"success": false, "error": …}`, with a text for payments and with an object for the confirmation of an
/// intent. Texts and statuses from the endpoints' sections; the table of error codes says 409 and 410 for some that the
/// sections show as 400 (`paymentgateway.md`, open question 2). Texts that no document has keep the documented forms.
struct PaymentGatewayError: Error {
    let status: Int
    let message: String
    /// The code of the object form.
    private(set) var code: String?
    private(set) var remainingAttempts: Int?
    var retryAfter: Duration?

    init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The object form.
    init(_ status: Int, _ code: String, _ message: String, remainingAttempts: Int? = nil) {
        self.status = status
        self.message = message
        self.code = code
        self.remainingAttempts = remainingAttempts
    }

    static func invalid(_ fault: String) -> PaymentGatewayError {
        PaymentGatewayError(400, "invalid request: " + fault)
    }

    static let unsupportedCurrency = PaymentGatewayError(
        400, "unsupported currency (only USD, EUR, and MAD supported)")
    /// The three of a refused key are those of the provider's code (`paymentgateway.md`, section 2).
    static let keyMissing = PaymentGatewayError(401, "API key required (X-API-Key header)")
    static let keyMalformed = PaymentGatewayError(401, "invalid API key format")
    static let keyUnknown = PaymentGatewayError(401, "invalid API key")
    static let paymentNotFound = PaymentGatewayError(404, "payment not found")
    static let transactionNotFound = PaymentGatewayError(404, "transaction not found")
    static let intentNotFound = PaymentGatewayError(404, "payment intent not found")
    static let notFound = PaymentGatewayError(404, "not found")
    static let keyReused = PaymentGatewayError(409, "idempotency key already used with different request data")
    static let authorizationExpired = PaymentGatewayError(400, "authorization expired (valid for 7 days)")

    /// A limit that is used up. The text is documented for 20 a second.
    static func rateLimited(by limit: DocumentedLimit, retryAfter: Duration) -> PaymentGatewayError {
        let period = limit.period == .seconds(1) ? "second" : "hour"
        var error = PaymentGatewayError(429, "rate limit exceeded: \(limit.requests) requests per \(period)")
        error.retryAfter = retryAfter
        return error
    }

    /// The same in the object form, which all answers to a confirmation have.
    func coded(_ code: String) -> PaymentGatewayError {
        PaymentGatewayError(status, code, message)
    }

    var reply: SandboxReply {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("success", false)
        if let code {
            writer.name("error")
            writer.beginObject()
            writer.member("code", code)
            writer.member("message", message)
            if let remainingAttempts { writer.member("remaining_attempts", remainingAttempts) }
            writer.endObject()
        } else {
            writer.member("error", message)
        }
        writer.endObject()
        var reply = SandboxReply.json(status, writer.bytes)
        if let retryAfter { reply.headers[.retryAfter] = DocumentedLimits.retryAfterHeader(retryAfter) }
        return reply
    }
}

extension SandboxReply {
    /// `{"success": true, "data": {…}}`
    static func paymentGateway(_ status: Int = 200, _ write: (inout JSONWriter) -> Void) -> SandboxReply {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("success", true)
        writer.name("data")
        writer.beginObject()
        write(&writer)
        writer.endObject()
        writer.endObject()
        return .json(status, writer.bytes)
    }
}
