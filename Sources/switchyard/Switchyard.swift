import ArgumentParser
import NIOCore
import NIOPosix
import PaymentEngine

@main
enum Program {
    @MainActor static func main() async {
        // The router's tasks run on the threads that do its I/O: a payment otherwise changes threads at every await of the
        // network. Has to be the first thing in the process, and on its main thread; where a toolchain does not have the hook,
        // nothing changes. So no task of the router may block for long.
        if CommandLine.arguments.dropFirst().first == "serve" {
            NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
        }
        await Switchyard.main()
    }
}

/// The program: see contract and README for what each command does.
struct Switchyard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchyard",
        abstract: "A payment router: one normalized API in front of several payment providers.",
        discussion:
            "Start with `switchyard demo`: it makes real payments against simulated providers and shows why each went where.",
        version: Release.version,
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
