import Foundation
import HTTPGateway
import NIOHTTP1
import PaymentEngine
import StrictJSON
import Testing

@testable import switchyard

extension EndToEnd {
    /// The configuration changes while the router runs (contract §2, 'Reload').
    @Suite struct ReloadTests {
        /// The quick set-up with the mobile-money route under another name, over other providers.
        private static func yaml(route: String, use: String, more: String = "") -> String {
            Setup.yaml(server: more)
                .replacing("name: kenya-mobile-money", with: "name: \(route)")
                .replacing("use: [payalo-ke, payalo-backup]", with: "use: [\(use)]")
        }

        private static func route(_ router: Router) async throws -> String? {
            try await router.send(.POST, "/v1/routes/explain", .mobileMoney)["route"]
        }

        @Test func aSignalReadsTheFilesAgainAndFlagsStillWin() async throws {
            try await withProviders { providers in
                let setup = Setup.quick()
                let folder = try setup.written()
                defer { try? setup.remove(folder) }
                let program = try Program(
                    "serve", "--config", folder.path, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                    environment: providers.environment)
                let api = try await eventually("it listens") { program.listening }
                func route() async throws -> String? {
                    try await providers.http.answer(
                        .POST, "http://\(api)/v1/routes/explain",
                        ["authorization": "Bearer \(Router.shop)", "content-type": "application/json"],
                        Array(String.mobileMoney.utf8))["route"]
                }
                #expect(try await route() == "kenya-mobile-money")
                // The file's own addresses are nobody's while there are flags.
                try Setup.write(
                    Self.yaml(route: "changed", use: "payalo-backup", more: "listen: 127.0.0.1:1"), into: folder)
                program.hangUp()
                _ = try await eventually("the route is another one") { try await route() == "changed" ? true : nil }
                try Setup.write("routes: [", into: folder)
                program.hangUp()
                _ = try await eventually("the fault is logged") {
                    program.output.contains("\(folder.path)/all.yaml:2:1: error: ") ? true : nil
                }
                #expect(try await route() == "changed")
                program.terminate()
                #expect(await program.end() == 0)
                #expect(program.output.contains(#""trigger":"SIGHUP""#))
                #expect(!program.output.contains("until a restart"))
            }
        }

        @Test func oneFaultKeepsTheOneBeforeWhole() async throws {
            try await endToEnd { router in
                let before = router.server.engine.configuration.version
                let broken = Self.yaml(route: "changed", use: "payalo-backup")
                    .replacing(
                        "timeout: 1s\n    settings: { api_key: \(Providers.cardsKey)",
                        with: "timeout: soon\n    settings: { api_key: \(Providers.cardsKey)"
                    )
                    .replacing("when: { method: checkout }", with: "wen: { method: checkout }")
                try Setup.write(broken, into: router.folder)
                let refused = try await router.operate(.POST, "/admin/reload")
                #expect(refused.status == 422)
                let faults = try #require(refused.json["faults"]?.array).compactMap(\.string)
                let lines = broken.split(separator: "\n", omittingEmptySubsequences: false)
                let timeout = lines.firstIndex { $0.contains("timeout: soon") }
                let first = try #require(timeout) + 1
                let wen = lines.firstIndex { $0.contains("wen:") }
                let second = try #require(wen) + 1
                let errors = faults.filter { $0.contains(": error: ") }
                #expect(errors.count == 2)
                #expect(errors.first?.hasPrefix("\(router.folder.path)/all.yaml:\(first):14: error: ") == true)
                #expect(errors.last?.hasPrefix("\(router.folder.path)/all.yaml:\(second):5: error: ") == true)
                #expect(errors.last?.hasSuffix("did you mean 'when'?") == true)
                let logged = router.logs.all
                let untold = errors.filter { fault in !logged.contains { $0.contains(fault) } }
                #expect(untold == [])
                #expect(router.server.engine.configuration.version == before)
                #expect(try await Self.route(router) == "kenya-mobile-money")

                // An expectation that does not hold is a fault too.
                let expecting = Self.yaml(route: "changed", use: "payalo-backup")
                let given = "{ app: shop, amount: 1000, currency: KES, method: mobile_money, country: KE }"
                try Setup.write(
                    expecting + "expect:\n  - given: \(given)\n    route: kenya-mobile-money\n", into: router.folder)
                #expect(try await router.operate(.POST, "/admin/reload").status == 422)
                // What the files cannot know either: keys that live are derived from the secret.
                try Setup.write(
                    Self.yaml(
                        route: "changed", use: "payalo-backup",
                        more: "reference_secret: another-secret-of-32-characters-or-more"), into: router.folder)
                let secret = try await router.operate(.POST, "/admin/reload")
                #expect(secret.status == 422)
                #expect(secret.text.contains("server.reference_secret cannot change"))
                #expect(try await Self.route(router) == "kenya-mobile-money")

                try Setup.write(expecting, into: router.folder)
                let taken = try await router.operate(.POST, "/admin/reload")
                #expect(taken.status == 200)
                #expect(taken["version"] == router.server.engine.configuration.version)
                #expect(taken["version"] != before)
                #expect(try await Self.route(router) == "changed")
                let history = try #require(try await router.operate(.GET, "/admin/reloads").json["reloads"]?.array)
                let successes = history.compactMap { $0["successful"]?.bool }
                #expect(successes.prefix(4) == [true, false, false, false])
            }
        }

