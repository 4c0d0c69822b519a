import StrictJSON
import Testing

extension EndToEnd {
    /// One key, one payment: at once, later, and after a restart.
    @Suite struct IdempotencyTests {
        @Test func aThousandAtOnceMakeOneCallAndAThousandIdenticalAnswers() async throws {
            try await endToEnd(.shipped) { router in
                // So slow that most of them meet the first one under way.
                try await router.providers.fault("payalo", "slow", #""delay_ms":1500"#)
                let answers = try await withThrowingTaskGroup(of: Answered.self) { group in
                    for _ in 0..<1000 {
                        group.addTask { try await router.pay("k-1") }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count == 1000)
                #expect(Set(answers.map(\.status)) == [201])
                #expect(Set(answers.map(\.body)).count == 1)
                let locations = answers.map { $0.header("location") }
                #expect(Set(locations).count == 1)
                // Who meets the first one under way gets its answer as it is; who comes later, a replay.
                let first = answers.count { !$0.isReplayed }
                #expect(first > 100)
                #expect(try await router.providers.operations("payalo") == ["create"])

                let reordered = try await router.pay(
                    "\"k-1\"",
                    #"""
                    {"mobile_money": {"network": "mpesa", "phone": "+254712345678"}, "reference": "order-1001",
                     "description": "Two shirts", "country": "KE", "method": "mobile_money", "currency": "KES",
                     "amount": 10000}
                    """#)
                #expect(reordered.isReplayed)
                #expect(reordered.body == answers.first?.body)
                let other = try await router.pay("k-1", .mobileMoney.replacing("10000", with: "10001"))
                #expect(other.status == 409)
                #expect(other["code"] == "idempotency-key-reused")
                #expect(try await router.providers.operations("payalo") == ["create"])
                // Another app's key is another key.
                let blog = try await router.pay("k-1", app: Router.blog)
                #expect(blog.status == 201)
                #expect(blog["id"] != answers.first?["id"])
            }
        }

        @Test func afterARestartTheSameKeyIsTheSamePayment() async throws {
            try await withProviders { providers in
                try await withRouter(.quick(), providers) { router in
                    let answer = try await router.pay("k-1")
                    #expect(answer["status"] == "pending")
                    try await providers.settle("payalo", answer["provider_reference"], "success")
                    try await router.payment(answer["id"], becomes: "captured")
                }
                try await withRouter(.quick(), providers) { router in
                    let answer = try await router.pay("k-1")
                    #expect(answer.status == 201)
                    #expect(answer["status"] == "captured")
                    #expect(!answer.isReplayed)
                    #expect(
                        answer.attempts == ["payalo-ke:create=ambiguous(duplicate)", "payalo-ke:inquiry=accepted"])
                    let references = try await providers.createReferences()
                    #expect(references.count == 2)
                    #expect(Set(references).count == 1)
                    #expect(try await providers.charges().map(\.text) == ["payalo 100.00 KES captured"])
                }
                // The key with another amount: the provider's transaction is not this payment's.
                try await withRouter(.quick(), providers) { router in
                    let answer = try await router.pay("k-1", .mobileMoney.replacing("10000", with: "20000"))
                    #expect(answer.status == 409)
                    #expect(answer["code"] == "idempotency-key-reused")
                    #expect(try await providers.charges().map(\.text) == ["payalo 100.00 KES captured"])
                }
            }
        }

        @Test func whatWasUnknownAtARestartIsFoundByItsKey() async throws {
            try await withProviders { providers in
                try await withRouter(.quick(), providers) { router in
                    try await providers.fault("payalo", "charge_then_500", #""operation":"create""#)
                    try await providers.fault("payalo", "drop_callback")
                    try await providers.fault("payalo", "503", #""operation":"status","count":1000000"#)
                    #expect(try await router.pay("k-1").status == 202)
                }
                try await providers.clearFaults()
                try await withRouter(.quick(), providers) { router in
                    let answer = try await router.pay("k-1")
                    #expect(answer.status == 201)
                    #expect(answer["status"] == "captured")
                    #expect(answer["provider"] == "payalo-ke")
                    #expect(Set(try await providers.createReferences()).count == 1)
                    #expect(try await providers.charges().map(\.text) == ["payalo 100.00 KES captured"])
                }
            }
        }

        @Test func aCallerWhoHangsUpCancelsNothing() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "slow", #""delay_ms":500"#)
                let caller = Task { try await router.pay("k-1") }
                _ = try await eventually("the provider is asked") {
                    try await router.providers.operations("payalo").isEmpty ? nil : true
                }
                caller.cancel()
                _ = await caller.result
                let answer = try await router.pay("k-1")
                #expect(answer.status == 201)
                #expect(try await router.providers.operations("payalo") == ["create"])
            }
        }
    }
}
