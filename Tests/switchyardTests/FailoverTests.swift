import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Who is tried next, and when nobody is.
    @Suite struct FailoverTests {
        /// What a provider says before it has done anything: the next one takes the payment.
        @Test(arguments: [("token_revoked", "unavailable"), ("rate_limit", "rate_limited")])
        func aRefusalGoesOnToTheNextProvider(_ fault: String, _ outcome: String) async throws {
            try await endToEnd(.shipped) { router in
                try await router.providers.fault("payalo", fault, #""operation":"create""#)
                let answer = try await router.pay("k-1")
                #expect(answer.status == 201)
                #expect(answer["provider"] == "payalo-backup")
                let attempts = answer.attempts.map { $0.prefix { $0 != "(" } }
                #expect(attempts == ["payalo-ke:create=\(outcome)", "payalo-backup:create=accepted"])
                // Its callback comes to the address of the provider that has it.
                let addresses = try await router.providers.received("payalo").map {
                    $0.body?["resultUrl"]?.string ?? ""
                }
                #expect(addresses.last?.contains("/webhooks/payalo-backup/") == true)
                try await router.providers.settle("payalo", answer["provider_reference"], "success")
                try await router.payment(answer["id"], becomes: "captured")
                #expect(try await router.providers.charges().count == 1)
            }
        }

        /// A checkout moves no money until somebody pays on its page: whatever became of the first session, nobody has
        /// seen it.
        @Test(arguments: ["reset_before_reply", "500", "503", "html_502", "garbage_json"])
        func aLostSessionGoesOnToTheNextProvider(_ fault: String) async throws {
            try await endToEnd(.shipped) { router in
                try await router.providers.fault("spayon", fault, #""operation":"create""#)
                let answer = try await router.pay("k-1", .checkout)
                #expect(answer.status == 201)
                #expect(answer["provider"] == "spayon-backup")
                #expect(answer.attempts.first?.hasPrefix("spayon-main:create=ambiguous(") == true)
                try await router.providers.settle("spayon", answer["provider_reference"], "success")
                try await router.payment(answer["id"], becomes: "captured")
            }
        }

        @Test(arguments: ["503", "reset_before_reply", "garbage_json", "token_revoked"])
        func withoutATokenNothingIsSentAndTheNextProviderTakesIt(_ fault: String) async throws {
            try await endToEnd(.shipped) { router in
                let isRevoked = fault == "token_revoked"
                // Both the create with a token and the one with its successor are refused.
                try await router.providers.fault(
                    "spayon", fault, isRevoked ? #""operation":"create","count":2"# : #""operation":"token""#)
                let answer = try await router.pay("k-1", .checkout)
                #expect(answer.status == 201)
                #expect(answer["provider"] == "spayon-backup")
                #expect(answer.attempts.first?.hasPrefix("spayon-main:create=unavailable(") == true)
                let creates = try await router.providers.operations("spayon").count { $0 == "create" }
                #expect(creates == (isRevoked ? 3 : 1))
            }
        }

        @Test func whereNobodyTakesItNothingIsKept() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "rate_limit", #""count":2"#)
                let refused = try await router.pay("k-1")
                #expect(refused.status == 503)
                #expect(refused["code"] == "no-provider-available")
                #expect(refused.header("retry-after") == "1")
                let attempts = refused.attempts.map { $0.prefix { $0 != "(" } }
                #expect(attempts == ["payalo-ke:create=rate_limited", "payalo-backup:create=rate_limited"])
                #expect(try await router.send(.GET, "/v1/payments").json["data"]?.array?.isEmpty == true)
                // Both asked for a second's pause, and get it.
                let creates = try await router.providers.createReferences().count
                let tried = try await router.pay("k-1").attempts.filter { !$0.hasSuffix("skipped(provider_limit)") }
                #expect(tried == [])
                #expect(try await router.providers.createReferences().count == creates)
                let again = try await eventually("the pause is over") {
                    let answer = try await router.pay("k-1")
                    return answer.status == 503 ? nil : answer
                }
                #expect(again.status == 201)
                #expect(!again.isReplayed)
            }
        }

        @Test func whatTheProviderCallsInvalidGoesNowhereElse() async throws {
            try await endToEnd { router in
                let body = String.mobileMoney.replacing(#""network":"mpesa""#, with: #""network":"tigo""#)
                let rejected = try await router.pay("k-1", body)
                #expect(rejected.status == 422)
                #expect(rejected["code"] == "provider-rejected")
                let payment = try #require(rejected.json["payment"])
                #expect(payment["status"]?.string == "failed")
                #expect(payment["provider"]?.string == "payalo-ke")
                #expect(payment["attempts"]?.array?.count == 1)
                #expect(try await router.payment(payment["id"]?.string)["status"] == "failed")
                let again = try await router.pay("k-1", body)
                #expect(again.isReplayed)
                #expect(again.body == rejected.body)
                #expect(try await router.providers.operations("payalo") == ["create"])
            }
        }
    }
}
