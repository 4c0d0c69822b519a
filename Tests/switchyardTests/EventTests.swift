import NIOCore
import NIOHTTP1
import PaymentEngine
import ServiceLifecycle
import StrictJSON
import Testing

@testable import switchyard

extension EndToEnd {
    /// What apps hear of their payments, over real sockets.
    @Suite struct EventTests {
        /// The newest event of a type.
        private func event(_ router: Router, _ type: String, app: String = Router.shop) async throws -> JSONValue? {
            let list = try await router.send(.GET, "/v1/events?type=\(type)", app: app)
            #expect(list.status == 200)
            return list.json["data"]?.array?.first
        }

        private func event(
            _ router: Router, _ type: String, becomes status: String
        ) async throws -> JSONValue {
            try await eventually("\(type) is \(status)") {
                let event = try await event(router, type)
                return event?["delivery"]?["status"]?.string == status ? event : nil
            }
        }

        @Test func eachChangeArrivesSignedAndInOrder() async throws {
            try await EventReceiver.run { receiver, port in
                let webhook = EventReceiver.webhook("http://127.0.0.1:\(port)/hooks?from=switchyard")
                try await endToEnd(.quick(shop: webhook)) { router in
                    let payment = try await router.pay("k-1")
                    #expect(payment.status == 201)
                    try await router.providers.settle("payalo", payment["provider_reference"], "success")
                    let captured = try await event(router, "payment.captured", becomes: "delivered")
                    #expect(receiver.types == ["payment.pending", "payment.captured"])
                    let last = try #require(receiver.deliveries.last)
                    #expect(Set(receiver.deliveries.map(\.isGenuine)) == [true])
                    #expect(last.head.method == .POST)
                    #expect(last.head.uri == "/hooks?from=switchyard")
                    #expect(last.header("content-type") == "application/json")
                    #expect(last.header("user-agent")?.hasPrefix("Switchyard/") == true)
                    #expect(last.id == captured["id"]?.string)
                    #expect(last.json?["timestamp"] == captured["created_at"])
                    #expect(last.json?["data"] == captured["data"])
                    // The payment as it was at each change.
                    #expect(receiver.deliveries.first?.json?["data"] == payment.json)
                    #expect(captured["payment"]?.string == payment["id"])
                    #expect(captured["delivery"]?["attempts"]?.integer == 1)
                    #expect(captured["delivery"]?["last_status"]?.integer == 200)
                    #expect(captured["delivery"]?["last_error"]?.isNull == true)
                    #expect(captured["delivery"]?["next_attempt_at"]?.isNull == true)
                    let id = try #require(captured["id"]?.string)
                    #expect(try await router.send(.GET, "/v1/events/\(id)").json == captured)
                    #expect(try await router.send(.GET, "/v1/events/\(id)", app: Router.blog).status == 404)
                    let own = try await router.send(.GET, "/v1/events?payment=\(payment["id"] ?? "")&limit=1")
                    #expect(own.json["data"]?.array == [captured])
                    #expect(own["next_cursor"] == id)
                    let telling = router.logs.all.filter { $0.contains(EventReceiver.key) }
                    #expect(telling == [])
                }
            }
        }

        @Test func whatFailsIsSentAgainToTheByte() async throws {
            try await EventReceiver.run { receiver, port in
                let webhook = EventReceiver.webhook("http://127.0.0.1:\(port)/hooks", retry: "[300ms, 300ms, 300ms]")
                try await endToEnd(.quick(shop: webhook)) { router in
                    receiver.answer(307)
                    let payment = try await router.pay("k-1")
                    let waiting = try await eventually("the first attempt has failed") {
                        let event = try await event(router, "payment.pending")
                        return event?["delivery"]?["attempts"]?.integer == 1 ? event : nil
                    }
                    #expect(waiting["delivery"]?["status"]?.string == "pending")
                    #expect(waiting["delivery"]?["last_status"]?.integer == 307)
                    #expect(waiting["delivery"]?["last_error"]?.string == "redirect")
                    #expect(waiting["delivery"]?["next_attempt_at"]?.string != nil)
                    try await router.providers.settle("payalo", payment["provider_reference"], "success")
                    try await router.payment(payment["id"], becomes: "captured")
                    #expect(!receiver.types.contains("payment.captured"))
                    receiver.answer(200)
                    _ = try await event(router, "payment.captured", becomes: "delivered")
                    let pending = receiver.deliveries.filter { $0.type == "payment.pending" }
                    #expect(pending.count >= 2)
                    #expect(Set(pending.map(\.body)).count == 1)
                    #expect(Set(pending.map(\.id)).count == 1)
                    #expect(receiver.types.last == "payment.captured")
                    #expect(Set(receiver.deliveries.map(\.isGenuine)) == [true])
                }
            }
        }

