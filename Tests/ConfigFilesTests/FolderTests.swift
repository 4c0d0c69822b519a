import ConfigFiles
import Foundation
import PaymentEngine
import Routing
import Testing

/// What is read, how much of it, and how it is named.
@Suite struct FolderTests {
    @Test func filesAreReadInTheOrderOfTheirNames() throws {
        let result = load([
            "b.yaml": "routes: [{ name: second, use: cards-a, when: { method: card, currency: USD } }]",
            "B.yaml": "routes: [{ name: first, use: cards-a, when: { method: card, currency: EUR } }]",
            "a.yaml": base.replacing("  - { name: cards, when: { method: card }, use: cards-a }", with: ""),
            "z.yaml": "\u{FEFF}# a byte order mark\r\nroutes:\r\n  - { name: last, use: cards-a }\r\n",
            "c.yaml": "", "README.md": "not YAML: [", ".hidden.yaml": "[", "d.yml": "[", "e.YAML": "[",
        ])
        #expect(
            result.faults.map(\.description) == [
                "c/d.yml:1:1: warning: the file is not read: its name must end in '.yaml'",
                "c/e.YAML:1:1: warning: the file is not read: its name must end in '.yaml'",
            ])
        #expect(result.configuration?.router.routes.map(\.name) == ["first", "kenya", "second", "last"])
    }

    @Test func aFolderThatCannotBeRead() {
        let result = ConfigurationLoader(plugins: plugins, environment: [:]).load(folder: "/no/such/folder")
        #expect(result.hasErrors)
        #expect(
            result.faults.map(\.description) == [
                "/no/such/folder:1:1: error: the folder cannot be read: there is no such file or folder"
            ])
        #expect(load([:]).faults.map(\.description) == ["c:1:1: error: the folder holds no *.yaml file"])
    }

    @Test func theDisk() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("config-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appendingPathComponent("..data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        try Data(base.utf8).write(to: data.appendingPathComponent("a.yaml"))
        // As a mounted ConfigMap is laid out.
        try FileManager.default.createSymbolicLink(
            atPath: folder.appendingPathComponent("a.yaml").path, withDestinationPath: "..data/a.yaml")
        let loader = ConfigurationLoader(plugins: plugins, environment: [:])
        #expect(loader.load(folder: folder.path).faults == [])
        #expect(loader.load(folder: folder.path + "/").configuration != nil)

        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("b.yaml"), withIntermediateDirectories: false)
        try Data(repeating: 0x20, count: 1_048_577).write(to: folder.appendingPathComponent("c.yaml"))
        try Data([0x0a, 0x61, 0x3a, 0xff]).write(to: folder.appendingPathComponent("d.yaml"))
        // Nobody writes into it: who reads it waits for ever.
        #expect(mkfifo(folder.appendingPathComponent("e.yaml").path, 0o600) == 0)
        #expect(
            loader.load(folder: folder.path).faults.map { $0.description.replacing(folder.path, with: "") } == [
                "/b.yaml:1:1: error: the file cannot be read: it is a folder",
                "/c.yaml:1:1: error: the file cannot be read: it is longer than 1048576 bytes",
                "/d.yaml:2:3: error: the file is not UTF-8",
                "/e.yaml:1:1: error: the file cannot be read: it is no regular file",
            ])
    }

    @Test func howMuchAFolderMayHold() {
        var files: [String: String] = [:]
        for number in 0...1000 { files["\(number).yaml"] = "" }
        #expect(load(files).faults.map(\.text) == ["the folder holds more than 1000 files"])
        let apps = (0..<1500).map { "  a\($0): 5" }.joined(separator: "\n")
        let said = load(["a.yaml": "apps:\n\(apps)"]).faults.filter { $0.severity == .error }
        #expect(said.count == 1001)
        #expect(said.last?.text == "too many errors: the rest is not listed")
    }

    /// A bomb must not go off: neither in values nor in keys.
    @Test(arguments: ["x: *h", "? *h\n: x", "*h : x", "{ *h : 1, *h : 2 }"])
    func aliasesOfAliasesAreRefused(_ use: String) {
        var yaml = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        for (name, of) in zip("bcdefgh", "abcdefg") {
            yaml += "\(name): &\(name) [\((0..<10).map { _ in "*\(of)" }.joined(separator: ", "))]\n"
        }
        let said = faults(yaml + use)
        #expect(said == ["2:8: error: anchors and aliases are not supported: write the value out"])
    }

    @Test func depthIsBounded() {
        let nested = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(faults("routes: \(nested)").last == "1:40: error: is nested deeper than 32 levels")
        let deep = String(repeating: "[", count: 100_000)
        #expect(faults("routes: \(deep)").allSatisfy { $0.contains("is not YAML") })
        let flat = "routes: " + String(repeating: "- ", count: 100_000)
        #expect(!faults(flat).isEmpty)
    }

    /// A file that could not be read may hold what the others name: they are not blamed for it.
    @Test func oneFaultIsOneFault() {
        let result = load([
            "a.yaml": base, "b.yaml": "providers: [",
            "c.yaml": "routes: [{ name: r, use: nobody, when: { app: unknown } }]\n"
                + "expect: [{ given: { app: unknown, amount: 1, currency: KES, method: card }, route: gone }]",
        ])
        #expect(result.faults.map(\.position.file) == ["c/b.yaml"])
        #expect(
            faults(
                "providers: { p: { plugin: payalo, settings: { api_key: '${NO}' } } }\nserver:\n  reference_secret: ${NO}"
            )
                == [
                    "1:57: error: environment variable NO is not set",
                    "2:1: error: server needs 'callback_secrets': provider 'p' is not on loopback",
                    "3:21: error: environment variable NO is not set",
                ])
    }
}

