import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Waypay: checkout", .timeLimit(.minutes(5)))
struct WaypayCheckoutTests {
    @Test func `the documented order opens a session`() async throws {
        try await withSandbox { sandbox in
            let request = WaypayRequest("ORD123456", callback: "https://yoursite.com/payment/callback", method: 1)
            let answer = try await sandbox.waypay(request)
            #expect(answer.status == 200, "\(answer.body)")
            let id = try #require(answer["paymentIntentId"])
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            let expiresAt = try #require(answer["expiresAt"])
            #expect(expiresAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
            let url = "http://127.0.0.1:\(sandbox.port)/waypay/pay/\(id)"
            #expect(
                answer.body == #"{"paymentIntentId":"\#(id)","checkoutUrl":"\#(url)","expiresAt":"\#(expiresAt)"}"#)
        }
    }

    /// The first three texts and digests are of the digest of Waypay's pages, computed with another program.
    @Test func `the signature is that of the worked example`() throws {
        func expected(_ body: String, _ secret: String = "mer_sk_abc123def456") throws -> String {
            WaypaySignature.expected(of: try #require(JSONValue(parsing: body).object), secret: secret)
        }
        let guide =
            #"{"orderRef": {"orderRef": "ORD123456"}, "amount": 1000, "customerRef": {"name": "A"}, "#
            + #""description": "Payment for order", "currency": "PKR", "signature": "x", "metadataJson": "", "#
            + #""callbackUrl": null, "list": [1]}"#
        #expect(try expected(guide) == "ce43826ceaef63d8a37cfeacc2e75585")
        #expect(
            try expected(guide.replacing(#""orderRef": {"orderRef": "ORD123456"}, "#, with: ""))
                == "85726f2dfb8577ff53a0d315e524c9ab")
        var source = WaypayRequest("ORD123456", callback: "https://yoursite.com/payment/callback", method: 1)
        source.secret = "mer_sk_abc123def456"
        #expect(
            source.signedText == "amount=1000&callbackurl=https://yoursite.com/payment/callback&currency=PKR"
                + "&description=Product Purchase&intenttype=checkout"
                + #"&orderref={"orderRef":"ORD123456","discount":"10","tax":"15"}&paymentmethod=1mer_sk_abc123def456"#)
        #expect(try expected(source.body) == "1351528335e6c3bb8f19a8d21becebba")
    }

    @Test func `a signature that is not right opens nothing`() async throws {
        try await withSandbox { sandbox in
            var wrongSecret = WaypayRequest("ORD1")
            wrongSecret.secret = "mer_sk_other"
            var withoutOrder = WaypayRequest("ORD1")
            withoutOrder.set("orderRef", #"{"orderRef":"ORD1"}"#, signed: nil)
            var upperCase = WaypayRequest("ORD1")
            upperCase.signature = "CE43826CEAEF63D8A37CFEACC2E75585"
            // Signed for 1000, sent as 1000.00: the text counts.
            var otherAmount = WaypayRequest("ORD1")
            otherAmount.set("amount", "1000.00", signed: "1000")
            for request in [wrongSecret, withoutOrder, upperCase, otherAmount] {
                let answer = try await sandbox.waypay(request)
                #expect(answer.status == 401)
                #expect(answer["code"] == "invalid_signature")
            }
            // No reference is used up by it.
            #expect(try await sandbox.checkout("ORD1").status == 200)
        }
    }

    @Test func `nothing works without the key`() async throws {
        try await withSandbox { sandbox in
            for (key, status) in [("", 401), ("pk_live_other", 401), ("pk_test_sandbox_suspended", 403)] {
                for (verb, path) in [
                    (Harness.Verb.POST, "Payment/initiate-checkout"), (.GET, "Transaction/by-ref/ORD1"),
                ] {
                    let answer = try await sandbox.call(
                        verb, "/waypay/Gateway/v1/\(path)", headers: key.isEmpty ? [:] : ["SWICH-API-Key": key],
                        body: verb == .POST ? WaypayRequest("ORD1").body : nil)
                    #expect(answer.status == status)
                    #expect(answer["code"] == (status == 401 ? "unauthorized" : "forbidden"))
                }
            }
        }
    }

    @Test(
        arguments: [
            ("amount", nil, 400, "amount", "required"),
            ("amount", #""1000""#, 400, "amount", "invalid_type"),
            ("amount", "-20", 400, "amount", "invalid_type"),
            ("amount", "10", 422, "amount", "too_small"),
            ("amount", "10.00", 422, "amount", "too_small"),
            ("amount", "0", 422, "amount", "too_small"),
            ("currency", #""EUR""#, 422, "currency", "unsupported"),
            ("description", nil, 400, "description", "required"),
            ("description", #""Two shirts!""#, 400, "description", "invalid_format"),
            ("description", "\"" + String(repeating: "a", count: 201) + "\"", 400, "description", "invalid_format"),
            ("customerRef", #"{"email":"user.example.com"}"#, 400, "customerRef.email", "invalid_format"),
            ("customerRef", #"{"cnic":"352010834567"}"#, 400, "customerRef.cnic", "invalid_format"),
            ("customerRef", #"{"name":7}"#, 400, "customerRef.name", "invalid_type"),
            ("customerRef", #""Test User""#, 400, "customerRef", "invalid_type"),
            ("orderRef", nil, 400, "orderRef", "required"),
            ("orderRef", "{}", 400, "orderRef.orderRef", "required"),
            ("orderRef", #"{"orderRef":"TEST-ORD-1"}"#, 400, "orderRef.orderRef", "invalid_format"),
            ("callbackUrl", #""http://yoursite.com/hook""#, 400, "callbackUrl", "invalid_format"),
            (
                "callbackUrl", "\"https://yoursite.com/" + String(repeating: "a", count: 2030) + "\"", 400,
                "callbackUrl", "too_long"
            ),
            ("intentType", #""deposit""#, 400, "intentType", "unsupported"),
            ("paymentMethod", "3", 400, "paymentMethod", "invalid_format"),
            ("paymentMethod", #""1""#, 400, "paymentMethod", "invalid_format"),
            ("metadataJson", #""{not json""#, 400, "metadataJson", "invalid_format"),
        ] as [(String, String?, Int, String, String)])
    func `what is not as documented is refused, and says where`(
        member: String, json: String?, status: Int, field: String, issue: String
    ) async throws {
        try await withSandbox { sandbox in
            var request = WaypayRequest("ORD1")
            if let json {
                // A text is signed without its quotes; the object that is signed is `orderRef`.
                let isSigned = !json.hasPrefix("{") || member == "orderRef"
                request.set(member, json, signed: isSigned ? json.replacing("\"", with: "") : nil)
                if member == "orderRef" { request.set(member, json, signed: json) }
            } else {
                request.remove(member)
            }
            let answer = try await sandbox.waypay(request)
            #expect(answer.status == status, "\(answer.body)")
            #expect(answer["code"] == "validation_error")
            #expect(answer.json?["details"]?["field"]?.string == field)
            #expect(answer.json?["details"]?["issue"]?.string == issue)
            #expect(try await sandbox.checkout("ORD1").status == 200)
        }
    }

    @Test func `the documented example of an error is what is answered`() async throws {
        try await withSandbox { sandbox in
            var request = WaypayRequest("ORD1")
            request.set("description", text: "No-hyphens")
            let answer = try await sandbox.waypay(request)
            let documented =
                #"{"code":"validation_error","message":"description must match ^[A-Za-z0-9 ]{1,200}$","#
                + #""details":{"field":"description","issue":"invalid_format"}}"#
            #expect(answer.body == documented)
        }
    }

    @Test(arguments: ["", "[]", "{", #"{"amount":1000,"AMOUNT":1}"#])
    func `a body that is no object is refused`(body: String) async throws {
        try await withSandbox { sandbox in
            let answer = try await sandbox.call(
                .POST, "/waypay/Gateway/v1/Payment/initiate-checkout", headers: Harness.waypayKey, body: body)
            #expect(answer.status == 400)
            #expect(answer["code"] == "invalid_json")
        }
    }

    @Test func `the least and the fullest orders are taken`() async throws {
        try await withSandbox { sandbox in
            var least = WaypayRequest("A")
            for name in ["currency", "intentType"] { least.remove(name) }
            least.set("amount", "10.01", signed: "10.01")
            least.set("orderRef", #"{"orderRef":"A"}"#, signed: #"{"orderRef":"A"}"#)
            #expect(try await sandbox.waypay(least).status == 200)
            try await sandbox.settle("waypay", "A", "success")

            var full = WaypayRequest("B", callback: sandbox.callbackURL, method: 2, amount: "1000.50")
            full.set(
                "customerRef",
                #"{"name":"Test User","email":"test@example.com","cnic":"3520108345678","phone":"03123456789","#
                    + #""shippingAddress":"Street 1","estimatedDays":3}"#, signed: nil)
            full.set("metadataJson", #""{\"tier\":\"gold\"}""#, signed: #"{"tier":"gold"}"#)
            #expect(try await sandbox.waypay(full).status == 200)
            try await sandbox.settle("waypay", "B", "success")
            #expect(
                try await sandbox.charges() == ["waypay A 10.01 PKR captured", "waypay B 1000.50 PKR captured"])
        }
    }

    @Test func `a reference is used once, whatever becomes of it`() async throws {
        try await withSandbox { sandbox in
            #expect(try await sandbox.checkout("ORD1").status == 200)
            for outcome in [nil, "failed"] as [String?] {
                if let outcome { try await sandbox.settle("waypay", "ORD1", outcome) }
                let again = try await sandbox.checkout("ORD1")
                #expect(again.status == 422)
                #expect(again.json?["details"]?["field"]?.string == "orderRef.orderRef")
                #expect(again.json?["details"]?["issue"]?.string == "duplicate")
            }
            #expect(try await sandbox.checkout("ord1").status == 200)
        }
    }

    @Test func `the oldest session makes room`() async throws {
        try await withSandbox(SandboxConfiguration(maxTransactions: 2)) { sandbox in
            for reference in ["A", "B", "C"] { _ = try await sandbox.checkout(reference) }
            #expect(try await sandbox.settle("waypay", "A", "success").status == 404)
            #expect(try await sandbox.settle("waypay", "C", "success").status == 200)
        }
    }

    @Test func `neither key nor signature is kept`() async throws {
        try await withSandbox { sandbox in
            let request = WaypayRequest("ORD1")
            _ = try await sandbox.waypay(request)
            let log = try await sandbox.call(.GET, "/_sandbox/requests?provider=waypay")
            let entry = try #require(log.json?["requests"]?.array?.first)
            #expect(entry["headers"]?["swich-api-key"]?.string == "***")
            let body = try JSONValue(parsing: try #require(entry["body"]?.string))
            #expect(body["signature"]?.string == "***")
            #expect(body["orderRef"]?["orderRef"]?.string == "ORD1")
            #expect(!log.body.contains("pk_test_sandbox"))
        }
    }
}
