extension PaymentStatus {
    /// The table of contract §4. A person's `resolve` alone may go beside it.
    public func canBecome(_ next: PaymentStatus) -> Bool {
        switch self {
        case .requiresAction: [.pending, .captured, .authorized, .failed, .canceled, .expired].contains(next)
        case .pending: [.captured, .authorized, .failed, .canceled, .expired].contains(next)
        case .authorized: [.captured, .voided, .expired].contains(next)
        case .captured, .partiallyRefunded: [.partiallyRefunded, .refunded].contains(next)
        // A late success: money was taken after all.
        case .canceled, .expired, .failed: [.captured, .authorized].contains(next)
        case .refunded, .voided: false
        case .unknown: next != .unknown
        }
    }
}

/// What a provider said of a payment, by whatever way: its reply, an inquiry, a callback.
public struct Observation: Sendable, Hashable {
    public let provider: String
    public let state: ReportedState
    /// The payment's whole amount as the provider has it; nil where it does not say.
    public let money: Money?
    public let providerReference: String?
    public let checkoutReference: String?
    public let expiresAt: Timestamp?

    /// Makes an observation.
    public init(
        provider: String, state: ReportedState, money: Money? = nil, providerReference: String? = nil,
        checkoutReference: String? = nil, expiresAt: Timestamp? = nil
    ) {
        self.provider = provider
        self.state = state
        self.money = money
        self.providerReference = providerReference
        self.checkoutReference = checkoutReference
        self.expiresAt = expiresAt
    }
}

/// What an observation did to a payment.
public enum ObservationEffect: Sendable, Hashable {
    /// The state changed. `late`: a payment that had ended without money was paid after all.
    case changed(from: PaymentStatus, late: Bool)
    /// The state stands; it said nothing new, or something that has been overtaken.
    case unchanged
    /// The state stands and a person has to look: `review` is now filled. False where it was under review before.
    case needsReview(new: Bool)
}

extension Payment {
    /// Applies what a provider said. A state never moves backwards; money that differs, a second success, a failure
    /// after a success and a reversal change nothing but `review`.
    ///
    /// Before a failover another provider may have seen the payment too. Its success is money taken, and makes the payment
    /// its own or is a second success; its failure says nothing about the payment where it is now.
    public mutating func observe(_ observation: Observation, at now: Timestamp) -> ObservationEffect {
        if let money = observation.money, money != self.money {
            let reason: Review.Reason = money.currency == self.money.currency ? .amountMismatch : .currencyMismatch
            return flag(reason, observation, at: now)
        }
        let isElsewhere = provider != nil && provider != observation.provider
        switch observation.state {
        case .authorized, .captured, .partiallyRefunded, .refunded, .reversed: break
        default: if isElsewhere { return .unchanged }
        }
        switch observation.state {
        case .requiresAction(let action):
            return move(to: .requiresAction, observation, at: now) { $0.nextAction = action }
        case .pending(let action):
            return move(to: .pending, observation, at: now) { $0.nextAction = action }
        case .authorized: return succeed(.authorized, observation, at: now)
        case .captured: return succeed(.captured, observation, at: now)
        case .failedForNow(let decline):
            guard status.isOpen else { return .unchanged }
            let effect = move(to: .pending, observation, at: now) { $0.nextAction = nil }
            // A later word that says less than an earlier one says nothing new.
            if self.decline == nil || decline.providerCode != nil || decline.code != .generic {
                if self.decline != decline { updatedAt = now }
                self.decline = decline
            }
            return effect
        case .failed(let decline):
            return end(.failed, observation, at: now) { $0.decline = decline }
        case .canceled: return end(status == .authorized ? .voided : .canceled, observation, at: now)
        case .expired: return end(.expired, observation, at: now)
        // Of an authorization that was never seen: the payment is closed and nothing was taken.
        case .voided:
            return end(status == .pending || status == .requiresAction ? .canceled : .voided, observation, at: now)
        case .partiallyRefunded, .refunded: return giveBack(observation, at: now)
        case .reversed: return flag(.reversal, observation, at: now)
        }
    }

    /// Marks the payment for a person, for a reason that no provider's answer gave.
    public mutating func needReview(_ reason: Review.Reason, at now: Timestamp) -> ObservationEffect {
        flag(
            reason, Observation(provider: provider ?? "", state: .pending(nil), providerReference: providerReference),
            at: now)
    }

