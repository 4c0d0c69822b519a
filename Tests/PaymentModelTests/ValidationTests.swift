import StrictJSON
import Testing

@testable import PaymentModel

/// Whole bodies: what is read from valid ones, all faults of a bad one at once, and that nothing secret is repeated.
@Suite struct ValidationTests {
    private func read(
        _ body: JSONValue, now: Timestamp = Samples.now, purpose: PaymentRequest.Purpose = .create
    ) throws -> PaymentRequest {
        try PaymentRequest(validating: body, now: now, purpose: purpose)
    }

    private func integer(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }

    @Test func everyMemberOfTheContractsExampleIsRead() throws {
        let request = try read(Samples.body(.mobileMoney))
        #expect(request.money == Money(minorUnits: 10_000, currency: Samples.kes))
        #expect(request.method == .mobileMoney)
        #expect(request.instrument == .mobileMoney(phone: "+254712345678", network: "mpesa"))
        #expect(request.network == "mpesa")
        #expect(request.country == Samples.country("KE"))
        #expect(request.capture == .automatic)
        #expect(request.reference == "order-1001")
        #expect(request.description == "Two shirts")
        #expect(
            request.customer
                == PaymentRequest.Customer(
                    id: "user-42", name: "A. Wanjiru", email: "a@example.com", phone: "+254712345678",
                    nationalID: "3520108345678"))
        #expect(request.items == [PaymentRequest.Item(id: "SKU1", name: "Shirt", unitAmount: 5000, quantity: 2)])
        #expect(request.returnURL == "https://shop.example.com/done")
        #expect(request.cancelURL == "https://shop.example.com/cart")
        #expect(request.metadata == ["tier": "gold"])
        #expect(request.card == nil)
    }

    @Test func theOtherMethodsAreRead() throws {
        let card = try read(Samples.body(.card))
        #expect(card.method == .card)
        #expect(card.network == nil)
        #expect(card.card?.number.reveal() == "4242424242424242")
        #expect(card.card?.cvv.reveal() == "987")
        #expect(card.card?.expiryMonth == 12)
        #expect(card.card?.expiryYear == 2027)
        #expect(card.card?.holder == "A. Wanjiru")
        let wallet = try read(Samples.body(.wallet))
        #expect(wallet.instrument == .wallet(network: "easypaisa", phone: "03123456789"))
        #expect(wallet.network == "easypaisa")
        let checkout = try read(Samples.body(.checkout))
        #expect(checkout.instrument == .checkout)
        #expect(checkout.network == nil)
    }

    @Test func onlyTheRequiredMembersAreNeeded() throws {
        let body: JSONValue = .object([
            "amount": integer(1), "currency": .string("JPY"), "method": .string("mobile_money"),
            "reference": .string("r"),
            "mobile_money": .object(["phone": .string("+1234567"), "network": .string("m")]),
        ])
        let request = try read(body)
        #expect(
            request
                == PaymentRequest(
                    money: Money(minorUnits: 1, currency: Samples.currency("JPY")),
                    instrument: .mobileMoney(phone: "+1234567", network: "m"), reference: "r"))
        #expect(request.capture == .automatic)
        #expect(request.country == nil)
        #expect(request.customer == nil)
        #expect(request.items.isEmpty)
        #expect(request.metadata.isEmpty)
    }

    /// What lies at the edge and must pass: (method, path, value).
    static let edges: [(PaymentMethod, String, JSONValue?)] = [
        (.checkout, "reference", .string(String(repeating: "a", count: 64))),
        (.checkout, "reference", .string("A-z.0_9")),
        (.checkout, "description", .string(String(repeating: "é", count: 1024))), (.checkout, "description", nil),
        (.checkout, "description", .string("👩‍👩‍👧‍👦 ٣ ‏שלום")), (.checkout, "customer", .object([:])),
        (.checkout, "customer", nil),
        (.checkout, "customer/id", .string(String(repeating: "x", count: 255))),
        (.checkout, "customer/email", .string("a@b")), (.checkout, "customer/email", .string("a+b@xn--c.example")),
        (.checkout, "customer/phone", .string("12345")), (.checkout, "customer/phone", .string("0312-345 6789")),
        (.checkout, "customer/phone", .string("(0312) 345.6789")),
        (.checkout, "customer/phone", .string("03123456789")),
        (.checkout, "customer/national_id", .string("35201-0834567-8")), (.checkout, "items", nil),
        (.checkout, "cancel_url", nil),
        (.checkout, "country", nil), (.checkout, "capture", .string("manual")), (.checkout, "metadata", .object([:])),
        (.checkout, "metadata/tier", .string("")),
        (.checkout, "metadata/tier", .string(String(repeating: "é", count: 500))),
        (.checkout, "metadata/" + String(repeating: "k", count: 40), .string("v")),
        (.checkout, "metadata", .object((0..<50).reduce(into: [:]) { $0["k\($1)"] = .string("v") })),
        (.checkout, "return_url", .string("http://127.0.0.1:3000/done")), (.mobileMoney, "return_url", nil),
        (.card, "return_url", nil),
        (.mobileMoney, "mobile_money/phone", .string("+123456789012345")), (.wallet, "wallet/phone", nil),
        (.wallet, "wallet/network", .string("a-b_9")), (.card, "card/cvv", .string("0000")),
        (.card, "card/number", .string("378282246310005")), (.card, "card/number", .string("4222222222222")),
        (.card, "card/number", .string("6799990100000000019")),
        (.card, "card/holder", .string(String(repeating: "x", count: 100))),
    ]

    @Test(arguments: edges)
    func whatLiesAtTheEdgePasses(_ method: PaymentMethod, _ path: String, _ value: JSONValue?) {
        #expect(Samples.faults(Samples.body(method).with(path, value)) == [], "\(path)")
    }

    @Test func amountsReachFromOneToTheContractsMost() throws {
        for (amount, code) in [(Int64(1), "KES"), (999_999_999_999, "KES"), (999_999_999_999, "JPY"), (1, "KWD")] {
            let body = Samples.body(.card).with("items", nil).with("amount", integer(amount)).with(
                "currency", .string(code))
            #expect(try read(body).money == Money(minorUnits: amount, currency: Samples.currency(code)))
        }
    }

    // MARK: Items

    private func item(_ price: Int64, _ quantity: Int64) -> JSONValue {
        .object([
            "id": .string("i"), "name": .string("n"), "unit_amount": integer(price), "quantity": integer(quantity),
        ])
    }

    @Test func theSumOfTheItemsIsExact() {
        let cases: [(Int64, [(Int64, Int64)], Bool)] = [
            (10, [(10, 1)], true), (10, [(5, 2)], true), (10, [(3, 3), (1, 1)], true), (10, [(0, 7), (10, 1)], true),
            (10, [(3, 3)], false), (10, [(11, 1)], false), (999_999_999_999, [(999_999_999_999, 1)], true),
            (1_000_000, [(1, 1_000_000)], true),
            // Products and sums beyond 64 bits: a wrapped sum must not come out right.
            (10, Array(repeating: (999_999_999_999, 1_000_000), count: 500), false),
            (10, Array(repeating: (999_999_999_999, 1_000_000), count: 10), false),
        ]
        for (amount, lines, isRight) in cases {
            let body = Samples.body(.card).with("amount", integer(amount))
                .with("items", .array(lines.map { item($0.0, $0.1) }))
            let expected = isRight ? [] : [FieldFault(pointer: "/items", detail: "must add up to the amount")]
            #expect(Samples.faults(body) == expected, "\(amount)")
        }
    }

    @Test func anItemThatIsWrongInItselfIsNotSummed() {
        let body = Samples.body(.card).with("items", .array([item(5000, 1), item(-1, 1)]))
        #expect(Samples.faults(body).map(\.pointer) == ["/items/1/unit_amount"])
    }

    // MARK: Expiry

    @Test func aCardIsGoodToTheEndOfItsMonthEverywhere() throws {
        // January 2026 ends last at UTC-12, twelve hours after it ends in UTC.
        let expiry: [(String, Int64, Int64, Bool)] = [
            ("2026-01-31T23:59:59.999Z", 2026, 1, true), ("2026-02-01T11:59:59.999Z", 2026, 1, true),
            ("2026-02-01T12:00:00.000Z", 2026, 1, false), ("2026-02-28T00:00:00Z", 2026, 1, false),
            ("2026-12-31T23:59:59Z", 2026, 12, true), ("2027-01-01T11:59:59Z", 2026, 12, true),
            ("2027-01-01T12:00:00Z", 2026, 12, false), ("2027-01-01T12:00:00Z", 2027, 1, true),
            ("2024-02-29T23:00:00Z", 2024, 2, true), ("2024-03-01T12:00:00Z", 2024, 2, false),
            ("2026-06-15T00:00:00Z", 2025, 12, false), ("2026-06-15T00:00:00Z", 2026, 5, false),
            ("2026-06-15T00:00:00Z", 2026, 6, true), ("2026-06-15T00:00:00Z", 2099, 1, true),
        ]
        for (moment, year, month, isGood) in expiry {
            let body = Samples.body(.card).with("card/exp_month", integer(month)).with("card/exp_year", integer(year))
            let faults = Samples.faults(body, now: try #require(Timestamp(moment)))
            let expected = isGood ? [] : [FieldFault(pointer: "/card/exp_year", detail: "the card has expired")]
            #expect(faults == expected, "\(month)/\(year) at \(moment)")
        }
    }

    // MARK: Explain

    @Test func aRoutingQuestionNeedsNoCardData() throws {
        let body = Samples.body(.card).with("card", nil)
        #expect(Samples.faults(body).map(\.pointer) == ["/card"])
        #expect(try read(body, purpose: .explain).instrument == .card(nil))
        // What is given has to be right all the same.
        let bad = Samples.body(.card).with("card/number", .string("4242424242424241"))
        #expect(Samples.faults(bad, purpose: .explain).map(\.pointer) == ["/card/number"])
        #expect(
            Samples.faults(Samples.body(.wallet).with("wallet", nil), purpose: .explain).map(\.pointer) == ["/wallet"])
    }

    // MARK: All faults at once

    @Test func everyFaultIsReportedAtOnceInTheOrderOfTheTable() {
        let body: JSONValue = .object([
            "zzz": .null, "amount": integer(0), "currency": .string("kes"), "method": .string("card"),
            "country": .string("ke"),
            "capture": .string("later"), "reference": .string("a b"), "description": .string(""),
            "customer": .object(["email": .string("x"), "id": integer(1), "nickname": .string("x")]),
            "card": .object(["number": .string("1"), "exp_month": integer(13), "cvv": .string("1"), "holder": .null]),
            "mobile_money": .object([:]), "wallet": .null,
            "items": .array([.object(["id": .string("")]), .null]), "return_url": .string("x"),
            "cancel_url": .string("http://a.example"), "metadata": .object(["k": integer(1)]), "amout": integer(1),
        ])
        #expect(
            Samples.faults(body).map(\.pointer) == [
                "/amount", "/currency", "/country", "/capture", "/reference", "/description", "/customer/id",
                "/customer/email",
                "/customer/nickname", "/card/number", "/card/exp_month", "/card/exp_year", "/card/cvv", "/card/holder",
                "/mobile_money", "/wallet", "/items/0/id", "/items/0/name", "/items/0/unit_amount", "/items/0/quantity",
                "/items/1", "/return_url", "/cancel_url", "/metadata/k", "/zzz", "/amout",
            ])
        #expect(
            Samples.faults(.object([:])).map(\.pointer) == ["/amount", "/currency", "/method", "/reference"])
    }

    @Test func keysThatDifferInTheirUnicodeFormAloneAreNotMerged() {
        let body = Samples.body(.card).with(
            "metadata", .object(["caf\u{e9}": .string("a"), "cafe\u{301}": .string("b")]))
        #expect(
            Samples.faults(body) == [
                FieldFault(pointer: "/metadata/cafe\u{301}", detail: "is the same key in another Unicode form")
            ])
    }

    // MARK: Card numbers

    private static let number = "4242424242424242"
    private static let freeTexts: [(PaymentMethod, String)] = [
        (.checkout, "reference"), (.checkout, "description"), (.checkout, "customer/id"), (.checkout, "customer/name"),
        (.checkout, "customer/email"), (.checkout, "customer/phone"), (.checkout, "customer/national_id"),
        (.checkout, "items/0/id"), (.checkout, "items/0/name"), (.checkout, "return_url"), (.checkout, "cancel_url"),
        (.checkout, "metadata/tier"), (.card, "card/holder"), (.card, "card/cvv"), (.wallet, "wallet/phone"),
        (.wallet, "wallet/network"), (.mobileMoney, "mobile_money/network"), (.mobileMoney, "mobile_money/phone"),
        (.checkout, "currency"), (.checkout, "country"), (.checkout, "method"), (.checkout, "capture"),
    ]

    @Test func noTextTakesACardNumber() {
        for (method, path) in Self.freeTexts {
            for text in [Self.number, "4242 4242 4242 4242", "4242-4242-4242-4242", "378282246310005"] {
                let faults = Samples.faults(Samples.body(method).with(path, .string(text)))
                #expect(faults.map(\.pointer) == ["/" + path], "\(path)")
                // A phone number may look like a card's, so for a phone it is the form that is wrong.
                if !path.hasSuffix("phone") {
                    #expect(faults.first?.detail == "must not contain a card number", "\(path)")
                }
            }
        }
        let url = Samples.body(.checkout).with("return_url", .string("https://a.example/?pan=\(Self.number)"))
        #expect(Samples.faults(url) == [FieldFault(pointer: "/return_url", detail: "must not contain a card number")])
    }

    @Test func theNamesOfMembersAreShownWithoutCardNumbers() {
        let stars = String(repeating: "*", count: 16)
        let unknown = Samples.body(.checkout).with("x" + Self.number, .null)
        #expect(Samples.faults(unknown) == [FieldFault(pointer: "/x" + stars, detail: "is not a member known here")])
        let nested = Samples.body(.card).with("card/" + Self.number, .null)
        #expect(Samples.faults(nested) == [FieldFault(pointer: "/card/" + stars, detail: "is not a member known here")])
        let key = Samples.body(.checkout).with("metadata/" + Self.number, .string("v"))
        #expect(
            Samples.faults(key) == [
                FieldFault(pointer: "/metadata/" + stars, detail: "the key must not contain a card number")
            ])
        let long = Samples.body(.checkout).with(String(repeating: "n", count: 4000), .null)
        #expect(
            Samples.faults(long)
                == [
                    FieldFault(
                        pointer: "/" + String(repeating: "n", count: 64) + "…", detail: "is not a member known here")
                ])
        let longKey = Samples.body(.checkout).with("metadata/" + String(repeating: "9", count: 4000), .string("v"))
        #expect(
            Samples.faults(longKey) == [
                FieldFault(
                    pointer: "/metadata/" + String(repeating: "*", count: 64) + "…",
                    detail: "the key must have at most 40 characters")
            ])
    }

    @Test func noFaultRepeatsWhatWasSent() {
        // Planted in every member, as text and as number, in values and in names: the CVV too, where it is no number of ours.
        for planted in [Self.number, "4242 4242 4242 4242", "73519"] {
            for method in PaymentMethod.allCases {
                for path in Self.paths(of: Samples.body(method)) {
                    var values: [JSONValue] = [
                        .string(planted), .array([.string(planted)]), .object(["x": .string(planted)]),
                    ]
                    if let number = JSONNumber(text: planted) { values.append(.number(number)) }
                    if let number = JSONNumber(text: planted + ".5") { values.append(.number(number)) }
                    for value in values {
                        for fault in Samples.faults(Samples.body(method).with(path, value)) {
                            #expect(!fault.detail.contains(planted), "\(path): \(fault.detail)")
                            #expect(!fault.pointer.contains(planted), "\(path): \(fault.pointer)")
                        }
                    }
                }
            }
        }
    }

    /// The paths of all members in a value, containers included.
    private static func paths(of value: JSONValue) -> [String] {
        if let object = value.object {
            object.flatMap { name, member in [name] + paths(of: member).map { name + "/" + $0 } }
        } else if let elements = value.array {
            elements.indices.flatMap { index in ["\(index)"] + paths(of: elements[index]).map { "\(index)/" + $0 } }
        } else {
            []
        }
    }

    @Test func theSamplesHaveAllTheMembersThatThePlantingNeeds() {
        #expect(Self.paths(of: Samples.body(.card)).count == 29)
    }
}