        @Test func aChangeInTheFolderIsNoticed() async throws {
            try await endToEnd { router in
                // Still for a second it is looked at for the first time, and nothing is said of it.
                let saved = ContinuousClock.now
                try Setup.write(Self.yaml(route: "saved", use: "payalo-ke"), into: router.folder)
                _ = try await eventually("the saved file is in force") {
                    try await Self.route(router) == "saved" ? true : nil
                }
                #expect(ContinuousClock.now - saved >= .seconds(1))
                #expect(router.server.reloader.reloads.map(\.trigger) == ["change"])
                // A broken save is told once, and does no harm.
                try Setup.write("apps: {", into: router.folder)
                _ = try await eventually("its faults are known") {
                    router.server.reloader.reloads.first?.isSuccessful == false ? true : nil
                }
                #expect(try await Self.route(router) == "saved")
                // The very content that is in force makes it good again.
                try Setup.write(Self.yaml(route: "saved", use: "payalo-ke"), into: router.folder)
                _ = try await eventually("all is well again") {
                    router.server.reloader.reloads.first?.isSuccessful == true ? true : nil
                }
                #expect(router.server.reloader.reloads.count == 3)
            }
        }

        @Test func howEditorsSaveIsNoticed() async throws {
            try await endToEnd { router in
                let files = FileManager.default
                let file = router.folder.appending(path: "all.yaml")
                func expectRoute(_ route: String, _ save: (Data) throws -> Void) async throws {
                    try save(Data(Self.yaml(route: route, use: "payalo-ke").utf8))
                    _ = try await eventually("\(route) is in force", within: .seconds(10)) {
                        try await Self.route(router) == route ? true : nil
                    }
                }
                try await expectRoute("in-place") { data in
                    // Emptied and written: the same file.
                    let handle = try FileHandle(forWritingTo: file)
                    try handle.truncate(atOffset: 0)
                    try handle.write(contentsOf: data)
                    try handle.close()
                }
                try await expectRoute("as-vim") { data in
                    try Data().write(to: router.folder.appending(path: "4913"))
                    try files.removeItem(at: router.folder.appending(path: "4913"))
                    let backup = router.folder.appending(path: "all.yaml~")
                    try files.moveItem(at: file, to: backup)
                    try data.write(to: file)
                    try files.removeItem(at: backup)
                }
                try await expectRoute("renamed-over") { data in
                    let new = router.folder.appending(path: ".all.yaml.tmp")
                    try data.write(to: new)
                    #expect(rename(new.path, file.path) == 0)
                }
                try await expectRoute("another-file") { data in
                    // Two files make one set: that neither goes live alone is what the still second is for.
                    try files.removeItem(at: file)
                    try data.write(to: router.folder.appending(path: "new.yaml"))
                }
                let failures = router.server.reloader.reloads.count { !$0.isSuccessful }
                #expect(failures == 0)
            }
        }

