import ArgumentParser
import ConfigFiles
import PaymentEngine
import Routing

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate the configuration and run its expectations, offline.",
        discussion: "Every fault is a line `file:line:column: error: text`. Exits 0 where there is no error, else 1.")

    @OptionGroup var source: ConfigurationOption

    @Flag(help: "Let ${…} that are not set pass in settings, where their secrets are not at hand (CI).")
    var withoutSecrets = false

    func run() throws {
        let result = configurationLoader().load(folder: source.folder, withoutSecrets: withoutSecrets)
        for fault in result.faults { print(fault.description) }
        guard let configuration = result.configuration else { throw ExitCode(1) }
        let expectations = result.expectations.count
        print(
            """
            \(source.folder): \(configuration.apps.count) apps, \(configuration.providers.count) providers, \
            \(configuration.router.routes.count) routes; \(expectations) expectations hold
            """)
        print(configuration.server.sustainedRate.description)
    }
}
