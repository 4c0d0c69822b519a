import Testing

@testable import PaymentModel

@Suite struct LifeCycleTests {
    private let amount = Money(minorUnits: 10_000, currency: Samples.kes)

    // MARK: Late success

    @Test(arguments: [PaymentStatus.canceled, .expired, .failed])
    func moneyThatWasTakenAfterAllIsTold(_ ended: PaymentStatus) {
        for (state, next) in [(ReportedState.captured, PaymentStatus.captured), (.authorized, .authorized)] {
            var payment = Samples.payment(ended)
            payment.decline = Samples.decline
            let effect = payment.observe(
                Samples.observation(state, money: amount, reference: "tx-9"), at: Samples.later)
            #expect(effect == .changed(from: ended, late: true))
            #expect(payment.status == next)
            #expect(payment.decline == nil)
            #expect(payment.providerReference == "tx-9")
            #expect(payment.amountCaptured == (next == .captured ? 10_000 : 0))
            // Told again: nothing new. A failure after it: a contradiction.
            #expect(payment.observe(Samples.observation(state, reference: "tx-9"), at: Samples.later) == .unchanged)
            let failure = Samples.observation(.failed(Samples.decline), reference: "tx-9")
            #expect(payment.observe(failure, at: Samples.later) == .needsReview(new: true))
            #expect(payment.review?.reason == .contradiction)
        }
    }

