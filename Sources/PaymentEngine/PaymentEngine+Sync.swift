import PaymentModel
import ProviderKit
import Resilience

extension PaymentEngine {
    /// Asks the provider now. 200 with the payment, or 202 where it is still `unknown` or has an open operation; 503 with
    /// the payment as last known where the provider gave no answer.
    ///
    /// - Parameter providerTransactionID: What a browser component gave the app. It must be this payment's: another one
    ///   is 422 at `/provider_transaction_id`.
    package func sync(payment id: String, providerTransactionID: String?, call: Call) async -> Answer {
        guard let record = await store.record(id), record.isVisible, record.payment.app == call.app.name else {
            return Answer(Problem(.notFound, "there is no payment of that id"), instance: call.requestID)
        }
        let mostWaiting = call.configuration.server.limits.followUpsWaiting
        let result = await admitted(call) {
            let result = await self.ask(
                record, naming: providerTransactionID, until: call.deadline, in: call.configuration)
            if record.openFollowUp != nil {
                _ = await self.locks.serialized(id, most: mostWaiting) {
                    await self.resolveFollowUp(of: id, until: call.deadline, in: call.configuration)
                }
            }
            return result
        }
        switch result {
        case nil: return busy(call)
        case .claimRefused(let detail):
            return Answer(.field("/provider_transaction_id", detail), instance: call.requestID)
        case .cannotAsk where providerTransactionID == nil && record.payment.status == .unknown:
            return Answer(status: 202, payment: await store.record(id)?.payment ?? record.payment)
        case .cannotAsk:
            return Answer(
                Problem(.operationNotSupported, "the provider of this payment cannot be asked"),
                instance: call.requestID)
        case .answered, .noAnswer:
            let payment = await store.record(id)?.payment ?? record.payment
            let isOpen = payment.status == .unknown || payment.openOperation != nil
            guard case .noAnswer = result, providerTransactionID != nil || !isOpen else {
                return Answer(status: isOpen ? 202 : 200, payment: payment)
            }
            var problem = Problem(
                .noProviderAvailable, "the provider was not asked, or gave no answer; the payment is as last known",
                retryAfter: 5)
            problem.payment = payment
            return Answer(problem, instance: call.requestID)
        }
    }

    /// Asks after a payment, by the transaction that the app names now or named before in vain. One that the provider gives no
    /// answer about is remembered while the payment is open: the customer may have paid, and nothing else may tell of it.
    func ask(
        _ record: PaymentRecord, naming transaction: String?, until deadline: ContinuousClock.Instant? = nil,
        in version: EngineConfiguration? = nil
    ) async -> AskResult {
        guard let transaction = transaction ?? record.claim else {
            return await ask(record, until: deadline, in: version)
        }
        let result = await ask(record, confirming: transaction, until: deadline, in: version)
        await store.update(record.payment.id) { record in
            switch result {
            case .noAnswer where record.payment.status.isOpen: record.claim = transaction
            case .answered, .claimRefused: if record.claim == transaction { record.claim = nil }
            // Once the session is over nobody can be asked; what was named is still not answered.
            case .noAnswer, .cannotAsk: break
            }
        }
        return result
    }

    /// Asks after a payment of which the app says what its transaction is.
    ///
    /// What the provider says of the payment without that comes first, where it can be asked: an amount that fits is no proof that
    /// a transaction is this payment's.
    private func ask(
        _ record: PaymentRecord, confirming transaction: String, until deadline: ContinuousClock.Instant?,
        in version: EngineConfiguration?
    ) async -> AskResult {
        var record = record
        if record.payment.providerReference == nil, inquiry(of: record) != nil {
            let result = await ask(record, until: deadline, in: version)
            guard case .answered = result, let asked = await store.record(record.payment.id) else { return result }
            record = asked
        }
        let known = [record.payment.providerReference, record.payment.checkoutReference]
        if known.contains(transaction) {
            return record.payment.providerReference == transaction && record.payment.status.isOpen
                ? await ask(record, until: deadline, in: version) : .answered
        }
        return await ask(record, claiming: transaction, until: deadline, in: version)
    }

    /// What keeps a transaction that the app named from being this payment's. From now on it names no other payment: of two
    /// that claim it at once, one gets it.
    ///
    /// Where the provider can be asked without the claim (it was, and `record` says what it said), the claim only names the
    /// transaction: money that the provider's own word on this payment does not know of is another payment's.
    func refusal(
        of report: ProviderReport, claimed transaction: String, for record: PaymentRecord, at provider: String
    ) async -> String? {
        if let reference = report.providerReference, reference != transaction { return "is not this payment's" }
        if let reference = report.ourReference, reference != record.reference { return "is not this payment's" }
        // Where the money is, another transaction is another payment's, or for a person to look at.
        if let known = record.payment.providerReference, known != transaction, !record.payment.status.isOpen,
            ![.failed, .canceled, .expired].contains(record.payment.status)
        {
            return "is not this payment's"
        }
        let status = record.payment.status
        if report.state.isMoney, record.payment.providerReference == nil, inquiry(of: record) != nil,
            !status.holdsMoney, status != .authorized
        {
            return "is not this payment's, which is not paid"
        }
        // An answer without an amount does not show that it is this one.
        guard report.money == record.payment.money else {
            // The provider itself ties it to this payment: money came, and another amount than was ordered.
            let isOurs =
                report.ourReference == record.reference
                || report.checkoutReference != nil && report.checkoutReference == record.payment.checkoutReference
            if isOurs, report.state.isMoney { await apply(report, from: provider, to: record.payment.id) }
            return "is of another amount or currency"
        }
        let name = PaymentRecord.name(provider, transaction)
        return await store.claim(reference: name, for: record.payment.id) ? nil : "belongs to another payment"
    }
}
