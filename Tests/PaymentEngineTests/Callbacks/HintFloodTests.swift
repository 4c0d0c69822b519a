@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Simulation
import Testing

/// The address that a provider without signatures calls may be known to the customer's browser, so whoever has it may send
/// as much as it likes.
struct HintFloodTests {
    private static func bench(_ simulation: Simulation) throws -> Bench {
        let bench = try Bench(
            simulation, [BenchProvider(name: "a", adapter: CallingAdapter(.once, isSigned: false))])
        bench["a"].always("create", .now(Wire.accepted("pending", "id=T1")))
        return bench
    }

    @Test("hints without end are one question at a time, and one a second", arguments: [0, 5])
    func endlessHints(seconds: Int) async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            bench.startInquiries()
            bench["a"].always("inquiry", .after(.seconds(seconds), Wire.found("pending")))
            _ = try await bench.create()
            let token = try bench.callbackToken(at: "a")
            for number in 0..<100 {
                await bench.callback("a", "event=\(number) state=captured", token: token, signed: false)
                await simulation.advance(by: .milliseconds(100))
            }
            let times = bench["a"].sent("inquiry").map(\.at)
            #expect(times.first == .zero)
            let tooSoon = zip(times, times.dropFirst()).filter { $1 - $0 < .seconds(seconds) }
            #expect(tooSoon.isEmpty, "\(times)")
            // The first two of the listed times fall into these ten seconds.
            #expect(times.count <= 10 / (seconds + 1) + 3, "\(times)")
            #expect(times.count >= 10 / (seconds + 1))
        }
    }

    @Test("what nobody signed and its token does not vouch for is not kept")
    func unsignedAboutAnother() async throws {
        try await Simulation.run { simulation in
            let bench = try Self.bench(simulation)
            _ = try await bench.create()
            let token = try bench.callbackToken(at: "a")
            for number in 0..<10 {
                let text = "event=\(number) state=captured id=X\(number) ours=foreign\(number)"
                #expect(await bench.callback("a", text, token: token, signed: false) == .accepted)
            }
            #expect(await bench.engine.orphans(limit: 10).isEmpty)
            #expect(try await bench.payment().status == .pending)
        }
    }
}
