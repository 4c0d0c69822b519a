import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Contract §7: an authentic callback is applied once, in any order, and never against what is known.
    @Suite struct CallbackAttackTests {
        @Test(arguments: CallbackSource.all)
        func fiftyCopiesAtOnceChangeTheStateOnce(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                try await target.payUnheard()
                // To the byte: AlyaPay's headers hold the time.
                let body = Array(source.body(target.told()).utf8)
                let headers = source.headers(body)
                let answers = try await withThrowingTaskGroup(of: (Int, Duration).self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            let began = ContinuousClock.now
                            let answer = try await target.post(body, headers)
                            return (answer.status, began.duration(to: .now))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(answers.map(\.0)) == [200])
                let slowest = try #require(answers.map(\.1).max())
                #expect(slowest < .seconds(1))
                let paid = try await router.payment(target.id, becomes: "captured")
                #expect(paid.json["amount_captured"]?.integer == source.amount)
                try await target.expectDelivered(receiver, [source.opening, "captured"])
                // The same bytes again, long after.
                for _ in 0..<5 { #expect(try await target.deliver(body, headers).status == 200) }
                let after = try await target.payment()
                #expect(after["updated_at"] == paid["updated_at"])
                #expect(after.json["review"]?.isNull == true)
                try await target.expectDelivered(receiver, [source.opening, "captured"])
                #expect(try await target.orphans().isEmpty)
            }
        }

        /// Told again after a refund has moved the payment on.
        @Test func aReplayAfterARefundChangesNothing() async throws {
            try await callbackTest { router, receiver in
                let source = CallbackSource.cards
                let target = try await CallbackTarget.make(router, source)
                try await router.providers.register(
                    "paymentgateway", key: "pk_sandbox_main", url: "http://127.0.0.1:\(router.api)/webhooks/cards-main")
                try await router.providers.settle("paymentgateway", target.told.session, "success")
                let paid = try await router.payment(target.id, becomes: "captured")
                let transaction = try await eventually("the transaction is known") {
                    let reference = try await target.payment()["provider_reference"]
                    return reference == target.told.session ? nil : reference
                }
                let refund = try await router.send(
                    .POST, "/v1/payments/\(target.id)/refunds", #"{"amount":900}"#, ["idempotency-key": "r-1"])
                #expect(refund["status"] == "partially_refunded", "\(refund.text)")
                #expect(paid.json["amount_captured"]?.integer == source.amount)
                for _ in 0..<3 {
                    for state in [Told.State.paid, .earlier] {
                        let told = target.told(state) { $0.transaction = transaction }
                        #expect(try await target.tell(told).status == 200)
                    }
                }
                let after = try await target.payment()
                #expect(after["status"] == "partially_refunded")
                #expect(after.json["amount_refunded"]?.integer == 900)
                #expect(after.json["review"]?.isNull == true)
                try await target.expectDelivered(receiver, [source.opening, "captured", "partially_refunded"])
            }
        }

        @Test(arguments: CallbackSource.all)
        func anOlderStateNeverMovesItBack(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                try await target.payUnheard()
                try await target.tell(target.told())
                let paid = try await router.payment(target.id, becomes: "captured")
                let earlier = target.told(.earlier) { $0.event = "evt_earlier" }
                #expect(try await target.tell(earlier).status == 200)
                let after = try await target.payment()
                #expect(after["status"] == "captured")
                #expect(after["updated_at"] == paid["updated_at"])
                #expect(after.json["review"]?.isNull == true)
                try await target.expectDelivered(receiver, [source.opening, "captured"])
            }
        }

        @Test(arguments: CallbackSource.signed)
        func anEndAfterASuccessIsForAPerson(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                try await target.tell(target.told())
                try await router.payment(target.id, becomes: "captured")
                let ended = target.told(.ended) { $0.event = "evt_ended" }
                for _ in 0..<3 { #expect(try await target.tell(ended).status == 200) }
                let reviewed = try await target.review(is: "contradiction")
                #expect(reviewed["status"] == "captured")
                #expect(reviewed.json["amount_captured"]?.integer == source.amount)
                #expect(reviewed.json["review"]?["provider"]?.string == source.instance)
                try await target.expectDelivered(receiver, [source.opening, "captured", "needs_review"])
            }
        }

        @Test(arguments: CallbackSource.signed, ["amount_mismatch", "currency_mismatch"])
        func otherMoneyIsForAPerson(_ source: CallbackSource, reason: String) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment()
                let other = target.told { told in
                    if reason == "amount_mismatch" { told.amount -= 100 } else { told.currency = "USD" }
                }
                for _ in 0..<3 { #expect(try await target.tell(other).status == 200) }
                let reviewed = try await target.review(is: reason)
                #expect(reviewed["status"] == before["status"])
                #expect(reviewed.json["amount_captured"]?.integer == 0)
                #expect(reviewed.json["review"]?["amount"]?.integer == other.amount)
                #expect(reviewed.json["review"]?["currency"]?.string == other.currency)
                try await target.expectDelivered(receiver, [source.opening, "needs_review"])
                // Nor does the right amount in another currency's digits, or nothing, or less than nothing.
                for amount in [Int64(0), 1, 999_999_999_999] {
                    let wrong = target.told { ($0.amount, $0.event) = (amount, "evt_\(amount)") }
                    #expect(try await target.tell(wrong).status == 200)
                }
                #expect(try await target.payment()["status"] == before["status"])
            }
        }

        /// By what names the payment beside the transaction: our reference, or the session.
        @Test(arguments: CallbackSource.signed)
        func aSecondSuccessIsForAPerson(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                try await target.tell(target.told())
                let paid = try await router.payment(target.id, becomes: "captured")
                let second = target.told { ($0.transaction, $0.event) = ("tx_second", "evt_second") }
                for _ in 0..<3 { #expect(try await target.tell(second).status == 200) }
                let reviewed = try await target.review(is: "second_success")
                #expect(reviewed["status"] == "captured")
                #expect(reviewed.json["amount_captured"]?.integer == source.amount)
                #expect(reviewed["provider_reference"] == paid["provider_reference"])
                #expect(reviewed.json["review"]?["provider_reference"]?.string == "tx_second")
                try await target.expectDelivered(receiver, [source.opening, "captured", "needs_review"])
            }
        }

        @Test(arguments: CallbackSource.signed)
        func aLateSuccessIsMoneyTaken(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                try await target.tell(target.told(.ended))
                let ended = try await target.payment()
                let status = try #require(ended["status"])
                #expect(["failed", "canceled", "expired"].contains(status))
                // What was before the end does not open it again.
                try await target.tell(target.told(.earlier) { $0.event = "evt_earlier" })
                if source.plugin != "paymentgateway" { #expect(try await target.payment().json == ended.json) }
                try await target.tell(target.told { $0.event = "evt_late" })
                let paid = try await router.payment(target.id, becomes: "captured")
                #expect(paid.json["amount_captured"]?.integer == source.amount)
                #expect(paid.json["decline"]?.isNull == true)
                let authorized = source.plugin == "paymentgateway" ? ["authorized"] : []
                try await target.expectDelivered(receiver, [source.opening, status] + authorized + ["captured"])
            }
        }

        /// A delivery that names nothing of ours is answered, listed, and changes nothing.
        @Test(arguments: CallbackSource.signed)
        func whatMatchesNoPaymentIsKept(_ source: CallbackSource) async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let stranger = target.told { told in
                    (told.ours, told.session, told.transaction) = ("nobodys", "ses_nobodys", "tx_nobodys")
                }
                let body = Array(source.body(stranger).utf8)
                // Without a token it may be any payment's; with one it is not that payment's.
                for path in Set(["/webhooks/\(source.instance)", target.path]).sorted() {
                    for _ in 0..<3 { #expect(try await target.deliver(body, to: path).status == 200) }
                }
                let orphans = try await target.orphans()
                #expect(orphans.count == 1)
                let orphan = try #require(orphans.first)
                #expect(orphan["provider"]?.string == source.instance)
                #expect(orphan["provider_reference"]?.string == "tx_nobodys")
                #expect(orphan["status"]?.string == "captured")
                #expect(orphan["amount"]?.integer == source.amount)
                #expect(orphan["authentic"]?.bool == true)
                #expect(try await target.payment().json == before)
            }
        }

        /// AlyaPay tells our server nothing by which the transaction could be matched; the app brings its id.
        @Test func anOrphanIsAppliedWhenTheAppNamesItsTransaction() async throws {
            try await callbackTest { router, receiver in
                let source = CallbackSource.alyaPay
                let target = try await CallbackTarget.make(router, source, at: "alyapay-plain")
                try await router.providers.register(
                    "alyapay", key: "sandbox-alyapay-key", url: "http://127.0.0.1:\(router.api)/webhooks/alyapay-plain")
                try await router.providers.settle("alyapay", target.told.session, "success")
                let orphan = try await eventually("an orphan") { try await target.orphans().first }
                let transaction = try #require(orphan["provider_reference"]?.string)
                #expect(try await target.payment()["status"] == source.opening)
                let synced = try await router.send(
                    .POST, "/v1/payments/\(target.id)/sync", #"{"provider_transaction_id":"\#(transaction)"}"#)
                #expect(synced.status == 200, "\(synced.text)")
                #expect(synced["status"] == "captured")
                #expect(try await target.orphans().isEmpty)
                try await target.expectDelivered(receiver, [source.opening, "captured"])
            }
        }

        /// A payment that came of a page is told of by an id that we do not know yet, then by both.
        @Test func anOrphanIsAppliedWhenAnotherCallbackNamesBoth() async throws {
            try await callbackTest { router, receiver in
                let source = CallbackSource.cards
                let target = try await CallbackTarget.make(router, source, capture: "manual")
                let data = #""merchant_id":"m","amount":9900,"currency":"EUR""#
                let captured = """
                    {"event":"payment.captured","id":"evt_2","data":{"payment_id":"tx_9","status":"captured",\(data)}}
                    """
                let intent = """
                    {"event":"payment_intent.succeeded","id":"evt_1","data":{"payment_intent_id":"\(target.told.session)",\
                    "payment_id":"tx_9","status":"authorized",\(data)}}
                    """
                #expect(try await target.deliver(Array(captured.utf8)).status == 200)
                #expect(try await target.orphans().count == 1)
                #expect(try await target.payment()["status"] == source.opening)
                #expect(try await target.deliver(Array(intent.utf8)).status == 200)
                let paid = try await target.payment()
                #expect(paid["status"] == "captured")
                #expect(paid["provider_reference"] == "tx_9")
                #expect(try await target.orphans().isEmpty)
                try await target.expectDelivered(receiver, [source.opening, "authorized", "captured"])
            }
        }
    }
}
