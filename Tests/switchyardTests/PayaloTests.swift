import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Mobile money through Payalo.
    @Suite struct PayaloTests {
        @Test func theRequestIsTheDocumentedOneFieldByField() async throws {
            try await endToEnd(.shipped) { router in
                let body = #"""
                    {"amount":10000,"currency":"KES","method":"mobile_money","country":"KE","reference":"order-1001",
                     "description":"Two shirts","customer":{"id":"user-42","email":"a@example.com"},
                     "mobile_money":{"phone":"+254712345678","network":"mpesa"},"metadata":{"tier":"gold"}}
                    """#
                let answer = try await router.pay("k-1", body)
                #expect(answer.status == 201)
                #expect(answer["status"] == "pending")
                #expect(answer["route"] == "kenya-mobile-money")
                #expect(answer["provider"] == "payalo-ke")
                #expect(answer.json["next_action"]?["type"]?.string == "approve_on_phone")
                let id = try #require(answer["id"])
                #expect(answer.header("location") == "/v1/payments/\(id)")
                #expect(answer.attempts == ["payalo-ke:create=accepted"])

                let received = try await router.providers.received("payalo")
                try #require(received.count == 1)
                let request = received[0]
                #expect(request.method == "POST")
                #expect(request.path == "/gateway/mmo/v2/direct/payin/mpesa-ke")
                #expect(request.header("x-api-key") == "***")
                #expect(request.header("content-type") == "application/json")
                let reference = try #require(request.body?["merchantReference"]?.string)
                // 26 letters of base32 are 130 bits.
                #expect(reference.utf8.count >= 24)
                let others = reference.filter { !$0.isASCII || !($0.isLowercase || $0.isNumber) }
                #expect(others == "")
                let address = try #require(request.body?["resultUrl"]?.string)
                #expect(address.hasPrefix("http://127.0.0.1:\(router.api)/webhooks/payalo-ke/\(id)."))
                #expect(address.utf8.count > "http://127.0.0.1:\(router.api)/webhooks/payalo-ke/\(id).".utf8.count + 20)
                #expect(
                    request.text == """
                        {"amount":{"value":100.00,"currency":"KES"},\
                        "payer":{"id":"user-42","msisdn":"+254712345678","email":"a@example.com"},"country":"KE",\
                        "resultUrl":"\(address)","merchantReference":"\(reference)",\
                        "reconciliationReference":"order-1001","labels":{"tier":"gold"}}
                        """)

                try await router.providers.settle("payalo", reference, "success")
                let paid = try await router.payment(id, becomes: "captured")
                #expect(paid.json["amount_captured"]?.integer == 10_000)
                #expect(try await router.providers.charges().map(\.text) == ["payalo 100.00 KES captured"])
            }
        }

        @Test func aDeclineByTheCustomerFails() async throws {
            try await endToEnd { router in
                let answer = try await router.pay("k-1")
                try await router.providers.settle("payalo", answer["provider_reference"], "failed")
                let failed = try await router.payment(answer["id"], becomes: "failed")
                #expect(failed.json["decline"]?["code"]?.string != nil)
                #expect(try await router.providers.charges().isEmpty)
            }
        }

        @Test func aRefusedConnectionReachesTheNextProviderWithin250Milliseconds() async throws {
            try await endToEnd(.shipped) { router in
                #expect(try await router.pay("warm-up")["provider"] == "payalo-ke")
                try await router.providers.fault("payalo", "refuse")
                // The first opens the connection to the second provider; of five, the best tells what the router needs.
                var best = Duration.seconds(60)
                for number in 1...5 {
                    let began = ContinuousClock.now
                    let answer = try await router.pay("k-\(number)")
                    best = min(best, began.duration(to: .now))
                    #expect(answer.status == 201)
                    #expect(answer["provider"] == "payalo-backup")
                    #expect(
                        answer.attempts
                            == ["payalo-ke:create=unavailable(connect_refused)", "payalo-backup:create=accepted"])
                }
                #expect(best < .milliseconds(250))
                try await router.providers.clearFaults()
            }
        }

        @Test func anotherAmountIsForAPersonToLookAt() async throws {
            try await endToEnd { router in
                let answer = try await router.pay("k-1")
                try await router.providers.fault("payalo", "wrong_amount", #""operation":"callback""#)
                try await router.providers.settle("payalo", answer["provider_reference"], "success")
                let reviewed = try await eventually("a review") {
                    let payment = try await router.payment(answer["id"])
                    return payment.json["review"]?.isNull == false ? payment : nil
                }
                #expect(reviewed.json["review"]?["reason"]?.string == "amount_mismatch")
                #expect(reviewed["status"] == "pending")
                #expect(reviewed.json["amount_captured"]?.integer == 0)

                // Without the header a web page could press the button.
                let path = "/admin/payments/\(try #require(answer["id"]))/resolve"
                let decision = #"{"status":"captured","note":"seen in Payalo's panel"}"#
                #expect(try await router.operate(.POST, path, decision, [:]).status == 403)
                let resolved = try await router.operate(.POST, path, decision)
                #expect(resolved.status == 200)
                #expect(resolved["status"] == "captured")
                #expect(resolved.json["review"]?.isNull == true)
                let notes = resolved.json["attempts"]?.array?.compactMap { $0["note"]?.string } ?? []
                #expect(notes.contains("seen in Payalo's panel"))
                #expect(try await router.operate(.POST, path, decision).status == 409)
            }
        }

        @Test func aLostCallbackIsFoundBySync() async throws {
            // Nothing is asked in the background here.
            try await endToEnd(.shipped) { router in
                let answer = try await router.pay("k-1")
                let id = try #require(answer["id"])
                try await router.providers.fault("payalo", "drop_callback")
                try await router.providers.settle("payalo", answer["provider_reference"], "success")
                #expect(try await router.payment(id)["status"] == "pending")
                let synced = try await router.send(.POST, "/v1/payments/\(id)/sync")
                #expect(synced.status == 200)
                #expect(synced["status"] == "captured")
            }
        }

        @Test func aLostCallbackIsFoundInTheBackground() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "drop_callback")
                let answer = try await router.pay("k-1")
                try await router.providers.settle("payalo", answer["provider_reference"], "success")
                try await router.payment(answer["id"], becomes: "captured")
            }
        }

        /// Told twice, told of the past afterwards, and told before the create is answered.
        @Test(arguments: [
            "duplicate_callback", "out_of_order_callback", #"out_of_order_callback","operation":"create"#,
        ])
        func callbacksInAnyOrderSettleOnce(_ fault: String) async throws {
            try await endToEnd(.shipped) { router in
                let parts = fault.split(separator: #"","#, maxSplits: 1).map(String.init)
                let (name, more) = (parts[0], parts.count == 2 ? parts[1] + "\"" : "")
                try await router.providers.fault("payalo", name, more)
                let answer = try await router.pay("k-1")
                #expect(answer.status == 201)
                if more.isEmpty {
                    try await router.providers.settle("payalo", answer["provider_reference"], "success")
                } else {
                    #expect(answer["status"] == "captured")
                }
                let paid = try await router.payment(answer["id"], becomes: "captured")
                // Asking the provider afterwards comes behind whatever is still on its way.
                let synced = try await router.send(.POST, "/v1/payments/\(answer["id"] ?? "")/sync")
                #expect(synced["status"] == "captured")
                #expect(synced.json["review"]?.isNull == true)
                #expect(synced.json["amount_captured"]?.integer == 10_000)
                #expect(synced["provider_reference"] == paid["provider_reference"])
            }
        }

        @Test func callbacksWithAWrongKeyOrTokenAreRefused() async throws {
            try await endToEnd(.shipped) { router in
                let answer = try await router.pay("k-1")
                let request = try #require(try await router.providers.received("payalo").first?.body)
                let address = try #require(request["resultUrl"]?.string)
                let path = String(address.dropFirst("http://127.0.0.1:\(router.api)".count))
                let token = path.split(separator: ".").last.map(String.init) ?? ""
                let reference = request["merchantReference"]?.string ?? ""
                let paid = """
                    {"gatewayReference":"\(answer["provider_reference"] ?? "")","merchantReference":"\(reference)",\
                    "status":"success","finalAmount":{"value":100.00,"currency":"KES"}}
                    """
                let other = try await router.pay("k-2")
                let otherToken = try #require(
                    try await router.providers.received("payalo").last?.body?["resultUrl"]?.string)
                for (what, path, key) in [
                    ("a wrong key", path, "another-key"), ("no key", path, ""),
                    ("a wrong token", path.replacing(token, with: String(token.reversed())), Providers.payaloKey),
                    ("a cut token", String(path.dropLast()), Providers.payaloKey),
                    ("no signature in the token", "/webhooks/payalo-ke/\(answer["id"] ?? "")", Providers.payaloKey),
                    (
                        "another provider's token", path.replacing("payalo-ke", with: "payalo-backup"),
                        Providers.payaloKey
                    ),
                ] {
                    let refused = try await router.send(.POST, path, paid, ["x-api-key": key])
                    #expect(refused.status == 401, "\(what)")
                }
                // Another payment's token vouches for that payment alone.
                let swapped = String(otherToken.dropFirst("http://127.0.0.1:\(router.api)".count))
                let ignored = try await router.send(.POST, swapped, paid, ["x-api-key": Providers.payaloKey])
                #expect(ignored.status == 200)
                #expect(try await router.payment(answer["id"])["status"] == "pending")
                #expect(try await router.payment(other["id"])["status"] == "pending")
                let unknown = try await router.send(.POST, "/webhooks/nobody", paid, ["x-api-key": "x"])
                #expect(unknown.status == 404)
            }
        }
    }
}
