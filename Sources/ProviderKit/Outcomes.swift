public import PaymentModel

/// What a repeated send of one operation means at a provider. Failover is decided from this and from how far a call got.
public enum SendSafety: Sendable, Hashable {
    /// The call cannot move money by itself: it opens a session that nobody has seen. Another provider may be tried
    /// after an ambiguous one. The reference carries a counter, raised where the provider says `duplicate`.
    case inert
    /// The provider answers a repeat under the same key with the first answer, for so long after the first send.
    case replayable(within: Duration)
    /// The provider refuses a repeated reference, and can be asked by it. Needs `Inquiring`.
    case refusesDuplicates
    /// Neither: an ambiguous send can only be asked after.
    case once
}

/// What a provider says of a payment, wherever it says it.
public struct ProviderReport: Sendable {
    public var state: ReportedState
    /// The payment's whole amount as the provider has it; nil where it does not say. It is compared with the order.
    public var money: Money?
    /// The provider's own reference of the transaction. Another one that succeeds is money taken twice.
    public var providerReference: String?
    /// The provider's reference of the page or session in which the customer pays, where the transaction that comes of it
    /// has a reference of its own. Callbacks and inquiries may name either.
    public var checkoutReference: String?
    /// The reference that we gave, where the provider names it.
    public var ourReference: String?
    /// When the session or the hold ends.
    public var expiresAt: Timestamp?
    /// What the adapter needs later on and nobody else may see, such as a session's token. Kept with the payment.
    public var session: [String: Secret]

    /// Makes a report.
    public init(
        _ state: ReportedState, money: Money? = nil, providerReference: String? = nil,
        checkoutReference: String? = nil, ourReference: String? = nil, expiresAt: Timestamp? = nil,
        session: [String: Secret] = [:]
    ) {
        self.state = state
        self.money = money
        self.providerReference = providerReference
        self.checkoutReference = checkoutReference
        self.ourReference = ourReference
        self.expiresAt = expiresAt
        self.session = session
    }
}

/// Why a provider did not take a request up. Only what is documented to have had no effect.
public struct Refusal: Sendable, Hashable {
    /// What kind of refusal, which decides what the breaker and the limiter learn.
    public enum Kind: Sendable, Hashable {
        /// 401 or 403 to our credentials.
        case credentials
        /// 429. The wait that the provider asks for, where it does.
        case rateLimited(retryAfter: Duration?)
        /// Documented as 'nothing was done'.
        case unavailable
    }

    public let kind: Kind
    /// A slug for `attempts[].reason`, such as `credentials_refused`.
    public let reason: String

    /// Makes a refusal.
    public init(_ kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// 401 or 403 to our credentials.
    public static let credentials = Refusal(.credentials, reason: "credentials_refused")

    /// 429, with the wait of its `Retry-After`.
    public static func rateLimited(retryAfter: Duration?) -> Refusal {
        Refusal(.rateLimited(retryAfter: retryAfter), reason: "http_429")
    }
}

/// What came of a create, by the provider's reply. Its case decides whether failover is allowed.
public enum CreateOutcome: Sendable {
    /// It is the payment's answer.
    case accepted(ProviderReport)
    /// The answer too: no money moved and the provider says so for good.
    case declined(Decline, providerReference: String?)
    /// Documented to have had no effect: another provider may be tried.
    case refused(Refusal)
    /// The provider calls the request invalid: no provider is tried after it. `detail` is for the app, without secrets.
    case rejected(detail: String, providerCode: String?)
    /// Refused because the reference was used before: the payment of that reference exists and has to be asked for.
    case duplicate
    /// The provider has another request under our key and did nothing with this one: the app used its key twice, with a
    /// restart between. Only what is documented so.
    case keyReused
    /// Not explained by the documents: nobody knows what became of it. A slug such as `http_500`.
    case ambiguous(reason: String)
}

/// What came of asking.
public enum InquiryOutcome: Sendable {
    case found(ProviderReport)
    /// The provider's documented body for 'no such payment', and nothing less.
    case notFound
    /// What was asked for is there, and is not this payment's: an id that an app named in error.
    case foreign
    /// Our credentials or our pace were refused: nothing was learnt.
    case refused(Refusal)
    /// No answer that says anything. A slug such as `http_500`.
    case noAnswer(reason: String)
}

/// What came of asking for a token.
public enum TokenOutcome: Sendable {
    /// A token and how long it lives from now.
    case issued(Secret, lifetime: Duration)
    case refused(Refusal)
    /// A slug such as `http_500`.
    case noAnswer(reason: String)
}

/// What came of a capture, cancel or refund.
public enum FollowUpOutcome: Sendable {
    /// Done.
    case done(providerReference: String?)
    /// Taken up; the outcome comes later.
    case pending(providerReference: String?)
    /// The provider will not do it, and nothing was done.
    case declined(Decline)
    case refused(Refusal)
    /// The provider calls the request invalid, and nothing was done.
    case rejected(detail: String, providerCode: String?)
    /// The provider's state of the payment forbids it, as it says of a payment that was captured already, and this request
    /// did nothing. The host asks what that state is. `detail` is for the app, without secrets.
    case conflict(detail: String)
    /// Not explained by the documents. A slug such as `http_500`.
    case ambiguous(reason: String)
}

/// What came of asking after a follow-up whose outcome is open.
public enum FollowUpFinding: Sendable {
    /// It was done.
    case done(providerReference: String?)
    /// The provider knows the payment and nothing of this follow-up: it was not done, or not yet.
    case notDone
    /// It was taken up; its outcome is still to come.
    case pending
    /// The provider declined it for good; nothing was done.
    case declined(Decline)
    /// No answer that says anything. A slug such as `http_500`.
    case noAnswer(reason: String)
}
