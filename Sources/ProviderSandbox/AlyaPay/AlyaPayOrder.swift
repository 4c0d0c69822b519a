import HTTPTypes
import StrictJSON

/// A refusal: `{"error":{"code":…,"message":…}}`. Statuses and codes of the integration page; the shape, which it does
/// not show, from AlyaPay's other pages (`alyapay.md`, section 4).
struct AlyaPayError: Error {
    let status: Int
    let code: String
    let message: String
    var retryAfter: String?

    static let invalidAmount = AlyaPayError(
        status: 400, code: "INVALID_AMOUNT", message: "Amount must be greater than 0")
    static let invalidCurrency = AlyaPayError(
        status: 400, code: "INVALID_CURRENCY", message: "Unsupported currency code")
    static let invalidItems = AlyaPayError(
        status: 400, code: "INVALID_ITEMS", message: "Items array is missing or invalid")
    static let amountMismatch = AlyaPayError(
        status: 400, code: "AMOUNT_MISMATCH", message: "Total doesn't match sum of items")
    static let invalidKey = AlyaPayError(
        status: 401, code: "INVALID_API_KEY", message: "API key is invalid or missing")
    static let invalidSessionToken = AlyaPayError(
        status: 401, code: "INVALID_SESSION_TOKEN", message: "Session token is invalid or expired")
    static let transactionNotFound = AlyaPayError(
        status: 404, code: "TRANSACTION_NOT_FOUND", message: "Transaction doesn't exist")

    static func rateLimited(retryAfter: String) -> AlyaPayError {
        AlyaPayError(
            status: 429, code: "RATE_LIMIT_EXCEEDED", message: "Too many requests (max 100 per 15 min)",
            retryAfter: retryAfter)
    }

    // Not of the documents, which have no reply for these.
    static let notFound = AlyaPayError(status: 404, code: "NOT_FOUND", message: "Not found")
    static let internalError = AlyaPayError(status: 500, code: "INTERNAL_ERROR", message: "Internal server error")
    static let unavailable = AlyaPayError(status: 503, code: "SERVICE_UNAVAILABLE", message: "Service unavailable")

    var reply: SandboxReply {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("error") { writer in
                writer.object { writer in
                    writer.member("code", code)
                    writer.member("message", message)
                }
            }
        }
        var reply = SandboxReply.json(status, writer.bytes)
        if let retryAfter { reply.headers[.retryAfter] = retryAfter }
        return reply
    }
}

/// The body of create-session, read and checked in the order of the documented errors: amount, currency, items, mismatch
/// (`alyapay.md`, open question 7). A body that is no JSON object has no amount.
struct AlyaPayOrder: Sendable {
    struct Item: Sendable {
        let name: String
        let quantity: Int64
    }

    /// Decimal text in major units, as the request wrote it.
    let total: String
    /// `total` in hundredths.
    let hundredths: Int64
    let items: [Item]
    /// The merchant's own reference. No document of this call has it; it is echoed where it is sent.
    let vendorReference: String?

    /// The only one that the document names.
    static let currency = "MAD"
    static let maxText = 255

    init(_ bytes: [UInt8]) throws(AlyaPayError) {
        let body = (try? JSONValue(parsing: bytes))?.object ?? JSONObject()
        // A text, with two decimals at most (`alyapay.md`, open questions 5 and 6).
        guard let total = body["total"]?.string, let sum = Self.hundredths(total), sum > 0 else { throw .invalidAmount }
        guard body["currency"]?.string == Self.currency else { throw .invalidCurrency }
        guard let entries = body["items"]?.array, !entries.isEmpty else { throw .invalidItems }
        var items: [Item] = []
        var left = sum
        var matches = true
        for entry in entries {
            guard Self.text(entry["id"]) != nil, let name = Self.text(entry["name"]),
                let price = (entry["price"]?.number?.text).flatMap(Self.hundredths),
                let quantity = entry["quantity"]?.integer, quantity > 0
            else { throw .invalidItems }
            items.append(Item(name: name, quantity: quantity))
            // Taken off the total, so that no sum can be too large; the faults of items come before the mismatch.
            let (product, overflow) = price.multipliedReportingOverflow(by: quantity)
            matches = matches && !overflow && product <= left
            if matches { left -= product }
        }
        guard matches, left == 0 else { throw .amountMismatch }
        self.total = total
        hundredths = sum
        self.items = items
        vendorReference = Self.text(body["vendorReference"])
    }

    private static func text(_ value: JSONValue?) -> String? {
        guard let text = value?.string, !text.isEmpty, text.unicodeScalars.count <= maxText else { return nil }
        return text
    }

    /// Digits with at most two decimals, in hundredths; nil for anything else, a sign and an exponent included.
    private static func hundredths(_ text: String) -> Int64? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let whole = parts.first, (1...12).contains(whole.count), parts.count <= 2 else { return nil }
        let fraction = parts.count == 2 ? Array(parts[1]) : []
        guard parts.count == 1 || (1...2).contains(fraction.count) else { return nil }
        let digits = whole + fraction + Array(repeating: UInt8(ascii: "0"), count: 2 - fraction.count)
        guard digits.allSatisfy(isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
}
