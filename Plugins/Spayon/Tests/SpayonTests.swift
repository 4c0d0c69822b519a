import Foundation
import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import Spayon

/// What the examples of Spayon's documents are about.
enum Example {
    static let clientID = "client-id-77c1"
    static let clientSecret = "client-secret-e4b9"
    static let callbackSecret = "callback_secret_test"
    static let sessionID = "4ae3108a-3a1c-42df-bce9-503bbd70ab24"
    static let page = "https://pay.spayon.io/session/4ae3108a-3a1c-42df-bce9-503bbd70ab24"

    static func settings(_ more: [String: SettingValue] = [:]) -> ProviderSettings {
        ProviderSettings(
            [
                "client_id": .secret(Secret(clientID)), "client_secret": .secret(Secret(clientSecret)),
                "callback_secret": .secret(Secret(callbackSecret)),
            ].merging(more) { $1 })
    }

    static func adapter(_ more: [String: SettingValue] = [:]) throws -> SpayonAdapter {
        try SpayonAdapter(settings: settings(more))
    }

    static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    static func money(_ minorUnits: Int64, _ code: String = "AMD") throws -> Money {
        Money(minorUnits: minorUnits, currency: try #require(Currency(code: code)))
    }

    static func order(_ change: (inout PaymentRequest) -> Void = { _ in }) throws -> PaymentOrder {
        var request = PaymentRequest(
            money: try money(100_000), instrument: .checkout, reference: "order-1001", description: "Custom Product",
            customer: .init(id: "customer-7", name: "Ani Petrosyan", email: "customer@example.com"),
            returnURL: "https://merchant.example.com/return", cancelURL: "https://merchant.example.com/cancel")
        change(&request)
        return PaymentOrder(
            id: "pay_1", reference: "ORDER_123456", request: request,
            callbackURL: "https://merchant.example.com/callback", createdAt: try time("2025-06-11T17:02:51Z"))
    }

    static func subject(
        at now: String = "2025-06-11T17:05:00Z", providerReference: String? = sessionID, claimed: String? = nil
    ) throws -> InquirySubject {
        InquirySubject(
            reference: "ORDER_123456", providerReference: providerReference, money: try money(1000),
            method: .checkout, createdAt: try time("2025-06-11T17:02:51Z"),
            expiresAt: try time("2025-06-11T17:17:51Z"), session: ["session_url": Secret(page)], now: try time(now),
            claimedTransactionID: claimed)
    }

    static func fixtures() throws -> [ConformanceFixture] {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        return try ConformanceFixture.all(in: folder.path)
    }

    static func fixture(_ name: String) throws -> ConformanceFixture {
        try #require(try fixtures().first { $0.name == name })
    }

    static func delivery(
        _ body: [UInt8], signature: String? = nil, at receivedAt: String = "2025-06-11T17:05:00Z"
    ) throws -> CallbackDelivery {
        let name = try #require(HTTPField.Name("X-Signature"))
        let signature = signature ?? Signature.hmacSHA256Hex(body, key: Secret(callbackSecret))
        return CallbackDelivery(headers: [name: signature], body: body, receivedAt: try time(receivedAt))
    }

    static func found(
        _ name: String, _ subject: InquirySubject, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ProviderReport {
        let outcome = try adapter().inquiryOutcome(of: fixture(name).reply, for: subject)
        guard case .found(let report) = outcome else {
            Issue.record("\(name): \(outcome)", sourceLocation: sourceLocation)
            throw CallbackFault("not found")
        }
        return report
    }
}

@Suite("Spayon: the suite that every plugin passes")
struct SpayonConformanceTests {
    @Test func conforms() throws {
        let template = try #require(try Example.fixture("inquiry.captured").reply.json?.object)
        let signature = try #require(HTTPField.Name("X-Signature"))
        let receivedAt = try Example.time("2025-06-11T17:05:00Z")
        let inputs = ConformanceInputs(
            settings: Example.settings(),
            secrets: [Example.clientID, Example.clientSecret, Example.callbackSecret], order: try Example.order(),
            fixtures: try Example.fixtures(), referencePattern: "[A-Za-z0-9_]{1,64}",
            moneyInRequest: { request in
                let body = try? JSONValue(parsing: request.body)
                guard let text = body?["price"]?.number?.text, let code = body?["currency"]?.string,
                    code == code.lowercased(), let currency = Currency(code: code.uppercased())
                else { return nil }
                return Money(decimal: text, currency: currency)
            },
            statusPointers: ["/status"], subject: try Example.subject(),
            paidInquiry: { money in
                var session = template
                session["price"] = .string(money.decimalText)
                session["currency"] = .string(money.currency.code)
                return JSONValue.object(session).serialized()
            },
            delivery: { body in
                CallbackDelivery(
                    headers: [signature: Signature.hmacSHA256Hex(body, key: Secret(Example.callbackSecret))],
                    body: body, receivedAt: receivedAt)
            })
        for finding in conformanceFindings(of: SpayonAdapter.self, with: inputs) { Issue.record("\(finding)") }
    }
}

@Suite("Spayon: requests")
struct SpayonRequestTests {
    @Test func theDocumentedSessionIsMade() throws {
        let adapter = try Example.adapter([
            "payment_methods": .texts(["visamaster", "mir"]), "default_payment_method": .text("visamaster"),
            "language": .text("en"),
        ])
        let request = adapter.createRequest(for: try Example.order())
        #expect(request.description == "POST /api/product/session")
        #expect(request.headers[.contentType] == "application/json")
        #expect(try JSONValue(parsing: request.body) == Example.fixture("request.session").reply.json)
    }

    @Test func whatIsNotKnownIsNotSent() throws {
        let order = try Example.order {
            $0.description = nil
            $0.cancelURL = nil
            $0.customer = .init(email: "customer@example.com")
        }
        let body = try JSONValue(parsing: Example.adapter().createRequest(for: order).body)
        #expect(
            body.object?.names == [
                "product_name", "price", "currency", "callback_url", "return_url", "email", "username", "order_id",
            ])
        #expect(body["product_name"]?.string == "order-1001")
        #expect(body["username"]?.string == "customer@example.com")
    }

    @Test(arguments: [(100_000, "AMD", "1000"), (9950, "USD", "99.5"), (1000, "JPY", "1000"), (1005, "KWD", "1.005")])
    func pricesAreInMajorUnits(minorUnits: Int64, code: String, text: String) throws {
        let money = try Example.money(minorUnits, code)
        let order = try Example.order { $0.money = money }
        let body = try JSONValue(parsing: Example.adapter().createRequest(for: order).body)
        #expect(body["price"]?.number?.text == text)
        #expect(body["currency"]?.string == code.lowercased())
    }

    @Test func theDocumentedTokenIsAskedForAndUsed() throws {
        let adapter = try Example.adapter()
        let request = adapter.tokenRequest()
        #expect(request.description == "POST /api/tokens")
        #expect(try JSONValue(parsing: request.body) == Example.fixture("request.token").reply.json)

        guard
            case .issued(let token, let lifetime) = adapter.tokenOutcome(of: try Example.fixture("token.issued").reply)
        else {
            Issue.record("no token")
            return
        }
        #expect(lifetime == .seconds(3600))
        var create = adapter.createRequest(for: try Example.order())
        adapter.authorize(&create, with: token)
        #expect(create.headers[.authorization] == "Bearer eyJhbGciOiJIUzI1NiJ9.e30.signature")
    }

    @Test func askingIsByTheSession() throws {
        let adapter = try Example.adapter()
        let path = "GET /api/product/session/\(Example.sessionID)"
        #expect(adapter.inquiryRequest(for: try Example.subject())?.description == path)
        #expect(
            adapter.inquiryRequest(for: try Example.subject(providerReference: nil, claimed: Example.sessionID))?
                .description == path)
        #expect(adapter.inquiryRequest(for: try Example.subject(providerReference: nil)) == nil)
        #expect(adapter.inquiryRequest(for: try Example.subject(providerReference: nil, claimed: "..")) == nil)
    }

