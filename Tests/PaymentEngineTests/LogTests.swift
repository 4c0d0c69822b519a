@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Simulation
import Testing
import W3CTrace

/// One line for each thing that happens to a payment, which tells its whole story.
struct LogTests {
    private static let trace = TraceContext(high: 1, low: 2, span: 3, isSampled: true)
    private static let traceID = "00000000000000010000000000000002"

    private static func bench(_ simulation: Simulation, _ adapter: any ProviderAdapter) throws -> Bench {
        let bench = try Bench(
            simulation, [BenchProvider(name: "a", adapter: adapter), BenchProvider(name: "b", adapter: adapter)])
        bench["a"].always("create", .after(.milliseconds(7), Wire.refused))
        bench["b"].always("create", .after(.milliseconds(41), Wire.accepted("pending", "id=T1")))
        return bench
    }

    /// The values of the only line of a message.
    private func only(_ bench: Bench, _ message: String) throws -> [String: String] {
        let lines = bench.log.lines.filter { line in
            line.hasPrefix(message + " ") && line.dropFirst(message.count + 1).prefix { $0 != " " }.contains("=")
        }
        #expect(lines.count == 1, "\(message): \(bench.log.lines)")
        let pairs = try #require(lines.first).dropFirst(message.count + 1).components(of: "=")
        return pairs
    }

    @Test("a create: route, providers, each try with its outcome, reason and time, and how it ended")
    func create() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, CallingAdapter(.once, isSigned: true))
            let made = try await bench.create(under: bench.call(request: "req-7", trace: Self.trace))
            let line = try only(bench, "payment")
            #expect(line["payment"] == made.id)
            #expect(line["app"] == "shop")
            #expect(line["route"] == "all")
            #expect(line["provider"] == "b")
            #expect(line["status"] == "pending")
            #expect(line["attempts"] == "a:create=unavailable(connect_refused)/7ms b:create=accepted/41ms")
            #expect(line["ms"] == "48")
            #expect(line["request_id"] == "req-7")
            #expect(line["trace"] == Self.traceID)
            #expect(line["replayed"] == "false")

            _ = try await bench.create(under: bench.call(request: "req-8", trace: Self.trace))
            let replay = try only(bench, "answer replayed")
            #expect(replay["payment"] == made.id)
            #expect(replay["answer"] == "201")
            #expect(replay["replayed"] == "true")
            #expect(replay["request_id"] == "req-8")
        }
    }

    @Test("a create that nobody took")
    func notTaken() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, CallingAdapter(.once, isSigned: true))
            bench["b"].always("create", .now(Wire.refused))
            #expect(try await bench.create().status == 503)
            let line = try only(bench, "payment not taken")
            #expect(line["code"] == "no-provider-available")
            #expect(line["route"] == "all")
            #expect(line["attempts"]?.hasPrefix("a:create=unavailable(connect_refused)/7ms b:create=") == true)
        }
    }

    @Test("a callback, and the change that it tells of, under the trace of the create")
    func callback() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, CallingAdapter(.once, isSigned: true))
            let made = try await bench.create(under: bench.call(trace: Self.trace))
            await bench.callback("b", "event=1 state=captured id=T1")
            let callback = try only(bench, "callback")
            #expect(callback["payment"] == made.id)
            #expect(callback["provider"] == "b")
            #expect(callback["result"] == "applied")
            let change = try only(bench, "payment changed")
            #expect(change["payment"] == made.id)
            #expect(change["from"] == "pending")
            #expect(change["to"] == "captured")
            #expect(change["trace"] == Self.traceID)
        }
    }

    @Test("a follow-up, and what became of one later")
    func followUps() async throws {
        try await Simulation.run { simulation in
            let adapter = FollowUpAdapter(.once, followUps: .replayable(within: .seconds(23 * 3600)))
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: adapter)])
            bench.startInquiries()
            let id = try await bench.payment("captured")
            bench["a"].always("refund", .now(Wire.broken))
            #expect(try await bench.followUp(.refund, id, amount: 10_000, key: "r1").status == 202)
            let line = try only(bench, "follow-up")
            #expect(line["payment"] == id)
            #expect(line["operation"] == "refund")
            #expect(line["outcome"] == "open")
            #expect(line["attempts"]?.hasPrefix("a:refund=ambiguous(") == true)
            bench["a"].always("refund", .now(Wire.reply(200, "done")))
            await simulation.advance(by: .seconds(6))
            let resolved = try only(bench, "follow-up resolved")
            #expect(resolved["payment"] == id)
            #expect(resolved["outcome"] == "done")
            #expect(resolved["status"] == "refunded")
        }
    }
}

extension Substring {
    /// `key=value key=value`, where a value may hold spaces.
    fileprivate func components(of equals: Character) -> [String: String] {
        var pairs: [String: String] = [:]
        var last: String?
        for word in split(separator: " ", omittingEmptySubsequences: false) {
            let key = word.prefix { $0 != equals }
            if key.count < word.count, key.allSatisfy({ $0.isLowercase || $0 == "_" }) {
                pairs[String(key)] = String(word.dropFirst(key.count + 1))
                last = String(key)
            } else if let known = last {
                pairs[known, default: ""] += " \(word)"
            }
        }
        return pairs
    }
}
