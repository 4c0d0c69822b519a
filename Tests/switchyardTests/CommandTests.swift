import Crypto
import Foundation
import Logging
import PaymentModel
import ProviderKit
import StrictJSON
import Testing

@testable import switchyard

extension EndToEnd {
    /// The commands that serve nothing, as they are started from a shell.
    @Suite struct CommandTests {
        private static func run(_ arguments: [String]) async throws -> (status: Int32?, output: String) {
            let program = try Program(arguments)
            let status = await program.end()
            return (status, program.output)
        }

        @Test func theShippedConfigurationIsValid() async throws {
            let (status, output) = try await Self.run(["check"])
            #expect(status == 0, "\(output)")
            #expect(output.contains("expectations hold"))
            #expect(!output.contains("error:"))
            #expect(!output.contains("warning:"))
        }

        @Test func aFaultIsALineWithItsPlace() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            try "server:\n  lissen: 127.0.0.1:1\n".write(
                to: folder.appending(path: "a.yaml"), atomically: true, encoding: .utf8)
            for command in ["check", "serve"] {
                let (status, output) = try await Self.run([command, "--config", folder.path])
                #expect(status == 1)
                #expect(output.contains("a.yaml:2:3: error: "), "\(output)")
                #expect(output.contains("did you mean 'listen'?"))
            }
        }

        @Test func aWalletWithoutARouteIsTold() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString)")
            try FileManager.default.copyItem(at: URL(filePath: Setup.packageRoot + "/routes"), to: folder)
            defer { try? FileManager.default.removeItem(at: folder) }
            try FileManager.default.removeItem(at: folder.appending(path: "40-expectations.yaml"))
            let file = folder.appending(path: "30-routes.yaml")
            try String(contentsOf: file, encoding: .utf8).replacing("[checkout, wallet]", with: "checkout").write(
                to: file, atomically: true, encoding: .utf8)
            let (status, output) = try await Self.run(["check", "--config", folder.path, "--against", "routes"])
            #expect(status == 0)
            let told = """
                pakistan → no route
                  from   waypay-main
                  to     nobody
                  for    method wallet, currency PKR, amount from 1001, capture automatic

                """
            #expect(output.contains(told), "\(output)")
        }

        @Test func whatAnotherConfigurationChangesIsTold() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString)")
            try FileManager.default.copyItem(at: URL(filePath: Setup.packageRoot + "/routes"), to: folder)
            defer { try? FileManager.default.removeItem(at: folder) }
            let same = try await Self.run(["check", "--against", folder.path])
            #expect(same.status == 0)
            #expect(same.output.contains("nothing changes against \(folder.path)\n"))

            let file = folder.appending(path: "30-routes.yaml")
            let routes = try String(contentsOf: file, encoding: .utf8)
            let more =
                "routes:\n  - name: big-cards\n    when: { method: card, currency: [USD, EUR], amount: { min: 100000 } }\n    use: [cards-backup, cards-main]\n"
            try routes.replacing("payalo-ke, weight: 50", with: "payalo-ke, weight: 60")
                .replacing("\nroutes:\n", with: "\n" + more).write(to: file, atomically: true, encoding: .utf8)
            let check = ["check", "--config", folder.path, "--against", "routes"]
            let (status, output) = try await Self.run(check)
            #expect(status == 0)
            let told = """
                against routes:

                other-mobile-money: other providers
                  from   weighted: payalo-ke 50, payalo-backup 50
                  to     weighted: payalo-ke 60, payalo-backup 50
                  for    method mobile_money, currency GHS or RWF or TZS or UGX or ZMW, country GH or RW or TZ or UG or ZM, capture automatic
                  as in  \(folder.path)/40-expectations.yaml:18:5
                  as in  \(folder.path)/40-expectations.yaml:22:5

                cards → big-cards
                  from   cards-main, cards-backup
                  to     cards-backup, cards-main
                  for    method card, currency EUR or USD, amount from 100000

                route big-cards is new

                """
            #expect(output.hasSuffix(told), "\(output)")
            let (_, text) = try await Self.run(check + ["--json"])
            let json = try JSONValue(parsing: text.filter { $0 != "\n" })
            #expect(json["complete"]?.bool == true)
            let ways = (json["routing"]?.array ?? []).map { change in
                ["before", "after"].map { change[$0]?["route"]?.string ?? "" }
            }
            #expect(ways == [["other-mobile-money", "other-mobile-money"], ["cards", "big-cards"]])

            // Faults of either one are named with their folder, and nothing is compared.
            try "routes: [".write(to: folder.appending(path: "99.yaml"), atomically: true, encoding: .utf8)
            for arguments in [check, ["check", "--against", folder.path]] {
                let (status, output) = try await Self.run(arguments)
                #expect(status == 1)
                #expect(output.contains("\(folder.path)/99.yaml:"), "\(output)")
                #expect(!output.contains("against routes"))
            }
        }

        @Test func aDecisionIsExplained() async throws {
            let question = [
                "explain", "--app", "shop", "--amount", "4990", "--currency", "USD", "--method", "checkout",
                "--metadata", "tier=gold",
            ]
            let (status, output) = try await Self.run(question + ["--json"])
            #expect(status == 0)
            let decision = try JSONValue(parsing: output.filter { $0 != "\n" })
            #expect(decision["route"]?.string == "gold-checkout")
            #expect(
                decision["providers"]?.array?.compactMap { $0["provider"]?.string } == ["spayon-main", "spayon-backup"])
            let text = try await Self.run(question)
            #expect(text.status == 0)
            #expect(text.output.contains("gold-checkout"))
            for (name, value) in [("--currency", "usd"), ("--method", "cash"), ("--amount", "0"), ("--app", "nobody")] {
                var wrong = question
                if let index = wrong.firstIndex(of: name) { wrong[index + 1] = value }
                let refused = try await Self.run(wrong)
                // The status of wrong arguments, as swift-argument-parser has it.
                #expect(refused.status == 64, "\(name): \(refused.output)")
            }
        }

        @Test func thePluginsAreListed() async throws {
            let (status, output) = try await Self.run(["providers", "--json"])
            #expect(status == 0)
            let plugins = try #require(try JSONValue(parsing: output.filter { $0 != "\n" })["providers"]?.array)
            let declarations = builtInPlugins.map { $0.declaration }
            #expect(plugins.map { $0["id"]?.string } == declarations.map(\.id))
            #expect(Set(declarations.map(\.id)).count == declarations.count, "two plugins of one name")
            for (plugin, declaration) in zip(plugins, declarations) {
                #expect(plugin["name"]?.string == declaration.name)
                #expect(
                    plugin["methods"]?.array?.compactMap(\.string) == declaration.methods.map(\.rawValue).sorted())
                #expect(plugin["base_url"]?.string == declaration.defaultBaseURL)
                #expect(
                    plugin["settings"]?.array?.compactMap { $0["key"]?.string } == declaration.settings.map(\.key))
            }
            func operations(_ id: String) -> [String]? {
                plugins.first { $0["id"]?.string == id }?["operations"]?.array?.compactMap(\.string)
            }
            #expect(operations("payalo") == ["create", "inquiry", "callback"])
            #expect(operations("paymentgateway") == ["create", "inquiry", "capture", "cancel", "refund", "callback"])
        }

        @Test func aKeyComesWithItsDigest() async throws {
            let (status, output) = try await Self.run(["key"])
            #expect(status == 0)
            let words = output.split(whereSeparator: \.isWhitespace).map(String.init)
            let key = try #require(words.first { $0.hasPrefix("sk_") })
            #expect(key.count == "sk_".count + 64)
            let digest = SHA256.hash(data: Array(key.utf8)).map { byte in
                String(UInt16(byte) + 256, radix: 16).dropFirst()
            }.joined()
            #expect(output.contains("api_keys_sha256: [\"\(digest)\"]"))
            let another = try await Self.run(["key"])
            #expect(!another.output.contains(key))
        }

        @Test func argumentsBehaveAsUsual() async throws {
            let expected: [(arguments: [String], status: Int32)] = [
                (["--version"], 0), (["--help"], 0), (["serv"], 64), (["serve", "--listen", "8080"], 64),
            ]
            for (arguments, expected) in expected {
                let (status, output) = try await Self.run(arguments)
                #expect(status == expected, "\(arguments): \(output)")
                #expect(!output.isEmpty)
            }
        }
    }
}

