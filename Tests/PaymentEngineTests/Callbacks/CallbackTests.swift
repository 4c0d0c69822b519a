@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing
import Simulation
import Testing

/// Contract §7: whose word is believed, and what it does.
struct CallbackTests {
    private static func bench(
        _ simulation: Simulation, _ adapter: any ProviderAdapter = CallingAdapter(.once, isSigned: true),
        allow: [String] = [], reply: Transmission? = Wire.accepted("pending", "id=T1")
    ) throws -> Bench {
        let bench = try Bench(
            simulation,
            [
                BenchProvider(name: "a", adapter: adapter, webhookAllow: allow),
                BenchProvider(name: "b", adapter: CallingAdapter(.once, isSigned: true)),
            ])
        if let reply { bench["a"].always("create", .now(reply)) }
        return bench
    }

    private static let unsigned = CallingAdapter(.once, isSigned: false)

    // MARK: Who

    @Test("providers that are not there, and those that never call back, are unknown")
    func unknownProvider() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, PlainAdapter())
            #expect(await bench.callback("nobody", "event=1 state=captured") == .unknownProvider)
            #expect(await bench.callback("a", "event=1 state=captured") == .unknownProvider)
        }
    }

    @Test("a wrong signature is refused, whatever the token; a wrong token is refused, whatever the signature")
    func forged() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            let token = try bench.callbackToken(at: "a")
            let text = "event=1 state=captured id=T1"
            #expect(await bench.callback("a", text, signed: false) == .refused)
            #expect(await bench.callback("a", text, token: token, signed: false) == .refused)
            let wrong = [
                "", ".", id, id + ".", token + "a", String(token.dropLast()), token.uppercased(),
                "pay_00000000000000000000000000" + token.dropFirst(30),
                CallbackTokens(secrets: [Secret("other")]).token(provider: "a", payment: id),
                // The same payment's token at another provider.
                CallbackTokens(secrets: [Secret(Bench.callbackSecret)]).token(provider: "b", payment: id),
            ]
            for token in wrong { #expect(await bench.callback("a", text, token: token) == .refused) }
            #expect(try await bench.payment().status == .pending)
            #expect(await bench.callback("a", text, token: token) == .accepted)
            #expect(try await bench.payment().status == .captured)
        }
    }

    @Test("a token of an older secret still verifies")
    func olderSecret() async throws {
        let old = CallbackTokens(secrets: [Secret("old")])
        let new = CallbackTokens(secrets: [Secret("new"), Secret("old")])
        let token = old.token(provider: "a", payment: "pay_1")
        #expect(new.payment(of: token, provider: "a") == "pay_1")
        #expect(new.token(provider: "a", payment: "pay_1") != token)
        #expect(old.payment(of: new.token(provider: "a", payment: "pay_1"), provider: "a") == nil)
    }

    @Test("a token vouches for its own payment only")
    func tokenOfAnother() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, reply: nil)
            bench["a"].script(
                "create", .now(Wire.accepted("pending", "id=T1")), .now(Wire.accepted("pending", "id=T2")))
            _ = try await bench.create(key: "1")
            _ = try await bench.create(key: "2", app: "blog")
            let token = try bench.callbackToken(at: "a")
            await bench.callback("a", "event=1 state=captured id=T1", token: token)
            #expect(try await bench.payment(app: "shop").status == .pending)
            #expect(try await bench.payment(app: "blog").status == .pending)
        }
    }

    @Test("a body that names two payments, or an order that is not ours, is nobody's")
    func namesTwo() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, reply: nil)
            bench["a"].script(
                "create", .now(Wire.accepted("pending", "id=T1")), .now(Wire.accepted("pending", "id=T2")))
            _ = try await bench.create(key: "1")
            _ = try await bench.create(key: "2", app: "blog")
            let sent = try #require(bench["a"].sent("create").last)
            let ours = try #require(Wire.value("ref", in: sent.body))
            #expect(await bench.callback("a", "event=1 state=captured id=T1 ours=\(ours)") == .accepted)
            #expect(await bench.callback("a", "event=2 state=captured id=T1 ours=foreign") == .accepted)
            for app in ["shop", "blog"] {
                let payment = try await bench.payment(app: app)
                #expect(payment.status == .pending)
                #expect(payment.providerReference == (app == "shop" ? "T1" : "T2"))
            }
        }
    }

    @Test("the same event with other money is looked at")
    func otherMoneyInARepeat() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create()
            await bench.callback("a", "event=1 state=captured id=T1 amount=10000")
            await bench.callback("a", "event=1 state=captured id=T1 amount=100")
            let payment = try await bench.payment()
            #expect(payment.status == .captured)
            #expect(payment.review?.reason == .amountMismatch)
        }
    }

    // MARK: Providers that sign nothing

    @Test("an unsigned delivery with a token changes nothing; the provider is asked, and its answer does")
    func unsignedIsAHint() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.unsigned)
            bench.startInquiries()
            _ = try await bench.create()
            let token = try bench.callbackToken(at: "a")
            let gate = Gate()
            bench["a"].always("inquiry", .at(gate, Wire.found("failed", "code=expired_card")))
            #expect(await bench.callback("a", "event=1 state=captured id=T1", token: token, signed: false) == .accepted)
            await simulation.quiet()
            #expect(try await bench.payment().status == .pending)
            #expect(bench["a"].sent("inquiry").map(\.at) == [.zero])
            gate.open()
            await simulation.quiet()
            #expect(try await bench.payment().status == .failed)
        }
    }

    @Test(
        "without a token only listed networks are heard, and only as a hint",
        arguments: [
            (nil, false), ("10.1.2.3", true), ("10.2.0.1", false), ("192.0.2.7", true), ("192.0.2.8", false),
            ("::ffff:10.1.2.3", true), ("2001:db8::1", true), ("2001:db9::1", false), ("nonsense", false),
        ] as [(String?, Bool)])
    func allowList(address: String?, isHeard: Bool) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, Self.unsigned, allow: ["10.1.0.0/16", "192.0.2.7", "2001:db8::/32"])
            bench.startInquiries()
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
            _ = try await bench.create()
            let answer = await bench.callback("a", "event=1 state=failed id=T1", signed: false, from: address)
            #expect(answer == (isHeard ? .accepted : .refused))
            await simulation.quiet()
            #expect(try await bench.payment().status == (isHeard ? .captured : .pending))
        }
    }

    @Test("hints respect the provider's least interval, and a flood of them is one question")
    func flood() async throws {
        try await Simulation.run { simulation in
            let adapter = CallingAdapter(.once, isSigned: false, leastInquiryInterval: .seconds(120))
            let bench = try Self.bench(simulation, adapter)
            bench.startInquiries()
            bench["a"].always("inquiry", .now(Wire.found("pending")))
            _ = try await bench.create()
            let token = try bench.callbackToken(at: "a")
            for number in 0..<50 {
                await bench.callback("a", "event=\(number) state=captured", token: token, signed: false)
            }
            await simulation.advance(by: .seconds(3 * 3600))
            let times = bench["a"].sent("inquiry").map(\.at)
            let tooSoon = zip(times, times.dropFirst()).filter { $1 - $0 < .seconds(120) }
            #expect(tooSoon.isEmpty, "\(times)")
            #expect(times.first == .seconds(120))
            #expect(times.count <= 10)
            #expect(bench.engine.inquiries.count == 1)
        }
    }

    @Test("a hint of a late success is asked after although the payment has ended", arguments: [false, true])
    func lateHint(isAnsweredLate: Bool) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.unsigned)
            bench.startInquiries()
            _ = try await bench.create()
            let token = try bench.callbackToken(at: "a")
            bench["a"].script("inquiry", .now(Wire.found("expired")))
            await simulation.advance(by: .seconds(10))
            #expect(try await bench.payment().status == .expired)
            if isAnsweredLate { bench["a"].script("inquiry", .now(Wire.broken), .now(Wire.timeout)) }
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
            await bench.callback("a", "event=9 state=captured", token: token, signed: false)
            await simulation.advance(by: .seconds(3600))
            #expect(try await bench.payment().status == .captured)
            // And then nobody asks any more.
            let asked = bench["a"].sent("inquiry").count
            await simulation.advance(by: .seconds(86_400))
            #expect(bench["a"].sent("inquiry").count == asked)
        }
    }

    @Test("a hint of a late success is not let go because the provider's own status follows late")
    func lateHintBeforeItsStatus() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.unsigned)
            bench.startInquiries()
            _ = try await bench.create()
            let token = try bench.callbackToken(at: "a")
            bench["a"].always("inquiry", .now(Wire.found("expired")))
            await simulation.advance(by: .seconds(10))
            await bench.callback("a", "event=9 state=captured", token: token, signed: false)
            await simulation.advance(by: .seconds(30))
            #expect(try await bench.payment().status == .expired)
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
            await simulation.advance(by: .seconds(3600))
            #expect(try await bench.payment().status == .captured)
        }
        // One that never comes true is asked after for a day.
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.unsigned)
            bench.startInquiries()
            _ = try await bench.create()
            let token = try bench.callbackToken(at: "a")
            bench["a"].always("inquiry", .now(Wire.found("expired")))
            await simulation.advance(by: .seconds(10))
            await bench.callback("a", "event=9 state=captured", token: token, signed: false)
            await simulation.advance(by: .seconds(25 * 3600))
            let asked = bench["a"].sent("inquiry").count
            #expect(asked <= 32)
            await simulation.advance(by: .seconds(25 * 3600))
            #expect(bench["a"].sent("inquiry").count == asked)
            #expect(bench.engine.inquiries.count == 0)
        }
    }

    @Test("a hint that nobody answers for does not make the listed times collapse into one")
    func unansweredHint() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, Self.unsigned)
            bench.startInquiries()
            bench["a"].always("inquiry", .now(Wire.broken))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(1))
            let token = try bench.callbackToken(at: "a")
            await bench.callback("a", "event=1 state=captured", token: token, signed: false)
            await simulation.advance(by: .seconds(3600))
            let times = bench["a"].sent("inquiry").map(\.at)
            #expect((6...14).contains(times.count))
            #expect(Set(times).count == times.count)
        }
    }

    // MARK: What

    @Test("a duplicate is applied once, and no order takes a state back", arguments: 0..<6)
    func anyOrder(permutation: Int) async throws {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        let events = ["event=1 state=pending id=T1", "event=2 state=authorized id=T1", "event=3 state=captured id=T1"]
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create()
            for index in orders[permutation] + orders[permutation] {
                #expect(await bench.callback("a", events[index]) == .accepted)
            }
            let payment = try await bench.payment()
            #expect(payment.status == .captured)
            #expect(payment.amountCaptured == 10_000)
            #expect(payment.review == nil)
        }
    }

    @Test(
        "a wrong amount or currency, a contradiction, a reversal and a second success are for a person",
        arguments: [
            ("event=1 state=captured id=T1 amount=9900", "amount_mismatch", "pending"),
            ("event=1 state=captured id=T1 amount=10000 currency=USD", "currency_mismatch", "pending"),
            ("event=1 state=reversed id=T1", "reversal", "pending"),
        ])
    func review(text: String, reason: String, status: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create()
            await bench.callback("a", text)
            let payment = try await bench.payment()
            #expect(payment.status.rawValue == status)
            #expect(payment.review?.reason.rawValue == reason)
        }
    }

    @Test(
        "after a success: a failure, another transaction's success",
        arguments: [
            ("event=2 state=failed id=T1", "contradiction"),
            ("event=2 state=captured id=T2 ours=REF", "second_success"),
        ])
    func reviewOfSuccess(text: String, reason: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create()
            let reference = try #require(bench["a"].sent("create").first?.reference)
            await bench.callback("a", "event=1 state=captured id=T1")
            await bench.callback("a", text.replacing("REF", with: reference))
            let payment = try await bench.payment()
            #expect(payment.status == .captured)
            #expect(payment.review?.reason.rawValue == reason)
        }
    }

    @Test("a failure that may still become a success leaves the payment pending with its decline")
    func failedForNow() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create()
            await bench.callback("a", "event=1 state=failed_for_now code=insufficient_funds id=T1")
            #expect(try await bench.payment().status == .pending)
            #expect(try await bench.payment().decline?.code == .insufficientFunds)
            await bench.callback("a", "event=2 state=captured id=T1")
            #expect(try await bench.payment().status == .captured)
            #expect(try await bench.payment().decline == nil)
        }
    }

    // MARK: Before the reply

    @Test(
        "a callback that overtakes the create's reply is not taken back by it, whatever the reply",
        arguments: [
            ("ours", Wire.accepted("pending"), 201, "captured"), ("ours", Wire.timeout, 201, "captured"),
            ("ours", Wire.broken, 201, "captured"), ("token", Wire.accepted("pending", "id=T9"), 201, "captured"),
            ("token", Wire.timeout, 201, "captured"), ("ours", Wire.rejected, 201, "captured"),
            ("ours", Wire.declined(.generic), 201, "captured"), ("ours", Wire.unavailable, 201, "captured"),
            ("ours", Wire.unauthorized, 201, "captured"), ("ours", Wire.duplicate, 201, "captured"),
        ])
    func overtaking(by name: String, reply: Transmission, status: Int, payment: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, reply: nil)
            bench["b"].always("create", .now(Wire.accepted("captured", "id=B1")))
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T9")))
            bench["a"].always(
                "create",
                .asked { sent in
                    .doing(
                        {
                            let token = Wire.value("callback", in: sent.body)?.split(separator: "/").last.map(
                                String.init)
                            await bench.callback(
                                "a", "event=1 state=captured id=T9" + (name == "ours" ? " ours=\(sent.reference)" : ""),
                                token: name == "token" ? token : nil)
                        }, .now(reply))
                })
            let result = try await bench.create()
            #expect(result.status == status)
            #expect(result.paymentStatus == payment)
            #expect(bench["a"].creates == 1)
            #expect(bench["b"].creates == 0)
            let stored = try await bench.payment()
            #expect(stored.status == .captured)
            #expect(stored.provider == "a")
            #expect(stored.providerReference == "T9")
        }
    }

    @Test("money that an ended candidate reports is not lost with a 503")
    func paidBefore503() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, CallingAdapter(.inert, isSigned: true), reply: nil)
            bench["a"].script("create", .now(Wire.timeout))
            bench["b"].script(
                "create",
                .doing(
                    {
                        let reference = bench["a"].sent("create")[0].reference
                        await bench.callback("a", "event=1 state=captured id=A1 ours=\(reference)")
                    }, .now(Wire.unavailable)))
            let result = try await bench.create()
            #expect(result.status == 201)
            #expect(result.paymentStatus == "captured")
            #expect(result.field("provider") == "a")
            #expect(try await bench.count() == 1)
            #expect(try await bench.create().text == result.text)
        }
    }

    @Test("a callback of the wrong amount stops the search for another provider: money was taken")
    func wrongAmountStopsFailover() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, reply: nil)
            bench["b"].always("create", .now(Wire.accepted("captured")))
            bench["a"].script(
                "create",
                .asked { sent in
                    .doing(
                        { _ = await bench.callback("a", "event=1 state=captured ours=\(sent.reference) amount=5") },
                        .now(Wire.unavailable))
                })
            let result = try await bench.create()
            #expect(result.status == 202)
            #expect(result.field("review.reason") == "amount_mismatch")
            #expect(bench["b"].creates == 0)
        }
    }

    // MARK: From the provider before

    @Test(
        "what the first provider says of its declined attempt does not touch the payment at the second",
        arguments: ["failed", "expired", "canceled", "pending", "failed_for_now", "voided"])
    func wordOfTheFirst(state: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true)),
                    BenchProvider(name: "b", adapter: CallingAdapter(.once, isSigned: true)),
                ], failoverOn: [.declined])
            bench["a"].script("create", .now(Wire.declined(.generic)))
            bench["b"].script("create", .now(Wire.accepted("pending", "id=B1")))
            #expect(try await bench.create().paymentStatus == "pending")
            let reference = try #require(bench["a"].sent("create").first?.reference)
            await bench.callback("a", "event=1 state=\(state) id=A1 ours=\(reference) session=of-a")
            let payment = try await bench.payment()
            #expect(payment.status == .pending)
            #expect(payment.provider == "b")
            #expect(payment.decline == nil)
            #expect(payment.review == nil)
            let id = payment.id
            #expect(await bench.engine.store.record(id)?.session.isEmpty == true)
            await bench.callback("b", "event=1 state=captured id=B1")
            #expect(try await bench.payment().status == .captured)
            #expect(try await bench.payment().review == nil)
        }
    }

    @Test("a second success is seen even where the first provider's comes late")
    func successOfBoth() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, CallingAdapter(.inert, isSigned: true), reply: Wire.timeout)
            bench["b"].script("create", .now(Wire.accepted("captured")))
            #expect(try await bench.create().status == 201)
            let reference = try #require(bench["a"].sent("create").first?.reference)
            await bench.callback("a", "event=1 state=captured ours=\(reference)")
            let payment = try await bench.payment()
            #expect(payment.review?.reason == .secondSuccess)
            #expect(payment.review?.provider == "a")
            #expect(payment.provider == "b")
        }
    }

    @Test("where the customer is sent from a callback address, and only from one that was made here")
    func returnAddress() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create()
            let token = try bench.callbackToken(at: "a")
            #expect(await bench.engine.returnAddress(provider: "a", token: token) == "https://shop.example/done")
            #expect(await bench.engine.returnAddress(provider: "b", token: token) == nil)
            #expect(await bench.engine.returnAddress(provider: "a", token: "x" + token) == nil)
        }
    }
}
