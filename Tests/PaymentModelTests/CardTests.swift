import Fuzzing
import Testing

@testable import PaymentModel

@Suite struct CardTests {
    /// Test numbers as the card networks and gateways publish them.
    static let numbers: [(String, CardBrand)] = [
        ("4242424242424242", .visa), ("4111111111111111", .visa), ("4222222222222", .visa), ("4012888888881881", .visa),
        ("5555555555554444", .mastercard), ("5105105105105100", .mastercard), ("2223003122003222", .mastercard),
        ("2720994326581252", .mastercard), ("378282246310005", .amex), ("371449635398431", .amex),
        ("341111111111111", .amex),
        ("6011111111111117", .discover), ("6011000990139424", .discover), ("6445644564456445", .discover),
        ("6500000000000002", .discover), ("30569309025904", .diners), ("36227206271667", .diners),
        ("38520000023237", .diners),
        ("3530111333300000", .jcb), ("3566002020360505", .jcb), ("6200000000000005", .unionpay),
        ("6759649826438453", .maestro), ("5018717851235455", .maestro), ("2200000000000004", .mir),
    ]

    @Test(arguments: numbers)
    func publishedNumbersPassLuhnAndHaveTheirBrand(_ number: String, _ brand: CardBrand) {
        #expect(passesLuhn(number.utf8))
        #expect(CardBrand(number: number) == brand)
    }

    @Test(arguments: numbers)
    func everySingleWrongDigitFailsLuhn(_ number: String, _ brand: CardBrand) {
        var digits = Array(number.utf8)
        for index in digits.indices {
            let right = digits[index]
            for wrong in UInt8(ascii: "0")...UInt8(ascii: "9") where wrong != right {
                digits[index] = wrong
                #expect(!passesLuhn(digits), "\(String(decoding: digits, as: UTF8.self))")
            }
            digits[index] = right
        }
    }

    /// The ends of every range: (prefix, brand).
    static let edges: [(String, CardBrand)] = [
        ("4", .visa), ("51", .mastercard), ("55", .mastercard), ("2221", .mastercard), ("2720", .mastercard),
        ("2220", .unknown), ("2721", .unknown), ("2199", .unknown), ("2200", .mir), ("2204", .mir), ("2205", .unknown),
        ("33", .unknown), ("34", .amex), ("35", .unknown), ("3527", .unknown), ("3528", .jcb), ("3589", .jcb),
        ("3590", .unknown), ("36", .diners), ("37", .amex), ("38", .diners), ("39", .diners), ("299", .unknown),
        ("300", .diners), ("305", .diners), ("306", .unknown), ("6010", .unknown), ("6011", .discover),
        ("6012", .unknown),
        ("643", .unknown), ("644", .discover), ("649", .discover), ("65", .discover), ("66", .unknown),
        ("61", .unknown),
        ("62", .unionpay), ("81", .unionpay), ("80", .unknown), ("50", .maestro), ("56", .maestro), ("58", .maestro),
        ("59", .unknown), ("63", .maestro), ("67", .maestro), ("68", .unknown), ("0", .unknown), ("1", .unknown),
        ("7", .unknown), ("9", .unknown), ("", .unknown),
    ]

    @Test(arguments: edges)
    func brandsEndWhereTheirRangesEnd(_ prefix: String, _ brand: CardBrand) {
        let padded = prefix.isEmpty ? "" : prefix + String(repeating: "0", count: 16 - prefix.count)
        #expect(CardBrand(number: padded) == brand, "\(padded)")
    }

    @Test func onlyFirstSixAndLastFourAreKept() {
        let card = CardDetails(
            number: Secret("4242424242424242"), expiryMonth: 12, expiryYear: 2027, cvv: Secret("987"),
            holder: "A. Wanjiru")
        let kept = card.redacted
        #expect(kept.first6 == "424242")
        #expect(kept.last4 == "4242")
        #expect(kept.brand == .visa)
        #expect(kept.expiryMonth == 12)
        #expect(kept.expiryYear == 2027)
        #expect(!String(reflecting: kept).contains("4242424242"))
    }
}

@Suite struct CardNumberScanTests {
    @Test(
        "A card number is found wherever and however it is written",
        arguments: [
            "4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "4242-4242 4242-4242",
            "4242.4242.4242.4242", "4242_4242_4242_4242", "4242/4242/4242/4242",
            "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
            "378282246310005", "3782 822463 10005", "30569309025904", "5555555555554444", "6011111111111117",
            "6759649826438453", "my card is 4242424242424242, please", "a4242424242424242b",
            "?pan=4242424242424242&x=1",
            "https://a.example/4242424242424242/done", "4242424242424242\u{e9}", "é4242 4242 4242 4242",
            // Beside an expiry date, a CVV or a count: the groups of the number stand by themselves.
            "4242 4242 4242 4242 123", "4242424242424242 12/29", "4242424242424242-123", "1 4242424242424242",
            "12-29 4242 4242 4242 4242", "0 0 0 4242424242424242 0 0 0",
            // Broken runs before it.
            "1234567890  4242424242424242", "12--4242424242424242", "99999999999999999999 4242424242424242",
        ])
    func isFound(_ text: String) {
        #expect(CardNumberScan.finds(in: text))
    }

