import Foundation
import StrictJSON
import Synchronization

/// The built program in a process of its own, in the package's folder.
final class Program: Sendable {
    private let process = Process()
    private let pipe = Pipe()
    private let text = Mutex<[UInt8]>([])
    private let ended: AsyncStream<Int32>
    private let closed: AsyncStream<Void>

    convenience init(_ arguments: String..., environment: [String: String] = [:]) throws {
        try self.init(arguments, environment: environment)
    }

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        // The tests' own program lies beside it.
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.executableURL = tests.deletingLastPathComponent().appending(path: "switchyard")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = URL(filePath: Setup.packageRoot)
        process.standardOutput = pipe
        process.standardError = pipe
        let (ended, end) = AsyncStream.makeStream(of: Int32.self)
        self.ended = ended
        process.terminationHandler = { process in
            end.yield(process.terminationStatus)
            end.finish()
        }
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        self.closed = closed
        pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let bytes = Array(handle.availableData)
            if bytes.isEmpty {
                handle.readabilityHandler = nil
                close.finish()
            }
            self?.text.withLock { $0 += bytes }
        }
        try process.run()
    }

    deinit {
        pipe.fileHandleForReading.readabilityHandler = nil
        if process.isRunning { process.terminate() }
    }

    /// What it has printed so far.
    var output: String { String(decoding: text.withLock { $0 }, as: UTF8.self) }

    /// Where its API listens, once it does.
    var listening: String? {
        for line in output.split(separator: "\n") {
            guard let json = try? JSONValue(parsing: String(line)), json["message"]?.string == "listening" else {
                continue
            }
            return json["api"]?.string
        }
        return nil
    }

    /// SIGTERM.
    func terminate() { process.terminate() }

    /// Its exit status, once all that it printed has been read.
    func end() async -> Int32? {
        let status = await ended.first { _ in true }
        for await _ in closed {}
        return status
    }
}
