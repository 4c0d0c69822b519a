import Crypto
import StrictJSON

/// A transaction: what comes of a session once the customer's browser begins.
struct AlyaPayTransaction: Sendable {
    enum Status: String, Sendable {
        case pending = "PENDING"
        case approved = "APPROVED"
        case canceled = "CANCELED"
        case expired = "EXPIRED"

        /// The event that tells of it. The status has one `l` and the event two, as documented.
        var event: String? {
            switch self {
            case .pending: nil
            case .approved: "transaction.approved"
            case .canceled: "transaction.cancelled"
            case .expired: "transaction.expired"
            }
        }
    }

    let id: String
    let paymentIntentID: String
    /// As `AB12345` (create-transaction page).
    let orderReference: String
    let createdAt: SandboxTime
    /// When its window closes.
    let expires: ContinuousClock.Instant

    private(set) var status = Status.pending
    private(set) var updatedAt: WallTime

    init(createdAt: SandboxTime, window: Duration, identifiers: IdentifierSource) {
        id = identifiers.uuid()
        paymentIntentID = identifiers.uuid()
        orderReference =
            identifiers.text(2, of: IdentifierSource.upperCase) + identifiers.text(5, of: IdentifierSource.digits)
        self.createdAt = createdAt
        expires = createdAt.instant.advanced(by: window)
        updatedAt = createdAt.wall
    }

    mutating func end(_ status: Status, at time: WallTime) {
        precondition(self.status == .pending && status != .pending, "a transaction ends once")
        self.status = status
        updatedAt = time
    }
}

/// A checkout session, the one transaction that comes of it, and its documents as AlyaPay writes them.
struct AlyaPaySession: Sendable {
    let id: String
    /// What goes to the browser, and reads the status of this session's transaction.
    let token: String
    let order: AlyaPayOrder
    let createdAt: SandboxTime
    /// When the token ends.
    let expires: ContinuousClock.Instant
    /// `nil` until the customer begins.
    var transaction: AlyaPayTransaction?
    /// Whether `amount` is off: the fault `wrong_amount`.
    var namesWrongAmount = false

    private static let merchant = "Sandbox Merchant"
    private static let store = "Sandbox Store"
    private static let customerPhone = "212600000000"

    init(order: AlyaPayOrder, createdAt: SandboxTime, lifetime: Duration, identifiers: IdentifierSource) {
        id = "sess_" + identifiers.text(20, of: IdentifierSource.lowerCaseAndDigits)
        token = Self.newToken(session: id, at: createdAt, lifetime: lifetime, identifiers)
        self.order = order
        self.createdAt = createdAt
        expires = createdAt.instant.advanced(by: lifetime)
    }

    /// The reference by which the charge is listed.
    var reference: String { order.vendorReference ?? id }

    private var hundredths: Int64 { order.hundredths + (namesWrongAmount ? 100 : 0) }

    /// The answer to the create.
    func receipt(lifetime: Duration) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("session_token", token)
            writer.member("expires_in", lifetime.components.seconds)
            writer.member("session_id", id)
        }
        return writer.bytes
    }

    /// The answer of the status call: the amount with two decimals, dates without a zone.
    func status(of transaction: AlyaPayTransaction) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("status", transaction.status.rawValue)
            writer.member("transaction_id", transaction.id)
            writer.member("payment_intent_id", transaction.paymentIntentID)
            writer.member("amount", number: Self.number(DecimalText.fromHundredths(hundredths)))
            writer.member("currency", AlyaPayOrder.currency)
            writer.member("merchant_name", Self.merchant)
            writer.member("store_name", Self.store)
            writer.member("customer_phone", Self.customerPhone)
            writer.member("created_at", transaction.createdAt.wall.dayMonthYear)
            writer.member("updated_at", transaction.updatedAt.dayMonthYear)
        }
        return writer.bytes
    }

    /// The body of a callback about a transaction that has ended: a whole amount without decimals, dates in ISO 8601.
    func callback(event: String, about transaction: AlyaPayTransaction, at time: WallTime) -> [UInt8] {
        let amount = hundredths % 100 == 0 ? String(hundredths / 100) : DecimalText.fromHundredths(hundredths)
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("event", event)
            writer.member("timestamp", time.millisecondsZ)
            writer.member("data") { writer in
                writer.object { writer in
                    writer.member("id", transaction.id)
                    writer.member("vendorReference", order.vendorReference)
                    writer.member("orderReference", transaction.orderReference)
                    writer.member("status", transaction.status.rawValue)
                    writer.member("amount", number: Self.number(amount))
                    writer.member("currency", AlyaPayOrder.currency)
                    writer.member("customerPhone", Self.customerPhone)
                    writer.member("merchantName", Self.merchant)
                    writer.member("storeName", Self.store)
                    writer.member("createdAt", transaction.createdAt.wall.millisecondsZ)
                    if transaction.status == .expired {
                        writer.member("expiredAt", transaction.updatedAt.millisecondsZ)
                    }
                }
            }
        }
        return writer.bytes
    }

    private static func number(_ text: String) -> JSONNumber {
        guard let number = JSONNumber(text: text) else { preconditionFailure("decimal text is a number") }
        return number
    }

    /// With the documented beginning.
    private static func newToken(
        session: String, at time: SandboxTime, lifetime: Duration, _ identifiers: IdentifierSource
    ) -> String {
        let issued = time.wall.microseconds / 1_000_000
        let expires = issued + lifetime.components.seconds
        return identifiers.token(
            header: #"{"kid":"session-2025-01","alg":"HS256","typ":"JWT"}"#,
            payload: #"{"sid":"\#(session)","jti":"\#(identifiers.uuid())","iat":\#(issued),"exp":\#(expires)}"#)
    }
}

/// The headers of a callback (webhooks page): the HMAC-SHA256, in lower-case hex, over the timestamp's text, a point and
/// the exact body.
enum AlyaPaySignature {
    static func headers(
        over body: [UInt8], timestamp: String, eventID: String, secret: String
    ) -> [(name: String, value: String)] {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(timestamp).".utf8) + body, using: SymmetricKey(data: Array(secret.utf8)))
        return [
            ("X-Alya-Event-Id", eventID), ("X-Alya-Timestamp", timestamp), ("X-Alya-Signature", "sha256=" + hex(code)),
        ]
    }
}
