@testable import HTTPGateway
@testable import PaymentEngine
import StrictJSON
import Testing

/// Nothing that must stay secret comes back in an answer or a log line, wherever in a request it was put.
@Suite struct SecrecyTests {
    private static let number = "4242424242424242"
    private static let cvv = "987"
    private static let key = Harness.key

    @Test func plantedSecretsStayOutOfAnswersAndLogs() async throws {
        let card =
            #"{"number":"\#(Self.number)","exp_month":12,"exp_year":2027,"cvv":"\#(Self.cvv)","holder":"A"}"#
        let valid = payment(["method": #""card""#, "mobile_money": nil, "card": card])
        var bodies = [valid, String(valid.dropLast()), valid + "x", "{\"card\":\(card),\"card\":\(card)}"]
        // The number in the place of every member, as text, as a number and in a list, and as a name.
        let members = [
            "amount", "currency", "method", "country", "capture", "reference", "description", "customer",
            "mobile_money",
            "wallet", "card", "items", "return_url", "cancel_url", "metadata", "unknown",
        ]
        for member in members {
            for value in [
                "\"\(Self.number) \(Self.cvv)\\n\"", Self.number, "[\"\(Self.number)\"]", "\"\(Self.key)\\t\"",
            ] {
                bodies.append(payment([member: value]))
            }
            bodies.append(payment([member: "{\"\(Self.number)\":\"\(Self.cvv)\\n\"}"]))
        }
        for member in ["number", "exp_month", "exp_year", "cvv", "holder", "extra"] {
            for value in ["\"\(Self.number) \(Self.cvv)\\n\"", Self.number, "[\"\(Self.number)\"]"] {
                let broken = card.replacing("\"\(member)\":", with: "\"\(member)\":\(value),\"was-\(member)\":")
                bodies.append(payment(["method": #""card""#, "mobile_money": nil, "card": broken]))
            }
        }
        bodies.append(payment([Self.number: "1"]))
        bodies.append(payment(["card/\(Self.number)/x": "1"]))
        try await Harness.run { [bodies] gateway in
            for path in ["/v1/payments", "/v1/routes/explain", "/v1/payments/pay_1/refunds", "/v1/payments/pay_1/sync"]
            {
                for body in bodies {
                    // A fresh request id could hold the CVV's digits by chance.
                    let fields = Harness.standard() + [("X-Request-Id", "r")]
                    let answer = try await gateway.send("POST", path, fields, json: body)
                    #expect(answer.status != 500)
                    for secret in [Self.number, Self.cvv, Self.key] {
                        #expect(!answer.text.contains(secret), "\(path) \(answer.text)")
                    }
                }
            }
            // And in the head, well-formed or not.
            for fields in [
                [("Authorization", "Bearer \(Self.key)x")], [("Authorization", "Basic \(Self.key)")],
                [("X-API-Key", Self.key + "x")], Harness.standard() + [("Content-Type", Self.number)],
                Harness.standard() + [("Idempotency-Key", Self.number)],
                Harness.standard() + [("traceparent", Self.number)],
            ] {
                let answer = try await gateway.send("POST", "/v1/payments", fields, json: valid)
                for secret in [Self.number, Self.key] { #expect(!answer.text.contains(secret)) }
            }
            let query = try await gateway.send(
                "GET", "/v1/payments?\(Self.number)=\(Self.number)&limit=\(Self.number)", [("X-API-Key", Self.key)])
            #expect(query.status == 422)
            #expect(!query.text.contains(Self.number))
            let path = try await gateway.send("GET", "/v1/\(Self.number)/\(Self.key)", [])
            #expect(path.status == 404)
            #expect(!path.text.contains(Self.number) && !path.text.contains(Self.key))
            // Broken off in the middle, and a request that no parser takes.
            _ = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send(
                    "POST /v1/payments HTTP/1.1\r\nHost: x\r\nX-API-Key: \(Self.key)\r\nContent-Length: 99\r\n\r\n\(card)"
                )
            }
            _ = try await Wire.connect(port: gateway.port) { wire in
                try await wire.send("POST /\(Self.number) \(Self.key)\r\n\(card)\r\n\r\n")
                return try await wire.answer()
            }
            for line in gateway.logs.all {
                for secret in [Self.number, Self.key, "\"\(Self.cvv)\""] { #expect(!line.contains(secret), "\(line)") }
            }
        }
    }
}
