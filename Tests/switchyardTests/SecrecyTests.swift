import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// What must stay secret stays out of every answer and every log line, at trace level, wherever it was put.
    @Suite struct SecrecyTests {
        private static let number = "4111111111111111"
        private static let grouped = "4111 1111 1111 1111"
        private static let cvv = "739"
        /// Ours towards the providers, and how each token of the simulated Spayon begins.
        private static let ours = [
            Providers.payaloKey, "sandbox-client", "sandbox-secret", "sandbox-spayon-callback-secret",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        ]
        private static let card =
            #"{"number":"\#(number)","exp_month":12,"exp_year":2099,"cvv":"\#(cvv)","holder":"A. Wanjiru"}"#

        @Test func plantedSecretsNeverComeBack() async throws {
            try await endToEnd { router in
                var answers: [Answered] = []
                // The card where it belongs, and in bodies that are broken beside it.
                let card = #"{"amount":100,"currency":"USD","method":"card","reference":"r","card":\#(Self.card)}"#
                var bodies = [card, card + "x", String(card.dropLast()), card.replacing("}}", with: #"},"x":1}"#)]
                for name in ["number", "exp_month", "exp_year", "cvv", "holder", "extra"] {
                    for value in ["\"\(Self.number) \(Self.cvv)\\n\"", Self.number, "[\"\(Self.number)\"]"] {
                        bodies.append(card.replacing("\"\(name)\":", with: "\"\(name)\":\(value),\"was_\(name)\":"))
                    }
                }
                // In each member of a payment that would otherwise be made.
                for base in [String.mobileMoney, .checkout] {
                    for name in [
                        "amount", "currency", "method", "country", "reference", "description", "mobile_money",
                        "customer", "return_url", "metadata", "items", "unknown", Self.number,
                    ] {
                        for value in [
                            "\"\(Self.number)\"", "\"\(Self.grouped)\"", "{\"\(Self.number)\":\"\(Self.cvv)\\n\"}",
                            "[\"\(Self.grouped)\"]", "{\"id\":\"\(Self.number)\"}", "\"\(Router.shop)\\t\"",
                        ] {
                            bodies.append(Self.planting(value, at: name, in: base))
                        }
                    }
                }
                for (index, body) in bodies.enumerated() {
                    for path in ["/v1/payments", "/v1/routes/explain"] {
                        answers.append(
                            try await router.send(
                                .POST, path, body, ["idempotency-key": "k-\(index)", "x-request-id": "r"]))
                    }
                }
                answers += try await Self.plantedInHeads(of: router)
                answers += try await Self.plantedInCallbacks(to: router)
                answers += try await Self.outages(of: router)

                let statuses = Set(answers.map(\.status))
                #expect(!statuses.contains(500) && statuses.contains(201))
                for answer in answers {
                    let text = "\(answer.headers) \(answer.text)"
                    for secret in [Self.number, Self.grouped, "\"\(Self.cvv)\"", Router.shop] + Self.ours {
                        #expect(!text.contains(secret), "\(answer.status) \(text)")
                    }
                }
                let lines = router.logs.all
                // From the engine, the gateway and the transport, down to what only shows at the finer levels.
                let expected = ["provider call failed", "callback refused", "payalo-ke:create=accepted"]
                let untold = expected.filter { told in !lines.contains { $0.contains(told) } }
                #expect(untold == [])
                for line in lines {
                    for secret in [Self.number, Self.grouped, "\"\(Self.cvv)\"", Router.shop] + Self.ours {
                        #expect(!line.contains(secret), "\(line)")
                    }
                }
            }
        }

        /// The body with one member set to a value of JSON.
        private static func planting(_ value: String, at name: String, in body: String) -> String {
            guard var object = (try? JSONValue(parsing: body))?.object, let value = try? JSONValue(parsing: value)
            else {
                preconditionFailure("both are JSON")
            }
            object[name] = value
            var writer = JSONWriter()
            writer.value(.object(object))
            return String(decoding: writer.bytes, as: UTF8.self)
        }

        private static func plantedInHeads(of router: Router) async throws -> [Answered] {
            var answers: [Answered] = []
            for headers in [
                ["authorization": "Bearer \(Router.shop)x"], ["authorization": "Basic \(Router.shop)"],
                ["x-api-key": Router.shop], ["content-type": number], ["idempotency-key": "\(number) "],
                ["traceparent": number], ["x-request-id": "\(number)/\(Router.shop)"], ["cookie": Router.shop],
            ] {
                answers.append(
                    try await router.send(
                        .POST, "/v1/payments", .checkout, ["idempotency-key": "head"].merging(headers) { $1 }))
            }
            for path in [
                "/v1/payments?\(number)=\(number)&limit=\(number)", "/v1/payments/\(number)", "/v1/\(Router.shop)",
                "/webhooks/\(number)/\(number)", "/v1/payment-methods?currency=\(number)",
            ] {
                answers.append(try await router.send(.GET, path))
            }
            answers.append(try await router.operate(.GET, "/admin/\(number)"))
            _ = try await Wire.exchange(
                port: router.api, Array("POST /\(number) \(Router.shop)\r\n\(card)\r\n\r\n".utf8))
            return answers
        }

        private static func plantedInCallbacks(to router: Router) async throws -> [Answered] {
            var answers: [Answered] = []
            for (provider, header) in [("payalo-ke", "x-api-key"), ("spayon-main", "x-signature")] {
                for body in [card, "{", #"{"status":"\#(number)","gatewayReference":"\#(Providers.payaloKey)"}"#] {
                    for key in [Providers.payaloKey, Router.shop, number] {
                        answers.append(
                            try await router.send(.POST, "/webhooks/\(provider)", body, [header: key]))
                    }
                }
            }
            return answers
        }

        /// All that a provider can do to a request, with the keys and tokens that it carries.
        private static func outages(of router: Router) async throws -> [Answered] {
            var answers: [Answered] = []
            let providers = router.providers
            for (provider, body) in [("payalo", String.mobileMoney), ("spayon", .checkout)] {
                for fault in [
                    "token_revoked", "500", "503", "html_502", "garbage_json", "rate_limit", "reset_before_reply",
                ] {
                    try await providers.fault(provider, fault)
                    answers.append(try await router.pay("\(provider)-\(fault)", body))
                }
            }
            try await providers.fault("spayon", "token_revoked", #""count":5"#)
            answers.append(try await router.pay("spayon-no-token", .checkout))
            try await providers.fault("payalo", "refuse")
            answers.append(try await router.pay("refused"))
            try await providers.clearFaults()
            answers.append(try await router.pay("after-all"))
            answers.append(try await router.operate(.GET, "/admin/providers"))
            answers.append(try await router.operate(.GET, "/admin/payments"))
            return answers
        }
    }
}
