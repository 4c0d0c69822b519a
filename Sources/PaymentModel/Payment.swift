/// A payment as Switchyard knows it, and as apps see it (contract §4). What changes its state is in
/// `Payment+LifeCycle.swift`; nothing else can.
public struct Payment: Sendable, Hashable {
    /// `pay_` and 26 characters that sort by time of creation.
    public let id: String
    /// The name of the app that owns it.
    public let app: String
    public let money: Money
    public let method: PaymentMethod
    public let network: String?
    public let country: Country?
    public let capture: CaptureMode
    public let reference: String
    public let description: String?
    public let customer: PaymentRequest.Customer?
    public let metadata: [String: String]
    public let card: RedactedCard?
    public let createdAt: Timestamp

    public internal(set) var status: PaymentStatus
    /// Minor units taken so far; at most the amount.
    public internal(set) var amountCaptured: Int64 = 0
    /// Minor units returned so far, by refunds that succeeded; at most what was captured.
    public internal(set) var amountRefunded: Int64 = 0
    public internal(set) var nextAction: NextAction?
    public internal(set) var decline: Decline?
    public internal(set) var openOperation: OpenOperation?
    public internal(set) var review: Review?
    /// The review that a person settled last: told again it is no news.
    var settledReview: Review?
    public internal(set) var refunds: [Refund] = []
    /// Whether funds were ever held: what tells of that again tells of the past.
    public internal(set) var wasAuthorized = false
    /// When the provider's session or hold ends, where it told.
    public internal(set) var expiresAt: Timestamp?
    public internal(set) var updatedAt: Timestamp
    /// The provider's own reference of the transaction, once it is known.
    public internal(set) var providerReference: String?
    /// The provider's reference of the page or session in which the customer pays, where that is another thing than the
    /// transaction which comes of it.
    public internal(set) var checkoutReference: String?
    /// The instance that has the payment, or may have it.
    public internal(set) var provider: String?
    public internal(set) var route: String?
    /// Every try at a provider, oldest first; bounded, see `record(_:)`.
    public internal(set) var attempts: [Attempt] = []

    /// A payment of which nothing is known yet: its status is `unknown` until a provider's word is applied.
    public init(id: String, app: String, request: PaymentRequest, route: String?, at now: Timestamp) {
        self.id = id
        self.app = app
        money = request.money
        method = request.method
        network = request.network
        country = request.country
        capture = request.capture
        reference = request.reference
        description = request.description
        customer = request.customer
        metadata = request.metadata
        card = request.card?.redacted
        createdAt = now
        updatedAt = now
        status = .unknown
        self.route = route
    }

    /// What a refund may still take, in minor units: all refunds but failed ones count.
    public var refundable: Int64 {
        amountCaptured - refunds.reduce(0) { $0 + ($1.status == .failed ? 0 : $1.amount) }
    }
}

/// One try at one provider.
public struct Attempt: Sendable, Hashable {
    /// What came of it (contract §4).
    public enum Outcome: String, Sendable, Hashable, CaseIterable {
        case accepted, declined, rejected, unavailable
        case rateLimited = "rate_limited"
        case ambiguous, skipped
        /// A person settled the payment by hand.
        case resolved
    }

    public let provider: String
    public let operation: Operation
    public let outcome: Outcome
    /// A slug such as `connect_refused`; nil where the outcome says it all.
    public let reason: String?
    public let startedAt: Timestamp
    public let durationMilliseconds: Int64
    /// What a person wrote when settling the payment.
    public let note: String?

    /// Makes a record of a try.
    public init(
        provider: String, operation: Operation, outcome: Outcome, reason: String?, startedAt: Timestamp,
        durationMilliseconds: Int64, note: String? = nil
    ) {
        self.provider = provider
        self.operation = operation
        self.outcome = outcome
        self.reason = reason
        self.startedAt = startedAt
        self.durationMilliseconds = durationMilliseconds
        self.note = note
    }
}

/// A refund of a payment.
public struct Refund: Sendable, Hashable {
    /// What is known of it. All but `failed` count as taken from what is left.
    public enum Status: String, Sendable, Hashable, CaseIterable {
        case pending, succeeded, failed, unknown
    }

    /// `re_` and 26 characters.
    public let id: String
    /// Minor units of the payment's currency.
    public let amount: Int64
    public internal(set) var status: Status
    public let reason: String?
    public let createdAt: Timestamp

    /// Makes a refund.
    public init(id: String, amount: Int64, status: Status, reason: String?, createdAt: Timestamp) {
        self.id = id
        self.amount = amount
        self.status = status
        self.reason = reason
        self.createdAt = createdAt
    }
}

/// A follow-up that was sent and whose outcome is not known yet.
public struct OpenOperation: Sendable, Hashable {
    public let type: Operation
    /// Minor units; nil where the operation has no amount (cancel).
    public let amount: Int64?
    public let since: Timestamp

    /// Makes a record of an open follow-up.
    public init(type: Operation, amount: Int64?, since: Timestamp) {
        self.type = type
        self.amount = amount
        self.since = since
    }
}

/// Why a person has to look at a payment, and what the provider said.
public struct Review: Sendable, Hashable {
    /// What was found.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        case amountMismatch = "amount_mismatch"
        case currencyMismatch = "currency_mismatch"
        case secondSuccess = "second_success"
        case contradiction
        case reversal
        /// Still open after 24 hours of asking.
        case unresolved
        /// Nobody can be asked: what became of it has to be looked up by hand.
        case cannotAsk = "cannot_ask"

        /// Whether it is the missing of an answer, and not something that a provider said.
        var isLackOfAnswer: Bool { self == .unresolved || self == .cannotAsk }
    }

    public let reason: Reason
    public let provider: String
    public let providerReference: String?
    /// What the provider said, where it names money.
    public let money: Money?
    public let since: Timestamp

    /// Whether it was found before, at whatever time.
    func saysTheSame(as other: Review) -> Bool {
        reason == other.reason && provider == other.provider && providerReference == other.providerReference
            && money == other.money
    }

    /// Makes a review.
    public init(reason: Reason, provider: String, providerReference: String?, money: Money?, since: Timestamp) {
        self.reason = reason
        self.provider = provider
        self.providerReference = providerReference
        self.money = money
        self.since = since
    }
}
