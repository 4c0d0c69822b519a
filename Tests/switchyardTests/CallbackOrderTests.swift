import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Deliveries that come before their time, after it, or beside the matter.
    @Suite struct CallbackOrderTests {
        /// A hold that has ended, and then the webhook that told of its beginning, hours late.
        @Test func aHoldThatHasEndedIsNotOpenedByTheWordOfItsBeginning() async throws {
            try await callbackTest { router, receiver in
                let order = """
                    {"amount":9900,"currency":"EUR","method":"card","capture":"manual","reference":"order-1",\
                    "card":{"number":"4242424242424242","exp_month":12,"exp_year":2030,"cvv":"123","holder":"A N"},\
                    "metadata":{"to":"cards-main"}}
                    """
                let held = try await router.pay("k-1", order)
                #expect(held["status"] == "authorized", "\(held.text)")
                let id = try #require(held["id"])
                let transaction = try #require(held["provider_reference"])
                try await router.providers.settle("paymentgateway", transaction, "expired")
                #expect(try await router.send(.POST, "/v1/payments/\(id)/sync")["status"] == "expired")
                let source = CallbackSource.cards
                func event(_ name: String) -> [UInt8] {
                    Array(
                        """
                        {"event":"payment.\(name)","timestamp":"2026-01-24T10:00:00Z","id":"evt_\(name)","data":{\
                        "payment_id":"\(transaction)","merchant_id":"m","status":"\(name)","amount":9900,\
                        "currency":"EUR","created_at":"2026-01-24T10:00:00Z"}}
                        """.utf8)
                }
                let path = "http://127.0.0.1:\(router.api)/webhooks/cards-main"
                let late = try await router.providers.http.answer(
                    .POST, path, source.headers(event("authorized")), event("authorized"))
                #expect(late.status == 200)
                #expect(try await router.payment(id)["status"] == "expired")
                // Money that was taken is another matter.
                let taken = try await router.providers.http.answer(
                    .POST, path, source.headers(event("captured")), event("captured"))
                #expect(taken.status == 200)
                #expect(try await router.payment(id)["status"] == "captured")
                try await until("the app hears of it") { receiver.types.contains("payment.captured") }
                #expect(receiver.types == ["payment.authorized", "payment.expired", "payment.captured"])
            }
        }

        /// A decline that the customer has made good, told of afterwards.
        @Test(arguments: [CallbackSource.spayon, .cards])
        func aDeclineThatWasMadeGoodIsNoContradiction(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                let declined: [UInt8]
                if source.plugin == "spayon" {
                    let body = source.body(target.told(.earlier))
                    declined = Array(body.replacing(#""status":"pending""#, with: #""status":"failed""#).utf8)
                } else {
                    let body = source.body(target.told(.earlier) { $0.transaction = "tx_declined" })
                    declined = Array(
                        body.replacing("payment.authorized", with: "payment.failed")
                            .replacing(#""status":"authorized""#, with: #""status":"failed""#).utf8)
                }
                try await target.tell(target.told())
                let paid = try await target.payment()
                #expect(paid["status"] == "captured")
                #expect(try await target.deliver(declined).status == 200)
                #expect(try await target.payment().json == paid.json)
                try await target.expectDelivered(receiver, [source.opening, "captured"])
            }
        }

        /// A wrong word that was looked at does not stop the right one.
        @Test(arguments: CallbackSource.signed)
        func theRightAmountAfterAWrongOneIsBelieved(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                try await target.tell(target.told { ($0.amount, $0.event) = ($0.amount + 1, "evt_wrong") })
                try await target.review(is: "amount_mismatch")
                try await target.tell(target.told())
                let paid = try await target.payment()
                #expect(paid["status"] == "captured")
                #expect(paid.json["amount_captured"]?.integer == source.amount)
                // The finding stays until a person has seen it.
                #expect(paid.json["review"]?["reason"]?.string == "amount_mismatch")
                try await target.expectDelivered(receiver, [source.opening, "needs_review", "captured"])
            }
        }

        /// Authentic, and not about a payment of ours.
        @Test(arguments: [
            (CallbackSource.payalo, #""type":"payin""#, #""type":"payout""#),
            (.payalo, #""status":"success""#, #""status":"SUCCESS""#),
            (.spayon, #""status":"paid""#, #""status":"refunded""#),
            (.cards, "payment.captured", "payout.captured"), (.cards, #""status":"captured""#, #""status":"voided""#),
            (.alyaPay, "transaction.approved", "test"), (.alyaPay, "transaction.approved", "transaction.cancelled"),
            (.alyaPay, "APPROVED", "approved"),
        ])
        func anotherMatterChangesNothing(_ source: CallbackSource, word: String, other: String) async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let right = source.body(target.told())
                try #require(right.contains(word))
                #expect(try await target.deliver(Array(right.replacing(word, with: other).utf8)).status == 200)
                #expect(try await target.payment().json == before)
                // It does not stand for the right one.
                #expect(try await target.deliver(Array(right.utf8)).status == 200)
                #expect(try await target.payment()["status"] == "captured")
            }
        }
    }
}
