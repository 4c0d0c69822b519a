@testable import HTTPGateway
@testable import PaymentEngine
import StrictJSON
import Synchronization
import Testing

/// Bodies in pieces, connections that stay and end, callers that are slow or gone.
@Suite struct ConnectionTests {
    private static func head(_ path: String, _ more: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(Harness.key)\r\n"
            + "Content-Type: application/json\r\nIdempotency-Key: k\r\n\(more)\r\n"
    }

    private static func whole(_ body: String, _ more: String = "") -> String {
        head("/v1/payments", "Content-Length: \(body.utf8.count)\r\n\(more)") + body
    }

    @Test func aConnectionCarriesManyRequests() async throws {
        try await Harness.run { gateway in
            let statuses = try await Wire.connect(port: gateway.port) { wire in
                var statuses: [Int] = []
                for body in [payment(), "{", payment(), "{}", payment()] {
                    try await wire.send(Self.whole(body))
                    statuses.append(try await wire.answer().status)
                }
                try await wire.send("GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
                statuses.append(try await wire.answer().status)
                // Three at once are answered in their order.
                try await wire.send(Self.whole(payment()) + Self.whole("{") + Self.whole(payment()))
                for _ in 0..<3 { statuses.append(try await wire.answer().status) }
                return statuses
            }
            #expect(statuses == [201, 400, 201, 422, 201, 404, 201, 400, 201])
        }
    }

    @Test func anUnreadBodyIsSkippedBeforeTheNextRequest() async throws {
        try await Harness.run { gateway in
            let statuses = try await Wire.connect(port: gateway.port) { wire in
                let body = payment()
                let head = "POST /v1/payments HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                try await wire.send(head + body + Self.whole(payment()))
                let first = try await wire.answer().status
                let second = try await wire.answer().status
                return [first, second]
            }
            #expect(statuses == [401, 201])
        }
    }

    @Test func bodiesMayComeInChunks() async throws {
        try await Harness.run { gateway in
            let status = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(Self.head("/v1/payments", "Transfer-Encoding: chunked\r\n"))
                for byte in payment().utf8 { try await wire.send("1\r\n\(Character(Unicode.Scalar(byte)))\r\n") }
                try await wire.send("0\r\n\r\n")
                return try await wire.answer().status
            }
            #expect(status == 201)
            #expect(gateway.recorder.asked == ["create order-1 key=k"])
        }
    }

