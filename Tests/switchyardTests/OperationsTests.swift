import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// What else apps and operators can ask for.
    @Suite struct OperationsTests {
        @Test func anAppSeesItsOwnPaymentsOnly() async throws {
            try await endToEnd { router in
                let answer = try await router.pay("k-1")
                let id = try #require(answer["id"])
                let own = try await router.payment(id)
                #expect(own.status == 200)
                #expect(own.body == answer.body)
                for (method, path) in [(HTTPMethod.GET, ""), (.POST, "/sync")] {
                    let other = try await router.send(method, "/v1/payments/\(id)\(path)", app: Router.blog)
                    #expect(other.status == 404)
                    #expect(other["code"] == "not-found")
                }
                let list = try await router.send(.GET, "/v1/payments", app: Router.blog)
                #expect(list.json["data"]?.array?.isEmpty == true)
                let capture = try await router.send(
                    .POST, "/v1/payments/\(id)/capture", "{}", ["idempotency-key": "c"], app: Router.blog)
                #expect(capture.status == 403)
                #expect(capture["code"] == "forbidden")
                #expect(try await router.payment(id, app: "nobody").status == 401)
                #expect(try await router.operate(.GET, "/admin/payments/\(id)")["id"] == id)
            }
        }

        @Test func whatThePluginsCannotDoIsSaidSo() async throws {
            try await endToEnd { router in
                let paid = try await router.pay("k-1")
                try await router.providers.settle("payalo", paid["provider_reference"], "success")
                try await router.payment(paid["id"], becomes: "captured")
                let refund = try await router.send(
                    .POST, "/v1/payments/\(paid["id"] ?? "")/refunds", #"{"amount":100}"#, ["idempotency-key": "r"])
                #expect(refund.status == 422)
                #expect(refund["code"] == "operation-not-supported")
                let checkout = try await router.pay("k-2", .checkout)
                let cancel = try await router.send(
                    .POST, "/v1/payments/\(checkout["id"] ?? "")/cancel", "{}", ["idempotency-key": "x"])
                #expect(cancel.status == 422)
                #expect(cancel["code"] == "operation-not-supported")
                // No hold without a plugin that can make one: there is nothing that could be captured.
                let hold = try await router.pay(
                    "k-3", .mobileMoney.replacing(#""country""#, with: #""capture":"manual","country""#))
                #expect(hold.status == 422)
                #expect(hold["code"] == "no-route")
                let capture = try await router.send(
                    .POST, "/v1/payments/\(checkout["id"] ?? "")/capture", "{}", ["idempotency-key": "y"])
                #expect(capture.status == 422)
                #expect(capture["code"] == "operation-not-supported")
            }
        }

        @Test func paymentsAreListedNewestFirstByPages() async throws {
            try await endToEnd { router in
                for number in 1...5 {
                    let body = String.mobileMoney.replacing("order-1001", with: "order-\(number)")
                    #expect(try await router.pay("k-\(number)", body).status == 201)
                }
                var references: [String] = []
                var cursor = ""
                repeat {
                    let page = try await router.send(.GET, "/v1/payments?limit=2\(cursor)")
                    #expect(page.status == 200)
                    #expect(page["object"] == "list")
                    references += (page.json["data"]?.array ?? []).compactMap { $0["reference"]?.string }
                    cursor = page["next_cursor"].map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty && references.count < 10
                #expect(references == ["order-5", "order-4", "order-3", "order-2", "order-1"])
                let one = try await router.send(
                    .GET, "/v1/payments?reference=order-3&status=pending&provider=payalo-ke")
                #expect(one.json["data"]?.array?.count == 1)
                #expect(try await router.send(.GET, "/v1/payments?limit=0").pointers == ["/limit"])
            }
        }

        @Test func decisionsAndMethodsAreExplained() async throws {
            try await endToEnd(.shipped) { router in
                let decision = try await router.send(.POST, "/v1/routes/explain", .mobileMoney)
                #expect(decision.status == 200)
                #expect(decision["route"] == "kenya-mobile-money")
                let planned = decision.json["providers"]?.array?.compactMap { $0["provider"]?.string }
                #expect(planned == ["payalo-ke", "payalo-backup"])
                let checkout = try await router.send(.POST, "/v1/routes/explain", .checkout)
                let others = try #require(checkout.json["routes"]?.array)
                let kenya = others.first { $0["route"]?.string == "kenya-mobile-money" }
                #expect(kenya?["matched"]?.bool == false)
                #expect(kenya?["because"]?.string == "currency is AMD")
                #expect(try await router.providers.received("payalo").isEmpty)

                let methods = try await router.send(.GET, "/v1/payment-methods?amount=10000&currency=KES&country=KE")
                let offered = methods.json["data"]?.array?.compactMap { $0["method"]?.string }
                #expect(offered?.sorted() == ["checkout", "mobile_money"])

                // Switched off by hand: neither planned nor offered, and its payments go on.
                let before = try await router.pay("k-0")
                for name in ["payalo-ke", "payalo-backup"] {
                    #expect(try await router.operate(.POST, "/admin/providers/\(name)/disable").status == 200)
                }
                let without = try await router.send(.GET, "/v1/payment-methods?currency=KES&country=KE")
                let left = without.json["data"]?.array?.compactMap { $0["method"]?.string }
                #expect(left == ["checkout"])
                let refused = try await router.pay("k-1")
                #expect(refused.status == 503)
                #expect(refused["code"] == "no-provider-available")
                #expect(refused.header("retry-after") != nil)
                try await router.providers.settle("payalo", before["provider_reference"], "success")
                try await router.payment(before["id"], becomes: "captured")
                #expect(try await router.operate(.POST, "/admin/providers/payalo-backup/enable").status == 200)
                // A 503 is not kept: the same key may be tried again.
                let second = try await router.pay("k-1")
                #expect(second.status == 201)
                #expect(second["provider"] == "payalo-backup")
                #expect(try await router.operate(.POST, "/admin/providers/nobody/disable").status == 404)
            }
        }

        @Test func operatorsSeeProvidersAndHealth() async throws {
            try await endToEnd(.shipped) { router in
                #expect(try await router.operate(.GET, "/healthz").status == 200)
                #expect(try await router.operate(.GET, "/readyz").status == 200)
                #expect(try await router.operate(.GET, "/healthz", nil, ["host": "evil.example.com"]).status == 200)
                #expect(
                    try await router.operate(.GET, "/admin/providers", nil, ["host": "evil.example.com"]).status == 403)
                _ = try await router.pay("k-1", .checkout)
                let providers = try #require(
                    try await router.operate(.GET, "/admin/providers").json["providers"]?.array)
                let names = providers.compactMap { $0["provider"]?.string }
                #expect(
                    names.sorted() == [
                        "alyapay-main", "cards-backup", "cards-main", "payalo-backup", "payalo-ke", "spayon-backup",
                        "spayon-main", "waypay-main",
                    ])
                let spayon = providers[try #require(names.firstIndex(of: "spayon-main"))]
                #expect(spayon["token_age_s"]?.integer != nil)
                let create = spayon["operations"]?.array?.first { $0["operation"]?.string == "create" }
                #expect(create?["breaker"]?.string == "closed")
                #expect(create?["calls"]?.integer == 1)
                // Operations are not on the public listener, nor payments on the admin one.
                #expect(try await router.send(.GET, "/admin/providers").status == 404)
                #expect(try await router.operate(.GET, "/v1/payments").status == 404)
            }
        }

        @Test func anOpenBreakerIsShownAndClosesAgain() async throws {
            let breaker =
                "breaker: { consecutive_failures: 2, open_for: 300ms, max_open_for: 300ms, half_open_calls: 1 }"
            try await endToEnd(.quick(payalo: breaker)) { router in
                try await router.providers.fault("payalo", "refuse")
                for number in 1...2 {
                    #expect(try await router.pay("k-\(number)")["provider"] == "payalo-backup")
                }
                try await router.providers.clearFaults()
                let answer = try await eventually("the first provider is back") {
                    let answer = try await router.pay(
                        "k-\(ContinuousClock.now)".filter { $0.isASCII && !$0.isWhitespace })
                    return answer["provider"] == "payalo-ke" ? answer : nil
                }
                #expect(answer.status == 201)
            }
        }
    }
}
