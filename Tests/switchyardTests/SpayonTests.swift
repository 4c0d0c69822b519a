import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Checkouts on Spayon's page.
    @Suite struct SpayonTests {
        @Test func oneTokenServesManyPaymentsAtOnce() async throws {
            try await endToEnd(.shipped) { router in
                let answers = try await withThrowingTaskGroup(of: Answered.self) { group in
                    for number in 0..<200 {
                        let body = String.checkout.replacing("order-2001", with: "order-\(number)")
                        group.addTask { try await router.pay("checkout-\(number)", body) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let outcomes = answers.map { "\($0.status) \($0["status"] ?? "")" }
                #expect(Set(outcomes) == ["201 requires_action"])
                let references = answers.compactMap { $0["provider_reference"] }
                #expect(Set(references).count == 200)
                let operations = try await router.providers.operations("spayon")
                let counts = Dictionary(operations.map { ($0, 1) }, uniquingKeysWith: +)
                #expect(counts["token"] == 1)
                #expect(counts["create"] == 200)
            }
        }

        @Test func theSessionIsTheDocumentedOneAndPayingItCaptures() async throws {
            try await endToEnd(.shipped) { router in
                let answer = try await router.pay("k-1", .checkout)
                #expect(answer.status == 201)
                #expect(answer["status"] == "requires_action")
                let action = try #require(answer.json["next_action"])
                #expect(action["type"]?.string == "redirect")
                #expect(answer["expires_at"] != nil)

                let requests = try await router.providers.received("spayon")
                #expect(requests.map(\.path) == ["/api/tokens", "/api/product/session"])
                #expect(
                    requests.first?.text == #"{"client_id":"sandbox-client","client_secret":"***"}"#)
                let session = try #require(requests.last)
                #expect(session.header("authorization") == "***")
                let order = try #require(session.body?["order_id"]?.string)
                let callback = try #require(session.body?["callback_url"]?.string)
                #expect(
                    callback.hasPrefix("http://127.0.0.1:\(router.api)/webhooks/spayon-main/\(answer["id"] ?? "")."))
                #expect(
                    session.text == """
                        {"product_name":"A lamp","price":4990,"currency":"amd","callback_url":"\(callback)",\
                        "return_url":"https://shop.example.com/done","email":"ani@example.com",\
                        "username":"ani@example.com","full_name":"Ani P.","order_id":"\(order)"}
                        """)

                // The customer's browser: the page, and its button.
                let page = try #require(action["url"]?.string)
                let shown = try await router.providers.http.answer(.GET, page, [:])
                #expect(shown.status == 200)
                #expect(shown.text.contains("4990 AMD"))
                let form = ["content-type": "application/x-www-form-urlencoded"]
                let pressed = try await router.providers.http.answer(.POST, page, form, Array("action=pay".utf8))
                #expect((300..<400).contains(pressed.status))
                #expect(pressed.header("location")?.hasPrefix("https://shop.example.com/done?session_id=") == true)
                let paid = try await router.payment(answer["id"], becomes: "captured")
                #expect(paid.json["amount_captured"]?.integer == 499_000)
                #expect(try await router.providers.charges().map(\.text) == ["spayon 4990 AMD captured"])
            }
        }

        @Test func aForgedCallbackIsRefused() async throws {
            try await endToEnd(.shipped) { router in
                let answer = try await router.pay("k-1", .checkout)
                let session = try #require(try await router.providers.received("spayon").last?.body)
                let address = try #require(session["callback_url"]?.string)
                let path = String(address.dropFirst("http://127.0.0.1:\(router.api)".count))
                let forged = """
                    {"sessionId":"\(answer["provider_reference"] ?? "")","status":"paid","price":"4990",\
                    "currency":"AMD","orderId":"\(session["order_id"]?.string ?? "")"}
                    """
                for signature in ["", "0", String(repeating: "0", count: 64)] {
                    let refused = try await router.send(.POST, path, forged, ["x-signature": signature])
                    #expect(refused.status == 401)
                }
                #expect(try await router.payment(answer["id"])["status"] == "requires_action")
            }
        }

        @Test func aRevokedTokenIsReplaced() async throws {
            try await endToEnd(.shipped) { router in
                #expect(try await router.pay("k-1", .checkout).status == 201)
                try await router.providers.fault("spayon", "token_revoked")
                let answers = try await withThrowingTaskGroup(of: Answered.self) { group in
                    for number in 2...20 {
                        group.addTask { try await router.pay("k-\(number)", .checkout) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let outcomes = answers.map { "\($0.status) \($0["provider"] ?? "")" }
                #expect(Set(outcomes) == ["201 spayon-main"])
                let operations = try await router.providers.operations("spayon")
                // One for the start, one for the revocation; a request that was under way with the old one may cost no
                // second refresh, since all wait for the same.
                let tokens = operations.filter { $0 == "token" }
                #expect(tokens.count == 2)
                let references = answers.compactMap { $0["provider_reference"] }
                #expect(Set(references).count == 19)
            }
        }

        @Test func aDeclineMayBeFollowedByASuccess() async throws {
            try await endToEnd(.shipped) { router in
                let answer = try await router.pay("k-1", .checkout)
                try await router.providers.settle("spayon", answer["provider_reference"], "failed")
                let declined = try await eventually("a decline") {
                    let payment = try await router.payment(answer["id"])
                    return payment.json["decline"]?.isNull == false ? payment : nil
                }
                #expect(declined["status"] == "pending")
                #expect(declined.json["decline"]?["code"]?.string == "do_not_honor")
                try await router.providers.settle("spayon", answer["provider_reference"], "success")
                let paid = try await router.payment(answer["id"], becomes: "captured")
                #expect(paid.json["decline"]?.isNull == true)
            }
        }
    }
}
