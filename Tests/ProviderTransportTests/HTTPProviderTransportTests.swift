import HTTPTypes
import Logging
import NIOCore
import NIOSSL
import ProviderKit
import Testing

@testable import ProviderTransport

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` with a transport and shuts it down after.
private func withTransport<Result>(
    _ base: String, connectTimeout: Duration = .seconds(5), maxConnections: Int = 64, extraRootsPath: String? = nil,
    maxReplyBytes: Int = 1 << 20, _ body: (HTTPProviderTransport) async throws -> Result
) async throws -> Result {
    let transport = try HTTPProviderTransport(
        baseURL: base, connectTimeout: connectTimeout, maxConnections: maxConnections,
        extraRootsPath: extraRootsPath, maxReplyBytes: maxReplyBytes, logger: quiet)
    do {
        let result = try await body(transport)
        await transport.shutdown()
        return result
    } catch {
        await transport.shutdown()
        throw error
    }
}

private func post(_ path: String = "/pay", _ body: String = #"{"amount":1}"#) -> ProviderRequest {
    ProviderRequest(.post, path, headers: [.contentType: "application/json"], body: Array(body.utf8))
}

private func get(_ path: String = "/pay/1") -> ProviderRequest { ProviderRequest(.get, path) }

extension Transmission {
    /// In short: what the engine decides by.
    fileprivate var summary: String {
        switch self {
        case .notSent(let failure): "not sent: \(failure.reason)"
        case .sentWithoutReply(let failure): "sent: \(failure.reason)"
        case .replied(let reply): "replied: \(reply.status)"
        }
    }

    fileprivate var reply: ProviderReply? {
        if case .replied(let reply) = self { reply } else { nil }
    }
}

@Suite("Replies", .timeLimit(.minutes(1)))
struct ReplyTests {
    @Test("Method, path, headers and body arrive as they were given, and the reply comes back whole")
    func roundTrip() async throws {
        try await ScriptedServer.run(script: { request in
            [
                reply(
                    "201 Created", headers: "Set-Cookie: a=1\r\nset-cookie: b=2\r\nRetry-After: 7\r\n",
                    body: request.body)
            ]
        }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)/v1/") { transport in
                var request = post("/pay/a%2Fb?x=1%202&y=%C3%A9+z", #"{"amount":100.00,"name":"é"}"#)
                request.headers[.authorization] = "Bearer t"
                let reply = try #require(await transport.send(request, timeout: .seconds(5)).reply)
                #expect(reply.status == 201)
                #expect(reply.body == request.body)
                #expect(reply.retryAfter == .seconds(7))
                #expect(reply.headers[values: .setCookie] == ["a=1", "b=2"])

                let seen = try #require(server.record.requests.first)
                #expect(seen.head.hasPrefix("POST /v1/pay/a%2Fb?x=1%202&y=%C3%A9+z HTTP/1.1\r\n"))
                #expect(seen.header("authorization") == "Bearer t")
                #expect(seen.header("content-type") == "application/json")
                #expect(seen.header("host") == "127.0.0.1:\(port)")
                #expect(seen.body == #"{"amount":100.00,"name":"é"}"#)
                #expect(seen.cameWhole, "head and body leave in one write")
            }
        }
    }

    @Test("Requests without a body: a GET names no length, a POST names zero")
    func bodiless() async throws {
        try await ScriptedServer.run(script: { _ in [reply()] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                #expect(await transport.send(get(), timeout: .seconds(5)).summary == "replied: 200")
                let empty = ProviderRequest(.post, "/void")
                #expect(await transport.send(empty, timeout: .seconds(5)).summary == "replied: 200")
                #expect(server.record.requests.map { $0.header("content-length") } == [nil, "0"])
            }
        }
    }

    @Test("A redirect is a reply, not an order")
    func redirect() async throws {
        try await ScriptedServer.run(script: { _ in [reply("307 Temporary Redirect", headers: "Location: /other\r\n")] }
        ) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                let reply = try #require(await transport.send(post(), timeout: .seconds(5)).reply)
                #expect(reply.status == 307)
                #expect(reply.headers[.location] == "/other")
                #expect(server.record.requests.count == 1)
            }
        }
    }

    @Test("An informational reply is not the reply")
    func informational() async throws {
        try await ScriptedServer.run(script: { _ in [.write("HTTP/1.1 103 Early Hints\r\n\r\n"), reply(body: "ok")] }) {
            _, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                #expect(await transport.send(post(), timeout: .seconds(5)).reply?.body == Array("ok".utf8))
            }
        }
    }

    @Test("Connections are kept: many calls in a row use one")
    func keepAlive() async throws {
        try await ScriptedServer.run(script: { _ in [reply(body: "ok")] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                for _ in 0..<20 {
                    #expect(await transport.send(post(), timeout: .seconds(5)).summary == "replied: 200")
                }
                #expect(server.record.connections == 1)
            }
        }
    }

    @Test("A connection that the provider has ended is not used again")
    func endedConnection() async throws {
        try await ScriptedServer.run(script: { _ in [reply(), .endOutput] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                for round in 1...5 {
                    #expect(await transport.send(post(), timeout: .seconds(5)).summary == "replied: 200")
                    // The client has seen the end, for it has ended its side.
                    await server.wait { $0.connectionsEnded == round }
                }
                #expect(server.record.connections == 5)
            }
        }
    }

    @Test("A hundred at once, over eight connections, each get their own reply")
    func concurrent() async throws {
        try await ScriptedServer.run(script: { request in [reply(body: request.target + request.body)] }) {
            server, port in
            try await withTransport("http://127.0.0.1:\(port)", maxConnections: 8) { transport in
                let answers = await withTaskGroup(of: (Int, [UInt8]?).self) { group in
                    for number in 0..<100 {
                        group.addTask {
                            let request = post("/pay/\(number)", "body \(number)")
                            return (number, await transport.send(request, timeout: .seconds(10)).reply?.body)
                        }
                    }
                    return await group.reduce(into: [Int: [UInt8]]()) { $0[$1.0] = $1.1 }
                }
                #expect(answers.count == 100)
                for (number, body) in answers { #expect(body == Array("/pay/\(number)body \(number)".utf8)) }
                #expect(server.record.requests.count == 100)
                #expect(server.record.connections <= 8)
            }
        }
    }

    @Test("A body larger than the socket's buffer arrives")
    func largeBody() async throws {
        try await ScriptedServer.run(script: { request in [reply(body: "\(request.body.utf8.count)")] }) { _, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                let body = String(repeating: "x", count: 3 << 20)
                let sent = await transport.send(post("/pay", body), timeout: .seconds(10))
                #expect(sent.reply?.body == Array("\(3 << 20)".utf8))
            }
        }
    }

    @Test("A head larger than the channel's buffer arrives, with its body")
    func largeHead() async throws {
        try await ScriptedServer.run(script: { request in [reply(body: request.body)] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                var request = post("/pay", "body")
                request.headers[.cookie] = String(repeating: "c", count: 200_000)
                #expect(await transport.send(request, timeout: .seconds(5)).reply?.body == Array("body".utf8))
                #expect(server.record.requests.first?.header("cookie")?.utf8.count == 200_000)
            }
        }
    }
}

@Suite("Not sent", .timeLimit(.minutes(1)))
struct NotSentTests {
    /// A port on which nothing listens: it was free a moment ago.
    private func freePort() async throws -> Int {
        try await ScriptedServer.run { _, port in port }
    }

    @Test("Refused, at once", arguments: ["127.0.0.1", "localhost"])
    func refused(host: String) async throws {
        let port = try await freePort()
        try await withTransport("http://\(host):\(port)") { transport in
            let start = ContinuousClock.now
            #expect(await transport.send(post(), timeout: .seconds(5)).summary == "not sent: connect_refused")
            #expect(await transport.send(get(), timeout: .seconds(5)).summary == "not sent: connect_refused")
            #expect(ContinuousClock.now - start < .seconds(1))
        }
    }

    @Test("A peer that does not answer the connect")
    func connectTimeout() async throws {
        let listener = try #require(DeafListener())
        try await withTransport("http://127.0.0.1:\(listener.port)", connectTimeout: .milliseconds(100)) { transport in
            #expect(await transport.send(post(), timeout: .seconds(5)).summary == "not sent: connect_timeout")
        }
        // The call's own time may be the shorter one.
        try await withTransport("http://127.0.0.1:\(listener.port)", connectTimeout: .seconds(2)) { transport in
            #expect(await transport.send(post(), timeout: .milliseconds(100)).summary == "not sent: connect_timeout")
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

    @Test("No connection free in time: the call leaves no trace, then or later")
    func poolExhausted() async throws {
        try await ScriptedServer.run { server, port in
            try await withTransport(
                "http://127.0.0.1:\(port)", connectTimeout: .milliseconds(100), maxConnections: 2
            ) { transport in
                async let first = transport.send(post("/1"), timeout: .seconds(20))
                async let second = transport.send(post("/2"), timeout: .seconds(20))
                await server.wait { $0.requests.count == 2 }
                #expect(await transport.send(post("/3"), timeout: .seconds(20)).summary == "not sent: no_connection")
                #expect(
                    await transport.send(post("/4"), timeout: .milliseconds(50)).summary == "not sent: no_connection")
                server.sendToAll("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                #expect(await [first.summary, second.summary] == ["replied: 200", "replied: 200"])

                async let last = transport.send(post("/5"), timeout: .seconds(20))
                await server.wait { $0.requests.count == 3 }
                server.sendToAll("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                #expect(await last.summary == "replied: 200")
                #expect(Set(server.record.requests.map(\.target)) == ["/1", "/2", "/5"])
                #expect(server.record.connections == 2)
            }
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
        let listener = try #require(DeafListener())
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

@Suite("Sent without reply", .timeLimit(.minutes(1)))
struct SentWithoutReplyTests {
    typealias Step = ScriptedServer.Step

    @Test(
        "The provider hangs up once it has the request",
        arguments: [Step.close, .reset], [post(), get()])
    func closed(step: Step, request: ProviderRequest) async throws {
        try await ScriptedServer.run(script: { _ in [step] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                #expect(await transport.send(request, timeout: .seconds(5)).summary == "sent: reset")
                #expect(server.record.requests.count == 1, "never sent again")
            }
        }
    }

    @Test("The provider hangs up before it reads", arguments: [Step.close, .reset])
    func closedUnread(step: Step) async throws {
        try await ScriptedServer.run(onConnect: [step]) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                let summary = await transport.send(post(), timeout: .seconds(5)).summary
                // The hanging up may overtake the request; what it must never be is a reply or a second try.
                #expect(["sent: reset", "not sent: reset"].contains(summary))
                #expect(server.record.connections == 1)
            }
        }
    }

    @Test("The provider hangs up on a kept connection as the next request arrives")
    func keptConnectionClosed() async throws {
        try await ScriptedServer.run(script: { $0.target == "/2" ? [.reset] : [reply()] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                #expect(await transport.send(post("/1"), timeout: .seconds(5)).summary == "replied: 200")
                #expect(await transport.send(post("/2"), timeout: .seconds(5)).summary == "sent: reset")
                #expect(await transport.send(post("/3"), timeout: .seconds(5)).summary == "replied: 200")
                #expect(server.record.requests.map(\.target) == ["/1", "/2", "/3"])
            }
        }
    }

    @Test(
        "What is no whole HTTP reply",
        arguments: [
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nx: \(String(repeating: "y", count: 100_000))\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\(String(repeating: "x: y\r\n", count: 300))content-length: 0\r\n\r\n",
            "\u{0}\u{1}\u{2}garbage\r\n\r\n",
            "SSH-2.0-OpenSSH_9.6\r\n",
            "HTTP/9.9 200 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
        ])
    func garbage(text: String) async throws {
        try await ScriptedServer.run(script: { _ in [.write(text), .close] }) { _, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                #expect(await transport.send(post(), timeout: .seconds(5)).summary == "sent: unreadable_reply")
            }
        }
    }

    @Test("A reply that ends within its head")
    func halfHead() async throws {
        try await ScriptedServer.run(script: { _ in [.write("HTTP/1.1 200 OK\r\ncont"), .close] }) { _, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                let summary = await transport.send(post(), timeout: .seconds(5)).summary
                #expect(["sent: unreadable_reply", "sent: reset"].contains(summary))
            }
        }
    }

    @Test("A reply that is too large, announced or not")
    func tooLarge() async throws {
        let body = String(repeating: "x", count: 2000)
        try await ScriptedServer.run(script: { request in
            switch request.target {
            case "/announced": [reply(body: body)]
            case "/chunked": [.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n\(body)\r\n")]
            default: [reply(body: String(repeating: "x", count: 1000))]
            }
        }) { _, port in
            try await withTransport("http://127.0.0.1:\(port)", maxReplyBytes: 1000) { transport in
                for path in ["/announced", "/chunked"] {
                    #expect(
                        await transport.send(post(path), timeout: .seconds(5)).summary == "sent: unreadable_reply")
                }
                #expect(await transport.send(post("/fits"), timeout: .seconds(5)).reply?.body.count == 1000)
            }
        }
    }

    @Test(
        "The call's time bounds the wait for the head and for the body",
        arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"])
    func timeout(start: String) async throws {
        try await ScriptedServer.run(script: { _ in start.isEmpty ? [] : [.write(start)] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                for request in [post(), get()] {
                    #expect(await transport.send(request, timeout: .milliseconds(200)).summary == "sent: timeout")
                }
                #expect(server.record.connections == 2, "a connection that owes a reply is not used again")
            }
        }
    }

    @Test("A slow reply within the time is a reply")
    func slowReply() async throws {
        try await ScriptedServer.run { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                async let sent = transport.send(post(), timeout: .seconds(20))
                await server.wait { $0.requests.count == 1 }
                server.sendToAll("HTTP/1.1 200 OK\r\ncontent-")
                server.sendToAll("length: 2\r\n\r\no")
                server.sendToAll("k")
                #expect(await sent.reply?.body == Array("ok".utf8))
            }
        }
    }

    @Test("Canceled while the reply was awaited")
    func canceled() async throws {
        try await ScriptedServer.run { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                let call = Task { await transport.send(post(), timeout: .seconds(20)).summary }
                await server.wait { $0.requests.count == 1 }
                call.cancel()
                #expect(await call.value == "sent: canceled")
            }
        }
    }

    @Test("Bytes that nobody asked for end the connection and nothing else")
    func unsolicited() async throws {
        let extra = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        try await ScriptedServer.run(script: { _ in [.write(extra + extra + "x")] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                for round in 1...5 {
                    #expect(await transport.send(post(), timeout: .seconds(5)).summary == "replied: 200")
                    await server.wait { $0.connectionsEnded == round }
                }
            }
        }
        try await ScriptedServer.run(script: { _ in [reply()] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                #expect(await transport.send(post(), timeout: .seconds(5)).summary == "replied: 200")
                server.sendToAll(extra)
                await server.wait { $0.connectionsEnded == 1 }
                #expect(await transport.send(post(), timeout: .seconds(5)).summary == "replied: 200")
            }
        }
    }
}

@Suite("Shutdown", .timeLimit(.minutes(1)))
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
