import HTTPTypes

/// One simulated provider: the place behind which its documented API lives.
///
/// A provider does no I/O. It answers a request with a reply and the callbacks that follow from it; listening, faults,
/// delivery and the record of requests are the sandbox's. To add one: conform, and name it in `SandboxCore.providers`.
/// Its paths are those of the real API: the prefix is taken off before ``handle(_:effects:)``.
protocol SimulatedProvider: Sendable {
    /// The name in `/_sandbox` calls, and the first segment of its prefix: `payalo`.
    var id: String { get }
    /// What faults can be narrowed to.
    var operations: Set<SandboxOperation> { get }
    /// The names of JSON members, at any depth, whose values are not to be shown in `GET /_sandbox/requests`.
    var secretMembers: Set<String> { get }

    /// Which operation of the API a request is; `nil` for everything else (hosted pages, unknown paths), which
    /// request faults leave alone.
    func operation(of request: SandboxRequest) -> SandboxOperation?
    /// Processes one request, as the provider documents it.
    func handle(_ request: SandboxRequest, effects: SandboxEffects) -> SandboxResult
    /// The reply to a failure that is not about the request's content, in the provider's error form.
    func reply(to failure: SandboxFailure) -> SandboxReply
    /// Makes all tokens invalid that were ever issued; nothing for a provider that has none.
    func revokeTokens()
    /// Does what the customer would do. `code` chooses the provider's failure code where the outcome is a failure.
    func settle(
        reference: String, outcome: SandboxOutcome, code: String?, effects: SandboxEffects, at time: SandboxTime
    )
        -> SettleResult
    /// Lets time pass: expiries and automatic settlements that are due. Called every few dozen milliseconds.
    func tick(at time: SandboxTime) -> [SandboxCallback]
    /// All money taken, oldest first.
    func charges() -> [SandboxCharge]
}

/// An operation that a fault can be narrowed to. Providers that come later add theirs.
enum SandboxOperation: String, Sendable, CaseIterable {
    case create
    case status
    case token
    case capture
    /// Voids an authorization, or closes an open checkout.
    case cancel
    case refund
    /// The provider's own call to the merchant.
    case callback
}

/// A request as a provider sees it.
struct SandboxRequest: Sendable {
    let method: HTTPRequest.Method
    /// Without the sandbox's prefix and without the query; still percent-encoded.
    let path: Substring
    let headers: HTTPFields
    let body: [UInt8]
    /// Scheme, host, port and prefix under which the caller reached the provider, for addresses of hosted pages.
    let baseURL: String
    let time: SandboxTime

    /// The path's segments, percent-decoded; `nil` where one does not decode.
    var segments: [String]? {
        var segments: [String] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard let decoded = PercentEncoding.decode(segment.utf8) else { return nil }
            segments.append(decoded)
        }
        return segments
    }
}

/// What a fault changes in the processing of one request or settlement.
struct SandboxEffects: Sendable {
    /// The customer pays before the reply is written.
    var takesMoneyAtOnce = false
    /// Whether statuses and callbacks of a transaction are to name another amount from now on. Asked once for each
    /// transaction that is touched and names the right one, so that a refused request uses up no fault.
    var takesWrongAmount: @Sendable () -> Bool = { false }
}

/// A reply, and the callbacks that follow from the request.
struct SandboxResult: Sendable {
    var reply: SandboxReply
    var callbacks: [SandboxCallback] = []
}

/// A complete HTTP reply.
struct SandboxReply: Sendable {
    var status: Int
    var headers: HTTPFields
    var body: [UInt8]

    init(status: Int, contentType: String, body: [UInt8], headers: HTTPFields = HTTPFields()) {
        self.status = status
        self.headers = headers
        self.headers[.contentType] = contentType
        self.body = body
    }

    static func json(_ status: Int, _ body: [UInt8]) -> SandboxReply {
        SandboxReply(status: status, contentType: "application/json", body: body)
    }

    static func redirect(to url: String) -> SandboxReply {
        SandboxReply(status: 303, contentType: "text/plain", body: [], headers: [.location: url])
    }
}

/// A failure that has nothing to do with what the request says.
enum SandboxFailure: Sendable {
    /// 401
    case unauthorized
    /// 429
    case rateLimited
    /// 500
    case internalError
    /// 503
    case unavailable
}

/// The outcomes of `POST /_sandbox/settle` (contract, section 9).
enum SandboxOutcome: String, Sendable, CaseIterable {
    case success, failed, canceled, expired
}

/// What came of a settlement.
enum SettleResult: Sendable {
    /// The transaction's status in the provider's own word, and the callbacks to send.
    case settled(status: String, callbacks: [SandboxCallback])
    /// No transaction has this reference.
    case notFound
    /// It is final already; its status.
    case alreadyFinal(status: String)
}

/// Money that a provider took.
struct SandboxCharge: Sendable {
    /// The merchant's reference: Payalo's `merchantReference`, Spayon's `order_id`.
    let reference: String
    /// Decimal text in major units, as the merchant ordered it.
    let amount: String
    /// ISO 4217, upper case.
    let currency: String
    /// What became of it: `captured`.
    let state: String
    let at: WallTime
}

/// A callback about one change of state: where to, what, and how persistently.
struct SandboxCallback: Sendable {
    /// One delivery to the byte: the body, and the headers made from it.
    struct Message: Sendable {
        let headers: [(name: String, value: String)]
        let body: [UInt8]
    }

    let provider: String
    let url: String
    let message: Message
    /// The state before this one, as it would have been told; for `out_of_order_callback`.
    let previous: Message
    /// The pauses before the second, third, … attempt. Empty: one attempt only.
    let retryAfter: [Duration]
    /// How long one attempt may take.
    let timeout: Duration
}
