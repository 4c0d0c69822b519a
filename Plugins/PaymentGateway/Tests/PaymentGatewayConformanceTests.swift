import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import PaymentGateway

@Suite("PaymentGateway: the suite that every plugin passes")
struct PaymentGatewayConformanceTests {
    /// The words behind the status in a fixture's name that say which request it answers; without one it answers all.
    private static let kinds: Set<String> = [
        "sale", "authorize", "card", "intent", "payment", "void", "partial", "full",
    ]

    private static func fixtures(
        _ operations: Set<ConformanceFixture.Operation>, of kinds: Set<String>
    ) throws -> [ConformanceFixture] {
        try Example.fixtures().filter { fixture in
            guard operations.contains(fixture.operation) else { return false }
            let parts = fixture.name.split(separator: ".").map(String.init)
            guard parts.count > 3, Self.kinds.contains(parts[3]), fixture.operation != .callback else { return true }
            return kinds.contains(parts[3])
        }
    }

    private static func inputs(
        _ order: PaymentOrder, _ fixtures: [ConformanceFixture], subject: InquirySubject? = nil,
        followUps: [FollowUp] = []
    ) throws -> ConformanceInputs {
        let found = try Example.fixture(
            order.request.method == .checkout && subject?.providerReference == nil
                ? "inquiry.captured.200.intent.captured" : "inquiry.captured.200.payment")
        let template = try #require(found.reply.json)
        return ConformanceInputs(
            settings: Example.settings(), secrets: [Example.key, Example.webhookSecret], order: order,
            fixtures: fixtures, referencePattern: "[!-~]{16,255}",
            moneyInRequest: { request in
                guard let body = try? JSONValue(parsing: request.body), let amount = body["amount"]?.integer,
                    let currency = body["currency"]?.string.flatMap(Currency.init(code:))
                else { return nil }
                return Money(minorUnits: amount, currency: currency)
            },
            statusPointers: ["/data/status"], subject: subject,
            paidInquiry: { money in
                var data = template["data"]?.object ?? JSONObject()
                data["amount"] = .number(JSONNumber(money.minorUnits))
                data["currency"] = .string(money.currency.code)
                return JSONValue.object(["success": .bool(true), "data": .object(data)]).serialized()
            }, followUps: followUps)
    }

    @Test func conforms() throws {
        let sale = try Self.inputs(
            Example.sale(), Self.fixtures([.create, .inquiry], of: ["sale", "card", "payment"]),
            subject: Example.cardSubject())

        let order = try Example.authorization()
        let held = Example.payment(.authorized, of: order)
        let taken = Example.payment(.captured, of: order)
        var authorization = try Self.inputs(
            order,
            Self.fixtures(
                [.create, .inquiry, .callback, .capture, .cancel, .refund],
                of: ["authorize", "card", "payment", "void", "partial"]),
            subject: Example.cardSubject(),
            followUps: [
                Example.followUp(.capture, held, amount: 9999), Example.followUp(.cancel, held),
                Example.followUp(.refund, taken, amount: 2500, reason: "Product damaged - partial refund"),
            ])
        authorization.delivery = { body in
            (try? Example.delivery(body)) ?? CallbackDelivery(headers: [:], body: body, receivedAt: order.createdAt)
        }

        let checkout = try Self.inputs(
            Example.checkout { $0.capture = .manual }, Self.fixtures([.create, .inquiry, .cancel], of: ["intent"]),
            subject: Example.checkoutSubject(), followUps: [Example.followUp(.cancel, Example.openCheckout())])
        let paidCheckout = try Self.inputs(
            Example.checkout(), Self.fixtures([.inquiry, .refund], of: ["payment", "full"]),
            subject: Example.checkoutSubject(providerReference: Example.paymentID),
            followUps: [
                Example.followUp(
                    .refund, Example.payment(.captured, of: Example.checkout(), intent: Example.intentID), amount: 9999)
            ])

        var secondRefund = try Self.inputs(
            order, Self.fixtures([.finding], of: []),
            followUps: [
                Example.followUp(.refund, Example.payment(.captured, of: order, refunded: [2500]), amount: 1500)
            ])
        secondRefund.findingPreamble = [try Example.reply("inquiry.partially_refunded.200.payment")]

        let ways = [sale, authorization, checkout, paidCheckout, secondRefund]
        for finding in conformanceFindings(of: PaymentGatewayAdapter.self, with: ways) { Issue.record("\(finding)") }

        let read = Set(ways.flatMap(\.fixtures).map(\.name))
        let all = Set(try Example.fixtures().filter { $0.operation != .request }.map(\.name))
        #expect(all.subtracting(read).isEmpty, "a fixture that nothing reads")
    }
}
