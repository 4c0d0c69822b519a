import HTTPTypes
import Logging
import ProviderKit
import Testing

@testable import ProviderTransport

@Suite("Shutdown", .timeLimit(.minutes(5)))
struct ShutdownTests {
    @Test("Waits for what is under way and takes nothing new")
    func shutdown() async throws {
        try await ScriptedServer.run { server, port in
            let transport = try HTTPProviderTransport(
                baseURL: "http://127.0.0.1:\(port)", connectTimeout: .seconds(5), logger: quiet)
            async let underWay = transport.send(post("/1"), timeout: .seconds(20))
            await server.wait { $0.requests.count == 1 }
            async let shutdown: Void = transport.shutdown()
            while await transport.send(post("/2"), timeout: .zero).summary != "not sent: no_connection" {
                await Task.yield()
            }
            #expect(await transport.send(post("/3"), timeout: .seconds(5)).summary == "not sent: no_connection")
            server.sendToAll("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            #expect(await underWay.summary == "replied: 200")
            await shutdown
            await transport.shutdown()
            await server.wait { $0.connectionsEnded == 1 }
            #expect(server.record.requests.map(\.target) == ["/1"])
        }
    }

    @Test("A transport that is let go of closes its connections")
    func letGo() async throws {
        try await ScriptedServer.run(script: { _ in [reply()] }) { server, port in
            do {
                let transport = try makeTransport(
                    provider: "p", baseURL: "http://127.0.0.1:\(port)", connectTimeout: .seconds(5), logger: quiet)
                #expect(await transport.send(post(), timeout: .seconds(5)).summary == "replied: 200")
            }
            await server.wait { $0.connectionsEnded == 1 }
        }
    }
}
