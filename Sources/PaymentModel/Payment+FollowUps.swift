/// Why a follow-up cannot be done to a payment as it is.
public enum FollowUpFault: Error, Sendable, Hashable {
    /// The state forbids it: what is wrong, in words.
    case state(String)
    /// More than is left: what is left, in minor units.
    case amount(left: Int64)
}

extension Payment {
    /// The amount that a capture takes: `amount`, or all that is authorized. Once, whole or in part.
    public func amountToCapture(_ amount: Int64?) throws(FollowUpFault) -> Int64 {
        try mustBeAtRest()
        guard status == .authorized else {
            throw .state("only an authorized payment can be captured; this one is \(status.rawValue)")
        }
        guard (amount ?? money.minorUnits) <= money.minorUnits else { throw .amount(left: money.minorUnits) }
        return amount ?? money.minorUnits
    }

    /// The amount that a refund returns: `amount`, or all that is left.
    ///
    /// Of a payment that is `refunded` nothing is left: that is a fault of the amount and not of the state. Of two
    /// refunds of the whole at once, which are put in order, the second is told so.
    public func amountToRefund(_ amount: Int64?) throws(FollowUpFault) -> Int64 {
        try mustBeAtRest()
        if status == .refunded { throw .amount(left: 0) }
        guard status == .captured || status == .partiallyRefunded else {
            throw .state("only a captured payment can be refunded; this one is \(status.rawValue)")
        }
        if review?.reason == .reversal {
            throw .state("money went back without a refund of ours: a person has to look first")
        }
        guard refundable > 0, (amount ?? refundable) <= refundable else { throw .amount(left: refundable) }
        return amount ?? refundable
    }

    /// Whether the payment can be voided or closed.
    public func mustBeCancelable() throws(FollowUpFault) {
        try mustBeAtRest()
        guard [.authorized, .requiresAction, .pending].contains(status) else {
            throw .state("a payment that is \(status.rawValue) cannot be canceled")
        }
    }

    /// Marks a follow-up as sent: until its outcome is known, no other one may begin.
    public mutating func begin(_ operation: OpenOperation, refund: Refund? = nil, at now: Timestamp) {
        precondition(openOperation == nil, "a follow-up began while another one was open")
        openOperation = operation
        if let refund { refunds.append(refund) }
        updatedAt = now
    }

    /// The open follow-up was done. No effect where none is open: a callback or an inquiry was faster than the reply.
    public mutating func completeOperation(at now: Timestamp) {
        guard let operation = openOperation else { return }
        switch operation.type {
        case .capture:
            transition(to: .captured, at: now)
        case .cancel:
            transition(to: status == .authorized ? .voided : .canceled, at: now)
        case .refund:
            setLastRefund(.succeeded)
            amountRefunded += operation.amount ?? 0
            openOperation = nil
            transition(to: amountRefunded == amountCaptured ? .refunded : .partiallyRefunded, at: now)
        case .create, .inquiry, .token: preconditionFailure("\(operation.type) is no follow-up")
        }
    }

    /// The provider took the open follow-up up; its outcome comes later. Only a refund's shows.
    public mutating func acknowledgeOperation(at now: Timestamp) {
        if openOperation?.type == .refund { setLastRefund(.pending) }
        updatedAt = now
    }

    /// The open follow-up was not done, and the provider said so.
    public mutating func abandonOperation(at now: Timestamp) {
        if openOperation?.type == .refund { setLastRefund(.failed) }
        openOperation = nil
        updatedAt = now
    }

    /// The open follow-up never left, or the provider did not take it up: as if it had not been asked for.
    public mutating func withdrawOperation(at now: Timestamp) {
        if openOperation?.type == .refund { refunds.removeLast() }
        openOperation = nil
        updatedAt = now
    }

    mutating func setLastRefund(_ status: Refund.Status) {
        precondition(!refunds.isEmpty, "a refund is open without its record")
        refunds[refunds.count - 1].status = status
    }

    private func mustBeAtRest() throws(FollowUpFault) {
        if let openOperation { throw .state("the outcome of its \(openOperation.type.rawValue) is not known yet") }
        if review?.reason == .cannotAsk || status == .unknown {
            throw .state("what became of the payment is not known yet")
        }
    }
}
