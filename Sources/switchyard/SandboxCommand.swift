import ArgumentParser
import ConfigFiles
import Logging
import PaymentEngine
import ProviderSandbox
import ServiceLifecycle
import UnixSignals

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Run the simulated providers, on loopback.",
        discussion: """
            Each has its documented API under its own prefix. GET / lists them and the sandbox's own calls: GET \
            /_sandbox/charges shows the money they took, POST /_sandbox/faults makes them fail, POST /_sandbox/settle \
            does the customer's part.
            """)

    @Option(help: ArgumentHelp("Where to listen.", valueName: "host:port"))
    var listen = "127.0.0.1:9400"

    @Option(
        help: ArgumentHelp(
            "Where the callback addresses registered with providers point to; POST /_sandbox/callbacks changes them.",
            valueName: "url"))
    var router = "http://127.0.0.1:8080"

    @Flag(name: .customLong("no-limits"), help: "Lift the providers' documented rate limits.")
    var noLimits = false

    func validate() throws {
        guard let address = ServerConfiguration.Address(parsing: listen) else {
            throw ValidationError("--listen must be HOST:PORT, not '\(listen)'")
        }
        guard address.isLoopback else {
            throw ValidationError("--listen must be on loopback: the sandbox's keys are published")
        }
        guard SandboxConfiguration.isRouter(router) else {
            throw ValidationError("--router must be an https URL, or an http one on loopback, not '\(router)'")
        }
    }

    func run() async throws {
        LogOutput.bootstrap(level: .info)
        let logger = Logger(label: "sandbox")
        guard let address = ServerConfiguration.Address(parsing: listen) else { return }
        let sandbox = Sandbox(
            SandboxConfiguration(
                host: address.host, port: address.port, documentedLimits: !noLimits, router: router),
            logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [sandbox], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
