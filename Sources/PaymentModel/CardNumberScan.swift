/// Finds card numbers in texts that are stored, echoed or logged, which must never hold one (PCI DSS 3.3 and 3.5): people do
/// put them into descriptions, references and metadata.
///
/// A card number here is 14 to 19 digits, as one run or in groups with a single space, dash, dot, underscore or slash between them, that passes the
/// Luhn check and begins like a known brand. Shorter numbers are left alone, so that phones and 13-digit national ids pass,
/// and so are longer runs without separators, and UUIDs: one in 1,600 would look like a card number by chance, and they are what
/// orders, customers and providers' transactions are often known by.
public enum CardNumberScan {
    private static let lengths = 14...19

    /// Whether the text holds a card number.
    public static func finds(in text: String) -> Bool {
        // Nearly every text ends here: one pass that counts.
        guard text.utf8.count(where: isDigit) >= lengths.lowerBound else { return false }
        // The digits met without a break, and where in them each group begins. Every stretch of whole groups is looked at,
        // since an expiry date or a CVV may stand beside the number.
        var digits: [UInt8] = []
        var groups: [Int] = []
        var isInGroup = false
        var rest = Array(text.utf8)[...]
        var isInWord = false
        while let byte = rest.first {
            if !isInWord, beginsWithUUID(rest) {
                rest = rest.dropFirst(36)
                digits.removeAll(keepingCapacity: true)
                groups.removeAll(keepingCapacity: true)
                isInWord = true
                continue
            }
            rest = rest.dropFirst()
            isInWord = isAlphanumeric(byte)
            if isDigit(byte) {
                if !isInGroup { groups.append(digits.count) }
                isInGroup = true
                digits.append(byte)
                continue
            }
            if isInGroup, endsWithCardNumber(digits, groups) { return true }
            // A separator keeps the run only behind a digit: a second one in a row breaks it.
            if !isInGroup || !" -._/".utf8.contains(byte) {
                digits.removeAll(keepingCapacity: true)
                groups.removeAll(keepingCapacity: true)
            }
            isInGroup = false
        }
        return isInGroup && endsWithCardNumber(digits, groups)
    }

    /// A member's name that a caller made up, as a pointer may show it: without digits where it holds a card number, and
    /// without digits and cut to 64 Unicode scalars where it is longer.
    static func shown(_ name: String) -> String {
        let isLong = name.unicodeScalars.count > 64
        guard isLong || finds(in: name) else { return name }
        var shown = String.UnicodeScalarView()
        for scalar in name.unicodeScalars.prefix(64) { shown.append(("0"..."9").contains(scalar) ? "*" : scalar) }
        return String(shown) + (isLong ? "…" : "")
    }

    private static func endsWithCardNumber(_ digits: [UInt8], _ groups: [Int]) -> Bool {
        var end = digits.count
        var (shortest, longest) = (Int.max, 0)
        for start in groups.reversed() {
            let count = digits.count - start
            if count > lengths.upperBound { return false }
            shortest = min(shortest, end - start)
            longest = max(longest, end - start)
            end = start
            // People write a card number in groups of two digits and more, or digit by digit. A lone digit between longer groups is
            // part of an order's or an invoice's number.
            guard count >= lengths.lowerBound, shortest > 1 || longest == 1 else { continue }
            let number = digits[start...]
            if passesLuhn(number), CardBrand(number: String(decoding: number, as: UTF8.self)) != .unknown {
                return true
            }
        }
        return false
    }

    /// Whether 8-4-4-4-12 hexadecimal digits stand there as a word of their own. One of decimal digits alone is none: it may be
    /// numbers that were written so.
    private static func beginsWithUUID(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count >= 36 else { return false }
        var hasLetter = false
        for (index, byte) in bytes.prefix(36).enumerated() {
            switch index {
            case 8, 13, 18, 23:
                guard byte == UInt8(ascii: "-") else { return false }
            default:
                let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
                guard isLetter || isDigit(byte) else { return false }
                hasLetter = hasLetter || isLetter
            }
        }
        return hasLetter && bytes.dropFirst(36).first.map(isAlphanumeric) != true
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
