import Testing

@testable import PaymentModel

/// The table of contract §4, from every status to every status.
@Suite struct LifeCycleTableTests {
    /// The contract's rows, typed in anew.
    static let allowed: [PaymentStatus: Set<PaymentStatus>] = [
        .requiresAction: [.pending, .captured, .authorized, .failed, .canceled, .expired],
        .pending: [.captured, .authorized, .failed, .canceled, .expired],
        .authorized: [.captured, .voided, .expired],
        .captured: [.partiallyRefunded, .refunded],
        .partiallyRefunded: [.partiallyRefunded, .refunded],
        .refunded: [],
        .voided: [],
        .canceled: [.captured, .authorized],
        .failed: [.captured, .authorized],
        .expired: [.captured, .authorized],
        .unknown: [
            .requiresAction, .pending, .authorized, .captured, .partiallyRefunded, .refunded, .voided, .canceled,
            .failed,
            .expired,
        ],
    ]

    static let pairs: [(PaymentStatus, PaymentStatus)] = PaymentStatus.allCases.flatMap { from in
        PaymentStatus.allCases.map { (from, $0) }
    }

    @Test func theTableHasARowForEveryStatus() {
        #expect(Set(Self.allowed.keys) == Set(PaymentStatus.allCases))
        #expect(PaymentStatus.allCases.count == 11)
    }

    @Test func whatMayFollowIsTheContracts() throws {
        for (from, to) in Self.pairs {
            #expect(from.canBecome(to) == (try #require(Self.allowed[from])).contains(to), "\(from) to \(to)")
        }
    }

    @Test func anAllowedStepIsTaken() throws {
        for (from, to) in Self.pairs where try #require(Self.allowed[from]).contains(to) {
            var payment = Samples.payment(from)
            payment.transition(to: to, at: Samples.later)
            #expect(payment.status == to)
            #expect(payment.updatedAt == Samples.later)
        }
    }

    static let forbidden = pairs.filter { !(allowed[$0.0] ?? []).contains($0.1) }

    @Test(arguments: PaymentStatus.allCases)
    func aForbiddenStepTraps(_ from: PaymentStatus) async {
        for (_, to) in Self.forbidden.filter({ $0.0 == from }) {
            await #expect(processExitsWith: .failure) { [from = from.rawValue as String, to = to.rawValue as String] in
                guard let from = PaymentStatus(rawValue: from), let to = PaymentStatus(rawValue: to) else { return }
                var payment = Samples.payment(from)
                payment.transition(to: to, at: Samples.later)
            }
        }
    }

    @Test func finalAndOpenStatusesAreTheContracts() {
        #expect(Set(PaymentStatus.allCases.filter(\.isFinal)) == [.refunded, .voided, .canceled, .failed, .expired])
        #expect(Set(PaymentStatus.allCases.filter(\.isOpen)) == [.requiresAction, .pending, .unknown])
        #expect(Set(PaymentStatus.allCases.filter(\.holdsMoney)) == [.captured, .partiallyRefunded, .refunded])
    }

    // MARK: By observation

    static let states: [(String, ReportedState)] = [
        ("requires_action", .requiresAction(Samples.action)), ("pending", .pending(nil)),
        ("pending with an action", .pending(Samples.action)), ("authorized", .authorized), ("captured", .captured),
        ("failed", .failed(Samples.decline)), ("failed for now", .failedForNow(Samples.decline)),
        ("canceled", .canceled),
        ("expired", .expired), ("voided", .voided),
        ("partially refunded", .partiallyRefunded), ("refunded", .refunded), ("reversed", .reversed),
    ]

    /// What the payment's own provider brings about by saying each of `states`: a status, `=` where nothing changes, or
    /// what is put under review. A row for each status.
    static let effects: [PaymentStatus: String] = [
        .requiresAction:
            "= pending pending authorized captured failed pending canceled expired canceled captured captured !reversal",
        .pending: "= = = authorized captured failed = canceled expired canceled captured captured !reversal",
        .authorized: "= = = = captured !contradiction = voided expired voided captured captured !reversal",
        .captured:
            "= = = = = !contradiction = !contradiction !contradiction !contradiction !reversal !reversal !reversal",
        .partiallyRefunded:
            "= = = = = !contradiction = !contradiction !contradiction !contradiction = !reversal !reversal",
        .refunded: "= = = = = = = = = = = = !reversal",
        .voided: "= = = = !contradiction = = = = = !contradiction !contradiction !reversal",
        .canceled: "= = = authorized captured = = = = = captured captured !reversal",
        .failed: "= = = authorized captured = = = = = captured captured !reversal",
        .expired: "= = = authorized captured = = = = = captured captured !reversal",
        .unknown:
            "requires_action pending pending authorized captured failed pending canceled expired voided captured captured !reversal",
    ]

    @Test(arguments: PaymentStatus.allCases)
    func whatAProviderSaysMovesThePaymentByTheTable(_ from: PaymentStatus) throws {
        let row = try #require(Self.effects[from]).split(separator: " ").map(String.init)
        try #require(row.count == Self.states.count)
        for ((name, state), expected) in zip(Self.states, row) {
            let before = Samples.payment(from)
            var payment = before
            let effect = payment.observe(Samples.observation(state), at: Samples.later)
            if expected == "=" {
                #expect(effect == .unchanged, "\(from), \(name)")
                // A provisional failure leaves its decline; nothing else leaves a trace.
                if case .failedForNow = state, from.isOpen {
                    #expect(payment.decline == Samples.decline)
                } else {
                    #expect(payment == before, "\(from), \(name)")
                }
            } else if expected.hasPrefix("!") {
                #expect(effect == .needsReview(new: true), "\(from), \(name)")
                #expect(payment.review?.reason.rawValue == String(expected.dropFirst()))
                #expect(payment.review?.since == Samples.later)
                var restored = payment
                restored.review = nil
                restored.updatedAt = before.updatedAt
                #expect(restored == before, "\(from), \(name): nothing but the review changes")
            } else {
                #expect(effect == .changed(from: from, late: from.isFinal), "\(from), \(name)")
                #expect(payment.status.rawValue == expected, "\(from), \(name)")
                #expect(from.canBecome(payment.status))
                #expect(payment.updatedAt == Samples.later)
                #expect(payment.amountCaptured == (payment.status == .captured ? 10_000 : 0))
                switch state {
                case .requiresAction(let action), .pending(let action?): #expect(payment.nextAction == action)
                default: #expect(payment.nextAction == nil)
                }
            }
        }
    }
}
