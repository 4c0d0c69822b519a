import Fuzzing
@testable import HTTPGateway
import StrictJSON
import Testing

/// Whole requests, changed at random, over sockets: each is answered or its connection ends, never by a 500, and nothing of a
/// card comes back.
@Suite struct RequestFuzzTests {
    private static let card =
        #"{"number":"4242424242424242","exp_month":12,"exp_year":2027,"cvv":"123","holder":"A. Wanjiru"}"#
    private static let paths = [
        "/v1/payments", "/v1/payments/pay_1/capture", "/v1/payments/pay_1/cancel", "/v1/payments/pay_1/refunds",
        "/v1/payments/pay_1/sync", "/v1/routes/explain", "/webhooks/payalo-ke", "/webhooks/payalo-ke/pay_1.0123",
    ]
    private static let bodies = [
        payment(), payment(["method": #""card""#, "mobile_money": nil, "card": card]),
        #"{"amount":2500,"reason":"damaged"}"#,
        #"{"provider_transaction_id":"829727d1-7193-4177-9da8-9765b18699c3"}"#, "{}",
    ].map { Array($0.utf8) }

    @Test(.timeLimit(.minutes(5))) func bodiesAreAnsweredAndTheConnectionGoesOn() async throws {
        try await Harness.run { gateway in
            var statuses: [Int: Int] = [:]
            for var round in Fuzz("bodies on the wire", corpus: Self.bodies, tokens: .json, rounds: 400) {
                let path = round.random.one(of: Self.paths)
                let head =
                    "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(Harness.key)\r\n"
                    + "Content-Type: application/json\r\nIdempotency-Key: k-\(round.number)\r\n"
                    + "Content-Length: \(round.input.count)\r\n\r\n"
                let request = Array(head.utf8) + round.input
                let name = "\(path): \(round)"
                statuses[try await Self.exchange(request, gateway, name), default: 0] += 1
            }
            #expect(statuses[201] != nil && statuses[400] != nil && statuses[422] != nil)
            // What an app may put into a reference is its own affair; a card is not.
            let told = (gateway.recorder.asked + gateway.logs.all).filter { $0.contains("4242424242424242") }
            #expect(told == [])
        }
    }

    /// Sends a request and, where the connection is still there, a good one behind it.
    private static func exchange(_ request: [UInt8], _ gateway: Harness, _ name: String) async throws -> Int {
        try await Wire.connect(port: gateway.port) { wire in
            try await wire.send(request)
            let answer = try await wire.answer()
            check(answer, name)
            if answer["Connection"]?.lowercased() == "close" { return answer.status }
            try await wire.send(
                "GET /v1/payments/none HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(Harness.key)\r\n\r\n")
            let next = try await wire.answer()
            #expect(next.status == 404, "the connection goes on after \(name)")
            return answer.status
        }
    }

    private static func check(_ answer: WireAnswer, _ name: String) {
        #expect((200..<500).contains(answer.status), "\(name)")
        #expect(answer["X-Request-Id"] != nil, "\(name)")
        #expect(!answer.text.contains("4242424242424242"), "\(name)")
        if answer.status >= 400 {
            #expect(answer["Content-Type"] == "application/problem+json" && answer.code != nil, "\(name)")
            #expect((answer.json?["errors"]?.array?.count ?? 0) <= 100 && answer.body.count < 100_000, "\(name)")
        }
    }

    @Test(.timeLimit(.minutes(5))) func changedMessagesEndInAnAnswerOrAClosedConnection() async throws {
        let message =
            "POST /v1/payments?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(Harness.key)\r\n"
            + "Content-Type: application/json\r\nIdempotency-Key: k\r\nX-Request-Id: r-1\r\n"
        let body = payment()
        let corpus = [
            message + "Content-Length: \(body.utf8.count)\r\n\r\n" + body,
            message + "Transfer-Encoding: chunked\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n",
            "GET /v1/payments?status=captured&limit=10 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(Harness.key)\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /v1/payments/pay_1 HTTP/1.0\r\n\r\n",
        ].map { Array($0.utf8) }
        try await Harness.run { gateway in
            for round in Fuzz("messages on the wire", corpus: corpus, tokens: .http, rounds: 400) {
                let answer = try await Wire.connect(port: gateway.port) { wire in
                    // A server need not read what it refuses: the sending may fail.
                    try? await wire.send(round.input)
                    try? await wire.finish()
                    return await wire.rest()
                }
                for status in Self.statuses(in: answer) {
                    // 501 and 505 are refusals of the message.
                    #expect((200..<500).contains(status) || [501, 505].contains(status), "\(status), \(round)")
                }
            }
            let good = try await gateway.send("GET", "/v1/payments")
            #expect(good.status == 200)
        }
    }

    /// The status of each answer in what came back; a message may be several.
    private static func statuses(in answer: [UInt8]) -> [Int] {
        String(decoding: answer, as: UTF8.self).matches(of: /HTTP\/1\.[01] ([0-9]{3})[^\r\n]*\r\n/).compactMap {
            Int($0.output.1)
        }
    }
}
