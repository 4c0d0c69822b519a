import Foundation
import Testing

@testable import switchyard

extension EndToEnd {
    /// The tutorial, done as a newcomer does it: each block in its order, in a shell, against the program.
    @Suite struct TutorialTests {
        @Test(.enabled(if: Tools.mayRun("bash", "curl")), .timeLimit(.minutes(10)))
        func doesWhatItShows() async throws {
            let tutorial = try Guide("docs/tutorial.md")
            let session = try Session(ports: Self.freePorts(8080, 9090, 9400))
            defer { session.remove() }
            for block in tutorial.blocks { try session.add(block) }
            let steps = try await session.run()
            #expect(steps.count > 15)
            for step in steps {
                let place = "\(tutorial.path):\(step.block.line)"
                guard let expected = step.expected else {
                    #expect(step.status == 0, "\(place) ended with \(step.status):\n\(step.printed)")
                    continue
                }
                let isAsShown = Shown(expected).matches(step.printed)
                #expect(isAsShown, "\(place) shows\n\(expected.text)and it printed\n\(step.printed)")
            }
        }

        @Test func whatIsShownIsComparedStrictly() {
            let text = Guide.Block(language: "text", line: 1, text: "one …\nlast\n")
            #expect(Shown(text).matches("one two\nlast"))
            #expect(!Shown(text).matches("one two\nlast\nmore"))
            #expect(!Shown(text).matches("an one two\nlast"))
            let json = Guide.Block(language: "json", line: 1, text: "{\"a\": 1, …,\n \"c\": […]}\n")
            #expect(Shown(json).matches(#"{"a":1,"b":2,"c":[3]}"#))
            #expect(!Shown(json).matches(#"{"a":2,"b":2,"c":[3]}"#))
        }

        /// Free ports for those of the tutorial, below those that the system gives out by itself: else a connection of
        /// another test could take one before it is listened on.
        private static func freePorts(_ numbers: Int...) -> [Int: Int] {
            var free: Set<Int> = []
            while free.count < numbers.count {
                let port = Int.random(in: 20_000..<32_000)
                if Ports.free(preferring: port) == port { free.insert(port) }
            }
            return Dictionary(uniqueKeysWithValues: zip(numbers, free))
        }
    }
}

/// What a guide shows of an output: `…` stands for anything, and white space means nothing in JSON.
private struct Shown {
    private let parts: [String]
    private let isJSON: Bool

    init(_ block: Guide.Block) {
        isJSON = block.language == "json"
        parts = Self.plain(block.text, isJSON: isJSON).components(separatedBy: "…")
    }

    func matches(_ output: String) -> Bool {
        var rest = Self.plain(output, isJSON: isJSON)[...]
        guard let first = parts.first, let last = parts.last, rest.hasPrefix(first) else { return false }
        guard parts.count > 1 else { return rest == first }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.range(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.hasSuffix(last)
    }

    private static func plain(_ text: String, isJSON: Bool) -> String {
        isJSON ? text.filter { !$0.isWhitespace } : text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A shell in a folder that looks like a fresh clone to it. All blocks run in one process, so that variables and jobs live on;
/// `swift run switchyard` is the program that was built already, and the ports of the guide are free ones.
private final class Session {
    struct Step {
        let block: Guide.Block
        var expected: Guide.Block?
        var printed = ""
        var status: Int32 = -1
    }

    /// Stands before what each step printed, and before its status.
    private static let mark = "\u{1e}"

    private let folder: URL
    private let ports: [Int: Int]
    private var script: String
    private var steps: [Step] = []

    init(ports: [Int: Int]) throws {
        self.ports = ports
        folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-tutorial-\(UUID().uuidString)")
        // What still runs when the shell ends, ends with it.
        script = "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n"
        let programs = folder.appending(path: "bin")
        try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: URL(filePath: Setup.packageRoot).appending(path: "routes"), to: folder.appending(path: "routes"))
        let swift = programs.appending(path: "swift")
        try """
        #!/bin/sh
        [ "$1" = build ] && exit
        [ "$1 $2" = "run switchyard" ] || exit 64
        shift 2
        exec "\(Program.switchyard.path)" "$@"

        """.write(to: swift, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: swift.path)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// A block of `sh` is run, one of `yaml` saved under the name in its first line, any other is what the last one of `sh`
    /// prints.
    func add(_ block: Guide.Block) throws {
        let text = here(block.text)
        switch block.language {
        case "sh":
            script += "printf '\(Self.mark)'\n\(text)printf '\(Self.mark)%d' $?\n"
            steps.append(Step(block: block))
        case "yaml":
            let name = try #require(text.firstMatch(of: /^# ([a-z0-9\/-]+\.yaml)\n/)?.output.1)
            script += "cat > '\(name)' <<'END OF FILE'\n\(text)END OF FILE\n"
        default:
            let last = try #require(steps.indices.last)
            steps[last].expected = Guide.Block(language: block.language, line: block.line, text: text)
        }
    }

    func run() async throws -> [Step] {
        let bash = try #require(Tools.path("bash"), "bash is needed")
        let shell = try Program(
            ["-c", script],
            environment: ["PATH": folder.path + "/bin:" + (ProcessInfo.processInfo.environment["PATH"] ?? "")],
            executable: URL(filePath: bash), folder: folder)
        _ = await shell.end()
        let parts = shell.output.components(separatedBy: Self.mark).dropFirst()
        for (index, part) in parts.enumerated() where index / 2 < steps.count {
            if index.isMultiple(of: 2) {
                steps[index / 2].printed = part
            } else {
                steps[index / 2].status = Int32(part.prefix { $0.isNumber }) ?? -1
            }
        }
        return steps
    }

    private func here(_ text: String) -> String {
        ports.reduce(text) { $0.replacing("127.0.0.1:\($1.key)", with: "127.0.0.1:\($1.value)") }
    }
}
