import Fuzzing
import PaymentModel
import Testing

@Suite struct MoneyTests {
    struct Written: Sendable {
        let units: Int64
        let code: String
        let full: String
        let short: String
    }

    static let written: [Written] = [
        Written(units: 0, code: "JPY", full: "0", short: "0"),
        Written(units: 1, code: "JPY", full: "1", short: "1"),
        Written(units: 1000, code: "JPY", full: "1000", short: "1000"),
        Written(units: -1000, code: "JPY", full: "-1000", short: "-1000"),
        Written(units: .max, code: "JPY", full: "9223372036854775807", short: "9223372036854775807"),
        Written(units: .min, code: "JPY", full: "-9223372036854775808", short: "-9223372036854775808"),
        Written(units: 0, code: "KES", full: "0.00", short: "0"),
        Written(units: 1, code: "KES", full: "0.01", short: "0.01"),
        Written(units: 10, code: "KES", full: "0.10", short: "0.1"),
        Written(units: 99, code: "KES", full: "0.99", short: "0.99"),
        Written(units: 100, code: "KES", full: "1.00", short: "1"),
        Written(units: 9950, code: "KES", full: "99.50", short: "99.5"),
        Written(units: 10_000, code: "KES", full: "100.00", short: "100"),
        Written(units: 999_999_999_999, code: "KES", full: "9999999999.99", short: "9999999999.99"),
        Written(units: -1, code: "KES", full: "-0.01", short: "-0.01"),
        Written(units: -100, code: "KES", full: "-1.00", short: "-1"),
        Written(units: .max, code: "KES", full: "92233720368547758.07", short: "92233720368547758.07"),
        Written(units: .min, code: "KES", full: "-92233720368547758.08", short: "-92233720368547758.08"),
        Written(units: 0, code: "KWD", full: "0.000", short: "0"),
        Written(units: 5, code: "KWD", full: "0.005", short: "0.005"),
        Written(units: 100, code: "KWD", full: "0.100", short: "0.1"),
        Written(units: 1000, code: "KWD", full: "1.000", short: "1"),
        Written(units: 12_345, code: "KWD", full: "12.345", short: "12.345"),
        Written(units: -12_340, code: "KWD", full: "-12.340", short: "-12.34"),
        Written(units: .max, code: "KWD", full: "9223372036854775.807", short: "9223372036854775.807"),
        Written(units: .min, code: "KWD", full: "-9223372036854775.808", short: "-9223372036854775.808"),
    ]

    @Test(arguments: written)
    func isWrittenExactlyAndReadBack(_ row: Written) throws {
        let currency = try #require(Currency(code: row.code))
        let money = Money(minorUnits: row.units, currency: currency)
        #expect(money.decimalText == row.full)
        #expect(money.shortDecimalText == row.short)
        #expect(money.description == "\(row.full) \(row.code)")
        #expect(Money(decimal: row.full, currency: currency) == money)
        #expect(Money(decimal: row.short, currency: currency) == money)
    }

    static let read: [(String, String, Int64)] = [
        ("100", "KES", 10_000), ("100.0", "KES", 10_000), ("100.00", "KES", 10_000), ("100.000000", "KES", 10_000),
        ("0.1", "KES", 10), ("0.01", "KES", 1), ("007.50", "KES", 750), ("00", "KES", 0), ("-0", "KES", 0),
        ("-0.00", "KES", 0), ("-0.01", "KES", -1), ("-12.3", "KES", -1230), ("100", "JPY", 100), ("100.00", "JPY", 100),
        ("-0", "JPY", 0), ("100", "KWD", 100_000), ("1.5", "KWD", 1500), ("1.234", "KWD", 1234),
        ("1.2340", "KWD", 1234),
        ("00000000000000000000000000000000001", "JPY", 1),
        ("1.00000000000000000000000000000000000000000", "KES", 100),
    ]

    @Test(arguments: read)
    func decimalsAreReadExactly(_ text: String, _ code: String, _ units: Int64) throws {
        #expect(Money(decimal: text, currency: try #require(Currency(code: code)))?.minorUnits == units)
    }

    static let unreadable: [(String, String)] = [
        ("100.001", "KES"), ("0.009", "KES"), ("1.005", "KES"), ("100.5", "JPY"), ("0.01", "JPY"), ("1.2345", "KWD"),
        ("", "KES"), ("-", "KES"), (".", "KES"), ("-.", "KES"), (".5", "KES"), ("5.", "KES"), ("-5.", "KES"),
        ("1.2.3", "KES"), ("1.00.", "KES"), ("1..0", "KES"), ("+1", "KES"), ("--1", "KES"), ("1-", "KES"),
        ("1e3", "KES"),
        ("1E3", "KES"), ("0x10", "KES"), ("1,000", "KES"), ("1 000", "KES"), (" 1", "KES"), ("1 ", "KES"),
        ("1.0 ", "KES"),
        ("1.0a", "KES"), ("NaN", "KES"), ("inf", "KES"), ("١٠٠", "KES"), ("１００", "KES"), ("1\u{301}", "KES"),
        ("1\u{0}", "KES"),
        ("9223372036854775808", "JPY"), ("-9223372036854775809", "JPY"), ("92233720368547758.08", "KES"),
        ("-92233720368547758.09", "KES"), ("92233720368547759", "KES"), ("9223372036854775808", "KES"),
        ("9223372036854776", "KWD"), ("99999999999999999999999999", "JPY"),
    ]

    @Test(arguments: unreadable)
    func whatIsNoExactAmountIsRefused(_ text: String, _ code: String) throws {
        #expect(Money(decimal: text, currency: try #require(Currency(code: code))) == nil)
    }

    @Test(arguments: ["JPY", "KES", "KWD"])
    func everyAmountSurvivesItsText(_ code: String) throws {
        let currency = try #require(Currency(code: code))
        var random = SeededRandom(seed: 4217)
        for _ in 0..<2000 {
            // All magnitudes alike, not the largest alone.
            let units = Int64(bitPattern: random.next()) >> Int64.random(in: 0...63, using: &random)
            let money = Money(minorUnits: units, currency: currency)
            #expect(Money(decimal: money.decimalText, currency: currency) == money)
            #expect(Money(decimal: money.shortDecimalText, currency: currency) == money)
        }
    }
}
