/// Replaces `${NAME}`, `${NAME:-default}` and `${file:/path}` in a scalar. What comes in is not looked at again. `$${`
/// stands for `${`; any other `$` is itself.
struct Substitution {
    /// What an unset `${…}` becomes under `--without-secrets`: long enough for a secret, and hex and base64 as well.
    static let standIn = String(repeating: "0", count: 64)
    /// Bytes of one scalar after substitution.
    static let mostBytes = 64 * 1024

    /// What a scalar became.
    struct Outcome {
        var text: String
        var isStandIn = false
        var faults: [Fault] = []
    }

    /// Something that cannot be replaced.
    struct Fault {
        /// Which `${` of the text it is, from 0; `$${` counts.
        let index: Int
        let text: String
    }

    let environment: [String: String]
    let readFile: (String) -> [UInt8]?

    /// Replaces what there is to replace.
    ///
    /// - Parameter mayLack: What is not set becomes a stand-in instead of a fault.
    func replace(in text: String, mayLack: Bool) -> Outcome {
        let source = Array(text.unicodeScalars)
        var outcome = Outcome(text: "")
        var result = String.UnicodeScalarView()
        var position = 0
        var index = 0
        while position < source.count {
            if source[position...].starts(with: "$${".unicodeScalars) {
                result.append(contentsOf: "${".unicodeScalars)
                position += 3
                index += 1
            } else if source[position...].starts(with: "${".unicodeScalars) {
                guard let end = source[position...].firstIndex(of: "}") else {
                    outcome.faults.append(Fault(index: index, text: "'${' has no '}'"))
                    break
                }
                let name = String(String.UnicodeScalarView(source[(position + 2)..<end]))
                switch value(of: name) {
                case .text(let value): result.append(contentsOf: value.unicodeScalars)
                case .missing where mayLack:
                    result.append(contentsOf: Self.standIn.unicodeScalars)
                    outcome.isStandIn = true
                case .missing(let problem), .wrong(let problem):
                    outcome.faults.append(Fault(index: index, text: problem))
                }
                position = end + 1
                index += 1
            } else {
                result.append(source[position])
                position += 1
            }
        }
        outcome.text = String(result)
        if outcome.text.utf8.count > Self.mostBytes {
            outcome.faults.append(Fault(index: 0, text: "is longer than \(Self.mostBytes) bytes"))
        }
        return outcome
    }

    private enum Value {
        case text(String)
        /// Not there. The text says so.
        case missing(String)
        /// Not a thing to replace. The text says so.
        case wrong(String)
    }

    /// The value of what stands between `${` and `}`.
    private func value(of expression: String) -> Value {
        if expression.contains("${") { return .wrong("'${' within '${' is not supported") }
        if expression.hasPrefix("file:") { return file(String(expression.dropFirst(5))) }
        let parts = expression.split(separator: ":-", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        guard Self.isName(name) else {
            return .wrong("'${\(expression.prefix(40))}' is not ${NAME}, ${NAME:-default} or ${file:/path}")
        }
        let value = environment[name]
        if parts.count == 2 {
            // As in a shell: `:-` also stands in for what is set to nothing.
            return .text(value.flatMap { $0.isEmpty ? nil : $0 } ?? String(parts[1]))
        }
        return value.map(Value.text) ?? .missing("environment variable \(name) is not set")
    }

    private func file(_ path: String) -> Value {
        guard !path.isEmpty else { return .wrong("'${file:}' names no file") }
        guard let bytes = readFile(path) else { return .missing("file \(path) cannot be read") }
        guard bytes.count <= Self.mostBytes else {
            return .wrong("file \(path) is longer than \(Self.mostBytes) bytes")
        }
        guard var text = String(validating: bytes, as: UTF8.self) else { return .wrong("file \(path) is not UTF-8") }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        return .text(text)
    }

    /// `A-Z a-z _`, then digits too.
    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= 255 && text.utf8.first.map { !isDigit($0) } == true
            && text.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") || isLetter($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
