import APIConformance
import APIDescription
import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Every operation of `openapi.yaml`, with every answer that can be brought about here, is really seen; that each answer
    /// is as described is checked wherever tests send anything (`Described`).
    @Suite struct DescriptionTests {
        /// What is seen in other tests alone, or cannot be brought about from outside.
        private static func isElsewhere(_ operation: APIOperation, _ status: String) -> Bool {
            switch status {
            // Slow, too large, too many, or broken below HTTP: `HTTPGatewayTests`.
            case "408", "429", "431", "500": true
            // On loopback operators need no key: `HTTPGatewayTests`.
            case "401": operation.isAdmin
            // Without a body there is nothing malformed but HTTP itself.
            case "400": operation.contents["requestBody"]?["content"]?["application/json"] == nil
            // No simulated provider declines a follow-up.
            case "402": operation.id != "createPayment"
            case "503": !["createPayment", "refundPayment", "syncPayment"].contains(operation.id)
            default: false
            }
        }

        private static var expected: Set<String> {
            var expected: Set<String> = []
            for operation in APIConformance.shared.operations where !operation.isWebhook {
                for status in operation.contents["responses"]?.object?.names ?? []
                where !isElsewhere(operation, status) {
                    expected.insert("\(operation.id) \(status)")
                }
            }
            return expected
        }

        /// An app that may do nothing but capture.
        private static let mute = """

              mute:
                api_keys_sha256: ["54a6eccf7be5a4a6ee695dce3057b8514126782426540f7de4c9356da6869491"]
                allow: [capture]
            """

        @Test(.timeLimit(.minutes(5)))
        func everyAnswerIsSeen() async throws {
            let seen = Described.Seen()
            try await Described.$seen.withValue(seen) {
                try await EventReceiver.run { receiver, port in
                    let shop = EventReceiver.webhook("http://127.0.0.1:\(port)/hooks") + Self.mute
                    try await endToEnd(.quick(server: "max_body: 4KiB", shop: shop)) { router in
                        try await Self.payments(router)
                        try await Self.openOutcomes(router)
                        try await Self.followUps(router)
                        try await Self.events(router)
                        try await Self.callbacks(router)
                        try await Self.operators(router)
                        try await Self.refusals(router)
                    }
                    #expect(!receiver.deliveries.isEmpty)
                }
            }
            let missing = Self.expected.subtracting(seen.all).sorted()
            #expect(missing == [])
        }

        /// What the page shows works as it stands there.
        private static func payments(_ router: Router) async throws {
            let create = try #require(APIConformance.shared.operations.first { $0.id == "createPayment" })
            let content = create.contents["requestBody"]?["content"]?["application/json"]
            for (name, example) in content?["examples"]?.object ?? JSONObject() {
                let body = String(decoding: (example["value"] ?? .null).serialized(), as: UTF8.self)
                let answer = try await router.pay("example-\(name)", body)
                #expect(answer.status == 201, "\(name): \(answer.text)")
                let decision = try await router.send(.POST, "/v1/routes/explain", body)
                #expect(decision["route"] == answer["route"])
            }
            let paid = try await router.pay("k-1")
            #expect(try await router.pay("k-1").isReplayed)
            #expect(try await router.pay("k-1", .checkout).status == 409)
            #expect(try await router.sync(paid["id"]).status == 200)
            #expect(try await router.payment(paid["id"]).status == 200)
            #expect(
                try await router.send(.GET, "/v1/payments?status=pending&limit=2&reference=order-1001").status == 200)
            #expect(try await router.send(.GET, "/v1/payment-methods?amount=100&currency=USD&country=KE").status == 200)
            #expect(try await router.send(.GET, "/openapi.yaml").body == APIDocument.yaml)
            #expect(try await router.send(.GET, "/docs").body == APIDocument.page.html)
            let card = try #require(ProviderRow.all.first { $0.method == "card" })
            let declined = card.body("USD").replacing("4242424242424242", with: "4000000000009995")
            #expect(try await router.pay("k-2", declined).status == 402)
            // Nobody is there, or answers.
            for change in ["disable", "enable"] {
                for name in ["payalo-ke", "payalo-backup"] {
                    #expect(try await router.operate(.POST, "/admin/providers/\(name)/\(change)").status == 200)
                }
                #expect(try await router.pay("k-3").status == (change == "disable" ? 503 : 201))
            }
            try await router.providers.fault("payalo", "503", #""operation":"status","count":1000000"#)
            #expect(try await router.sync(paid["id"]).status == 503)
            try await router.providers.clearFaults()
        }

        private static func openOutcomes(_ router: Router) async throws {
            try await router.providers.fault("payalo", "charge_then_timeout")
            try await router.providers.fault("payalo", "drop_callback")
            try await router.providers.fault("payalo", "503", #""operation":"status","count":1000000"#)
            let open = try await router.pay("open")
            #expect(open.status == 202)
            #expect(try await router.sync(open["id"]).status == 202)
            let payment = "/admin/payments/\(try #require(open["id"]))"
            #expect(try await router.operate(.POST, payment + "/sync").status == 202)
            let path = payment + "/resolve"
            let decision = #"{"status":"captured","provider_reference":"tx-9","note":"seen in the panel"}"#
            #expect(try await router.operate(.POST, path, decision).status == 200)
            #expect(try await router.operate(.POST, path, decision).status == 409)
            try await router.providers.clearFaults()
        }

        private static func followUps(_ router: Router) async throws {
            let card = try #require(ProviderRow.all.first { $0.method == "card" })
            func hold(_ key: String) async throws -> String? {
                try await router.pay(key, card.body("USD", capture: "manual"))["id"]
            }
            let taken = try await hold("f-1")
            #expect(try await router.followUp(taken, "capture", #"{"amount":9000}"#, key: "c-1").status == 200)
            #expect(try await router.followUp(taken, "capture", key: "c-2").status == 409)
            #expect(try await router.followUp(taken, "cancel", key: "c-3").status == 409)
            #expect(try await router.followUp(taken, "refunds", #"{"amount":2500}"#, key: "r-1").status == 200)
            #expect(try await router.followUp(taken, "refunds", #"{"amount":2501}"#, key: "r-1").status == 409)
            let voided = try await hold("f-2")
            let cancel = try await router.followUp(voided, "cancel", #"{"reason":"out of stock"}"#, key: "v-1")
            #expect(cancel["status"] == "voided")
            // Done, and the replies are lost.
            for (path, operation) in [("capture", "capture"), ("cancel", "cancel"), ("refunds", "refund")] {
                let id = try await operation == "refund" ? router.pay("p-1", card.body("USD"))["id"] : hold("h-\(path)")
                try await router.providers.fault("paymentgateway", "drop_callback", #""count":1000"#)
                try await router.providers.fault(
                    "paymentgateway", "charge_then_timeout", #""operation":"\#(operation)","count":3"#)
                let open = try await router.followUp(id, path, key: "o-\(path)")
                #expect(open.status == 202, "\(open.text)")
                try await router.providers.clearFaults()
            }
            try await router.providers.fault("paymentgateway", "rate_limit", #""operation":"refund""#)
            #expect(try await router.followUp(taken, "refunds", #"{"amount":100}"#, key: "r-2").status == 503)
        }

        private static func events(_ router: Router) async throws {
            let list = try await router.send(.GET, "/v1/events?type=payment.pending&limit=1")
            let id = try #require(list.json["data"]?.array?.first?["id"]?.string)
            #expect(try await router.send(.GET, "/v1/events/\(id)").status == 200)
            #expect(try await router.send(.POST, "/v1/events/\(id)/redeliver").status == 202)
            // Another app, which has no webhook.
            _ = try await router.pay("k-1", app: Router.blog)
            let others = try await router.send(.GET, "/v1/events", app: Router.blog)
            let other = try #require(others.json["data"]?.array?.first?["id"]?.string)
            #expect(try await router.send(.POST, "/v1/events/\(other)/redeliver", app: Router.blog).status == 409)
        }

        private static func callbacks(_ router: Router) async throws {
            let target = try await CallbackTarget.make(router, .waypay)
            #expect(try await target.tell(target.told).status == 200)
            #expect(try await target.deliver([], to: "/webhooks/waypay-main/\(target.id).0000").status == 401)
            #expect(try await target.deliver([], to: "/webhooks/nobody/\(target.id).0000").status == 404)
            #expect(try await target.deliver([UInt8](repeating: 32, count: 5000)).status == 413)
            #expect(try await router.send(.GET, target.path).status == 303)
            #expect(try await router.send(.GET, target.path + "0").status == 404)

            let source = CallbackSource.cards
            let orphan = Array(
                """
                {"event":"payment.captured","timestamp":"2026-01-24T10:00:00Z","id":"evt_1","data":{\
                "payment_id":"pi_nobody",\
                "merchant_id":"m","status":"captured","amount":100,"currency":"EUR","created_at":"2026-01-24T10:00:00Z"}}
                """.utf8)
            for (path, headers, status) in [
                ("/webhooks/cards-main", source.headers(orphan), 200),
                ("/webhooks/cards-main", source.forgedHeaders, 401), ("/webhooks/nobody", [:], 404),
            ] {
                #expect(try await target.deliver(orphan, to: path, headers).status == status)
            }
            let large = [UInt8](repeating: 32, count: 5000)
            #expect(try await target.deliver(large, to: "/webhooks/cards-main").status == 413)
            let orphans = try await router.operate(.GET, "/admin/orphans?limit=5")
            let lost = orphans.json["orphans"]?.array?.compactMap { $0["provider_reference"]?.string }
            #expect(lost?.contains("pi_nobody") == true)
        }

        private static func operators(_ router: Router) async throws {
            for path in [
                "/", "/admin/page", "/healthz", "/readyz", "/metrics", "/admin/providers",
                "/admin/events?status=failed&limit=1", "/admin/payments?app=shop&limit=3", "/admin/reloads",
            ] {
                #expect(try await router.operate(.GET, path).status == 200, "\(path)")
            }
            let id = try #require(try await router.pay("k-1")["id"])
            #expect(try await router.operate(.GET, "/admin/payments/\(id)").status == 200)
            #expect(try await router.operate(.POST, "/admin/payments/\(id)/sync").status == 200)
            let events = try await router.send(.GET, "/v1/events?limit=1")
            let event = try #require(events.json["data"]?.array?.first?["id"]?.string)
            #expect(try await router.operate(.POST, "/admin/events/\(event)/redeliver").status == 202)
            let others = try await router.send(.GET, "/v1/events?limit=1", app: Router.blog)
            let other = try #require(others.json["data"]?.array?.first?["id"]?.string)
            #expect(try await router.operate(.POST, "/admin/events/\(other)/redeliver").status == 409)
            for change in ["providers/payalo-ke/disable", "providers/payalo-ke/enable", "reload"] {
                #expect(try await router.operate(.POST, "/admin/\(change)").status == 200, "\(change)")
            }
            try Setup.write("routes: [", into: router.folder)
            #expect(try await router.operate(.POST, "/admin/reload").status == 422)
            #expect(try await router.operate(.GET, "/admin/reloads").status == 200)
        }

        /// What any operation refuses, by what is described of it.
        private static func refusals(_ router: Router) async throws {
            for operation in APIConformance.shared.operations where !operation.isWebhook {
                let path = operation.path.replacing("{id}", with: "nothing").replacing("{name}", with: "nobody")
                let statuses = operation.contents["responses"]?.object?.names ?? []
                if operation.isAdmin {
                    try await refusals(router, ofOperators: operation, path, statuses)
                } else if operation.contents["security"] == nil {
                    try await refusals(router, ofApps: operation, path, statuses)
                }
            }
        }

        private static func refusals(
            _ router: Router, ofApps operation: APIOperation, _ path: String, _ statuses: [String]
        ) async throws {
            let method = HTTPMethod(rawValue: operation.method)
            let isRead = method == .GET
            let denied = operation.id == "capturePayment" ? Router.blog : "demo-mute-key"
            for (status, body, headers, app) in [
                (401, "{}", [:], "nobody"), (403, "{}", [:], denied), (404, "{}", [:], Router.shop),
                (400, "{", [:], Router.shop), (413, String(repeating: " ", count: 5000), [:], Router.shop),
                (415, "{}", ["content-type": "text/plain"], Router.shop),
                (422, #"{"amout":1}"#, [:], Router.shop),
            ] where statuses.contains(String(status)) && !isElsewhere(operation, String(status)) {
                let target = isRead && status == 422 ? path + "?amout=1" : path
                let key = ["idempotency-key": "refusal-\(operation.id)-\(status)"]
                let answer = try await router.send(
                    method, target, isRead ? nil : body, key.merging(headers) { $1 }, app: app)
                #expect(answer.status == status, "\(operation.id): \(answer.text)")
            }
        }

        private static func refusals(
            _ router: Router, ofOperators operation: APIOperation, _ path: String, _ statuses: [String]
        ) async throws {
            let method = HTTPMethod(rawValue: operation.method)
            let isRead = method == .GET
            let hasBody = operation.contents["requestBody"] != nil
            let change = isRead ? [:] : ["x-switchyard-admin": "1"]
            let valid = operation.id == "resolvePayment" ? #"{"status":"captured","note":"n"}"# : "{}"
            for (status, body, headers) in [
                (403, "{}", isRead ? ["host": "evil.example.com"] : [:]),
                (404, valid, change), (400, "{", change),
                (413, String(repeating: " ", count: 5000), change),
                (415, "{}", change.merging(["content-type": "text/plain"]) { $1 }), (422, #"{"amout":1}"#, change),
            ] where statuses.contains(String(status)) && !isElsewhere(operation, String(status)) {
                // Of a reload it is the configuration that is not valid.
                if operation.id == "reloadConfiguration", status == 422 { continue }
                let target = isRead && status == 422 ? path + "?amout=1" : path
                let answer = try await router.operate(method, target, hasBody ? body : nil, headers)
                #expect(answer.status == status, "\(operation.id): \(answer.text)")
            }
        }
    }
}
