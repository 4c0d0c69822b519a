import Foundation
import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

/// The worked example of docs/adding-a-provider.md.
@Suite struct AcmeTests {
    @Test func conforms() throws {
        for finding in conformanceFindings(of: AcmeAdapter.self, with: try Self.inputs()) {
            Issue.record("\(finding)")
        }
    }

    /// What the guide shows is what was compiled and tried.
    @Test func theGuideShowsIt() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let guide = try String(contentsOf: root.appending(path: "docs/adding-a-provider.md"), encoding: .utf8)
        var shown: [Substring] = []
        for block in guide.components(separatedBy: "```swift\n").dropFirst() {
            let code = block.prefix(upTo: block.range(of: "```")?.lowerBound ?? block.endIndex)
            shown += code.components(separatedBy: "\n\n").map { Substring($0) }
        }
        #expect(shown.count > 10)
        var compiled = ""
        for name in ["AcmeAdapter.swift", "AcmeTests.swift"] {
            let file = root.appending(path: "Tests/ProviderConformanceTests/" + name)
            compiled += try Self.words(String(contentsOf: file, encoding: .utf8)[...])
        }
        for piece in shown {
            let isCompiled = compiled.contains(Self.words(piece))
            #expect(isCompiled, "\(piece)")
        }
    }

    /// Without white space: a piece may stand at another depth.
    private static func words(_ text: Substring) -> String { String(text.filter { !$0.isWhitespace }) }

    private static func inputs() throws -> ConformanceInputs {
        let createdAt = try #require(Timestamp("2026-01-24T10:00:00Z"))
        let money = Money(minorUnits: 10000, currency: try #require(Currency(code: "KES")))
        let secret = Secret("acme-callback-secret-51c2")
        func charge(_ status: String, _ money: Money, _ more: String = "") -> String {
            #"{"id":"ch_1","reference":"acme-order-1","status":"\#(status)","amount":"\#(money.decimalText)","#
                + #""currency":"\#(money.currency.code)"\#(more)}"#
        }
        let bodies = [
            "create.accepted.201": charge("pending", money),
            "create.ambiguous.201.unknown_status": charge("held", money),
            "create.ambiguous.201.foreign_reference": charge("pending", money).replacing("order-1", with: "order-2"),
            "create.ambiguous.409.unknown_code": #"{"error":"conflict"}"#,
            "create.ambiguous.422.unknown_code": #"{"error":"later"}"#,
            "create.refused.401": #"{"error":"unauthorized"}"#,
            "create.refused.429": #"{"error":"too_many_requests"}"#,
            "create.duplicate.409": #"{"error":"duplicate_reference"}"#,
            "create.rejected.422": #"{"error":"invalid","message":"The phone is not registered."}"#,
            "inquiry.pending": charge("pending", money),
            "inquiry.captured": charge("paid", money),
            "inquiry.failed": charge("failed", money, #","reason":"insufficient_funds""#),
            "inquiry.no_answer.unknown_status": charge("held", money),
            "inquiry.no_answer.404.another_body": #"{"error":"no_such_path"}"#,
            "inquiry.not_found.404": #"{"error":"no_such_charge"}"#,
            "callback.captured": charge("paid", money),
            "callback.failed": charge("failed", money, #","reason":"canceled""#),
            "callback.unreadable.unknown_status": charge("held", money),
        ]
        let fixtures = try bodies.sorted { $0.key < $1.key }.map { name, body in
            try #require(ConformanceFixture(name: name, body: Array(body.utf8)))
        }
        return ConformanceInputs(
            settings: ProviderSettings([
                "api_key": .secret(Secret("acme-key-9c41")), "callback_secret": .secret(secret),
            ]),
            secrets: ["acme-key-9c41", "acme-callback-secret-51c2"],
            order: PaymentOrder(
                id: "pay_1", reference: "acme-order-1",
                request: PaymentRequest(
                    money: money, instrument: .mobileMoney(phone: "+254712345678", network: "mpesa"),
                    country: Country(code: "KE"), reference: "order-1001"),
                callbackURL: "https://pay.example.com/webhooks/acme/token", createdAt: createdAt),
            fixtures: fixtures, referencePattern: "[a-z0-9]{20,40}",
            moneyInRequest: { request in
                let body = try? JSONValue(parsing: request.body)
                guard let code = body?["currency"]?.string, let currency = Currency(code: code),
                    let text = body?["amount"]?.string, let money = Money(decimal: text, currency: currency),
                    money.decimalText == text
                else { return nil }
                return money
            },
            statusPointers: ["/status"],
            subject: InquirySubject(
                reference: "acme-order-1", providerReference: "ch_1", money: money, method: .mobileMoney,
                createdAt: createdAt, now: createdAt.advanced(by: .seconds(60))),
            paidInquiry: { Array(charge("paid", $0).utf8) },
            delivery: { body in
                CallbackDelivery(
                    headers: [.acmeSignature: Signature.hmacSHA256Hex(body, key: secret)], body: body,
                    receivedAt: createdAt)
            })
    }
}
