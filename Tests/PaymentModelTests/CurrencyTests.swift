import PaymentModel
import Testing

/// ISO 4217 list one (active currencies), typed in anew from the published table and not from the sources.
@Suite struct CurrencyTests {
    static let noDecimals = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
    ]
    static let threeDecimals = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
    static let twoDecimals = """
        AED United Arab Emirates|AFN Afghanistan|ALL Albania|AMD Armenia|AOA Angola|ARS Argentina|AUD Australia|AWG Aruba
        AZN Azerbaijan|BAM Bosnia|BBD Barbados|BDT Bangladesh|BMD Bermuda|BND Brunei|BOB Bolivia|BRL Brazil|BSD Bahamas
        BTN Bhutan|BWP Botswana|BYN Belarus|BZD Belize|CAD Canada|CDF Congo|CHF Switzerland|CNY China|COP Colombia
        CRC Costa Rica|CUP Cuba|CVE Cabo Verde|CZK Czechia|DKK Denmark|DOP Dominican Republic|DZD Algeria|EGP Egypt
        ERN Eritrea|ETB Ethiopia|EUR euro|FJD Fiji|FKP Falklands|GBP United Kingdom|GEL Georgia|GHS Ghana|GIP Gibraltar
        GMD Gambia|GTQ Guatemala|GYD Guyana|HKD Hong Kong|HNL Honduras|HTG Haiti|HUF Hungary|IDR Indonesia|ILS Israel
        INR India|IRR Iran|JMD Jamaica|KES Kenya|KGS Kyrgyzstan|KHR Cambodia|KPW North Korea|KYD Cayman|KZT Kazakhstan
        LAK Laos|LBP Lebanon|LKR Sri Lanka|LRD Liberia|LSL Lesotho|MAD Morocco|MDL Moldova|MGA Madagascar
        MKD North Macedonia|MMK Myanmar|MNT Mongolia|MOP Macao|MRU Mauritania|MUR Mauritius|MVR Maldives|MWK Malawi
        MXN Mexico|MYR Malaysia|MZN Mozambique|NAD Namibia|NGN Nigeria|NIO Nicaragua|NOK Norway|NPR Nepal|NZD New Zealand
        PAB Panama|PEN Peru|PGK Papua New Guinea|PHP Philippines|PKR Pakistan|PLN Poland|QAR Qatar|RON Romania|RSD Serbia
        RUB Russia|SAR Saudi Arabia|SBD Solomon Islands|SCR Seychelles|SDG Sudan|SEK Sweden|SGD Singapore|SHP St Helena
        SLE Sierra Leone|SOS Somalia|SRD Suriname|SSP South Sudan|STN Sao Tome|SVC El Salvador|SYP Syria|SZL Eswatini
        THB Thailand|TJS Tajikistan|TMT Turkmenistan|TOP Tonga|TRY Turkey|TTD Trinidad|TWD Taiwan|TZS Tanzania|UAH Ukraine
        USD United States|UYU Uruguay|UZS Uzbekistan|VED Venezuela|VES Venezuela|WST Samoa|XCD East Caribbean
        XCG Caribbean guilder|YER Yemen|ZAR South Africa|ZMW Zambia|ZWG Zimbabwe
        """.split(whereSeparator: { $0 == "|" || $0 == "\n" }).map { String($0.prefix(3)) }

    @Test func everyCurrencyHasItsExponentAndThereAreNoOthers() throws {
        for (codes, exponent) in [(Self.noDecimals, 0), (Self.twoDecimals, 2), (Self.threeDecimals, 3)] {
            for code in codes {
                let currency = try #require(Currency(code: code), "\(code)")
                #expect(currency.exponent == exponent, "\(code)")
                #expect(currency.code == code)
            }
        }
        let known = Self.noDecimals + Self.twoDecimals + Self.threeDecimals
        #expect(Set(known).count == known.count)
        #expect(Set(Currency.allCodes) == Set(known))
    }

    @Test(
        "Funds codes, metals, test codes, codes with four decimals and codes that were withdrawn are refused",
        arguments: [
            "CLF", "UYW", "UYI", "CHE", "CHW", "BOV", "COU", "MXV", "USN", "XAU", "XAG", "XPT", "XPD", "XDR", "XSU",
            "XUA",
            "XTS", "XXX", "ANG", "BGN", "HRK", "CUC", "SLL", "ZWL", "MRO", "STD", "VEF", "BYR", "LTL",
        ])
    func codesThatNobodyPaysInAreRefused(_ code: String) {
        #expect(Currency(code: code) == nil)
    }

    @Test(arguments: ["", "K", "KE", "KESS", "kes", "Kes", " KES", "KES ", "K\u{0}S", "\u{212A}ES", "ＫＥＳ", "€"])
    func textsThatAreNoCodeAreRefused(_ text: String) {
        #expect(Currency(code: text) == nil)
    }

    @Test(arguments: ["", "K", "ke", "KEN", "XX", "EU", "UK", "ZZ", "AN", "\u{212A}E", "ＫＥ", "KE "])
    func textsThatAreNoCountryAreRefused(_ text: String) {
        #expect(Country(code: text) == nil)
    }

    @Test func everyAssignedCountryIsKnown() throws {
        // ISO 3166-1 has 249 assigned codes.
        #expect(Country.allCodes.count == 249)
        for code in ["KE", "MA", "PK", "UG", "TZ", "NO", "US", "GB", "BQ", "SS", "CW", "SX", "PS", "TW"] {
            #expect(try #require(Country(code: code)).code == code)
        }
    }
}
