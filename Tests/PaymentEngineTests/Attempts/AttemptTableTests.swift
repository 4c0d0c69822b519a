@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing
import Simulation
import Testing

/// The table of contract §6: what came back × what a repeat means × what the route lets pass.
struct AttemptTableTests {
    /// One row: provider `a` answers with these, `b` behind it always takes the payment.
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let adapter: any ProviderAdapter
        var failoverOn: Set<Route.Failover> = [.unavailable, .rateLimited]
        let creates: [Transmission]
        var asks: [Transmission] = []
        /// What is expected: status, code, payment status, tries, creates at `a` and at `b`.
        let status: Int
        var code: String?
        let payment: String?
        let attempts: [String]
        let sent: (a: Int, b: Int)

        var testDescription: String { name }

        init(
            _ name: String, _ adapter: any ProviderAdapter,
            on failoverOn: Set<Route.Failover> = [
                .unavailable, .rateLimited,
            ], creates: [Transmission], asks: [Transmission] = [], status: Int, code: String? = nil, payment: String?,
            attempts: [String], sent: (a: Int, b: Int)
        ) {
            self.name = name
            self.adapter = adapter
            self.failoverOn = failoverOn
            self.creates = creates
            self.asks = asks
            self.status = status
            self.code = code
            self.payment = payment
            self.attempts = attempts
            self.sent = sent
        }
    }

    private static let replayable = AskableAdapter(.replayable(within: .seconds(82_800)))
    private static let refusing = AskableAdapter(.refusesDuplicates)
    private static let taken = "b:create=accepted"

    // MARK: The first send's own answer

    static let answers: [Row] = [SendSafety.once, .replayable(within: .seconds(82_800)), .refusesDuplicates, .inert]
        .flatMap { safety -> [Row] in
            let adapter = AskableAdapter(safety)
            let refusals: [(String, Transmission, String)] = [
                ("refused connection", Wire.refused, "unavailable(connect_refused)"),
                ("401", Wire.unauthorized, "unavailable(credentials_refused)"),
                ("403", Wire.forbidden, "unavailable(credentials_refused)"),
                ("nothing was done", Wire.unavailable, "unavailable(provider_down)"),
                ("429", Wire.tooMany, "rate_limited(http_429)"),
            ]
            var rows = refusals.flatMap { name, reply, outcome -> [Row] in
                [
                    Row(
                        "\(safety): \(name) → the next", adapter, creates: [reply], status: 201, payment: "captured",
                        attempts: ["a:create=\(outcome)", taken], sent: (1, 1)),
                    Row(
                        "\(safety): \(name), no failover → 503", adapter, on: [], creates: [reply], status: 503,
                        code: "no-provider-available", payment: nil, attempts: ["a:create=\(outcome)"], sent: (1, 0)),
                ]
            }
            rows += [
                Row(
                    "\(safety): accepted", adapter, creates: [Wire.accepted("pending")], status: 201,
                    payment: "pending", attempts: ["a:create=accepted"], sent: (1, 0)),
                Row(
                    "\(safety): rejected stops", adapter, creates: [Wire.rejected], status: 422,
                    code: "provider-rejected", payment: "failed", attempts: ["a:create=rejected(E1)"], sent: (1, 0)),
                Row(
                    "\(safety): soft decline is the answer", adapter, creates: [Wire.declined(.doNotHonor)],
                    status: 402, code: "payment-declined", payment: "failed",
                    attempts: ["a:create=declined(do_not_honor)"], sent: (1, 0)),
                Row(
                    "\(safety): soft decline goes on where the route says so", adapter, on: [.declined],
                    creates: [Wire.declined(.doNotHonor)], status: 201, payment: "captured",
                    attempts: ["a:create=declined(do_not_honor)", taken], sent: (1, 1)),
                Row(
                    "\(safety): hard decline stops even there", adapter, on: [.declined],
                    creates: [Wire.declined(.insufficientFunds)], status: 402, code: "payment-declined",
                    payment: "failed", attempts: ["a:create=declined(insufficient_funds)"], sent: (1, 0)),
            ]
            return rows
        }

    // MARK: Ambiguity

    static let ambiguous: [Row] = [
        ("timeout", Wire.timeout, "timeout"), ("reset", Wire.reset, "reset"), ("500", Wire.broken, "http_500"),
        ("html", Wire.garbage, "unreadable_reply"), ("a state nobody knows", Wire.accepted("huh"), "unknown_status"),
    ].flatMap { name, reply, reason -> [Row] in
        let lost = "a:create=ambiguous(\(reason))"
        return [
            Row(
                "once: \(name) → unknown", AskableAdapter(.once), creates: [reply], status: 202, payment: "unknown",
                attempts: [lost], sent: (1, 0)),
            Row(
                "once, cannot be asked: \(name) → unknown", PlainAdapter(.once), creates: [reply], status: 202,
                payment: "unknown", attempts: [lost], sent: (1, 0)),
            Row(
                "inert: \(name) → the next", AskableAdapter(.inert), creates: [reply], status: 201,
                payment: "captured", attempts: [lost, taken], sent: (1, 1)),
            Row(
                "inert, cannot be asked: \(name) → the next", PlainAdapter(.inert), creates: [reply], status: 201,
                payment: "captured", attempts: [lost, taken], sent: (1, 1)),
            Row(
                "replayable: \(name) → replayed", replayable, creates: [reply, Wire.accepted()], status: 201,
                payment: "captured", attempts: [lost, "a:create=accepted"], sent: (2, 0)),
            Row(
                "refuses duplicates: \(name), found", refusing, creates: [reply], asks: [Wire.found("pending")],
                status: 201, payment: "pending", attempts: [lost, "a:inquiry=accepted"], sent: (1, 0)),
            Row(
                "refuses duplicates: \(name), not found, sent again", refusing, creates: [reply, Wire.accepted()],
                asks: [Wire.notFound], status: 201, payment: "captured",
                attempts: [lost, "a:inquiry=accepted(not_found)", "a:create=accepted"], sent: (2, 0)),
            Row(
                "refuses duplicates: \(name), not found, duplicate, found", refusing,
                creates: [reply, Wire.duplicate], asks: [Wire.notFound, Wire.found()], status: 201,
                payment: "captured",
                attempts: [
                    lost, "a:inquiry=accepted(not_found)", "a:create=ambiguous(duplicate)", "a:inquiry=accepted",
                ], sent: (2, 0)),
            Row(
                "refuses duplicates: \(name), not found, duplicate, not found → unknown", refusing,
                creates: [reply, Wire.duplicate], asks: [Wire.notFound, Wire.notFound], status: 202,
                payment: "unknown",
                attempts: [
                    lost, "a:inquiry=accepted(not_found)", "a:create=ambiguous(duplicate)",
                    "a:inquiry=accepted(not_found)",
                ], sent: (2, 0)),
        ]
    }

    // MARK: Ambiguity sticks

    static let stuck: [Row] = [
        ("401", Wire.unauthorized, "unavailable(credentials_refused)"),
        ("403", Wire.forbidden, "unavailable(credentials_refused)"),
        ("429", Wire.tooMany, "rate_limited(http_429)"), ("refused", Wire.refused, "unavailable(connect_refused)"),
        ("nothing was done", Wire.unavailable, "unavailable(provider_down)"), ("400", Wire.rejected, "rejected(E1)"),
    ].flatMap { name, reply, outcome -> [Row] in
        [
            Row(
                "replayable: lost, then \(name) → unknown", replayable, on: [.unavailable, .rateLimited, .declined],
                creates: [Wire.timeout, reply], status: 202, payment: "unknown",
                attempts: ["a:create=ambiguous(timeout)", "a:create=\(outcome)"], sent: (2, 0)),
            Row(
                "refuses duplicates: lost, not found, then \(name) → unknown", refusing,
                on: [.unavailable, .rateLimited, .declined], creates: [Wire.timeout, reply], asks: [Wire.notFound],
                status: 202, payment: "unknown",
                attempts: [
                    "a:create=ambiguous(timeout)", "a:inquiry=accepted(not_found)", "a:create=\(outcome)",
                ], sent: (2, 0)),
        ]
    }

    @Test("what came back decides", arguments: answers + ambiguous + stuck)
    func row(_ row: Row) async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [BenchProvider(name: "a", adapter: row.adapter), BenchProvider(name: "b", adapter: PlainAdapter())],
                failoverOn: row.failoverOn)
            for step in row.creates { bench["a"].script("create", .now(step)) }
            for step in row.asks { bench["a"].script("inquiry", .now(step)) }
            bench["b"].always("create", .now(Wire.accepted()))

            let result = try await bench.create()

            #expect(result.status == row.status)
            #expect(result.code == row.code)
            #expect(result.paymentStatus == row.payment)
            #expect(result.attempts == row.attempts)
            #expect(bench["a"].creates == row.sent.a)
            #expect(bench["b"].creates == row.sent.b)
            // All that `a` was sent was the same request.
            #expect(Set(bench["a"].sent("create").map(\.body)).count == 1)
            // What is stored is what was answered; after a 503 nothing is.
            #expect(try await bench.count() == (row.payment == nil ? 0 : 1))
            if let status = row.payment {
                #expect(try await bench.payment().status.rawValue == status)
                #expect(try await bench.payment().provider == (row.sent.b > 0 ? "b" : "a"))
            }
            #expect(bench.engine.budget.inFlight == (0, 0))
        }
    }

    @Test("a breaker that opened meanwhile leaves the payment open")
    func openBreaker() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(
                        name: "a", adapter: Self.replayable, breaker: BreakerSettings(consecutiveFailures: 1)),
                    BenchProvider(name: "b", adapter: PlainAdapter()),
                ])
            bench["a"].script("create", .now(Wire.timeout), .now(Wire.accepted()))
            bench["b"].always("create", .now(Wire.accepted()))

            let result = try await bench.create()

            #expect(result.status == 202)
            #expect(result.attempts == ["a:create=ambiguous(timeout)", "a:create=skipped(breaker_open)"])
            #expect(bench["b"].creates == 0)
        }
    }

    @Test("a spent limit of ours leaves the payment open")
    func spentLimit() async throws {
        try await Simulation.run { simulation in
            let limit = RateLimit(requests: 1, per: .seconds(60))
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(name: "a", adapter: Self.replayable, rateLimits: [limit]),
                    BenchProvider(name: "b", adapter: PlainAdapter()),
                ])
            bench["a"].script("create", .now(Wire.timeout), .now(Wire.accepted()))
            bench["b"].always("create", .now(Wire.accepted()))

            let result = try await bench.create()

            #expect(result.status == 202)
            #expect(result.attempts == ["a:create=ambiguous(timeout)", "a:create=skipped(provider_limit)"])
            #expect(bench["b"].creates == 0)
        }
    }

    @Test("an open breaker and a spent limit send a new payment to the next provider")
    func skipped() async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(
                simulation,
                [
                    BenchProvider(
                        name: "a", adapter: PlainAdapter(), breaker: BreakerSettings(consecutiveFailures: 1)),
                    BenchProvider(
                        name: "b", adapter: PlainAdapter(),
                        rateLimits: [RateLimit(requests: 1, per: .seconds(60))]),
                    BenchProvider(name: "c", adapter: PlainAdapter()),
                ])
            bench["b"].always("create", .now(Wire.accepted()))
            bench["c"].always("create", .now(Wire.accepted()))

            #expect(
                try await bench.create(key: "1").attempts == [
                    "a:create=unavailable(connect_refused)", "b:create=accepted",
                ])
            #expect(
                try await bench.create(key: "2").attempts == [
                    "a:create=skipped(breaker_open)", "b:create=skipped(provider_limit)", "c:create=accepted",
                ])
            #expect(bench["a"].creates == 1)
        }
    }
}