/// The names of contents.
@Suite struct ContentHashTests {
    private func configuration(_ yaml: String, environment: [String: String] = [:]) throws -> EngineConfiguration {
        try #require(load(["a.yaml": yaml], environment: environment).configuration)
    }

    @Test func versionFollowsTheContent() throws {
        let version = try configuration(base).version
        #expect(version.utf8.count == 16 && version.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) })
        #expect(try configuration("# a comment\n" + base).version == version)
        #expect(
            try configuration(
                base.replacing(
                    "plugin: payalo, base_url: \"http://127.0.0.1:9400\"",
                    with: "base_url: 'http://127.0.0.1:9400', plugin: payalo")
            )
            .version == version)
        let parts = base.split(separator: "routes:", maxSplits: 1)
        let split = load(["a.yaml": String(parts[0]), "b.yaml": "routes:" + parts[1]])
        #expect(split.configuration?.version == version, "how it is spread over files says nothing")
        #expect(try configuration(base.replacing("api_key: k", with: "api_key: l")).version != version)
        let variable = base.replacing("api_key: k", with: "api_key: '${K}'")
        #expect(try configuration(variable, environment: ["K": "k"]).version == version)
        #expect(try configuration(variable, environment: ["K": "l"]).version != version)
        let keyed = "server: { reference_secret: 0123456789abcdef }\n" + base
        #expect(try configuration(keyed).version != version)
    }

    @Test func fingerprintsFollowWhatLivesOn() throws {
        func fingerprint(_ change: (String, String)...) throws -> String? {
            let yaml = change.reduce(base) { $0.replacing($1.0, with: $1.1) }
            return try configuration(yaml).providers["payalo-ke"]?.fingerprint
        }
        let first = try fingerprint()
        #expect(first?.utf8.count == 64)
        #expect(
            try fingerprint(
                ("settings: { api_key: k } }", "settings: { api_key: k }, fee: { percent: 1 }, enabled: false }"))
                == first)
        #expect(try fingerprint(("cards-a", "cards-c")) == first)
        #expect(try fingerprint(("api_key: k", "api_key: l")) != first)
        #expect(try fingerprint(("settings: { api_key: k } }", "settings: { api_key: k }, timeout: 9s }")) != first)
    }
}
