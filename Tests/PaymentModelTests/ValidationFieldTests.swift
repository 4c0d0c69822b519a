import PaymentModel
import StrictJSON
import Testing

/// One mistake at a time, field by field: exactly one fault, at exactly this pointer, in exactly these words.
@Suite struct ValidationFieldTests {
    struct Mistake: Sendable {
        let method: PaymentMethod
        /// Where in the body, without the leading slash; what to put there, nil to take it away.
        let path: String
        let value: JSONValue?
        let detail: String
        /// The pointer of the fault where it is not `/` + path.
        let pointer: String

        init(_ method: PaymentMethod, _ path: String, _ value: JSONValue?, _ detail: String, at pointer: String? = nil)
        {
            self.method = method
            self.path = path
            self.value = value
            self.detail = detail
            self.pointer = pointer ?? "/" + path
        }
    }

    private static func number(_ text: String) -> JSONValue {
        guard let number = JSONNumber(text: text) else { preconditionFailure("no number \(text)") }
        return .number(number)
    }

    private static func text(_ count: Int, of character: Character = "a") -> JSONValue {
        .string(String(repeating: character, count: count))
    }

    private static let control = "must not contain control characters"
    private static let empty = "must not be empty"

    // MARK: Required members

    static let required: [Mistake] =
        ["amount", "currency", "method", "reference"].map { Mistake(.checkout, $0, nil, "is required") }
        + ["return_url"].map { Mistake(.checkout, $0, nil, "is required") }
        + ["return_url", "wallet", "wallet/network"].map { Mistake(.wallet, $0, nil, "is required") }
        + ["mobile_money", "mobile_money/phone", "mobile_money/network"].map {
            Mistake(.mobileMoney, $0, nil, "is required")
        }
        + ["card", "card/number", "card/exp_month", "card/exp_year", "card/cvv", "card/holder"].map {
            Mistake(.card, $0, nil, "is required")
        }
        + ["id", "name", "unit_amount", "quantity"].map { Mistake(.card, "items/0/" + $0, nil, "is required") }

    // MARK: Types: null and a value of every other type

    private static let strings: [(PaymentMethod, String)] = [
        (.checkout, "currency"), (.checkout, "method"), (.checkout, "country"), (.checkout, "capture"),
        (.checkout, "reference"), (.checkout, "description"), (.checkout, "return_url"), (.checkout, "cancel_url"),
        (.checkout, "customer/id"), (.checkout, "customer/name"), (.checkout, "customer/email"),
        (.checkout, "customer/phone"), (.checkout, "customer/national_id"), (.checkout, "items/0/id"),
        (.checkout, "items/0/name"), (.checkout, "metadata/tier"), (.card, "card/number"), (.card, "card/cvv"),
        (.card, "card/holder"), (.mobileMoney, "mobile_money/phone"), (.mobileMoney, "mobile_money/network"),
        (.wallet, "wallet/network"), (.wallet, "wallet/phone"),
    ]
    private static let integers: [(PaymentMethod, String)] = [
        (.checkout, "amount"), (.checkout, "items/0/unit_amount"), (.checkout, "items/0/quantity"),
        (.card, "card/exp_month"),
        (.card, "card/exp_year"),
    ]
    private static let objects: [(PaymentMethod, String)] = [
        (.checkout, "customer"), (.checkout, "metadata"), (.checkout, "items/0"), (.card, "card"),
        (.mobileMoney, "mobile_money"), (.wallet, "wallet"),
    ]
    private static let values: [(JSONValue, String)] = [
        (.null, "null"), (.bool(true), "a boolean"), (number("7"), "a number"), (.string("7"), "a string"),
        (.array([]), "an array"), (.object([:]), "an object"),
    ]

    static let types: [Mistake] = [
        (strings, "a string", "must be a string, not "), (integers, "a number", "must be an integer, not "),
        (objects, "an object", "must be an object, not "),
        ([(.checkout, "items")], "an array", "must be an array, not "),
    ].flatMap { (members: [(PaymentMethod, String)], right: String, detail: String) in
        members.flatMap { method, path in
            values.filter { $0.1 != right }.map { Mistake(method, path, $0.0, detail + $0.1) }
        }
    }

    // MARK: The rules of each field

    static let numbers: [Mistake] =
        ["1.0", "1.5", "1e2", "100E0", "-0.0"].flatMap { text in
            [
                ("amount", PaymentMethod.checkout), ("items/0/unit_amount", .checkout), ("items/0/quantity", .checkout),
                ("card/exp_month", .card),
            ]
            .map { Mistake($0.1, $0.0, number(text), "must be an integer without a point or an exponent") }
        }
        + [
            "0", "-0", "-1", "1000000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
            "99999999999999999999",
        ].map {
            Mistake(.checkout, "amount", number($0), "must be from 1 to 999999999999")
        }
        + ["-1", "1000000000000", "99999999999999999999"].map {
            Mistake(.checkout, "items/0/unit_amount", number($0), "must be from 0 to 999999999999")
        }
        + ["0", "-1", "1000001"].map { Mistake(.checkout, "items/0/quantity", number($0), "must be from 1 to 1000000") }
        + ["0", "13", "-1"].map { Mistake(.card, "card/exp_month", number($0), "must be from 1 to 12") }
        + ["27", "1999", "2100"].map { Mistake(.card, "card/exp_year", number($0), "must be from 2000 to 2099") }

