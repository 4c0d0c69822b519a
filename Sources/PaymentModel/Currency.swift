/// An ISO 4217 currency with the number of decimals of its minor unit.
///
/// Only currencies that payments are made in are known: the funds codes, metals and test codes of the standard (XAU,
/// XTS, …) are refused like any unknown text.
public struct Currency: Hashable, Sendable, CustomStringConvertible {
    /// The three upper-case letters, such as `KES`.
    public let code: String

    /// How many decimals the minor unit has: 0 (JPY), 2 (KES) or 3 (KWD).
    public let exponent: Int

    /// The currency of that code, or nil where ISO 4217 has no such currency. Codes are upper case.
    public init?(code: String) {
        // Swift finds canonically equivalent keys too: the Kelvin sign (U+212A) is an equal of `K`, three bytes long.
        guard code.utf8.count == 3, let exponent = Self.exponents[code] else { return nil }
        self.code = code
        self.exponent = exponent
    }

    public var description: String { code }

    /// Every known currency code.
    public static var allCodes: some Collection<String> { exponents.keys }

    /// ISO 4217 list one, minor units as published (MGA and MRU have 2 there although they are divided by five).
    private static let exponents: [String: Int] = {
        let twoDecimals = """
            AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
            CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
            JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
            NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
            SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
            """
        let noDecimals = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
        let threeDecimals = "BHD IQD JOD KWD LYD OMR TND"
        var table: [String: Int] = [:]
        for (codes, exponent) in [(twoDecimals, 2), (noDecimals, 0), (threeDecimals, 3)] {
            for code in codes.split(whereSeparator: \.isWhitespace) { table[String(code)] = exponent }
        }
        return table
    }()
}