/// Lines of the log, for machines and for people.
@Suite struct LogOutputTests {
    @Test func aLogLineIsOneJSONObjectWhateverItHolds() throws {
        let line = LogOutput.line(
            at: Timestamp(milliseconds: 1_769_248_800_000), level: .warning, label: "switchyard", message: "a\nb",
            metadata: ["b": "two\r\nlines", "a": "\"quoted\" \u{0}", "list": ["x", "y\n"]], isText: false)
        #expect(line.last == UInt8(ascii: "\n"))
        #expect(line.count { $0 == UInt8(ascii: "\n") } == 1)
        let json = try JSONValue(parsing: Array(line.dropLast()))
        #expect(json["time"]?.string == "2026-01-24T10:00:00.000Z")
        #expect(json["level"]?.string == "warning")
        #expect(json["message"]?.string == "a\nb")
        #expect(json["a"]?.string == "\"quoted\" \u{0}")
        #expect(json["b"]?.string == "two lines")
    }

    @Test func aLineOfTextIsOneLine() {
        let line = LogOutput.line(
            at: Timestamp(milliseconds: 1_769_248_800_000), level: .info, label: "switchyard", message: "listening",
            metadata: ["b": "2", "a": "x\ny"], isText: true)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "2026-01-24T10:00:00.000Z INFO     listening                     a=x y b=2\n")
    }
}
