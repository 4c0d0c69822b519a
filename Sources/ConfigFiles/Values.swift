import Foundation
import PaymentEngine
import PaymentModel
import Resilience

/// The texts of the configuration as values of their type. Each function says what it wants when it refuses.
enum Values {
    static func text(_ scalar: ConfigScalar) throws(Misfit) -> String {
        guard !scalar.text.isEmpty else { throw Misfit("must not be empty") }
        guard !scalar.text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            throw Misfit("must not hold control characters")
        }
        return scalar.text
    }

    /// A secret: any text but an empty one.
    static func secret(_ scalar: ConfigScalar) throws(Misfit) -> Secret { Secret(try text(scalar)) }

    /// Exactly `true` or `false`: `yes`, `on` and `NO` are texts.
    static func boolean(_ scalar: ConfigScalar) throws(Misfit) -> Bool {
        switch scalar.text {
        case "true": true
        case "false": false
        default: throw Misfit("\(scalar.shown) is neither true nor false")
        }
    }

    /// Decimal digits, no sign, no leading zero.
    static func integer(_ range: ClosedRange<Int>) -> (ConfigScalar) throws(Misfit) -> Int {
        { scalar throws(Misfit) in
            guard let number = digits(scalar.text[...]) else { throw Misfit("\(scalar.shown) is not a whole number") }
            guard range.contains(number) else {
                throw Misfit("\(scalar.shown) is not from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// `250ms`, `10s`, `15m`, `24h`, `30d`.
    static func duration(_ range: ClosedRange<Duration>) -> (ConfigScalar) throws(Misfit) -> Duration {
        { scalar throws(Misfit) in
            let unit = scalar.text.drop { $0.isASCII && $0.isNumber }
            guard let milliseconds = durationUnits[String(unit)], let count = digits(scalar.text[..<unit.startIndex]),
                count <= 1_000_000_000
            else { throw Misfit("\(scalar.shown) is not a duration such as 250ms, 10s, 15m, 24h or 30d") }
            let duration = Duration.milliseconds(Int64(count) * milliseconds)
            guard range.contains(duration) else {
                throw Misfit("\(scalar.shown) is not from \(text(range.lowerBound)) to \(text(range.upperBound))")
            }
            return duration
        }
    }

    /// A duration as the configuration has it: `90s`, `15m`.
    static func text(_ duration: Duration) -> String {
        let milliseconds = milliseconds(duration)
        guard milliseconds > 0 else { return "0s" }
        for (name, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
            // One day is written as 24h, as in the contract.
            if milliseconds.isMultiple(of: size), name != "d" || milliseconds > size {
                return "\(milliseconds / size)\(name)"
            }
        }
        return "\(milliseconds)ms"
    }

    /// Whole milliseconds of a duration that the configuration can hold.
    static func milliseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds) * 1000 + Int(duration.components.attoseconds / 1_000_000_000_000_000)
    }

    /// `64KiB`: bytes.
    static func size(_ range: ClosedRange<Int>) -> (ConfigScalar) throws(Misfit) -> Int {
        { scalar throws(Misfit) in
            let unit = scalar.text.drop { $0.isASCII && $0.isNumber }
            guard let factor = sizeUnits[String(unit)], let count = digits(scalar.text[..<unit.startIndex]),
                count <= 1 << 32
            else { throw Misfit("\(scalar.shown) is not a size such as 512B, 64KiB or 1MiB") }
            guard range.contains(count * factor) else {
                throw Misfit("\(scalar.shown) is not from \(range.lowerBound) to \(range.upperBound) bytes")
            }
            return count * factor
        }
    }

    /// `50%`, `33.3%`: more than nothing, at most all.
    static func share(_ scalar: ConfigScalar) throws(Misfit) -> Share {
        guard scalar.text.hasSuffix("%"), let perMille = fixedPoint(scalar.text.dropLast(), decimals: 1),
            (1...1000).contains(perMille)
        else { throw Misfit("\(scalar.shown) is not a percentage from 0.1% to 100%") }
        return Share(perMille: Int(perMille))
    }

    /// The percentage of a fee, such as `1.5`, in millionths of the amount; exact.
    static func feeMillionths(_ scalar: ConfigScalar) throws(Misfit) -> Int64 {
        let number = scalar.text.hasSuffix("%") ? scalar.text.dropLast() : scalar.text[...]
        guard let millionths = fixedPoint(number, decimals: 4), (0...1_000_000).contains(millionths) else {
            throw Misfit("\(scalar.shown) is not a percentage from 0 to 100 with at most four decimals, such as 1.5")
        }
        return millionths
    }

    static func currency(_ scalar: ConfigScalar) throws(Misfit) -> Currency {
        guard let currency = Currency(code: scalar.text) else {
            throw Misfit(
                "\(scalar.shown) is not an ISO 4217 currency",
                suggestion: upperCased(scalar.text, known: Currency.allCodes))
        }
        return currency
    }

    static func country(_ scalar: ConfigScalar) throws(Misfit) -> Country {
        guard let country = Country(code: scalar.text) else {
            throw Misfit(
                "\(scalar.shown) is not an ISO 3166-1 alpha-2 country",
                suggestion: upperCased(scalar.text, known: Country.allCodes))
        }
        return country
    }

    /// One of an enumeration's raw values.
    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _: Choice.Type
    ) -> (ConfigScalar) throws(Misfit) -> Choice {
        { scalar throws(Misfit) in
            guard let choice = Choice(rawValue: scalar.text) else {
                throw unknown(scalar, among: Choice.allCases.map(\.rawValue))
            }
            return choice
        }
    }

    /// That a text is none of those that are known.
    static func unknown(_ scalar: ConfigScalar, among known: [String]) -> Misfit {
        Misfit(
            "\(scalar.shown) is not one of \(known.joined(separator: ", "))",
            suggestion: scalar.written.flatMap { DidYouMean.suggestion(for: $0, among: known) })
    }

    /// The name of an app, a provider or a route: it stands in paths, metrics and logs.
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.first.map(isAlphanumeric) == true
            && text.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
    }

    static let nameRule = "a name is 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit"

    /// As in a payment: 1 to 40 of `a-z 0-9 _ -`.
    static func network(_ scalar: ConfigScalar) throws(Misfit) -> String {
        let text = scalar.text
        guard (1...40).contains(text.utf8.count),
            text.utf8.allSatisfy({ isAlphanumeric($0) && !(65...90).contains($0) || "_-".utf8.contains($0) })
        else {
            throw Misfit("\(scalar.shown) is not a network: 1 to 40 of a-z 0-9 _ -")
        }
        return text
    }

    /// The leading digits of a card number, up to eight; zeros count.
    static func cardPrefix(_ scalar: ConfigScalar) throws(Misfit) -> String {
        guard (1...8).contains(scalar.text.utf8.count), scalar.text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw Misfit("\(scalar.shown) is not the beginning of a card number: 1 to 8 digits")
        }
        return scalar.text
    }

    static func metadataValue(_ scalar: ConfigScalar) throws(Misfit) -> String {
        let value = try text(scalar)
        guard value.unicodeScalars.count <= 500 else { throw Misfit("a metadata value has at most 500 characters") }
        return value
    }

    // MARK: parts

    private static let durationUnits: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
    private static let sizeUnits = ["B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte | 0x20)
    }

    /// Digits without a leading zero.
    static func digits(_ text: Substring) -> Int? {
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0")
        else { return nil }
        return Int(text)
    }

    /// A decimal such as `1.5` as an integer of its last decimal; nil where it has more decimals.
    private static func fixedPoint(_ text: Substring, decimals: Int) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let whole = digits(first), whole <= 1_000_000 else { return nil }
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...decimals).contains(fraction.utf8.count), fraction.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        let padded = String(fraction) + String(repeating: "0", count: decimals - fraction.utf8.count)
        guard let part = Int64(padded) else { return nil }
        return (0..<decimals).reduce(Int64(whole)) { value, _ in value * 10 } + part
    }

    private static func upperCased(_ text: String, known: some Collection<String>) -> String? {
        known.contains(text.uppercased()) ? text.uppercased() : nil
    }
}
