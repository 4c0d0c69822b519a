package import PaymentEngine
package import PaymentModel
package import ProviderKit
import Routing

/// What came of reading a configuration folder.
package struct LoadResult: Sendable {
    /// Nil where there is any error.
    package let configuration: EngineConfiguration?
    /// The cases of `expect`, all of which have been run where there is a configuration.
    package let expectations: [Expectation]
    /// Every fault, by file, line and column.
    package let faults: [ConfigurationFault]

    /// The files beside the folder's that it names, readable or not: those of `${file:…}`, and PEM files.
    package let files: Set<String>

    /// Whether nothing of it may go live.
    package var hasErrors: Bool { configuration == nil }
}

/// Reads a folder of `*.yaml` files (contract §2) into an `EngineConfiguration`, and runs its expectations. Finds
/// every fault at once. Holds no state: each `load` reads anew.
package struct ConfigurationLoader: Sendable {
    private let plugins: [String: any ProviderAdapter.Type]
    private let environment: [String: String]
    private let files: ConfigurationFiles
    private let now: @Sendable () -> Timestamp

    /// Makes a loader.
    ///
    /// - Parameters:
    ///   - plugins: Those built in, with distinct ids.
    ///   - environment: What `${NAME}` is replaced from.
    ///   - files: Where the folder, the files of `${file:…}` and PEM files are read.
    ///   - now: The time by which certificates are valid or not.
    package init(
        plugins: [any ProviderAdapter.Type], environment: [String: String], files: ConfigurationFiles = .disk,
        now: @escaping @Sendable () -> Timestamp = { SystemEnvironment().wallClock }
    ) {
        self.plugins = Dictionary(plugins.map { ($0.declaration.id, $0) }) { _, _ in
            preconditionFailure("two plugins have one id")
        }
        self.environment = environment
        self.files = files
        self.now = now
    }

    /// Reads, checks, and runs the expectations.
    ///
    /// - Parameters:
    ///   - folder: The folder's path; the faults name its files below it.
    ///   - withoutSecrets: Secrets and plugin settings that are not set get a stand-in, and PEM files are not looked
    ///     into: for checking on a machine that has neither.
    package func load(folder: String, withoutSecrets: Bool = false) -> LoadResult {
        let faults = FaultLog()
        var named: Set<String> = []
        /// Nil where it cannot be read.
        func readFile(_ path: String) -> [UInt8]? {
            named.insert(path)
            return try? files.read(path, Limits.fileBytes)
        }
        let sections = FolderReader(
            faults: faults, files: files,
            substitution: Substitution(environment: environment, readFile: readFile),
            withoutSecrets: withoutSecrets
        ).read(folder)
        let assembly = Assembly(
            faults: faults, plugins: plugins,
            pemFiles: PEMFiles(faults: faults, withoutSecrets: withoutSecrets, readFile: readFile, now: now()))
        let (configuration, expectations) = assembly.assemble(sections)
        return LoadResult(
            configuration: faults.hasErrors ? nil : configuration, expectations: expectations, faults: faults.sorted,
            files: named)
    }
}
