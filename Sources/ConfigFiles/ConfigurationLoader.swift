package import PaymentEngine
import PaymentModel
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

    /// Whether nothing of it may go live.
    package var hasErrors: Bool { configuration == nil }
}

/// Reads a folder of `*.yaml` files (contract §2) into an `EngineConfiguration`, and runs its expectations. Finds
/// every fault at once. Holds no state: each `load` reads anew.
package struct ConfigurationLoader: Sendable {
    private let plugins: [String: any ProviderAdapter.Type]
    private let environment: [String: String]
    private let files: ConfigurationFiles

    /// Makes a loader.
    ///
    /// - Parameters:
    ///   - plugins: Those built in, with distinct ids.
    ///   - environment: What `${NAME}` is replaced from.
    ///   - files: Where the folder, the files of `${file:…}` and PEM files are read.
    package init(
        plugins: [any ProviderAdapter.Type], environment: [String: String], files: ConfigurationFiles = .disk
    ) {
        self.plugins = Dictionary(plugins.map { ($0.declaration.id, $0) }) { _, _ in
            preconditionFailure("two plugins have one id")
        }
        self.environment = environment
        self.files = files
    }

    /// Reads, checks, and runs the expectations.
    ///
    /// - Parameters:
    ///   - folder: The folder's path; the faults name its files below it.
    ///   - withoutSecrets: Secrets and plugin settings that are not set get a stand-in, and PEM files are not looked
    ///     into: for checking on a machine that has neither.
    package func load(folder: String, withoutSecrets: Bool = false) -> LoadResult {
        let faults = FaultLog()
        let sections = FolderReader(
            faults: faults, files: files,
            substitution: Substitution(environment: environment, readFile: readFile),
            withoutSecrets: withoutSecrets
        ).read(folder)
        let assembly = Assembly(
            faults: faults, plugins: plugins,
            pemFiles: PEMFiles(faults: faults, withoutSecrets: withoutSecrets, readFile: readFile))
        let (configuration, expectations) = assembly.assemble(sections)
        return LoadResult(
            configuration: faults.hasErrors ? nil : configuration, expectations: expectations, faults: faults.sorted)
    }

    /// A file that the configuration names; nil where it cannot be read.
    private func readFile(_ path: String) -> [UInt8]? { try? files.read(path, Limits.fileBytes) }
}
