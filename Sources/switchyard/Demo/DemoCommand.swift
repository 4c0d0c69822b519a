import ArgumentParser
import AsyncHTTPClient
import Foundation
import Logging
import PaymentEngine
import ProviderSandbox
import ServiceLifecycle
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Simulated providers and the router in one process: real payments, an outage, a replay.",
        discussion: "Keeps serving afterwards, for the curl lines that it prints; ctrl-c ends it.")

    @OptionGroup var source: ConfigurationOption

    @Flag(help: "Exit after the story: 0 where every step came out right, else 1.")
    var once = false

    func run() async throws {
        LogOutput.bootstrap(level: .error)
        let logger = Logger(label: "demo")
        let sandboxPort = Ports.free(preferring: 9400)
        let sandbox = Sandbox(SandboxConfiguration(port: sandboxPort, ownListeners: true), logger: logger)
        let isGood = try await withThrowingTaskGroup(of: Void.self) { group in
            let services = ServiceGroup(
                configuration: ServiceGroupConfiguration(services: [sandbox], logger: logger))
            group.addTask { try await services.run() }
            let sandboxURL = "http://127.0.0.1:\(await sandbox.port())"
            // The first contract with Payalo gets an address of its own, so that it can really go down.
            let ownPort = await sandbox.port(of: "payalo")
            let isGood = try await serve(
                environment: [
                    "PAYALO_URL": "http://127.0.0.1:\(ownPort)", "PAYALO_BACKUP_URL": sandboxURL + "/payalo",
                    "SPAYON_URL": sandboxURL + "/spayon", "SPAYON_BACKUP_URL": sandboxURL + "/spayon",
                ], sandbox: sandboxURL, logger: logger)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return isGood
        }
        if !isGood { throw ExitCode(1) }
    }

    /// Runs the router, tells the story and, unless `--once`, goes on serving until a signal.
    private func serve(environment: [String: String], sandbox: String, logger: Logger) async throws -> Bool {
        let process = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let configuration = loadOrExit(source.folder, environment: process)
            .listening(
                on: .init(host: "127.0.0.1", port: Ports.free(preferring: 8080)),
                admin: .init(host: "127.0.0.1", port: Ports.free(preferring: 9090)))
        let server = try Server(configuration, logger: logger)
        let (ports, bound) = AsyncStream.makeStream(of: (api: Int, admin: Int).self)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: server.services { api, admin in bound.yield((api, admin)) },
                gracefulShutdownSignals: once ? [] : [.sigterm, .sigint], logger: logger))
        let http = HTTPClient(eventLoopGroupProvider: .singleton)
        let isGood = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { bound.finish() }
                try await services.run()
            }
            var isGood = false
            if let port = await ports.first(where: { _ in true }) {
                let client = DemoClient(api: "http://127.0.0.1:\(port.api)", sandbox: sandbox, http: http)
                isGood = try await tell(client, admin: "http://127.0.0.1:\(port.admin)")
            }
            if once || !isGood { await services.triggerGracefulShutdown() }
            try await group.waitForAll()
            return isGood
        }
        try await http.shutdown()
        await server.engine.idle()
        await server.engine.shutdown()
        return isGood
    }

    private func tell(_ client: DemoClient, admin: String) async throws -> Bool {
        let out = DemoOutput()
        out.line(
            "Switchyard: every app calls one payment API; rules in \(source.folder)/ pick the provider; outages do not charge anyone twice."
        )
        out.line("")
        out.line("  router      \(client.api)   the API that apps call")
        out.line("  operations  \(admin)   health, providers")
        out.line("  providers   \(client.sandbox)   Payalo and Spayon, simulated, with real HTTP between them")
        var story = DemoStory(client: client)
        try await story.run()
        out.line("")
        guard story.failures.isEmpty else {
            out.line("Not everything came out right:")
            for failure in story.failures { out.line("  ✗ \(failure)") }
            return false
        }
        out.line("Every step came out right.")
        if !once { invite(client, admin: admin, out) }
        return true
    }

    private func invite(_ client: DemoClient, admin: String, _ out: DemoOutput) {
        out.line(
            """

            Serving on; try:

              curl -s \(client.api)/v1/payments -H 'Authorization: Bearer \(DemoClient.shopKey)' \\
                -H 'Content-Type: application/json' -H 'Idempotency-Key: mine-1' -d '{
                  "amount": 2500, "currency": "KES", "method": "mobile_money", "country": "KE", "reference": "mine-1",
                  "mobile_money": {"phone": "+254712345678", "network": "mpesa"}}'
              curl -s '\(client.api)/v1/payments?limit=3' -H 'Authorization: Bearer \(DemoClient.shopKey)'
              curl -s \(client.sandbox)/_sandbox/charges
              curl -s \(client.sandbox)/_sandbox/faults -d '{"provider": "payalo", "fault": "refuse"}'
              curl -s \(admin)/admin/providers

            ctrl-c ends it.
            """)
    }
}