    /// Settles by hand a payment that is `unknown` or under review.
    ///
    /// The table does not bind a person, who knows more than we do; the record in `attempts` says who decided.
    ///
    /// - Parameter refunded: Minor units that were returned in all; of `partially_refunded` where `tellsRefunded` is false.
    public mutating func resolve(
        to next: PaymentStatus, providerReference: String?, refunded: Int64? = nil, note: Attempt, at now: Timestamp
    ) {
        precondition(
            status == .unknown || review != nil, "only an unknown payment or one under review is resolved by hand")
        precondition(next != .unknown, "a resolution says what became of the payment")
        if let providerReference { self.providerReference = providerReference }
        enter(next, at: now)
        if next == .partiallyRefunded || next == .refunded, amountCaptured == 0 { amountCaptured = money.minorUnits }
        if next == .refunded { amountRefunded = amountCaptured }
        if next == .partiallyRefunded, let refunded { amountRefunded = refunded }
        if !next.holdsMoney, refunds.isEmpty { amountCaptured = 0 }
        settledReview = review
        review = nil
        if let open = openOperation, open.type == .refund { settleRefund(open, by: next, refunded: refunded) }
        openOperation = nil
        record(note)
    }

    /// Whether it is known without a person how much `partially_refunded` would mean: what was returned before, and the open refund.
    public var tellsRefunded: Bool { openOperation?.type == .refund || amountRefunded > 0 }

    /// A person who says that money went back says that the open refund was done; else it was not.
    private mutating func settleRefund(_ open: OpenOperation, by next: PaymentStatus, refunded: Int64?) {
        guard next == .refunded || next == .partiallyRefunded else { return setLastRefund(.failed) }
        setLastRefund(.succeeded)
        if next == .partiallyRefunded, refunded == nil {
            amountRefunded = min(amountCaptured, amountRefunded + (open.amount ?? 0))
        }
    }

    /// Adds a try to the history. Beyond 100 the middle is dropped: the first tries say how it began, the last how it is.
    public mutating func record(_ attempt: Attempt) {
        if attempts.count == 100 { attempts.remove(at: 50) }
        attempts.append(attempt)
    }

    /// Says which instance has the payment or may have it: set before anything is sent to it. No effect where another one
    /// holds its funds: follow-ups go to the money.
    public mutating func assign(to provider: String) {
        guard provider != self.provider, status != .authorized, !status.holdsMoney else { return }
        self.provider = provider
        providerReference = nil
        checkoutReference = nil
    }

    /// Takes a step that the table must allow: a step that it forbids is our own mistake and traps.
    mutating func transition(to next: PaymentStatus, at now: Timestamp) {
        precondition(status.canBecome(next), "a payment cannot go from \(status) to \(next)")
        enter(next, at: now)
    }

    private mutating func enter(_ next: PaymentStatus, at now: Timestamp) {
        status = next
        updatedAt = now
        if !next.isOpen { nextAction = nil }
        switch next {
        case .captured:
            // A capture of ours that is seen before its reply took what it asked for, which may be a part.
            let isOurs = openOperation?.type == .capture
            if amountCaptured == 0 {
                amountCaptured = isOurs ? openOperation?.amount ?? money.minorUnits : money.minorUnits
            }
            decline = nil
        case .authorized:
            decline = nil
            wasAuthorized = true
        default: break
        }
        // Whatever ends an authorization or an open checkout is the answer to an open capture or cancel of it.
        if let type = openOperation?.type, type == .capture || type == .cancel, !next.isOpen, next != .authorized {
            openOperation = nil
        }
    }

    private mutating func succeed(
        _ next: PaymentStatus, _ observation: Observation, at now: Timestamp
    ) -> ObservationEffect {
        let isAnother = provider != nil && provider != observation.provider || isOfAnotherTransaction(observation)
        switch status {
        // The hold that has ended, told of too late.
        case .expired where next == .authorized && wasAuthorized && !isAnother: return .unchanged
        case .authorized where next == .captured && !isAnother, .unknown, .pending, .requiresAction, .canceled,
            .expired, .failed:
            return move(to: next, observation, at: now)
        case .authorized, .captured, .partiallyRefunded, .refunded:
            // The same success told again, or an authorization that has moved on: nothing new. Another
            // transaction's success for this payment is money taken twice.
            if isAnother { return flag(.secondSuccess, observation, at: now) }
            // Settled by hand or told by a callback without it: refunds need the provider's reference.
            learn(observation)
            return .unchanged
        case .voided:
            return next == .captured ? flag(.contradiction, observation, at: now) : .unchanged
        }
    }

