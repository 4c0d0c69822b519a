import Foundation
import StrictJSON

/// The built program in a process of its own, in the package's folder.
final class Program: Sendable {
    private let process = Process()
    /// What it prints goes to a file: when the process has ended, all of it is there.
    private let file = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString).log")
    private let ended: AsyncStream<Int32>

    convenience init(_ arguments: String..., environment: [String: String] = [:]) throws {
        try self.init(arguments, environment: environment)
    }

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        let (ended, end) = AsyncStream.makeStream(of: Int32.self)
        self.ended = ended
        try Data().write(to: file)
        let printed = try FileHandle(forWritingTo: file)
        // The tests' own program lies beside it.
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.executableURL = tests.deletingLastPathComponent().appending(path: "switchyard")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = URL(filePath: Setup.packageRoot)
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
