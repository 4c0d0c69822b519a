import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Waypay: transactions", .timeLimit(.minutes(5)))
struct WaypayTransactionTests {
    @Test func `a transaction is found by its three references once the customer has acted`() async throws {
        try await withSandbox { sandbox in
            let id = try #require(try await sandbox.checkout("ORD1", amount: "20.00")["paymentIntentId"])
            for identifier in [id, "ORD1", "nope"] {
                let answer = try await sandbox.waypayStatus(identifier)
                #expect(answer.status == 404)
                #expect(answer.body == #"{"code":"not_found","message":"Transaction not found"}"#)
            }
            #expect(try await sandbox.press("begin&method=JazzCash", on: id).status == 200)
            let pending = try await sandbox.waypayStatus("ORD1")
            let transaction = try #require(pending["id"])
            let reference = try #require(pending["txnRef"])
            #expect(reference.wholeMatch(of: /WPAYT[A-Z0-9]{15}/) != nil)
            #expect(
                matches(
                    pending.body,
                    """
                    {"id":"\(transaction)","amount":20.00,"currency":"PKR","fee":0,"netAmount":20.00,"txType":1,\
                    "txnType":"WalletDeposit","description":"Product Purchase","transactionNotes":null,\
                    "txnprovider":"JazzCash","txnRef":"\(reference)","status":1,"statusText":"Pending",\
                    "createdAtUtc":"…Z","isLive":false,"transactionMode":"Test","merchantOrderRef":"ORD1",\
                    "paymentIntentId":"\(id)","appliedFeeRuleName":null,"feeCalculationBreakdown":null}
                    """), "\(pending.body)")

            try await sandbox.settle("waypay", reference, "success")
            let paid = pending.body.replacing(
                #""status":1,"statusText":"Pending""#, with: #""status":2,"statusText":"Completed""#)
            for identifier in [id, "ORD1", reference] {
                #expect(try await sandbox.waypayStatus(identifier).body == paid)
            }
        }
    }

    @Test(arguments: [
        ("success", 2, "Completed"), ("failed", 3, "Failed"), ("canceled", 4, "Cancelled"), ("expired", 0, "Expired"),
    ])
    func `numbers and words of the current list agree`(outcome: String, number: Int64, word: String) async throws {
        try await withSandbox { sandbox in
            let id = try #require(try await sandbox.checkout("ORD1")["paymentIntentId"])
            #expect(try await sandbox.settle("waypay", id, outcome)["status"] == word)
            let status = try await sandbox.waypayStatus("ORD1")
            #expect(status.json?["status"]?.integer == number)
            #expect(status["statusText"] == word)
            let deliveries = await sandbox.receiver.deliveries(1)
            #expect(deliveries.first?.json?["data"]?["CurrentStatus"]?.string == word)
            #expect(try await sandbox.charges().count == (outcome == "success" ? 1 : 0))
            // The end is the end.
            for other in ["success", "failed", "expired"] {
                #expect(try await sandbox.settle("waypay", "ORD1", other).status == 409)
            }
        }
    }

