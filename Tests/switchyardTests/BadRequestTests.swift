import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// Requests that nothing good can come of: each gets the right problem, and no provider hears of any.
    @Suite struct BadRequestTests {
        private static let card =
            #"{"number":"4242424242424242","exp_month":12,"exp_year":2099,"cvv":"123","holder":"A. Wanjiru"}"#

        /// A valid body with members replaced: a nil takes one away.
        private static func body(_ changes: [String: String?] = [:]) -> String {
            var members = [
                "amount": "10000", "currency": #""KES""#, "method": #""mobile_money""#, "reference": #""order-1""#,
                "mobile_money": #"{"phone":"+254712345678","network":"mpesa"}"#,
            ]
            for (name, value) in changes { members[name] = value }
            return "{" + members.sorted { $0.key < $1.key }.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        }

        private static func card(_ from: String, _ to: String) -> String {
            body(["method": #""card""#, "mobile_money": nil, "card": card.replacing(from, with: to)])
        }

        /// 400 `malformed-request`.
        private static let malformed: [[UInt8]] =
            [
                "", " ", "payment", "{} {}", #"{"amount":"#, #"{"amount":1,}"#, "{'amount':1}", "{amount:1}",
                #"{"amount":0100}"#, #"{"amount":+1}"#, #"{"amount":.5}"#, #"{"amount":0x10}"#, #"{"amount":NaN}"#,
                #"{"reference":"\x41"}"#, "{\"reference\":\"a\nb\"}", #"{"reference":"\ud83d"}"#,
                #"{"amount":1,"amount":2}"#, #"{"amount":1,"\u0061mount":2}"#, #"{"card":{"cvv":"1","cvv":"2"}}"#,
                String(repeating: "[", count: 33) + String(repeating: "]", count: 33),
                String(repeating: "[", count: 10_000), "\u{FEFF}" + body(), "amount=1&currency=KES",
                body() + ",",
            ].map { Array($0.utf8) } + [
                [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], Array(#"{"reference":"a"#.utf8) + [0x80, 0x22, 0x7D],
                Array(#"{"reference":"a"#.utf8) + [0xC0, 0xAF, 0x22, 0x7D],
                Array(#"{"reference":"a"#.utf8) + [0xED, 0xA0, 0x80, 0x22, 0x7D], Array(body().utf8) + [0],
            ]

        /// 422 `validation-failed` at these pointers.
        private static let invalid: [(body: String, pointers: [String])] = [
            ("[]", [""]), ("null", [""]), ("1", [""]),
            ("{}", ["/amount", "/currency", "/method", "/reference"]),
            (body(["amount": nil]), ["/amount"]), (body(["amount": "null"]), ["/amount"]),
            (body(["amount": #""10000""#]), ["/amount"]), (body(["amount": "0"]), ["/amount"]),
            (body(["amount": "-1"]), ["/amount"]), (body(["amount": "100.00"]), ["/amount"]),
            (body(["amount": "1e4"]), ["/amount"]), (body(["amount": "1000000000000"]), ["/amount"]),
            (body(["amount": "9223372036854775808"]), ["/amount"]),
            (body(["amount": String(repeating: "9", count: 400)]), ["/amount"]),
            (body(["amount": "1e999999999"]), ["/amount"]), (body(["amount": "{}"]), ["/amount"]),
            (body(["currency": #""kes""#]), ["/currency"]), (body(["currency": #""XYZ""#]), ["/currency"]),
            (body(["currency": "404"]), ["/currency"]), (body(["currency": #""XAU""#]), ["/currency"]),
            (body(["method": #""cash""#]), ["/method"]), (body(["method": "[]"]), ["/method"]),
            (body(["country": #""ke""#]), ["/country"]), (body(["country": #""XX""#]), ["/country"]),
            (body(["capture": #""later""#]), ["/capture"]), (body(["capture": "true"]), ["/capture"]),
            (body(["reference": nil]), ["/reference"]), (body(["reference": #""""#]), ["/reference"]),
            (body(["reference": #""a b""#]), ["/reference"]), (body(["reference": #""zażółć""#]), ["/reference"]),
            (body(["reference": #""\#(String(repeating: "a", count: 65))""#]), ["/reference"]),
            (body(["description": #""\#(String(repeating: "x", count: 1025))""#]), ["/description"]),
            (body(["description": #""a\u0000b""#]), ["/description"]),
            (body(["description": #""paid with 4242 4242 4242 4242""#]), ["/description"]),
            (body(["amout": "1"]), ["/amout"]), (body(["a/b~c": "1"]), ["/a~1b~0c"]),
            (body(["customer": #""Ada""#]), ["/customer"]), (body(["customer": #"{"nam":"A"}"#]), ["/customer/nam"]),
            (body(["customer": #"{"email":"ada"}"#]), ["/customer/email"]),
            (body(["customer": #"{"phone":"call me"}"#]), ["/customer/phone"]),
            (body(["mobile_money": nil]), ["/mobile_money"]),
            (body(["mobile_money": "{}"]), ["/mobile_money/phone", "/mobile_money/network"]),
            (
                body(["mobile_money": #"{"phone":"0712345678","network":"mpesa"}"#]), ["/mobile_money/phone"]
            ),
            (
                body(["mobile_money": #"{"phone":"+254712345678","network":"mpesa","pin":"1"}"#]),
                ["/mobile_money/pin"]
            ),
            (body(["card": card]), ["/card"]),
            (body(["method": #""card""#, "mobile_money": nil]), ["/card"]),
            (card("4242424242424242", "4242424242424241"), ["/card/number"]),
            (card("4242424242424242", "4242 4242 4242 4242"), ["/card/number"]),
            (card(#""4242424242424242""#, "4242424242424242"), ["/card/number"]),
            (card(#""exp_month":12"#, #""exp_month":13"#), ["/card/exp_month"]),
            (card(#""exp_year":2099"#, #""exp_year":2020"#), ["/card/exp_year"]),
            (card(#""exp_year":2099"#, #""exp_year":99"#), ["/card/exp_year"]),
            (card(#""cvv":"123""#, #""cvv":"12""#), ["/card/cvv"]),
            (card(#""cvv":"123""#, #""cvv":123"#), ["/card/cvv"]),
            (card(#","holder":"A. Wanjiru""#, ""), ["/card/holder"]),
            (card(#""cvv":"123""#, #""cvv":"123","track2":"x""#), ["/card/track2"]),
            (body(["items": "{}"]), ["/items"]), (body(["items": "[1]"]), ["/items/0"]),
            (body(["items": #"[{"id":"1","name":"a","unit_amount":1,"quantity":1}]"#]), ["/items"]),
            (body(["return_url": #""http://shop.example.com/""#]), ["/return_url"]),
            (body(["return_url": #""javascript:alert(1)""#]), ["/return_url"]),
            (body(["cancel_url": #""https://a:b@shop.example.com/""#]), ["/cancel_url"]),
            (body(["method": #""checkout""#, "mobile_money": nil]), ["/return_url"]),
            (
                body(["method": #""wallet""#, "mobile_money": nil, "wallet": #"{"network":"applepay"}"#]),
                ["/return_url"]
            ),
            (body(["metadata": "[]"]), ["/metadata"]), (body(["metadata": #"{"tier":1}"#]), ["/metadata/tier"]),
            (body(["amount": "0", "currency": "1", "amout": "1"]), ["/amount", "/currency", "/amout"]),
        ]

        /// What is wrong with the head.
        private static let heads: [(headers: [String: String], status: Int, code: String)] = [
            (["authorization": "Bearer nobody"], 401, "unauthenticated"),
            (["authorization": "Basic ZGVtbw=="], 401, "unauthenticated"),
            (["authorization": ""], 401, "unauthenticated"),
            (["content-type": "text/plain"], 415, "unsupported-media-type"),
            (["content-type": "application/x-www-form-urlencoded"], 415, "unsupported-media-type"),
            (["idempotency-key": ""], 400, "idempotency-key-invalid"),
            (["idempotency-key": "a b"], 400, "idempotency-key-invalid"),
            (["idempotency-key": String(repeating: "k", count: 256)], 400, "idempotency-key-invalid"),
        ]

        @Test func eachGetsItsProblemAndNoneReachesAProvider() async throws {
            try await endToEnd(.shipped) { router in
                for (index, bytes) in Self.malformed.enumerated() {
                    let answer = try await router.sendRaw(bytes, key: "m-\(index)")
                    #expect(answer.status == 400, "malformed \(index)")
                    #expect(answer["code"] == "malformed-request", "malformed \(index)")
                }
                for (index, (body, pointers)) in Self.invalid.enumerated() {
                    let answer = try await router.pay("i-\(index)", body)
                    #expect(answer.status == 422, "\(body.prefix(200))")
                    #expect(answer["code"] == "validation-failed", "\(body.prefix(200))")
                    #expect(answer.pointers == pointers, "\(body.prefix(200))")
                    #expect(answer.header("content-type") == "application/problem+json")
                    #expect(answer["instance"] == answer.header("x-request-id"))
                }
                for (index, (headers, status, code)) in Self.heads.enumerated() {
                    let all = ["idempotency-key": "h-\(index)"].merging(headers) { $1 }
                    let answer = try await router.send(.POST, "/v1/payments", .mobileMoney, all)
                    #expect(answer.status == status, "\(headers)")
                    #expect(answer["code"] == code, "\(headers)")
                }
                let keyless = try await router.send(.POST, "/v1/payments", .mobileMoney)
                #expect(keyless.status == 400)
                #expect(keyless["code"] == "idempotency-key-missing")
                let large = #"{"description":"\#(String(repeating: "x", count: 70_000))"}"#
                let oversized = try await router.pay("large", large)
                #expect(oversized.status == 413)
                #expect(oversized["code"] == "payload-too-large")
                #expect(try await router.send(.DELETE, "/v1/payments").status == 405)
                #expect(try await router.send(.POST, "/v1/payment", "{}").status == 404)
                let unrouted = try await router.pay(
                    "card", Self.body(["method": #""card""#, "mobile_money": nil, "card": Self.card]))
                #expect(unrouted.status == 422)
                #expect(unrouted["code"] == "no-route")
                let elsewhere = try await router.pay("country", Self.body(["country": #""UG""#]))
                #expect(elsewhere["code"] == "no-route")

                #expect(try await router.providers.received("payalo").isEmpty)
                #expect(try await router.providers.received("spayon").isEmpty)
                // It was the requests, and not the router.
                #expect(try await router.pay("good").status == 201)
            }
        }

        /// What no client library would send.
        private static let garbage = [
            "\r\n\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}\u{00}\u{01}", "HELO mail\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n", "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /v1/payments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
            "GET /v1/payments HTTP/1.1\r\nHo st: x\r\n\r\n", "GET /\u{0} HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /v1/payments HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n",
            "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: x\r\n\r\n",
            String(repeating: "\u{7f}", count: 5000) + "\r\n\r\n",
        ]

        @Test(.timeLimit(.minutes(5)))
        func garbageOnTheSocketEndsInARefusal() async throws {
            try await endToEnd(.shipped) { router in
                for (index, bytes) in Self.garbage.enumerated() {
                    for port in [router.api, router.admin] {
                        // Our half is closed behind it, so that nobody waits for more.
                        let answer = try await Wire.exchange(port: port, Array(bytes.utf8))
                        let status = answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
                        #expect(answer.isEmpty || (400..<500).contains(status ?? 0), "\(index): \(answer.prefix(200))")
                    }
                }
                #expect(try await router.providers.received("payalo").isEmpty)
                #expect(try await router.pay("good").status == 201)
            }
        }
    }
}

extension Router {
    /// A create whose body is any bytes.
    func sendRaw(_ body: [UInt8], key: String) async throws -> Answered {
        try await providers.http.answer(
            .POST, "http://127.0.0.1:\(api)/v1/payments",
            ["authorization": "Bearer \(Self.shop)", "content-type": "application/json", "idempotency-key": key], body
        ).described(.POST, "/v1/payments", body)
    }
}
