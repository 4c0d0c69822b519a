import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import PaymentGateway

@Suite("PaymentGateway: replies")
struct PaymentGatewayReplyTests {
    @Test func anAuthorizationIsHeldUntilItsEnd() throws {
        let report = try Example.accepted("create.accepted.200.authorize", Example.authorization())
        #expect(report.state == .authorized)
        #expect(report.money == (try Example.money()))
        #expect(report.providerReference == Example.paymentID)
        #expect(report.checkoutReference == nil)
        #expect(report.expiresAt == (try Example.time("2026-01-31T10:00:00Z")))
    }

    @Test func aSaleIsTakenAndOneThatIsAuthorizedIsHeld() throws {
        let taken = try Example.accepted("create.accepted.200.sale", Example.sale())
        #expect(taken.state == .captured)
        #expect(taken.money == (try Example.money(4999)))
        #expect(taken.expiresAt == nil)
        let held = try Example.accepted("create.accepted.200.sale.authorized", Example.sale())
        #expect(held.state == .authorized)
        #expect(held.expiresAt == (try Example.time("2026-01-31T10:05:00Z")), "seven days, where no end is told")
    }

    @Test func anotherAmountIsReportedAsItIs() throws {
        let reply = try Example.reply("create.accepted.200.sale", replacing: "4999", by: "9949")
        guard case .accepted(let report) = try Example.adapter().createOutcome(of: reply, for: Example.sale()) else {
            Issue.record("not accepted")
            return
        }
        #expect(report.money == (try Example.money(9949)), "the host compares it")
    }

    @Test func anIntentSendsTheCustomerToItsPageAndKeepsIt() throws {
        let report = try Example.accepted("create.accepted.201.intent", Example.checkout())
        let end = try Example.time("2026-01-24T11:00:00Z")
        #expect(report.state == .requiresAction(.redirect(url: Example.page, expiresAt: end)))
        #expect(report.checkoutReference == Example.intentID)
        #expect(report.providerReference == nil, "the payment will have an id of its own")
        #expect(report.money == (try Example.money()))
        #expect(report.expiresAt == end)
        #expect(report.session["checkout_url"]?.reveal() == Example.page)
    }

    @Test(
        arguments: [
            ("insufficient_funds", .insufficientFunds, "51"), ("fraud", .fraudSuspected, nil),
            ("do_not_honor", .doNotHonor, "05"), ("expired_card", .expiredCard, "54"),
            ("cvv_mismatch", .invalidCVV, "N7"), ("processing_error", .processingError, "96"),
            ("lost_or_stolen", .lostOrStolen, nil), ("unknown", .generic, "ZZ"),
            ("object", .insufficientFunds, "PAYMENT_DECLINED"),
        ] as [(String, Decline.Code, String?)])
    func declinesHaveTheirCodes(name: String, code: Decline.Code, providerCode: String?) throws {
        let outcome = try Example.adapter().createOutcome(
            of: Example.reply("create.declined.402.card.\(name)"), for: Example.authorization())
        guard case .declined(let decline, let reference) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(decline.code == code)
        #expect(decline.providerCode == providerCode)
        #expect(decline.message?.contains("declined") == true)
        #expect(reference == nil)
    }

    @Test(
        arguments: [
            ("14", .invalidCard), ("33", .expiredCard), ("34", .fraudSuspected), ("41", .lostOrStolen),
            ("43", .lostOrStolen), ("59", .fraudSuspected), ("61", .limitExceeded), ("65", .limitExceeded),
            ("91", .processingError), ("00", .generic), (nil, .generic),
        ] as [(String?, Decline.Code)])
    func codesOfTheStandard(code: String?, expected: Decline.Code) {
        #expect(PaymentGatewayMapping.decline(code: code, message: nil, hiding: []).code == expected)
    }

    @Test func aDeclineInsideASuccessIsADecline() throws {
        let outcome = try Example.adapter().createOutcome(
            of: Example.reply("create.declined.200.card.insufficient_funds"), for: Example.sale())
        guard case .declined(let decline, let reference) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(
            decline == Decline(code: .insufficientFunds, message: "Insufficient funds", providerCode: "51"))
        #expect(reference == "pay_declined1")
    }

