import Foundation
import HTTPGateway
import NIOHTTP1
import PaymentEngine
import ProviderSandbox
import StrictJSON
import Testing

@testable import switchyard

extension EndToEnd {
    /// Reloads without a pause while payments run. With `SWITCHYARD_LONG` in a release build: 500 payments a second, a reload
    /// every 10 ms for a minute, then 10,000 reloads of the engine alone.
    @Suite struct ReloadStormTests {
        /// What a version's route tries for a payment by phone, in this order; the last one takes it. `refused` is
        /// there in every version, the two behind it in two, in another order; the others come and go with theirs.
        private static let versions = [
            ["refused", "first", "second"], ["refused", "second", "first"], ["guest"], ["v3-refused", "v3-taken"],
        ]
        private static let refused: Set = ["refused", "v3-refused"]

        /// Who is tried under a version, and takes the payment at the end.
        private static func tried(_ version: Int) -> [String] {
            let members = versions[version]
            let taker = members.firstIndex { !refused.contains($0) } ?? 0
            return Array(members.prefix(taker + 1))
        }

        private static func yaml(_ version: Int, _ port: Int) -> String {
            func instance(_ name: String, _ plugin: String, _ settings: String) -> String {
                let url = refused.contains(name) ? "http://127.0.0.1:1" : "http://127.0.0.1:\(port)/\(plugin)"
                return """
                      \(name):
                        plugin: \(plugin)
                        base_url: "\(url)"
                        rate_limit: { requests: 100000, per: 1s }
                        breaker: { consecutive_failures: 5, open_for: 10m, max_open_for: 10m }
                        settings: { \(settings) }

                    """
            }
            let payalo = "api_key: \(Providers.payaloKey), inquiry_interval: 100ms"
            let spayon =
                "client_id: sandbox-client, client_secret: sandbox-secret, callback_secret: \(Providers.spayonCallbackSecret)"
            let cards = "api_key: \(Providers.cardsKey), webhook_secret: \(Providers.cardsWebhookSecret)"
            return """
                server: { inquiry: [1s] }
                apps:
                  shop: { api_keys_sha256: "f5d072715bf986543308d9f187277c2406847cd7bfd33cbc2264fedc284a9992" }
                routes:
                  - { name: v\(version), when: { method: mobile_money }, use: [\(versions[version].joined(separator: ", "))] }
                  - { name: card-v\(version), when: { method: card }, use: [cards-main] }
                  - { name: page-v\(version), when: { method: checkout }, use: [spayon-main] }
                expect:
                  - given: { app: shop, amount: 1, currency: KES, method: mobile_money, country: KE }
                    route: v\(version)
                    providers: [\(versions[version].joined(separator: ", "))]
                providers:

                """ + instance("cards-main", "paymentgateway", cards) + instance("spayon-main", "spayon", spayon)
                    + Set(versions[version] + ["refused"]).sorted().map { instance($0, "payalo", payalo) }.joined()
        }

        /// What is never to go live: a half-saved file, a name that is not there, a case that fails, another secret that
        /// references are derived from.
        private static func broken(_ number: Int, _ port: Int) -> String {
            let whole = yaml(number % versions.count, port)
            switch number % 4 {
            case 0: return String(whole.prefix(whole.count / 2)) + "\n  - {"
            case 1: return whole.replacing("use: [cards-main]", with: "use: [cards-mian]")
            case 2: return whole.replacing("    route: v", with: "    route: page-v")
            default:
                return whole.replacing(
                    "server: {", with: "server: { reference_secret: another-secret-of-32-characters-or-more,")
            }
        }

        /// Counts of one storm.
        private struct Reloads {
            var taken = 0
            var refused = 0
            /// Those that ended in another way than their files deserve.
            var wrong = 0
        }

        @Test func everyPaymentIsDecidedByOneVersion() async throws {
            var sandbox = SandboxConfiguration(documentedLimits: false)
            sandbox.autoSettleAfter = .milliseconds(200)
            sandbox.maxTransactions = 500_000
            try await withProviders(sandbox) { providers in
                try await withRouter(.file(Self.yaml(0, providers.port)), providers) { router in
                    try await Self.storm(Outage(router: router, failing: providers, healthy: providers))
                }
            }
        }

