import ConfigFiles
import Foundation
import Fuzzing
import Testing

@testable import switchyard

/// Typing errors in the shipped `routes/`: one character too many, too few or wrong, at the places of keys and values. Each is
/// told on its line, or makes another configuration that holds together, or breaks what elsewhere refers to it by name.
@Suite struct ShippedRoutesFuzzTests {
    /// A file's place where a word stands.
    private struct Place {
        let file: String
        let offset: Int
        let line: Int
        let word: String
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
            var isComment = false
            var word = 0..<0
            for (offset, scalar) in scalars.enumerated() {
                if scalar == "\n" {
                    line += 1
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
                places.append(Place(file: name, offset: offset, line: line, word: text))
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

    @Test func aWrongCharacterIsToldOnItsLine() throws {
        let files = try Self.shipped()
        let places = Self.places(files)
        #expect(places.count > 2000)
        // All of them take minutes in a debug build; where time was asked for, it is taken.
        let step = FuzzPlan.environment.seconds == nil ? 17 : 1
        var random = SeededRandom(seed: FuzzPlan.environment.seed)
        var told = 0
        var other = 0
        for index in stride(from: 0, to: places.count, by: step) {
            let place = places[index]
            for typo in Typo.allCases where step == 1 || typo == random.one(of: Typo.allCases) {
                var changed = files
                var text = files[place.file] ?? []
                let letter: Unicode.Scalar = text[place.offset] == "q" ? "w" : "q"
                switch typo {
                case .extra: text.insert(letter, at: place.offset)
                case .missing: text.remove(at: place.offset)
                case .wrong: text[place.offset] = letter
                }
                changed[place.file] = text
                let result = Self.load(changed)
                let errors = result.faults.filter { $0.severity == .error }
                if errors.isEmpty {
                    #expect(result.configuration != nil)
                    other += 1
                    continue
                }
                told += 1
                let isTold = errors.contains { $0.position.file == "c/" + place.file && $0.position.line == place.line }
                #expect(
                    isTold || errors.allSatisfy { Self.refers($0, to: place.word) },
                    "\(typo) at \(place.file):\(place.line) in '\(place.word)': \(errors)")
            }
        }
        #expect(told > 20 && other > 20, "\(told) told, \(other) other configurations")
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
