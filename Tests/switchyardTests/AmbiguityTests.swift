import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// A create that was sent and not answered: it is found out what became of it, and nobody else is charged meanwhile.
    @Suite struct AmbiguityTests {
        @Test func aChargeWithoutReplyIsFoundByItsReference() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "charge_then_timeout")
                // Only asking can tell.
                try await router.providers.fault("payalo", "drop_callback")
                let answer = try await router.pay("k-1")
                #expect(answer.status == 201)
                #expect(answer["status"] == "captured")
                #expect(answer["provider"] == "payalo-ke")
                #expect(
                    answer.attempts == ["payalo-ke:create=ambiguous(timeout)", "payalo-ke:inquiry=accepted"])
                let received = try await router.providers.received("payalo")
                #expect(received.map(\.operation) == ["create", "status"])
                let reference = try #require(received.first?.body?["merchantReference"]?.string)
                #expect(received.last?.path == "/gateway/mmo/v2/status/mref/\(reference)")
                #expect(try await router.providers.charges().map(\.text) == ["payalo 100.00 KES captured"])

                let again = try await router.pay("k-1")
                #expect(again.isReplayed)
                #expect(again.body == answer.body)
                #expect(try await router.providers.charges().count == 1)
            }
        }

        @Test func withoutAnInquiryItStaysUnknownUntilTheProviderIsBack() async throws {
            try await endToEnd { router in
                let providers = router.providers
                try await providers.fault("payalo", "charge_then_timeout")
                try await providers.fault("payalo", "drop_callback")
                try await providers.fault("payalo", "503", #""operation":"status","count":1000000"#)
                let answer = try await router.pay("k-1")
                #expect(answer.status == 202)
                #expect(answer["status"] == "unknown")
                #expect(answer.header("location") == nil)
                let elsewhere = answer.attempts.filter { !$0.hasPrefix("payalo-ke:") }
                #expect(elsewhere == [])
                #expect(answer.json["review"]?.isNull == true)

                // Meanwhile a repeat tells the payment as it is, and sends nothing.
                let repeated = try await router.pay("k-1")
                #expect(repeated.status == 202)
                #expect(repeated["id"] == answer["id"])
                let reused = try await router.pay("k-1", .mobileMoney.replacing("10000", with: "20000"))
                #expect(reused.status == 409)
                #expect(reused["code"] == "idempotency-key-reused")

                // The background keeps asking, and only asking.
                let asked = try await providers.operations("payalo").count
                _ = try await eventually("another inquiry") {
                    try await providers.operations("payalo").count > asked ? true : nil
                }
                #expect(try await router.payment(answer["id"])["status"] == "unknown")
                #expect(try await providers.createReferences().count == 1)

                try await providers.clearFaults()
                let settled = try await router.payment(answer["id"], becomes: "captured")
                #expect(settled["provider"] == "payalo-ke")
                #expect(try await providers.charges().map(\.text) == ["payalo 100.00 KES captured"])
                #expect(try await providers.createReferences().count == 1)

                // From now on the key is worth its first known outcome.
                let first = try await router.pay("k-1")
                #expect(first.status == 201)
                #expect(first["status"] == "captured")
                #expect(first.isReplayed)
                let second = try await router.pay("k-1")
                #expect(second.body == first.body)
                #expect(try await providers.createReferences().count == 1)
            }
        }

        /// What keeps the repeat of an ambiguous send from being taken, and what the payment's tries then say.
        static let refusals: [(what: String, faults: [(String, String)], payalo: String, attempt: String)] = [
            (
                "401", [("token_revoked", #""operation":"create","after":1"#)], "",
                "create=unavailable(credentials_refused)"
            ),
            ("429", [("rate_limit", #""operation":"create","after":1"#)], "", "create=rate_limited(http_429)"),
            // The socket closes behind the second request, the inquiry.
            ("refused", [("refuse", #""after":2"#)], "", "create=unavailable(connect_refused)"),
            (
                "an open breaker", [], "breaker: { consecutive_failures: 1, open_for: 60s }",
                "create=skipped(breaker_open)"
            ),
        ]

        @Test(arguments: refusals.indices)
        func aRefusedRepeatLeavesItOpen(_ index: Int) async throws {
            let refusal = Self.refusals[index]
            try await endToEnd(.quick(payalo: refusal.payalo)) { router in
                let providers = router.providers
                // Nothing is processed, and the router cannot know.
                try await providers.fault("payalo", "reset_before_reply", #""operation":"create""#)
                for (fault, more) in refusal.faults { try await providers.fault("payalo", fault, more) }
                let answer = try await router.pay("k-1")
                #expect(answer.status == 202, "\(refusal.what): \(answer.text)")
                #expect(answer["status"] == "unknown")
                #expect(answer["provider"] == "payalo-ke")
                #expect(
                    answer.attempts == [
                        "payalo-ke:create=ambiguous(reset)", "payalo-ke:inquiry=accepted(not_found)",
                        "payalo-ke:\(refusal.attempt)",
                    ], "\(refusal.what)")
                // Both contracts are with one provider here: the callback addresses tell them apart.
                for request in try await providers.received("payalo") where request.operation == "create" {
                    let address = request.body?["resultUrl"]?.string ?? ""
                    #expect(address.contains("/webhooks/payalo-ke/"), "\(refusal.what)")
                }
                let repeated = try await router.pay("k-1")
                #expect(repeated.status == 202, "\(refusal.what)")
                #expect(repeated["id"] == answer["id"])
                #expect(Set(try await providers.createReferences()).count == 1)
                #expect(try await providers.charges().isEmpty)
                try await providers.clearFaults()
            }
        }

        @Test func aCallbackTellsWhatNoReplyDid() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "charge_then_500", #""operation":"create""#)
                try await router.providers.fault("payalo", "503", #""operation":"status","count":1000000"#)
                let answer = try await router.pay("k-1")
                // It may come before the answer or behind it.
                #expect(answer.status == 201 || answer.status == 202)
                try await router.payment(answer["id"], becomes: "captured")
                let again = try await router.pay("k-1")
                #expect(again.status == 201)
                #expect(again["status"] == "captured")
                #expect(try await router.providers.charges().count == 1)
            }
        }

        @Test func theWholeRequestHasADeadline() async throws {
            try await endToEnd(.quick(server: "request_timeout: 2500ms")) { router in
                try await router.providers.fault("payalo", "charge_then_timeout")
                try await router.providers.fault("payalo", "drop_callback")
                try await router.providers.fault(
                    "payalo", "slow", #""operation":"status","delay_ms":10000,"count":100"#)
                let began = ContinuousClock.now
                let answer = try await router.pay("k-1")
                #expect(answer.status == 202)
                // With three inquiries of 1 s each behind the create it would be four.
                #expect(began.duration(to: .now) < .milliseconds(3500))
                try await router.providers.clearFaults()
                try await router.payment(answer["id"], becomes: "captured")
            }
        }

        @Test func anUnknownPaymentIsResolvedByHand() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "reset_before_reply", #""count":1000000"#)
                let answer = try await router.pay("k-1")
                #expect(answer.status == 202)
                let resolved = try await router.operate(
                    .POST, "/admin/payments/\(answer["id"] ?? "")/resolve",
                    #"{"status":"failed","note":"Payalo's support: never received"}"#)
                #expect(resolved.status == 200)
                let again = try await router.pay("k-1")
                #expect(again.isReplayed)
                #expect(again.json["status"]?.string == "failed" || again.status == 402)
                #expect(try await router.payment(answer["id"])["status"] == "failed")
                try await router.providers.clearFaults()
            }
        }

        @Test func whatNeverArrivedIsSentAgainUnderTheSameReference() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "reset_before_reply", #""operation":"create""#)
                let answer = try await router.pay("k-1")
                #expect(answer.status == 201)
                #expect(answer["status"] == "pending")
                #expect(
                    answer.attempts == [
                        "payalo-ke:create=ambiguous(reset)", "payalo-ke:inquiry=accepted(not_found)",
                        "payalo-ke:create=accepted",
                    ])
                let references = try await router.providers.createReferences()
                #expect(references.count == 2)
                #expect(Set(references).count == 1)
            }
        }

        @Test(arguments: ["charge_then_500", "garbage_json"])
        func anUnclearReplyIsLookedInto(_ fault: String) async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", fault, #""operation":"create""#)
                let answer = try await router.pay("k-1")
                #expect(answer.status == 201)
                #expect(answer["provider"] == "payalo-ke")
                let attempts = answer.attempts.map { $0.prefix { $0 != "(" } }
                #expect(attempts == ["payalo-ke:create=ambiguous", "payalo-ke:inquiry=accepted"])
                #expect(try await router.providers.operations("payalo") == ["create", "status"])
            }
        }
    }
}
