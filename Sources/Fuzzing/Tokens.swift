/// Pieces that mean something to a parser, or never should: what a mutator puts in.
package struct Tokens: Sendable {
    package let pieces: [[UInt8]]

    /// Makes a set.
    package init(_ pieces: [[UInt8]]) {
        self.pieces = pieces
    }

    /// Makes a set of texts.
    package init(_ texts: String...) {
        pieces = texts.map { Array($0.utf8) }
    }

    package static func + (left: Tokens, right: Tokens) -> Tokens { Tokens(left.pieces + right.pieces) }

    /// What any text may meet: broken UTF-8, characters that hide or break lines, and characters that Swift holds for
    /// equal to others.
    package static let text =
        Tokens([
            [0x00], [0x01], [0x1f], [0x7f], [0x80], [0xff], [0xfe, 0xff], [0xef, 0xbb, 0xbf], [0xc3], [0xc0, 0xaf],
            [0xe0, 0x80, 0xaf], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
        ])
        + Tokens(
            "\r\n", "\n", "\r", "\t", " ", "\u{85}", "\u{a0}", "\u{2028}", "\u{202e}", "\u{200b}", "\u{feff}",
            "e\u{301}",
            "\u{e9}", "\u{301}", "\u{212a}", "\u{37e}", "\u{1f600}", "\u{d7ff}", "\u{10ffff}", "${", "}", "%", "%00",
            "..", "/",
            "~", "\\", "\"", "'", "`")

    /// Numbers at the edges of types and of what is allowed.
    package static let numbers = Tokens(
        "0", "-0", "-1", "1", "00", "01", "+1", ".5", "1.", "1.0", "100.00", "1e3", "1E+10", "1e-7", "1e309", "-1e309",
        "1e999999999", "0x10", "NaN", "Infinity", "127", "255", "65535", "65536", "2147483648", "4294967296",
        "9007199254740993", "999999999999", "1000000000000", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "18446744073709551616", "0.1", "0.005", "99999999999999999999999999999999999999.99")

    /// JSON's grammar, and escapes of halves of surrogate pairs.
    package static let json =
        Tokens(
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\u0000", "\\u0061", "\\ud800", "\\udc00",
            "\\ud83d\\ude00",
            "\\/", "\\x41", "null", "true", "false", "{}", "[]", "\"\"", "\"a\":1,", "{\"a\":", "//", "/*") + numbers
        + text

    /// YAML's indicators, anchors, aliases, tags and documents; and the configuration's `${…}`.
    package static let yaml =
        Tokens(
            "-", "- ", ":", ": ", "?", "? ", ",", "[", "]", "{", "}", "[]", "{}", "#", " #", "&a", "&a ", "*a", "*a ",
            "!", "!!int ", "!x ", "|", "|\n", ">-\n", "'", "\"", "%", "%YAML 1.2\n", "@", "<<: ", "---\n", "...\n", "~",
            "null", "yes", "NO", "${", "${A}", "${A:-b}", "${file:/x}", "$${", "${A:-${B}}", "\\x00", "\\u2028", "\\n",
            "  ",
            "\t", "1s", "0s", "-1s", "99999999999d", "1KiB", "50%", "101%", "1e3") + numbers + text

    /// HTTP's separators, and fields that decide how a message ends.
    package static let http =
        Tokens(
            "\r\n", "\r\n\r\n", ":", ": ", " ", ";", ",", "?", "&", "=", "&&", "%41", "%zz", "+", "#", "//", "/../",
            "Content-Length: 0\r\n", "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked\r\n",
            "Expect: 100-continue\r\n", "Connection: close\r\n", "Host: x\r\n", "HTTP/1.0", "HTTP/2.0", "limit=",
            "cursor=",
            "created_from=2026-01-24T10:00:00Z", "\"\"") + numbers + text
}
