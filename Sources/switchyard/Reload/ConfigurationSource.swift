import ConfigFiles
import Dispatch
import Foundation
import PaymentEngine

/// Where a running router's configuration comes from.
struct ConfigurationSource: Sendable {
    private static let queue = DispatchQueue(label: "switchyard.configuration")

    /// What was read aside.
    struct Loaded: Sendable {
        let configuration: EngineConfiguration?
        let faults: [ConfigurationFault]
        /// Those beside the folder's that it names.
        let files: Set<String>
    }

    let folder: String
    private let loader: ConfigurationLoader
    private let adjust: @Sendable (EngineConfiguration) -> EngineConfiguration

    /// - Parameters:
    ///   - environment: What `${NAME}` is replaced from.
    ///   - adjust: What wins over the files: flags of the command line.
    init(
        folder: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        adjust: @escaping @Sendable (EngineConfiguration) -> EngineConfiguration = { $0 }
    ) {
        self.folder = folder
        loader = configurationLoader(environment: environment)
        self.adjust = adjust
    }

    /// Reads it, with its expectations. The configuration is nil where there is any error.
    func load() -> (configuration: EngineConfiguration?, faults: [ConfigurationFault]) {
        let result = loader.load(folder: folder)
        return (result.configuration.map(adjust), result.faults)
    }

    /// The same, for a process that answers requests meanwhile: on none of the threads that they need.
    func loadAside() async -> Loaded {
        await Self.aside {
            let result = loader.load(folder: folder)
            return Loaded(
                configuration: result.configuration.map(adjust), faults: result.faults, files: result.files)
        }
    }

    /// What the folder looks like now, and files beside it.
    func snapshot(with others: Set<String>) async -> FolderSnapshot {
        await Self.aside { FolderSnapshot(of: folder, with: others) }
    }

    private static func aside<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
    }
}
