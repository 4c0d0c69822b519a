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
        discussion: "GET /_sandbox/charges lists the money they took; POST /_sandbox/faults makes them fail.")

    @Option(help: ArgumentHelp("Where to listen.", valueName: "host:port"))
    var listen = "127.0.0.1:9400"

    @Flag(name: .customLong("no-limits"), help: "Lift the providers' documented rate limits.")
    var noLimits = false

    func validate() throws {
        guard let address = ServerConfiguration.Address(parsing: listen) else {
            throw ValidationError("--listen must be HOST:PORT, not '\(listen)'")
        }
        guard address.isLoopback else {
            throw ValidationError("--listen must be on loopback: the sandbox's keys are published")
        }
    }

    func run() async throws {
        LogOutput.bootstrap(level: .info)
        let logger = Logger(label: "sandbox")
        guard let address = ServerConfiguration.Address(parsing: listen) else { return }
        let sandbox = Sandbox(
            SandboxConfiguration(host: address.host, port: address.port, documentedLimits: !noLimits), logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [sandbox], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
