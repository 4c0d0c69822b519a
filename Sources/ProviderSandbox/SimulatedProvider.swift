package import HTTPTypes

/// One simulated provider: the place behind which its documented API lives.
///
/// A provider does no I/O. It answers a request with a reply and the callbacks that follow from it; listening, faults,
/// delivery and the record of requests are the sandbox's. To add one: conform, and name it in ``SimulatedProviders``.
/// Its paths are those of the real API: the prefix is taken off before ``handle(_:effects:)``.
///
/// It has no clock and no randomness of its own either: time comes with each call, and what it makes at random comes of
/// the identifiers that it is given. So two with the same configuration and seed that are called alike answer alike,
/// to the byte; see ``SandboxConfiguration/simulatedProvider(_:seed:)``.
///
/// What providers share: ``HostedPage`` for what a person sees, ``DocumentedLimits`` for rate limits,
/// ``CallbackRegistration`` where callbacks go to an address that is registered, ``SandboxTime`` in place of a clock.
/// Nothing is shared with the router's plugins.
package protocol SimulatedProvider: Sendable {
    /// The name in `/_sandbox` calls, and the first segment of its prefix: `payalo`.
    var id: String { get }
    /// What faults can be narrowed to.
    var operations: Set<SandboxOperation> { get }
    /// The names of JSON members at any depth, and of values in forms and queries, that are neither kept for nor shown
    /// in `GET /_sandbox/requests`.
    var secretMembers: Set<String> { get }
    /// The outcomes of `POST /_sandbox/settle` that this provider knows; all of them unless said otherwise. What an
    /// outcome does to which transaction stands at the provider's ``settle(reference:outcome:code:effects:at:)``.
    var outcomes: Set<SandboxOutcome> { get }
    /// The merchants whose callback address is registered with the provider; none where each payment names one.
    var registrations: [CallbackRegistration] { get }

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
    /// The provider's id of the transaction that has come of what a reference names, where that is another thing than
    /// the session or payment: what its browser component would tell the app.
    func transaction(of reference: String) -> String?
    /// Lets time pass: expiries and automatic settlements that are due. Called every few dozen milliseconds.
    func tick(at time: SandboxTime) -> [SandboxCallback]
    /// All money taken, oldest first: an authorization is none, and what was refunded stays with the refunds beside it.
    func charges() -> [SandboxCharge]
    /// What was done to payments, oldest first, each under which key; of the last `maxTransactions` of them. Empty for
    /// a provider that takes no idempotency keys.
    func journal() -> [SandboxJournalEntry]
}

extension SimulatedProvider {
    var outcomes: Set<SandboxOutcome> { Set(SandboxOutcome.allCases) }
    var registrations: [CallbackRegistration] { [] }
    func transaction(of reference: String) -> String? { nil }
    func journal() -> [SandboxJournalEntry] { [] }
}

/// An operation that a fault can be narrowed to; each provider names its own in `operations`.
///
/// A fault of requests that is not narrowed hits them all, but for `charge_then_timeout` and `charge_then_500`, which
/// hit creates; see ``Fault/hits(_:)``.
package enum SandboxOperation: String, Sendable, CaseIterable {
    /// Opens a payment, a checkout or an authorization.
    case create
    /// Asks after one, or lists them.
    case status
    case token
    /// Takes the money of an authorization.
    case capture
    /// Voids an authorization, or closes an open checkout.
    case cancel
    /// Returns money, whole or in part.
    case refund
    /// The provider's own call to the merchant.
    case callback
}

/// A request as a provider sees it.
package struct SandboxRequest: Sendable {
    let method: HTTPRequest.Method
    /// Without the sandbox's prefix and without the query; still percent-encoded.
    let path: Substring
    let headers: HTTPFields
    let body: [UInt8]
    /// Scheme, host, port and prefix under which the caller reached the provider, for addresses of hosted pages.
    let baseURL: String
    let time: SandboxTime
    /// What follows the `?`, still percent-encoded.
    var query: Substring = ""
    /// The caller's IP address, for limits that are counted by it.
    var caller = "127.0.0.1"

    /// The path's segments, percent-decoded; `nil` where one does not decode.
    var segments: [String]? {
        var segments: [String] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/")) {
            guard let decoded = PercentEncoding.decode(segment) else { return nil }
            segments.append(decoded)
        }
        return segments
    }

    /// The first value of a name in the query, percent-decoded; `nil` where there is none or it does not decode.
    func queryValue(_ name: String) -> String? {
        HostedPage.field(name, in: Array(query.utf8))
    }
}

