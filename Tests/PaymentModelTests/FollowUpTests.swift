import Testing

@testable import PaymentModel

/// Captures, cancels and refunds: what a payment's state allows, and what becomes of its amounts.
@Suite struct FollowUpTests {
    private func begin(_ payment: inout Payment, _ type: Operation, _ amount: Int64? = nil) {
        let refund =
            type == .refund
            ? Refund(id: "re_1", amount: amount ?? 0, status: .unknown, reason: nil, createdAt: Samples.now) : nil
        payment.begin(OpenOperation(type: type, amount: amount, since: Samples.now), refund: refund, at: Samples.now)
    }

    private func fault(_ body: () throws(FollowUpFault) -> Void) -> FollowUpFault? {
        do throws(FollowUpFault) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    // MARK: What is allowed

    @Test(arguments: PaymentStatus.allCases)
    func eachFollowUpIsForItsStatusesAlone(_ status: PaymentStatus) {
        let payment = Samples.payment(status)
        let canCapture = fault { () throws(FollowUpFault) in _ = try payment.amountToCapture(nil) } == nil
        let canRefund = fault { () throws(FollowUpFault) in _ = try payment.amountToRefund(nil) } == nil
        let canCancel = fault { () throws(FollowUpFault) in try payment.mustBeCancelable() } == nil
        #expect(canCapture == (status == .authorized))
        #expect(canRefund == [.captured, .partiallyRefunded].contains(status))
        #expect(canCancel == [.authorized, .pending, .requiresAction].contains(status))
    }

    @Test func nothingBeginsWhileAnOutcomeIsOpen() async {
        for type in [Operation.capture, .cancel, .refund] {
            for status in PaymentStatus.allCases {
                var payment = Samples.payment(status)
                begin(&payment, type, 1)
                #expect(fault { () throws(FollowUpFault) in _ = try payment.amountToCapture(nil) } != nil)
                #expect(fault { () throws(FollowUpFault) in _ = try payment.amountToRefund(nil) } != nil)
                #expect(fault { () throws(FollowUpFault) in try payment.mustBeCancelable() } != nil)
            }
        }
        await #expect(processExitsWith: .failure) {
            var payment = Samples.payment(.authorized)
            let operation = OpenOperation(type: .capture, amount: nil, since: Samples.now)
            payment.begin(operation, at: Samples.now)
            payment.begin(operation, at: Samples.now)
        }
    }

    @Test func amountsAreWholeOrPartAndNeverMore() throws {
        let authorized = Samples.payment(.authorized)
        #expect(try authorized.amountToCapture(nil) == 10_000)
        #expect(try authorized.amountToCapture(1) == 1)
        #expect(try authorized.amountToCapture(10_000) == 10_000)
        #expect(throws: FollowUpFault.amount(left: 10_000)) { try authorized.amountToCapture(10_001) }
        var captured = Samples.payment(.captured)
        #expect(try captured.amountToRefund(nil) == 10_000)
        #expect(throws: FollowUpFault.amount(left: 10_000)) { try captured.amountToRefund(10_001) }
        for (status, left) in [
            (Refund.Status.pending, Int64(7500)), (.unknown, 5000), (.failed, 5000), (.succeeded, 2500),
        ] {
            captured.refunds.append(
                Refund(id: "re_1", amount: 2500, status: status, reason: nil, createdAt: Samples.now))
            #expect(try captured.amountToRefund(nil) == left)
            #expect(throws: FollowUpFault.amount(left: left)) { try captured.amountToRefund(left + 1) }
        }
        captured.refunds.append(Refund(id: "re_2", amount: 2500, status: .unknown, reason: nil, createdAt: Samples.now))
        #expect(throws: FollowUpFault.amount(left: 0)) { try captured.amountToRefund(nil) }
    }

    @Test func ofARefundedPaymentNothingIsLeft() {
        for amount in [nil, 1, 10_000] as [Int64?] {
            #expect(throws: FollowUpFault.amount(left: 0)) { try Samples.payment(.refunded).amountToRefund(amount) }
        }
    }

    // MARK: What becomes of the payment

    @Test func aCaptureTakesWhatItAskedFor() {
        for (asked, taken) in [(nil, Int64(10_000)), (10_000, 10_000), (4000, 4000)] as [(Int64?, Int64)] {
            var payment = Samples.payment(.authorized)
            begin(&payment, .capture, asked)
            payment.completeOperation(at: Samples.later)
            #expect(payment.status == .captured)
            #expect(payment.amountCaptured == taken)
            #expect(payment.refundable == taken)
            #expect(payment.openOperation == nil)
            #expect(payment.updatedAt == Samples.later)
        }
    }

