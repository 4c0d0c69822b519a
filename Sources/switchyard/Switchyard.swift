import ArgumentParser

/// The program: see contract and README for what each command does.
@main
struct Switchyard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchyard",
        abstract: "A payment router: one normalized API in front of several payment providers.",
        discussion:
            "Start with `switchyard demo`: it makes real payments against simulated providers and shows why each went where.",
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, CheckCommand.self, ExplainCommand.self, SandboxCommand.self, DemoCommand.self,
            ProvidersCommand.self, KeyCommand.self,
        ])
}

/// The folder of the configuration.
struct ConfigurationOption: ParsableArguments {
    @Option(name: .customLong("config"), help: "The folder of the configuration.")
    var folder = "routes"
}