    static let choices: [Mistake] =
        ["kes", "KE", "XXX", "CLF", "K\u{c9}S", "\u{212A}ES", "KES ", "KESX"].map {
            Mistake(.checkout, "currency", .string($0), "must be an ISO 4217 code in upper case")
        }
        + ["ke", "K", "KEN", "XX", "UK", "\u{212A}E"].map {
            Mistake(.checkout, "country", .string($0), "must be an ISO 3166-1 alpha-2 code in upper case")
        }
        + ["Automatic", "auto", "manual "].map {
            Mistake(.checkout, "capture", .string($0), "must be one of automatic, manual")
        }
        + ["order 1", "order/1", "order#1", "\u{e9}", "a,b", "order:1", "\u{212A}"].map {
            Mistake(.checkout, "reference", .string($0), "must be 1 to 64 of A-Z a-z 0-9 . _ -")
        }
        + [Mistake(.checkout, "reference", text(65), "must be 1 to 64 of A-Z a-z 0-9 . _ -")]

    static let texts: [Mistake] =
        [
            Mistake(.checkout, "description", text(1025), "must have at most 1024 characters"),
            Mistake(.checkout, "customer/id", text(256), "must have at most 255 characters"),
            Mistake(.checkout, "customer/name", text(256), "must have at most 255 characters"),
            Mistake(.checkout, "customer/national_id", text(65), "must have at most 64 characters"),
            Mistake(.checkout, "items/0/id", text(65), "must have at most 64 characters"),
            Mistake(.checkout, "items/0/name", text(256), "must have at most 255 characters"),
            Mistake(.checkout, "metadata/tier", text(501), "must have at most 500 characters"),
            Mistake(
                .checkout, "metadata/" + String(repeating: "k", count: 41), .string("v"),
                "the key must have at most 40 characters"),
            Mistake(.checkout, "metadata/a\u{7}", .string("v"), "the key " + control),
            Mistake(.card, "card/holder", text(101), "must have at most 100 characters"),
        ]
        + strings.filter { $0.1 != "metadata/tier" }.map { Mistake($0.0, $0.1, .string(""), empty) }
        + strings.flatMap { method, path in
            // C0, DEL and C1.
            ["a\u{0}", "\n", "a\tb", "\u{1b}[31m", "\u{7f}", "x\u{85}"].map {
                Mistake(method, path, .string($0), control)
            }
        }

    static let contacts: [Mistake] =
        ["a", "a@", "@b", "a@b@c", "a b@c.d", "a@b .c", "a@.b", "a@b.", "a,b@c.d", "a@b,c@d", "a@\u{a0}b"].map {
            Mistake(.checkout, "customer/email", .string($0), "must be an e-mail address")
        }
        + [
            Mistake(
                .checkout, "customer/email", .string(String(repeating: "a", count: 65) + "@b.c"),
                "must be an e-mail address"),
            Mistake(
                .checkout, "customer/email", .string("a@" + String(repeating: "b", count: 253)),
                "must be an e-mail address"),
        ]
        + [
            "1234", "phone", "+", "07+12345678", "0712345678x", "123456789012345678901", "12345\u{660}",
            "0 7 1 2 3 4 5 6 7 8 - - - - - - - -",
        ].flatMap {
            [
                Mistake(.checkout, "customer/phone", .string($0), "must be a phone number"),
                Mistake(.wallet, "wallet/phone", .string($0), "must be a phone number"),
            ]
        }
        + [
            "254712345678", "+0254712345678", "+254 712345678", "+254-712", "+123456", "+1234567890123456", "+",
            "+25471234567x",
            "+2547\u{661}2345678", "++254712345678",
        ].map {
            Mistake(.mobileMoney, "mobile_money/phone", .string($0), "must be an E.164 number such as +254712345678")
        }
        + ["MPESA", "m pesa", "m.pesa", "m\u{e9}", String(repeating: "a", count: 41)].flatMap {
            [
                Mistake(.mobileMoney, "mobile_money/network", .string($0), "must be 1 to 40 of a-z 0-9 _ -"),
                Mistake(.wallet, "wallet/network", .string($0), "must be 1 to 40 of a-z 0-9 _ -"),
            ]
        }

