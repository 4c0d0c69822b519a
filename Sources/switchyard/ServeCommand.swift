import ArgumentParser
import ConfigFiles
import Logging
import PaymentEngine

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the router.",
        discussion: """
            SIGHUP reads the configuration again, and so does a change in its folder; one fault keeps the one before.
            SIGTERM and SIGINT drain; a second one exits 1 at once.
            """)

    @OptionGroup var source: ConfigurationOption

    @Option(help: ArgumentHelp("Where the API listens; wins over the file.", valueName: "host:port"))
    var listen: String?

    @Option(help: ArgumentHelp("Where operators' requests are taken; wins over the file.", valueName: "host:port"))
    var admin: String?

    @Option(help: "The least level that is logged: trace, debug, info, notice, warning, error, critical.")
    var logLevel: LogLevel = .info

    func validate() throws {
        for (name, value) in [("listen", listen), ("admin", admin)] {
            if let value, ServerConfiguration.Address(parsing: value) == nil {
                throw ValidationError("--\(name) must be HOST:PORT, not '\(value)'")
            }
        }
    }

    func run() async throws {
        LogOutput.bootstrap(level: logLevel.level)
        let logger = Logger(label: "switchyard")
        let listen = listen.flatMap { ServerConfiguration.Address(parsing: $0) }
        let admin = admin.flatMap { ServerConfiguration.Address(parsing: $0) }
        let source = ConfigurationSource(folder: source.folder) {
            $0.listening(on: listen, admin: admin)
        }
        let configuration = loadOrExit(source)
        if let fault = configuration.server.adminProblem {
            printError("switchyard: \(fault)")
            throw ExitCode(1)
        }
        do {
            try await Server(configuration, source: source, logger: logger).run()
        } catch {
            printError(
                "switchyard: cannot serve on \(configuration.server.listen) and \(configuration.server.admin): \(error)"
            )
            throw ExitCode(1)
        }
    }
}

/// A log level by its name.
struct LogLevel: ExpressibleByArgument {
    let level: Logger.Level

    static let info = LogLevel(level: .info)

    init(level: Logger.Level) {
        self.level = level
    }

    init?(argument: String) {
        guard let level = Logger.Level(rawValue: argument) else { return nil }
        self.level = level
    }

    var defaultValueDescription: String { level.rawValue }
    static var allValueStrings: [String] { Logger.Level.allCases.map(\.rawValue) }
}
