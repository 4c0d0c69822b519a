import ConfigFiles
import Foundation
import Fuzzing
import HTTPGateway
import Logging
import PaymentEngine
import Testing

@testable import switchyard

/// Typing errors in the shipped `routes/`: one character too many, too few or wrong, at the places of keys and values. Each is
/// told where it stands, or makes another configuration that holds together, or breaks what elsewhere refers to it by name.
@Suite struct ShippedRoutesFuzzTests {
    /// A file's place where a word stands.
    private struct Place: CustomStringConvertible {
        let file: String
        let offset: Int
        /// Where the word begins: from the file's, and from its line's first character, which is 1.
        let start: Int
        let line: Int
        let column: Int
        let word: String

        var description: String { "\(file):\(line):\(column) '\(word)'" }
    }

    private static func shipped() throws -> [String: [Unicode.Scalar]] {
        var files: [String: [Unicode.Scalar]] = [:]
        let folder = Setup.packageRoot + "/routes"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            files[name] = Array(try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).unicodeScalars)
        }
        return files
    }

    /// Every character of every word outside of comments.
    private static func places(_ files: [String: [Unicode.Scalar]]) -> [Place] {
        var places: [Place] = []
        for (name, scalars) in files.sorted(by: { $0.key < $1.key }) {
            var line = 1
            var lineStart = 0
            var isComment = false
            var word = 0..<0
            for (offset, scalar) in scalars.enumerated() {
                if scalar == "\n" {
                    line += 1
                    lineStart = offset + 1
                    isComment = false
                }
                isComment = isComment || scalar == "#"
                guard !isComment, isWord(scalar) else { continue }
                if !word.contains(offset) {
                    word = offset..<(scalars[offset...].firstIndex { !isWord($0) } ?? scalars.count)
                }
                let text = String(String.UnicodeScalarView(scalars[word]))
                // A dash alone is YAML's own: what it breaks may show on the line behind it.
                guard text != "-" else { continue }
                places.append(
                    Place(
                        file: name, offset: offset, start: word.lowerBound, line: line,
                        column: word.lowerBound - lineStart + 1, word: text))
            }
        }
        return places
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || "_-".unicodeScalars.contains(scalar))
    }

    private enum Typo: CaseIterable { case extra, missing, wrong }

    /// One character of the shipped files, changed.
    private struct Mutation {
        let place: Place
        let typo: Typo
        let files: [String: [Unicode.Scalar]]
        /// The word as it then is.
        let word: String

        var text: String { String(String.UnicodeScalarView(files[place.file] ?? [])) }
    }

    /// All of them take minutes in a debug build; where time was asked for, it is taken, else every so many are tried.
    private static func mutations(step: Int, _ body: (Mutation) async throws -> Void) async throws {
        let files = try shipped()
        let places = places(files)
        #expect(places.count > 2000)
        let step = FuzzPlan.environment.seconds == nil ? step : 1
        var random = SeededRandom(seed: FuzzPlan.environment.seed)
        for index in stride(from: 0, to: places.count, by: step) {
            let place = places[index]
            for typo in Typo.allCases where step == 1 || typo == random.one(of: Typo.allCases) {
                var text = files[place.file] ?? []
                var word = Array(place.word.unicodeScalars)
                let letter: Unicode.Scalar = text[place.offset] == "q" ? "w" : "q"
                let within = place.offset - place.start
                switch typo {
                case .extra:
                    text.insert(letter, at: place.offset)
                    word.insert(letter, at: within)
                case .missing:
                    text.remove(at: place.offset)
                    word.remove(at: within)
                case .wrong:
                    text[place.offset] = letter
                    word[within] = letter
                }
                try await body(
                    Mutation(
                        place: place, typo: typo, files: files.merging([place.file: text]) { $1 },
                        word: String(String.UnicodeScalarView(word))))
            }
        }
    }

    @Test func aWrongCharacterIsToldWhereItStands() async throws {
        var told = 0
        var elsewhere = 0
        var other = 0
        try await Self.mutations(step: 17) { mutation in
            let result = Self.load(mutation.files)
            let errors = result.faults.filter { $0.severity == .error }
            guard let first = errors.first else {
                #expect(result.configuration != nil)
                other += 1
                return
            }
            #expect(result.configuration == nil)
            if errors.contains(where: { Self.isAt($0, mutation) }) {
                told += 1
            } else if errors.allSatisfy({ Self.refers($0, to: mutation.place.word) }) {
                elsewhere += 1
            } else {
                Issue.record("\(mutation.typo) makes '\(mutation.word)' at \(mutation.place): \(first)")
            }
        }
        print(
            "one wrong character: \(told) told in place, \(elsewhere) where it is missed, \(other) other configurations"
        )
        #expect(told > 20 && elsewhere > 0 && other > 20)
    }

    /// The very program: what is wrong leaves the running configuration alone, what is right is in force.
    @Test func aWrongCharacterNeverGoesLive() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: URL(filePath: Setup.packageRoot + "/routes"), to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = Setup.source(folder, [:])
        let server = try Server(
            try Setup.load(source), source: source, logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
        var kept = 0
        var changed = 0
        var last: (file: String, text: String)?
        let shipped = try Self.shipped().mapValues { String(String.UnicodeScalarView($0)) }
        func write(_ file: String, _ text: String) throws {
            try text.write(to: folder.appending(path: file), atomically: true, encoding: .utf8)
        }
        try await Self.mutations(step: 41) { mutation in
            if let last, last.file != mutation.place.file { try write(last.file, shipped[last.file] ?? "") }
            last = (mutation.place.file, mutation.text)
            try write(mutation.place.file, mutation.text)
            let before = server.engine.configuration.version
            let expected = Self.load(mutation.files).configuration?.version
            let report = await server.reloader.reload(.signal)
            let now = server.engine.configuration.version
            #expect(report.isSuccessful == (expected != nil), "\(mutation.place): \(report.faults)")
            #expect(now == expected ?? before, "\(mutation.place)")
            #expect(report.version == now)
            if expected == nil {
                kept += 1
                let named = report.faults.contains { $0.contains(": error: ") }
                #expect(named, "\(mutation.place)")
            } else {
                changed += 1
            }
        }
        await server.engine.shutdown()
        print("one wrong character: \(kept) reloads refused, \(changed) taken")
        #expect(kept > 10 && changed > 10)
    }

    /// Whether a fault stands at the changed word: in it, right behind it, or at the beginning of the value that it is part of;
    /// or elsewhere on its line, naming it.
    private static func isAt(_ fault: ConfigurationFault, _ mutation: Mutation) -> Bool {
        let place = mutation.place
        guard fault.position.file == "c/" + place.file, fault.position.line == place.line else { return false }
        let lines = mutation.text.split(separator: "\n", omittingEmptySubsequences: false)
        let line = Array(lines[place.line - 1].unicodeScalars)
        let start = place.column - 1
        let end = start + mutation.word.unicodeScalars.count
        // The brace of a `${…}` is part of the value.
        let before = line[..<start].indices.last { index in
            " [,".unicodeScalars.contains(line[index]) || line[index] == "{" && (index == 0 || line[index - 1] != "$")
        }
        // Where nothing is left of a value, its place is right behind the key.
        let value = (before ?? -1) + (mutation.word.isEmpty ? 0 : 1)
        let column = fault.position.column - 1
        return (value...end + 1).contains(column) || fault.text.contains(mutation.word) && !mutation.word.isEmpty
    }

    /// Whether a fault is of something elsewhere that names the word, or that expects another decision than it now makes.
    private static func refers(_ fault: ConfigurationFault, to word: String) -> Bool {
        fault.text.contains(word) || fault.text.hasPrefix("expected route ")
            || fault.text.hasPrefix("expected providers ")
    }

    private static func load(_ files: [String: [Unicode.Scalar]]) -> LoadResult {
        let bytes = files.mapValues { Array(String(String.UnicodeScalarView($0)).utf8) }
        let source = ConfigurationFiles(
            list: { _ in Array(bytes.keys) },
            read: { path, _ throws(ConfigurationFiles.Failure) in
                guard let file = bytes[String(path.dropFirst(2))] else {
                    throw ConfigurationFiles.Failure("there is no such file")
                }
                return file
            })
        return ConfigurationLoader(plugins: builtInPlugins, environment: [:], files: source).load(folder: "c")
    }
}