    private func isOfAnotherTransaction(_ observation: Observation) -> Bool {
        guard let theirs = observation.providerReference, let known = providerReference else { return false }
        return theirs != known
    }

    /// Takes the word that money went back. Refunds of ours explain it as far as they go, and one that is open is done where
    /// only it can have done it; what they do not explain is for a person.
    private mutating func giveBack(_ observation: Observation, at now: Timestamp) -> ObservationEffect {
        guard status.holdsMoney else {
            // It was not even known to be taken.
            let effect = succeed(.captured, observation, at: now)
            if case .changed = effect { _ = flag(.reversal, observation, at: now) }
            return effect
        }
        // Refunds that a person settled may have no record.
        let returned = max(amountRefunded, amountCaptured - refundable)
        let isWhole = observation.state == .refunded
        guard isWhole ? returned == amountCaptured : returned > 0 else { return flag(.reversal, observation, at: now) }
        let before = status
        let effect = succeed(.captured, observation, at: now)
        guard isWhole, effect == .unchanged, openOperation?.type == .refund else { return effect }
        completeOperation(at: now)
        return .changed(from: before, late: false)
    }

    private mutating func end(
        _ next: PaymentStatus, _ observation: Observation, at now: Timestamp, _ fill: (inout Payment) -> Void = { _ in }
    ) -> ObservationEffect {
        // A page that was opened beside the one that the customer has, or an attempt before the last: its end is not this one's.
        if isOfAnotherTransaction(observation) { return .unchanged }
        switch status {
        case .unknown, .pending, .requiresAction: return move(to: next, observation, at: now, fill)
        case .authorized where next == .voided || next == .expired: return move(to: next, observation, at: now, fill)
        case .authorized, .captured, .partiallyRefunded: return flag(.contradiction, observation, at: now)
        case .refunded, .voided, .canceled, .failed, .expired: return .unchanged
        }
    }

    private mutating func move(
        to next: PaymentStatus, _ observation: Observation, at now: Timestamp,
        _ fill: (inout Payment) -> Void = { _ in }
    ) -> ObservationEffect {
        let before = status
        guard before != next, before.canBecome(next) else {
            // Nothing new, or told too late: but a reference that was missing is worth having.
            if before == next || before.isOpen { learn(observation) }
            return .unchanged
        }
        transition(to: next, at: now)
        learn(observation)
        if next == .captured || next == .authorized {
            // Follow-ups go to the provider that has the money, under its reference.
            if provider != observation.provider {
                provider = observation.provider
                providerReference = nil
                checkoutReference = nil
            }
            providerReference = observation.providerReference ?? providerReference
            checkoutReference = checkoutReference ?? observation.checkoutReference
        }
        fill(&self)
        // Nothing more is unresolved once the outcome is known; other findings stay for a person.
        if review?.reason.isLackOfAnswer == true, !next.isOpen { review = nil }
        return .changed(from: before, late: before.isFinal)
    }

    private mutating func learn(_ observation: Observation) {
        if provider == nil { provider = observation.provider }
        if providerReference == nil { providerReference = observation.providerReference }
        if checkoutReference == nil { checkoutReference = observation.checkoutReference }
        if let expiry = observation.expiresAt { expiresAt = expiry }
    }

    private mutating func flag(
        _ reason: Review.Reason, _ observation: Observation, at now: Timestamp
    ) -> ObservationEffect {
        // What a provider said outranks that nobody could say anything; else the first finding stands.
        guard review == nil || review?.reason.isLackOfAnswer == true && !reason.isLackOfAnswer else {
            return .needsReview(new: false)
        }
        let found = Review(
            reason: reason, provider: observation.provider, providerReference: observation.providerReference,
            money: observation.money, since: now)
        if let settledReview, found.saysTheSame(as: settledReview) { return .unchanged }
        review = found
        updatedAt = now
        return .needsReview(new: true)
    }
}
