import PaymentModel
import ProviderKit
import StrictJSON

extension Examiner {
    mutating func checkInquiry(_ inquiring: any Inquiring) {
        guard let subject = inputs.subject else {
            return expect(
                fixtures(.inquiry).isEmpty, "every capability has its documented replies",
                "inquiry: no subject in the inputs")
        }
        let request = inquiring.inquiryRequest(for: subject)
        expect(request != nil, "a payment whose references are known can be asked after", "no request")
        if case .refusesDuplicates = adapter.createSafety(for: shape) {
            let unanswered = subject.withoutProviderReference
            let request = inquiring.inquiryRequest(for: unanswered)
            expect(
                request.map { says(subject.reference, $0) || $0.path.contains(percentEncoded(subject.reference)) }
                    ?? false,
                "who refuses duplicates can be asked by our reference", "\(request.map { "\($0)" } ?? "no request")")
        }
        expect(inquiring.leastInquiryInterval >= .zero, "the least interval is a time", "negative")

        for fixture in fixtures(.inquiry) { check(fixture, subject, inquiring) }
        for (reply, name) in unexplainedReplies(.inquiry) {
            let kind = inquiring.inquiryOutcome(of: reply, for: subject).kind
            expect(kind == "no_answer", "what the documents do not explain is no answer", "\(name): \(kind)")
        }
        for status in 400..<500 {
            for (name, body) in Mutations.garbage {
                let kind = inquiring.inquiryOutcome(of: ProviderReply(status: status, body: body), for: subject).kind
                expect(
                    ["refused", "no_answer"].contains(kind), "'not found' is only the documented body",
                    "\(status) with \(name): \(kind)")
            }
        }
        for mutated in mutatedReplies(.inquiry) {
            let outcome = inquiring.inquiryOutcome(of: mutated.reply, for: subject)
            expectBearable(
                outcome.kind, of: mutated, unexplained: "no_answer", "what the documents do not explain is no answer")
            if case .found(let report) = outcome {
                check(report, as: outcome.kind, of: mutated)
            }
        }
        checkPaidAmounts(inquiring, subject)
    }

    private mutating func check(
        _ fixture: ConformanceFixture, _ subject: InquirySubject, _ inquiring: any Inquiring
    ) {
        let outcome = inquiring.inquiryOutcome(of: fixture.reply, for: subject)
        expectRead(outcome.kind, outcome.words, fixture)
        if case .found(let report) = outcome {
            checkMoney(of: report, against: subject.money, fixture.name)
            checkUnknownStatus(in: fixture, unless: [fixture.expectation]) { _, reply, _ in
                let kind = inquiring.inquiryOutcome(of: reply, for: subject).kind
                return kind == "no_answer" ? nil : kind
            }
            for status in [400, 404, 409, 410, 422] where status != fixture.reply.status {
                let reply = ProviderReply(status: status, body: fixture.reply.body)
                let kind = inquiring.inquiryOutcome(of: reply, for: subject).kind
                expect(
                    ["refused", "no_answer"].contains(kind), "what the documents do not explain is no answer",
                    "\(fixture.name) as \(status): \(kind)")
            }
            // What is said with an error's status tells of no payment: as that a page has not been used yet.
            let other = subject.another
            if (200..<300).contains(fixture.reply.status),
                case .found(let report) = inquiring.inquiryOutcome(of: fixture.reply, for: other)
            {
                let isTold =
                    report.ourReference.map { $0 != other.reference } ?? false
                    || report.providerReference.map { $0 != other.providerReference } ?? false
                    || report.checkoutReference.map { $0 != other.checkoutReference } ?? false
                expect(
                    isTold, "another payment's state is not this one's",
                    "\(fixture.name) is read as another payment's, and the report names none of its own references")
            }
        }
        if case .notFound = outcome {
            for status in [200, 400, 500, 503] where status != fixture.reply.status {
                let reply = ProviderReply(status: status, body: fixture.reply.body)
                let kind = inquiring.inquiryOutcome(of: reply, for: subject).kind
                expect(
                    ["refused", "no_answer"].contains(kind), "'not found' is only the documented reply",
                    "\(fixture.name) as \(status): \(kind)")
            }
        }
    }

    /// What a report of returned money says is the payment's whole amount, or nothing: what was returned is another amount.
    mutating func checkMoney(of report: ProviderReport, against money: Money, _ name: String) {
        guard report.state == .partiallyRefunded || report.state == .refunded, let said = report.money else { return }
        expect(said == money, "an amount that was returned is not the payment's", "\(name): \(said)")
    }

    private mutating func checkPaidAmounts(_ inquiring: any Inquiring, _ subject: InquirySubject) {
        guard let paidInquiry = inputs.paidInquiry else { return }
        for currency in currencies {
            for amount in amounts {
                let money = Money(minorUnits: amount, currency: currency)
                let reply = ProviderReply(status: 200, body: paidInquiry(money))
                let outcome = inquiring.inquiryOutcome(
                    of: reply,
                    for: subject.with(money: money))
                guard case .found(let report) = outcome else {
                    expect(false, "paid amounts are read exactly", "\(money): \(outcome.words)")
                    continue
                }
                expect(
                    report.money == money, "paid amounts are read exactly",
                    "\(money) became \(report.money.map { "\($0)" } ?? "nothing")")
            }
        }
    }
}

extension InquirySubject {
    /// The same subject, of which the provider has told no reference of the transaction.
    var withoutProviderReference: InquirySubject {
        with(reference: reference, providerReference: nil, checkoutReference: checkoutReference, money: money)
    }

    /// Another payment, of which as much is known.
    var another: InquirySubject {
        let isPage = providerReference == nil && checkoutReference != nil
        return with(
            reference: String(reference.reversed()) + "x", providerReference: isPage ? nil : "other-id",
            checkoutReference: checkoutReference == nil ? nil : "other-page", money: money)
    }

    /// The same subject of another amount.
    func with(money: Money) -> InquirySubject {
        with(
            reference: reference, providerReference: providerReference, checkoutReference: checkoutReference,
            money: money)
    }

    private func with(
        reference: String, providerReference: String?, checkoutReference: String?, money: Money
    ) -> InquirySubject {
        InquirySubject(
            reference: reference, providerReference: providerReference, checkoutReference: checkoutReference,
            money: money, method: method, capture: capture, createdAt: createdAt, expiresAt: expiresAt,
            session: session, now: now, claimedTransactionID: claimedTransactionID)
    }
}