    @Test func bodiesHaveABound() async throws {
        try await Harness.run(Harness.configuration(maxBody: 1000)) { gateway in
            let fits = payment(["description": "\"\(String(repeating: "d", count: 700))\""])
            let padding = String(repeating: " ", count: 1000 - fits.utf8.count)
            try await #expect(gateway.send("POST", "/v1/payments", json: fits + padding).status == 201)
            let over = try await gateway.send("POST", "/v1/payments", json: fits + padding + " ")
            #expect(over.status == 413)
            #expect(over.code == "payload-too-large")
            #expect(over["Connection"] == "close")

            // Announced and never sent: answered at once.
            let announced = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(Self.head("/v1/payments", "Content-Length: 1000000000\r\n"))
                return try await wire.answer().status
            }
            #expect(announced == 413)
            // Not announced: counted.
            let streamed = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(Self.head("/v1/payments", "Transfer-Encoding: chunked\r\n"))
                let chunk = "64\r\n" + String(repeating: "x", count: 100) + "\r\n"
                for _ in 0..<11 { try await wire.send(chunk) }
                let status = try await wire.answer().status
                return (status, await wire.ends())
            }
            #expect(streamed == (413, true))
            let callback = try await gateway.send(
                "POST", "/webhooks/payalo-ke", [], body: [UInt8](repeating: 0x20, count: 1001))
            #expect(callback.status == 413)
            #expect(gateway.recorder.asked == ["create order-1 key=key-1"])
        }
    }

    @Test func aBodyThatIsHeldBackIsAskedFor() async throws {
        try await Harness.run { gateway in
            let expecting = "Expect: 100-continue\r\n"
            let accepted = try await Wire.connect(port: gateway.port) { wire in
                let body = payment()
                try await wire.send(
                    Self.head("/v1/payments", "Content-Length: \(body.utf8.count)\r\n" + expecting))
                let interim = try await wire.answer().status
                try await wire.send(body)
                let status = try await wire.answer().status
                try await wire.send(Self.whole(payment()))
                return [interim, status, try await wire.answer().status]
            }
            #expect(accepted == [100, 201, 201])
            // Refused before the body: it is not asked for, and the connection ends.
            let refused = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(Self.head("/v1/nothing", "Content-Length: 10\r\n" + expecting))
                let answer = try await wire.answer()
                return (answer.status, answer["Connection"], await wire.ends())
            }
            #expect(refused == (404, "close", true))
        }
    }

    @Test func aCallerMayEndTheConnection() async throws {
        try await Harness.run { gateway in
            let ended = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(Self.whole(payment(), "Connection: close\r\n"))
                let answer = try await wire.answer()
                return (answer.status, answer["Connection"], await wire.ends())
            }
            #expect(ended == (201, "close", true))
        }
    }

    @Test func answersEndConnectionsWhileDraining() async throws {
        try await Harness.run { gateway in
            gateway.recorder.script.isDraining = true
            // Within the grace, callers who have not noticed are still served.
            #expect(try await gateway.send("POST", "/v1/payments", json: payment()).status == 201)
            gateway.recorder.script.takesPayments = false
            let created = try await gateway.send("POST", "/v1/payments", json: payment())
            #expect(created.status == 503)
            #expect(created.code == "shutting-down")
            #expect(created["Retry-After"] == "1")
            // Payments that are there can still be worked on.
            let followUp = try await gateway.send("POST", "/v1/payments/pay_1/capture", json: "{}")
            #expect(followUp.status == 201)
            for path in ["/v1/payments", "/v1/nothing", "/v1/payment-methods"] {
                let ended = try await Wire.connect(port: gateway.port) { wire in
                    try await wire.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(Harness.key)\r\n\r\n")
                    return (try await wire.answer()["Connection"], await wire.ends())
                }
                #expect(ended == ("close", true), "\(path)")
            }
            let creates = gateway.recorder.asked.filter { $0.hasPrefix("create") }
            #expect(creates.count == 1)
        }
    }

    @Test func aRequestUnderWayIsAnsweredThroughAShutdown() async throws {
        let (reached, reach) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        let caller = Mutex<Task<Int?, Never>?>(nil)
        try await Harness.run { gateway in
            gateway.recorder.script.beforeAnswer = {
                reach.finish()
                for await _ in released {}
            }
            let request = Task { try? await gateway.send("POST", "/v1/payments", json: payment()).status }
            caller.withLock { $0 = request }
            for await _ in reached {}
            // The listener shuts down behind this closure. Once it takes no more connections, the engine goes on.
            Task {
                while (try? await gateway.send("GET", "/v1/nothing", [])) != nil {}
                release.finish()
            }
        }
        let status = await caller.withLock { $0 }?.value
        #expect(status == 201)
    }

    @Test func aBodyCutShortIsNotTaken() async throws {
        try await Harness.run { gateway in
            // The part that came is a whole payment: taking it would be paying for half a request.
            _ = try await Wire.connect(port: gateway.port) { wire in
                let body = payment()
                try await wire.send(Self.head("/v1/payments", "Content-Length: \(body.utf8.count + 10)\r\n") + body)
            }
            let answer = try await gateway.send("POST", "/v1/payments", json: payment(["reference": #""second""#]))
            #expect(answer.status == 201)
            #expect(gateway.recorder.asked == ["create second key=key-1"])
        }
    }

    @Test func aConnectionThatIsNewWhenTheListenerClosesIsStillServed() async throws {
        try await Harness.run { gateway in
            let answer = try await Wire.connect(port: gateway.port) { new in
                // Accepted after the other one: once this is answered, both are in.
                try await Wire.connect(port: gateway.port) { used in
                    try await used.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    #expect(try await used.answer().status == 404)
                    await gateway.shutDown()
                    // One that has been answered has nothing on its way: it ends when the listener has closed.
                    #expect(await used.ends())
                }
                await #expect(throws: (any Error).self) { try await gateway.send("GET", "/2", []) }
                try await new.send(Self.whole(payment()))
                return try await new.answer()
            }
            #expect(answer.status == 201)
        }
    }

    @Test func aNewConnectionThatCarriesNothingHoldsUpTheEndForALittleOnly() async throws {
        var limits = Listener.Limits()
        limits.drain = .milliseconds(50)
        try await Harness.run(limits: limits) { gateway in
            let ended = try await Wire.connect(port: gateway.port) { new in
                _ = try await gateway.send("GET", "/1", [])
                await gateway.shutDown()
                return await new.ends()
            }
            #expect(ended)
        }
    }

    @Test func socketsAreLeftForProviders() {
        #expect(DescriptorLimit.connections(8192, of: 1024) == 672)
        #expect(DescriptorLimit.connections(64, of: 1024) == 64)
        #expect(DescriptorLimit.connections(8192, of: 1_048_576) == 8192)
        #expect(DescriptorLimit.connections(8192, of: 64) == 16)
        #expect(DescriptorLimit.connections(8192, of: .max) == 8192)
        #expect(DescriptorLimit.raised > 16)
    }

    @Test func whatIsNotHTTPIsRefused() async throws {
        try await Harness.run { gateway in
            for head in [
                "NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ] {
                let (answer, ends) = try await Wire.connect(port: gateway.port) { wire in
                    try await wire.send(head)
                    return (try await wire.answer(), await wire.ends())
                }
                #expect(answer.status == 400, "\(head.prefix(40))")
                #expect(answer.code == "malformed-request")
                #expect(answer["Connection"] == "close")
                #expect(answer["X-Request-Id"]?.count == 32)
                #expect(ends)
            }
            #expect(gateway.recorder.asked.isEmpty)
        }
    }
}
