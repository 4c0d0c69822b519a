import Foundation
import StrictJSON

/// A process of its own: the built program, in the package's folder, where nothing else is said.
final class Program: Sendable {
    /// The built program: it lies beside the tests' own.
    static let switchyard = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "switchyard")

    private let process = Process()
    /// What it prints goes to a file: when the process has ended, all of it is there.
    private let file = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString).log")
    private let ended: AsyncStream<Int32>

    convenience init(_ arguments: String..., environment: [String: String] = [:]) throws {
        try self.init(arguments, environment: environment)
    }

    init(
        _ arguments: [String], environment: [String: String] = [:], executable: URL = Program.switchyard,
        folder: URL = URL(filePath: Setup.packageRoot)
    ) throws {
        let (ended, end) = AsyncStream.makeStream(of: Int32.self)
        self.ended = ended
        try Data().write(to: file)
        let printed = try FileHandle(forWritingTo: file)
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = folder
        process.standardOutput = printed
        process.standardError = printed
        process.terminationHandler = { process in
            end.yield(process.terminationStatus)
            end.finish()
        }
        try process.run()
        try printed.close()
    }

    deinit {
        if process.isRunning { process.terminate() }
        try? FileManager.default.removeItem(at: file)
    }

    /// What it has printed so far.
    var output: String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    /// The lines that it has logged under a message so far.
    func logged(_ message: String) -> [JSONValue] {
        output.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
            .filter { $0["message"]?.string == message }
    }

    /// Where its API listens, once it does.
    var listening: String? { logged("listening").first?["api"]?.string }
    /// Where its operators' listener is, once both take connections.
    var operating: String? { logged("listening").first?["admin"]?.string }

    /// SIGHUP.
    func hangUp() { kill(process.processIdentifier, SIGHUP) }

    /// SIGTERM.
    func terminate() { process.terminate() }

    /// Its exit status.
    func end() async -> Int32? {
        await ended.first { _ in true }
    }
}
