public import PaymentModel

/// Texts of a provider: what they may be, and how they are kept and shown to apps: bounded, on one line, and without what
/// must not be seen.
public enum ProviderText {
    /// Whether a text can be one of the provider's references, which are opaque and may become part of a path: 1 to 255
    /// visible ASCII characters, and not dots alone.
    public static func isReference(_ text: String) -> Bool {
        text.utf8.count <= 255 && isVisibleASCII(text) && !text.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
    }

    /// Whether a text is visible ASCII, as a header can carry it: a key of the settings, say. The empty one is not.
    public static func isVisibleASCII(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    /// A provider's sentence, fit to be shown: one line of at most 200 characters. Nil where it is empty, repeats a
    /// secret or holds a card number.
    public static func sentence(_ text: String?, hiding secrets: [Secret]) -> String? {
        guard let text, !secrets.contains(where: { text.contains($0.reveal()) }), !CardNumberScan.finds(in: text) else {
            return nil
        }
        let words = text.unicodeScalars.prefix(1000).split { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .privateUse, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator,
                .spaceSeparator:
                true
            default: false
            }
        }
        let line = words.map { String(Substring($0)) }.joined(separator: " ")
        return line.isEmpty ? nil : String(line.prefix(200))
    }

    /// A provider's code, fit to be kept: at most 64 of `A-Z a-z 0-9 _ . -`. Nil where it is not, or repeats a secret.
    public static func code(_ text: String?, hiding secrets: [Secret]) -> String? {
        guard let text, (1...64).contains(text.utf8.count), !secrets.contains(where: { text.contains($0.reveal()) }),
            text.utf8.allSatisfy({
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "_.-".utf8.contains($0)
            })
        else { return nil }
        return text
    }
}