    @Test func aCaptureThatIsSeenBeforeItsReplyTakesItsPartOnce() {
        for (asked, taken) in [(nil, Int64(10_000)), (4000, 4000)] as [(Int64?, Int64)] {
            var payment = Samples.payment(.authorized)
            begin(&payment, .capture, asked)
            #expect(
                payment.observe(Samples.observation(.captured), at: Samples.now)
                    == .changed(from: .authorized, late: false))
            #expect(payment.amountCaptured == taken)
            #expect(payment.openOperation == nil)
            // The reply comes after it, or says that it was done before: nothing is left to do.
            let before = payment
            payment.completeOperation(at: Samples.later)
            #expect(payment == before)
        }
    }

    @Test func aCancelVoidsAnAuthorizationAndClosesACheckout() {
        for (status, next) in [
            (PaymentStatus.authorized, PaymentStatus.voided), (.pending, .canceled), (.requiresAction, .canceled),
        ] {
            var payment = Samples.payment(status)
            begin(&payment, .cancel)
            payment.completeOperation(at: Samples.later)
            #expect(payment.status == next)
            #expect(payment.nextAction == nil)
            #expect(payment.openOperation == nil)
        }
    }

    /// (status, the open follow-up, what the provider says meanwhile, whether that answers it)
    static let meanwhile: [(PaymentStatus, Operation, ReportedState, Bool)] = [
        (.authorized, .capture, .captured, true), (.authorized, .capture, .voided, true),
        (.authorized, .capture, .expired, true), (.authorized, .capture, .authorized, false),
        (.authorized, .capture, .pending(nil), false), (.authorized, .capture, .failed(Samples.decline), false),
        (.authorized, .cancel, .voided, true), (.authorized, .cancel, .canceled, true),
        (.authorized, .cancel, .captured, true), (.authorized, .cancel, .expired, true),
        (.authorized, .cancel, .authorized, false), (.pending, .cancel, .canceled, true),
        (.pending, .cancel, .captured, true), (.pending, .cancel, .failed(Samples.decline), true),
        (.pending, .cancel, .expired, true), (.pending, .cancel, .authorized, false),
        (.pending, .cancel, .pending(nil), false), (.requiresAction, .cancel, .pending(nil), false),
        (.captured, .refund, .captured, false), (.captured, .refund, .reversed, false),
    ]

    @Test(arguments: meanwhile)
    func whatEndsThePaymentAnswersTheOpenFollowUp(
        _ status: PaymentStatus, _ type: Operation, _ state: ReportedState, _ answers: Bool
    ) {
        var payment = Samples.payment(status)
        begin(&payment, type, type == .cancel ? nil : 10_000)
        _ = payment.observe(Samples.observation(state), at: Samples.now)
        #expect((payment.openOperation == nil) == answers)
        // The reply that comes after it never traps and never takes a step that the table forbids.
        let before = payment
        payment.completeOperation(at: Samples.later)
        #expect(payment.openOperation == nil)
        #expect(payment == before || before.status.canBecome(payment.status))
    }

    @Test func refundsAddUpToTheWhole() {
        var payment = Samples.payment(.captured)
        for (amount, total, status) in [
            (Int64(2500), Int64(2500), PaymentStatus.partiallyRefunded), (2500, 5000, .partiallyRefunded),
            (5000, 10_000, .refunded),
        ] {
            begin(&payment, .refund, amount)
            #expect(payment.refunds.last?.status == .unknown)
            payment.completeOperation(at: Samples.later)
            #expect(payment.amountRefunded == total)
            #expect(payment.refundable == 10_000 - total)
            #expect(payment.status == status)
            #expect(payment.refunds.last?.status == .succeeded)
            #expect(payment.openOperation == nil)
        }
        #expect(payment.refunds.count == 3)
    }

    @Test func aRefundOfAPartlyCapturedPaymentIsWholeAtWhatWasCaptured() {
        var payment = Samples.payment(.authorized)
        begin(&payment, .capture, 4000)
        payment.completeOperation(at: Samples.now)
        begin(&payment, .refund, 4000)
        payment.completeOperation(at: Samples.later)
        #expect(payment.status == .refunded)
        #expect(payment.amountRefunded == 4000)
    }

    @Test func whatWasNotDoneLeavesTheStateAndFreesTheAmount() {
        for (status, type) in [
            (PaymentStatus.authorized, Operation.capture), (.pending, .cancel), (.captured, .refund),
        ] {
            var payment = Samples.payment(status)
            begin(&payment, type, 1000)
            payment.abandonOperation(at: Samples.later)
            #expect(payment.status == status)
            #expect(payment.openOperation == nil)
            #expect(payment.amountRefunded == 0)
            #expect(payment.refunds.map(\.status) == (type == .refund ? [.failed] : []))
            #expect(payment.refundable == (status == .captured ? 10_000 : 0))
        }
    }

    @Test func whatWasTakenUpStaysOpenAndCounts() {
        var payment = Samples.payment(.captured)
        begin(&payment, .refund, 1000)
        payment.acknowledgeOperation(at: Samples.later)
        #expect(payment.refunds.map(\.status) == [.pending])
        #expect(payment.openOperation?.type == .refund)
        #expect(payment.refundable == 9000)
        #expect(payment.amountRefunded == 0)
        #expect(payment.status == .captured)
    }
}