    @Test func whatItCannotDoIsSaid() throws {
        let adapter = try Example.adapter()
        func incapability(_ change: (inout PaymentRequest) -> Void) throws -> String? {
            adapter.incapability(for: PaymentShape(app: "shop", request: try Example.order(change).request))
        }
        #expect(try incapability { _ in } == nil)
        #expect(try incapability { $0.customer?.email = nil } == "customer.email is missing")
        #expect(try incapability { $0.returnURL = nil } == "return_url is missing")
        #expect(try incapability { $0.capture = .manual } == "capture manual")
        #expect(try incapability { $0.instrument = .card(nil) } == "method card")
        let question = PaymentShape(app: "shop", money: try Example.money(1000), method: .checkout)
        #expect(adapter.incapability(for: question) == nil)
    }

    @Test(arguments: ["client_id", "client_secret", "callback_secret"])
    func anEmptySecretIsNamed(key: String) {
        #expect { try Example.adapter([key: .secret(Secret(""))]) } throws: { ($0 as? SettingFault)?.key == key }
    }
}

@Suite("Spayon: replies and callbacks")
struct SpayonReplyTests {
    @Test func aSessionSendsTheCustomerToItsPage() throws {
        let outcome = try Example.adapter().createOutcome(
            of: Example.fixture("create.accepted").reply, for: Example.order())
        guard case .accepted(let report) = outcome else {
            Issue.record("not accepted")
            return
        }
        let end = try Example.time("2025-06-11T17:17:51Z")
        #expect(report.state == .requiresAction(.redirect(url: Example.page, expiresAt: end)))
        #expect(report.expiresAt == end)
        #expect(report.providerReference == Example.sessionID)
        #expect(report.ourReference == "ORDER_123456")
        #expect(report.session["session_url"]?.reveal() == Example.page)
    }

