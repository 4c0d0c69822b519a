import NIOCore
import NIOSSL
import ProviderKit
import Testing

@testable import ProviderTransport

/// What events go out through.
@Suite("Event transport", .timeLimit(.minutes(5)))
struct EventTransportTests {
    private func send(
        to origin: String, allowPrivate: Bool, times: Int = 1, timeout: Duration = .seconds(5)
    ) async throws -> [String] {
        let transport = try makeEventTransport(
            app: "shop", origin: origin, allowPrivate: allowPrivate, logger: quiet)
        var summaries: [String] = []
        for _ in 0..<times {
            summaries.append(await transport.send(post("/hooks?a=1", "{}"), timeout: timeout).summary)
        }
        await transport.shutdown()
        return summaries
    }

    @Test("A private address is refused before it is dialled, written as a number or as a name, with TLS or without")
    func refused() async throws {
        try await ScriptedServer.run(script: { _ in [reply()] }) { server, port in
            for origin in ["http://127.0.0.1", "http://localhost", "https://127.0.0.1", "https://localhost"] {
                let summary = try await send(to: "\(origin):\(port)", allowPrivate: false)
                #expect(summary == ["not sent: address_refused"], "\(origin)")
            }
            #expect(server.record.connections == 0)
            for host in ["127.0.0.1", "localhost"] {
                let summary = try await send(to: "http://\(host):\(port)", allowPrivate: true)
                #expect(summary == ["replied: 200"])
            }
            #expect(server.record.connections == 2)
            #expect(server.record.requests.map(\.target) == ["/hooks?a=1", "/hooks?a=1"])
        }
    }

    @Test(
        "A special address is refused whatever is allowed",
        arguments: [
            "https://169.254.169.254", "https://[fe80::1]", "https://0.0.0.0", "https://[::ffff:169.254.169.254]",
        ])
    func special(origin: String) async throws {
        let summary = try await send(to: origin, allowPrivate: true)
        #expect(summary == ["not sent: address_refused"])
    }

    @Test(
        "Spellings of an address that the system's resolver knows get past nobody", arguments: ["127.1", "2130706433"])
    func spellings(host: String) async throws {
        try await ScriptedServer.run(script: { _ in [reply()] }) { server, port in
            let summary = try await send(to: "https://\(host):\(port)", allowPrivate: false)
            #expect(["not sent: address_refused", "not sent: dns_failed"].contains(summary[0]), "\(summary)")
            #expect(server.record.connections == 0)
        }
    }

    @Test("The body of a reply is not kept, and one of usual length costs no connection")
    func bodies() async throws {
        try await ScriptedServer.run(script: { _ in [reply(body: String(repeating: "x", count: 60_000))] }) {
            server, port in
            let transport = try makeEventTransport(
                app: "shop", origin: "http://127.0.0.1:\(port)", allowPrivate: true, logger: quiet)
            for _ in 1...3 {
                let reply = try #require(await transport.send(post(), timeout: .seconds(5)).reply)
                #expect(reply.status == 200)
                #expect(reply.body.isEmpty)
            }
            #expect(server.record.connections == 1)
            await transport.shutdown()
        }
    }

    @Test("An endless body is cut off; the reply is its status", arguments: [true, false])
    func endless(isAnnounced: Bool) async throws {
        let length = isAnnounced ? "Content-Length: 99999999" : "Transfer-Encoding: chunked"
        let head = "HTTP/1.1 201 Created\r\n\(length)\r\n\r\n"
        let chunk = "10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n"
        try await ScriptedServer.run(script: { _ in [.write(head), .write(chunk), .write(chunk)] }) { server, port in
            let summaries = try await send(to: "http://127.0.0.1:\(port)", allowPrivate: true, times: 2)
            #expect(summaries == ["replied: 201", "replied: 201"])
            #expect(server.record.connections == 2)
        }
    }

    @Test("A redirect is not followed, and silence ends with the time")
    func redirect() async throws {
        try await ScriptedServer.run(script: { _ in [reply("302 Found", headers: "Location: /other\r\n")] }) {
            server, port in
            let summary = try await send(to: "http://127.0.0.1:\(port)", allowPrivate: true)
            #expect(summary == ["replied: 302"])
            #expect(server.record.requests.count == 1)
        }
        try await ScriptedServer.run(script: { _ in [] }) { _, port in
            let summary = try await send(
                to: "http://127.0.0.1:\(port)", allowPrivate: true, timeout: .milliseconds(100))
            #expect(summary == ["sent: timeout"])
        }
    }
}
