public import PaymentModel
public import ProviderKit

/// Everything that the suite needs to know of one plugin: an instance's settings, payments that it can do, and the
/// documented replies.
///
/// What it cannot invent, because only the provider's documents tell it, stands here; what follows for every provider
/// alike is in the suite. Where a provider has several ways to pay, there are inputs for each.
public struct ConformanceInputs {
    /// Settings that make a working instance, with secrets that are found nowhere else.
    public var settings: ProviderSettings
    /// Every secret of `settings`, and whatever else must never be shown. Card numbers of `order` are added.
    public var secrets: [String]
    /// A payment that the plugin can do; the fixtures of `create` answer it.
    public var order: PaymentOrder
    /// The documented replies and callbacks.
    public var fixtures: [ConformanceFixture]
    /// A regular expression that the provider's references match as a whole, alphabet and length, as documented; nil
    /// where the provider takes no reference of ours, so that none can be in a request.
    public var referencePattern: String?
    /// Reads the money that a create asks for, exactly; nil where it cannot be read, or is not written as the documents
    /// have it: where all decimals are asked for, `49.9` is not 49.90. (`money.decimalText == text` tells.)
    public var moneyInRequest: (ProviderRequest) -> Money?
    /// Where replies and callbacks say the status, as JSON pointers: `/status`, and `/data/status` where a callback wraps
    /// what it tells. The suite puts an unknown status at each that a fixture has; a fixture that has none of them is not
    /// tried, so name them all.
    public var statusPointers: [String]
    /// 5xx statuses whose documented body says that nothing was done. Fixtures show such a body
    /// (`create.refused.503.json`); with any other the status is as unclear as the rest.
    public var documentedServerErrors: Set<Int>

    /// The payment that the fixtures of `inquiry` tell of. Needed by `Inquiring`.
    public var subject: InquirySubject?
    /// The body of a status reply that says `subject` was paid with so much. Needed by `Inquiring` where the provider
    /// tells amounts.
    public var paidInquiry: ((Money) -> [UInt8])?

    /// Makes an authentic delivery of a body, as the provider would sign it. Needed by `CallbackReceiving`.
    public var delivery: (([UInt8]) -> CallbackDelivery)?
    /// What vouches for a callback.
    public var callbackProof: CallbackProof

    /// One of each kind that the plugin can do. Needed by `Capturing`, `Canceling`, `Refunding`. Each is answered by all
    /// fixtures of its operation.
    ///
    /// Those that `FollowUpInquiring` can ask after are asked after too; the fixtures of `finding` are what is found of them.
    public var followUps: [FollowUp]
    /// The replies that come before the one in a `finding` fixture, where asking takes several.
    public var findingPreamble: [ProviderReply]

    /// Where what is drawn at random begins, such as references.
    public var seed: UInt64
    /// How many mutations are made of each reply, where the environment does not ask for more.
    public var mutations: Int

    /// What vouches for a callback.
    public enum CallbackProof: Sendable {
        /// A signature over the raw body: a changed body is a forgery.
        case bodySignature
        /// A key in a header, which says nothing about the body.
        case key
        /// Nothing: every delivery is `unsigned`.
        case nothing
    }

    /// Names what every plugin has; the rest is set where the plugin can do it.
    public init(
        settings: ProviderSettings, secrets: [String], order: PaymentOrder, fixtures: [ConformanceFixture],
        referencePattern: String?, moneyInRequest: @escaping (ProviderRequest) -> Money?, statusPointers: [String] = [],
        documentedServerErrors: Set<Int> = [], subject: InquirySubject? = nil,
        paidInquiry: ((Money) -> [UInt8])? = nil, delivery: (([UInt8]) -> CallbackDelivery)? = nil,
        callbackProof: CallbackProof = .bodySignature, followUps: [FollowUp] = [],
        findingPreamble: [ProviderReply] = [], seed: UInt64 = 0x5eed, mutations: Int = 200
    ) {
        self.settings = settings
        self.secrets = secrets
        self.order = order
        self.fixtures = fixtures
        self.referencePattern = referencePattern
        self.moneyInRequest = moneyInRequest
        self.statusPointers = statusPointers
        self.documentedServerErrors = documentedServerErrors
        self.subject = subject
        self.paidInquiry = paidInquiry
        self.delivery = delivery
        self.callbackProof = callbackProof
        self.followUps = followUps
        self.findingPreamble = findingPreamble
        self.seed = seed
        self.mutations = mutations
    }
}

extension FollowUp {
    /// A follow-up of a payment that the provider has reported so, for ``ConformanceInputs/followUps``:
    /// `FollowUp(.refund, of: order, after: ProviderReport(.captured, providerReference: "ch_1"), amount: 1000)`.
    ///
    /// - Parameter amount: Minor units; nil for a cancel.
    public init(
        _ operation: Operation, of order: PaymentOrder, after report: ProviderReport, amount: Int64? = nil,
        reason: String? = nil, key: String = "follow-up-key-of-26-chars"
    ) {
        var payment = Payment(
            id: order.id, app: "conformance", request: order.request, route: nil, at: order.createdAt)
        _ = payment.observe(
            Observation(
                provider: "conformance", state: report.state, money: report.money,
                providerReference: report.providerReference, checkoutReference: report.checkoutReference,
                expiresAt: report.expiresAt), at: order.createdAt)
        self.init(
            operation: operation, payment: payment, reference: order.reference, key: key, amount: amount,
            reason: reason, session: report.session)
    }
}

/// Something that an adapter does and must not, or does not and must.
public struct ConformanceFinding: Sendable, Hashable, CustomStringConvertible {
    /// The rule, such as `a 5xx is ambiguous`.
    public let rule: String
    /// What was seen, without secrets.
    public let detail: String

    public var description: String { "\(rule): \(detail)" }
}
