import Metrics
import MetricsTestKit
import PaymentModel
import ProviderKit
import Simulation
import Testing

@testable import PaymentEngine

/// What is counted, under the names of contract §10.
struct EngineMetricsTests {
    private func count(_ bench: Bench, _ label: String, _ dimensions: [(String, String)] = []) throws -> Int64 {
        try bench.metrics.expectCounter(label, dimensions).totalValue
    }

    @Test("payments, tries, failovers, replays and callbacks")
    func counts() async throws {
        try await Simulation.run { simulation in
            let calling = CallingAdapter(.once, isSigned: true)
            let bench = try Bench(
                simulation,
                [BenchProvider(name: "a", adapter: calling), BenchProvider(name: "b", adapter: calling)])
            bench["a"].always("create", .now(Wire.refused))
            bench["b"].always("create", .now(Wire.accepted("pending", "id=T1")))
            _ = try await bench.create()
            _ = try await bench.create()
            await bench.callback("b", "event=1 state=captured id=T1")
            await bench.callback("b", "event=1 state=captured id=T1")
            await bench.callback("b", "event=1 state=captured id=T1", signed: false)
            await bench.callback("b", "event=9 state=captured id=T9")
            func payments(_ status: String) throws -> Int64 {
                let counter = bench.metrics.counters.first { $0.label == "switchyard_payments_total" }
                let payment = try #require(counter)
                let method = payment.dimensions.first { $0.0 == "method" }?.1 ?? ""
                return try count(
                    bench, "switchyard_payments_total",
                    [("provider", "b"), ("method", method), ("currency", "KES"), ("status", status)])
            }
            #expect(try payments("pending") == 1)
            #expect(try payments("captured") == 1)
            #expect(
                try count(
                    bench, "switchyard_provider_requests_total",
                    [("provider", "a"), ("operation", "create"), ("outcome", "unavailable")]) == 1)
            #expect(try count(bench, "switchyard_idempotency_replays_total") == 1)
            for result in ["applied", "repeated", "refused", "unmatched"] {
                #expect(
                    try count(bench, "switchyard_webhooks_received_total", [("provider", "b"), ("result", result)]) == 1
                )
            }
            // One that was here before its payment was known is counted as what it was when it came.
            bench["b"].always("create", .now(Wire.accepted("pending", "id=T9")))
            _ = try await bench.create(key: "2")
            #expect(try payments("captured") == 2)
            let applied = [("provider", "b"), ("result", "applied")]
            #expect(try count(bench, "switchyard_webhooks_received_total", applied) == 1)
            let failover = bench.metrics.counters.first { $0.label == "switchyard_failovers_total" }
            let dimensions = try #require(failover).dimensions.map { "\($0)=\($1)" }
            #expect(dimensions.contains("reason=connect_refused"))
            #expect(dimensions.contains("to=b"))
        }
    }

    @Test("whether the last reload went well, and when one last did")
    func reload() throws {
        let recorded = TestMetrics()
        let metrics = EngineMetrics(factory: recorded)
        metrics.reload(isSuccessful: true, at: Timestamp(milliseconds: 1_769_248_800_500))
        metrics.reload(isSuccessful: false, at: Timestamp(milliseconds: 1_769_248_900_000))
        #expect(try recorded.expectGauge("switchyard_config_last_reload_successful").lastValue == 0)
        let at = try recorded.expectGauge("switchyard_config_last_reload_success_timestamp_seconds")
        #expect(at.lastValue == 1_769_248_800.5)
    }
}
