public import PaymentModel

/// A provider's plugin: pure functions from a normalized operation to the provider's HTTP request, and from its reply
/// to an outcome.
///
/// An adapter does no I/O and holds no state. The host sends, times, retries, refreshes tokens and logs, so that a plugin can be
/// tested from fixtures and cannot get failover or secrets wrong. What else a provider can do is said by conforming to
/// `Inquiring`, `TokenAuthenticated`, `CallbackReceiving`, `Capturing`, `Canceling`, `Refunding`, `FollowUpInquiring`: there
/// is no second list.
///
/// To add a provider, see docs/adding-a-provider.md.
public protocol ProviderAdapter: Sendable {
    /// What the plugin is and which settings it takes.
    static var declaration: ProviderDeclaration { get }

    /// Makes the adapter of one instance. The settings have the declared keys and kinds; a value that is wrong in itself
    /// throws, naming its key.
    init(settings: ProviderSettings) throws(SettingFault)

    /// Why this provider cannot take such a payment, in a few words such as `currency KES`; nil where it can.
    ///
    /// Methods and currencies of the declaration are checked by the host; this says what goes beyond them.
    func incapability(for payment: PaymentShape) -> String?

    /// What a repeat of `create` means at this provider: the fact that failover rests on.
    func createSafety(for payment: PaymentShape) -> SendSafety

    /// The alphabet and length of the references that the provider takes from us.
    var referenceFormat: ReferenceFormat { get }

    /// The request that makes the payment.
    func createRequest(for order: PaymentOrder) -> ProviderRequest

    /// What the reply to `createRequest` means. Whatever the documents do not explain is `.ambiguous`.
    func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome

    /// What is missing for this follow-up to be sent, in a sentence for the app, such as a transaction's id that is not known
    /// yet; nil, as by default, where nothing is.
    ///
    /// The host asks before it makes the request of a follow-up, and does nothing where something is missing: the state of
    /// the payment does not allow the follow-up yet.
    func followUpObstacle(for followUp: FollowUp) -> String?
}

extension ProviderAdapter {
    public func followUpObstacle(for followUp: FollowUp) -> String? { nil }
}

/// A provider that can be asked what became of a payment.
public protocol Inquiring: ProviderAdapter {
    /// The least time between two asks after one payment, as documented.
    var leastInquiryInterval: Duration { get }

    /// The request that asks; nil where this payment cannot be asked after, with what is known of it.
    func inquiryRequest(for subject: InquirySubject) -> ProviderRequest?

    /// What the reply means. `.notFound` is only the documented body that says so.
    func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome
}

extension Inquiring {
    public var leastInquiryInterval: Duration { .zero }
}

/// A provider whose requests carry a token that it issues.
public protocol TokenAuthenticated: ProviderAdapter {
    /// The request for a token.
    func tokenRequest() -> ProviderRequest

    /// The token in the reply.
    func tokenOutcome(of reply: ProviderReply) -> TokenOutcome

    /// Puts the token into a request of this adapter.
    func authorize(_ request: inout ProviderRequest, with token: Secret)
}

/// A provider that calls back.
public protocol CallbackReceiving: ProviderAdapter {
    /// Whether the callback address travels in each create request, so that it can carry our token.
    var takesCallbackAddress: Bool { get }

    /// Whether the delivery is the provider's: by its signature or key, in constant time, over the raw body.
    func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict

    /// What the delivery says. Called after verification only.
    func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice
}

/// A provider whose authorizations can be captured.
///
/// Of the safety of a follow-up the host takes this: `.replayable` and `.inert` ones whose outcome is open are sent again
/// under the same key, all others only asked after.
public protocol Capturing: ProviderAdapter {
    func captureSafety(for followUp: FollowUp) -> SendSafety
    func captureRequest(for followUp: FollowUp) -> ProviderRequest
    func captureOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome
}

/// A provider whose authorizations can be voided, or whose open checkouts can be closed.
public protocol Canceling: ProviderAdapter {
    func cancelSafety(for followUp: FollowUp) -> SendSafety
    func cancelRequest(for followUp: FollowUp) -> ProviderRequest
    func cancelOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome
}

/// A provider that can be asked what became of a follow-up whose outcome is open, where the state of the payment does not
/// tell: a partial refund whose reply was lost.
///
/// Asking may take several requests, as where a list has pages. The host sends what `request` gives, adds each reply to the
/// list, and reads the whole list when no further request comes; it sends 20 at most.
public protocol FollowUpInquiring: ProviderAdapter {
    /// The next request, after the replies to those before it; nil where there is no more to ask, and nil for no replies
    /// where this follow-up cannot be asked after. `followUp.payment` is the payment as it was before the follow-up.
    func followUpInquiryRequest(for followUp: FollowUp, after replies: [ProviderReply]) -> ProviderRequest?

    /// What the replies mean.
    func followUpFinding(in replies: [ProviderReply], for followUp: FollowUp) -> FollowUpFinding
}

/// A provider whose captured payments can be refunded.
public protocol Refunding: ProviderAdapter {
    func refundSafety(for followUp: FollowUp) -> SendSafety
    func refundRequest(for followUp: FollowUp) -> ProviderRequest
    func refundOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome
}
