@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// `POST /v1/payments/{id}/sync`.
struct SyncTests {
    private static func bench(
        _ simulation: Simulation, _ adapter: any ProviderAdapter = CallingAdapter(.once, isSigned: true)
    ) throws -> Bench {
        let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: adapter)])
        bench["a"].always("create", .now(Wire.accepted("pending")))
        return bench
    }

    private static func sync(_ bench: Bench, _ id: String, claiming transaction: String? = nil, app: String = "shop")
        async -> Reading
    {
        Reading(await bench.engine.sync(payment: id, providerTransactionID: transaction, call: bench.call(app: app)))
    }

    @Test("asks now and answers with the payment")
    func asks() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            bench["a"].script("inquiry", .now(Wire.found("captured", "id=T1")))
            let result = await Self.sync(bench, id)
            #expect(result.status == 200)
            #expect(result.paymentStatus == "captured")
        }
    }

    @Test("an unknown one is 202 until it is known; no answer changes nothing")
    func unknown() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("create", .now(Wire.timeout))
            let id = try await bench.create().id
            bench["a"].script("inquiry", .now(Wire.broken), .now(Wire.notFound), .now(Wire.found("pending")))
            #expect(await Self.sync(bench, id).status == 202)
            #expect(await Self.sync(bench, id).status == 202)
            #expect(await Self.sync(bench, id).status == 200)
        }
    }

    @Test("another app's payment, and none, are not there; a provider that cannot be asked is said")
    func refusals() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            #expect(await Self.sync(bench, id, app: "blog").status == 404)
            #expect(await Self.sync(bench, "pay_0").status == 404)
            #expect(bench["a"].sent("inquiry").isEmpty)
        }
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            bench["a"].always("create", .now(Wire.accepted("pending")))
            let id = try await bench.create().id
            #expect(await Self.sync(bench, id).code == "operation-not-supported")
        }
    }

    @Test(
        "a transaction that the app names must be this payment's",
        arguments: [
            (Wire.found("captured", "id=T1 amount=10000"), 200), (Wire.found("captured", "amount=10000"), 200),
            (Wire.found("captured", "id=T2 amount=10000"), 422), (Wire.found("captured", "id=T1 amount=9999"), 422),
            (Wire.found("captured", "id=T1 amount=10000 currency=USD"), 422), (Wire.found("captured", "id=T1"), 422),
            (Wire.notFound, 422), (Wire.reply(200, "foreign"), 422), (Wire.broken, 503),
        ])
    func claim(reply: Transmission, status: Int) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, ClaimAdapter())
            let id = try await bench.create().id
            bench["a"].script("inquiry", .now(reply))
            let result = await Self.sync(bench, id, claiming: "T1")
            #expect(result.status == status)
            #expect(bench["a"].sent("inquiry").first?.request.path.hasSuffix("claim=T1") == true)
            let payment = try await bench.payment()
            #expect(payment.status == (status == 200 ? .captured : .pending))
            #expect(payment.providerReference == (status == 200 ? "T1" : nil))
            #expect(payment.review == nil)
            if status == 422 { #expect(result.text.contains("/provider_transaction_id")) }
        }
    }

    @Test(
        "one transaction pays one payment, be they claimed one after the other or at once",
        arguments: 1...20 as ClosedRange<UInt64>)
    func doubleClaim(seed: UInt64) async throws {
        try await Simulation.run(seed: seed, order: .shuffled) { simulation in
            let bench = try Self.bench(simulation, ClaimAdapter())
            let first = try await bench.create(key: "1").id
            let second = try await bench.create(key: "2").id
            bench["a"].always("inquiry", .now(Wire.found("captured", "amount=10000")))
            async let one = Self.sync(bench, first, claiming: "T1")
            async let two = Self.sync(bench, second, claiming: "T1")
            #expect(Set(await [one.status, two.status]) == [200, 422])
            let statuses = await [
                bench.engine.payment(id: first, app: nil)?.status, bench.engine.payment(id: second, app: nil)?.status,
            ]
            #expect(Set(statuses) == [.captured, .pending])
        }
    }

    @Test("what the provider says of the payment itself comes before what an app claims of it")
    func claimAgainstTheProvidersWord() async throws {
        // Unpaid by its own word: money that an app points at is another payment's, whatever its amount.
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            bench["a"].script(
                "inquiry", .now(Wire.found("pending", "page=S1")), .now(Wire.found("captured", "id=T1 amount=10000")))
            let refused = await Self.sync(bench, id, claiming: "T1")
            #expect(refused.status == 422)
            #expect(refused.text.contains("/provider_transaction_id"))
            #expect(try await bench.payment().status == .pending)
            #expect(try await bench.payment().providerReference == nil)
        }
        // Paid by its own word, without naming the transaction: the claim names it.
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            bench["a"].script(
                "inquiry", .now(Wire.found("captured", "page=S1 amount=10000")),
                .now(Wire.found("captured", "id=T1 amount=10000")))
            #expect(await Self.sync(bench, id, claiming: "T1").status == 200)
            #expect(try await bench.payment().providerReference == "T1")
        }
        // It names the transaction itself: nothing is left to claim.
        for (claimed, status) in [("T1", 200), ("S1", 200), ("T2", 422)] {
            try await Simulation.run { simulation in
                let bench = try Self.bench(simulation)
                let id = try await bench.create().id
                bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1 page=S1 amount=10000")))
                #expect(await Self.sync(bench, id, claiming: claimed).status == status)
                #expect(try await bench.payment().status == .captured)
                #expect(try await bench.payment().review == nil)
            }
        }
        // Nobody answers: nothing is believed.
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            bench["a"].script("inquiry", .now(Wire.broken), .now(Wire.found("captured", "id=T1 amount=10000")))
            #expect(await Self.sync(bench, id, claiming: "T1").status == 503)
            #expect(try await bench.payment().status == .pending)
        }
    }

    @Test("money of another amount that the provider ties to this payment is not lost in the refusal")
    func boundMoneyOfAnotherAmount() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, ClaimAdapter())
            bench["a"].always("create", .now(Wire.accepted("action", "page=S1")))
            let id = try await bench.create().id
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1 page=S1 amount=9999")))
            #expect(await Self.sync(bench, id, claiming: "T1").status == 422)
            let payment = try await bench.payment()
            #expect(payment.status == .requiresAction)
            #expect(payment.review?.reason == .amountMismatch)
        }
    }

    @Test("a transaction that was named in vain is asked after with every question, and nothing expires over it")
    func unansweredClaim() async throws {
        let expires = "expires=\(VirtualEnvironment.calendarStart.milliseconds + 900_000)"
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, ClaimAdapter())
            bench.startInquiries()
            bench["a"].always("create", .now(Wire.accepted("action", expires)))
            let id = try await bench.create().id
            bench["a"].always("inquiry", .now(Wire.unauthorized))
            #expect(await Self.sync(bench, id, claiming: "T1").status == 503)
            // Long past the session's end: unknown is not expired.
            await simulation.advance(by: .seconds(3600))
            #expect(try await bench.payment().status == .requiresAction)
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1 amount=10000")))
            await simulation.advance(by: .seconds(2 * 3600))
            #expect(try await bench.payment().status == .captured)
        }
        // Where no answer ever comes a person hears of it; a claim that is refused is over, and the session with it.
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, ClaimAdapter())
            bench.startInquiries()
            bench["a"].always("create", .now(Wire.accepted("action", expires)))
            let first = try await bench.create(key: "1").id
            let second = try await bench.create(key: "2").id
            bench["a"].always("inquiry", .now(Wire.refused))
            #expect(await Self.sync(bench, first, claiming: "T1").status == 503)
            #expect(await Self.sync(bench, second, claiming: "T2").status == 503)
            bench["a"].script("inquiry", .now(Wire.notFound))
            #expect(await Self.sync(bench, second, claiming: "T2").status == 422)
            await simulation.advance(by: .seconds(26 * 3600))
            #expect(await bench.engine.payment(id: first, app: nil)?.review?.reason == .unresolved)
            #expect(await bench.engine.payment(id: second, app: nil)?.status == .expired)
        }
    }

    @Test("a sync that got no answer says so, with the payment as last known")
    func noAnswer() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let id = try await bench.create().id
            bench["a"].always("inquiry", .now(Wire.refused))
            let result = await Self.sync(bench, id)
            #expect(result.status == 503)
            #expect(result.paymentStatus == "pending")
        }
    }
}

