import Foundation
import NIOHTTP1
import ProviderSandbox
import StrictJSON
import Testing

extension EndToEnd {
    /// SIGTERM while payments come in.
    @Suite struct DrainTests {
        /// The callers go on for as long as anybody listens; some of them hang up while their payment is under way.
        @Test(arguments: ["http", "https"]) func aSignalUnderLoadAbortsNothing(scheme: String) async throws {
            let files = try CertificateFiles()
            defer { try? files.remove() }
            let grace = Duration.seconds(1)
            let requestTimeout = Duration.seconds(10)
            var sandbox = SandboxConfiguration(documentedLimits: false)
            // What a provider took is money at once: so its charges list every payment that reached it.
            sandbox.autoSettleAfter = .zero
            try await withProviders(sandbox) { providers in
                let tls = scheme == "https" ? "\n  \(files.yaml)" : ""
                let setup = Setup.quick(server: "drain_grace: 1s\n  request_timeout: 10s" + tls)
                let folder = try setup.written()
                defer { try? setup.remove(folder) }
                let program = try Program(
                    "serve", "--config", folder.path, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                    environment: providers.environment)
                let api = try await eventually("it listens") { program.listening }
                try await providers.fault("payalo", "slow", #""delay_ms":100,"operation":"create","count":1000000"#)

                let end = Flag()
                // While it drains each answer ends a connection, and handshakes without optimization are slow on both sides.
                let pace = Load.isLong ? 500 : scheme == "https" ? 20 : 60
                let load = Load(
                    http: providers.http, origin: "\(scheme)://\(api)", perSecond: pace,
                    deadline: requestTimeout,
                    patience: { $0 % 10 == 9 ? .milliseconds(50) : nil }
                ) { number in
                    .mobileMoney.replacing("10000", with: "\(10_000 + number)")
                }
                async let sent = load.run(until: end, whenRefused: end)
                try await Task.sleep(for: Load.isLong ? .seconds(5) : .seconds(1))
                let signalled = ContinuousClock.now
                program.terminate()
                _ = try await eventually("it drains") { program.logged("draining").first }
                let draining = ContinuousClock.now
                let operators = try #require(program.operating)
                #expect(try await providers.http.answer(.GET, "http://\(operators)/readyz", [:]).status == 503)
                #expect(try await providers.http.answer(.GET, "http://\(operators)/healthz", [:]).status == 200)
                #expect(await program.end() == 0, "\(program.output.suffix(4000))")
                let took = signalled.duration(to: .now)
                #expect(took >= grace && took <= grace + requestTimeout)
                end.turnOn()
                let outcomes = await sent

                var answered = 0
                var late = 0
                // Who was not let in any more, and hung up before hearing of it, has sent nothing.
                var hungUp = 0
                var hungUpOutside = 0
                let closing = signalled + grace - .milliseconds(50)
                // The first connection that is refused fails all that wait for one in the caller's client: over TLS they wait longer.
                let refusing = scheme == "https" ? signalled : closing
                for outcome in outcomes {
                    switch outcome.end {
                    case .answered(let answer):
                        answered += 1
                        #expect(answer.status == 201, "\(outcome.number): \(answer.text)")
                        guard outcome.begunAt > draining else { break }
                        late += 1
                        #expect(answer.header("connection") == "close")
                    case .hungUp where outcome.begunAt < closing: hungUp += 1
                    case .hungUp: hungUpOutside += 1
                    // Nobody listens any more, and nothing was sent.
                    case .refused: #expect(outcome.begunAt >= refusing)
                    case .aborted, .late: Issue.record("payment \(outcome.number): \(outcome.end)")
                    }
                }
                #expect(answered > 0 && hungUp > 0 && late > 0)
                // Those whose caller hung up ran to their end too, before the process did.
                let ended = program.logged("payment").count
                // Over TLS some hang up while they still shake hands, and have sent nothing.
                let least = scheme == "https" ? 0 : hungUp
                #expect((least...hungUp + hungUpOutside).contains(ended - answered))
                #expect(program.logged("stopped").count == 1)
                let charges = try await providers.charges()
                #expect(charges.count == ended)
                #expect(Set(charges.map(\.reference)).count == charges.count)
                if Load.isLong {
                    print(
                        "drain over \(scheme): \(answered) answered, \(late) of them begun while draining, \(hungUp) hung up,",
                        "none aborted; ended \(took) after SIGTERM")
                }
            }
        }
    }
}
