import Foundation
@testable import HTTPGateway
@testable import PaymentEngine
import NIOCore
import StrictJSON
import Synchronization
import Testing

/// Many connections and much on one of them: good requests are answered beside it, and memory stays flat.
@Suite(.serialized) struct FloodTests {
    /// Bytes of memory that the process has, both sides of the sockets in it; nil where the system does not tell.
    private static var memory: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return kilobytes * 1024
    }

    /// Runs `work` and expects that the process has not grown by more than so many bytes then.
    private static func growing(
        atMost bytes: Int, _ work: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = memory
        try await work()
        guard let before, let after = memory else { return }
        #expect(after - before < bytes, sourceLocation: sourceLocation)
    }

    /// Sends a byte at a time until the other side answers, and returns the status.
    private static func dribble(_ begun: String, port: Int, _ didBegin: @Sendable @escaping () -> Void) async -> Int? {
        try? await Wire.connect(port: port) { wire in
            try await wire.send(begun)
            didBegin()
            let dribbling = wire.dribble()
            defer { dribbling.cancel() }
            return try await wire.answer().status
        }
    }

    @Test(.enabled(if: DescriptorLimit.raised >= 4096), .timeLimit(.minutes(5)))
    func aThousandSlowSendersStopNobody() async throws {
        var limits = Listener.Limits()
        limits.read = .seconds(3)
        try await Harness.run(limits: limits) { gateway in
            let (begun, didBegin) = AsyncStream.makeStream(of: Void.self)
            try await Self.growing(atMost: 256 << 20) {
                try await withThrowingTaskGroup(of: Int?.self) { slow in
                    // A hundred more once the last ones are there: the others of this process want to connect too.
                    var beginnings = begun.makeAsyncIterator()
                    for number in 0..<1000 {
                        let begin =
                            number.isMultiple(of: 2)
                            ? "POST /v1/payments HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
                            : BoundsTests.head("Content-Length: 1000\r\n") + "{"
                        slow.addTask { await Self.dribble(begin, port: gateway.port) { didBegin.yield() } }
                        guard (number + 1).isMultiple(of: 100) else { continue }
                        for _ in 0..<100 { await beginnings.next() }
                    }
                    let statuses = try await withThrowingTaskGroup(of: Int.self) { good in
                        for _ in 0..<100 {
                            good.addTask { try await gateway.send("POST", "/v1/payments", json: payment()).status }
                        }
                        return try await good.reduce(into: []) { $0.append($1) }
                    }
                    #expect(statuses == [Int](repeating: 201, count: 100))
                    var answers: [Int?: Int] = [:]
                    for try await status in slow { answers[status, default: 0] += 1 }
                    #expect(answers == [408: 1000])
                }
            }
            #expect(gateway.recorder.asked.count == 100)
        }
    }

    @Test func aHeaderOfTenMegabytes() async throws {
        try await Harness.run { gateway in
            let header = "GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + String(repeating: "x", count: 10 << 20) + "\r\n\r\n"
            try await Self.growing(atMost: 64 << 20) {
                for _ in 0..<4 {
                    let status = try await Wire.connect(port: gateway.port) { wire in
                        wire.begin(header)
                        return try await wire.answer().status
                    }
                    #expect(status == 431)
                }
            }
            #expect(try await gateway.send("POST", "/v1/payments", json: payment()).status == 201)
        }
    }

    @Test func bodiesBeyondTheirBound() async throws {
        try await Harness.run { gateway in
            let megabyte = String(repeating: "x", count: 1 << 20)
            let bodies = [
                BoundsTests.head("Content-Length: \(10 << 20)\r\n") + String(repeating: megabyte, count: 10),
                BoundsTests.head("Transfer-Encoding: chunked\r\n")
                    + String(repeating: "100000\r\n\(megabyte)\r\n", count: 10) + "0\r\n\r\n",
            ]
            try await Self.growing(atMost: 64 << 20) {
                for body in bodies + bodies {
                    let answer = try await Wire.connect(port: gateway.port) { wire in
                        wire.begin(body)
                        return try await wire.answer()
                    }
                    #expect(answer.status == 413)
                    #expect(answer["Connection"] == "close")
                }
            }
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    /// The caller sends thousands of requests and reads no answer: the server stops reading, and in the end hangs up.
    @Test(.timeLimit(.minutes(5))) func aPipelineWhoseAnswersNobodyReads() async throws {
        var limits = Listener.Limits()
        limits.idle = .milliseconds(500)
        limits.connections = 1
        let answer = Answer(status: 201) { json in
            json.object { $0.member("id", String(repeating: "x", count: 100_000)) }
        }
        try await Harness.run(limits: limits) { gateway in
            gateway.recorder.script.answer = answer
            try await Self.growing(atMost: 128 << 20) {
                try await Wire.connect(port: gateway.port, reads: false) { wire in
                    wire.begin(String(repeating: BoundsTests.whole, count: 10_000))
                    try await gateway.untilAsked()
                    try await gateway.untilThereIsRoom()
                }
            }
            // What fits the buffers of both kernels.
            #expect(gateway.recorder.asked.count < 1000)
        }
    }

    /// A pipeline is answered in its order; of one that is too long the rest is not.
    @Test func aPipelineThatIsRead() async throws {
        try await Harness.run { gateway in
            let (short, long) = (200, 20_000)
            let answered = try await Wire.connect(port: gateway.port) { wire in
                wire.begin(String(repeating: BoundsTests.get, count: short))
                var count = 0
                while count < short {
                    guard try await wire.answer().status == 404 else { break }
                    count += 1
                }
                return count
            }
            #expect(answered == short)
            try await Self.growing(atMost: 64 << 20) {
                let statuses = await Self.statuses(ofPipeline: long, port: gateway.port)
                #expect(Set(statuses) == [404])
                #expect(statuses.count <= long)
            }
        }
    }

    private static func statuses(ofPipeline length: Int, port: Int) async -> [Int] {
        let statuses = Mutex<[Int]>([])
        try? await Wire.connect(port: port) { wire in
            wire.begin(String(repeating: BoundsTests.get, count: length))
            while true {
                let status = try await wire.answer().status
                statuses.withLock { $0.append(status) }
            }
        }
        return statuses.withLock { $0 }
    }

    @Test(.enabled(if: DescriptorLimit.raised >= 4096))
    func manyConnectionsBeyondTheBound() async throws {
        var limits = Listener.Limits()
        limits.connections = 50
        limits.linger = .milliseconds(50)
        try await Harness.run(limits: limits) { gateway in
            let (opened, didOpen) = AsyncStream.makeStream(of: Void.self)
            let (released, release) = AsyncStream.makeStream(of: Void.self)
            let holders = Task {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            try? await Wire.connect(port: gateway.port) { wire in
                                try await wire.send(BoundsTests.get)
                                _ = try await wire.answer()
                                didOpen.yield()
                                for await _ in released {}
                            }
                        }
                    }
                }
            }
            var count = 0
            for await _ in opened {
                count += 1
                if count == 50 { break }
            }
            let surplus = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<300 {
                    group.addTask {
                        try await Wire.connect(port: gateway.port) { wire in try await wire.answer().status }
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(surplus == [503: 300])
            release.finish()
            await holders.value
            try await gateway.untilThereIsRoom()
        }
    }
}
