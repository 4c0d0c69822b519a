import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import Waypay

@Suite("Waypay: replies")
struct WaypayReplyTests {
    @Test func aSessionSendsTheCustomerToItsPage() throws {
        let outcome = try Example.adapter().createOutcome(
            of: Example.fixture("create.accepted").reply, for: Example.order())
        guard case .accepted(let report) = outcome else {
            Issue.record("not accepted")
            return
        }
        let end = try Example.time("2025-12-12T12:00:00Z")
        #expect(report.state == .requiresAction(.redirect(url: Example.page, expiresAt: end)))
        #expect(report.expiresAt == end)
        #expect(report.checkoutReference == Example.intent)
        #expect(report.providerReference == nil)
        #expect(report.ourReference == "ORD123456")
        #expect(report.session["checkout_url"]?.reveal() == Example.page)
    }

    /// It would be shown to apps, and put into paths by them.
    @Test func anIDThatIsNoneIsNotKept() throws {
        let report = try Example.found("inquiry.captured.200.id_of_dots", Example.subject())
        #expect(report.state == .captured && report.providerReference == nil)
    }

    @Test func pendingKeepsThePageWhileTheSessionLives() throws {
        let end = try Example.time("2025-12-12T12:00:00Z")
        let page = ReportedState.requiresAction(.redirect(url: Example.page, expiresAt: end))
        for name in ["inquiry.requires_action", "inquiry.requires_action.404.not_begun"] {
            #expect(try Example.found(name, Example.subject()).state == page)
            #expect(try Example.found(name, Example.subject(at: "2025-12-12T11:59:59.999Z")).state == page)
            #expect(try Example.found(name, Example.subject(at: "2025-12-12T12:00:00Z")).state == .pending(nil))
            // A session whose end nobody told.
            #expect(
                try Example.found(name, Example.subject(expiresAt: nil)).state
                    == .requiresAction(.redirect(url: Example.page, expiresAt: nil)))
        }
    }

    @Test func whatIsBeingWorkedOnIsNotUnpaid() throws {
        let over = try Example.subject(at: "2025-12-12T12:05:00Z")
        let foundAfterADuplicate = try Example.subject(checkoutReference: nil, expiresAt: nil)
        for name in ["inquiry.requires_action.200.in_progress", "inquiry.pending.200.on_hold"] {
            #expect(try Example.inquiry(name, over, with: Example.adapter()) == "no answer: in_progress")
            #expect(
                try Example.inquiry(name, foundAfterADuplicate, with: Example.adapter()) == "no answer: in_progress")
        }
    }

    @Test func aTransactionIsKnownByItsOwnID() throws {
        let report = try Example.found("inquiry.captured", Example.subject(checkoutReference: nil))
        #expect(report.state == .captured)
        #expect(report.money == (try Example.money(2000)))
        #expect(report.providerReference == Example.transaction)
        #expect(report.checkoutReference == Example.intent)
        #expect(report.ourReference == Example.reference)
        // Without our reference in it, only the session that we know can tell whose it is.
        #expect(
            try Example.inquiry(
                "inquiry.captured.200.by_intent", Example.subject(checkoutReference: nil), with: Example.adapter())
                == "no answer: foreign_reference")
    }

    @Test func everyStatusHasItsNumberAndNoOther() throws {
        for status in WaypayStatus.allCases {
            for number in Int64(0)...20 {
                let read = WaypayStatus(text: .string(status.rawValue), number: .number(JSONNumber(number)))
                let owner = WaypayStatus.allCases.first { $0.number == number }
                let agrees = status == .expired ? owner == nil : owner == status
                #expect(read == (agrees ? status : nil), "\(status) \(number)")
            }
            #expect(WaypayStatus(text: .string(status.rawValue), number: nil) == status)
            #expect(WaypayStatus(text: .string(status.rawValue), number: .null) == status)
            #expect(WaypayStatus(text: .string(status.rawValue), number: .string("2")) == nil)
            #expect(WaypayStatus(text: .string(status.rawValue.lowercased()), number: nil) == nil)
        }
    }

    @Test func a404EndsNothingThatWaypayHasConfirmed() throws {
        let adapter = try Example.adapter()
        let name = "inquiry.requires_action.404.not_begun"
        // Of a session that was never confirmed it says nothing, and neither does it where a transaction was seen.
        #expect(
            try Example.inquiry(name, Example.subject(checkoutReference: nil), with: adapter) == "no answer: http_404")
        #expect(
            try Example.inquiry(name, Example.subject(providerReference: Example.transaction), with: adapter)
                == "no answer: http_404")

        let told = try Example.adapter(["not_found_code": .text("not_found")])
        #expect(try Example.inquiry(name, Example.subject(checkoutReference: nil), with: told) == "not found")
        #expect(
            try Example.inquiry(name, Example.subject(providerReference: Example.transaction), with: told)
                == "no answer: http_404")
        #expect(
            try Example.inquiry(
                "inquiry.requires_action.404.problem_details", Example.subject(checkoutReference: nil), with: told)
                == "no answer: http_404")
    }

    @Test(arguments: [
        ("create.refused.401", "credentials_refused"), ("create.refused.403", "credentials_refused"),
        ("create.refused.400.signature", "signature_refused"), ("create.refused.401.signature", "signature_refused"),
        ("create.refused.422.signature", "signature_refused"), ("create.refused.429", "http_429"),
    ])
    func refusalsSayWhatWasRefused(name: String, reason: String) throws {
        guard
            case .refused(let refusal) = try Example.adapter().createOutcome(
                of: Example.fixture(name).reply, for: Example.order())
        else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.reason == reason)
        if name != "create.refused.429" { #expect(refusal.kind == .credentials) }
    }

    @Test(
        arguments: [
            ("create.rejected.400", "description must match ^[A-Za-z0-9 ]{1,200}$", "validation_error"),
            (
                "create.rejected.400.problem_details",
                #"The field Cnic must match the regular expression '^\d{13}$'."#, nil
            ),
            ("create.rejected.422.currency", "currency EUR is not supported", "unsupported_currency"),
            ("create.rejected.422.problem_details", "The amount exceeds the limit of the merchant.", nil),
        ] as [(String, String, String?)])
    func rejectionsSayWhy(name: String, detail: String, code: String?) throws {
        guard
            case .rejected(let said, let providerCode) = try Example.adapter().createOutcome(
                of: Example.fixture(name).reply, for: Example.order())
        else {
            Issue.record("not rejected")
            return
        }
        #expect(said == detail)
        #expect(providerCode == code)
    }
}

