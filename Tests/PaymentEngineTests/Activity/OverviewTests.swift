@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Simulation
import Testing

/// What operators are shown of an engine at work.
struct OverviewTests {
    private static func bench(_ simulation: Simulation, webhooks: [String: AppConfiguration.Webhook] = [:]) throws
        -> Bench
    {
        let bench = try Bench(
            simulation,
            [
                BenchProvider(name: "a", adapter: AskableAdapter(.inert)),
                BenchProvider(name: "b", adapter: AskableAdapter(.once)),
            ], webhooks: webhooks)
        bench["b"].always("create", .now(Wire.accepted("pending")))
        return bench
    }

    private static let hook = AppConfiguration.Webhook(
        url: "https://shop.example/hooks", secret: Secret("whsec_AAAA"), retry: [])

    @Test func callsShowInLatencyAndHistory() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("create", .after(.milliseconds(40), Wire.accepted("action")))
            for number in 1...3 { _ = try await bench.create(key: "key-\(number)") }
            let report = try #require(bench.engine.providerReports().first)
            let create = try #require(report.operations.first)
            #expect(create.calls == 3)
            let recent = try #require(create.recent)
            #expect(recent.calls == 3)
            let p50 = try #require(recent.p50)
            #expect((35...45).contains(p50))
            #expect(report.history.last == recent)
            #expect(report.standing == .enabled)
            #expect(report.inFlight == 0)
            // The breaker's window is over before the minutes that are shown are.
            await simulation.advance(by: .seconds(60))
            let later = try #require(bench.engine.providerReports().first?.operations.first)
            #expect(later.calls == 0)
            #expect(later.recent == recent)
            await simulation.advance(by: .seconds(300))
            #expect(bench.engine.providerReports().first?.operations.isEmpty == true)
        }
    }

    @Test func faultsAreInTheHistoryAndRoutesShowWhoTookOver() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench["a"].always("create", .now(Wire.refused))
            for number in 1...6 { _ = try await bench.create(key: "key-\(number)") }
            let overview = await bench.engine.overview(most: 10)
            let point = try #require(overview.providers.first?.history.last)
            // The sixth did not get to it: its breaker is open.
            #expect(point.calls == 5)
            #expect(point.faults == 5)
            let route = try #require(overview.routes.first)
            #expect(route.name == "all")
            #expect(route.taken.map(\.provider) == ["b"])
            #expect(route.payments == 6)
            #expect(route.refused == 0)
            #expect(overview.store.recent.count == 6)
            bench["b"].always("create", .now(Wire.refused))
            _ = try await bench.create(key: "key-7")
            #expect(bench.engine.setProvider("a", disabled: true))
            let after = await bench.engine.overview(most: 3)
            #expect(after.routes.first?.refused == 1)
            #expect(after.providers.first?.standing == .disabledByHand)
            #expect(after.store.recent.count == 3)
        }
    }

    @Test func paymentsThatNeedSomebodyComeFirst() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            #expect(bench.engine.setProvider("a", disabled: true))
            bench["b"].always("create", .now(Wire.timeout))
            let lost = try await bench.create(key: "key-1").id
            bench["b"].always("create", .now(Wire.accepted("pending")))
            for number in 2...5 { _ = try await bench.create(key: "key-\(number)") }
            var store = await bench.engine.overview(most: 2).store
            #expect(store.unknown == 1)
            #expect(store.attention.map(\.id) == [lost])
            #expect(store.recent.count == 2)
            _ = try await bench.engine.resolve(
                payment: lost, to: .captured, providerReference: nil, note: "seen in the console")
            store = await bench.engine.overview(most: 2).store
            #expect(store.attention.isEmpty)
            #expect(store.unknown == 0)
        }
    }

    @Test func eventsThatFailedAreListedUntilTheyAreSentAgain() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation, webhooks: ["shop": Self.hook])
            let receiver = try #require(bench.receivers["shop"])
            receiver.always("hooks", .now(Wire.unavailable))
            bench.startInquiries()
            bench["a"].always("create", .now(Wire.accepted("action")))
            for number in 1...3 { _ = try await bench.create(key: "key-\(number)") }
            await simulation.advance(by: .seconds(1))
            let outline = await bench.engine.overview(most: 2).store
            #expect(outline.failedEventCount == 3)
            #expect(outline.failedEvents.count == 2)
            let first = try await bench.engine.failedEvents(app: nil, limit: 2, cursor: nil)
            #expect(first.events.map(\.id) == outline.failedEvents.map(\.id))
            let second = try await bench.engine.failedEvents(app: "shop", limit: 2, cursor: first.nextCursor)
            #expect(second.events.count == 1)
            #expect(second.nextCursor == nil)
            #expect(Set((first.events + second.events).map(\.id)).count == 3)
            #expect(try await bench.engine.failedEvents(app: "blog", limit: 2, cursor: nil).events.isEmpty)
            await #expect(throws: Problem.self) {
                _ = try await bench.engine.failedEvents(app: nil, limit: 2, cursor: "evt_x_1")
            }
            // Sent again it has not failed any more; if it fails once more it is the last one that did.
            let again = try #require(second.events.first)
            _ = try await bench.engine.redeliver(event: again.id, call: bench.call())
            let waiting = await bench.engine.overview(most: 2).store
            #expect(waiting.failedEventCount == 2)
            await simulation.advance(by: .seconds(1))
            let failed = try await bench.engine.failedEvents(app: nil, limit: 10, cursor: nil).events.map(\.id)
            #expect(failed.count == 3)
            #expect(failed.first == again.id)
            receiver.always("hooks", .now(Wire.accepted("action")))
            _ = try await bench.engine.redeliver(event: again.id, call: bench.call())
            await simulation.advance(by: .seconds(1))
            let end = await bench.engine.overview(most: 9).store
            #expect(end.failedEventCount == 2)
            #expect(end.waitingEventCount == 0)
        }
    }
}
