import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import PaymentGateway

@Suite("PaymentGateway: follow-ups and what became of them")
struct PaymentGatewayFollowUpTests {
    @Test func aPartialCaptureSaysItsAmount() throws {
        let adapter = try Example.adapter()
        let held = Example.payment(.authorized, of: try Example.authorization())
        let followUp = Example.followUp(.capture, held, amount: 5000)
        #expect(try JSONValue(parsing: adapter.captureRequest(for: followUp).body)["amount"]?.integer == 5000)
        func isDone(_ reply: ProviderReply) -> Bool {
            if case .done = adapter.captureOutcome(of: reply, for: followUp) { true } else { false }
        }
        #expect(
            isDone(
                try Example.reply(
                    "capture.done.200", replacing: #""captured_amount": 9999"#, by: #""captured_amount": 5000"#)))
        #expect(!isDone(try Example.reply("capture.done.200")), "all of it was not asked for")
    }

    @Test func theAmountOfASecondRefundIsItsOwnOrThatOfBoth() throws {
        let adapter = try Example.adapter()
        let payment = Example.payment(.captured, of: try Example.authorization(), refunded: [2500])
        let followUp = Example.followUp(.refund, payment, amount: 1500)
        func isDone(_ refunded: Int) throws -> Bool {
            let reply = try Example.reply(
                "refund.done.200.partial", replacing: #""refunded_amount": 2500"#,
                by: #""refunded_amount": \#(refunded)"#)
            if case .done = adapter.refundOutcome(of: reply, for: followUp) { return true }
            return false
        }
        #expect(try isDone(1500))
        #expect(try isDone(4000))
        #expect(try !isDone(2500), "that is the first one")
    }

    @Test(arguments: [
        "capture.conflict.400.already_captured", "capture.conflict.400.amount_too_high",
        "capture.conflict.400.authorization_expired",
    ])
    func aConflictSaysWhatItIs(name: String) throws {
        let held = Example.payment(.authorized, of: try Example.authorization())
        let outcome = try Example.adapter().captureOutcome(
            of: Example.reply(name), for: Example.followUp(.capture, held, amount: 9999))
        guard case .conflict(let detail) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(detail == (try Example.fixture(name).reply.json?["error"]?.string))
    }

    // MARK: Asking after a refund

    /// What is found by the payment's state and pages of the list.
    private func finding(
        _ state: String, _ pages: [[String]], total: Int? = nil, refunded: [Int64], amount: Int64
    ) throws -> String {
        let adapter = try Example.adapter()
        let payment = Example.payment(.captured, of: try Example.authorization(), refunded: refunded)
        let followUp = Example.followUp(.refund, payment, amount: amount)
        var replies = [try Example.reply("inquiry.\(state).200.payment")]
        var offset = 0
        for page in pages {
            let asked = adapter.followUpInquiryRequest(for: followUp, after: replies)
            #expect(
                asked?.description == "GET /api/v1/transactions?status=refunded&limit=100&offset=\(offset)")
            replies.append(list(page, total: total ?? pages.joined().count, offset: offset))
            offset += page.count
        }
        #expect(adapter.followUpInquiryRequest(for: followUp, after: replies) == nil || total != nil)
        switch adapter.followUpFinding(in: replies, for: followUp) {
        case .done: return "done"
        case .notDone: return "not done"
        case .noAnswer: return "no answer"
        default: return "other"
        }
    }

    private func list(_ rows: [String], total: Int, offset: Int) -> ProviderReply {
        let body = """
            {"success":true,"data":{"transactions":[\(rows.joined(separator: ","))],"total":\(total),"limit":100,\
            "offset":\(offset)}}
            """
        return ProviderReply(status: 200, body: Array(body.utf8))
    }

    private func row(_ id: String, _ amount: Int64, of payment: String = Example.paymentID) -> String {
        #"{"id":"\#(id)","payment_id":"\#(payment)","status":"refunded","amount":\#(amount),"currency":"USD"}"#
    }

    @Test func aFirstPartIsNotDoneOnlyWhereNothingWasReturned() throws {
        #expect(try finding("captured", [[]], refunded: [], amount: 2500) == "not done")
        #expect(try finding("partially_refunded", [[row("1", 2500)]], refunded: [], amount: 2500) == "done")
        // The filter has no word for it, so the list may be empty although it was done.
        #expect(try finding("partially_refunded", [[]], refunded: [], amount: 2500) == "no answer")
        #expect(try finding("captured", [[row("1", 2500)]], refunded: [], amount: 2500) == "no answer")
        // A row of the whole payment is no refund of a part.
        #expect(try finding("refunded", [[row("1", 9999)]], refunded: [], amount: 2500) == "no answer")
    }

    @Test func aSecondPartIsToldFromTheFirst() throws {
        #expect(try finding("partially_refunded", [[row("1", 2500)]], refunded: [2500], amount: 2500) == "not done")
        #expect(
            try finding("partially_refunded", [[row("1", 2500), row("2", 2500)]], refunded: [2500], amount: 2500)
                == "done")
        #expect(
            try finding("refunded", [[row("1", 2500), row("2", 7499)]], refunded: [2500], amount: 7499) == "done")
        // One row of the whole amount may be the payment itself, refunded in part before.
        #expect(try finding("partially_refunded", [[row("1", 9999)]], refunded: [2500], amount: 7499) == "no answer")
        #expect(try finding("refunded", [[row("1", 2500)]], refunded: [2500], amount: 7499) == "no answer")
    }

    @Test func allPagesAreRead() throws {
        let others = (0..<250).map { row("other\($0)", 100, of: "pay_other") }
        let pages = [Array(others[..<100]), Array(others[100..<200]), Array(others[200...]) + [row("1", 2500)]]
        #expect(try finding("partially_refunded", pages, refunded: [], amount: 2500) == "done")
        #expect(
            try finding("partially_refunded", Array(pages.dropLast()), total: 251, refunded: [], amount: 2500)
                == "no answer")
    }

    @Test func aListThatIsTooLongIsGivenUp() throws {
        let adapter = try Example.adapter()
        let payment = Example.payment(.captured, of: try Example.authorization())
        let followUp = Example.followUp(.refund, payment, amount: 2500)
        var replies = [try Example.reply("inquiry.captured.200.payment")]
        while let request = adapter.followUpInquiryRequest(for: followUp, after: replies) {
            let offset = (replies.count - 1) * 100
            #expect(request.path.hasSuffix("&offset=\(offset)"))
            let rows = (0..<100).map { row("t\(offset + $0)", 100, of: "pay_other") }
            replies.append(list(rows, total: 1_000_000, offset: offset))
        }
        #expect(replies.count == 20)
        guard case .noAnswer = adapter.followUpFinding(in: replies, for: followUp) else {
            Issue.record("a finding in a part of the list")
            return
        }
    }

    @Test func onlyRefundsAreAskedAfter() throws {
        let adapter = try Example.adapter()
        let held = Example.payment(.authorized, of: try Example.authorization())
        #expect(
            adapter.followUpInquiryRequest(for: Example.followUp(.capture, held, amount: 1), after: []) == nil)
        #expect(adapter.followUpInquiryRequest(for: Example.followUp(.cancel, held), after: []) == nil)
        let unnamed = Example.payment(.captured, of: try Example.checkout(), id: nil, intent: Example.intentID)
        #expect(
            adapter.followUpInquiryRequest(for: Example.followUp(.refund, unnamed, amount: 1), after: []) == nil)
    }
}
