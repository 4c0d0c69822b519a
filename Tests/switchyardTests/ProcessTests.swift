import AsyncHTTPClient
import Foundation
import NIOHTTP1
import PaymentEngine
import ServiceLifecycle
import Testing

@testable import switchyard

extension EndToEnd {
    /// The end of a process, and the program as it is started from a shell.
    @Suite struct ProcessTests {
        @Test func drainingLosesNothing() async throws {
            try await endToEnd { router in
                let providers = router.providers
                try await providers.fault("payalo", "slow", #""delay_ms":700,"count":50"#)
                try await withThrowingTaskGroup(of: Answered.self) { group in
                    for number in 0..<50 {
                        group.addTask { try await router.pay("k-\(number)") }
                    }
                    _ = try await eventually("all are under way") {
                        try await providers.operations("payalo").count == 50 ? true : nil
                    }
                    router.server.engine.beginDraining()
                    let readiness = try await router.operate(.GET, "/readyz")
                    #expect(readiness.status == 503)
                    #expect(try await router.operate(.GET, "/healthz").status == 200)
                    // Within the grace, callers who have not noticed are still served; after it they are refused.
                    let within = try await router.pay("within-the-grace", .checkout)
                    #expect(within.status == 201)
                    #expect(within.header("connection") == "close")
                    router.server.engine.stopTakingPayments()
                    let late = try await router.pay("late", .checkout)
                    #expect(late.status == 503)
                    #expect(late["code"] == "shutting-down")
                    #expect(late.header("connection") == "close")
                    await router.services.triggerGracefulShutdown()
                    var ids: Set<String> = []
                    for try await answer in group {
                        #expect(answer.status == 201)
                        #expect(answer.header("connection") == "close")
                        ids.insert(answer["id"] ?? "")
                    }
                    #expect(ids.count == 50)
                }
                #expect(Set(try await providers.createReferences()).count == 50)
            }
        }

        @Test func aPaymentWhoseCallerHungUpEndsBeforeTheProcess() async throws {
            try await endToEnd { router in
                try await router.providers.fault("payalo", "slow", #""delay_ms":700"#)
                let caller = Task { try await router.pay("k-1") }
                _ = try await eventually("it is under way") {
                    try await router.providers.operations("payalo").isEmpty ? nil : true
                }
                caller.cancel()
                _ = await caller.result
                router.server.engine.beginDraining()
                await router.services.triggerGracefulShutdown()
                await router.server.engine.idle()
                let accepted = router.logs.all.filter { $0.contains("payalo-ke:create=accepted") }
                #expect(!accepted.isEmpty)
            }
        }

        @Test func theDemoComesOutRight() async throws {
            let demo = try Program("demo", "--once")
            let status = await demo.end()
            let output = demo.output
            #expect(status == 0, "\(output)")
            #expect(output.contains("Every step came out right."))
            #expect(!output.contains("✗"))
            // Every provider took money, and the app's own check of the signatures held.
            for provider in ["payalo-ke", "cards-main", "spayon-main", "alyapay-main", "waypay-main"] {
                #expect(output.contains(" at \(provider)"), "\(provider): \(output)")
            }
            #expect(output.contains("✓ each change of its state, in order, each signature verified by the app"))
        }

        @Test func aSignalDrainsTheProcessAndLosesNothing() async throws {
            try await withProviders { providers in
                let setup = Setup.quick(server: "drain_grace: 100ms")
                let folder = try setup.written()
                defer { try? setup.remove(folder) }
                let program = try Program(
                    "serve", "--config", folder.path, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                    environment: providers.environment)
                let api = try await eventually("it listens") { program.listening }
                try await providers.fault("payalo", "slow", #""delay_ms":700,"count":20"#)
                try await withThrowingTaskGroup(of: Answered.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            try await providers.http.answer(
                                .POST, "http://\(api)/v1/payments",
                                [
                                    "authorization": "Bearer \(Router.shop)", "content-type": "application/json",
                                    "idempotency-key": "k-\(number)",
                                ], Array(String.mobileMoney.utf8))
                        }
                    }
                    _ = try await eventually("all are under way") {
                        try await providers.operations("payalo").count == 20 ? true : nil
                    }
                    program.terminate()
                    for try await answer in group { #expect(answer.status == 201) }
                }
                #expect(await program.end() == 0)
                #expect(program.output.contains(#""message":"stopped""#))
                #expect(Set(try await providers.createReferences()).count == 20)
            }
        }

        @Test func aSecondSignalEndsTheProcessAtOnce() async throws {
            let program = try Program(
                "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
            _ = try await eventually("it listens") { program.listening }
            // The shipped grace is 5 s: it is still draining when the second one comes.
            program.terminate()
            _ = try await eventually("it drains") { program.output.contains(#""message":"draining""#) ? true : nil }
            program.terminate()
            #expect(await program.end() == 1)
        }
    }
}