@Suite("Waypay: callbacks")
struct WaypayCallbackTests {
    private func notice(_ name: String) throws -> CallbackNotice {
        try Example.adapter().readCallback(Example.delivery(Example.fixture(name).reply.body))
    }

    @Test func theDocumentedCallbackIsRead() throws {
        let notice = try notice("callback.captured")
        #expect(notice.eventID == "36e98f20908e426fa8a2b67fdfb088f0")
        #expect(notice.report.state == .captured)
        #expect(notice.report.money == (try Example.money(2000)))
        #expect(notice.report.ourReference == "Abcd12456")
        #expect(notice.report.providerReference == Example.transaction)
        #expect(notice.report.checkoutReference == nil)
    }

    @Test func nothingVouchesForADelivery() throws {
        let delivery = try Example.delivery(Example.fixture("callback.captured").reply.body)
        #expect(try Example.adapter().verifyCallback(delivery) == .unsigned)
        #expect(try Example.adapter().takesCallbackAddress)
    }

    @Test func aFailureSaysWhy() throws {
        #expect(
            try notice("callback.failed").report.state
                == .failed(Decline(code: .generic, message: "Insufficient balance in the wallet")))
    }

    @Test func anEventWithoutIDIsKnownByTransactionAndStatus() throws {
        for id in [JSONValue.null, .string(""), .string("two words"), .number(JSONNumber(7))] {
            var body = try #require(try Example.fixture("callback.captured").reply.json?.object)
            body["id"] = id
            let notice = try Example.adapter().readCallback(
                Example.delivery(JSONValue.object(body).serialized()))
            #expect(notice.eventID == "\(Example.transaction):Completed")
        }
    }

    @Test(arguments: [
        ("callback.unreadable.200.unknown_status", "unknown_status"),
        ("callback.unreadable.200.unknown_type", "unknown_type"),
        ("callback.unreadable.200.paid_without_amount", "unreadable_amount"),
        ("callback.unreadable.200.no_order", "names no transaction and order"),
    ])
    func whatIsNotExplainedIsAFault(name: String, detail: String) throws {
        #expect { try notice(name) } throws: { ($0 as? CallbackFault)?.detail == detail }
    }

    @Test(arguments: [
        #"{"OrderRef":"Abcd12456"," orderRef ":"Other1"}"#, #"{"OrderRef":["Abcd12456"]}"#, #"{"OrderRef":"  "}"#,
        #""Abcd12456""#, "Abcd12456", "",
    ])
    func anOrderThatCannotBeToldIsAFault(orderRef: String) throws {
        var body = try #require(try Example.fixture("callback.captured").reply.json?.object)
        var data = try #require(body["data"]?.object)
        data["OrderRef"] = .string(orderRef)
        body["data"] = .object(data)
        let delivery = try Example.delivery(JSONValue.object(body).serialized())
        #expect(throws: CallbackFault.self) { try Example.adapter().readCallback(delivery) }
    }
}
