@testable import HTTPGateway
@testable import PaymentEngine
import StrictJSON
import Synchronization
import Testing

/// What a connection may send, and for how long (`server.limits`).
@Suite struct BoundsTests {
    static let get = "GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"

    static func head(_ more: String) -> String {
        "POST /v1/payments HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(Harness.key)\r\n"
            + "Content-Type: application/json\r\nIdempotency-Key: k\r\n\(more)\r\n"
    }

    static var whole: String {
        let body = payment()
        return head("Content-Length: \(body.utf8.count)\r\n") + body
    }

    private static func limits(_ adjust: (inout Listener.Limits) -> Void) -> Listener.Limits {
        var limits = Listener.Limits()
        adjust(&limits)
        return limits
    }

    // MARK: Headers

    @Test func headerFieldsHaveABoundOfNumberAndSize() async throws {
        func request(_ fields: [String]) -> String {
            "GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        }
        func field(_ bytes: Int) -> String { "X-Long: " + String(repeating: "x", count: bytes) }
        let table: [(what: String, request: String, status: Int)] = [
            ("a hundred", request((1..<100).map { "X-Field-\($0): x" }), 404),
            ("a hundred and one", request((1...100).map { "X-Field-\($0): x" }), 431),
            ("a hundred of one name", request([String](repeating: "Accept: */*", count: 100)), 431),
            ("large", request([field(15_000)]), 404), ("too large", request([field(16_384)]), 431),
            ("too large together", request((1...5).map { _ in field(4000) }), 431),
            ("a long path", "GET /\(String(repeating: "x", count: 16_384)) HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        ]
        try await Harness.run { gateway in
            for (what, request, status) in table {
                let answer = try await Wire.connect(port: gateway.port) { wire in
                    try await wire.send(request)
                    let answer = try await wire.answer()
                    if status == 431 { #expect(await wire.ends()) }
                    return answer
                }
                #expect(answer.status == status, "\(what)")
                #expect(answer.code == (status == 431 ? "headers-too-large" : "not-found"), "\(what)")
                #expect(answer["Connection"] == (status == 431 ? "close" : nil), "\(what)")
            }
        }
    }

    @Test func trailersAreHeaderFieldsToo() async throws {
        try await Harness.run { gateway in
            let status = try await Wire.connect(port: gateway.port) { wire in
                let body = payment()
                let length = String(body.utf8.count, radix: 16)
                let trailers = (1...100).map { "X-Trailer-\($0): x\r\n" }.joined()
                try await wire.send(
                    Self.head("Transfer-Encoding: chunked\r\n") + "\(length)\r\n\(body)\r\n0\r\n\(trailers)\r\n")
                return try await wire.answer().status
            }
            #expect(status == 431)
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    @Test func aRequestNamesOneHost() async throws {
        let table: [(request: String, status: Int)] = [
            ("GET /v1/nothing HTTP/1.1\r\n\r\n", 400),
            ("GET /v1/nothing HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
            ("GET /v1/nothing HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", 400),
            ("GET /v1/nothing HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("POST /v1/payments HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400),
            ("GET /v1/nothing HTTP/1.0\r\n\r\n", 404), ("GET /v1/nothing HTTP/1.0\r\nHost: a\r\n\r\n", 404),
            ("GET /v1/nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        ]
        try await Harness.run { gateway in
            for (request, status) in table {
                let answer = try await Wire.connect(port: gateway.port) { wire in
                    try await wire.send(request)
                    let answer = try await wire.answer()
                    if status == 400 { #expect(await wire.ends()) }
                    return answer
                }
                #expect(answer.status == status, "\(request)")
                if status == 400 { #expect(answer.code == "malformed-request", "\(request)") }
            }
        }
    }

    // MARK: Time

    @Test func aRequestHasToArriveInTime() async throws {
        let chunk = "1\r\n{\r\n"
        let table: [(what: String, begun: String, isAnswered: Bool)] = [
            ("half a request line", "GET /v1/pay", true), ("half a header", "GET / HTTP/1.1\r\nHost: loc", true),
            ("no body", Self.head("Content-Length: 10\r\n"), true),
            ("half a body", Self.head("Content-Length: 10\r\n") + "{", true),
            ("half a chunk", Self.head("Transfer-Encoding: chunked\r\n") + "5\r\n{", true),
            ("no last chunk", Self.head("Transfer-Encoding: chunked\r\n") + chunk, true),
            // The answer to the request was given before it came to its end.
            ("a body that nobody wants", "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", false),
        ]
        try await Harness.run(limits: Self.limits { $0.read = .milliseconds(200) }) { gateway in
            for (what, begun, isAnswered) in table {
                for before in ["", Self.get] {
                    try await Wire.connect(port: gateway.port) { wire in
                        if !before.isEmpty {
                            try await wire.send(before)
                            #expect(try await wire.answer().status == 404)
                        }
                        try await wire.send(begun)
                        let answer = try await wire.answer()
                        #expect(answer.status == (isAnswered ? 408 : 404), "\(what)")
                        #expect(answer.code == (isAnswered ? "request-timeout" : "not-found"), "\(what)")
                        if isAnswered { #expect(answer["Connection"] == "close", "\(what)") }
                        #expect(await wire.ends(), "\(what)")
                    }
                }
            }
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    @Test func anIdleConnectionIsNoSlowSender() async throws {
        try await Harness.run(limits: Self.limits { $0.read = .milliseconds(50) }) { gateway in
            try await Wire.connect(port: gateway.port) { quiet in
                try await quiet.send(Self.get)
                #expect(try await quiet.answer().status == 404)
                // Another one shows that the time is over.
                try await Wire.connect(port: gateway.port) { slow in
                    try await slow.send("GET")
                    #expect(try await slow.answer().status == 408)
                }
                try await quiet.send(Self.get)
                #expect(try await quiet.answer().status == 404)
            }
        }
    }

    @Test func whatIsSentAheadTakesNoTimeFromTheAnswer() async throws {
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        try await Harness.run(limits: Self.limits { $0.read = .milliseconds(50) }) { gateway in
            gateway.recorder.script.beforeAnswer = { for await _ in released {} }
            try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(Self.whole + Self.head("Content-Length: 10\r\n") + "{")
                try await Wire.connect(port: gateway.port) { slow in
                    try await slow.send("GET")
                    #expect(try await slow.answer().status == 408)
                }
                release.finish()
                // The time of the second request begins behind the answer to the first.
                #expect(try await wire.answer().status == 201)
                #expect(try await wire.answer().status == 408)
                #expect(await wire.ends())
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func anAnswerHasToBeTaken() async throws {
        let answer = Answer(status: 201) { json in
            json.object { $0.member("id", String(repeating: "x", count: 1 << 20)) }
        }
        let limits = Self.limits {
            // Long enough for the request to be taken up on a busy machine: nobody asks where it is not.
            $0.idle = .seconds(3)
            $0.connections = 1
        }
        try await Harness.run(limits: limits) { gateway in
            gateway.recorder.script.answer = answer
            try await Wire.connect(port: gateway.port, reads: false) { wire in
                wire.begin(String(repeating: Self.whole, count: 100))
                try await gateway.untilAsked()
                try await gateway.untilThereIsRoom()
            }
        }
    }

    // MARK: Number

    @Test func aSurplusConnectionIsToldSo() async throws {
        try await Harness.run(limits: Self.limits { $0.connections = 2 }) { gateway in
            try await Wire.connect(port: gateway.port) { first in
                try await first.send(Self.get)
                #expect(try await first.answer().status == 404)
                try await Wire.connect(port: gateway.port) { second in
                    try await second.send(Self.get)
                    #expect(try await second.answer().status == 404)
                    for _ in 0..<3 {
                        let third = try await gateway.send("GET", "/v1/nothing", [])
                        #expect(third.status == 503)
                        #expect(third.code == "overloaded")
                        #expect(third["Retry-After"] == "1")
                        #expect(third["Connection"] == "close")
                    }
                    try await second.send(Self.get)
                    #expect(try await second.answer().status == 404)
                }
                try await gateway.untilThereIsRoom()
                try await first.send(Self.get)
                #expect(try await first.answer().status == 404)
            }
        }
    }

    // MARK: Pipelines

    @Test func nothingIsBegunBehindAnAnswerThatEndsTheConnection() async throws {
        try await Harness.run { gateway in
            let ends = try await Wire.connect(port: gateway.port) { wire in
                let last = "GET /v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                try await wire.send(last + Self.whole)
                #expect(try await wire.answer()["Connection"] == "close")
                return await wire.ends()
            }
            #expect(ends)
            // A body that is too large is the end too, whatever looks like a request in it.
            let over = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(Self.head("Content-Length: 100000000\r\n") + Self.whole)
                return (try await wire.answer().status, await wire.ends())
            }
            #expect(over == (413, true))
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    @Test func nonsenseBehindARequestIsAnsweredBehindItsAnswer() async throws {
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        try await Harness.run { gateway in
            gateway.recorder.script.beforeAnswer = { for await _ in released {} }
            let statuses = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(Self.whole + Self.get + "NONSENSE\r\n\r\n" + Self.whole)
                release.finish()
                var statuses: [Int] = []
                for _ in 0..<3 { statuses.append(try await wire.answer().status) }
                #expect(await wire.ends())
                return statuses
            }
            #expect(statuses == [201, 404, 400])
            #expect(gateway.recorder.asked.count == 1)
        }
    }

    // MARK: Shutdown

    @Test(.timeLimit(.minutes(5))) func anUnfinishedRequestDoesNotHoldUpAShutdown() async throws {
        let caller = Mutex<Task<[String?], any Error>?>(nil)
        let limits = Self.limits {
            $0.read = .seconds(3600)
            $0.idle = .seconds(3600)
            $0.drain = .milliseconds(100)
        }
        try await Harness.run(limits: limits) { gateway in
            let (sent, didSend) = AsyncStream.makeStream(of: Void.self)
            caller.withLock {
                $0 = Task {
                    try await Wire.connect(port: gateway.port) { wire in
                        try await wire.send(Self.head("Content-Length: 10\r\n") + "{")
                        didSend.finish()
                        return [try await wire.answer().code, await wire.ends() ? "ended" : nil]
                    }
                }
            }
            for await _ in sent {}
            // Once a later connection is answered, the earlier one has been accepted and read from.
            _ = try await gateway.send("GET", "/v1/nothing", [])
        }
        #expect(try await caller.withLock { $0 }?.value == ["shutting-down", "ended"])
    }
}
