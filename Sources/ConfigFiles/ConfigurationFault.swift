/// A place in a configuration file. Lines and columns count from 1; a column is one Unicode scalar.
package struct SourcePosition: Sendable, Hashable, CustomStringConvertible {
    /// As the folder was named, with the file: `routes/30-routes.yaml`; the folder itself where no file is to blame.
    package let file: String
    package let line: Int
    package let column: Int

    /// Names a place.
    package init(file: String, line: Int = 1, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file):\(line):\(column)" }
}

/// Something wrong in the configuration. It prints as compilers print: `file:line:column: error: text`. It never holds
/// the value of a secret, nor what was put in for a `${…}`.
package struct ConfigurationFault: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Severity: String, Sendable, Hashable {
        /// Nothing goes live with it.
        case error
        /// It works, and is probably not what was meant.
        case warning
    }

    package let severity: Severity
    package let position: SourcePosition
    /// One line, of a bounded length.
    package let text: String
    /// The known name that was probably meant.
    package let suggestion: String?

    /// Makes a fault.
    package init(_ severity: Severity, at position: SourcePosition, _ text: String, suggestion: String? = nil) {
        self.severity = severity
        self.position = position
        self.text = Self.line(text)
        self.suggestion = suggestion
    }

    /// A text may quote keys and names of the file, which hold anything: what is not to be seen, or breaks a line, becomes a
    /// space, and what is too long is cut.
    private static func line(_ text: String) -> String {
        let most = 1000
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(most) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(line) + (text.unicodeScalars.count > most ? "…" : "")
    }

    package var description: String {
        "\(position): \(severity.rawValue): \(text)" + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
    }
}

/// The faults of one load, in the order of their finding. Lives for one load, in one task.
final class FaultLog {
    /// More than anybody reads; a file of nothing but faults must not fill the memory.
    static let most = 1000

    private var faults: [ConfigurationFault] = []
    private var errors = 0
    private var warnings = 0

    var hasErrors: Bool { errors > 0 }

    func error(at position: SourcePosition, _ text: String, suggestion: String? = nil) {
        errors += 1
        add(ConfigurationFault(.error, at: position, text, suggestion: suggestion), number: errors)
    }

    func error(at position: SourcePosition, _ misfit: Misfit) {
        error(at: position, misfit.text, suggestion: misfit.suggestion)
    }

    func warning(at position: SourcePosition, _ text: String) {
        warnings += 1
        add(ConfigurationFault(.warning, at: position, text), number: warnings)
    }

    private func add(_ fault: ConfigurationFault, number: Int) {
        if number <= Self.most { faults.append(fault) }
        guard number == Self.most + 1 else { return }
        let text = "too many \(fault.severity)s: the rest is not listed"
        faults.append(ConfigurationFault(fault.severity, at: fault.position, text))
    }

    /// By file, line and column; what is said first of a place stays first.
    var sorted: [ConfigurationFault] {
        faults.enumerated().sorted {
            let (left, right) = ($0.element.position, $1.element.position)
            return (left.file, left.line, left.column, $0.offset) < (right.file, right.line, right.column, $1.offset)
        }.map(\.element)
    }
}
