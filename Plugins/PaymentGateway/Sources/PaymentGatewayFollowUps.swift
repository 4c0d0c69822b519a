import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// Captures, voids and refunds name a payment by its id; an intent that is still open is canceled by its own.
extension PaymentGatewayAdapter {
    public func followUpObstacle(for followUp: FollowUp) -> String? {
        let payment = followUp.payment
        if isIntentCancel(followUp) { return nil }
        guard let id = payment.providerReference, ProviderText.isReference(id) else {
            return
                "the provider has not told its id of the payment yet: wait for its callback; of a checkout, sync the payment "
                + "with the provider_transaction_id that the customer's browser brought"
        }
        return nil
    }

    // MARK: Capture

    public func captureSafety(for followUp: FollowUp) -> SendSafety { Self.replayable }

    public func captureRequest(for followUp: FollowUp) -> ProviderRequest {
        post("capture", followUp, PaymentGatewayWire.capture(amount: amount(of: followUp)))
    }

    public func captureOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome {
        outcome(of: reply, for: followUp) { payment in
            payment.status == "captured" && (payment.capturedAmount ?? amount(of: followUp)) == amount(of: followUp)
        }
    }

    // MARK: Cancel

    public func cancelSafety(for followUp: FollowUp) -> SendSafety {
        isIntentCancel(followUp) ? .inert : Self.replayable
    }

    public func cancelRequest(for followUp: FollowUp) -> ProviderRequest {
        guard isIntentCancel(followUp), let id = followUp.payment.checkoutReference else {
            return post("void", followUp, PaymentGatewayWire.void(reason: reason(of: followUp)))
        }
        return ProviderRequest(
            .post, "\(PaymentGatewayWire.intents)/\(percentEncoded(id))/cancel", headers: headers(key: followUp.key))
    }

    public func cancelOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome {
        guard isIntentCancel(followUp) else {
            return outcome(of: reply, for: followUp) { $0.status == "voided" }
        }
        guard (200..<300).contains(reply.status) else { return failure(in: reply) }
        // The one reply that is documented without `data`.
        guard reply.gatewaySuccess?["message"]?.string == "payment intent canceled" else {
            return .ambiguous(reason: "unreadable_reply")
        }
        return .done(providerReference: nil)
    }

    /// Whether the follow-up closes a checkout that nobody has paid, and does not release a hold.
    private func isIntentCancel(_ followUp: FollowUp) -> Bool {
        guard followUp.operation == .cancel, followUp.payment.method == .checkout,
            followUp.payment.status != .authorized, let id = followUp.payment.checkoutReference
        else { return false }
        return ProviderText.isReference(id)
    }

    // MARK: Refund

    /// Two refunds of a part may be meant; of the whole there is one.
    public func refundSafety(for followUp: FollowUp) -> SendSafety {
        let isWhole = followUp.payment.amountRefunded == 0 && amount(of: followUp) == followUp.payment.money.minorUnits
        return isWhole ? Self.replayable : .once
    }

    public func refundRequest(for followUp: FollowUp) -> ProviderRequest {
        post(
            "refund", followUp,
            PaymentGatewayWire.refund(amount: amount(of: followUp), reason: reason(of: followUp)))
    }

    public func refundOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome {
        let before = followUp.payment.amountRefunded
        let after = before + amount(of: followUp)
        return outcome(of: reply, for: followUp) { payment in
            guard ["partially_refunded", "refunded"].contains(payment.status) else { return false }
            // The example does not show whether the amount is that of all refunds or of this one. Without it, the status
            // must be the one that is due.
            if let refunded = payment.refundedAmount {
                return refunded == after || refunded == amount(of: followUp)
            }
            return (payment.status == "refunded") == (after == followUp.payment.amountCaptured)
        }
    }

    // MARK: All three

    /// A follow-up that names its payment in the path. Without the payment's id there is an obstacle, and the host does not
    /// get here; another id in its place is one that the provider does not find.
    private func post(_ verb: String, _ followUp: FollowUp, _ json: JSONWriter) -> ProviderRequest {
        let id = followUp.payment.providerReference ?? followUp.payment.checkoutReference ?? followUp.reference
        return .post(
            "\(PaymentGatewayWire.payments)/\(percentEncoded(id))/\(verb)", headers: headers(key: followUp.key),
            json: json)
    }

    private func outcome(
        of reply: ProviderReply, for followUp: FollowUp, isDone: (GatewayPayment) -> Bool
    ) -> FollowUpOutcome {
        guard (200..<300).contains(reply.status) else { return failure(in: reply) }
        guard let payment = reply.gatewayData.flatMap({ GatewayPayment($0) }) else {
            return .ambiguous(reason: "unreadable_reply")
        }
        guard payment.id == followUp.payment.providerReference else { return .ambiguous(reason: "foreign_reference") }
        guard payment.money == nil || payment.money == followUp.payment.money else {
            return .ambiguous(reason: "another_amount")
        }
        return isDone(payment) ? .done(providerReference: nil) : .ambiguous(reason: "unexpected_status")
    }

    /// What an error reply says of the follow-up. The document has conflicts as 400 at each endpoint and as 409 and 410 in its
    /// table, and other pages have 422: the words count.
    private func failure(in reply: ProviderReply) -> FollowUpOutcome {
        if let refusal = PaymentGatewayMapping.refusal(in: reply) { return .refused(refusal) }
        guard let error = reply.gatewayError else { return .ambiguous(reason: "http_\(reply.status)") }
        let detail = error.sentence(hiding: secrets)
        switch reply.status {
        case 400 where error.saysNotFound, 401 where error.saysNotFound, 404 where error.saysNotFound,
            400 where error.saysInvalidRequest:
            return .rejected(detail: detail, providerCode: ProviderText.code(error.code, hiding: secrets))
        case 402: return .declined(PaymentGatewayMapping.decline(error, hiding: secrets))
        // "Request conflicts with current state", "Resource expired or no longer available": whatever the words.
        case 409, 410: return .conflict(detail: detail)
        case 400 where error.saysConflict, 422 where error.saysConflict: return .conflict(detail: detail)
        default: return .ambiguous(reason: "http_\(reply.status)")
        }
    }

    private func amount(of followUp: FollowUp) -> Int64 { followUp.amount ?? followUp.payment.money.minorUnits }

    private func reason(of followUp: FollowUp) -> String { followUp.reason ?? PaymentGatewayMapping.defaultReason }
}
