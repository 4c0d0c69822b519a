import Foundation
import Testing

/// The direction of all arrows between targets (CONTRIBUTING.md): who may import whom. The compiler's own check sees
/// what a target declares, not whether it should.
@Suite struct ArchitectureTests {
    private static let values: Set = ["StrictJSON", "PaymentModel"]
    private static let kit = values.union(["ProviderKit"])
    private static let engine = kit.union(["Resilience", "Routing", "W3CTrace"])
    private static let edges = engine.union(["PaymentEngine"])

    /// What of this package each target may import.
    private static let allowed: [String: Set<String>] = [
        "StrictJSON": [],
        "PaymentModel": ["StrictJSON"],
        "ProviderKit": values,
        "Resilience": kit,
        "Routing": kit,
        "PaymentEngine": engine,
        "PrometheusText": [],
        "W3CTrace": [],
        "ConfigFiles": edges,
        "APIDescription": ["StrictJSON"],
        "HTTPGateway": edges.union(["APIDescription"]),
        "ProviderTransport": edges,
        // A party of its own: it shares nothing with the plugins but the reading of JSON.
        "ProviderSandbox": ["StrictJSON"],
        // For tests and the simulator alone, and knows nothing of what they test.
        "Fuzzing": [],
        "APIConformance": ["APIDescription", "StrictJSON"],
        "ProviderConformance": kit.union(["Fuzzing"]),
        "Simulation": edges.union(["Fuzzing"]),
        "SimulatedWorld": edges.union(["Fuzzing", "ProviderSandbox", "Simulation"]),
        "simulator": ["SimulatedWorld"],
        "switchyard": edges.union([
            "ConfigFiles", "HTTPGateway", "PrometheusText", "ProviderTransport", "ProviderSandbox",
        ]),
    ]

    /// What does no I/O may not reach for it.
    private static let pure = values.union(["ProviderKit", "Resilience", "Routing"])
    private static let doesIO: Set = [
        "AsyncHTTPClient", "Foundation", "FoundationEssentials", "Hummingbird", "HummingbirdCore", "Logging",
        "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "ServiceLifecycle", "Yams",
    ]

    private let root = URL(filePath: Setup.packageRoot)

    private func folders(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            at: root.appending(path: path), includingPropertiesForKeys: [.isDirectoryKey], options: .skipsHiddenFiles
        ).filter { $0.hasDirectoryPath }.map(\.lastPathComponent).sorted()
    }

    /// The modules that the files below a folder import, with a file for each.
    private func imports(_ path: String) throws -> [String: String] {
        var modules: [String: String] = [:]
        let folder = root.appending(path: path)
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                    words[..<index].allSatisfy({
                        ["public", "package", "internal", "private"].contains($0) || $0.hasPrefix("@")
                    })
                else { continue }
                // `import struct Module.Name`
                let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
                let name =
                    kinds.contains(words[index + 1]) && index + 2 < words.count ? words[index + 2] : words[index + 1]
                modules[String(name.prefix { $0 != "." })] = file.lastPathComponent
            }
        }
        return modules
    }

    @Test func targetsImportOnlyWhatStandsToTheirRight() throws {
        let targets = try folders("Sources")
        #expect(Set(targets) == Set(Self.allowed.keys), "a new target needs its place in the order")
        let plugins = try folders("Plugins")
        let ours = Set(targets).union(plugins)
        for target in targets {
            var allowed = Self.allowed[target] ?? []
            if target == "switchyard" || target == "SimulatedWorld" { allowed.formUnion(plugins) }
            let imports = try imports("Sources/\(target)")
            #expect(!imports.isEmpty || target == "StrictJSON")
            for (module, file) in imports where ours.contains(module) {
                #expect(allowed.contains(module), "\(target) imports \(module) in \(file)")
            }
            for (module, file) in imports where Self.pure.contains(target) {
                #expect(!Self.doesIO.contains(module), "\(target) imports \(module) in \(file)")
            }
        }
    }

    @Test func pluginsImportWhatAPluginSeesAndNoneTheOther() throws {
        let plugins = try folders("Plugins")
        #expect(plugins.contains("Payalo") && plugins.contains("Spayon"))
        for plugin in plugins {
            let sources = try imports("Plugins/\(plugin)/Sources")
            #expect(sources["ProviderKit"] != nil)
            let ours = Set(try folders("Sources")).union(plugins)
            for (module, file) in sources where ours.contains(module) {
                #expect(Self.kit.contains(module), "\(plugin) imports \(module) in \(file)")
            }
            for (module, file) in sources {
                #expect(!Self.doesIO.contains(module), "\(plugin) imports \(module) in \(file)")
            }
            let tests = try imports("Plugins/\(plugin)/Tests")
            #expect(tests["ProviderConformance"] != nil, "every plugin's tests run the conformance suite")
            for (module, file) in tests where ours.contains(module) {
                #expect(
                    Self.kit.union(["ProviderConformance", plugin]).contains(module),
                    "\(plugin)'s tests import \(module) in \(file)")
            }
        }
    }
}
