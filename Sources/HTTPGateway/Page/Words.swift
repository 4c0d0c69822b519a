import PaymentEngine
import PaymentModel

/// How the page says times and counts.
enum Words {
    /// `8 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
    static func duration(milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1000
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min"
        case ..<86_400: return "\(seconds / 3600) h" + (seconds / 60 % 60 == 0 ? "" : " \(seconds / 60 % 60) min")
        default: return "\(seconds / 86_400) d" + (seconds / 3600 % 24 == 0 ? "" : " \(seconds / 3600 % 24) h")
        }
    }

    /// `40 ms`, `1.2 s`.
    static func latency(_ milliseconds: Int) -> String {
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    /// `1 payment`, `3 payments`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// The share in whole percent: not 0 of something, and not 100 of less than all.
    static func percent(_ part: Int, of whole: Int) -> String {
        guard whole > 0, part > 0 else { return "0 %" }
        if part >= whole { return "100 %" }
        let percent = (part * 100 + whole / 2) / whole
        return percent == 0 ? "< 1 %" : percent == 100 ? "> 99 %" : "\(percent) %"
    }

    /// `partially_refunded` as words.
    static func slug(_ slug: String) -> String { slug.replacing("_", with: " ") }

    /// What an id tells apart: its end.
    static func short(_ id: String) -> String {
        id.count > 14 ? "\(id.prefix(4))…\(id.suffix(6))" : id
    }

    /// What names a configuration well enough.
    static func version(_ version: String) -> String { String(version.prefix(12)) }
}

extension HTML {
    /// How long ago a moment was, with the moment itself for who points at it.
    mutating func ago(_ moment: Timestamp, now: Timestamp) {
        let milliseconds = now.milliseconds - moment.milliseconds
        element("time", ["datetime": moment.description, "title": moment.description]) {
            $0.write(milliseconds < 1000 ? "just now" : Words.duration(milliseconds: milliseconds) + " ago")
        }
    }

    /// A state: a shape and a word, and a colour that says nothing more.
    mutating func badge(_ tone: Tone, _ word: String) {
        element("span", ["class": "badge \(tone.rawValue)"]) {
            $0.element("span", ["class": "shape", "aria-hidden": "true"], tone.shape)
            $0.write(" " + word)
        }
    }

    /// A button that asks the API for something, with the words that follow it.
    ///
    /// - Parameters:
    ///   - path: Of a `POST`; its variable parts are percent-encoded.
    ///   - confirm: What is asked before it is done.
    mutating func button(
        _ label: String, of thing: String, key: String, path: String, done: String, confirm: String? = nil,
        style: String = ""
    ) {
        element(
            "button",
            [
                "type": "button", "class": "act js \(style)", "data-key": key, "data-post": path, "data-done": done,
                "data-confirm": confirm, "aria-label": "\(label): \(thing)",
            ], label)
    }
}

/// What a state means to an operator.
enum Tone: String, Sendable, Comparable {
    case calm, good, note, warn, bad

    /// Tells the states apart without colour.
    var shape: String {
        switch self {
        case .calm: "○"
        case .good: "●"
        case .note: "◆"
        case .warn: "▲"
        case .bad: "■"
        }
    }

    private var rank: Int {
        switch self {
        case .calm: 0
        case .good: 1
        case .note: 2
        case .warn: 3
        case .bad: 4
        }
    }

    static func < (left: Tone, right: Tone) -> Bool { left.rank < right.rank }
}

/// A segment of a path of ours.
func pathSegment(_ text: String) -> String {
    text.utf8.reduce(into: "") { path, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            path.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let hex = String(byte, radix: 16, uppercase: true)
            path += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
        }
    }
}
