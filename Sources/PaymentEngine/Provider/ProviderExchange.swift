import PaymentModel
import ProviderKit
import Resilience

/// What came of one call, with all that the engine decides from: how far it got is already in it.
enum Exchanged<Outcome: Sendable>: Sendable {
    /// The breaker, our own limit or a pause that the provider asked for said no. Nothing was sent.
    case skipped(reason: String, retryAfter: Duration)
    case notSent(TransportFailure)
    case lost(TransportFailure)
    case replied(Outcome)
}

extension ProviderRuntime {
    /// Creates the payment at the provider. The ticket is the right to do so: it is spent by the caller's record.
    func create(
        _ order: PaymentOrder, with ticket: borrowing SendTicket, within timeout: Duration, limit: SendLimit
    ) async -> Exchanged<CreateOutcome> {
        precondition(ticket.provider == name, "a ticket for another provider")
        let adapter = adapter
        return await exchange(.create, adapter.createRequest(for: order), within: timeout, limit: limit) { reply in
            adapter.createOutcome(of: reply, for: order)
        } judge: { outcome in
            switch outcome {
            case .refused(let refusal): .refused(refusal)
            case .ambiguous: .fault
            case .accepted: .healthy(.accepted)
            case .declined: .healthy(.declined)
            case .rejected, .keyReused: .healthy(.rejected)
            case .duplicate: .healthy(.ambiguous)
            }
        }
    }

    /// Asks after a payment.
    func inquire(
        _ adapter: any Inquiring, _ request: ProviderRequest, _ subject: InquirySubject, within timeout: Duration
    ) async -> Exchanged<InquiryOutcome> {
        await exchange(.inquiry, request, within: timeout) { reply in
            adapter.inquiryOutcome(of: reply, for: subject)
        } judge: { outcome in
            switch outcome {
            case .refused(let refusal): .refused(refusal)
            case .noAnswer: .fault
            case .found, .notFound: .healthy(.accepted)
            case .foreign: .healthy(.ambiguous)
            }
        }
    }

    /// Sends a follow-up of a payment that the provider has.
    func followUp(
        _ operation: Operation, _ request: ProviderRequest, within timeout: Duration, limit: SendLimit,
        read: @Sendable (ProviderReply) -> FollowUpOutcome
    ) async -> Exchanged<FollowUpOutcome> {
        await exchange(operation, request, within: timeout, limit: limit, read: read) { outcome in
            switch outcome {
            case .refused(let refusal): .refused(refusal)
            case .ambiguous: .fault
            case .done, .pending: .healthy(.accepted)
            case .declined: .healthy(.declined)
            case .rejected, .conflict: .healthy(.rejected)
            }
        }
    }

    /// Fetches one page of an asking after a follow-up: what it means, only all pages tell.
    func page(_ request: ProviderRequest, within timeout: Duration) async -> Exchanged<ProviderReply> {
        await exchange(.inquiry, request, within: timeout) {
            $0
        } judge: { reply in
            switch reply.status {
            case 401, 403: .refused(.credentials)
            case 429: .refused(.rateLimited(retryAfter: reply.retryAfter))
            case 500...: .fault
            default: .healthy(.accepted)
            }
        }
    }

    /// What an outcome says of the provider's health, and what it is counted as.
    private enum Judgement {
        case healthy(Attempt.Outcome)
        case fault
        case refused(Refusal)
    }

    private func exchange<Outcome: Sendable>(
        _ operation: Operation, _ request: ProviderRequest, within timeout: Duration, limit: SendLimit? = nil,
        read: (ProviderReply) -> Outcome, judge: (Outcome) -> Judgement
    ) async -> Exchanged<Outcome> {
        let permit: CallPermit
        switch admit(operation, method: request.method) {
        case .admitted(let given): permit = given
        case .refused(let reason, let wait):
            metrics.request(name, operation, .skipped, took: nil)
            return .skipped(reason: reason, retryAfter: wait)
        }
        let transmission = await send(request, as: permit.span, within: timeout, limit: limit) { reply in
            guard reply.status == 401 || reply.status == 403 else { return false }
            return if case .refused(let refusal) = judge(read(reply)), refusal.kind == .credentials { true } else {
                false
            }
        }
        switch transmission {
        case .notSent(let failure):
            close(permit, .failure, as: .unavailable)
            return .notSent(failure)
        case .sentWithoutReply(let failure):
            close(permit, .failure, as: .ambiguous)
            return .lost(failure)
        case .replied(let reply):
            let outcome = read(reply)
            switch judge(outcome) {
            case .healthy(let counted):
                close(permit, reply.status >= 500 ? .failure : .success, as: counted, status: reply.status)
            case .fault: close(permit, .failure, as: .ambiguous, status: reply.status)
            case .refused(let refusal):
                if case .rateLimited(let wait?) = refusal.kind { pause(for: wait) }
                close(
                    permit, refusal.breakerResult(status: reply.status), as: refusal.attemptOutcome,
                    status: reply.status)
            }
            return .replied(outcome)
        }
    }
}
