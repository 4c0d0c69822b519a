import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Payalo", .timeLimit(.minutes(5)))
struct PayaloSandboxTests {
    @Test func `the documented order is accepted as pending`() async throws {
        try await withSandbox { sandbox in
            let answer = try await sandbox.payin("quickstart-001")
            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "application/json")
            let gateway = try #require(answer["gatewayReference"])
            #expect(gateway.utf8.count == 33)
            #expect(gateway.hasPrefix("b2p"))
            let createdAt = try #require(answer["createdAt"])
            #expect(createdAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00/) != nil)
            #expect(
                answer.body == """
                    {"status":"pending","gatewayReference":"\(gateway)","merchantReference":"quickstart-001",\
                    "reconciliationReference":"quickstart-001","createdAt":"\(createdAt)"}
                    """)
            #expect(try await sandbox.charges() == [])
        }
    }

    @Test func `success is called back once and told by both status calls in the same bytes`() async throws {
        try await withSandbox(answers: [500]) { sandbox in
            let created = try await sandbox.payin("quickstart-001")
            let gateway = try #require(created["gatewayReference"])
            let settled = try await sandbox.settle("payalo", "quickstart-001", "success")
            #expect(settled.body == #"{"provider":"payalo","reference":"quickstart-001","status":"success"}"#)

            let first = try #require(await sandbox.receiver.deliveries(1).first)
            #expect(first.header("X-API-KEY") == "sandbox-payalo-key")
            #expect(first.header("Content-Type") == "application/json")
            #expect(
                matches(
                    first.body,
                    """
                    {"status":"success","type":"payin","flow":"direct","gatewayReference":"\(gateway)",\
                    "merchantReference":"quickstart-001","method":"mpesa-ke","country":"KE",\
                    "requestedAmount":{"value":100.00,"currency":"KES"},\
                    "finalAmount":{"value":100.00,"currency":"KES"},\
                    "createdAt":"…Z","completedAt":"…Z","completionSource":"webhook","errorCode":null,\
                    "errorMessage":null,"providerData":{"name":"mpesa","title":"M-Pesa Kenya",\
                    "fee":{"value":2.00,"currency":"KES"}}}
                    """), "\(first.body)")
            let completedAt = try #require(first.json?["completedAt"]?.string)
            #expect(completedAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)

            #expect(try await sandbox.payaloStatus("quickstart-001").body == first.body)
            let byGateway = try await sandbox.call(
                .GET, "/payalo/gateway/mmo/v2/status/\(gateway)", headers: Harness.payaloKey)
            #expect(byGateway.body == first.body)
            #expect(try await sandbox.charges() == ["payalo quickstart-001 100.00 KES captured"])

            // The refused delivery is not repeated: the next one belongs to the next payment.
            _ = try await sandbox.payin("quickstart-002")
            try await sandbox.settle("payalo", "quickstart-002", "success")
            let all = await sandbox.receiver.deliveries(2)
            let references = all.map { $0.json?["merchantReference"]?.string }
            #expect(references == ["quickstart-001", "quickstart-002"])
        }
    }

    @Test(
        arguments: [
            ("failed", nil, "user_insufficient_funds"), ("failed", "user_limit_exceeded", "user_limit_exceeded"),
            ("canceled", nil, "sandbox_payer_canceled"), ("expired", nil, "sandbox_prompt_expired"),
        ] as [(String, String?, String)])
    func `every other end is a failure with a code`(outcome: String, code: String?, errorCode: String) async throws {
        try await withSandbox { sandbox in
            let created = try await sandbox.payin("order-1")
            let gateway = try #require(created["gatewayReference"])
            #expect(try await sandbox.settle("payalo", gateway, outcome, code: code)["status"] == "failed")
            let delivery = try #require(await sandbox.receiver.deliveries(1).first)
            #expect(delivery.status == "failed")
            #expect(delivery.json?["errorCode"]?.string == errorCode)
            #expect(delivery.json?["providerData"]?["errorCode"]?.string == errorCode)
            #expect(delivery.json?["finalAmount"]?.isNull == true)
            #expect(try await sandbox.charges() == [])
            // Final is final, and the reference stays used.
            #expect(try await sandbox.settle("payalo", gateway, "success").status == 409)
            #expect(try await sandbox.payin("order-1").status == 422)
        }
    }

    @Test func `a pending transaction has no end yet`() async throws {
        try await withSandbox { sandbox in
            _ = try await sandbox.payin("order-1", amount: "99.5")
            let status = try await sandbox.payaloStatus("order-1")
            #expect(status.status == 200)
            #expect(status["status"] == "pending")
            #expect(status.json?["requestedAmount"]?["value"]?.number?.text == "99.5")
            for name in ["finalAmount", "completedAt", "completionSource", "errorCode", "errorMessage"] {
                #expect(status.json?[name]?.isNull == true)
            }
        }
    }

    @Test func `of concurrent orders with one reference exactly one is accepted`() async throws {
        try await withSandbox { sandbox in
            let answers = try await withThrowingTaskGroup(of: Harness.Answer.self) { group in
                for _ in 0..<40 { group.addTask { try await sandbox.payin("same") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count == 40)
            let refused = answers.filter { $0.status != 200 }
            #expect(refused.count == 39)
            for answer in refused {
                #expect(answer.status == 422)
                #expect(answer.header("Content-Type") == "application/problem+json")
                #expect(
                    answer.body == """
                        {"type":"https://docs.payalo.com/errors/merchant_transactionid_duplicate",\
                        "title":"Business logic error","status":422,"detail":"Duplicate merchant transaction ID.",\
                        "errorCode":"merchant_transactionid_duplicate"}
                        """)
            }
        }
    }

    @Test func `another body under a used reference is a duplicate too`() async throws {
        try await withSandbox { sandbox in
            let first = try await sandbox.payin("order-1")
            let second = try await sandbox.payin("order-1", amount: "1")
            #expect([first.status, second.status] == [200, 422])
        }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var change: (String, String) = ("", "")
        var method = "mpesa-ke"
        var key = "sandbox-payalo-key"
        let status: Int
        let specific: String
        var errorCode: String?
        let detail: String
        var testDescription: String { "\(specific): \(detail)" }
    }

    @Test(arguments: [
        Refused(key: "wrong", status: 401, specific: "unauthorized", detail: "The API key is missing or invalid."),
        // The key is looked at before the syntax, and that before the fields.
        Refused(
            change: ("{", "["), key: "", status: 401, specific: "unauthorized",
            detail: "The API key is missing or invalid."),
        Refused(
            change: (#""country":    "KE","#, ""), method: "nope", status: 400, specific: "validation_failed",
            detail: "'country' is required."),
        Refused(
            change: ("100.00", "100.00,"), status: 400, specific: "bad_request",
            detail: "The request body is not valid JSON."),
        Refused(
            change: ("100.00", "\"100.00\""), status: 400, specific: "validation_failed",
            detail: "'amount.value' must be a decimal number greater than 0."),
        Refused(
            change: ("100.00", "0.00"), status: 400, specific: "validation_failed",
            detail: "'amount.value' must be a decimal number greater than 0."),
        Refused(
            change: ("100.00", "-1"), status: 400, specific: "validation_failed",
            detail: "'amount.value' must be a decimal number greater than 0."),
        Refused(
            change: ("KES", "kes"), status: 400, specific: "validation_failed",
            detail: "'amount.currency' must be an ISO 4217 code."),
        Refused(
            change: (#""id": "user-42", "#, ""), status: 400, specific: "validation_failed",
            detail: "'payer.id' is required."),
        Refused(
            change: ("+254712345678", "call me"), status: 400, specific: "validation_failed",
            detail: "'payer.msisdn' must be a phone number in international format, 3 to 20 characters."),
        Refused(
            change: ("+254712345678", "+25471234567812345678"), status: 400, specific: "validation_failed",
            detail: "'payer.msisdn' must be at most 20 characters."),
        Refused(
            change: ("user-42", "user-42\", \"email\": 7, \"x\": \""), status: 400, specific: "validation_failed",
            detail: "'payer.email' must be a string."),
        Refused(
            change: ("http://127.0.0.1", "http://merchant.example.com"), status: 400, specific: "validation_failed",
            detail: "'resultUrl' must be an HTTPS URL."),
        Refused(
            change: ("http://", "http://127.0.0.1@"), status: 400, specific: "validation_failed",
            detail: "'resultUrl' must be an HTTPS URL."),
        Refused(
            change: (#""quickstart-001""#, #""quickstart-001", "labels": []"#), status: 400,
            specific: "validation_failed", detail: "'labels' must be an object of at most 10 entries."),
        Refused(
            method: "nope-ke", status: 400, specific: "validation_failed",
            detail: "Payment method is not enabled for this brand."),
        Refused(
            change: ("KES", "EUR"), status: 400, specific: "config_unsupported_currency",
            errorCode: "validation_failed", detail: "Currency is not supported."),
        Refused(
            change: (#""KE""#, #""FR""#), status: 400, specific: "config_unsupported_country",
            errorCode: "validation_failed", detail: "Country is not valid or not supported."),
        Refused(
            key: "sandbox-payalo-disabled-key", status: 400, specific: "merchant_disabled",
            errorCode: "validation_failed", detail: "Merchant is disabled."),
    ])
    func `refused with the documented problem, and the reference stays free`(_ refused: Refused) async throws {
        try await withSandbox { sandbox in
            let order = sandbox.payaloOrder("quickstart-001")
            let body =
                refused.change.0.isEmpty ? order : order.replacing(refused.change.0, with: refused.change.1)
            #expect(refused.change.0.isEmpty || body != order)
            let answer = try await sandbox.call(
                .POST, "/payalo/gateway/mmo/v2/direct/payin/\(refused.method)", headers: ["X-Api-Key": refused.key],
                body: body)
            #expect(answer.status == refused.status)
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(answer["type"] == "https://docs.payalo.com/errors/" + refused.specific)
            #expect(answer["errorCode"] == refused.errorCode ?? refused.specific)
            #expect(answer["detail"] == refused.detail)
            #expect(answer.json?["status"]?.integer == Int64(refused.status))
            #expect(answer["title"] != nil)
            #expect(try await sandbox.payin("quickstart-001").status == 200)
        }
    }

    @Test(arguments: ["/status/unknown", "/status/mref/unknown", "/status/mref/a%2Fb", "/records", "/status/a/b/c"])
    func `what is not there is a 404 problem`(path: String) async throws {
        try await withSandbox { sandbox in
            let answer = try await sandbox.call(.GET, "/payalo/gateway/mmo/v2" + path, headers: Harness.payaloKey)
            #expect(answer.status == 404)
            #expect(answer["type"] == "https://docs.payalo.com/errors/not_found")
            #expect(answer["errorCode"] == "not_found")
            #expect(try await sandbox.call(.GET, "/payalo/gateway/mmo/v2" + path).status == 401)
        }
    }

    @Test func `a reference is looked up percent-decoded`() async throws {
        try await withSandbox { sandbox in
            _ = try await sandbox.payin("a/b c")
            #expect(try await sandbox.payaloStatus("a%2Fb%20c")["merchantReference"] == "a/b c")
        }
    }

    @Test func `settles itself where configured`() async throws {
        try await withSandbox(SandboxConfiguration(autoSettleAfter: .milliseconds(1))) { sandbox in
            _ = try await sandbox.payin("order-1")
            #expect(await sandbox.receiver.deliveries(1).map(\.status) == ["success"])
            #expect(try await sandbox.charges() == ["payalo order-1 100.00 KES captured"])
        }
    }

    @Test func `the oldest transactions make room`() async throws {
        try await withSandbox(SandboxConfiguration(maxTransactions: 2)) { sandbox in
            for reference in ["a", "b", "c"] { _ = try await sandbox.payin(reference) }
            #expect(try await sandbox.payaloStatus("a").status == 404)
            #expect(try await sandbox.payaloStatus("c").status == 200)
        }
    }
}
