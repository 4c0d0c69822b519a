import NIOHTTP1
import PaymentEngine
import PaymentModel
import StrictJSON
import Testing

extension EndToEnd {
    /// Payments that go on while providers fail in every way, and come back.
    ///
    /// No closure stands inside of `#expect` here: the compiler (6.3) takes such a one for another of its function that has
    /// the same type, and the test then counts something else.
    @Suite struct OutageTests {
        /// What the failing providers do for a while.
        private struct Phase {
            let fault: String?
            var more = ""
            /// What comes back says that nothing was done: the healthy candidate takes every payment.
            var isDefinite = false
        }

        private static let phases = [
            Phase(fault: nil, isDefinite: true), Phase(fault: "slow", more: #""delay_ms":5000"#),
            Phase(fault: "refuse", isDefinite: true), Phase(fault: nil, isDefinite: true),
            Phase(fault: "reset_before_reply"), Phase(fault: "500"), Phase(fault: "charge_then_500"),
            Phase(fault: "token_revoked", isDefinite: true), Phase(fault: "html_502"), Phase(fault: "503"),
            Phase(fault: "charge_then_timeout"), Phase(fault: "rate_limit", isDefinite: true),
            // Late, and not too late: the slow calls open the breaker.
            Phase(fault: "slow", more: #""delay_ms":500"#, isDefinite: true), Phase(fault: "garbage_json"),
            Phase(fault: nil, isDefinite: true), Phase(fault: nil, isDefinite: true),
        ]

        @Test func nothingIsLostAndNothingChargedTwiceWhateverTheProvidersDo() async throws {
            let breaker = "slow_call: 300ms, open_for: 300ms, max_open_for: 600ms"
            try await Outage.run(breaker: breaker) { outage in
                let end = Flag()
                let load = outage.load(perSecond: Load.isLong ? 200 : 60, deadline: .seconds(12))
                async let sent = load.run(until: end)
                var times: [Range<ContinuousClock.Instant>] = []
                for phase in Self.phases {
                    try await outage.fail(phase.fault, phase.more)
                    // Connections that were kept may still be closing.
                    let begun = ContinuousClock.now + .milliseconds(150)
                    try await Task.sleep(for: Load.isLong ? .milliseconds(3750) : .milliseconds(550))
                    times.append(begun..<max(begun, .now))
                }
                end.turnOn()
                let outcomes = await sent

                try await Self.check(outcomes, during: times, outage)
            }
        }

        /// Counts are made outside of the macros: with closures of one type in them the compiler of Swift 6.2 mixes these up.
        private static func check(
            _ outcomes: [Load.Outcome], during times: [Range<ContinuousClock.Instant>], _ outage: Outage
        ) async throws {
            for outcome in outcomes {
                if let wrong = Self.wrong(outcome) { Issue.record("payment \(outcome.number): \(wrong)") }
            }
            for (phase, time) in zip(Self.phases, times) {
                // Who was under way when the fault changed may have met both.
                let within = outcomes.filter {
                    time.contains($0.begunAt) && (!phase.isDefinite || time.contains($0.begunAt + $0.took))
                }
                let taken = within.count { $0.answer?.status == 201 }
                Self.report(phase.fault ?? "healthy", within, taken)
                if phase.isDefinite {
                    let others = within.filter { $0.answer?.status != 201 }.compactMap { $0.answer?.attempts }
                    #expect(taken * 1000 >= within.count * 999, "\(phase.fault ?? "healthy"): \(others)")
                }
            }
            // The providers are back: they are the first again.
            let strays = outcomes.suffix(20).count {
                $0.answer?["provider"] != Outage.Kind(number: $0.number).first
            }
            #expect(strays == 0)

            // What was open is asked after; a card's payment is known once its key is used again.
            for outcome in outcomes where outcome.answer?.status == 202 {
                let again = try await outage.router.pay(Load.key(outcome.number), Outage.Kind.body(outcome.number))
                #expect(again["id"] == outcome.answer?["id"])
                if Outage.Kind(number: outcome.number) == .card { #expect(again.status == 201) }
            }
            let captured = try await eventually("all money is known of", within: .seconds(30)) {
                let payments = try await outage.payments()
                #expect(payments.count == outcomes.count)
                guard !payments.values.contains("pending") else { return [Int64]?.none }
                let captured = payments.filter { $0.value == "captured" }.keys.sorted()
                return try await outage.charged() == captured ? captured : nil
            }
            // What is open still was never seen there, and no page was paid: there is money for nothing else.
            let moving = outcomes.count { Outage.Kind(number: $0.number).movesMoney }
            let open = try await outage.payments().values.count { $0 == "unknown" }
            #expect(captured.count + open == moving)
            #expect(Set(captured).count == captured.count)
            if Load.isLong {
                print(
                    "outage: of \(outcomes.count) payments \(moving) move money:",
                    "captured \(captured.count), never seen \(open)")
            }
        }

        /// What the contract's table (§6) forbids about one payment.
        private static func wrong(_ outcome: Load.Outcome) -> String? {
            guard let answer = outcome.answer else { return "\(outcome.end)" }
            let tries = answer.tries
            let lost = Outage.Kind(number: outcome.number).movesMoney ? tries.firstIndex(where: \.isLost) : nil
            if let lost, tries[lost...].contains(where: { $0.provider != tries[lost].provider }) {
                return "went elsewhere while open: \(answer.attempts)"
            }
            switch answer.status {
            case 201:
                // Where a send was lost, a callback may have told of it before anybody was asked.
                let isTaken = tries.last?.outcome == "accepted" || lost != nil && answer["status"] == "captured"
                return isTaken ? nil : "taken by nobody: \(answer.attempts)"
            case 202: return lost != nil ? nil : "open for no reason: \(answer.attempts)"
            default: return "\(answer.status) \(answer.attempts)"
            }
        }

        private static func report(_ phase: String, _ outcomes: [Load.Outcome], _ taken: Int) {
            guard Load.isLong else { return }
            let took = outcomes.map(\.took).sorted()
            let p99 = took.isEmpty ? .zero : took[(took.count - 1) * 99 / 100]
            print("outage: \(phase): \(outcomes.count) sent, \(taken) taken, p99 \(p99), longest \(took.last ?? .zero)")
        }

        @Test func aDeadProviderCostsAFewPaymentsALookAndComesBackByItself() async throws {
            let openFor = Duration.seconds(1)
            // Without questions in between, the sandbox remembers every create.
            try await Outage.run(breaker: "open_for: 1s, max_open_for: 1s", inquiry: "1h") { outage in
                let end = Flag()
                let load = outage.load(perSecond: Load.isLong ? 200 : 60, deadline: .seconds(12)) { _ in
                    // A page: what becomes of it may be tried elsewhere, however far it got.
                    Outage.Kind.body(3)
                }
                async let sent = load.run(until: end)
                try await Task.sleep(for: .milliseconds(500))
                try await outage.failing.fault("spayon", "reset_before_reply", #""operation":"create","count":1000000"#)
                try await Task.sleep(for: Load.isLong ? .seconds(10) : .seconds(4))
                try await outage.failing.clearFaults()
                let back = SystemEnvironment().wallClock
                let breaker = try await outage.breaker(of: "spayon-main")
                try await Task.sleep(for: .seconds(2))
                end.turnOn()
                let outcomes = await sent

                let taken = outcomes.count { $0.answer?.status == 201 }
                #expect(taken == outcomes.count)
                let tries = outcomes.compactMap { $0.answer?.tries.first }
                #expect(Set(tries.map(\.provider)) == ["spayon-main"])
                let looks = tries.filter(\.isLook)
                // The provider saw as many connections as the payments tell of.
                let creates = try await outage.failing.operations("spayon").count { $0 == "create" }
                #expect(creates == looks.count)
                let failed = looks.filter { $0.outcome != "accepted" }

                // Looks that lie close together belong to one open period. The first ones opened the breaker.
                var periods: [[Timestamp]] = []
                for look in failed.compactMap({ Timestamp($0.startedAt) }).sorted() {
                    if let last = periods.last?.last, last.advanced(by: openFor / 2) > look {
                        periods[periods.count - 1].append(look)
                    } else {
                        periods.append([look])
                    }
                }
                #expect(periods.count >= 3)
                // `half_open_calls` as it is by default.
                let counts = periods.map(\.count)
                #expect(counts.dropFirst().max() ?? 0 <= 3, "\(counts)")
                for (one, next) in zip(periods, periods.dropFirst()) {
                    #expect(one[0].advanced(by: openFor) <= next[0])
                }
                // The others lose no time over it.
                let skipped = tries.filter { !$0.isLook }
                #expect(Set(skipped.map(\.reason)) == ["breaker_open"])
                let instant = skipped.count { $0.milliseconds == 0 }
                #expect(instant * 100 >= skipped.count * 95)

                // Back within the open period that it found, and one more payment; the machine may be slow by a second.
                let accepted = looks.filter { $0.outcome == "accepted" }.compactMap { Timestamp($0.startedAt) }
                let afterReturn = accepted.sorted().drop { $0 < back }
                let first = try #require(afterReturn.first)
                let until = max(breaker["opens_until"]?.string.flatMap { Timestamp($0) } ?? back, back)
                #expect(until.advanced(by: .milliseconds(-10)) <= first && first <= until.advanced(by: .seconds(1)))
                let strays = outcomes.suffix(20).count { $0.answer?["provider"] != "spayon-main" }
                #expect(strays == 0)
                #expect(try await outage.breaker(of: "spayon-main")["breaker"]?.string == "closed")
                if Load.isLong {
                    print(
                        "outage: looks per period \(counts), \(skipped.count) skipped, \(instant) of them in 0 ms;",
                        "first taken \(first.milliseconds - back.milliseconds) ms after the return,",
                        "\(first.milliseconds - until.milliseconds) ms after the open period")
                }
            }
        }
    }
}

extension Outage {
    /// The breaker of a provider's creates, as operators see it.
    fileprivate func breaker(of provider: String) async throws -> JSONValue {
        let answer = try await router.operate(.GET, "/admin/providers")
        let row = try #require(
            answer.json["providers"]?.array?.first { $0["provider"]?.string == provider })
        return try #require(row["operations"]?.array?.first { $0["operation"]?.string == "create" })
    }
}