extension SandboxRequest {
    /// - Parameters:
    ///   - target: path and query, percent-encoded, without the sandbox's prefix.
    ///   - baseURL: scheme, host, port and prefix under which the caller reached the provider.
    package init(
        method: HTTPRequest.Method, target: String, headers: HTTPFields, body: [UInt8], baseURL: String,
        time: SandboxTime, caller: String = "127.0.0.1"
    ) {
        let path = target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
        self.init(
            method: method, path: path, headers: headers, body: body, baseURL: baseURL, time: time,
            query: target[path.endIndex...].dropFirst(), caller: caller)
    }
}

/// What a fault changes in the processing of one request or settlement.
package struct SandboxEffects: Sendable {
    /// The customer pays before the reply is written. Said of creates only.
    package var takesMoneyAtOnce: Bool
    /// Whether statuses and callbacks of a transaction are to name another amount from now on. Asked once for each
    /// transaction that is touched and names the right one, so that a refused request uses up no fault.
    package var takesWrongAmount: @Sendable () -> Bool

    /// Nothing is changed but what is given; see the properties.
    package init(takesMoneyAtOnce: Bool = false, takesWrongAmount: @escaping @Sendable () -> Bool = { false }) {
        self.takesMoneyAtOnce = takesMoneyAtOnce
        self.takesWrongAmount = takesWrongAmount
    }
}

/// A reply, and the callbacks that follow from the request.
package struct SandboxResult: Sendable {
    package var reply: SandboxReply
    package var callbacks: [SandboxCallback] = []
}

/// A complete HTTP reply.
package struct SandboxReply: Sendable {
    package var status: Int
    package var headers: HTTPFields
    package var body: [UInt8]

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
package enum SandboxFailure: Sendable {
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
package enum SandboxOutcome: String, Sendable, CaseIterable {
    case success, failed, canceled, expired
}

/// What came of a settlement.
package enum SettleResult: Sendable {
    /// The transaction's status in the provider's own word, and the callbacks to send.
    case settled(status: String, callbacks: [SandboxCallback])
    /// No transaction has this reference.
    case notFound
    /// It is final already; its status.
    case alreadyFinal(status: String)
}

/// Money that a provider took.
package struct SandboxCharge: Sendable {
    /// Money given back.
    package struct Refund: Sendable {
        /// Decimal text in major units.
        package let amount: String
        package let at: WallTime
    }

    /// The merchant's reference: Payalo's `merchantReference`, Spayon's `order_id`, Payment API Service's
    /// `Idempotency-Key`, AlyaPay's `vendorReference` or else its `session_id`, Waypay's `orderRef`.
    package let reference: String
    /// What was taken, refunded or not: decimal text in major units, as the merchant ordered it.
    package let amount: String
    /// ISO 4217, upper case.
    package let currency: String
    /// What became of it: `captured`, `partially_refunded`, `refunded`.
    package let state: String
    package let at: WallTime
    /// Oldest first; `nil` where the provider has no refunds.
    package var refunds: [Refund]?
}

/// One thing that a provider did to a payment: a request that was answered again under its key, or refused, is none.
package struct SandboxJournalEntry: Sendable {
    /// The idempotency key of the request that asked for it; `nil` where it had none, or the customer asked.
    package let key: String?
    /// The payment's reference, as of ``SandboxCharge``.
    package let reference: String
    /// What it came to: `authorized` or, of a sale, `captured`, or `failed`; `captured`, `voided`, `refunded`.
    package let state: String
    /// Decimal text in major units; of a void what was authorized.
    package let amount: String
    package let at: WallTime
}

/// A callback about one change of state: where to, what, and how persistently.
package struct SandboxCallback: Sendable {
    package enum Destination: Sendable, Equatable {
        /// The address that the payment named.
        case url(String)
        /// The address that is registered for the merchant with this key when it is sent.
        case registered(key: String)
    }

    /// One delivery to the byte: the body, and the headers made from it.
    package struct Message: Sendable {
        /// All but `Content-Type: application/json`, which every callback has.
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]
    }

    package let provider: String
    package let destination: Destination
    package let message: Message
    /// The state before this one, as it would have been told; for `out_of_order_callback`. `nil` at the first one.
    package let previous: Message?
    /// The pauses before the second, third, … attempt. Empty: one attempt only.
    package let retryAfter: [Duration]
    /// How long one attempt may take.
    package let timeout: Duration
    /// The statuses that end the retries.
    package var success = 200..<300
}
