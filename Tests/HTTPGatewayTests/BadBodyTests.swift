@testable import HTTPGateway
@testable import PaymentEngine
import StrictJSON
import Testing

/// Bodies that must not get past the gateway: what is wrong with each, and where the answer says so.
@Suite struct BadBodyTests {
    /// Not one JSON value: 400 `malformed-request`.
    static let malformed: [(what: String, body: [UInt8])] =
        [
            ("nothing", ""), ("white space", " \n\t "), ("a word", "payment"), ("two values", "{} {}"),
            ("cut in an object", #"{"amount":"#), ("cut in a string", #"{"amount":"10"#),
            ("cut in a literal", "tru"), ("a trailing comma", #"{"amount":1,}"#),
            ("a trailing comma in an array", #"{"items":[1,]}"#), ("a leading comma", #"{,"amount":1}"#),
            ("a missing colon", #"{"amount" 1}"#), ("a missing comma", #"{"amount":1 "currency":"KES"}"#),
            ("single quotes", "{'amount':1}"), ("a bare name", "{amount:1}"), ("a comment", "{} // done"),
            ("a block comment", "/* */{}"), ("a leading zero", #"{"amount":0100}"#),
            ("a plus sign", #"{"amount":+100}"#), ("a bare fraction", #"{"amount":.5}"#),
            ("a bare point", #"{"amount":1.}"#), ("a bare exponent", #"{"amount":1e}"#),
            ("a hex number", #"{"amount":0x10}"#), ("NaN", #"{"amount":NaN}"#), ("Infinity", #"{"amount":Infinity}"#),
            ("a capital literal", #"{"amount":True}"#), ("an unknown escape", #"{"reference":"\x41"}"#),
            ("a short escape", #"{"reference":"\u00"}"#), ("a raw newline in a string", "{\"reference\":\"a\nb\"}"),
            ("a raw NUL in a string", "{\"reference\":\"a\u{0}b\"}"),
            ("a high surrogate alone", #"{"reference":"\ud83d"}"#),
            ("a low surrogate alone", #"{"reference":"\ude00"}"#),
            ("surrogates the wrong way round", #"{"reference":"\ude00\ud83d"}"#),
            ("a duplicate key", #"{"amount":1,"amount":2}"#),
            ("a duplicate key, escaped", #"{"amount":1,"\u0061mount":2}"#),
            ("a duplicate key inside", #"{"card":{"cvv":"123","cvv":"456"}}"#),
            ("33 levels of arrays", String(repeating: "[", count: 33) + String(repeating: "]", count: 33)),
            ("33 levels of objects", String(repeating: #"{"a":"#, count: 33) + "1" + String(repeating: "}", count: 33)),
            ("10,000 brackets", String(repeating: "[", count: 10_000)),
            ("a byte order mark", "\u{FEFF}{}"), ("XML", "<amount>1</amount>"), ("a form", "amount=1&currency=KES"),
        ].map { ($0.0, Array($0.1.utf8)) } + [
            ("a UTF-16 mark", [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00]),
            ("a lone continuation byte", Array(#"{"reference":"a"#.utf8) + [0x80] + Array(#""}"#.utf8)),
            ("an overlong slash", Array(#"{"reference":"a"#.utf8) + [0xC0, 0xAF] + Array(#""}"#.utf8)),
            ("an encoded surrogate", Array(#"{"reference":"a"#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8)),
            ("above U+10FFFF", Array(#"{"reference":"a"#.utf8) + [0xF4, 0x90, 0x80, 0x80] + Array(#""}"#.utf8)),
            ("a cut sequence", Array(#"{"reference":"a"#.utf8) + [0xE2, 0x82] + Array(#""}"#.utf8)),
            ("Latin-1", Array(#"{"reference":"caf"#.utf8) + [0xE9] + Array(#""}"#.utf8)),
            ("a NUL behind the value", Array("{}".utf8) + [0]),
        ]

    @Test func whatIsNotOneJSONValueIsMalformed() async throws {
        try await Harness.run { gateway in
            for (what, body) in Self.malformed {
                let fields = Harness.standard()
                let answer = try await gateway.send("POST", "/v1/payments", fields, body: body)
                #expect(answer.status == 400, "\(what)")
                #expect(answer.code == "malformed-request", "\(what)")
                #expect(answer["Content-Type"] == "application/problem+json", "\(what)")
                #expect(answer.json?["detail"]?.string?.contains("byte") == true, "\(what)")
            }
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    private static let card =
        #"{"number":"4242424242424242","exp_month":12,"exp_year":2027,"cvv":"123","holder":"A. Wanjiru"}"#

    private static func cardPayment(_ card: String) -> String {
        payment(["method": #""card""#, "mobile_money": nil, "card": card])
    }

    private static func card(_ from: String, _ to: String) -> String {
        cardPayment(card.replacing(from, with: to))
    }

    private static let long = String(repeating: "x", count: 1025)
    private static func keys(_ count: Int) -> String {
        "{" + (0..<count).map { #""k\#($0)":"v""# }.joined(separator: ",") + "}"
    }

    /// One JSON value that is no payment: 422 `validation-failed`, with these pointers.
    static let invalid: [(what: String, body: String, pointers: [String])] = [
        ("an array", "[]", [""]), ("a string", #""payment""#, [""]), ("a number", "1", [""]), ("null", "null", [""]),
        (
            "an empty object", "{}",
            ["/amount", "/currency", "/method", "/reference"]
        ),
        ("no amount", payment(["amount": nil]), ["/amount"]),
        ("amount null", payment(["amount": "null"]), ["/amount"]),
        ("amount a string", payment(["amount": #""10000""#]), ["/amount"]),
        ("amount a boolean", payment(["amount": "true"]), ["/amount"]),
        ("amount an object", payment(["amount": #"{"value":1}"#]), ["/amount"]),
        ("amount zero", payment(["amount": "0"]), ["/amount"]),
        ("amount minus zero", payment(["amount": "-0"]), ["/amount"]),
        ("amount negative", payment(["amount": "-1"]), ["/amount"]),
        ("amount with a point", payment(["amount": "100.00"]), ["/amount"]),
        ("amount with an exponent", payment(["amount": "1e4"]), ["/amount"]),
        ("amount a little too large", payment(["amount": "1000000000000"]), ["/amount"]),
        ("amount above 64 bits", payment(["amount": "9223372036854775808"]), ["/amount"]),
        ("amount of 400 digits", payment(["amount": String(repeating: "9", count: 400)]), ["/amount"]),
        ("amount a tiny exponent", payment(["amount": "1e-999999"]), ["/amount"]),
        ("amount a huge exponent", payment(["amount": "1e999999999"]), ["/amount"]),
        ("currency in lower case", payment(["currency": #""kes""#]), ["/currency"]),
        ("currency unknown", payment(["currency": #""XYZ""#]), ["/currency"]),
        ("currency a metal", payment(["currency": #""XAU""#]), ["/currency"]),
        ("currency of two letters", payment(["currency": #""KE""#]), ["/currency"]),
        ("currency a number", payment(["currency": "404"]), ["/currency"]),
        ("currency empty", payment(["currency": #""""#]), ["/currency"]),
        ("currency with a space", payment(["currency": #""KES ""#]), ["/currency"]),
        ("method unknown", payment(["method": #""cash""#]), ["/method"]),
        ("method in capitals", payment(["method": #""Mobile_Money""#]), ["/method"]),
        ("method null", payment(["method": "null"]), ["/method"]),
        ("country unknown", payment(["country": #""XX""#]), ["/country"]),
        ("country in lower case", payment(["country": #""ke""#]), ["/country"]),
        ("country of three letters", payment(["country": #""KEN""#]), ["/country"]),
        ("country a boolean", payment(["country": "false"]), ["/country"]),
        ("capture unknown", payment(["capture": #""later""#]), ["/capture"]),
        ("reference missing", payment(["reference": nil]), ["/reference"]),
        ("reference empty", payment(["reference": #""""#]), ["/reference"]),
        (
            "reference of 65",
            payment(["reference": #""\#(String(repeating: "a", count: 65))""#]), ["/reference"]
        ),
        ("reference with a slash", payment(["reference": #""a/b""#]), ["/reference"]),
        ("reference with a space", payment(["reference": #""a b""#]), ["/reference"]),
        ("reference beyond ASCII", payment(["reference": #""zażółć""#]), ["/reference"]),
        ("description too long", payment(["description": #""\#(long)""#]), ["/description"]),
        ("description with a tab", payment(["description": #""a\tb""#]), ["/description"]),
        ("description with NUL", payment(["description": #""a\u0000b""#]), ["/description"]),
        ("description with DEL", payment(["description": #""a\u007fb""#]), ["/description"]),
        ("a misspelt member", payment(["amout": "1"]), ["/amout"]),
        ("a member with a slash", payment(["a/b~c": "1"]), ["/a~1b~0c"]),
        ("an empty member name", payment(["": "1"]), ["/"]),
        ("customer a string", payment(["customer": #""Ada""#]), ["/customer"]),
        ("customer with an unknown member", payment(["customer": #"{"nam":"Ada"}"#]), ["/customer/nam"]),
        ("an e-mail address without @", payment(["customer": #"{"email":"ada"}"#]), ["/customer/email"]),
        ("two e-mail addresses", payment(["customer": #"{"email":"a@x.com,b@x.com"}"#]), ["/customer/email"]),
        ("a phone of letters", payment(["customer": #"{"phone":"call me"}"#]), ["/customer/phone"]),
        ("no mobile_money", payment(["mobile_money": nil]), ["/mobile_money"]),
        ("mobile_money empty", payment(["mobile_money": "{}"]), ["/mobile_money/phone", "/mobile_money/network"]),
        (
            "a local phone", payment(["mobile_money": #"{"phone":"0712345678","network":"mpesa"}"#]),
            ["/mobile_money/phone"]
        ),
        (
            "a network in capitals", payment(["mobile_money": #"{"phone":"+254712345678","network":"MPESA"}"#]),
            ["/mobile_money/network"]
        ),
        (
            "an unknown member of mobile_money",
            payment(["mobile_money": #"{"phone":"+254712345678","network":"mpesa","pin":"1"}"#]), ["/mobile_money/pin"]
        ),
        ("a card with mobile_money", payment(["card": card]), ["/card"]),
        ("a wallet with mobile_money", payment(["wallet": #"{"network":"applepay"}"#]), ["/wallet"]),
        ("no card", payment(["method": #""card""#, "mobile_money": nil]), ["/card"]),
        (
            "an empty card", cardPayment("{}"),
            ["/card/number", "/card/exp_month", "/card/exp_year", "/card/cvv", "/card/holder"]
        ),
        ("card null", cardPayment("null"), ["/card"]),
        ("a number that fails Luhn", card("4242424242424242", "4242424242424241"), ["/card/number"]),
        ("a number with spaces", card("4242424242424242", "4242 4242 4242 4242"), ["/card/number"]),
        ("a number of 11 digits", card("4242424242424242", "42424242424"), ["/card/number"]),
        ("a number of 20 digits", card("4242424242424242", "42424242424242424242"), ["/card/number"]),
        ("a number as a number", card(#""4242424242424242""#, "4242424242424242"), ["/card/number"]),
        ("a number of Arabic digits", card("4242424242424242", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"), ["/card/number"]),
        ("month 0", card(#""exp_month":12"#, #""exp_month":0"#), ["/card/exp_month"]),
        ("month 13", card(#""exp_month":12"#, #""exp_month":13"#), ["/card/exp_month"]),
        ("month a string", card(#""exp_month":12"#, #""exp_month":"12""#), ["/card/exp_month"]),
        ("a year of two digits", card(#""exp_year":2027"#, #""exp_year":27"#), ["/card/exp_year"]),
        ("last year", card(#""exp_year":2027"#, #""exp_year":2025"#), ["/card/exp_year"]),
        ("a CVV of two digits", card(#""cvv":"123""#, #""cvv":"12""#), ["/card/cvv"]),
        ("a CVV of five digits", card(#""cvv":"123""#, #""cvv":"12345""#), ["/card/cvv"]),
        ("a CVV as a number", card(#""cvv":"123""#, #""cvv":123"#), ["/card/cvv"]),
        ("a CVV of letters", card(#""cvv":"123""#, #""cvv":"abc""#), ["/card/cvv"]),
        ("no holder", card(#","holder":"A. Wanjiru""#, ""), ["/card/holder"]),
        ("a track of the card", card(#""cvv":"123""#, #""cvv":"123","track2":"x""#), ["/card/track2"]),
        ("items an object", payment(["items": "{}"]), ["/items"]),
        ("items empty", payment(["items": "[]"]), ["/items"]),
        ("an item that is a number", payment(["items": "[1]"]), ["/items/0"]),
        (
            "items of another sum",
            payment(["items": #"[{"id":"1","name":"a","unit_amount":1,"quantity":1}]"#]), ["/items"]
        ),
        (
            "items whose sum overflows",
            payment([
                "items": "["
                    + Array(
                        repeating: #"{"id":"1","name":"a","unit_amount":999999999999,"quantity":1000000}"#, count: 20
                    )
                    .joined(separator: ",") + "]"
            ]), ["/items"]
        ),
        (
            "an item of none",
            payment(["items": #"[{"id":"1","name":"a","unit_amount":10000,"quantity":0}]"#]), ["/items/0/quantity"]
        ),
        (
            "an item with a fraction",
            payment(["items": #"[{"id":"1","name":"a","unit_amount":100.5,"quantity":1}]"#]), ["/items/0/unit_amount"]
        ),
        ("return_url over http", payment(["return_url": #""http://shop.example.com/""#]), ["/return_url"]),
        ("return_url a script", payment(["return_url": #""javascript:alert(1)""#]), ["/return_url"]),
        ("return_url with a user", payment(["return_url": #""https://a:b@shop.example.com/""#]), ["/return_url"]),
        ("return_url relative", payment(["return_url": #""/done""#]), ["/return_url"]),
        ("cancel_url empty", payment(["cancel_url": #""""#]), ["/cancel_url"]),
        ("checkout without return_url", payment(["method": #""checkout""#, "mobile_money": nil]), ["/return_url"]),
        (
            "wallet without return_url",
            payment(["method": #""wallet""#, "mobile_money": nil, "wallet": #"{"network":"applepay"}"#]),
            ["/return_url"]
        ),
        ("metadata a list", payment(["metadata": "[]"]), ["/metadata"]),
        ("metadata of 51", payment(["metadata": keys(51)]), ["/metadata"]),
        ("metadata with a number", payment(["metadata": #"{"tier":1}"#]), ["/metadata/tier"]),
        ("metadata with null", payment(["metadata": #"{"tier":null}"#]), ["/metadata/tier"]),
        (
            "metadata with a long key",
            payment(["metadata": "{\"\(String(repeating: "k", count: 41))\":\"v\"}"]),
            ["/metadata/" + String(repeating: "k", count: 41)]
        ),
        (
            "metadata with a long value",
            payment(["metadata": #"{"tier":"\#(String(repeating: "v", count: 501))"}"#]), ["/metadata/tier"]
        ),
        (
            "several at once", payment(["amount": "0", "currency": #""kes""#, "capture": "1", "amout": "1"]),
            ["/amount", "/currency", "/capture", "/amout"]
        ),
    ]

    @Test func whatIsNoPaymentIsRefusedWithEveryPointer() async throws {
        try await Harness.run { gateway in
            for (what, body, pointers) in Self.invalid {
                let answer = try await gateway.send("POST", "/v1/payments", json: body)
                #expect(answer.status == 422, "\(what)")
                #expect(answer.code == "validation-failed", "\(what)")
                #expect(answer.pointers == pointers, "\(what)")
                #expect(answer.json?["type"]?.string == "urn:switchyard:problem:validation-failed", "\(what)")
                #expect(answer.json?["instance"]?.string == answer["X-Request-Id"], "\(what)")
            }
            #expect(gateway.recorder.asked.isEmpty)
        }
    }

    @Test func faultsAreListedToABound() async throws {
        try await Harness.run { gateway in
            let members = (0..<500).map { ("unknown\($0)", "1" as String?) }
            let body = payment(Dictionary(uniqueKeysWithValues: members))
            let answer = try await gateway.send("POST", "/v1/payments", json: body)
            #expect(answer.status == 422)
            #expect(answer.pointers.count == 100)
        }
    }

    @Test func explainNeedsNoCardAndNoKeyAndFollowsTheSameRules() async throws {
        try await Harness.run { gateway in
            let fields = [("Authorization", "Bearer \(Harness.key)"), ("Content-Type", "application/json")]
            let body = payment(["method": #""card""#, "mobile_money": nil])
            let answer = try await gateway.send("POST", "/v1/routes/explain", fields, json: body)
            #expect(answer.status == 200)
            #expect(answer.json?["route"]?.isNull == true)
            #expect(answer.json?["reason"]?.string == "there are no routes")
            #expect(gateway.recorder.asked == ["explain order-1"])
            let bad = try await gateway.send(
                "POST", "/v1/routes/explain", fields, json: payment(["amount": "0"]))
            #expect(bad.pointers == ["/amount"])
        }
    }
}
