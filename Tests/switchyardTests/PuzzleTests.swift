import Crypto
import Foundation
import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// What is particular to one provider and easily lost: a status that only the browser's id opens, a callback that comes
    /// once, a cancel that cancels nothing, a success that comes late.
    @Suite struct PuzzleTests {
        // MARK: AlyaPay: the status by the id that the browser brings

        private static func alyaPay(_ body: @Sendable (Till) async throws -> Void) async throws {
            let row = try #require(ProviderRow.all.first { $0.plugin == "alyapay" })
            // Shipped times: nothing is asked in the background, and nothing could be.
            try await Till.open(row, "MAD", body)
        }

        private static func expectRefused(_ answer: Answered, _ detail: String) {
            #expect(answer.status == 422)
            #expect(answer["code"] == "validation-failed")
            #expect(answer.pointers == ["/provider_transaction_id"])
            #expect(answer.text.contains(detail), "\(answer.text)")
        }

        @Test func syncWithTheTransactionFindsThePayment() async throws {
            try await Self.alyaPay { till in
                let payment = try await till.pay()
                let id = payment["id"]
                #expect(payment.json["next_action"]?["type"]?.string == "client_token")
                let transaction = try #require(try await till.customer("success", payment))
                // AlyaPay sends no callback of a success, and without the id there is nothing to ask by.
                let without = try await till.router.sync(id)
                #expect(without.status == 422)
                #expect(without["code"] == "operation-not-supported")
                #expect(try await till.questions() == 0)
                #expect(try await till.router.payment(id)["status"] == "requires_action")

                let synced = try await till.router.sync(id, transaction: transaction)
                #expect(synced.status == 200)
                #expect(synced["status"] == "captured")
                #expect(synced["provider_reference"] == transaction)
                #expect(synced.json["amount_captured"]?.integer == 10_000)
                let question = try #require(try await till.providers.received("alyapay").last)
                #expect(question.path == "/api/v1/public/transactions/\(transaction)/status")
                // Read with this payment's session, not with the key, which sees every transaction of the merchant.
                #expect(question.header("x-session-token") == "***")
                #expect(question.header("x-api-key") == nil)
                #expect(try await till.router.events(of: id).last == "payment.captured")
                // From now on it is known by it.
                #expect(try await till.router.sync(id)["status"] == "captured")
                #expect(try await till.router.sync(id, transaction: transaction)["status"] == "captured")
                try await till.expectCharge("captured")
            }
        }

        @Test func anotherPaymentsTransactionIsRefused() async throws {
            try await Self.alyaPay { till in
                let mine = try await till.pay("k-1")
                let other = try await till.pay("k-2")
                let transaction = try #require(try await till.customer("success", other))
                for claimed in [transaction, UUID().uuidString.lowercased()] {
                    let refused = try await till.router.sync(mine["id"], transaction: claimed)
                    Self.expectRefused(refused, "is not known to the provider")
                }
                #expect(try await till.router.payment(mine["id"])["status"] == "requires_action")
                // Neither attempt took it from its owner.
                let owner = try await till.router.sync(other["id"], transaction: transaction)
                #expect(owner["status"] == "captured")
                Self.expectRefused(
                    try await till.router.sync(mine["id"], transaction: transaction), "is not known to the provider")
                #expect(try await till.router.payment(mine["id"])["status"] == "requires_action")
            }
        }

        @Test func aTransactionOfAnotherAmountIsRefused() async throws {
            try await Self.alyaPay { till in
                let payment = try await till.pay()
                let transaction = try #require(try await till.customer("success", payment))
                try await till.providers.fault("alyapay", "wrong_amount", #""operation":"status""#)
                let refused = try await till.router.sync(payment["id"], transaction: transaction)
                Self.expectRefused(refused, "is of another amount or currency")
                let after = try await till.router.payment(payment["id"])
                #expect(after["status"] == "requires_action")
                #expect(after.json["amount_captured"]?.integer == 0)
                #expect(after["provider_reference"] == payment["provider_reference"])
            }
        }

        /// The callback comes before anybody knows whose it is: it is kept, and applied when `sync` brings the id.
        @Test func anOrphanedCancelIsAppliedWhenSyncBringsTheID() async throws {
            try await Self.alyaPay { till in
                let router = till.router
                func orphans() async throws -> [JSONValue] {
                    try #require(try await router.operate(.GET, "/admin/orphans").json["orphans"]?.array)
                }
                let payment = try await till.pay()
                let transaction = try #require(try await till.customer("canceled", payment))
                let kept = try await eventually("the callback is kept") { try await orphans().first }
                #expect(kept["provider"]?.string == "alyapay-main")
                #expect(kept["provider_reference"]?.string == transaction)
                #expect(try await router.payment(payment["id"])["status"] == "requires_action")

                let synced = try await router.sync(payment["id"], transaction: transaction)
                #expect(synced.status == 200)
                #expect(synced["status"] == "canceled")
                #expect(try await orphans().isEmpty)
                let matches = router.logs.all.filter { $0.contains("callback matched later") }
                #expect(!matches.isEmpty)
                let events = try await router.events(of: payment["id"])
                #expect(events == ["payment.requires_action", "payment.canceled"])
            }
        }

        /// Two payments of the same amount at a provider that is asked with the merchant's key: the transaction belongs to
        /// whom it is known of, and to one of them only.
        /// Two payments of one amount: the transaction is of the page that was paid, whoever claims it first.
        @Test func aTransactionIsItsOwners() async throws {
            let row = try #require(ProviderRow.all.first { $0.plugin == "paymentgateway" && $0.method == "checkout" })
            try await Till.open(row, "USD") { till in
                try await till.dropCallbacks()
                let one = try await till.pay("k-1")
                let two = try await till.pay("k-2")
                let transaction = try #require(try await till.customer("success", one))
                Self.expectRefused(
                    try await till.router.sync(two["id"], transaction: transaction), "is not this payment's")
                async let first = till.router.sync(one["id"], transaction: transaction)
                async let second = till.router.sync(two["id"], transaction: transaction)
                let answers = try await [first, second]
                #expect(answers.map(\.status) == [200, 422])
                Self.expectRefused(answers[1], "is not this payment's")
                #expect(try await till.router.payment(one["id"])["status"] == "captured")
                #expect(try await till.router.payment(two["id"])["status"] == "requires_action")
                // Both pages paid: each transaction goes to one of them, and to no other.
                let other = try #require(try await till.customer("success", two))
                Self.expectRefused(
                    try await till.router.sync(two["id"], transaction: transaction), "belongs to another payment")
                #expect(try await till.router.sync(two["id"], transaction: other)["status"] == "captured")
            }
        }

        // MARK: Waypay: a page from before a restart

        @Test func aPageFromBeforeARestartIsPaidAfterItsKeyCameAgain() async throws {
            let body = """
                {"amount":110100,"currency":"PKR","method":"checkout","country":"PK","reference":"order-1",
                 "description":"A lamp","return_url":"https://shop.example.com/done"}
                """
            try await withProviders { providers in
                @Sendable func orders() async throws -> [(reference: String, callback: String)] {
                    try await providers.received("waypay").filter { $0.method == "POST" }.map { request in
                        (
                            request.body?["orderRef"]?["orderRef"]?.string ?? "",
                            request.body?["callbackUrl"]?.string ?? ""
                        )
                    }
                }
                try await withRouter(.shipped, providers) { router in
                    let opened = try await router.pay("k-1", body)
                    #expect(opened["status"] == "requires_action")
                }
                let first = try #require(try await orders().first)
                try await withRouter(.shipped, providers) { router in
                    let again = try await router.pay("k-1", body)
                    #expect(again["status"] == "requires_action")
                    #expect(again.attempts.first == "waypay-main:create=ambiguous(duplicate)")
                    try await providers.settle("waypay", first.reference, "success")
                    // The address of the first page was that of the router before.
                    let webhooks = try #require(first.callback.range(of: "/webhooks/"))
                    let path = first.callback[webhooks.lowerBound...]
                    let told = """
                        {"id":"e1","type":"TransactionStatusChanged","created":1768724277,"livemode":false,"data":{
                        "TransactionId":"829727d1-7193-4177-9da8-9765b18699c3","PreviousStatus":"Pending",
                        "CurrentStatus":"Completed","Amount":1101.00,"Currency":"PKR","Reason":null,
                        "TransactionReference":"W1","CustomerRef":null,"OrderRef":"{\\"OrderRef\\":\\"\(first.reference)\\"}",
                        "MerchantId":"m","Timestamp":"2026-01-18T08:17:57.6448041+00:00"},"api_version":"v1"}
                        """
                    let heard = try await providers.http.answer(
                        .POST, "http://127.0.0.1:\(router.api)\(path)", ["content-type": "application/json"],
                        Array(told.utf8))
                    #expect(heard.status == 200)
                    try await router.payment(again["id"], becomes: "captured")
                    // The customer pays the second page too: that is seen.
                    let second = try #require(try await orders().last)
                    #expect(second.reference != first.reference)
                    try await providers.settle("waypay", second.reference, "success")
                    _ = try await eventually("a review") {
                        let payment = try await router.payment(again["id"])
                        return payment.json["review"]?["reason"]?.string == "second_success" ? payment : nil
                    }
                }
            }
        }

        // MARK: Payalo: its only callback is lost

        @Test func payalosOnlyCallbackIsLost() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "drop_callback", #""count":1000"#)
                let payment = try await router.pay("k-1")
                #expect(payment["status"] == "pending")
                try await router.providers.settle("payalo", payment["provider_reference"], "success")
                // Nobody but the background asks.
                let found = try await router.payment(payment["id"], becomes: "captured")
                #expect(found.json["amount_captured"]?.integer == 10_000)
                let questions = try await router.providers.received("payalo").filter { $0.operation == "status" }
                #expect(questions.last?.path == "/gateway/mmo/v2/status/\(payment["provider_reference"] ?? "")")
                #expect(try await router.events(of: payment["id"]) == ["payment.pending", "payment.captured"])
                #expect(try await router.providers.charges().map(\.text) == ["payalo 100.00 KES captured"])
            }
        }

        // MARK: Spayon: paid after its cancel redirect

        @Test func spayonIsPaidAfterItsCancelRedirect() async throws {
            try await endToEnd(.shipped) { router in
                let http = router.providers.http
                let body = String.checkout.replacing(
                    #""return_url""#, with: #""cancel_url":"https://shop.example.com/cart","return_url""#)
                let payment = try await router.pay("k-1", body)
                let page = try #require(payment.json["next_action"]?["url"]?.string)
                let form = ["content-type": "application/x-www-form-urlencoded"]
                let left = try await http.answer(.POST, page, form, Array("action=cancel".utf8))
                #expect(left.header("location") == "https://shop.example.com/cart")
                // The customer is back in the shop, and the session lives on.
                let open = try await router.sync(payment["id"])
                #expect(open["status"] == "requires_action")
                #expect(open.json["next_action"]?["url"]?.string == page)
                #expect(try await router.events(of: payment["id"]) == ["payment.requires_action"])

                let paid = try await http.answer(.POST, page, form, Array("action=pay".utf8))
                #expect(paid.header("location")?.hasPrefix("https://shop.example.com/done?session_id=") == true)
                let captured = try await router.payment(payment["id"], becomes: "captured")
                #expect(captured.json["amount_captured"]?.integer == 499_000)
                #expect(captured.json["review"]?.isNull == true)
                #expect(
                    try await router.events(of: payment["id"]) == ["payment.requires_action", "payment.captured"])
                #expect(try await router.providers.charges().map(\.text) == ["spayon 4990 AMD captured"])
            }
        }

        // MARK: A success after the end

        private static func signature(_ body: String, _ secret: String) -> String {
            HMAC<SHA256>.authenticationCode(for: Data(body.utf8), using: SymmetricKey(data: Data(secret.utf8)))
                .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        }

        /// The payment has ended as `end`, and the provider's genuine word of a success comes: money was taken.
        private static func expectLateSuccess(
            _ router: Router, _ id: String?, after end: String, _ path: String, _ body: String,
            _ header: [String: String],
            amount: Int64
        ) async throws {
            let ended = try await router.payment(id, becomes: end)
            #expect(ended.json["amount_captured"]?.integer == 0)
            for _ in 1...2 { #expect(try await router.send(.POST, path, body, header).status == 200) }
            let captured = try await router.payment(id)
            #expect(captured["status"] == "captured")
            #expect(captured.json["amount_captured"]?.integer == amount)
            #expect(captured.json["decline"]?.isNull == true)
            #expect(captured.json["review"]?.isNull == true)
            let events = try await router.events(of: id)
            #expect(events.suffix(2) == ["payment.\(end)", "payment.captured"])
            #expect(router.logs.all.contains { $0.contains("payment succeeded after it had ended") })
        }

        /// The app closed the page in the very moment in which the customer paid.
        @Test func aSuccessAfterCanceledCaptures() async throws {
            let row = try #require(ProviderRow.all.first { $0.plugin == "paymentgateway" && $0.method == "checkout" })
            try await Till.open(row, "EUR") { till in
                let payment = try await till.pay()
                #expect(try await till.router.followUp(payment["id"], "cancel", key: "x-1")["status"] == "canceled")
                let body = """
                    {"event":"payment_intent.succeeded","timestamp":"2026-01-24T10:00:00Z","id":"evt_late00000001","data":\
                    {"payment_intent_id":"\(payment["provider_reference"] ?? "")","payment_id":"pay_late00000000000001",\
                    "status":"captured","amount":10000,"currency":"EUR"}}
                    """
                try await Self.expectLateSuccess(
                    till.router, payment["id"], after: "canceled", "/webhooks/cards-main", body,
                    ["x-webhook-signature": Self.signature(body, Providers.cardsWebhookSecret)], amount: 10_000)
            }
        }

        @Test func aSuccessAfterExpiredCaptures() async throws {
            try await endToEnd(.shipped) { router in
                let payment = try await router.pay("k-1", .checkout)
                let sent = try #require(try await router.providers.received("spayon").last?.body)
                try await router.providers.settle("spayon", payment["provider_reference"], "expired")
                let body = """
                    {"sessionId":"\(payment["provider_reference"] ?? "")","status":"paid","price":"4990",\
                    "currency":"AMD","orderId":"\(sent["order_id"]?.string ?? "")"}
                    """
                let address = try #require(sent["callback_url"]?.string)
                try await Self.expectLateSuccess(
                    router, payment["id"], after: "expired",
                    String(address.dropFirst("http://127.0.0.1:\(router.api)".count)), body,
                    ["x-signature": Self.signature(body, Providers.spayonCallbackSecret)], amount: 499_000)
            }
        }

        @Test func aSuccessAfterFailedCaptures() async throws {
            try await endToEnd(.shipped) { router in
                let payment = try await router.pay("k-1")
                let sent = try #require(try await router.providers.received("payalo").last?.body)
                try await router.providers.settle("payalo", payment["provider_reference"], "failed")
                let body = """
                    {"gatewayReference":"\(payment["provider_reference"] ?? "")",\
                    "merchantReference":"\(sent["merchantReference"]?.string ?? "")","status":"success",\
                    "finalAmount":{"value":100.00,"currency":"KES"}}
                    """
                let address = try #require(sent["resultUrl"]?.string)
                try await Self.expectLateSuccess(
                    router, payment["id"], after: "failed",
                    String(address.dropFirst("http://127.0.0.1:\(router.api)".count)), body,
                    ["x-api-key": Providers.payaloKey], amount: 10_000)
            }
        }
    }
}
