import HTTPTypes
import ProviderKit
import Testing

@testable import ProviderTransport

@Suite("Replies", .timeLimit(.minutes(5)))
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
                let lengths = server.record.requests.map { $0.header("content-length") }
                #expect(lengths == [nil, "0"])
            }
        }
    }

    @Test("What frames the message is the transport's to say")
    func framing() async throws {
        try await ScriptedServer.run(script: { request in [reply(body: request.body)] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                var request = post("/pay", "body")
                request.headers[.contentLength] = "1"
                request.headers[.transferEncoding] = "chunked"
                request.headers[.connection] = "close"
                for _ in 0..<2 {
                    #expect(await transport.send(request, timeout: .seconds(5)).reply?.body == Array("body".utf8))
                }
                let seen = try #require(server.record.requests.first)
                #expect(seen.header("content-length") == "4")
                #expect(seen.header("transfer-encoding") == nil)
                #expect(server.record.connections == 1)
            }
        }
    }

    @Test("A reply that ends with the connection, and one after which the server wants none")
    func closing() async throws {
        try await ScriptedServer.run(script: { request in
            request.target == "/eof"
                ? [.write("HTTP/1.1 200 OK\r\n\r\nuntil the end"), .close]
                : [reply(headers: "Connection: close\r\n", body: "last")]
        }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                let eof = await transport.send(post("/eof"), timeout: .seconds(5))
                #expect(eof.reply?.body == Array("until the end".utf8))
                for round in 2...3 {
                    let last = await transport.send(post("/last"), timeout: .seconds(5))
                    #expect(last.reply?.body == Array("last".utf8))
                    await server.wait { $0.connectionsEnded == round }
                }
                #expect(server.record.connections == 3)
            }
        }
    }

    @Test("An idle connection is given back")
    func idle() async throws {
        try await ScriptedServer.run(script: { _ in [reply()] }) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                let start = ContinuousClock.now
                #expect(await transport.send(post(), timeout: .seconds(5)).summary == "replied: 200")
                await server.wait { $0.connectionsEnded == 1 }
                #expect(ContinuousClock.now - start >= HTTPProviderTransport.idleTimeout)
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
