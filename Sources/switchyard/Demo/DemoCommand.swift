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
        abstract: "Simulated providers, the router and an app in one process: payments, an outage, refunds, events.",
        discussion: "Keeps serving afterwards, for the curl lines that it prints; ctrl-c ends it.")

    @OptionGroup var source: ConfigurationOption

    @Flag(help: "Exit after the story: 0 where every step came out right, else 1.")
    var once = false

    func run() async throws {
        LogOutput.bootstrap(level: .error)
        let logger = Logger(label: "demo")
        let sandbox = Sandbox(
            SandboxConfiguration(port: Ports.free(preferring: 9400), ownListeners: true), logger: logger)
        let app = ShopApp(logger: logger)
        let around = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [sandbox, app], logger: logger))
        let isGood = try await Self.beside(around) {
            let url = "http://127.0.0.1:\(await sandbox.port())"
            // The first contract with Payalo gets an address of its own, so that it can really go down.
            let environment = [
                "PAYALO_URL": "http://127.0.0.1:\(await sandbox.port(of: "payalo"))",
                "PAYALO_BACKUP_URL": url + "/payalo",
                "SPAYON_URL": url + "/spayon", "SPAYON_BACKUP_URL": url + "/spayon",
                "CARDS_URL": url + "/paymentgateway", "CARDS_BACKUP_URL": url + "/paymentgateway",
                "ALYAPAY_URL": url + "/alyapay", "WAYPAY_URL": url + "/waypay",
            ]
            guard let webhook = await app.webhook() else { return false }
            return try await serve(
                configuration(environment, webhook), app: app, hooks: webhook.url, sandbox: url, logger: logger)
        }
        if !isGood { throw ExitCode(1) }
    }

    /// What the folder says, with the sandbox's addresses, ports that are free, and the demo's app as the shop's webhook.
    private func configuration(
        _ environment: [String: String], _ webhook: AppConfiguration.Webhook
    ) -> ConfigurationSource {
        let listen = ServerConfiguration.Address(host: "127.0.0.1", port: Ports.free(preferring: 8080))
        let admin = ServerConfiguration.Address(host: "127.0.0.1", port: Ports.free(preferring: 9090))
        return ConfigurationSource(
            folder: source.folder, environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }
        ) {
            $0.listening(on: listen, admin: admin).sendingEvents(of: "shop", to: webhook)
        }
    }

    /// Runs the router, tells the story and, unless `--once`, goes on serving until a signal.
    private func serve(
        _ source: ConfigurationSource, app: ShopApp, hooks: String, sandbox: String, logger: Logger
    ) async throws -> Bool {
        let server = try Server(loadOrExit(source), source: source, logger: logger)
        let (ports, bound) = AsyncStream.makeStream(of: (api: Int, admin: Int).self)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: server.services { api, admin in bound.yield((api, admin)) },
                gracefulShutdownSignals: once ? [] : [.sigterm, .sigint], logger: logger))
        let http = HTTPClient(eventLoopGroupProvider: .singleton)
        let result: Result<Bool, any Error>
        do {
            result = .success(
                try await Self.beside(services, servingOn: !once, onEnd: { bound.finish() }) {
                    guard let port = await ports.first(where: { _ in true }) else { return false }
                    let client = DemoClient(
                        api: "http://127.0.0.1:\(port.api)", admin: "http://127.0.0.1:\(port.admin)",
                        sandbox: sandbox, hooks: hooks, http: http)
                    return await tell(client, app: app)
                })
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        await server.engine.idle()
        await server.engine.shutdown()
        return try result.get()
    }

    /// Runs services for as long as `body` takes, and ends them gracefully whatever becomes of it.
    ///
    /// - Parameters:
    ///   - servingOn: Where `body` returned true, they go on until a signal ends them.
    ///   - onEnd: Called once the services have ended, be it that they could not start.
    private static func beside(
        _ services: ServiceGroup, servingOn: Bool = false, onEnd: @escaping @Sendable () -> Void = {},
        _ body: () async throws -> Bool
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { onEnd() }
                try await services.run()
            }
            let result: Result<Bool, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            if case .success(true) = result, servingOn {} else { await services.triggerGracefulShutdown() }
            try await group.waitForAll()
            return try result.get()
        }
    }

    /// Whether everything came out right.
    private func tell(_ client: DemoClient, app: ShopApp) async -> Bool {
        let out = DemoOutput()
        out.line("Switchyard: every app calls one payment API, rules in \(source.folder)/ pick the provider,")
        out.line("and an outage charges nobody twice. Here are five simulated providers, the router and a small app;")
        out.line("all HTTP between them is real.")
        out.line("")
        out.line("  router      \(client.api)   the API that apps call")
        out.line("  operations  \(client.admin)   health, providers, what needs a person")
        out.line("  providers   \(client.sandbox)   Payalo, PaymentGateway, Spayon, AlyaPay, Waypay")
        out.line("  app         \(client.hooks)   takes the router's events")
        var story = DemoStory(client: client, app: app, out: out)
        do {
            try await register(client)
            try await story.run()
        } catch {
            story.check(false, "the story broke off: \(error)")
        }
        out.line("")
        guard story.failures.isEmpty else {
            out.line("Not everything came out right:")
            for failure in story.failures { out.line("  ✗ \(failure)") }
            return false
        }
        out.line("Every step came out right.")
        if !once { invite(client, out) }
        return true
    }

    /// Some providers call an address that is registered with them: this router's.
    private func register(_ client: DemoClient) async throws {
        let merchants = [
            ("alyapay", "sandbox-alyapay-key", "alyapay-main"),
            ("paymentgateway", "pk_sandbox_main", "cards-main"),
            ("paymentgateway", "pk_sandbox_backup", "cards-backup"),
        ]
        for (provider, key, instance) in merchants {
            try await client.register(provider, key: key, url: client.api + "/webhooks/" + instance)
        }
    }

    private func invite(_ client: DemoClient, _ out: DemoOutput) {
        out.line(
            """

            Serving on; try, in another terminal:

              KEY='Authorization: Bearer \(DemoClient.shopKey)'; JSON='Content-Type: application/json'
              curl -s \(client.api)/v1/payments -H "$KEY" -H "$JSON" -H 'Idempotency-Key: mine-1' -d '{
                "amount": 12000, "currency": "USD", "method": "card", "capture": "manual", "reference": "mine-1",
                "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvv": "123", "holder": "Me"}}'
              ID=pay_…    # the id in its answer
              curl -s \(client.api)/v1/payments/$ID/capture -H "$KEY" -H "$JSON" -H 'Idempotency-Key: mine-2' -d '{"amount": 8000}'
              curl -s \(client.api)/v1/payments/$ID/refunds -H "$KEY" -H "$JSON" -H 'Idempotency-Key: mine-3' -d '{"amount": 3000}'
              curl -s "\(client.api)/v1/events?payment=$ID" -H "$KEY"
              curl -s '\(client.api)/v1/payments?limit=3' -H "$KEY"
              curl -s \(client.sandbox)/_sandbox/charges
              curl -s \(client.sandbox)/_sandbox/faults -d '{"provider": "payalo", "fault": "refuse"}'    # now pay by phone
              curl -s \(client.api)/v1/payments -H "$KEY" -H "$JSON" -H 'Idempotency-Key: mine-4' -d '{
                "amount": 2500, "currency": "KES", "method": "mobile_money", "country": "KE", "reference": "mine-4",
                "mobile_money": {"phone": "+254712345678", "network": "mpesa"}}'
              curl -s \(client.admin)/admin/providers
              curl -s \(client.admin)/admin/orphans

            ctrl-c ends it.
            """)
    }
}
