import ArgumentParser
import ConfigFiles
import PaymentEngine
import Routing
import StrictJSON

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate the configuration and run its expectations, offline.",
        discussion: """
            Every fault is a line `file:line:column: error: text`. Exits 0 where there is no error, else 1.

            --against compares with another folder, such as the one that is in force: which kinds of payment would take \
            another way, and what else changes. Changes are no errors.
            """)

    @OptionGroup var source: ConfigurationOption

    @Flag(help: "Let ${…} that are not set pass in settings, where their secrets are not at hand (CI).")
    var withoutSecrets = false

    @Option(
        help: ArgumentHelp("Print what changes when this configuration follows that of FOLDER.", valueName: "folder"))
    var against: String?

    @Flag(help: "Print the changes as JSON; with --against.")
    var json = false

    func validate() throws {
        if json, against == nil { throw ValidationError("--json goes with --against") }
    }

    func run() throws {
        let loader = configurationLoader()
        let result = loader.load(folder: source.folder, withoutSecrets: withoutSecrets)
        let old = against.map { loader.load(folder: $0, withoutSecrets: withoutSecrets) }
        var faults = result.faults.map(\.description)
        // The warnings of what is there already are known.
        faults += old?.faults.filter { $0.severity == .error }.map(\.description) ?? []
        // What is printed as JSON is to be JSON alone.
        for fault in faults { json ? printError(fault) : print(fault) }
        guard let configuration = result.configuration, old?.hasErrors != true else { throw ExitCode(1) }
        let comparison = old.flatMap { ConfigurationComparison(old: $0, new: result) }
        if json, let comparison {
            var writer = JSONWriter()
            comparison.write(to: &writer)
            print(String(decoding: writer.bytes, as: UTF8.self))
            return
        }
        let expectations = result.expectations.count
        print(
            """
            \(source.folder): \(configuration.apps.count) apps, \(configuration.providers.count) providers, \
            \(configuration.router.routes.count) routes; \(expectations) expectations hold
            """)
        print(configuration.server.sustainedRate.description)
        if let comparison, let against { print("\n" + comparison.text(against: against)) }
    }
}