    @Test func theBeginningOfAHoldThatHasEndedIsThePast() {
        var payment = Samples.payment(.pending, reference: "tx-1")
        let held = Samples.observation(.authorized, money: amount, reference: "tx-1")
        #expect(payment.observe(held, at: Samples.later) == .changed(from: .pending, late: false))
        #expect(
            payment.observe(Samples.observation(.expired, reference: "tx-1"), at: Samples.later)
                == .changed(from: .authorized, late: false))
        #expect(payment.observe(held, at: Samples.later) == .unchanged)
        #expect(payment.status == .expired)
        // Another hold is another matter, and so is money that was taken of this one.
        for next in [
            Samples.observation(.authorized, money: amount, reference: "tx-2"),
            Samples.observation(.captured, money: amount, reference: "tx-1"),
        ] {
            var payment = payment
            #expect(payment.observe(next, at: Samples.later) == .changed(from: .expired, late: true))
        }
    }

    @Test func aSuccessOfAnOpenPaymentIsNotLate() {
        for status in [PaymentStatus.unknown, .pending, .requiresAction] {
            var payment = Samples.payment(status)
            #expect(
                payment.observe(Samples.observation(.captured), at: Samples.later)
                    == .changed(from: status, late: false))
        }
    }

    // MARK: What a person has to see

    @Test func moneyThatDiffersChangesNothingButTheReview() {
        let differing: [(Money, Review.Reason)] = [
            (Money(minorUnits: 9900, currency: Samples.kes), .amountMismatch),
            (Money(minorUnits: 10_001, currency: Samples.kes), .amountMismatch),
            (Money(minorUnits: 0, currency: Samples.kes), .amountMismatch),
            (Money(minorUnits: 10_000, currency: Samples.usd), .currencyMismatch),
            (Money(minorUnits: 1, currency: Samples.usd), .currencyMismatch),
        ]
        for (money, reason) in differing {
            for status in PaymentStatus.allCases {
                for (name, state) in LifeCycleTableTests.states {
                    let before = Samples.payment(status)
                    var payment = before
                    let effect = payment.observe(
                        Samples.observation(state, money: money, reference: "tx-2"), at: Samples.later)
                    #expect(effect == .needsReview(new: true), "\(status), \(name)")
                    #expect(
                        payment.review
                            == Review(
                                reason: reason, provider: "payalo-ke", providerReference: "tx-2", money: money,
                                since: Samples.later))
                    payment.review = nil
                    payment.updatedAt = before.updatedAt
                    #expect(payment == before)
                }
            }
        }
    }

    @Test(arguments: [PaymentStatus.authorized, .captured, .partiallyRefunded, .refunded])
    func anotherTransactionsSuccessIsASecondOne(_ status: PaymentStatus) {
        for state in [ReportedState.captured, .authorized] {
            var payment = Samples.payment(status)
            #expect(
                payment.observe(Samples.observation(state, reference: "ref-2"), at: Samples.later)
                    == .needsReview(new: true))
            #expect(payment.review?.reason == .secondSuccess)
            #expect(payment.review?.providerReference == "ref-2")
            #expect(payment.status == status)
            #expect(payment.providerReference == "ref-1")
        }
    }

    @Test(arguments: [PaymentStatus.authorized, .captured, .partiallyRefunded, .refunded])
    func anotherProvidersSuccessIsASecondOneWithOrWithoutAReference(_ status: PaymentStatus) {
        for reference in [nil, "ref-1", "ref-2"] {
            for known in [nil, "ref-1"] {
                var payment = Samples.payment(status, reference: known)
                let observation = Samples.observation(.captured, provider: "spayon", reference: reference)
                #expect(payment.observe(observation, at: Samples.later) == .needsReview(new: true))
                #expect(payment.review?.reason == .secondSuccess)
                #expect(payment.review?.provider == "spayon")
                #expect(payment.provider == "payalo-ke")
            }
        }
    }

    /// A create that was lost and arrived late opens a second page under the same reference, which nobody has: its end must not end
    /// the payment whose page the customer has.
    @Test func theEndOfAnotherTransactionSaysNothing() {
        for status in PaymentStatus.allCases {
            for state in [ReportedState.failed(Decline(code: .generic)), .canceled, .expired, .voided] {
                let before = Samples.payment(status)
                var payment = before
                let observation = Samples.observation(state, reference: "ref-2")
                #expect(payment.observe(observation, at: Samples.later) == .unchanged, "\(status), \(state)")
                #expect(payment == before, "\(status), \(state)")
            }
        }
    }

    @Test(arguments: [PaymentStatus.unknown, .pending, .requiresAction, .canceled, .failed, .expired])
    func theFirstSuccessMakesThePaymentItsProvidersOwn(_ status: PaymentStatus) {
        for reference in [nil, "tx-s"] {
            var payment = Samples.payment(status)
            let observation = Samples.observation(.captured, provider: "spayon", money: amount, reference: reference)
            #expect(payment.observe(observation, at: Samples.later) == .changed(from: status, late: status.isFinal))
            #expect(payment.status == .captured)
            #expect(payment.provider == "spayon")
            // The other provider's reference would name nothing here.
            #expect(payment.providerReference == reference)
            // The provider that it was at may take money as well: once is enough.
            #expect(payment.observe(Samples.observation(.captured), at: Samples.later) == .needsReview(new: true))
            #expect(payment.review?.reason == .secondSuccess)
            #expect(payment.provider == "spayon")
        }
    }

    @Test func anotherProvidersFailureSaysNothingOfThePaymentWhereItIsNow() {
        for status in PaymentStatus.allCases {
            for (name, state) in LifeCycleTableTests.states {
                switch state {
                case .captured, .authorized, .partiallyRefunded, .refunded, .reversed: continue
                default: break
                }
                let before = Samples.payment(status)
                var payment = before
                let observation = Samples.observation(
                    state, provider: "spayon", money: amount, expiresAt: Samples.later)
                #expect(payment.observe(observation, at: Samples.later) == .unchanged, "\(status), \(name)")
                #expect(payment == before, "\(status), \(name)")
            }
        }
    }

    @Test func theFirstFindingStandsAndIsToldOnce() {
        var payment = Samples.payment(.captured)
        #expect(payment.observe(Samples.observation(.reversed), at: Samples.now) == .needsReview(new: true))
        let review = payment.review
        for state in [ReportedState.reversed, .failed(Samples.decline), .canceled] {
            #expect(payment.observe(Samples.observation(state), at: Samples.later) == .needsReview(new: false))
            #expect(payment.review == review)
            #expect(payment.updatedAt == Samples.now)
        }
    }

    @Test func whatAProviderSaidOutranksThatNobodyCouldSay() {
        for reason in [Review.Reason.unresolved, .cannotAsk] {
            var payment = Samples.payment(.pending)
            #expect(payment.needReview(reason, at: Samples.now) == .needsReview(new: true))
            #expect(payment.review?.reason == reason)
            #expect(payment.review?.provider == "payalo-ke")
            // Said again, or the other way round: one finding, one event.
            #expect(payment.needReview(.unresolved, at: Samples.later) == .needsReview(new: false))
            #expect(payment.needReview(.cannotAsk, at: Samples.later) == .needsReview(new: false))
            #expect(payment.review?.reason == reason)
            #expect(payment.observe(Samples.observation(.reversed), at: Samples.later) == .needsReview(new: true))
            #expect(payment.review?.reason == .reversal)
            #expect(payment.needReview(reason, at: Samples.later) == .needsReview(new: false))
            #expect(payment.review?.reason == .reversal)
        }
    }

    @Test func aKnownOutcomeEndsTheLackOfAnAnswerAndNothingElse() {
        for reason in Review.Reason.allCases {
            for (state, isOutcome) in [
                (ReportedState.captured, true), (.authorized, true), (.failed(Samples.decline), true), (.expired, true),
                (.canceled, true), (.pending(nil), false), (.requiresAction(Samples.action), false),
            ] {
                var payment = Samples.payment(.unknown)
                _ = payment.needReview(reason, at: Samples.now)
                _ = payment.observe(Samples.observation(state), at: Samples.later)
                let isLack = reason == .unresolved || reason == .cannotAsk
                #expect((payment.review == nil) == (isLack && isOutcome), "\(reason), \(state)")
            }
        }
    }

    // MARK: Provisional failures

    @Test(arguments: [PaymentStatus.unknown, .requiresAction, .pending])
    func aFailureForNowLeavesThePaymentPendingWithItsDecline(_ status: PaymentStatus) {
        var payment = Samples.payment(status)
        _ = payment.observe(Samples.observation(.failedForNow(Samples.decline)), at: Samples.later)
        #expect(payment.status == .pending)
        #expect(payment.decline == Samples.decline)
        #expect(payment.nextAction == nil)
        #expect(payment.updatedAt == Samples.later)
        // The same again changes nothing; another decline is the newer one.
        let before = payment
        let moment = Samples.later.advanced(by: .seconds(1))
        #expect(payment.observe(Samples.observation(.failedForNow(Samples.decline)), at: moment) == .unchanged)
        #expect(payment == before)
        let other = Decline(code: .doNotHonor)
        #expect(payment.observe(Samples.observation(.failedForNow(other)), at: moment) == .unchanged)
        #expect(payment.decline == other)
        #expect(payment.updatedAt == moment)
        // And the customer pays after all.
        #expect(payment.observe(Samples.observation(.captured), at: moment) == .changed(from: .pending, late: false))
        #expect(payment.decline == nil)
    }

    @Test func aFailureForNowBecomesFinal() {
        var payment = Samples.payment(.pending)
        _ = payment.observe(Samples.observation(.failedForNow(Decline(code: .doNotHonor))), at: Samples.now)
        #expect(
            payment.observe(Samples.observation(.failed(Samples.decline)), at: Samples.later)
                == .changed(from: .pending, late: false))
        #expect(payment.status == .failed)
        #expect(payment.decline == Samples.decline)
    }

    // MARK: What is learnt

    @Test func referencesAndExpiryAreLearntWhileThePaymentIsOpen() {
        var payment = Samples.payment(.unknown, provider: nil, reference: nil)
        let end = Samples.later
        _ = payment.observe(
            Samples.observation(.requiresAction(Samples.action), reference: "s-1", expiresAt: end), at: Samples.now)
        #expect(payment.provider == "payalo-ke")
        #expect(payment.providerReference == "s-1")
        #expect(payment.expiresAt == end)
        #expect(payment.nextAction == Samples.action)
        // Another reference of an open payment does not replace the first; that of the success does.
        _ = payment.observe(Samples.observation(.pending(nil), reference: "s-2"), at: Samples.now)
        #expect(payment.providerReference == "s-1")
        #expect(payment.nextAction == nil)
        _ = payment.observe(Samples.observation(.captured, reference: "tx-1"), at: Samples.now)
        #expect(payment.providerReference == "tx-1")
    }

    @Test func assigningAnotherProviderForgetsTheReferenceUnlessMoneyIsThere() {
        var open = Samples.payment(.unknown)
        open.assign(to: "payalo-ke")
        #expect(open.providerReference == "ref-1")
        open.assign(to: "spayon")
        #expect(open.provider == "spayon")
        #expect(open.providerReference == nil)
        for status in [PaymentStatus.authorized, .captured, .partiallyRefunded, .refunded] {
            var payment = Samples.payment(status)
            payment.assign(to: "spayon")
            #expect(payment == Samples.payment(status))
        }
    }

    // MARK: By hand

    private func note(_ text: String = "seen in the portal") -> Attempt {
        Attempt(
            provider: "payalo-ke", operation: .inquiry, outcome: .resolved, reason: nil, startedAt: Samples.later,
            durationMilliseconds: 0, note: text)
    }

    @Test func aPersonSettlesWhatIsUnknownOrUnderReview() {
        for status in PaymentStatus.allCases where status != .unknown {
            for isUnknown in [true, false] {
                var payment = Samples.payment(isUnknown ? .unknown : .captured)
                if !isUnknown { _ = payment.observe(Samples.observation(.failed(Samples.decline)), at: Samples.now) }
                payment.openOperation = OpenOperation(type: .capture, amount: nil, since: Samples.now)
                payment.resolve(to: status, providerReference: "by-hand", note: note(), at: Samples.later)
                #expect(payment.status == status)
                #expect(payment.review == nil)
                #expect(payment.openOperation == nil)
                #expect(payment.providerReference == "by-hand")
                #expect(payment.attempts.last == note())
                #expect(payment.updatedAt == Samples.later)
                // The amounts tell the same as the status.
                #expect(payment.amountCaptured == (status.holdsMoney ? 10_000 : 0), "\(status)")
                #expect(payment.amountRefunded == (status == .refunded ? 10_000 : 0), "\(status)")
            }
        }
    }

    @Test func aPersonNeedNotKnowTheReference() {
        var payment = Samples.payment(.unknown)
        payment.resolve(to: .failed, providerReference: nil, note: note(), at: Samples.later)
        #expect(payment.providerReference == "ref-1")
    }

    @Test func whatNeedsNoPersonIsNotSettledByOne() async {
        await #expect(processExitsWith: .failure) {
            var payment = Samples.payment(.captured)
            payment.resolve(to: .failed, providerReference: nil, note: Samples.note, at: Samples.later)
        }
        await #expect(processExitsWith: .failure) {
            var payment = Samples.payment(.unknown)
            payment.resolve(to: .unknown, providerReference: nil, note: Samples.note, at: Samples.later)
        }
    }

    // MARK: The record

    @Test func theHistoryKeepsItsBeginningAndItsEnd() {
        var payment = Samples.payment(.pending)
        for number in 0..<1000 {
            payment.record(note("\(number)"))
            #expect(payment.attempts.count == min(number + 1, 100))
        }
        let numbers = payment.attempts.compactMap(\.note).compactMap(Int.init)
        #expect(numbers == Array(0..<50) + Array(950..<1000))
    }

    @Test func allRefundsButFailedOnesCountAsTaken() {
        var payment = Samples.payment(.captured)
        #expect(payment.refundable == 10_000)
        for (status, left) in [
            (Refund.Status.pending, Int64(9000)), (.failed, 9000), (.succeeded, 8000), (.unknown, 7000),
        ] {
            payment.refunds.append(
                Refund(id: "re_1", amount: 1000, status: status, reason: nil, createdAt: Samples.now))
            #expect(payment.refundable == left)
        }
        #expect(Samples.payment(.pending).refundable == 0)
    }
}

extension Samples {
    static let note = Attempt(
        provider: "payalo-ke", operation: .inquiry, outcome: .resolved, reason: nil, startedAt: later,
        durationMilliseconds: 0, note: "n")
}
