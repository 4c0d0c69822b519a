import Fuzzing
import Testing

@testable import PaymentModel

/// Whatever providers say, in whatever order: what must always hold of a payment.
@Suite struct LifeCycleInvariantTests {
    @Test(arguments: 0..<20)
    func holdUnderAnySequenceOfObservations(_ block: Int) {
        for seed in (block * 50)..<(block * 50 + 50) {
            var random = SeededRandom(seed: UInt64(seed))
            run(&random, seed: seed)
        }
    }

    private func run(_ random: inout SeededRandom, seed: Int) {
        var payment = Samples.payment(.unknown, provider: nil, reference: nil)
        payment.assign(to: "a")
        var newReviews = 0
        var ownerOfMoney: String?
        for step in 1...30 {
            let now = Samples.now.advanced(by: .seconds(Int64(step)))
            let before = payment
            let observation = self.observation(&random)
            let effect = payment.observe(observation, at: now)
            let place: Comment =
                "seed \(seed), step \(step): \(before.status), \(observation.state) by \(observation.provider)"

            #expect(payment.amountCaptured <= payment.money.minorUnits, place)
            #expect((payment.amountCaptured > 0) == payment.status.holdsMoney, place)
            #expect(payment.amountRefunded == 0, place)
            #expect(payment.nextAction == nil || payment.status.isOpen, place)
            if [.captured, .authorized].contains(payment.status) { #expect(payment.decline == nil, place) }

            switch effect {
            case .changed(let from, let isLate):
                #expect(from == before.status && payment.status != from, place)
                #expect(from.canBecome(payment.status), place)
                #expect(isLate == from.isFinal, place)
                #expect(payment.updatedAt == now, place)
                #expect(before.review == nil || payment.review == before.review, place)
            case .unchanged:
                #expect(payment.status == before.status, place)
                #expect(payment.review == before.review, place)
            case .needsReview(let isNew):
                #expect(payment.status == before.status, place)
                #expect(isNew == (before.review == nil), place)
                #expect(payment.review != nil, place)
                if isNew { newReviews += 1 } else { #expect(payment == before, place) }
            }
            if payment.status == .captured || payment.status == .authorized {
                ownerOfMoney = ownerOfMoney ?? observation.provider
                #expect(payment.provider == ownerOfMoney, place)
                #expect([.captured, .authorized, .voided, .expired].contains(payment.status), place)
            }
            if before.status == .captured { #expect(payment.status == .captured, place) }
            // Money of two providers never passes in silence.
            if before.status == .captured, case .captured = observation.state, observation.provider != before.provider {
                #expect(payment.review != nil, place)
            }
            if payment.status != .captured && payment.status != .authorized { ownerOfMoney = nil }
        }
        #expect(newReviews <= 1, "seed \(seed)")
    }

    private func observation(_ random: inout SeededRandom) -> Observation {
        let states = LifeCycleTableTests.states.map(\.1)
        // Reversals and money that differs are rare, or every payment would end under review at once.
        var state = states[Int.random(in: 0..<states.count, using: &random)]
        if case .reversed = state, Int.random(in: 0..<4, using: &random) > 0 { state = .pending(nil) }
        let money: Money? =
            switch Int.random(in: 0..<20, using: &random) {
            case 0: Money(minorUnits: 9999, currency: Samples.kes)
            case 1: Money(minorUnits: 10_000, currency: Samples.usd)
            case 2...10: Money(minorUnits: 10_000, currency: Samples.kes)
            default: nil
            }
        let isOwn = Int.random(in: 0..<4, using: &random) > 0
        let reference = [nil, "r-1", "r-1", "r-2"][Int.random(in: 0..<4, using: &random)]
        return Samples.observation(state, provider: isOwn ? "a" : "b", money: money, reference: reference)
    }
}
