import Foundation
import Testing

/// What a test may not write, since the compiler (Swift 6.3) makes something else of it: it numbers the closures within
/// a macro's arguments apart from those around the macro. In an outer closure two of one type can so get one symbol, and
/// one of them silently stands for both.
///
///     try await with(0..<10) { numbers in
///         #expect(numbers.allSatisfy { $0 >= 0 })
///         let even = numbers.filter { $0 % 2 == 0 }  // ten of them
///     }
///
/// So what takes a closure is computed before the macro. A closure after `throws:` is the macro's own, and no other has
/// its type; a key path does no harm, since its code is the same for all and the path is handed to it.
@Suite struct MacroClosureTests {
    @Test func noMacroHoldsAClosureInAClosure() throws {
        let root = URL(filePath: Setup.packageRoot)
        var found: [String] = []
        for folder in ["Tests", "Plugins"] {
            let files = FileManager.default.enumerator(
                at: root.appending(path: folder), includingPropertiesForKeys: nil)
            for case let file as URL in try #require(files) where file.pathExtension == "swift" {
                let lines = Self.faults(in: try String(contentsOf: file, encoding: .utf8))
                found += lines.map { "\(file.path):\($0)" }
            }
        }
        #expect(found == [], "compute the value before the macro")
    }

    @Test func itIsFoundOnlyThere() {
        let source = #"""
            @Test func one() async throws {
                #expect(numbers.allSatisfy { $0 > 0 })
                for case let (text, is) in [
                    ("a", true)
                ] {
                    #expect(text.contains { $0 == "a" } == is)
                }
                try await run(
                    .once
                ) { numbers in
                    #expect(numbers.allSatisfy { $0 > 0 })
                    #expect(numbers.map(\.description) == ["{ }"], "\(numbers.map { "\($0)" })")
                    await #expect(throws: Fault.self) { try await send() }
                    if is { #expect(numbers == []) } else { #expect(id.wholeMatch(of: /[a-f]{8}/) != nil) }
                    // #expect(numbers.allSatisfy { $0 > 0 })
                    func first() throws -> Int { try #require(numbers.first { $0 > 0 }) }
                    if numbers.isEmpty {
                        let number = try #require(
                            others.first {
                                $0 > 0
                            })
                    }
                }
                let task = Task {
                    try #require(numbers.first(where: { $0 > 0 }))
                }
                numbers.forEach { #expect(others.contains { $0 > 1 }) }
            }
            """#
        #expect(Self.faults(in: source) == [11, 18, 25, 27])
    }

    /// The lines, from 1, where a macro holds a closure inside of another, in a source that `swift format` laid out.
    private static func faults(in source: String) -> [Int] {
        let lines = code(source).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.filter { index in
            ["#expect(", "#require("].contains { macro in
                lines[index].ranges(of: macro).contains { range in
                    let rest = [lines[index][range.upperBound...]] + lines[(index + 1)...].prefix(40)
                    return holdsClosure(rest.joined(separator: "\n"))
                        && isInClosure(lines[...index].dropLast() + [lines[index][..<range.lowerBound]])
                }
            }
        }.map { $0 + 1 }
    }

    /// Whether the arguments with which a text begins hold a closure that is not the macro's own.
    private static func holdsClosure(_ arguments: String) -> Bool {
        let first = arguments.drop(while: \.isWhitespace)
        guard !first.hasPrefix("throws:"), !first.hasPrefix("processExitsWith:") else { return false }
        var depth = 1
        var last: Character = "("
        for character in arguments where depth > 0 {
            switch character {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            // Within a regular expression it follows what it repeats.
            case "{" where last == "(" || last.isWhitespace: return true
            default: break
            }
            last = character
        }
        return false
    }

    /// Whether the end of the last line is inside of a closure of the same function.
    private static func isInClosure(_ lines: ArraySlice<Substring>) -> Bool {
        var level = Int.max
        // Whether a block's header began above: `) {`.
        var isTail = false
        for line in lines.reversed() {
            let text = line.drop { $0 == " " }
            let indentation = line.count - text.count
            let isLast = level == .max
            guard isLast || !text.isEmpty && (indentation < level || isTail && indentation == level) else { continue }
            level = indentation
            if text.contains("{"), text.hasSuffix(" in") { return true }
            let opens = text.hasSuffix("{") || isTail || isLast && text.contains("{")
            isTail = opens && [")", "]", "{"].contains(text.first)
            guard opens, !isTail else { continue }
            let words = text.split { !$0.isLetter && $0 != "}" }
            if !declarations.isDisjoint(with: words) || words.contains("var") && !text.contains("=") { return false }
            if let word = words.first, !control.contains(word) { return true }
        }
        return false
    }

    private static let declarations: Set<Substring> = ["func", "init", "struct", "class", "enum", "actor", "extension"]
    private static let control: Set<Substring> = [
        "if", "guard", "else", "for", "where", "while", "repeat", "switch", "do", "defer", "}",
    ]

    /// A source with blanks for its comments and for what its strings hold. Every line stays where it is.
    private static func code(_ source: String) -> String {
        let quoted = [("//", "\n"), ("#\"\"\"", "\"\"\"#"), ("\"\"\"", "\"\"\""), ("#\"", "\"#"), ("\"", "\"")]
            .map { (start: Array($0.utf8), end: Array($1.utf8)) }
        var bytes = ArraySlice(source.utf8)
        var code: [UInt8] = []
        while let byte = bytes.first {
            guard byte == UInt8(ascii: "/") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "\""),
                let (start, end) = quoted.first(where: { bytes.starts(with: $0.start) })
            else {
                code.append(byte)
                bytes = bytes.dropFirst()
                continue
            }
            bytes = bytes.dropFirst(start.count)
            while let byte = bytes.first, !bytes.starts(with: end) {
                let isEscape = byte == UInt8(ascii: "\\") && start.first == UInt8(ascii: "\"")
                let length = isEscape ? 2 : 1
                code += bytes.prefix(length).map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
                bytes = bytes.dropFirst(length)
            }
            if end != [UInt8(ascii: "\n")] { bytes = bytes.dropFirst(end.count) }
        }
        return String(decoding: code, as: UTF8.self)
    }
}
