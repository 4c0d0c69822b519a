import Foundation
import Testing

/// What the guides say of the program is there.
@Suite struct GuideTests {
    @Test func linksLeadSomewhere() throws {
        let guides = try Guide.all()
        #expect(guides.count >= 7)
        for guide in guides {
            let folder = (guide.path as NSString).deletingLastPathComponent
            for match in guide.prose.matches(of: /\]\(([^)\s]+)\)/) {
                let target = String(match.output.1)
                guard !target.contains("://") else { continue }
                let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let path = parts[0].isEmpty ? guide.path : Self.normal(folder + "/" + parts[0])
                let isThere = FileManager.default.fileExists(atPath: Setup.packageRoot + "/" + path)
                #expect(isThere, "\(guide.path): \(target)")
                guard parts.count == 2, isThere else { continue }
                let anchors = try Guide(path).anchors
                #expect(anchors.contains(String(parts[1])), "\(guide.path): \(target)")
            }
        }
    }

    /// Files are named as `Sources/…`, tests as `SuiteTests.test`.
    @Test func whatTheyCiteIsThere() throws {
        let tests = try Self.sources(in: ["Tests", "Plugins"])
        var cited = 0
        for guide in try Guide.all() where guide.path.hasPrefix("docs/") {
            for match in guide.prose.matches(of: /`((?:Sources|Tests|Plugins|routes)\/[A-Za-z0-9+\/._-]+)`/) {
                let isThere = FileManager.default.fileExists(atPath: Setup.packageRoot + "/" + match.output.1)
                #expect(isThere, "\(guide.path): \(match.output.1)")
            }
            for match in guide.prose.matches(of: /`([A-Z][A-Za-z]+Tests)\.([a-z][A-Za-z0-9_]+)`/) {
                cited += 1
                let (suite, test) = (match.output.1, match.output.2)
                let isThere = tests.contains { file in
                    file.text.contains("struct \(suite)") && file.text.contains("func \(test)(")
                }
                #expect(isThere, "\(guide.path): \(suite).\(test)")
            }
        }
        #expect(cited > 20)
    }

    /// The operator's table of metrics is that of the program.
    @Test func everyMetricIsExplained() throws {
        let guide = try Guide("docs/operating.md")
        let name = /switchyard_[a-z0-9_]*[a-z0-9]/
        let counted = try Self.sources(in: ["Sources"]).filter { !$0.path.contains("Simulat") }.flatMap { file in
            file.text.matches(of: /"(switchyard_[a-z0-9_]*[a-z0-9])"/).map { String($0.output.1) }
        }
        let explained = guide.rows(headed: "metric").flatMap { row in
            row.first?.matches(of: name).map { String($0.output) } ?? []
        }
        #expect(Set(explained) == Set(counted))
        #expect(explained.count == Set(explained).count)
        // What the alarms ask for is among them; a histogram's series have endings.
        for match in guide.text.matches(of: name) {
            let series = String(match.output)
            let metric = series.replacing(/_(bucket|sum|count)$/, with: "")
            #expect(explained.contains(series) || explained.contains(metric), "\(series)")
        }
    }

    /// The operator's table of log lines is that of the program: every message from `info` up, and its level.
    @Test func everyLogLineIsExplained() throws {
        let guide = try Guide("docs/operating.md")
        let others = ["Simulat", "ProviderSandbox", "switchyard/Demo", "SandboxCommand"]
        var logged: Set<String> = []
        for file in try Self.sources(in: ["Sources"]) {
            let isAnothers = others.contains { (name: String) in file.path.contains(name) }
            if isAnothers { continue }
            for call in file.text.matches(of: /[lL]ogger\s*\.(info|notice|warning|error|critical|log)\(/) {
                // Up to the metadata: a message is a constant, or one of two.
                let rest = file.text[call.range.upperBound...].prefix(600)
                let arguments = rest.prefix(upTo: rest.range(of: "metadata:")?.lowerBound ?? rest.endIndex)
                    .prefix { $0 != ")" }
                logged.formUnion(arguments.matches(of: /"([^"\\]+)"/).map { String($0.output.1) })
            }
        }
        #expect(logged.count > 15)
        let explained = guide.rows(headed: "message").flatMap { row in
            row.first?.matches(of: /`([^`]+)`/).map { String($0.output.1) } ?? []
        }
        #expect(Set(explained) == logged)
        #expect(explained.count == Set(explained).count)
    }

    /// The rules of the alarms, by Prometheus' own reader.
    @Test(.enabled(if: Tools.mayRun("promtool"))) func theAlarmsAreRules() async throws {
        let guide = try Guide("docs/operating.md")
        let rules = try #require(guide.blocks.first { $0.language == "yaml" && $0.text.contains("alert:") })
        let file = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString).yml")
        try rules.text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let promtool = try #require(Tools.path("promtool"), "promtool is needed")
        let program = try Program(["check", "rules", file.path], executable: URL(filePath: promtool))
        let status = await program.end()
        #expect(status == 0, "\(program.output)")
    }

    private static func sources(in folders: [String]) throws -> [(path: String, text: String)] {
        var found: [(path: String, text: String)] = []
        for folder in folders {
            let root = URL(filePath: Setup.packageRoot).appending(path: folder)
            let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
            for case let file as URL in try #require(files) where file.pathExtension == "swift" {
                found.append((file.path, try String(contentsOf: file, encoding: .utf8)))
            }
        }
        return found
    }

    /// A path without `..`.
    private static func normal(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}
