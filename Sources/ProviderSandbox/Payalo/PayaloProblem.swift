import StrictJSON

/// A synchronous error: RFC 7807 with Payalo's `errorCode`, the generic class; the last segment of `type` is the
/// specific reason (error-codes page; the table in `payalo.md`, section 6).
struct PayaloProblem: Error {
    let status: Int
    /// The last segment of `type`.
    let specific: String
    let title: String
    let detail: String
    let errorCode: String

    static func badRequest(_ detail: String) -> PayaloProblem {
        PayaloProblem(
            status: 400, specific: "bad_request", title: "Bad request", detail: detail, errorCode: "bad_request")
    }

    static func validationFailed(_ detail: String, specific: String = "validation_failed") -> PayaloProblem {
        PayaloProblem(
            status: 400, specific: specific, title: "Validation failed", detail: detail, errorCode: "validation_failed")
    }

    static let unsupportedCurrency = validationFailed(
        "Currency is not supported.", specific: "config_unsupported_currency")
    static let unsupportedCountry = validationFailed(
        "Country is not valid or not supported.", specific: "config_unsupported_country")
    static let merchantDisabled = validationFailed("Merchant is disabled.", specific: "merchant_disabled")

    static let unauthorized = PayaloProblem(
        status: 401, specific: "unauthorized", title: "Unauthorized", detail: "The API key is missing or invalid.",
        errorCode: "unauthorized")

    static func notFound(_ detail: String) -> PayaloProblem {
        PayaloProblem(status: 404, specific: "not_found", title: "Not found", detail: detail, errorCode: "not_found")
    }

    /// The one whose `errorCode` is the specific reason (its own page).
    static let duplicate = PayaloProblem(
        status: 422, specific: "merchant_transactionid_duplicate", title: "Business logic error",
        detail: "Duplicate merchant transaction ID.", errorCode: "merchant_transactionid_duplicate")

    static let internalError = PayaloProblem(
        status: 500, specific: "internal_server_error", title: "Internal server error",
        detail: "An unexpected error occurred.", errorCode: "internal_server_error")

    var reply: SandboxReply {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("type", "https://docs.payalo.com/errors/" + specific)
        writer.member("title", title)
        writer.member("status", status)
        writer.member("detail", detail)
        writer.member("errorCode", errorCode)
        writer.endObject()
        return SandboxReply(status: status, contentType: "application/problem+json", body: writer.bytes)
    }
}
