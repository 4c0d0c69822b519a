import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Contract §7: what is not signed is a reason to ask the provider, and nothing more.
    @Suite struct CallbackHintTests {
        private static let waypay = CallbackSource.waypay

        /// Right token, right amount, and a lie.
        @Test(arguments: Told.State.allCases)
        func aForgedWordIsNotBelieved(_ state: Told.State) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, Self.waypay)
                let before = try await target.payment()
                #expect(try await target.tell(target.told(state)).status == 200)
                try await until("Waypay is asked") { try await target.questions() > 0 }
                let synced = try await router.send(.POST, "/v1/payments/\(target.id)/sync")
                #expect(synced["status"] == before["status"])
                #expect(synced.json["amount_captured"]?.integer == 0)
                #expect(synced.json["review"]?.isNull == true)
                try await target.expectDelivered(receiver, [Self.waypay.opening])
            }
        }

        /// Its money is not believed either: what the status call says is compared.
        @Test func forgedMoneyRaisesNoAlarm() async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, Self.waypay)
                try await target.tell(target.told { $0.amount = 1 })
                try await target.tell(target.told { ($0.currency, $0.event) = ("USD", "evt_usd") })
                try await until("Waypay is asked") { try await target.questions() > 0 }
                let synced = try await router.send(.POST, "/v1/payments/\(target.id)/sync")
                #expect(synced["status"] == Self.waypay.opening)
                #expect(synced.json["review"]?.isNull == true)
                try await target.payUnheard()
                // A lie about a payment that was paid leads to the truth.
                try await target.tell(target.told(.ended) { $0.event = "evt_lie" })
                try await router.payment(target.id, becomes: "captured")
                try await target.expectDelivered(receiver, [Self.waypay.opening, "captured"])
            }
        }

        @Test func aFailureAfterASuccessIsAskedAfterAndNotBelieved() async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, Self.waypay)
                try await target.payUnheard()
                try await target.tell(target.told())
                try await router.payment(target.id, becomes: "captured")
                let asked = try await target.questions()
                try await target.tell(target.told(.ended) { $0.event = "evt_ended" })
                try await until("Waypay is asked again") { try await target.questions() > asked }
                let after = try await target.payment()
                #expect(after["status"] == "captured")
                #expect(after.json["review"]?.isNull == true)
                try await target.expectDelivered(receiver, [Self.waypay.opening, "captured"])
            }
        }

        /// The address is known to the customer's browser: a flood of lies must not become a flood of questions, or Waypay
        /// refuses those of everybody.
        @Test(arguments: [0, 1500])
        func manyForgedWordsAreFewQuestions(delayMilliseconds: Int) async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, Self.waypay)
                if delayMilliseconds > 0 {
                    try await router.providers.fault(
                        "waypay", "slow", #""operation":"status","delay_ms":\#(delayMilliseconds),"count":1000"#)
                }
                let began = ContinuousClock.now
                for round in 0..<20 {
                    let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                        for number in 0..<10 {
                            group.addTask {
                                try await target.tell(target.told { $0.event = "evt_\(round)_\(number)" }).status
                            }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(Set(answers) == [200])
                }
                try await until("Waypay is asked") { try await target.questions() > 0 }
                let questions = try await target.questions()
                // One at once, and then one a second.
                let seconds = Int(began.duration(to: .now).components.seconds)
                #expect(questions <= 2 + seconds, "\(questions) questions in \(seconds) s")
                #expect(try await target.payment()["status"] == Self.waypay.opening)
            }
        }

        /// Nor may one who knows one address fill the place where callbacks wait for their payments.
        @Test func theTokenOfOnePaymentKeepsNoWordAboutAnother() async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, Self.waypay)
                for number in 0..<5 {
                    let stranger = target.told { ($0.ours, $0.event) = ("nobodys\(number)", "evt_\(number)") }
                    #expect(try await target.tell(stranger).status == 200)
                }
                #expect(try await target.orphans().isEmpty)
                #expect(try await target.payment()["status"] == Self.waypay.opening)
            }
        }

        /// A provider that takes its time to be asked does not delay the answer to its callback.
        @Test func theAnswerDoesNotWaitForTheQuestion() async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, Self.waypay)
                try await target.payUnheard()
                try await router.providers.fault("waypay", "slow", #""operation":"status","delay_ms":2500,"count":1"#)
                for number in 0..<3 {
                    let began = ContinuousClock.now
                    let told = target.told { $0.event = "evt_\(number)" }
                    #expect(try await target.tell(told).status == 200)
                    #expect(began.duration(to: .now) < .seconds(1))
                }
                try await router.payment(target.id, becomes: "captured")
            }
        }

        /// From a listed network, without a token: heard, and asked after.
        @Test func aListedNetworkIsAHintOnly() async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, Self.waypay, at: "waypay-open")
                let lie = Array(Self.waypay.body(target.told()).utf8)
                #expect(try await target.deliver(lie, to: "/webhooks/waypay-open").status == 200)
                try await until("Waypay is asked") { try await target.questions() > 0 }
                let synced = try await router.send(.POST, "/v1/payments/\(target.id)/sync")
                #expect(synced["status"] == Self.waypay.opening)
                // A network is no excuse for a wrong token.
                #expect(try await target.deliver(lie, to: "/webhooks/waypay-open/\(target.id).x").status == 401)
                try await target.payUnheard()
                let truth = Array(Self.waypay.body(target.told { $0.event = "evt_true" }).utf8)
                #expect(try await target.deliver(truth, to: "/webhooks/waypay-open").status == 200)
                try await router.payment(target.id, becomes: "captured")
                try await target.expectDelivered(receiver, [Self.waypay.opening, "captured"])
            }
        }

        /// Without a secret nothing of AlyaPay's is proven, whatever it is signed with.
        @Test(arguments: ["alyapay-hint", "alyapay-deaf"])
        func withoutASecretNothingIsBelieved(_ instance: String) async throws {
            try await callbackTest { router, receiver in
                let source = CallbackSource.alyaPay
                let target = try await CallbackTarget.make(router, source, at: instance)
                let before = try await target.payment().json
                let isHeard = instance == "alyapay-hint"
                let body = Array(source.body(target.told()).utf8)
                for headers in [[:], source.headers(body), source.headers(body, .timedSignature(secret: ""))] {
                    #expect(try await target.deliver(body, headers).status == (isHeard ? 200 : 401))
                }
                #expect(try await target.payment().json == before)
                // Its own word, asked for, is what counts.
                try await router.providers.fault("alyapay", "drop_callback")
                let transaction = try await router.providers.settle("alyapay", target.told.session, "success")
                #expect(try await target.payment().json == before)
                let synced = try await router.send(
                    .POST, "/v1/payments/\(target.id)/sync",
                    #"{"provider_transaction_id":"\#(try #require(transaction))"}"#)
                #expect(synced["status"] == "captured", "\(synced.text)")
                try await target.expectDelivered(receiver, [source.opening, "captured"])
            }
        }
    }
}