    @Test func `the webhook is the documented one, unsigned`() async throws {
        try await withSandbox { sandbox in
            var request = WaypayRequest("Abcd12456", callback: sandbox.callbackURL, amount: "20.00")
            let order = #"{"orderRef":"Abcd12456"}"#
            request.set("orderRef", order, signed: order)
            _ = try await sandbox.waypay(request)
            try await sandbox.settle("waypay", "Abcd12456", "success")
            let delivery = try #require(await sandbox.receiver.deliveries(1).first)
            #expect(delivery.header("Content-Type") == "application/json")
            #expect(delivery.header("User-Agent") == "Waypay-Webhook/1.0")
            let signatures = delivery.headers.map(\.name.canonicalName).filter { $0.contains("signature") }
            #expect(signatures == [])
            let data = try #require(delivery.json?["data"])
            let event = try #require(delivery.json?["id"]?.string)
            #expect(event.wholeMatch(of: /[0-9a-f]{32}/) != nil)
            let created = try #require(delivery.json?["created"]?.integer)
            let time = try #require(data["Timestamp"]?.string)
            #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00/) != nil)
            let status = try await sandbox.waypayStatus("Abcd12456")
            let (id, reference) = (try #require(status["id"]), try #require(status["txnRef"]))
            let documented =
                #"{"id":"\#(event)","type":"TransactionStatusChanged","created":\#(created),"livemode":false,"#
                + #""data":{"TransactionId":"\#(id)","PreviousStatus":"Pending","CurrentStatus":"Completed","#
                + #""Amount":20.00,"Currency":"PKR","Reason":null,"TransactionReference":"\#(reference)","#
                + #""CustomerRef":null,"OrderRef":"{\"OrderRef\":\"Abcd12456\",\"Discount\":null,\"Tax\":null}","#
                + #""MerchantId":"dd15c78a-83b0-499f-9e6c-beba37a8f875","Timestamp":"\#(time)"},"api_version":"v1"}"#
            #expect(delivery.body == documented)
        }
    }

    @Test func `a failure says its reason`() async throws {
        try await withSandbox { sandbox in
            for (reference, code, reason) in [("A", nil, "Declined"), ("B", "Insufficient balance", nil)] {
                _ = try await sandbox.checkout(reference)
                try await sandbox.settle("waypay", reference, "failed", code: code)
                let data = await sandbox.receiver.deliveries(reference == "A" ? 1 : 2).last?.json?["data"]
                #expect(data?["Reason"]?.string == reason ?? code)
                #expect(data?["OrderRef"]?.string == #"{"OrderRef":"\#(reference)","Discount":"10","Tax":"15"}"#)
            }
        }
    }

    @Test func `a webhook is sent again after 1, 5 and 15 minutes until it is answered 200`() throws {
        let provider = WaypayProvider(SandboxConfiguration())
        let time = SandboxTime.now()
        _ = open(WaypayRequest("ORD1", callback: "https://yoursite.com/hook"), at: provider, time)
        let settled = provider.settle(
            reference: "ORD1", outcome: .success, code: nil, effects: SandboxEffects(), at: time)
        guard case .settled("Completed", let callbacks) = settled else {
            Issue.record("\(settled)")
            return
        }
        let callback = try #require(callbacks.first)
        #expect(callback.retryAfter == [.seconds(60), .seconds(300), .seconds(900)])
        #expect(callback.timeout == .seconds(5))
        #expect(callback.success == 200..<201)
        #expect(callback.destination == .url("https://yoursite.com/hook"))
    }

    @Test func `without an address of its own an order is told at the portal's`() async throws {
        try await withSandbox { sandbox in
            let registered = try await sandbox.call(
                .POST, "/_sandbox/callbacks", body: #"{"provider":"waypay","url":"\#(sandbox.callbackURL)"}"#)
            #expect(registered.status == 200)
            let id = try #require(try await sandbox.waypay(WaypayRequest("ORD1"))["paymentIntentId"])
            let paid = try await sandbox.press("pay", on: id)
            // There is nowhere to send the browser.
            #expect(paid.status == 200)
            #expect(paid.body.contains("has been made"))
            let delivery = await sandbox.receiver.deliveries(1).first
            #expect(delivery?.json?["data"]?["CurrentStatus"]?.string == "Completed")
        }
    }

    @Test func `a session expires after half an hour, with its webhook`() throws {
        let provider = WaypayProvider(SandboxConfiguration())
        let time = SandboxTime.now()
        _ = open(WaypayRequest("UNSEEN", callback: "https://yoursite.com/hook"), at: provider, time)
        _ = open(WaypayRequest("PAID", callback: "https://yoursite.com/hook"), at: provider, time)
        _ = provider.settle(reference: "PAID", outcome: .success, code: nil, effects: SandboxEffects(), at: time)
        #expect(provider.tick(at: time.advanced(by: .seconds(1799))).isEmpty)
        let late = time.advanced(by: .seconds(1800))
        // Its time is over whether the clock has struck or not.
        let settled = provider.settle(
            reference: "UNSEEN", outcome: .success, code: nil, effects: SandboxEffects(), at: late)
        guard case .alreadyFinal = settled else {
            Issue.record("\(settled)")
            return
        }
        let callbacks = provider.tick(at: late)
        #expect(callbacks.count == 1)
        let data = try JSONValue(parsing: try #require(callbacks.first?.message.body))["data"]
        #expect(data?["CurrentStatus"]?.string == "Expired")
        #expect(data?["PreviousStatus"]?.string == "Pending")
        #expect(provider.tick(at: late).isEmpty)
        #expect(provider.charges().map(\.reference) == ["PAID"])
    }

    // MARK: The hosted page

    @Test func `a person chooses a method and pays, and the browser goes to the callback address`() async throws {
        try await withSandbox { sandbox in
            let id = try #require(try await sandbox.checkout("ORD1")["paymentIntentId"])
            let page = try await sandbox.call(.GET, "/waypay/pay/\(id)")
            #expect(page.status == 200)
            #expect(page.header("Content-Type") == "text/html; charset=utf-8")
            for text in [
                "1000 PKR", "Product Purchase", #"value="JazzCash""#, #"value="Easypaisa""#, #"value="Card""#,
                #"value="pay""#, #"value="decline""#, #"value="cancel""#,
            ] {
                #expect(page.body.contains(text), "\(text)")
            }
            // A visit is no act.
            #expect(try await sandbox.waypayStatus(id).status == 404)

            let paid = try await sandbox.press("pay&method=Easypaisa", on: id)
            #expect(paid.status == 303)
            #expect(paid.header("Location") == sandbox.callbackURL)
            #expect(try await sandbox.waypayStatus(id)["txnprovider"] == "Easypaisa")
            #expect(try await sandbox.charges() == ["waypay ORD1 1000 PKR captured"])

            let again = try await sandbox.press("pay&method=Card", on: id)
            #expect(again.status == 409)
            #expect(!again.body.contains("<button"))
            #expect(try await sandbox.charges().count == 1)
            #expect(try await sandbox.press("begin", on: id).status == 409)
            #expect(try await sandbox.press("steal", on: id).status == 400)
            #expect(try await sandbox.call(.GET, "/waypay/pay/nope").status == 404)
        }
    }

    @Test(arguments: [("decline", "Failed"), ("cancel", "Cancelled")])
    func `a person declines or cancels`(action: String, word: String) async throws {
        try await withSandbox { sandbox in
            let id = try #require(try await sandbox.checkout("ORD1")["paymentIntentId"])
            let answer = try await sandbox.press(action, on: id)
            #expect(answer.status == 303)
            #expect(answer.header("Location") == sandbox.callbackURL)
            #expect(await sandbox.receiver.deliveries(1).first?.json?["data"]?["CurrentStatus"]?.string == word)
            #expect(try await sandbox.call(.GET, "/waypay/pay/\(id)").body.contains("<button") == false)
        }
    }

    @Test(arguments: [(1, "JazzCash"), (2, "Easypaisa")])
    func `a method that the merchant chose is not asked for`(number: Int, name: String) async throws {
        try await withSandbox { sandbox in
            let id = try #require(try await sandbox.checkout("ORD1", method: number)["paymentIntentId"])
            let page = try await sandbox.call(.GET, "/waypay/pay/\(id)")
            #expect(page.body.contains(name))
            #expect(!page.body.contains("radio"))
            // Not even by a form of one's own.
            _ = try await sandbox.press("pay&method=Card", on: id)
            let status = try await sandbox.waypayStatus(id)
            #expect(status["txnprovider"] == name)
            #expect(status.json?["txType"]?.integer == 1)
        }
    }

    private func open(_ request: WaypayRequest, at provider: WaypayProvider, _ time: SandboxTime) -> SandboxReply {
        provider.handle(
            SandboxRequest(
                method: .post, path: "/Gateway/v1/Payment/initiate-checkout",
                headers: [.sandbox("SWICH-API-Key"): "pk_test_sandbox"], body: Array(request.body.utf8),
                baseURL: "http://127.0.0.1:9400/waypay", time: time), effects: SandboxEffects()
        ).reply
    }
}
