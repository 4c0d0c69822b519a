package import PaymentModel
import ProviderKit
package import Resilience
package import W3CTrace

/// A payment with what the engine keeps beside it and no app sees.
package struct PaymentRecord: Sendable {
    package var payment: Payment

    /// Whether the app has heard of it. False while the create runs: callbacks find it already, the API does not.
    package var isVisible = false
    /// A create or follow-up is under way with the provider, so that nobody else asks or sends meanwhile.
    package var isBusy = true

    /// The create's idempotency key in its scope, and its request: the key belongs to the payment as long as it is kept.
    package let key: KeyDigest
    package let fingerprint: KeyDigest
    /// The `X-Request-Id` of the create: the `instance` of the answer that is kept for it.
    package let requestID: String
    /// The create's span: what is sent for the payment later, in the background too, is of its trace.
    package let trace: TraceContext?
    /// Where a customer's browser that lands on the callback address is sent.
    package let returnURL: String?

    /// The last reference that we gave at each provider, and the account that it was sent to.
    private var given: [String: (reference: String, account: String)] = [:]
    /// Our reference at the provider that has the payment or may have it; empty before any was given.
    package var reference: String { payment.provider.flatMap { given[$0]?.reference } ?? "" }
    /// Every reference that was given out for it or is known of it, as `provider/reference`: what we gave, and as many as
    /// make `mostReferences` of what the providers and the app name.
    package var references: [String] = []
    /// What the adapter keeps: session tokens and the like.
    package var session: [String: Secret] = [:]
    /// When the first send that may have moved money left.
    package var firstSentAt: ContinuousClock.Instant?

    /// When the payment was last asked after, or its create answered.
    package var lastAskedAt: ContinuousClock.Instant?
    /// When asking was last tried, be it that nothing could be sent.
    package var lastTriedAt: ContinuousClock.Instant?
    /// A question in the background is under way: a second one beside it would learn nothing more.
    package var isBeingAsked = false
    /// When the provider last answered an inquiry.
    package var lastAnsweredAt: ContinuousClock.Instant?
    /// When asking began: 24 hours later it goes to a person.
    package var openSince: ContinuousClock.Instant?
    /// Since when the provider has said, at every asking, that it never saw the payment, or the follow-up that is open.
    package var neverSeenSince: ContinuousClock.Instant?

    /// An unsigned callback that the provider has not been asked about yet, or has not answered for.
    package var hint: Hint?
    /// How many hints there were.
    private var hints = 0

    /// What makes the provider be asked out of turn.
    package struct Hint: Sendable, Hashable {
        let number: Int
        let since: ContinuousClock.Instant
        /// It told of money taken or held.
        let tellsOfMoney: Bool
        /// Our reference that it named, which need not be the last one; nil where it named none.
        let reference: String?
        /// Askings without an answer.
        var tries = 0
    }

    /// A transaction that the app said is this payment's, and that the provider has given no answer about: it goes with every
    /// question from then on, for nothing else may tell of it.
    package var claim: String?

    /// The capture, cancel or refund whose outcome is open; nil wherever `payment.openOperation` is.
    package var openFollowUp: OpenFollowUp?
    /// The follow-ups that were sent, key to request: their keys belong to them as long as the payment is kept.
    package var followUps: [KeyDigest: KeyDigest] = [:]

    /// Callbacks that were applied, newest last; bounded.
    package var appliedCallbacks: [String] = []

    /// A record of a create that is about to run.
    package init(
        payment: Payment, key: KeyDigest, fingerprint: KeyDigest, requestID: String, trace: TraceContext? = nil,
        returnURL: String?
    ) {
        self.payment = payment
        self.key = key
        self.fingerprint = fingerprint
        self.requestID = requestID
        self.trace = trace
        self.returnURL = returnURL
    }

    /// Whether nothing is expected of it any more, so that it may make room: money is where it belongs, nobody asks.
    var isSettled: Bool {
        !isBusy && payment.openOperation == nil && payment.review == nil
            && (payment.status.isFinal || payment.status == .captured || payment.status == .partiallyRefunded)
    }

    /// Whether operators see it first: nobody knows what became of it, or a person has to look.
    var needsAttention: Bool { isVisible && (payment.status == .unknown || payment.review != nil) }

    /// Whether the provider is to be asked after it. Funds that were to be taken at once and are only held are no outcome yet.
    var isToBeAsked: Bool {
        payment.status.isOpen || payment.openOperation != nil
            || payment.status == .authorized && payment.capture == .automatic
    }

    /// Whether it is waited for: an outcome, the end of a hold, or the truth of a hint.
    var isAwaited: Bool {
        isToBeAsked || hint != nil || payment.status == .authorized && payment.expiresAt != nil
    }

    /// Whether a money-moving request may still go out for it. Not once a callback has told what became of it, or has
    /// told something that a person must look at.
    var maySend: Bool {
        guard payment.status == .unknown else { return false }
        switch payment.review?.reason {
        case nil, .cannotAsk, .unresolved: return true
        default: return false
        }
    }

    /// Whether nothing at all was heard of it.
    var isUnheardOf: Bool { payment.status == .unknown && payment.review == nil }

    /// Takes a provider's unsigned word as a reason to ask.
    mutating func takeHint(tellsOfMoney: Bool, reference: String?, at now: ContinuousClock.Instant) {
        hints += 1
        hint = Hint(number: hints, since: now, tellsOfMoney: tellsOfMoney, reference: reference)
    }

    /// Whether an answer has said all that the hint was worth. Not where it told of money for a payment that has ended without,
    /// and the provider does not say so yet: its own status may follow its callback late, and nobody else would ask.
    func isAnswered(_ hint: Hint) -> Bool {
        !hint.tellsOfMoney || isToBeAsked || payment.status == .authorized || payment.status.holdsMoney
    }

    /// Whether the payment was sent to the account that the provider's instance has now: to another one it says nothing that
    /// it is not known there, and a repeat would be another payment.
    func isOf(_ provider: ProviderConfiguration) -> Bool { given[provider.name]?.account == provider.account }

    /// Gives a reference at a provider to the payment. Callbacks match any that was ever given.
    mutating func give(reference: String, at configuration: ProviderConfiguration) {
        let provider = configuration.name
        given[provider] = (reference, configuration.account)
        let name = Self.name(provider, reference)
        if !references.contains(name) { references.append(name) }
    }

    /// Beyond them callbacks that name no other one are kept as unmatched, where a person sees them.
    static let mostReferences = 64

    /// Whether it can learn another reference that is not our own.
    var hasRoomForReference: Bool { references.count < Self.mostReferences }

    /// Whether a person may settle it: nobody knows what became of it, or somebody has to look.
    var isResolvable: Bool { isVisible && !isBusy && (payment.status == .unknown || payment.review != nil) }

    /// Remembers the provider's own references, so that callbacks find the payment by them.
    mutating func learnProviderReference() {
        guard let provider = payment.provider else { return }
        for reference in [payment.providerReference, payment.checkoutReference] {
            guard let name = reference.map({ Self.name(provider, $0) }), !references.contains(name), hasRoomForReference
            else { continue }
            references.append(name)
        }
    }

    /// Whether a callback is new; remembers it. The last 64 are known by name, older ones by the state they led to.
    ///
    /// - Parameter id: The event's, in the scope of its provider.
    mutating func isNewCallback(_ id: String) -> Bool {
        guard !appliedCallbacks.contains(id) else { return false }
        if appliedCallbacks.count == 64 { appliedCallbacks.removeFirst() }
        appliedCallbacks.append(id)
        return true
    }

    /// A reference in the scope of its provider, as the store indexes it.
    package static func name(_ provider: String, _ reference: String) -> String { provider + "/" + reference }

    /// The provider in such a name; names of instances have no slash.
    static func provider(ofName name: String) -> String { String(name.prefix { $0 != "/" }) }
}

/// A follow-up that was sent and whose outcome is open: what a repeat of it or a question needs. A class for its size alone:
/// hardly any record has one.
package final class OpenFollowUp: Sendable {
    /// With the payment as it was before.
    let followUp: FollowUp
    /// The app's idempotency key in its scope.
    let key: KeyDigest
    /// The `X-Request-Id` of the request: the `instance` of the answer that is kept for it.
    let requestID: String
    let firstSentAt: ContinuousClock.Instant
    /// The provider's account that it was sent to.
    let account: String

    init(
        followUp: FollowUp, key: KeyDigest, requestID: String, firstSentAt: ContinuousClock.Instant, account: String
    ) {
        self.account = account
        self.followUp = followUp
        self.key = key
        self.requestID = requestID
        self.firstSentAt = firstSentAt
    }
}
