import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// The simulated providers' own callbacks, and what goes wrong with them on the way.
    @Suite struct CallbackFaultTests {
        /// A payment whose provider calls back on the customer's act, with `fault` once.
        private func settled(
            _ router: Router, _ source: CallbackSource, _ fault: String, _ more: String = ""
        ) async throws -> (CallbackTarget, transaction: String?) {
            let target = try await CallbackTarget.make(router, source)
            for (plugin, key) in [("paymentgateway", "pk_sandbox_main"), ("alyapay", "sandbox-alyapay-key")]
            where plugin == source.plugin {
                try await router.providers.register(
                    plugin, key: key, url: "http://127.0.0.1:\(router.api)/webhooks/\(source.instance)")
            }
            try await router.providers.fault(source.plugin, fault, more)
            let transaction = try await router.providers.settle(source.plugin, target.told.session, "success")
            return (target, transaction)
        }

        @Test(arguments: CallbackSource.all, ["duplicate_callback", "out_of_order_callback"])
        func twiceOrInAnyOrderItIsCapturedOnce(_ source: CallbackSource, fault: String) async throws {
            try await callbackTest { router, receiver in
                // Of the two webhooks about a page of the Payment API either may be bent.
                let (target, _) = try await settled(router, source, fault, #""count":2"#)
                try await router.payment(target.id, becomes: "captured")
                // Asking comes behind what is on its way.
                let synced = try await router.send(.POST, "/v1/payments/\(target.id)/sync")
                #expect(synced.status == 200)
                #expect(synced["status"] == "captured")
                #expect(synced.json["review"]?.isNull == true)
                #expect(synced.json["amount_captured"]?.integer == source.amount)
                try await target.expectDelivered(receiver, [source.opening, "captured"])
                #expect(try await router.providers.charges().count == 1)
                try await until("nothing is left over") { try await target.orphans().isEmpty }
            }
        }

        @Test(arguments: CallbackSource.all)
        func aLostCallbackIsMadeUpForByAsking(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let (target, transaction) = try await settled(router, source, "drop_callback", #""count":2"#)
                #expect(try await target.payment()["status"] == source.opening)
                var body = "{}"
                if source.plugin == "alyapay" {
                    // The browser component tells the app, whose id is all there is to ask by.
                    let transaction = try #require(transaction)
                    body = #"{"provider_transaction_id":"\#(transaction)"}"#
                }
                let synced = try await router.send(.POST, "/v1/payments/\(target.id)/sync", body)
                #expect(synced.status == 200, "\(synced.text)")
                #expect(synced["status"] == "captured")
                try await target.expectDelivered(receiver, [source.opening, "captured"])
            }
        }

        @Test(arguments: CallbackSource.all)
        func aWrongAmountIsForAPerson(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let (target, _) = try await settled(router, source, "wrong_amount", #""operation":"callback""#)
                let reviewed = try await target.review(is: "amount_mismatch")
                #expect(reviewed["status"] == source.opening)
                #expect(reviewed.json["amount_captured"]?.integer == 0)
                #expect(reviewed.json["review"]?["amount"]?.integer != source.amount)
                let synced = try await router.send(.POST, "/v1/payments/\(target.id)/sync")
                // AlyaPay's own id of the transaction was not learnt from a delivery that is doubted.
                #expect(synced["status"] == (source.plugin == "alyapay" ? nil : source.opening), "\(synced.text)")
                try await target.expectDelivered(receiver, [source.opening, "needs_review"])
            }
        }
    }
}
