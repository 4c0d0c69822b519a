@testable import PaymentEngine
import MetricsTestKit
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Testing

/// The background inquiry of contract §6.
struct InquiryTests {
    private static func bench(
        _ simulation: Simulation, _ adapter: any ProviderAdapter = CallingAdapter(.once, isSigned: true),
        create: Transmission, inquiry: Transmission = Wire.notFound, limits: [RateLimit] = []
    ) throws -> Bench {
        let patient = BreakerSettings(consecutiveFailures: 1000, minimumCalls: 1000)
        let bench = try Bench(
            simulation, [BenchProvider(name: "a", adapter: adapter, rateLimits: limits, breaker: patient)])
        bench["a"].always("create", .now(create))
        bench["a"].always("inquiry", .now(inquiry))
        bench.startInquiries()
        return bench
    }

    private static func expiry(in seconds: Int) -> String {
        "expires=\(VirtualEnvironment.calendarStart.milliseconds + Int64(seconds) * 1000)"
    }

    @Test(
        "asked at the listed times, give or take a tenth, the last repeating", arguments: 1...10 as ClosedRange<UInt64>)
    func times(seed: UInt64) async throws {
        try await Simulation.run(seed: seed) { simulation in
            let bench = try Self.bench(simulation, create: Wire.accepted("pending"), inquiry: Wire.found("pending"))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(26 * 3600))
            let asked = bench["a"].sent("inquiry").map(\.at)
            let listed = [5, 15, 60, 300, 900] + (1...24).map { $0 * 3600 }
            for (actual, expected) in zip(asked, listed) {
                #expect((Duration.seconds(expected) / 10 * 9...Duration.seconds(expected) / 10 * 11).contains(actual))
            }
            #expect((28...30).contains(asked.count))
            #expect(asked.last == .seconds(24 * 3600))
            let payment = try await bench.payment()
            #expect(payment.status == .pending)
            #expect(payment.review?.reason == .unresolved)
            #expect(bench.engine.inquiries.count == 0)
        }
    }

    @Test("never sooner than the provider's own least interval")
    func leastInterval() async throws {
        try await Simulation.run { simulation in
            let adapter = CallingAdapter(.once, isSigned: true, leastInquiryInterval: .seconds(120))
            let bench = try Self.bench(simulation, adapter, create: Wire.accepted("pending"), inquiry: Wire.broken)
            _ = try await bench.create()
            await simulation.advance(by: .seconds(2 * 3600))
            let asked = bench["a"].sent("inquiry").map(\.at)
            #expect(asked.first == .seconds(120))
            let tooSoon = zip(asked, asked.dropFirst()).filter { $1 - $0 < .seconds(120) }
            #expect(tooSoon.isEmpty, "\(asked)")
        }
    }

    @Test("all inquiries together use half of the provider's limit")
    func halfOfTheLimit() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, create: Wire.timeout, inquiry: Wire.found("pending"),
                limits: [RateLimit(requests: 100, per: .seconds(60))])
            for number in 0..<20 { _ = try await bench.create(key: "key-\(number)") }
            for number in 20..<40 { _ = try await bench.create(key: "key-\(number)", app: "blog") }
            bench["a"].always("inquiry", .now(Wire.broken))
            // Forty sends fit. Forty inquiries after 5 s and forty after 15 s would make more than fifty in a minute.
            await simulation.advance(by: .seconds(600))
            let asked = bench["a"].sent("inquiry").map(\.at)
            let inTheFirstMinute = asked.filter { $0 < .seconds(60) }
            #expect(inTheFirstMinute.count == 50)
            for (index, first) in asked.enumerated() where index + 50 < asked.count {
                #expect(asked[index + 50] - first >= .seconds(60))
            }
        }
    }

    @Test("an unknown payment that the provider never saw for 30 minutes has failed")
    func neverSeen() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, create: Wire.timeout)
            #expect(try await bench.create().status == 202)
            await simulation.advance(by: .seconds(29 * 60))
            #expect(try await bench.payment().status == .unknown)
            await simulation.advance(by: .seconds(3600))
            let payment = try await bench.payment()
            #expect(payment.status == .failed)
            #expect(payment.decline?.code == .processingError)
            let answer = try await bench.create()
            #expect(answer.status == 402)
            #expect(answer.answer.isReplayed)
            #expect(bench["a"].creates == 1)
        }
    }

    @Test(
        "no answer begins the 30 minutes anew", arguments: [Wire.broken, Wire.timeout, Wire.refused, Wire.unauthorized])
    func noAnswerResets(_ reply: Transmission) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, create: Wire.timeout)
            _ = try await bench.create()
            await simulation.advance(by: .seconds(3000))
            bench["a"].script("inquiry", .now(reply))
            // The asking at one hour gets no answer, that at two is the first of a new time, that at three ends it.
            await simulation.advance(by: .seconds(3600 * 2))
            #expect(try await bench.payment().status == .unknown)
            await simulation.advance(by: .seconds(3600 + 1200))
            #expect(try await bench.payment().status == .failed)
        }
    }

    @Test("not found says nothing of a payment that the provider has accepted")
    func notFoundOfPending() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, create: Wire.accepted("pending"))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(6 * 3600))
            #expect(try await bench.payment().status == .pending)
        }
    }

    @Test(
        "found settles it, and its key",
        arguments: ["captured", "pending", "authorized", "failed", "canceled", "expired"])
    func found(state: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, create: Wire.timeout, inquiry: Wire.found(state, "id=T1"))
            #expect(try await bench.create().status == 202)
            await simulation.advance(by: .seconds(10))
            #expect(try await bench.payment().status.rawValue == state)
            let answer = try await bench.create()
            #expect(answer.status == (state == "failed" ? 402 : 201))
            #expect(answer.answer.isReplayed)
        }
    }

    // MARK: The end of a session

    @Test(
        "asked once more five minutes after its end, then expired if it is unpaid",
        arguments: ["pending", "action", "failed_for_now"])
    func expires(state: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, create: Wire.accepted("action", Self.expiry(in: 1000)), inquiry: Wire.found(state))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(1299))
            #expect(try await bench.payment().status.isOpen)
            await simulation.advance(by: .seconds(1))
            #expect(bench["a"].sent("inquiry").last?.at == .seconds(1300))
            #expect(try await bench.payment().status == .expired)
        }
    }

    @Test("a calendar that jumps ends no session: the customer may still pay")
    func calendarJumps() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, create: Wire.accepted("action", Self.expiry(in: 1000)), inquiry: Wire.found("action"))
            _ = try await bench.create()
            simulation.clock.shiftCalendar(by: .seconds(3600))
            await simulation.advance(by: .seconds(600))
            #expect(bench["a"].sent("inquiry").count > 1)
            #expect(try await bench.payment().status == .requiresAction)
            // Behind the true time it only asks for longer.
            simulation.clock.shiftCalendar(by: .seconds(-7200))
            await simulation.advance(by: .seconds(3600))
            #expect(try await bench.payment().status == .requiresAction)
            simulation.clock.shiftCalendar(by: .seconds(3600))
            await simulation.advance(by: .seconds(3700))
            #expect(try await bench.payment().status == .expired)
        }
    }

    @Test("paid at the last moment is paid")
    func paidAtTheEnd() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, create: Wire.accepted("action", Self.expiry(in: 1000)))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(1299))
            bench["a"].always("inquiry", .now(Wire.found("captured")))
            await simulation.advance(by: .seconds(1))
            #expect(try await bench.payment().status == .captured)
        }
    }

    @Test("a provider that cannot be asked: expired without asking")
    func expiresUnasked() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, PlainAdapter(), create: Wire.accepted("action", Self.expiry(in: 1000)))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(1301))
            #expect(try await bench.payment().status == .expired)
        }
    }

    @Test("a provider that does not answer at the end is asked again, and nothing expires by silence")
    func silenceAtTheEnd() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, create: Wire.accepted("action", Self.expiry(in: 1000)))
            _ = try await bench.create()
            bench["a"].always("inquiry", .now(Wire.broken))
            await simulation.advance(by: .seconds(2000))
            #expect(try await bench.payment().status == .requiresAction)
            bench["a"].always("inquiry", .now(Wire.found("pending")))
            await simulation.advance(by: .seconds(3 * 3600))
            #expect(try await bench.payment().status == .expired)
        }
    }

    @Test("a session that ends after days is asked after at its end")
    func longSession() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, create: Wire.accepted("action", Self.expiry(in: 3 * 86_400)),
                inquiry: Wire.found("action"))
            _ = try await bench.create()
            await simulation.advance(by: .seconds(3 * 86_400 + 301))
            #expect(bench["a"].sent("inquiry").last?.at == .seconds(3 * 86_400 + 300))
            #expect(try await bench.payment().status == .expired)
        }
    }

    @Test(
        "a hold that has an end is asked after then, and no sooner",
        arguments: [
            ("authorized", "authorized"), ("expired", "expired"), ("captured", "captured"), ("pending", "expired"),
        ])
    func hold(state: String, becomes: String) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, create: Wire.accepted("authorized", Self.expiry(in: 7 * 86_400)),
                inquiry: Wire.found(state))
            _ = try await bench.create(capture: .manual)
            await simulation.advance(by: .seconds(8 * 86_400))
            #expect(bench["a"].sent("inquiry").map(\.at) == [.seconds(7 * 86_400 + 300)])
            #expect(try await bench.payment().status.rawValue == becomes)
            #expect(bench.engine.inquiries.count == 0)
        }
    }

    // MARK: Who cannot be asked

    @Test("an unknown payment that nobody can be asked after is for a person at once")
    func cannotAsk() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, PlainAdapter(), create: Wire.timeout)
            #expect(try await bench.create().status == 202)
            let payment = try await bench.payment()
            #expect(payment.review?.reason == .cannotAsk)
            let reviews = try bench.metrics.expectCounter("switchyard_reviews_total", [("reason", "cannot_ask")])
            #expect(reviews.totalValue == 1)
            await simulation.advance(by: .seconds(3 * 86_400))
            #expect(try await bench.payment().status == .unknown)
            #expect(bench["a"].sent().count == 1)
        }
    }

    @Test(
        "a repeat of the caller's key replays it under the same provider key, within the time that the provider promises"
    )
    func replayByKey() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, PlainAdapter(.replayable(within: .seconds(23 * 3600))), create: Wire.timeout)
            let first = try await bench.create(card: true)
            #expect(first.status == 202)
            let sent = bench["a"].creates
            await simulation.advance(by: .seconds(22 * 3600))
            bench["a"].always("create", .now(Wire.accepted("captured", "id=T1")))
            let second = try await bench.create(card: true)
            #expect(second.status == 201)
            #expect(second.id == first.id)
            #expect(second.answer.isReplayed)
            #expect(bench["a"].creates == sent + 1)
            #expect(Set(bench["a"].sent("create").map(\.body)).count == 1)
            let payment = try await bench.payment()
            #expect(payment.status == .captured)
            #expect(payment.review == nil)
            #expect(try await bench.create(card: true).text == second.text)
            #expect(bench["a"].creates == sent + 1)
        }
    }

    @Test("after that time nothing is sent")
    func replayTooLate() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, PlainAdapter(.replayable(within: .seconds(23 * 3600))), create: Wire.timeout)
            _ = try await bench.create()
            let sent = bench["a"].creates
            await simulation.advance(by: .seconds(23 * 3600))
            #expect(try await bench.create().status == 202)
            #expect(bench["a"].creates == sent)
        }
    }

    @Test(
        "repeats that find it open again leave everything as it was: no second run, no more inquiries, the 24 hours go on"
    )
    func replayStillOpen() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, PlainAdapter(.replayable(within: .seconds(23 * 3600))), create: Wire.timeout)
            _ = try await bench.create()
            let openSince = try await bench.engine.store.record(bench.payment().id)?.openSince
            for reply in [Wire.timeout, Wire.unauthorized, Wire.refused, Wire.rejected, Wire.tooMany] {
                await simulation.advance(by: .seconds(600))
                bench["a"].always("create", .now(reply))
                #expect(try await bench.create().status == 202)
            }
            #expect(try await bench.engine.store.record(bench.payment().id)?.openSince == openSince)
            #expect(bench.engine.inquiries.count <= 1)
            #expect(bench.engine.budget.inFlight == (0, 0))
            #expect(try await bench.payment().status == .unknown)
        }
    }

    @Test("ten repeats at once make one replay")
    func concurrentReplays() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(
                simulation, PlainAdapter(.replayable(within: .seconds(23 * 3600))), create: Wire.timeout)
            _ = try await bench.create()
            let sent = bench["a"].creates
            bench["a"].always("create", .after(.seconds(1), Wire.accepted()))
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<10 { group.addTask { try await bench.create().status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(bench["a"].creates == sent + 1)
            #expect(answers.sorted() == [201] + Array(repeating: 202, count: 9))
        }
    }
}
