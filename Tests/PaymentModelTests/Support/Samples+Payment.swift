@testable import PaymentModel

extension Samples {
    static let later = now.advanced(by: .seconds(60))

    /// A payment of KES 100.00 at `payalo-ke` that has come to a status.
    static func payment(
        _ status: PaymentStatus, provider: String? = "payalo-ke", reference: String? = "ref-1"
    ) -> Payment {
        var payment = Payment(
            id: "pay_01", app: "shop",
            request: PaymentRequest(
                money: Money(minorUnits: 10_000, currency: kes),
                instrument: .mobileMoney(phone: "+254712345678", network: "mpesa"), country: country("KE"),
                reference: "order-1001"),
            route: "kenya-mobile-money", at: now)
        payment.status = status
        payment.provider = provider
        payment.providerReference = reference
        switch status {
        case .captured: payment.amountCaptured = 10_000
        case .partiallyRefunded: (payment.amountCaptured, payment.amountRefunded) = (10_000, 2500)
        case .refunded: (payment.amountCaptured, payment.amountRefunded) = (10_000, 10_000)
        case .requiresAction: payment.nextAction = .redirect(url: "https://p.example/1", expiresAt: nil)
        default: break
        }
        return payment
    }

    /// What the payment's own provider says of it, under the reference that is known.
    static func observation(
        _ state: ReportedState, provider: String = "payalo-ke", money: Money? = nil, reference: String? = "ref-1",
        expiresAt: Timestamp? = nil
    ) -> Observation {
        Observation(provider: provider, state: state, money: money, providerReference: reference, expiresAt: expiresAt)
    }

    static let decline = Decline(code: .insufficientFunds, message: "no funds", providerCode: "51")
    static let action = NextAction.redirect(url: "https://p.example/2", expiresAt: nil)
}
