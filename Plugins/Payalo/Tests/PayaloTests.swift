import Foundation
import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import Payalo

/// What the quickstart's examples are about.
enum Quickstart {
    static let key = "brand-key-5f0c1e77"
    static let rotatedKey = "brand-key-next-91ab"
    static let gatewayReference = "b2p01j3abcdef0000000000000000a1b2"

    static func adapter(_ more: [String: SettingValue] = [:]) throws -> PayaloAdapter {
        try PayaloAdapter(settings: settings(more))
    }

    static func settings(_ more: [String: SettingValue] = [:]) -> ProviderSettings {
        ProviderSettings(["api_key": .secret(Secret(key))].merging(more) { $1 })
    }

    static func money(_ minorUnits: Int64, _ code: String = "KES") throws -> Money {
        Money(minorUnits: minorUnits, currency: try #require(Currency(code: code)))
    }

    static func order(_ change: (inout PaymentRequest) -> Void = { _ in }) throws -> PaymentOrder {
        var request = PaymentRequest(
            money: try money(10000), instrument: .mobileMoney(phone: "+254712345678", network: "mpesa"),
            country: Country(code: "KE"), reference: "quickstart-001",
            customer: PaymentRequest.Customer(id: "user-42"))
        change(&request)
        return PaymentOrder(
            id: "pay_1", reference: "quickstart-001", request: request,
            callbackURL: "https://merchant.example.com/webhooks/payalo",
            createdAt: try #require(Timestamp("2024-06-01T12:34:55Z")))
    }

    static func subject(providerReference: String? = gatewayReference) throws -> InquirySubject {
        let createdAt = try #require(Timestamp("2024-06-01T12:34:55Z"))
        return InquirySubject(
            reference: "quickstart-001", providerReference: providerReference, money: try money(10000),
            method: .mobileMoney, createdAt: createdAt, now: createdAt.advanced(by: .seconds(120)))
    }

    static func fixtures() throws -> [ConformanceFixture] {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        return try ConformanceFixture.all(in: folder.path)
    }

    static func fixture(_ name: String) throws -> ConformanceFixture {
        try #require(try fixtures().first { $0.name == name })
    }

    static func delivery(_ body: [UInt8], key: String? = key) throws -> CallbackDelivery {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let key { headers[try #require(HTTPField.Name("X-API-KEY"))] = key }
        return CallbackDelivery(
            headers: headers, body: body, receivedAt: try #require(Timestamp("2024-06-01T12:35:13Z")))
    }

    static func body(_ request: ProviderRequest) throws -> JSONObject {
        try #require(try JSONValue(parsing: request.body).object)
    }
}

@Suite("Payalo: the suite that every plugin passes")
struct PayaloConformanceTests {
    @Test func conforms() throws {
        let captured = try Quickstart.fixture("inquiry.captured").reply
        let template = try #require(captured.json?.object)
        let header = try Quickstart.delivery([]).headers
        let receivedAt = try Quickstart.delivery([]).receivedAt
        let inputs = ConformanceInputs(
            settings: Quickstart.settings([
                "callback_keys": .secrets([Secret(Quickstart.rotatedKey), Secret(Quickstart.key)])
            ]),
            secrets: [Quickstart.key, Quickstart.rotatedKey],
            order: try Quickstart.order { $0.metadata = ["tier": "gold", "shop": "3", "campaign": "x"] },
            fixtures: try Quickstart.fixtures(), referencePattern: "[a-z0-9]{1,255}",
            moneyInRequest: { request in
                let amount = (try? JSONValue(parsing: request.body))?["amount"]
                guard let text = amount?["value"]?.number?.text, let code = amount?["currency"]?.string,
                    let currency = Currency(code: code)
                else { return nil }
                return Money(decimal: text, currency: currency)
            },
            statusPointers: ["/status"], subject: try Quickstart.subject(),
            paidInquiry: { money in
                var transaction = template
                var amount = JSONObject()
                amount["value"] = JSONNumber(text: money.decimalText).map(JSONValue.number)
                amount["currency"] = .string(money.currency.code)
                transaction["finalAmount"] = .object(amount)
                return JSONValue.object(transaction).serialized()
            },
            delivery: { CallbackDelivery(headers: header, body: $0, receivedAt: receivedAt) }, callbackProof: .key)
        for finding in conformanceFindings(of: PayaloAdapter.self, with: inputs) { Issue.record("\(finding)") }
    }
}

@Suite("Payalo: requests")
struct PayaloRequestTests {
    @Test func theDocumentedPayinIsMade() throws {
        let request = try Quickstart.adapter().createRequest(for: Quickstart.order())
        #expect(request.method == .post)
        #expect(request.path == "/gateway/mmo/v2/direct/payin/mpesa-ke")
        #expect(request.headers[.payaloKey] == Quickstart.key)
        #expect(request.headers[.contentType] == "application/json")
        // Our body says outright what the document's leaves to its default.
        var expected = try #require(try Quickstart.fixture("request.documented").reply.json?.object)
        expected["reconciliationReference"] = .string("quickstart-001")
        #expect(try Quickstart.body(request) == expected)
        #expect(String(decoding: request.body, as: UTF8.self).contains(#""value":100.00,"#))
    }

    @Test(arguments: [(10000, "KES", "100.00"), (10000, "UGX", "10000"), (10000, "TND", "10.000"), (5, "KES", "0.05")])
    func amountsHaveAllDecimalsOfTheCurrency(minorUnits: Int64, code: String, text: String) throws {
        let money = try Quickstart.money(minorUnits, code)
        let order = try Quickstart.order { $0.money = money }
        let body = try Quickstart.body(Quickstart.adapter().createRequest(for: order))
        #expect(body["amount"]?["value"]?.number?.text == text)
    }

    @Test func aCustomerIsDescribedAsFarAsKnown() throws {
        let known = try Quickstart.order { $0.customer = .init(id: nil, name: "A. Wanjiru", email: "a@example.com") }
        let payer = try Quickstart.body(Quickstart.adapter().createRequest(for: known))["payer"]
        #expect(payer?["id"]?.string == "quickstart-001", "our reference stands in for an unknown id")
        #expect(payer?["email"]?.string == "a@example.com")
        #expect(payer?.object?.names == ["id", "msisdn", "email"], "a name is not cut into first and last")

        let unknown = try Quickstart.order { $0.customer = nil }
        let alone = try Quickstart.body(Quickstart.adapter().createRequest(for: unknown))["payer"]
        #expect(alone?.object?.names == ["id", "msisdn"])
    }

    @Test func metadataBecomesLabelsWhereAllOfItFits() throws {
        func labels(_ count: Int) throws -> JSONValue? {
            let order = try Quickstart.order { request in
                for index in 0..<count { request.metadata["key\(index)"] = "value" }
            }
            return try Quickstart.body(Quickstart.adapter().createRequest(for: order))["labels"]
        }
        #expect(try labels(0) == nil)
        #expect(try labels(10)?.object?.names == (0..<10).map { "key\($0)" })
        #expect(try labels(11) == nil)
    }

    @Test func theMethodKeyComesFromTheSettings() throws {
        let adapter = try Quickstart.adapter(["methods": .map(["mpesa-ke": "mpesa/special"])])
        #expect(
            adapter.createRequest(for: try Quickstart.order()).path
                == "/gateway/mmo/v2/direct/payin/mpesa%2Fspecial")
        let other = try Quickstart.order { $0.instrument = .mobileMoney(phone: "+256712345678", network: "airtel") }
        #expect(adapter.createRequest(for: other).path == "/gateway/mmo/v2/direct/payin/airtel-ke")
    }

    @Test func askingIsByTheirReferenceElseByOurs() throws {
        let adapter = try Quickstart.adapter()
        let known = try #require(adapter.inquiryRequest(for: try Quickstart.subject()))
        #expect(known.description == "GET /gateway/mmo/v2/status/\(Quickstart.gatewayReference)")
        #expect(known.headers[.payaloKey] == Quickstart.key)
        #expect(known.body.isEmpty)
        let unknown = try #require(adapter.inquiryRequest(for: try Quickstart.subject(providerReference: nil)))
        #expect(unknown.description == "GET /gateway/mmo/v2/status/mref/quickstart-001")
        #expect(adapter.leastInquiryInterval == .seconds(120))
        #expect(
            try Quickstart.adapter(["inquiry_interval": .duration(.seconds(5))]).leastInquiryInterval == .seconds(5))
    }

    @Test func whatItCannotDoIsSaid() throws {
        let adapter = try Quickstart.adapter()
        var shape = PaymentShape(app: "shop", request: try Quickstart.order().request)
        #expect(adapter.incapability(for: shape) == nil)
        shape.network = nil
        #expect(adapter.incapability(for: shape) == "network is missing")
        shape.fields = nil
        #expect(adapter.incapability(for: shape) == nil, "an expectation may leave the network open")
        shape.country = nil
        #expect(adapter.incapability(for: shape) == "country is missing")
        shape.capture = .manual
        #expect(adapter.incapability(for: shape) == "capture manual")
        shape.method = .card
        #expect(adapter.incapability(for: shape) == "method card")
    }

    @Test(
        arguments: [
            ("api_key", .secret(Secret(""))), ("api_key", .secret(Secret("two words"))),
            ("callback_keys", .secrets([])),
            ("callback_keys", .secrets([Secret("")])), ("methods", .map(["MPESA-KE": "x"])),
            ("methods", .map(["mpesa": "x"])),
            ("methods", .map(["mpesa-ke": ""])), ("inquiry_interval", .duration(.seconds(-1))),
        ] as [(String, SettingValue)])
    func settingsThatCannotWorkAreNamed(key: String, value: SettingValue) {
        #expect { try Quickstart.adapter([key: value]) } throws: { ($0 as? SettingFault)?.key == key }
    }
}

@Suite("Payalo: replies and callbacks")
struct PayaloReplyTests {
    @Test func theDocumentedAnswerIsAPaymentThatWaitsForThePhone() throws {
        let reply = try Quickstart.fixture("create.accepted").reply
        guard case .accepted(let report) = try Quickstart.adapter().createOutcome(of: reply, for: Quickstart.order())
        else {
            Issue.record("not accepted")
            return
        }
        #expect(report.state == .pending(.approveOnPhone(expiresAt: nil)))
        #expect(report.providerReference == Quickstart.gatewayReference)
        #expect(report.ourReference == "quickstart-001")
        #expect(report.money == nil, "the answer names no amount")
    }

    @Test func aRejectionSaysWhy() throws {
        let reply = try Quickstart.fixture("create.rejected.400.config_unsupported_currency").reply
        let outcome = try Quickstart.adapter().createOutcome(of: reply, for: Quickstart.order())
        guard case .rejected(let detail, let code) = outcome else {
            Issue.record("not rejected")
            return
        }
        #expect(detail == "Currency is not supported.")
        #expect(code == "config_unsupported_currency")
    }

    @Test func aWaitThatIsAskedForIsKept() throws {
        let reply = ProviderReply(status: 429, headers: [.retryAfter: "30"])
        let outcome = try Quickstart.adapter().createOutcome(of: reply, for: Quickstart.order())
        guard case .refused(let refusal) = outcome else {
            Issue.record("not refused")
            return
        }
        #expect(refusal == .rateLimited(retryAfter: .seconds(30)))
    }

    @Test(arguments: [500, 502, 503, 504])
    func aServerErrorLeavesItOpen(status: Int) throws {
        let outcome = try Quickstart.adapter().createOutcome(of: ProviderReply(status: status), for: Quickstart.order())
        guard case .ambiguous(let reason) = outcome else {
            Issue.record("not ambiguous")
            return
        }
        #expect(reason == "http_\(status)")
    }

    @Test func theFinalAmountCounts() throws {
        let text = String(decoding: try Quickstart.fixture("inquiry.captured").reply.body, as: UTF8.self)
            .replacingOccurrences(
                of: #""finalAmount":     { "value": 100.00"#, with: #""finalAmount":     { "value": 99.5"#)
        let reply = ProviderReply(status: 200, body: Array(text.utf8))
        guard
            case .found(let report) = try Quickstart.adapter().inquiryOutcome(of: reply, for: Quickstart.subject())
        else {
            Issue.record("not found")
            return
        }
        #expect(report.state == .captured)
        #expect(report.money == (try Quickstart.money(9950)))
    }

    @Test(
        arguments: [
            ("user_insufficient_funds", .insufficientFunds), ("user_limit_exceeded", .limitExceeded),
            ("anything", .generic),
            (nil, .generic),
        ] as [(String?, Decline.Code)])
    func errorCodesBecomeDeclines(code: String?, expected: Decline.Code) {
        let decline = PayaloMapping.decline(code: code, message: " Not\u{0} now.\n", hiding: [])
        #expect(decline == Decline(code: expected, message: "Not now.", providerCode: code))
    }

    @Test func anyCurrentKeyVouchesForACallbackAndNothingElse() throws {
        let body = try Quickstart.fixture("callback.captured").reply.body
        let rotating = try Quickstart.adapter(["callback_keys": .secrets([Secret("new-key"), Secret("old-key")])])
        for key in ["new-key", "old-key"] {
            #expect(rotating.verifyCallback(try Quickstart.delivery(body, key: key)) == .authentic)
        }
        #expect(
            rotating.verifyCallback(try Quickstart.delivery(body)) == .forged, "the API key is no longer among them")
        let plain = try Quickstart.adapter()
        #expect(plain.verifyCallback(try Quickstart.delivery(body)) == .authentic)
        #expect(plain.verifyCallback(try Quickstart.delivery(body, key: nil)) == .forged)
        #expect(plain.verifyCallback(try Quickstart.delivery(body, key: Quickstart.key.uppercased())) == .forged)
    }

    @Test func aCallbackTellsThePayment() throws {
        let adapter = try Quickstart.adapter()
        let paid = try adapter.readCallback(Quickstart.delivery(Quickstart.fixture("callback.captured").reply.body))
        #expect(paid.eventID == "\(Quickstart.gatewayReference):success")
        #expect(paid.report.state == .captured)
        #expect(paid.report.money == (try Quickstart.money(10000)))
        #expect(paid.report.ourReference == "quickstart-001")
        #expect(paid.report.providerReference == Quickstart.gatewayReference)

        let failed = try adapter.readCallback(
            Quickstart.delivery(Quickstart.fixture("callback.failed.insufficient_funds").reply.body))
        #expect(failed.eventID == "\(Quickstart.gatewayReference):failed")
        #expect(
            failed.report.state
                == .failed(
                    Decline(
                        code: .insufficientFunds, message: "The customer has insufficient funds.",
                        providerCode: "user_insufficient_funds")))
    }
}
