import StrictJSON

/// A refusal: `{"code","message","details":{"field","issue"}}` (introduction page). The statuses are documented: 400 for
/// what is missing or malformed, 401 and 403 for the key, 422 for the rules of business. Assumed: the codes but
/// `validation_error`, the issues but `invalid_format`, and all of 404 (`waypay.md`, open questions 2, 8, 14).
struct WaypayError: Error {
    let status: Int
    let code: String
    let message: String
    var details: (field: String, issue: String)?

    /// 400: a member is missing or malformed.
    static func invalid(_ field: String, _ issue: Issue, _ message: String) -> WaypayError {
        WaypayError(
            status: 400, code: "validation_error", message: message, details: (field: field, issue: issue.rawValue))
    }

    /// 422: well formed, and against a rule.
    static func unprocessable(_ field: String, _ issue: Issue, _ message: String) -> WaypayError {
        WaypayError(
            status: 422, code: "validation_error", message: message, details: (field: field, issue: issue.rawValue))
    }

    enum Issue: String {
        case required
        case invalidFormat = "invalid_format"
        case invalidType = "invalid_type"
        case tooLong = "too_long"
        case tooSmall = "too_small"
        case unsupported
        case duplicate
    }

    static let malformed = WaypayError(
        status: 400, code: "invalid_json", message: "The request body must be one JSON object")
    static let unauthorized = WaypayError(
        status: 401, code: "unauthorized", message: "The API key is missing or invalid")
    static let suspended = WaypayError(status: 403, code: "forbidden", message: "The account is suspended")
    static let invalidSignature = WaypayError(
        status: 401, code: "invalid_signature", message: "The signature does not match the request",
        details: (field: "signature", issue: "invalid"))
    static let transactionNotFound = WaypayError(
        status: 404, code: "not_found", message: "Transaction not found")
    static let notFound = WaypayError(status: 404, code: "not_found", message: "The resource was not found")

    var reply: SandboxReply {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("code", code)
        writer.member("message", message)
        if let details {
            writer.name("details")
            writer.beginObject()
            writer.member("field", details.field)
            writer.member("issue", details.issue)
            writer.endObject()
        }
        writer.endObject()
        return .json(status, writer.bytes)
    }
}
