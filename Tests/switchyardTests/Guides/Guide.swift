import Foundation

/// A Markdown file of the repository, as tests read it.
struct Guide {
    /// A fenced block.
    struct Block {
        /// What stands behind the opening fence: `yaml`.
        let language: String
        /// Of the opening fence, from 1.
        let line: Int
        let text: String
    }

    /// From the package's folder: `docs/tutorial.md`.
    let path: String
    let text: String
    let blocks: [Block]

    init(_ path: String) throws {
        self.path = path
        text = try String(contentsOf: URL(filePath: Setup.packageRoot).appending(path: path), encoding: .utf8)
        blocks = Self.blocks(in: text)
    }

    /// Every guide, and the two pages that lead to them.
    static func all() throws -> [Guide] {
        let folder = Setup.packageRoot + "/docs"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }.sorted()
        return try (["README.md", "CONTRIBUTING.md"] + names.map { "docs/" + $0 }).map { try Guide($0) }
    }

    /// The text outside of the fenced blocks.
    var prose: String {
        var isInside = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            let isFence = line.trimmingPrefix { $0 == " " }.hasPrefix("```")
            if isFence { isInside.toggle() }
            return !isFence && !isInside
        }.joined(separator: "\n")
    }

    /// The cells of the tables whose heading begins with this cell, row by row, without heading and rule.
    func rows(headed heading: String) -> [[String]] {
        var rows: [[String]] = []
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("| ") || line.hasPrefix("|-") else {
                isInside = false
                continue
            }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            if cells.first == heading {
                isInside = true
            } else if isInside, !line.hasPrefix("|-") {
                rows.append(cells)
            }
        }
        return rows
    }

    /// The anchors of its headings, as GitHub makes them.
    var anchors: Set<String> {
        let headings = prose.split(separator: "\n").filter { $0.hasPrefix("#") }
        return Set(
            headings.map { heading in
                let title = heading.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
                return String(
                    title.compactMap { character -> Character? in
                        if character == " " { return "-" }
                        let stays = character.isLetter || character.isNumber || character == "-" || character == "_"
                        return stays ? character : nil
                    })
            })
    }

    private static func blocks(in text: String) -> [Block] {
        var blocks: [Block] = []
        var open: (language: String, line: Int, lines: [Substring])?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let block = open {
                if line == "```" {
                    blocks.append(
                        Block(
                            language: block.language, line: block.line,
                            text: block.lines.map { $0 + "\n" }.joined()))
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if line.hasPrefix("```") {
                open = (String(line.dropFirst(3)), index + 1, [])
            }
        }
        return blocks
    }
}

/// Programs that tests use where a machine has them.
enum Tools {
    /// Whether a test may be skipped for want of one: not where all checks are run.
    static func mayRun(_ names: String...) -> Bool {
        ProcessInfo.processInfo.environment["SWITCHYARD_REQUIRE_TOOLS"] == "1" || names.allSatisfy { path($0) != nil }
    }

    /// Where a program is.
    static func path(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
