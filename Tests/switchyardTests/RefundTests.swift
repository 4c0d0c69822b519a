import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Nothing is returned or taken twice: not by two refunds at once, and not by a reply that never came.
    @Suite struct RefundTests {
        /// 100.00 USD by card: taken, or held.
        private static func payment(_ router: Router, capture: String = "automatic") async throws -> String {
            let row = try #require(ProviderRow.all.first { $0.method == "card" })
            let answer = try await router.pay("k-1", row.body("USD", capture: capture))
            try #require(answer.status == 201, "\(answer.text)")
            return try #require(answer["id"])
        }

        /// The one charge at the provider.
        private static func charge(_ router: Router) async throws -> Providers.Charge {
            let charges = try await router.providers.charges()
            #expect(charges.count == 1)
            return try #require(charges.first)
        }

        /// The requests of that kind at the provider, and the keys under which they came.
        private static func sent(_ router: Router, _ verb: String) async throws -> [String] {
            try await router.providers.received("paymentgateway").filter { $0.path.hasSuffix("/\(verb)") }
                .map { $0.header("idempotency-key") ?? "" }
        }

        // MARK: At once

        @Test(arguments: [2, 10])
        func ofFullRefundsAtOnceOneIsDone(copies: Int) async throws {
            try await endToEnd(.shipped) { router in
                let id = try await Self.payment(router)
                let answers = try await withThrowingTaskGroup(of: Answered.self) { group in
                    for number in 1...copies {
                        group.addTask {
                            try await router.followUp(id, "refunds", #"{"amount":10000}"#, key: "r-\(number)")
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let refunded = answers.filter { $0.status == 200 && $0["status"] == "refunded" }
                #expect(refunded.count == 1)
                let refused = answers.filter { $0.status == 422 }
                #expect(refused.count == copies - 1)
                let codes = refused.map { $0["code"] }
                #expect(Set(codes) == ["validation-failed"])
                #expect(Set(refused.map(\.pointers)) == [["/amount"]])
                #expect(try await Self.sent(router, "refund").count == 1)
                let charge = try await Self.charge(router)
                #expect(charge.text == "paymentgateway 100.00 USD refunded")
                #expect(charge.refunds == ["100.00"])
            }
        }

        /// Parts that together are more than there is: as many are done as fit.
        @Test func partsAtOnceReturnNoMoreThanWasTaken() async throws {
            try await endToEnd(.shipped) { router in
                let id = try await Self.payment(router)
                let answers = try await withThrowingTaskGroup(of: Answered.self) { group in
                    for number in 1...6 {
                        group.addTask {
                            try await router.followUp(id, "refunds", #"{"amount":3000}"#, key: "r-\(number)")
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.map(\.status).sorted() == [200, 200, 200, 422, 422, 422])
                let refused = answers.filter { $0.status == 422 }
                #expect(Set(refused.map(\.pointers)) == [["/amount"]])
                #expect(try await Self.charge(router).refunds == ["30.00", "30.00", "30.00"])
                let payment = try await router.payment(id)
                #expect(payment["status"] == "partially_refunded")
                #expect(payment.json["amount_refunded"]?.integer == 9000)
            }
        }

        @Test func theSameKeyAtOnceIsOneRefund() async throws {
            try await endToEnd(.shipped) { router in
                let id = try await Self.payment(router)
                let answers = try await withThrowingTaskGroup(of: Answered.self) { group in
                    for _ in 1...50 {
                        group.addTask { try await router.followUp(id, "refunds", #"{"amount":2500}"#, key: "r-1") }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(answers.map(\.status)) == [200])
                #expect(Set(answers.map(\.body)).count == 1)
                #expect(try await Self.charge(router).refunds == ["25.00"])
            }
        }

        // MARK: Done, and the reply lost

        /// A follow-up that the provider honours a key for, and what becomes of it.
        struct Whole: Sendable, CustomTestStringConvertible {
            let path: String
            let verb: String
            let body: String
            let capture: String
            let status: String
            /// At the provider, in the end; nil where no money is taken.
            let charge: String?
            let refunds: [String]
            /// How many replies are lost. One: the repeat in the same call finds out. Three: the call ends open.
            let lost: Int

            var testDescription: String { "\(verb) \(body), \(lost) lost" }
        }

        static let wholes: [Whole] = [1, 3].flatMap { lost in
            [
                Whole(
                    path: "refunds", verb: "refund", body: "{}", capture: "automatic", status: "refunded",
                    charge: "paymentgateway 100.00 USD refunded", refunds: ["100.00"], lost: lost),
                Whole(
                    path: "capture", verb: "capture", body: "{}", capture: "manual", status: "captured",
                    charge: "paymentgateway 100.00 USD captured", refunds: [], lost: lost),
                Whole(
                    path: "capture", verb: "capture", body: #"{"amount":4000}"#, capture: "manual",
                    status: "captured", charge: "paymentgateway 40.00 USD captured", refunds: [], lost: lost),
                Whole(
                    path: "cancel", verb: "void", body: "{}", capture: "manual", status: "voided", charge: nil,
                    refunds: [], lost: lost),
            ]
        }

        /// It is sent again under the provider's same key: done once, whoever asks for it how often.
        @Test(arguments: wholes)
        func whatTimedOutAfterBeingDoneIsDoneOnce(_ whole: Whole) async throws {
            try await endToEnd { router in
                let id = try await Self.payment(router, capture: whole.capture)
                let operation = whole.verb == "void" ? "cancel" : whole.verb
                try await router.providers.fault("paymentgateway", "drop_callback", #""count":1000"#)
                try await router.providers.fault(
                    "paymentgateway", "charge_then_timeout", #""operation":"\#(operation)","count":\#(whole.lost)"#)
                let first = try await router.followUp(id, whole.path, whole.body, key: "f-1")
                if whole.lost == 1 {
                    #expect(first.status == 200)
                    #expect(first["status"] == whole.status)
                } else {
                    #expect(first.status == 202)
                    #expect(first.json["open_operation"]?["type"]?.string == operation)
                    #expect(first["status"] == (whole.capture == "manual" ? "authorized" : "captured"))
                }
                // The app tries again with its key, until it knows.
                let known = try await eventually("the outcome is known") {
                    let answer = try await router.followUp(id, whole.path, whole.body, key: "f-1")
                    return answer.status == 200 ? answer : nil
                }
                #expect(known["status"] == whole.status)
                #expect(known.json["open_operation"]?.isNull == true)
                let again = try await router.followUp(id, whole.path, whole.body, key: "f-1")
                #expect(again.body == known.body)
                #expect(again.isReplayed)

                let keys = try await Self.sent(router, whole.verb)
                #expect(keys.count > 1)
                #expect(Set(keys).count == 1)
                let charges = try await router.providers.charges()
                #expect(charges.map(\.text) == [whole.charge].compactMap(\.self))
                #expect(charges.first?.refunds ?? [] == whole.refunds)
                #expect(try await router.payment(id).json["review"]?.isNull == true)
            }
        }

        /// Two refunds of a part may both be meant, so one is never sent again: the provider is asked what it has.
        @Test(arguments: [[], [1500]] as [[Int]])
        func aPartThatTimedOutIsFoundAndNeverRepeated(earlier: [Int]) async throws {
            try await endToEnd { router in
                let providers = router.providers
                let id = try await Self.payment(router)
                for (number, amount) in earlier.enumerated() {
                    let before = try await router.followUp(
                        id, "refunds", #"{"amount":\#(amount)}"#, key: "r-\(number)")
                    #expect(before["status"] == "partially_refunded")
                }
                try await providers.fault("paymentgateway", "drop_callback", #""count":1000"#)
                try await providers.fault("paymentgateway", "charge_then_timeout", #""operation":"refund""#)
                // Nor can it be asked at first.
                try await providers.fault("paymentgateway", "503", #""operation":"status","count":1000000"#)
                let first = try await router.followUp(id, "refunds", #"{"amount":2500}"#, key: "part")
                #expect(first.status == 202)
                #expect(first.json["open_operation"]?["type"]?.string == "refund")
                #expect(first.json["open_operation"]?["amount"]?.integer == 2500)
                #expect(first.json["refunds"]?.array?.last?["status"]?.string == "unknown")
                let repeated = try await router.followUp(id, "refunds", #"{"amount":2500}"#, key: "part")
                #expect(repeated.status == 202)
                let other = try await router.followUp(id, "refunds", #"{"amount":1000}"#, key: "other")
                #expect(other.status == 409)
                #expect(other["code"] == "invalid-state")

                try await providers.clearFaults()
                let known = try await eventually("the outcome is known") {
                    let answer = try await router.followUp(id, "refunds", #"{"amount":2500}"#, key: "part")
                    return answer.status == 200 ? answer : nil
                }
                #expect(known["status"] == "partially_refunded")
                #expect(known.json["amount_refunded"]?.integer == Int64(earlier.reduce(2500, +)))
                #expect(known.json["refunds"]?.array?.last?["status"]?.string == "succeeded")
                #expect(try await Self.sent(router, "refund").count == earlier.count + 1)
                let refunds = earlier.map { "\($0 / 100).00" } + ["25.00"]
                #expect(try await Self.charge(router).refunds == refunds)
                // The rest can be returned now.
                let rest = try await router.followUp(id, "refunds", key: "rest")
                #expect(rest["status"] == "refunded")
            }
        }

        /// What never reached the provider was not done: the key is free, and the app's retry does it.
        @Test func aRefundThatWasNotSentIsDoneByTheRetry() async throws {
            try await endToEnd { router in
                let id = try await Self.payment(router)
                try await router.providers.fault("paymentgateway", "rate_limit", #""operation":"refund""#)
                let first = try await router.followUp(id, "refunds", key: "r-1")
                #expect(first.status == 503)
                #expect(first["code"] == "no-provider-available")
                #expect(first.header("retry-after") != nil)
                #expect(try await router.payment(id)["status"] == "captured")
                // Not before the wait is over that the provider asked for.
                let second = try await eventually("the provider may be asked again") {
                    let answer = try await router.followUp(id, "refunds", key: "r-1")
                    return answer.status == 503 ? nil : answer
                }
                #expect(second.status == 200)
                #expect(second["status"] == "refunded")
                #expect(try await Self.charge(router).refunds == ["100.00"])
            }
        }
    }
}