    @Test(arguments: [
        // Ours ends at 17:17:51, theirs 118 ms later; the later one holds.
        ("2025-06-11T17:05:00Z", true), ("2025-06-11T17:17:51Z", true), ("2025-06-11T17:17:51.117Z", true),
        ("2025-06-11T17:17:51.118Z", false), ("2025-06-12T00:00:00Z", false),
    ])
    func aFailureIsFinalOnlyAfterTheSession(now: String, isOpen: Bool) throws {
        let decline = Decline(code: .generic)
        let report = try Example.found("inquiry.failed_for_now", Example.subject(at: now))
        #expect(report.state == (isOpen ? .failedForNow(decline) : .failed(decline)))

        let body = try Example.fixture("callback.failed_for_now").reply.body
        let notice = try Example.adapter().readCallback(Example.delivery(body, at: now))
        #expect(notice.report.state == (isOpen ? .failedForNow(decline) : .failed(decline)))
    }

    @Test func aFalseClockOfTheirsKeepsNoFailureOpen() throws {
        let text = String(decoding: try Example.fixture("inquiry.failed_for_now").reply.body, as: UTF8.self)
            .replacingOccurrences(of: "2025-06-11T17:02:51.118Z", with: "2999-01-01T00:00:00.000Z")
        let outcome = try Example.adapter().inquiryOutcome(
            of: ProviderReply(status: 200, body: Array(text.utf8)), for: Example.subject(at: "2025-06-11T17:18:00Z"))
        guard case .found(let report) = outcome else {
            Issue.record("not found")
            return
        }
        #expect(report.state == .failed(Decline(code: .generic)))
    }

    @Test func pendingKeepsThePageWhileItIsOpen() throws {
        let open = try Example.found("inquiry.requires_action", Example.subject())
        guard case .requiresAction(.redirect(let url, _)) = open.state else {
            Issue.record("\(open.state)")
            return
        }
        #expect(url == Example.page)
        let over = try Example.found("inquiry.requires_action", Example.subject(at: "2025-06-11T18:00:00Z"))
        #expect(over.state == .pending(nil))
    }