    @Test func aRejectionSaysWhyAndNoCardDataComesBack() throws {
        let adapter = try Example.adapter()
        func detail(_ reply: ProviderReply) throws -> String? {
            guard case .rejected(let detail, _) = adapter.createOutcome(of: reply, for: try Example.authorization())
            else { return nil }
            return detail
        }
        #expect(
            try detail(Example.reply("create.rejected.400.amount")) == "invalid request: amount must be at least 1")
        for shown in ["4242424242424242", "4242 4242 4242 4242", "cvv 123"] {
            let reply = try Example.reply(
                "create.rejected.400.amount", replacing: "amount must be at least 1", by: shown)
            #expect(try detail(reply) == "the provider refused the request")
        }
    }

    @Test func aWaitThatIsAskedForIsKept() throws {
        let reply = ProviderReply(
            status: 429, headers: [.retryAfter: "1"], body: try Example.reply("create.refused.429").body)
        guard case .refused(let refusal) = try Example.adapter().createOutcome(of: reply, for: Example.sale()) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.kind == .rateLimited(retryAfter: .seconds(1)))
    }

    // MARK: Asking

    @Test func anOpenIntentKeepsItsPageWhileItLives() throws {
        let name = "inquiry.requires_action.200.intent"
        let end = try Example.time("2026-01-24T11:00:00Z")
        let open = try Example.found(name, Example.checkoutSubject())
        #expect(open.state == .requiresAction(.redirect(url: Example.page, expiresAt: end)))
        #expect(open.expiresAt == end)
        let over = try Example.found(name, Example.checkoutSubject(at: "2026-01-24T11:00:00Z"))
        #expect(over.state == .pending(nil))
    }

    @Test func aHoldOfAnIntentOutlivesItsPage() throws {
        let name = "inquiry.authorized.200.intent.authorized"
        let report = try Example.found(name, Example.checkoutSubject())
        #expect(report.expiresAt == (try Example.time("2026-01-31T10:05:00Z")))
        #expect(report.providerReference == nil)
        #expect(report.checkoutReference == Example.intentID)
        let late = try Example.found(name, Example.checkoutSubject(at: "2026-01-25T10:00:00Z"))
        #expect(late.expiresAt == (try Example.time("2026-01-31T11:00:00Z")), "it was held before the page closed")
    }

    @Test func aClaimedPaymentMustBeOfThisTimeAndThisIntent() throws {
        let adapter = try Example.adapter()
        let subject = try Example.checkoutSubject(claimed: Example.paymentID)
        func outcome(_ old: String = "", _ new: String = "") throws -> InquiryOutcome {
            adapter.inquiryOutcome(
                of: try Example.reply("inquiry.captured.200.payment", replacing: old, by: new), for: subject)
        }
        guard case .found(let report) = try outcome() else {
            Issue.record("not found")
            return
        }
        #expect(report.state == .captured)
        #expect(report.providerReference == Example.paymentID)
        #expect(report.money == (try Example.money()))

        let created = #""created_at": "2026-01-24T10:00:00Z""#
        func reason(createdAt: String) throws -> String? {
            try outcome(created, #""created_at": "\#(createdAt)""#).reasonForNone
        }
        #expect(try reason(createdAt: "2026-01-24T09:55:00Z") == nil, "clocks differ")
        #expect(try reason(createdAt: "2026-01-24T09:54:59Z") == "foreign")
        #expect(try reason(createdAt: "2026-01-24T11:05:00Z") == nil)
        #expect(try reason(createdAt: "2026-01-24T11:05:01Z") == "foreign")
        #expect(try reason(createdAt: "yesterday") == "unreadable_reply")
        #expect(
            try outcome(created, created + #", "payment_intent_id": "pi_other""#).reasonForNone == "foreign")
        #expect(
            try outcome(created, created + #", "payment_intent_id": "\#(Example.intentID)""#).reasonForNone == nil)
        #expect(try outcome(Example.paymentID, "pay_other").reasonForNone == "foreign_reference")
    }

    @Test func aFailedAttemptDoesNotStandForACheckout() throws {
        let outcome = try Example.adapter().inquiryOutcome(
            of: Example.reply("inquiry.failed.200.payment"), for: Example.checkoutSubject(claimed: Example.paymentID))
        #expect(outcome.reasonForNone == "foreign")
        let card = try Example.found("inquiry.failed.200.payment", Example.cardSubject())
        #expect(card.state == .failed(Decline(code: .doNotHonor, message: "Do not honor", providerCode: "05")))
    }

    @Test func aPaymentThatIsNotFoundIsNoFaultOfOurKey() throws {
        let adapter = try Example.adapter()
        func kind(_ name: String) throws -> String {
            switch adapter.inquiryOutcome(of: try Example.reply(name), for: try Example.cardSubject()) {
            case .notFound: "not found"
            case .refused(let refusal): refusal.reason
            default: "other"
            }
        }
        #expect(try kind("inquiry.not_found.401.payment.wrong_merchant") == "not found")
        #expect(try kind("inquiry.not_found.404.payment") == "not found")
        #expect(try kind("inquiry.refused.401.api_key") == "credentials_refused")
    }
}
