import HTTPTypes
import ProviderKit
import Testing

@testable import ProviderTransport

@Suite("Not sent", .timeLimit(.minutes(5)))
struct NotSentTests {
    /// A port on which nothing listens: it was free a moment ago.
    private func freePort() async throws -> Int {
        try await ScriptedServer.run { _, port in port }
    }

    /// The reason tells that neither the connect timeout nor the call's had to pass: those have reasons of their own.
    @Test("Refused, not timed out", arguments: ["127.0.0.1", "localhost"])
    func refused(host: String) async throws {
        let port = try await freePort()
        try await withTransport("http://\(host):\(port)") { transport in
            #expect(await transport.send(post(), timeout: .seconds(5)).summary == "not sent: connect_refused")
            #expect(await transport.send(get(), timeout: .seconds(5)).summary == "not sent: connect_refused")
        }
    }

    @Test("A peer that does not answer the connect")
    func connectTimeout() async throws {
        let listener = try #require(try DeafListener())
        try await withTransport("http://127.0.0.1:\(listener.port)", connectTimeout: .milliseconds(100)) { transport in
            #expect(await transport.send(post(), timeout: .seconds(5)).summary == "not sent: connect_timeout")
        }
        // The call's own time may be the shorter one.
        try await withTransport("http://127.0.0.1:\(listener.port)", connectTimeout: .seconds(3)) { transport in
            #expect(await transport.send(post(), timeout: .seconds(1)).summary == "not sent: connect_timeout")
        }
    }

    @Test("A peer that accepts and does not answer the TLS handshake")
    func handshakeTimeout() async throws {
        try await ScriptedServer.run { _, port in
            try await withTransport("https://localhost:\(port)", connectTimeout: .milliseconds(300)) { transport in
                #expect(await transport.send(post(), timeout: .seconds(5)).summary == "not sent: connect_timeout")
            }
        }
    }

    @Test("TLS against a peer that speaks something else")
    func handshakeGarbage() async throws {
        try await ScriptedServer.run(onConnect: [.write("SSH-2.0-OpenSSH_9.6\r\n")]) { _, port in
            try await withTransport("https://localhost:\(port)") { transport in
                #expect(await transport.send(post(), timeout: .seconds(5)).summary == "not sent: tls_failed")
            }
        }
    }

    @Test("TLS against a peer that hangs up", arguments: [ScriptedServer.Step.close, .reset])
    func handshakeClosed(step: ScriptedServer.Step) async throws {
        try await ScriptedServer.run(onConnect: [step]) { _, port in
            try await withTransport("https://localhost:\(port)") { transport in
                #expect(await transport.send(post(), timeout: .seconds(5)).summary == "not sent: tls_failed")
            }
        }
    }

    @Test("A name that does not resolve")
    func unknownName() async throws {
        try await withTransport("https://nonexistent.invalid", connectTimeout: .seconds(30)) { transport in
            #expect(await transport.send(post(), timeout: .seconds(30)).summary == "not sent: dns_failed")
        }
    }

    @Test("A path that is no request target writes no headers")
    func invalidPath() async throws {
        try await ScriptedServer.run(script: { _ in [reply()] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                for path in ["/a b", "/a\r\nx: y", "/é", "/\u{7f}"] {
                    let summary = await transport.send(post(path), timeout: .seconds(5)).summary
                    #expect(summary == "not sent: invalid_request")
                }
                #expect(server.record.connections == 0)
            }
        }
    }

    @Test(
        "No connection free in time, be it the connection's or the call's: the call leaves no trace, then or later",
        arguments: [(Duration.milliseconds(400), Duration.seconds(20)), (.seconds(20), .milliseconds(400))])
    func poolExhausted(connectTimeout: Duration, timeout: Duration) async throws {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        try await ScriptedServer.run { server, port in
            try await withTransport(
                "http://127.0.0.1:\(port)", connectTimeout: connectTimeout, maxConnections: 2
            ) { transport in
                async let first = transport.send(post("/1"), timeout: .seconds(20))
                async let second = transport.send(post("/2"), timeout: .seconds(20))
                await server.wait { $0.requests.count == 2 }
                #expect(await transport.send(post("/3"), timeout: timeout).summary == "not sent: no_connection")
                server.sendToAll(ok)
                #expect(await [first.summary, second.summary] == ["replied: 200", "replied: 200"])

                async let last = transport.send(post("/4"), timeout: .seconds(20))
                await server.wait { $0.requests.count == 3 }
                server.sendToAll(ok)
                #expect(await last.summary == "replied: 200")
                #expect(Set(server.record.requests.map(\.target)) == ["/1", "/2", "/4"])
                #expect(server.record.connections == 2)
            }
        }
    }

    @Test("Whatever is called not sent never arrived, not even in part")
    func neverArrived() async throws {
        // Times from nothing to about a round trip, few connections, some of them reset: calls fail at every stage.
        try await ScriptedServer.run(script: { $0.target.hasSuffix("7") ? [.reset] : [reply(body: "ok")] }) {
            server, port in
            let outcomes = try await withTransport("http://127.0.0.1:\(port)", maxConnections: 4) { transport in
                await withTaskGroup(of: [(target: String, summary: String)].self) { group in
                    for worker in 0..<32 {
                        group.addTask {
                            var outcomes: [(String, String)] = []
                            for number in 0..<60 {
                                let target = "/\(worker)/\(number)"
                                let request = number.isMultiple(of: 2) ? post(target) : get(target)
                                let timeout: Duration =
                                    number.isMultiple(of: 5)
                                    ? .seconds(20) : .microseconds(((worker * 60 + number) * 7919) % 6000)
                                outcomes.append((target, await transport.send(request, timeout: timeout).summary))
                            }
                            return outcomes
                        }
                    }
                    return await group.reduce(into: []) { $0 += $1 }
                }
            }
            await server.wait { $0.connectionsEnded == $0.connections }
            let record = server.record
            let arrived = Set(record.requests.map(\.target))
            let notSent = outcomes.filter { $0.summary.hasPrefix("not sent") }
            let replied = outcomes.filter { $0.summary.hasPrefix("replied") }
            #expect(outcomes.count == 32 * 60)
            #expect(!notSent.isEmpty && !replied.isEmpty)
            #expect(arrived.intersection(notSent.map(\.target)) == [])
            #expect(Set(replied.map(\.target)).subtracting(arrived) == [])
            #expect(record.requests.count == arrived.count, "nothing arrived twice")
            let inPart = notSent.map(\.target).filter { target in
                record.fragments.contains { $0.contains(" \(target) HTTP") }
            }
            #expect(inPart == [])
        }
    }

    @Test("No time left")
    func noTime() async throws {
        try await ScriptedServer.run(script: { _ in [reply()] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                #expect(await transport.send(post(), timeout: .zero).summary == "not sent: timeout")
                #expect(await transport.send(post(), timeout: .seconds(-1)).summary == "not sent: timeout")
                #expect(server.record.connections == 0)
            }
        }
    }

    @Test("Canceled before it began, and while it waited for a connection")
    func canceled() async throws {
        let listener = try #require(try DeafListener())
        try await withTransport("http://127.0.0.1:\(listener.port)", connectTimeout: .seconds(2)) { transport in
            let early = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await transport.send(post(), timeout: .seconds(20)).summary
            }
            #expect(await early.value == "not sent: canceled")
            let waiting = Task { await transport.send(post(), timeout: .seconds(20)).summary }
            waiting.cancel()
            #expect(await waiting.value == "not sent: canceled")
        }
    }
}
