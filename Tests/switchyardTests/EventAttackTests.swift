import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Contract §8 under load and against an app that is down.
    @Suite struct EventAttackTests {
        /// Thirty payments at once through every provider that signs: each one's events come in its own order, each once.
        @Test func eventsOfAPaymentComeInOrder() async throws {
            try await callbackTest { router, receiver in
                var targets: [CallbackTarget] = []
                for number in 0..<30 {
                    let source = CallbackSource.signed[number % CallbackSource.signed.count]
                    targets.append(try await CallbackTarget.make(router, source, "order-\(number)"))
                }
                // Some of the deliveries fail at first.
                receiver.answer(503)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for target in targets {
                        group.addTask {
                            try await target.tell(target.told(.ended))
                            try await target.tell(target.told { $0.event = "evt_late" })
                        }
                    }
                    try await group.waitForAll()
                }
                receiver.answer(200)
                for target in targets {
                    let events = try await target.events()
                    #expect(events.first == "payment.\(target.source.opening)")
                    #expect(events.last == "payment.captured")
                    #expect(events.count == 3)
                    try await until("all are delivered") {
                        let list = try await router.send(.GET, "/v1/events?payment=\(target.id)")
                        let states = list.json["data"]?.array?.map { $0["delivery"]?["status"]?.string }
                        return states?.allSatisfy { $0 == "delivered" } == true
                    }
                    let mine = receiver.deliveries.filter { $0.json?["data"]?["id"]?.string == target.id }
                    #expect(Set(mine.map(\.isGenuine)) == [true])
                    // A repeat keeps the place of the first: without repeats the order is that of the changes.
                    var arrived: [String] = []
                    for type in mine.compactMap(\.type) where arrived.last != type { arrived.append(type) }
                    #expect(arrived == events)
                    // A repeat is the same to the byte under the same id, so that an app can tell.
                    for id in Set(mine.compactMap(\.id)) {
                        let bodies = mine.filter { $0.id == id }.map(\.body)
                        #expect(Set(bodies).count == 1)
                    }
                    #expect(Set(mine.compactMap(\.id)).count == 3)
                }
            }
        }

        @Test func anAppThatIsDownForGoodHearsOfItOnRequest() async throws {
            try await callbackTest(retry: "[20ms, 20ms]") { router, receiver in
                receiver.answer(500)
                let source = CallbackSource.spayon
                let target = try await CallbackTarget.make(router, source)
                try await target.tell(target.told())
                let failed = try await eventually("both have failed") {
                    let list = try await router.send(.GET, "/v1/events?payment=\(target.id)")
                    let events = list.json["data"]?.array ?? []
                    let states = events.compactMap { $0["delivery"]?["status"]?.string }
                    return states == ["failed", "failed"] ? events : nil
                }
                let types = failed.compactMap { $0["type"]?.string }
                #expect(types == ["payment.captured", "payment.requires_action"])
                for event in failed {
                    #expect(event["delivery"]?["attempts"]?.integer == 3)
                    #expect(event["delivery"]?["last_status"]?.integer == 500)
                    #expect(event["delivery"]?["last_error"]?.string == "http_500")
                    #expect(event["delivery"]?["next_attempt_at"]?.isNull == true)
                }
                #expect(
                    receiver.types
                        == Array(repeating: "payment.requires_action", count: 3)
                        + Array(repeating: "payment.captured", count: 3))
                // The payment is what it is, whoever hears of it.
                #expect(try await target.payment()["status"] == "captured")
                receiver.answer(200)
                for event in failed {
                    let id = try #require(event["id"]?.string)
                    let accepted = try await router.send(.POST, "/v1/events/\(id)/redeliver")
                    #expect(accepted.status == 202)
                    let delivered = try await eventually("it is delivered") {
                        let event = try await router.send(.GET, "/v1/events/\(id)")
                        return event.json["delivery"]?["status"]?.string == "delivered" ? event : nil
                    }
                    #expect(delivered.json["data"] == event["data"])
                }
                #expect(receiver.types.suffix(2) == ["payment.captured", "payment.requires_action"])
                #expect(Set(receiver.deliveries.map(\.isGenuine)) == [true])
                #expect(Set(receiver.deliveries.compactMap(\.id)).count == 2)
            }
        }
    }
}
