import Foundation
import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Contract §7: whose callbacks are refused, over real sockets.
    @Suite struct CallbackForgeryTests {
        @Test(arguments: CallbackSource.all)
        func whatIsNotTheProvidersIsRefusedAndChangesNothing(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let other = try await CallbackTarget.make(router, source, "order-0")
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let body = Array(source.body(target.told()).utf8)
                let right = source.headers(body)
                var attacks: [(what: String, body: [UInt8], path: String, headers: [String: String])] = []
                if source.isSigned {
                    attacks += [
                        ("a forged proof", body, target.path, source.forgedHeaders),
                        ("no proof", body, target.path, [:]),
                        ("an empty proof", body, target.path, right.mapValues { _ in "" }),
                        ("another instance's proof", body, target.path, source.headers(body, source.otherProof)),
                        ("a proof and more", body, target.path, right.mapValues { $0 + "0" }),
                        ("a cut proof", body, target.path, right.mapValues { String($0.dropLast()) }),
                        ("no proof and no token", body, "/webhooks/\(source.instance)", [:]),
                    ]
                } else {
                    attacks += [("no token", body, "/webhooks/\(source.instance)", [:])]
                }
                if source.signsBody {
                    let more = source.body(target.told { $0.amount += 100 })
                    attacks += [
                        ("a tampered body", Array(more.utf8), target.path, right),
                        ("a space behind the body", body + [0x20], target.path, right),
                        ("another body's proof", body, target.path, source.headers(Array(more.utf8))),
                    ]
                }
                var tokens = ["x", ".", target.id, target.id + ".", other.id + "." + String(repeating: "0", count: 52)]
                if let token = target.token, let others = other.token {
                    tokens += [
                        token.uppercased(), String(token.dropLast()), token + "0", String(token.reversed()),
                        // One payment's name with the other's code.
                        target.id + others.dropFirst(other.id.count), other.id + token.dropFirst(target.id.count),
                    ]
                    let elsewhere = try await CallbackTarget.make(router, source, "order-2", at: source.other)
                    tokens += [try #require(elsewhere.token)]
                    attacks += [
                        ("this token at another instance", body, "/webhooks/\(source.other)/\(token)", right),
                        (
                            "this token at another instance, with its proof", body,
                            "/webhooks/\(source.other)/\(token)", source.headers(body, source.otherProof)
                        ),
                    ]
                }
                attacks += tokens.map { ("the token \($0)", body, "/webhooks/\(source.instance)/\($0)", right) }
                for attack in attacks {
                    let refused = try await target.deliver(attack.body, to: attack.path, attack.headers)
                    #expect(refused.status == 401, "\(attack.what)")
                    #expect(refused["code"] == "unauthenticated", "\(attack.what)")
                }
                for nobody in ["/webhooks/nobody", "/webhooks/nobody/\(target.token ?? "x")"] {
                    #expect(try await target.deliver(body, to: nobody, right).status == 404)
                }
                #expect(try await target.payment().json == before)
                #expect(try await target.orphans().isEmpty)
                #expect(try await target.questions() == 0)
                // Who has the token can stand in for the provider, so no log has one.
                let secrets = [target.token, other.token].compactMap(\.self)
                let telling = router.logs.all.filter { line in secrets.contains { line.contains($0) } }
                #expect(telling == [])
                // The same bytes rightly sent are believed, so what was refused above was refused for its fault alone.
                try await target.payUnheard()
                #expect(try await target.deliver(body).status == 200)
                try await router.payment(target.id, becomes: "captured")
                try await target.expectDelivered(receiver, [source.opening, "captured"])
                #expect(try await other.payment()["status"] == source.opening)
            }
        }

        /// The token vouches for its own payment alone, however authentic the rest is.
        @Test(arguments: CallbackSource.withToken)
        func anotherPaymentsTokenMovesNeither(_ source: CallbackSource) async throws {
            try await callbackTest { router, _ in
                let first = try await CallbackTarget.make(router, source, "order-1")
                let second = try await CallbackTarget.make(router, source, "order-2")
                let before = [try await first.payment().json, try await second.payment().json]
                try await first.payUnheard()
                let body = Array(source.body(first.told()).utf8)
                #expect(try await first.deliver(body, to: second.path).status == 200)
                #expect([try await first.payment().json, try await second.payment().json] == before)
            }
        }

        /// Where a provider signs, its word about another instance's payment is nobody's.
        @Test(arguments: CallbackSource.signed)
        func anotherInstancesWordIsNobodys(_ source: CallbackSource) async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let body = Array(source.body(target.told()).utf8)
                let answer = try await target.deliver(
                    body, to: "/webhooks/\(source.other)", source.headers(body, source.otherProof))
                #expect(answer.status == 200)
                #expect(try await target.payment().json == before)
                let strangers = try await target.orphans().compactMap { $0["provider"]?.string }
                #expect(strangers == [source.other])
            }
        }

        @Test(arguments: [(-400, 401), (-310, 401), (-280, 200), (280, 200), (310, 401), (86_400, 401)])
        func aSignatureOfAnotherTimeIsRefused(seconds: Double, status: Int) async throws {
            try await callbackTest { router, _ in
                let source = CallbackSource.alyaPay
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let body = Array(source.body(target.told()).utf8)
                let headers = source.headers(body, at: Date(timeIntervalSinceNow: seconds))
                #expect(try await target.deliver(body, headers).status == status)
                let after = try await target.payment()
                #expect(status == 200 ? after["status"] == "captured" : after.json == before)
            }
        }

        /// A time that was not the signed one does not make an old delivery new.
        @Test func theTimeIsSigned() async throws {
            try await callbackTest { router, _ in
                let source = CallbackSource.alyaPay
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let body = Array(source.body(target.told()).utf8)
                let old = source.headers(body, at: Date(timeIntervalSinceNow: -3600))
                let now = Date().formatted(.iso8601)
                for time in [now, "", "yesterday", String(Int(Date().timeIntervalSince1970))] {
                    let headers = old.merging(["X-Alya-Timestamp": time]) { $1 }
                    #expect(try await target.deliver(body, headers).status == 401)
                }
                #expect(try await target.payment().json == before)
            }
        }

        /// A provider may send the customer's browser to the address that it calls.
        @Test(arguments: CallbackSource.withToken)
        func aBrowserIsSentOnAndChangesNothing(_ source: CallbackSource) async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let answer = try await router.send(.GET, target.path + "?status=Completed&success=true")
                #expect(answer.status == 303)
                #expect(answer.header("location") == "https://shop.example.com/done")
                #expect(answer.header("referrer-policy") == "no-referrer")
                #expect(answer.header("cache-control") == "no-store")
                let token = try #require(target.token)
                for wrong in [token.uppercased(), String(token.dropLast()), target.id, "x"] {
                    let refused = try await router.send(.GET, "/webhooks/\(source.instance)/\(wrong)")
                    #expect(refused.status == 404)
                    #expect(refused.header("location") == nil)
                }
                #expect(try await router.send(.GET, "/webhooks/nobody/\(token)").status == 404)
                #expect(try await router.send(.GET, "/webhooks/\(source.other)/\(token)").status == 404)
                #expect(try await router.send(.GET, "/webhooks/\(source.instance)").status == 405)
                #expect(try await router.send(.HEAD, target.path).status == 303)
                #expect(try await router.send(.PUT, target.path, "{}").status == 405)
                #expect(try await target.payment().json == before)
                #expect(try await target.questions() == 0)
            }
        }

        /// Verified and says nothing that can be understood: taken, so that it does not come again, and nothing more.
        @Test(arguments: CallbackSource.all)
        func garbageChangesNothing(_ source: CallbackSource) async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let good = source.body(target.told())
                let bytes = Array(good.utf8)
                let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
                let amount = source.plugin == "paymentgateway" ? "\(target.told.amount)" : target.told.decimal
                let bodies: [(what: String, body: [UInt8])] = [
                    ("empty", []), ("no JSON", Array("paid".utf8)), ("null", Array("null".utf8)),
                    ("a list", Array("[]".utf8)), ("an empty object", Array("{}".utf8)),
                    ("a NUL", [0]), ("broken off", Array(bytes.dropLast(5))), ("two values", bytes + bytes),
                    ("deep", Array(deep.utf8)),
                    ("deep and then right", Array(("{\"a\":" + deep + "," + good.dropFirst()).utf8)),
                    (
                        "invalid UTF-8",
                        Array(good.dropLast(1).utf8) + Array(#","x":""#.utf8) + [0xFF, 0xC0, 0x22, 0x7D]
                    ),
                    ("a lone surrogate", Array((good.dropLast(1) + #","x":"\ud800"}"#).utf8)),
                    ("a byte order mark", [0xEF, 0xBB, 0xBF] + bytes),
                    ("UTF-16", good.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
                    ("members twice", Array((good.dropLast(1) + "," + good.dropFirst()).utf8)),
                    ("a rounded amount", Array(good.replacing(amount, with: "1e400").utf8)),
                    (
                        "an amount without end",
                        Array(good.replacing(amount, with: String(repeating: "9", count: 500)).utf8)
                    ),
                    ("a form", Array("status=paid&amount=100".utf8)),
                ]
                for (what, body) in bodies {
                    let answer = try await target.deliver(body)
                    #expect(answer.status == 200 || (400..<500).contains(answer.status), "\(what): \(answer.status)")
                    #expect(try await target.payment().json == before, "\(what)")
                }
                let huge = try await target.deliver(bytes + Array(repeating: 0x20, count: 64 * 1024))
                #expect(huge.status == 413)
                // To the last byte that is allowed it is read.
                try await target.payUnheard()
                let full = bytes + Array(repeating: 0x20, count: 64 * 1024 - bytes.count)
                #expect(try await target.deliver(full).status == 200)
                try await router.payment(target.id, becomes: "captured")
            }
        }

        @Test(arguments: CallbackSource.all)
        func aBodyThatNamesTwoPaymentsIsNobodys(_ source: CallbackSource) async throws {
            try await callbackTest { router, _ in
                let first = try await CallbackTarget.make(router, source, "order-1")
                let second = try await CallbackTarget.make(router, source, "order-2")
                // The second one's transaction becomes known.
                try await second.payUnheard()
                try await second.tell(second.told())
                try await router.payment(second.id, becomes: "captured")
                let transaction =
                    source.isSigned
                    ? second.told.transaction : try #require(try await second.payment()["provider_reference"])
                let before = [try await first.payment().json, try await second.payment().json]
                // Another event, so that it is not known by that.
                let mixed = first.told { $0.transaction = transaction }
                #expect(try await first.tell(mixed).status == 200)
                #expect([try await first.payment().json, try await second.payment().json] == before)
                guard source.address != nil else { return }
                let answer = try await second.deliver(Array(source.body(mixed).utf8))
                #expect(answer.status == 200)
                #expect([try await first.payment().json, try await second.payment().json] == before)
            }
        }
    }
}