        @Test func whatHasFailedIsSentAgainOnRequest() async throws {
            try await EventReceiver.run { receiver, port in
                let webhook = EventReceiver.webhook("http://127.0.0.1:\(port)/hooks", retry: "[10ms]")
                try await endToEnd(.quick(shop: webhook)) { router in
                    receiver.answer(500)
                    _ = try await router.pay("k-1")
                    let failed = try await event(router, "payment.pending", becomes: "failed")
                    #expect(failed["delivery"]?["attempts"]?.integer == 2)
                    #expect(failed["delivery"]?["last_error"]?.string == "http_500")
                    receiver.answer(204)
                    let path = "/v1/events/\(try #require(failed["id"]?.string))/redeliver"
                    #expect(try await router.send(.POST, path, app: Router.blog).status == 404)
                    let accepted = try await router.send(.POST, path)
                    #expect(accepted.status == 202)
                    #expect(accepted["id"] == failed["id"]?.string)
                    let delivered = try await event(router, "payment.pending", becomes: "delivered")
                    #expect(delivered["delivery"]?["last_status"]?.integer == 204)
                    #expect(Set(receiver.deliveries.map(\.body)).count == 1)
                }
            }
        }

        /// Nothing is dialled: not by number and not by name.
        @Test(arguments: ["127.0.0.1", "localhost"])
        func loopbackIsRefusedUnlessAllowed(host: String) async throws {
            try await EventReceiver.run { receiver, port in
                let webhook = EventReceiver.webhook("http://\(host):\(port)/hooks", allowPrivate: false)
                try await endToEnd(.quick(shop: webhook)) { router in
                    #expect(try await router.pay("k-1").status == 201)
                    let failed = try await event(router, "payment.pending", becomes: "failed")
                    #expect(failed["delivery"]?["last_error"]?.string == "address_refused")
                    #expect(failed["delivery"]?["last_status"]?.isNull == true)
                    #expect(receiver.connections == 0)
                }
            }
        }

        @Test func anAppWithoutAWebhookReadsItsEvents() async throws {
            try await endToEnd { router in
                _ = try await router.pay("k-1")
                let event = try #require(try await event(router, "payment.pending"))
                #expect(event["delivery"]?["status"]?.string == "none")
                let refused = try await router.send(
                    .POST, "/v1/events/\(try #require(event["id"]?.string))/redeliver")
                #expect(refused.status == 409)
                #expect(refused["code"] == "invalid-state")
                #expect(try await router.send(.GET, "/v1/events", app: Router.blog).json["data"]?.array == [])
            }
        }

        @Test func aDeliveryUnderWayOutlivesTheEnd() async throws {
            try await EventReceiver.run { receiver, port in
                let webhook = EventReceiver.webhook("http://127.0.0.1:\(port)/hooks")
                receiver.answer(200, after: .milliseconds(700))
                try await endToEnd(.quick(shop: webhook)) { router in
                    _ = try await router.pay("k-1")
                    _ = try await eventually("it is under way") { receiver.deliveries.first }
                    router.server.engine.beginDraining()
                    await router.services.triggerGracefulShutdown()
                    await router.server.engine.idle()
                    let delivered = router.logs.all.filter { $0.contains("event delivered") }
                    #expect(!delivered.isEmpty)
                }
                #expect(receiver.deliveries.count == 1)
            }
        }
    }
}