    @Test func aClaimedSessionMustNameOurOrder() throws {
        let reply = try Example.fixture("inquiry.captured").reply
        let claimed = try Example.subject(providerReference: nil, claimed: Example.sessionID)
        guard case .found(let report) = try Example.adapter().inquiryOutcome(of: reply, for: claimed) else {
            Issue.record("not found")
            return
        }
        #expect(report.money == (try Example.money(1000)))
        let text = String(decoding: reply.body, as: UTF8.self)
            .replacingOccurrences(of: #","orderId":"ORDER_123456""#, with: "")
        let unnamed = ProviderReply(status: 200, body: Array(text.utf8))
        guard case .noAnswer("foreign_reference") = try Example.adapter().inquiryOutcome(of: unnamed, for: claimed)
        else {
            Issue.record("a session without our order was taken")
            return
        }
        #expect(try Example.adapter().inquiryOutcome(of: unnamed, for: Example.subject()).isFound)
    }

    @Test(
        arguments: [
            ("05", .doNotHonor), ("14", .invalidCard), ("1A", .generic), ("51", .insufficientFunds),
            ("54", .expiredCard),
            ("41", .lostOrStolen), ("59", .fraudSuspected), ("61", .limitExceeded), ("91", .processingError),
            ("SP-01", .generic), (nil, .generic),
        ] as [(String?, Decline.Code)])
    func declineCodes(code: String?, expected: Decline.Code) {
        #expect(
            SpayonMapping.decline(code: code, message: nil, hiding: [])
                == Decline(code: expected, providerCode: code))
    }

    @Test func theLastDeclinedAttemptCounts() throws {
        let body = try Example.fixture("callback.failed_for_now.declined").reply.body
        let notice = try Example.adapter().readCallback(Example.delivery(body))
        #expect(
            notice.report.state
                == .failedForNow(Decline(code: .invalidCard, message: "Invalid card data", providerCode: "14")))
        #expect(notice.eventID == "\(Example.sessionID):failed")
    }

    @Test func pricesAreComparedAsMoney() throws {
        func price(_ price: String, _ currency: String) throws -> Money? {
            SpayonMapping.money(price: try JSONValue(parsing: price), currency: .string(currency))
        }
        #expect(try price(#""5000.00""#, "AMD") == Example.money(500_000))
        #expect(try price(#""10""#, "amd") == Example.money(1000))
        #expect(try price("10.5", "AMD") == Example.money(1050))
        #expect(try price(#""1000.00""#, "JPY") == Example.money(1000, "JPY"))
        #expect(try price(#""10.001""#, "AMD") == nil)
        #expect(try price(#""1e3""#, "AMD") == nil)
        #expect(try price("true", "AMD") == nil)
        #expect(try price(#""10""#, "XXX") == nil)
    }

    @Test func theSignatureIsTheDocumentedHexInEitherCaseAndNothingElse() throws {
        let body = Array(#"{"sessionId":"4ae3108a-3a1c-42df-bce9-503bbd70ab24","status":"paid"}"#.utf8)
        let signature = "613260f8cb3348fe4b7e4995c3fdecc8f5b90c1f7f6e394a7cddf682ce6956ef"
        let adapter = try Example.adapter()
        func verdict(_ signature: String) throws -> CallbackVerdict {
            adapter.verifyCallback(try Example.delivery(body, signature: signature))
        }
        #expect(try verdict(signature) == .authentic)
        #expect(try verdict(signature.uppercased()) == .authentic)
        #expect(try verdict("sha256=" + signature) == .forged)
        #expect(try verdict(signature + "00") == .forged)
        #expect(try verdict(String(signature.dropLast())) == .forged)
        #expect(try verdict("") == .forged)
    }

    @Test func aRejectionSaysWhy() throws {
        let outcome = try Example.adapter().createOutcome(
            of: Example.fixture("create.rejected.400").reply, for: Example.order())
        guard case .rejected(let detail, _) = outcome else {
            Issue.record("not rejected")
            return
        }
        #expect(detail == "currency is not supported")
    }
}

extension InquiryOutcome {
    var isFound: Bool { if case .found = self { true } else { false } }
}
