@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Simulation
import Testing

/// What must never be seen is not in logs, answers or descriptions, whatever happens.
struct SecrecyTests {
    static let secrets = [
        "4242424242424242", "987", "secret-token", Bench.referenceSecret, Bench.callbackSecret,
        "session-of-the-provider",
        "very-idempotent-key",
    ]

    @Test(
        "log lines, answers and stored payments",
        arguments: [
            [Wire.accepted("action", "id=T1 session=session-of-the-provider")], [Wire.declined(.generic)],
            [Wire.rejected],
            [Wire.timeout], [Wire.unauthorized, Wire.unauthorized], [Wire.tooMany], [Wire.garbage], [Wire.refused],
            [Wire.duplicate],
        ])
    func nothingLeaks(replies: [Transmission]) async throws {
        try await Simulation.run { simulation in
            let bench = try Bench(simulation, [BenchProvider(name: "a", adapter: TokenAdapter())])
            bench.startInquiries()
            bench["a"].always("token", .now(Wire.token("secret-token")))
            for reply in replies { bench["a"].script("create", .now(reply)) }
            bench["a"].always("inquiry", .now(Wire.found("pending", "session=session-of-the-provider")))
            let result = try await bench.create(key: "very-idempotent-key", card: true)
            await simulation.advance(by: .seconds(3 * 86_400))
            // The scripted provider did get them.
            if bench["a"].creates > 0 { #expect(bench["a"].sent("create")[0].body.contains("4242424242424242")) }
            var seen = bench.log.lines + [result.text, "\(result.answer)"]
            for payment in try await bench.engine.payments(PaymentQuery()).payments {
                seen.append("\(payment)")
                seen.append(String(decoding: Answer(status: 200, payment: payment).body, as: UTF8.self))
                let record = try #require(await bench.engine.store.record(payment.id))
                seen.append("\(record)")
            }
            #expect(!bench.log.lines.isEmpty)
            for line in seen {
                for secret in Self.secrets {
                    // `987` may be a part of a number by chance: as a word it may not.
                    let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "-" }
                    #expect(secret.count > 3 ? !line.contains(secret) : !words.contains(Substring(secret)))
                }
            }
        }
    }
}