    static let cards: [Mistake] =
        [
            "4242 4242 4242 4242", "4242-4242-4242-4242", "42424242424", "42424242424242424242", "424242424242424x",
            "４２４２424242424242",
        ].map {
            Mistake(.card, "card/number", .string($0), "must be 12 to 19 digits")
        }
        + ["4242424242424241", "000000000001"].map {
            Mistake(.card, "card/number", .string($0), "is not a card number (Luhn check)")
        }
        + ["12", "12345", "12a", " 123"].map { Mistake(.card, "card/cvv", .string($0), "must be 3 or 4 digits") }
        + [
            Mistake(.card, "card/exp_year", number("2025"), "the card has expired"),
            Mistake(.card, "card/exp_year", number("2000"), "the card has expired"),
        ]

    static let addresses: [Mistake] = ["return_url", "cancel_url"].flatMap { path in
        [
            "shop.example.com", "/done", "javascript:alert(1)", "https://", "https://user:pw@shop.example.com/",
            "https://a b",
        ].map {
            Mistake(.checkout, path, .string($0), "must be an absolute https address")
        } + [
            Mistake(.checkout, path, .string("http://shop.example.com/"), "must be https (http is for loopback only)"),
            Mistake(.checkout, path, text(2049), "must have at most 2048 characters"),
        ]
    }

    static let structure: [Mistake] =
        [
            Mistake(.checkout, "items", .array([]), "must have 1 to 500 elements"),
            Mistake(
                .checkout, "items", .array(Array(repeating: .object([:]), count: 501)), "must have 1 to 500 elements"),
            Mistake(.checkout, "items/0/unit_amount", number("5001"), "must add up to the amount", at: "/items"),
            Mistake(.checkout, "items/0/quantity", number("3"), "must add up to the amount", at: "/items"),
            Mistake(.checkout, "amount", number("9999"), "must add up to the amount", at: "/items"),
            Mistake(
                .checkout, "metadata", .object((0..<51).reduce(into: [:]) { $0["k\($1)"] = .string("v") }),
                "must have at most 50 keys"),
        ]
        // An instrument of another method is one mistake, whatever is in it.
        + [
            Mistake(.checkout, "card", .object([:]), "is for the method card only"),
            Mistake(.checkout, "card", .null, "is for the method card only"),
            Mistake(.mobileMoney, "card", .object(["number": .string("4242")]), "is for the method card only"),
            Mistake(.wallet, "card", .string("x"), "is for the method card only"),
            Mistake(
                .checkout, "mobile_money", .object(["phonee": .string("x")]), "is for the method mobile_money only"),
            Mistake(.card, "mobile_money", .object([:]), "is for the method mobile_money only"),
            Mistake(.wallet, "mobile_money", .object([:]), "is for the method mobile_money only"),
            Mistake(.checkout, "wallet", .object([:]), "is for the method wallet only"),
            Mistake(.card, "wallet", .object([:]), "is for the method wallet only"),
            Mistake(.mobileMoney, "wallet", .object([:]), "is for the method wallet only"),
        ]
        // Members that nobody knows, however they look like one, and however right their value is.
        + [
            "amout", "Amount", "amount ", "AMOUNT", "callback_url", "id", "", "__proto__", "a/b", "a~b", "a~1b",
            "\u{e9}",
        ].map {
            Mistake(.checkout, $0, number("1"), "is not a member known here", at: "/" + JSONPointer.escape($0))
        }
        + [
            Mistake(.checkout, "customer/surname", .null, "is not a member known here"),
            Mistake(.checkout, "items/0/price", number("1"), "is not a member known here"),
            Mistake(.card, "card/cvc", .string("123"), "is not a member known here"),
            Mistake(.mobileMoney, "mobile_money/provider", .string("x"), "is not a member known here"),
            Mistake(.wallet, "wallet/number", .string("x"), "is not a member known here"),
        ]

    @Test(arguments: [required, types, numbers, choices, texts, contacts, cards, addresses, structure])
    func oneMistakeIsOneFaultAtItsPlace(_ mistakes: [Mistake]) throws {
        #expect(!mistakes.isEmpty)
        for mistake in mistakes {
            // `with` splits at slashes; a name that holds one is set at the top.
            var body = Samples.body(mistake.method)
            if mistake.pointer == "/" + mistake.path || mistake.path.contains("items") {
                body = body.with(mistake.path, mistake.value)
            } else if case .object(var object) = body {
                object[mistake.path] = mistake.value
                body = .object(object)
            }
            let faults = Samples.faults(body)
            #expect(faults == [FieldFault(pointer: mistake.pointer, detail: mistake.detail)], "\(mistake)")
        }
    }

    @Test func anUnknownMethodIsOneFault() {
        for name in ["Card", "cash", "mobile-money", "mobileMoney"] {
            let body = Samples.body(.card).with("method", .string(name))
            let detail = "must be one of card, mobile_money, wallet, checkout"
            #expect(Samples.faults(body) == [FieldFault(pointer: "/method", detail: detail)])
        }
    }

    @Test func aBodyThatIsNoObjectIsOneFaultAtTheWhole() {
        for (value, name) in Self.values where name != "an object" {
            let faults = Samples.faults(value)
            #expect(faults.first == FieldFault(pointer: "", detail: "must be an object, not \(name)"))
        }
    }
}
