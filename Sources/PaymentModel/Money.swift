/// An amount of money: an integer count of a currency's minor units.
public struct Money: Hashable, Sendable, CustomStringConvertible {
    /// The amount in minor units of `currency`: 10000 is KES 100.00, JPY 10000 and KWD 10.000.
    public let minorUnits: Int64

    /// The currency that the minor units are of.
    public let currency: Currency

    /// Makes an amount of minor units.
    public init(minorUnits: Int64, currency: Currency) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    /// Reads a decimal amount in major units, exactly: `100`, `100.0` and `100.00` are the same KES.
    ///
    /// Nil for anything but digits with at most one point, for a fraction of a minor unit, and for what does not fit
    /// 64 bits. A leading minus is read; exponents and grouping are not.
    public init?(decimal text: String, currency: Currency) {
        var bytes = text.utf8[...]
        let negative = bytes.first == UInt8(ascii: "-")
        if negative { bytes = bytes.dropFirst() }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, parts.count == 1 || !parts[1].isEmpty else { return nil }
        // Counted in its own sign, since the least Int64 has no positive counterpart.
        var units: Int64 = 0
        func append(_ byte: UInt8) -> Bool {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return false }
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (tenfold, overflow) = units.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(negative ? -digit : digit)
            units = sum
            return !overflow && !carry
        }
        for byte in whole { guard append(byte) else { return nil } }
        var decimals = 0
        for byte in parts.dropFirst().joined() {
            if decimals == currency.exponent {
                guard byte == UInt8(ascii: "0") else { return nil }
                continue
            }
            guard append(byte) else { return nil }
            decimals += 1
        }
        while decimals < currency.exponent {
            guard append(UInt8(ascii: "0")) else { return nil }
            decimals += 1
        }
        self.init(minorUnits: units, currency: currency)
    }

    /// The amount in major units with all the decimals of the currency: `100.00` (KES), `100` (JPY), `0.100` (KWD).
    public var decimalText: String {
        let digits = String(minorUnits.magnitude)
        let sign = minorUnits < 0 ? "-" : ""
        guard currency.exponent > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, currency.exponent + 1 - digits.utf8.count)) + digits
        return "\(sign)\(padded.dropLast(currency.exponent)).\(padded.suffix(currency.exponent))"
    }

    /// The amount in major units without trailing zeros in the fraction: `100` for KES 100.00, `99.5` for 99.50.
    public var shortDecimalText: String {
        var text = decimalText[...]
        guard currency.exponent > 0 else { return String(text) }
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return String(text)
    }

    public var description: String { "\(decimalText) \(currency.code)" }
}
