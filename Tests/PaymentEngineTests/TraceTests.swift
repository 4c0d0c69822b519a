import HTTPTypes
@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Simulation
import Synchronization
import Testing
import W3CTrace

/// What goes out carries the trace that it belongs to.
struct TraceTests {
    private static let trace = TraceContext(high: 1, low: 2, span: 3, isSampled: true, state: "vendor=1")

    private static func bench(_ simulation: Simulation) throws -> Bench {
        let webhook = AppConfiguration.Webhook(
            url: "https://shop.example/hooks", secret: Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), retry: [])
        let bench = try Bench(
            simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: true))],
            webhooks: ["shop": webhook])
        bench["a"].always("create", .now(Wire.accepted("pending", "id=T1")))
        bench["a"].always("inquiry", .now(Wire.found("captured", "id=T1")))
        bench.receivers["shop"]?.always("hooks", .now(Wire.reply(204, "")))
        bench.startInquiries()
        return bench
    }

    private func contexts(_ requests: [ScriptedTransport.Sent]) -> [TraceContext] {
        requests.compactMap { TraceContext(in: $0.request.headers) }
    }

    @Test("create, the asking in the background and the events are spans of the caller's trace, each its own")
    func callersTrace() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            let call = bench.call(trace: Self.trace)
            _ = try await TraceContext.$current.withValue(Self.trace) { try await bench.create(under: call) }
            await simulation.advance(by: .seconds(10))
            let receiver = try #require(bench.receivers["shop"])
            let spans = contexts(bench["a"].sent("create") + bench["a"].sent("inquiry") + receiver.sent())
            #expect(spans.count == 4)
            let ids = Set(spans.map(\.traceID))
            #expect(ids == [Self.trace.traceID])
            let isSampled = spans.allSatisfy(\.isSampled)
            #expect(isSampled)
            let states = Set(spans.map(\.state))
            #expect(states == ["vendor=1"])
            #expect(Set(spans.map(\.span) + [Self.trace.span]).count == 5)
        }
    }

    @Test("where none came, a new one begins; the same seed makes the same ones")
    func newTrace() async throws {
        func run() async throws -> [TraceContext] {
            let spans = Mutex<[TraceContext]>([])
            try await Simulation.run { simulation in
                let bench = try Self.bench(simulation)
                _ = try await bench.create(key: "k1")
                _ = try await bench.create(key: "k2")
                let sent = contexts(bench["a"].sent("create"))
                spans.withLock { $0 = sent }
            }
            return spans.withLock { $0 }
        }
        let spans = try await run()
        #expect(spans.count == 2)
        #expect(Set(spans.map(\.traceID)).count == 2)
        let isUnsampled = spans.allSatisfy { !$0.isSampled }
        #expect(isUnsampled)
        #expect(try await run() == spans)
    }
}
