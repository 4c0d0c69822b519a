import Crypto
import StrictJSON

/// One Spayon payment session, and its documents as Spayon writes them.
struct SpayonSession: Sendable {
    enum Status: String, Sendable {
        case pending, paid, failed, expired
    }

    /// One declined attempt (callbacks page, 'Decline Reasons').
    struct Decline: Sendable {
        let transactionID: Int64
        let code: String
        let reason: String
    }

    let id: String
    let order: SpayonOrder
    let createdAt: SandboxTime
    /// When it can no longer be paid.
    let expires: ContinuousClock.Instant

    private(set) var status = Status.pending
    private(set) var updatedAt: WallTime
    private(set) var declines: [Decline] = []
    /// Whether `price` is off: the fault `wrong_amount`.
    var namesWrongAmount = false

    /// Declined attempts kept per session; a session is refused more.
    static let maxDeclines = 20

    init(id: String, order: SpayonOrder, createdAt: SandboxTime, lifetime: Duration) {
        self.id = id
        self.order = order
        self.createdAt = createdAt
        expires = createdAt.instant.advanced(by: lifetime)
        updatedAt = createdAt.wall
    }

    /// Whether a customer may still pay or be declined: while its time runs, `failed` may be followed by `paid`.
    func isPayable(at now: ContinuousClock.Instant) -> Bool {
        (status == .pending || status == .failed) && now < expires
    }

    mutating func pay(at time: WallTime) {
        precondition(status == .pending || status == .failed, "paid once")
        status = .paid
        updatedAt = time
    }

    mutating func decline(_ decline: Decline, at time: WallTime) {
        precondition(status == .pending || status == .failed, "only an open session is declined")
        status = .failed
        declines.append(decline)
        updatedAt = time
    }

    mutating func expire(at time: WallTime) {
        precondition(status == .pending, "a session that failed stays failed")
        status = .expired
        updatedAt = time
    }

    /// The answer of the status call (session-status page).
    var statusDocument: [UInt8] { document(withDeclines: false) }

    /// The body of a callback: the same members, and the declined attempts after a failure (callbacks page).
    var callbackDocument: [UInt8] { document(withDeclines: status == .failed) }

    /// `price` is text here, `currency` upper case.
    private func document(withDeclines: Bool) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("sessionId", id)
        writer.member("status", status.rawValue)
        writer.member("productName", order.productName)
        writer.member("price", namesWrongAmount ? DecimalText.plusOne(order.price) : order.price)
        writer.member("currency", order.currency)
        writer.member("createdAt", createdAt.wall.millisecondsZ)
        writer.member("updatedAt", updatedAt.millisecondsZ)
        writer.member("orderId", order.orderID)
        if withDeclines {
            writer.name("declineReasons")
            writer.beginArray()
            for decline in declines {
                writer.beginObject()
                writer.member("transactionId", decline.transactionID)
                writer.member("responseCode", decline.code)
                writer.member("responseReasonEn", decline.reason)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
        return writer.bytes
    }
}

/// `X-Signature`: lower-case hex of HMAC-SHA256 over the exact body (callbacks page, 'Signature Verification').
enum SpayonSignature {
    static func header(over body: [UInt8], secret: String) -> (name: String, value: String) {
        let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))
        return ("X-Signature", hex(code))
    }
}