/// `POST /admin/payments/{id}/resolve`.
struct ResolveTests {
    @Test("what a person has settled is no news when it is told again; what differs is")
    func settledReview() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))])
            bench["a"].always("create", .now(Wire.accepted("pending", "id=T1")))
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1 amount=9999")))
            let id = try await bench.create().id
            func sync() async {
                _ = await bench.engine.sync(payment: id, providerTransactionID: nil, call: bench.call())
            }
            await sync()
            #expect(try await bench.payment().review?.reason == .amountMismatch)
            _ = try await bench.engine.resolve(payment: id, to: .captured, providerReference: nil, note: "seen")
            await sync()
            #expect(try await bench.payment().review == nil)
            bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1 amount=1")))
            await sync()
            #expect(try await bench.payment().review?.money?.minorUnits == 1)
        }
    }

    @Test("settles an unknown payment and its key, with the note")
    func resolves() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            bench["a"].script("create", .now(Wire.timeout))
            let id = try await bench.create().id
            let payment = try await bench.engine.resolve(
                payment: id, to: .captured, providerReference: "T1", note: "seen in the dashboard")
            #expect(payment.status == .captured)
            #expect(payment.review == nil)
            #expect(payment.attempts.last?.note == "seen in the dashboard")
            let answer = try await bench.create()
            #expect(answer.status == 201)
            #expect(answer.paymentStatus == "captured")
            #expect(bench["a"].creates == 1)
        }
    }

    @Test("one that is resolved as failed answers its key as failed")
    func resolvedAsFailed() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            bench["a"].script("create", .now(Wire.timeout))
            let id = try await bench.create().id
            _ = try await bench.engine.resolve(payment: id, to: .failed, providerReference: nil, note: "not there")
            #expect(try await bench.create().status == 402)
        }
    }

    @Test("not with another payment's transaction: follow-ups would go to that one's money")
    func refusesAnothersReference() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            bench["a"].script("create", .now(Wire.accepted("captured", "id=T1")), .now(Wire.timeout))
            _ = try await bench.create(key: "1")
            let open = try await bench.create(key: "2").id
            let problem = await #expect(throws: Problem.self) {
                try await bench.engine.resolve(payment: open, to: .captured, providerReference: "T1", note: "n")
            }
            #expect(problem?.errors.map(\.pointer) == ["/provider_reference"])
            let resolved = try await bench.engine.resolve(
                payment: open, to: .captured, providerReference: "T2", note: "n")
            #expect(resolved.providerReference == "T2")
        }
    }

    @Test("as returned in part only with what was returned")
    func partiallyRefundedNeedsItsAmount() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            bench["a"].script("create", .now(Wire.timeout))
            let id = try await bench.create().id
            func fault(_ status: PaymentStatus, _ refunded: Int64?) async throws -> String? {
                do {
                    _ = try await bench.engine.resolve(
                        payment: id, to: status, providerReference: nil, refunded: refunded, note: "n")
                    return nil
                } catch { return error.errors.first?.pointer }
            }
            let whole = try await bench.payment().money.minorUnits
            for (status, refunded) in [
                (PaymentStatus.partiallyRefunded, nil), (.partiallyRefunded, whole), (.captured, 5),
            ] {
                #expect(try await fault(status, refunded) == "/amount_refunded")
            }
            #expect(try await fault(.partiallyRefunded, 300) == nil)
            let payment = try await bench.payment()
            #expect((payment.amountCaptured, payment.amountRefunded) == (whole, 300))
        }
    }

    @Test("only what is unknown or under review, and only to a state that says what became of it")
    func refuses() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: PlainAdapter())])
            bench["a"].script("create", .now(Wire.accepted("captured")), .now(Wire.timeout))
            let settled = try await bench.create(key: "1").id
            let open = try await bench.create(key: "2").id
            func problem(_ id: String, _ status: PaymentStatus) async -> String? {
                do {
                    _ = try await bench.engine.resolve(payment: id, to: status, providerReference: nil, note: "n")
                    return nil
                } catch { return error.code.rawValue }
            }
            #expect(await problem(settled, .failed) == "invalid-state")
            #expect(await problem("pay_0", .failed) == "not-found")
            for status in [PaymentStatus.unknown, .pending, .requiresAction] {
                #expect(await problem(open, status) == "validation-failed")
            }
            #expect(await problem(open, .failed) == nil)
            #expect(await problem(open, .failed) == "invalid-state")
        }
    }

    @Test("not while a repeat of the key replays it")
    func busy() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [BenchProvider(name: "a", adapter: PlainAdapter(.replayable(within: .seconds(3600))))])
            bench["a"].always("create", .now(Wire.timeout))
            let id = try await bench.create().id
            bench["a"].always("create", .after(.seconds(1), Wire.accepted("captured")))
            async let replay = bench.create()
            await simulation.quiet()
            await #expect(throws: Problem.self) {
                try await bench.engine.resolve(payment: id, to: .failed, providerReference: nil, note: "n")
            }
            #expect(try await replay.status == 201)
            #expect(try await bench.payment().status == .captured)
        }
    }
}