    @Test(
        "Phones, ids, dates, references and broken numbers pass",
        arguments: [
            "", "no digits", "03123456789", "+254712345678", "+49 30 901820 12345", "3520108345678", "35201-0834567-8",
            "order-1001", "2026-01-24T10:00:00.000Z", "2026-01-24 10:00:00 123", "20260124100000123",
            // One digit off: Luhn fails.
            "4242424242424241", "4242 4242 4242 4243",
            // No brand begins so, though Luhn holds.
            "0000000000000000", "1000000000000008", "7000000000000005",
            // Too short, too long, interrupted.
            "4222222222222", "42424242424242424242", "4242  4242  4242  4242", "4242--4242--4242--4242",
            "424242xxxxxx4242", "4242 - 4242 - 4242 - 4242",
            // Of a number of the shop's own, a part with one digit: with Luhn and a brand by chance.
            "order-40123-1-0-000000126", "4-111-1111-1111-1111",
            "550e8400-e29b-41d4-a716-446655440000", "４２４２４２４２４２４２４２４２",
        ])
    func passes(_ text: String) {
        #expect(!CardNumberScan.finds(in: text))
    }

    @Test(arguments: [
        "8dd5f4b2-6060-4363-8821-21ae4fa480bb", "fa445872-2164-4123-87ec-72d9eac2fc49",
        "45AB5958-E363-4410-9475-0061A2F2D8DB", "4aab2424-2424-4242-4242-42424242424c",
    ])
    func uuidsPassAndHideNothing(_ uuid: String) {
        for text in [uuid, "order-\(uuid)", "(\(uuid))", "\(uuid) \(uuid)", "é\(uuid)é"] {
            #expect(!CardNumberScan.finds(in: text), "\(text)")
            #expect(CardNumberScan.finds(in: text + " 4242424242424242"))
            #expect(CardNumberScan.finds(in: "4242-4242-4242-4242 " + text))
        }
        // Not a word of its own, or no UUID: looked at like everything else.
        #expect(CardNumberScan.finds(in: "x4242424242424242-\(uuid)"))
        // Where it begins with a digit, the number before it is another one.
        #expect(uuid.first?.isLetter != true || CardNumberScan.finds(in: "4242424242424242\(uuid)"))
        #expect(CardNumberScan.finds(in: "\(uuid) 4242-4242-4242-4242"))
    }

    @Test func noUUIDIsTakenForACardNumber() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<5_000 {
            let digits = (0..<32).map { _ in String(UInt8.random(in: 0..<16, using: &random), radix: 16) }.joined()
            var uuid = digits
            for place in [20, 16, 12, 8] { uuid.insert("-", at: uuid.index(uuid.startIndex, offsetBy: place)) }
            #expect(!CardNumberScan.finds(in: uuid), "\(uuid)")
        }
    }

    @Test func theLengthsAreFourteenToNineteen() throws {
        for length in 10...24 {
            let head = "4" + String(repeating: "1", count: length - 2)
            let numbers = (0...9).map { head + "\($0)" }.filter { passesLuhn($0.utf8) }
            let number = try #require(numbers.first)
            #expect(CardNumberScan.finds(in: number) == (14...19).contains(length), "\(length)")
        }
    }

    @Test func aLongTextOfSeparatedDigitsIsScannedOnce() {
        // Were each window of the text looked at, this would be 400 million steps and the test would not end.
        let text = String(repeating: "1 ", count: 20_000)
        #expect(!CardNumberScan.finds(in: text))
        #expect(CardNumberScan.finds(in: text + "4242424242424242"))
    }

    static let shown: [(String, String)] = [
        ("amout", "amout"), ("item2", "item2"), ("3520108345678", "3520108345678"),
        ("4242424242424242", "****************"), ("pan 4242-4242-4242-4242 x1", "pan ****-****-****-**** x*"),
        (String(repeating: "a", count: 64), String(repeating: "a", count: 64)),
        (String(repeating: "a", count: 65), String(repeating: "a", count: 64) + "…"),
        ("7" + String(repeating: "é", count: 70), "*" + String(repeating: "é", count: 63) + "…"),
        // The number lies across the cut: its digits are gone all the same.
        (String(repeating: "a", count: 56) + "4242424242424242", String(repeating: "a", count: 56) + "********…"),
    ]

    @Test(arguments: shown)
    func namesAreShownWithoutNumbersAndShort(_ name: String, _ shown: String) {
        #expect(CardNumberScan.shown(name) == shown)
    }
}
