import HTTPTypes
import ProviderKit
import Testing

@testable import ProviderTransport

@Suite("Sent without reply", .timeLimit(.minutes(5)))
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
                // The hanging up may overtake the request, and the connecting itself; what it must never be is a reply, a
                // second try, or 'not sent' for what arrived.
                #expect(["sent: reset", "not sent: reset", "not sent: connect_failed"].contains(summary))
                if summary.hasPrefix("not sent") { #expect(server.record.requests.isEmpty) }
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

    @Test("A reply whose head has too many fields or too many bytes")
    func largeHead() async throws {
        @Sendable func head(fields: Int, bytes: Int) -> String {
            let value = String(repeating: "x", count: bytes)
            return "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"
                + (1...fields).map { "x-field-\($0): \(value)\r\n" }.joined() + "\r\n"
        }
        try await ScriptedServer.run(script: { request in
            switch request.target {
            case "/many": [.write(head(fields: 100, bytes: 1))]
            case "/large": [.write(head(fields: 1, bytes: 70_000))]
            case "/large-together": [.write(head(fields: 50, bytes: 1500))]
            default: [.write(head(fields: 99, bytes: 500))]
            }
        }) { _, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                for path in ["/many", "/large", "/large-together"] {
                    #expect(
                        await transport.send(post(path), timeout: .seconds(5)).summary == "sent: unreadable_reply",
                        "\(path)")
                }
                #expect(await transport.send(post("/fits"), timeout: .seconds(5)).summary == "replied: 200")
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
                    #expect(await transport.send(request, timeout: .seconds(1)).summary == "sent: timeout")
                }
                // A connection that owes a reply is not used again.
                await server.wait { $0.connections == 2 }
            }
        }
    }

    @Test("A refusal that comes before the request was read, then the end")
    func earlyRefusal() async throws {
        let refusal = ScriptedServer.Step.write(
            "HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        try await ScriptedServer.run(onConnect: [refusal, .close]) { server, port in
            try await withTransport("http://127.0.0.1:\(port)") { transport in
                for size in [10, 3 << 20] {
                    let request = post("/pay", String(repeating: "x", count: size))
                    let summary = await transport.send(request, timeout: .seconds(5)).summary
                    // The reset that the unread request provokes may overtake the refusal.
                    #expect(["replied: 413", "sent: reset"].contains(summary))
                }
                #expect(server.record.connections == 2)
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