        @Test func aMountThatIsSwappedByALinkIsNoticed() async throws {
            try await endToEnd { router in
                let files = FileManager.default
                for (name, route) in [("..first", "first"), ("..second", "second")] {
                    try Setup.write(
                        Self.yaml(route: route, use: "payalo-ke"), into: router.folder.appending(path: name))
                }
                func swap(to target: String) throws {
                    let new = router.folder.appending(path: "..data_tmp").path
                    try files.createSymbolicLink(atPath: new, withDestinationPath: target)
                    #expect(rename(new, router.folder.appending(path: "..data").path) == 0)
                }
                try swap(to: "..first")
                let file = router.folder.appending(path: "all.yaml")
                try files.removeItem(at: file)
                try files.createSymbolicLink(atPath: file.path, withDestinationPath: "..data/all.yaml")
                _ = try await eventually("the mount is read") { try await Self.route(router) == "first" ? true : nil }
                try swap(to: "..second")
                _ = try await eventually("the swap is noticed") {
                    try await Self.route(router) == "second" ? true : nil
                }
            }
        }

        @Test func aDisableOutlivesAReload() async throws {
            try await endToEnd { router in
                #expect(try await router.operate(.POST, "/admin/providers/payalo-ke/disable").status == 200)
                try Setup.write(
                    Self.yaml(route: "changed", use: "payalo-ke, payalo-backup").replacing(
                        "timeout: 1s", with: "timeout: 2s"),
                    into: router.folder)
                #expect(try await router.operate(.POST, "/admin/reload").status == 200)
                let answer = try await router.pay("k-1")
                #expect(answer["route"] == "changed")
                #expect(answer["provider"] == "payalo-backup")
            }
        }

        @Test func aProviderThatIsTakenOutSettlesWhatItHas() async throws {
            try await endToEnd { router in
                let paid = try await router.pay("k-1")
                #expect(paid["provider"] == "payalo-ke")
                let start = "  payalo-ke:\n"
                let end = "  payalo-backup:\n"
                var yaml = Self.yaml(route: "changed", use: "payalo-backup")
                let from = try #require(yaml.range(of: start)).lowerBound
                let to = try #require(yaml.range(of: end)).lowerBound
                yaml.removeSubrange(from..<to)
                try Setup.write(yaml, into: router.folder)
                #expect(try await router.operate(.POST, "/admin/reload").status == 200)
                #expect(try await router.pay("k-2")["provider"] == "payalo-backup")
                let reports = try await router.operate(.GET, "/admin/providers").json["providers"]?.array
                let ke = reports?.first { $0["provider"]?.string == "payalo-ke" }
                let report = try #require(ke)
                #expect(report["enabled"]?.bool == false)
                try await router.providers.settle("payalo", paid["provider_reference"], "success")
                try await router.payment(paid["id"], becomes: "captured")
            }
        }

        @Test func twoHundredReloadsWhilePaymentsRun() async throws {
            try await endToEnd { router in
                let versions = [
                    Self.yaml(route: "one", use: "payalo-ke"), Self.yaml(route: "two", use: "payalo-backup"),
                ]
                let answers = try await withThrowingTaskGroup(of: [Answered].self) { group in
                    group.addTask {
                        for round in 0..<200 {
                            try Setup.write(versions[round % 2], into: router.folder)
                            #expect(await router.server.reloader.reload(.signal).isSuccessful)
                        }
                        return []
                    }
                    for client in 0..<8 {
                        group.addTask {
                            var answers: [Answered] = []
                            for number in 0..<40 { answers.append(try await router.pay("k-\(client)-\(number)")) }
                            return answers
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(answers.count == 320)
                #expect(Set(answers.map(\.status)) == [201])
                let taken = Set(answers.map { "\($0["route"] ?? "") \($0["provider"] ?? "")" })
                #expect(
                    taken.isSubset(of: ["kenya-mobile-money payalo-ke", "one payalo-ke", "two payalo-backup"]),
                    "\(taken)")
                #expect(taken.contains("one payalo-ke") && taken.contains("two payalo-backup"))
                let references = answers.compactMap { $0["provider_reference"] }
                #expect(Set(references).count == 320)
                #expect(router.server.reloader.reloads.count == 20)
            }
        }
    }
}
