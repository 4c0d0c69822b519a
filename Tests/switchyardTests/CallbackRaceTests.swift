import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Authentic deliveries all at once, twice over, and while people work on the payment.
    @Suite struct CallbackRaceTests {
        /// In whatever order they win, the money was taken, and the app is told so once.
        @Test(arguments: CallbackSource.signed)
        func allStatesAtOnceEndCaptured(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<60 {
                        let state = Told.State.allCases[number % 3]
                        group.addTask {
                            try await target.tell(target.told(state) { $0.event = "evt_\(state)_\(number % 6)" }).status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(statuses) == [200])
                let payment = try await target.payment()
                let reason = payment.json["review"]?["reason"]?.string
                // A hold that was told of, then its end: that it was taken all the same is for a person to look at.
                let isVoided = payment["status"] == "voided" && reason == "contradiction"
                #expect(payment["status"] == "captured" || isVoided)
                #expect(payment.json["amount_captured"]?.integer == (isVoided ? 0 : source.amount))
                #expect(reason == nil || reason == "contradiction")
                let events = try await target.events()
                let captures = events.filter { $0 == "payment.captured" }
                #expect(captures.count == (isVoided ? 0 : 1))
                let reviews = events.filter { $0 == "payment.needs_review" }
                #expect(reviews.count == (reason == nil ? 0 : 1))
                try await target.expectDelivered(receiver, events.map { String($0.dropFirst("payment.".count)) })
            }
        }

        /// What cannot be read in one way only is refused: the wrong key beside the right one.
        @Test(arguments: CallbackSource.signed)
        func twoProofsAreNone(_ source: CallbackSource) async throws {
            try await callbackTest { router, _ in
                let target = try await CallbackTarget.make(router, source)
                let before = try await target.payment().json
                let body = Array(source.body(target.told()).utf8)
                let right = source.headers(body)
                for order in [[source.forgedHeaders, right], [right, source.forgedHeaders], [right, right]] {
                    let lines = order.flatMap { $0.sorted { $0.key < $1.key } }.map { "\($0.key): \($0.value)\r\n" }
                    let head =
                        "POST \(target.path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                        + "Content-Length: \(body.count)\r\n" + lines.joined() + "\r\n"
                    let answer = try await Wire.exchange(port: router.api, Array(head.utf8) + body)
                    #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer)")
                }
                #expect(try await target.payment().json == before)
            }
        }

        /// A provider that takes no new payments is still heard about the old ones.
        @Test(arguments: CallbackSource.all)
        func aDisabledProviderIsStillHeard(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                let off = try await router.operate(.POST, "/admin/providers/\(source.instance)/disable")
                #expect(off.status == 200, "\(off.text)")
                #expect(try await router.pay("k-2", source.order("order-2")).status == 503)
                try await target.payUnheard()
                #expect(try await target.tell(target.told()).status == 200)
                try await router.payment(target.id, becomes: "captured")
                try await target.expectDelivered(receiver, [source.opening, "captured"])
            }
        }

        /// What a person has settled is not brought up again by the same word.
        @Test(arguments: CallbackSource.signed)
        func aReplayDoesNotUndoAPersonsDecision(_ source: CallbackSource) async throws {
            try await callbackTest { router, receiver in
                let target = try await CallbackTarget.make(router, source)
                let wrong = target.told { $0.amount += 100 }
                try await target.tell(wrong)
                try await target.review(is: "amount_mismatch")
                let found = try await target.payment().json["review"]?["provider_reference"]?.string
                let reference = try #require(found)
                let resolved = try await router.operate(
                    .POST, "/admin/payments/\(target.id)/resolve",
                    #"{"status":"captured","provider_reference":"\#(reference)","note":"seen in the provider's panel"}"#
                )
                #expect(resolved.status == 200, "\(resolved.text)")
                let settled = try await target.payment()
                #expect(settled["status"] == "captured")
                for _ in 0..<3 { #expect(try await target.tell(wrong).status == 200) }
                #expect(try await target.payment().json == settled.json)
                try await target.expectDelivered(receiver, [source.opening, "needs_review", "captured"])
            }
        }

        /// Money that went back without us is for a person.
        @Test func aRefundThatNobodyAskedForIsForAPerson() async throws {
            try await callbackTest { router, receiver in
                let source = CallbackSource.cards
                let target = try await CallbackTarget.make(router, source)
                try await target.tell(target.told())
                let refunded = Array(
                    source.body(target.told { $0.event = "evt_refund" })
                        .replacing("payment.captured", with: "payment.refunded")
                        .replacing(#""status":"captured""#, with: #""status":"refunded""#).utf8)
                for _ in 0..<3 { #expect(try await target.deliver(refunded).status == 200) }
                let reviewed = try await target.review(is: "reversal")
                #expect(reviewed["status"] == "captured")
                #expect(reviewed.json["amount_refunded"]?.integer == 0)
                try await target.expectDelivered(receiver, [source.opening, "captured", "needs_review"])
            }
        }
    }
}