        private static func storm(_ world: Outage) async throws {
            // What is known before the storm has to be known after it.
            var known: [(key: String, number: Int, answer: Answered)] = []
            for number in 0..<12 {
                let key = "before-\(number)"
                known.append((key, number, try await world.router.pay(key, Outage.Kind.body(number))))
            }
            let before = known
            let made = before.count { $0.answer.status == 201 }
            #expect(made == 12)

            let end = Flag()
            let load = world.load(perSecond: Load.isLong ? 500 : 60, deadline: .seconds(20)) {
                Outage.Kind.body(1000 + $0)
            }
            async let sent = load.run(until: end)
            async let replays = replay(before, world.router, until: end)
            let reloads: (files: Reloads, engine: Int)
            do {
                reloads = (
                    try await reloadFiles(world.router, for: Load.isLong ? .seconds(60) : .seconds(4)),
                    try await reloadEngine(world.router, times: Load.isLong ? 10_000 : 300)
                )
            } catch {
                end.turnOn()
                throw error
            }
            let files = reloads.files
            end.turnOn()
            let outcomes = await sent
            let replayed = try await replays
            if Load.isLong {
                let times = outcomes.map(\.took).sorted()
                print(
                    "reload storm: \(outcomes.count) payments, 99 % within \(times[times.count * 99 / 100]), all within",
                    "\(times[times.count - 1]); \(files.taken) folders taken, \(files.refused) refused,",
                    "\(reloads.engine) reloads of the engine, \(replayed) replays")
            }

            #expect(files.wrong == 0)
            #expect(files.taken >= 32 && files.refused >= 8, "\(files)")
            #expect(replayed > 0)
            try await check(outcomes, world)
            for (key, number, answer) in before {
                let again = try await world.router.pay(key, Outage.Kind.body(number))
                #expect(again.isReplayed && again["id"] == answer["id"])
            }
        }

        /// Writes and reloads, every 10 ms where that is possible; one in five is broken.
        private static func reloadFiles(_ router: Router, for time: Duration) async throws -> Reloads {
            let port = router.providers.port
            let start = ContinuousClock.now
            var reloads = Reloads()
            var number = 0
            // However slow the machine is, each version and each fault has its turn.
            while start.duration(to: .now) < time || number < 40 {
                let isBroken = number % 5 == 4
                let yaml = isBroken ? broken(number / 5, port) : yaml(number % versions.count, port)
                try Setup.write(yaml, into: router.folder)
                let isTaken: Bool
                if number.isMultiple(of: 2) {
                    isTaken = await router.server.reloader.reload(.signal).isSuccessful
                } else {
                    isTaken = try await router.operate(.POST, "/admin/reload").status == 200
                }
                if isTaken { reloads.taken += 1 } else { reloads.refused += 1 }
                if isTaken == isBroken { reloads.wrong += 1 }
                number += 1
                try await Task.sleep(until: start + .milliseconds(10) * number)
            }
            return reloads
        }

        /// Swaps what is read already, as fast as it goes.
        private static func reloadEngine(_ router: Router, times: Int) async throws -> Int {
            let configurations = try versions.indices.map { version in
                try Setup.file(yaml(version, router.providers.port)).load(router.providers.environment)
            }
            for number in 0..<times {
                let warnings = try await router.server.engine.reload(configurations[number % configurations.count])
                #expect(warnings.count <= 2)
                // Payments are to get in between.
                try await Task.sleep(for: .milliseconds(1))
            }
            return times
        }

        /// Repeats the payments from before: the same answer each time. Returns how many times.
        private static func replay(
            _ known: [(key: String, number: Int, answer: Answered)], _ router: Router, until end: Flag
        ) async throws -> Int {
            var count = 0
            while !end.isOn {
                for (key, number, answer) in known where !end.isOn {
                    let again = try await router.pay(key, Outage.Kind.body(number))
                    #expect(again.isReplayed && again.status == answer.status && again.body == answer.body)
                    count += 1
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            return count
        }

        private static func check(_ outcomes: [Load.Outcome], _ world: Outage) async throws {
            var seen: Set<String> = []
            var references: Set<String> = []
            var wrong = 0
            var looks = 0
            for outcome in outcomes {
                guard let answer = outcome.answer, answer.status == 201, let route = answer["route"] else {
                    Issue.record("payment \(outcome.number): \(outcome.end)")
                    continue
                }
                seen.insert(route)
                references.insert(answer["provider_reference"] ?? "")
                guard Outage.Kind(number: 1000 + outcome.number) == .phone else { continue }
                let version = Int(route.dropFirst()) ?? 0
                let providers = answer.tries.map(\.provider)
                if providers != tried(version) || answer["provider"] != providers.last {
                    wrong += 1
                    Issue.record("payment \(outcome.number) by \(route): \(answer.attempts)")
                }
                looks += answer.tries.count { $0.provider == "refused" && $0.isLook }
            }
            #expect(wrong == 0)
            #expect(seen.count == versions.count * 3, "\(seen.sorted())")
            #expect(references.count == outcomes.count)
            // Five failures opened its breaker for longer than all of this: it lives on. Some may have been under way.
            #expect(looks <= 5 + 60, "\(looks) calls of a provider that is down")
            let tokens = try await world.failing.operations("spayon").count { $0 == "token" }
            #expect(tokens <= 1, "one token serves all versions")

            // Callbacks of providers that are gone and come back settle what they have.
            let statuses = try await eventually("all money is known of", within: .seconds(60)) {
                let payments = try await world.payments()
                return payments.values.contains("pending") ? nil : payments
            }
            #expect(statuses.count == outcomes.count + 12)
            let captured = statuses.values.count { $0 == "captured" }
            let moving =
                (0..<12).count { Outage.Kind(number: $0).movesMoney }
                + outcomes.count { Outage.Kind(number: 1000 + $0.number).movesMoney }
            #expect(captured == moving)
        }
    }
}
