/// Writes the Prometheus text format, version 0.0.4.
struct PrometheusWriter {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(32 * 1024) }

    mutating func begin(_ name: String, kind: MetricKind, help: String) {
        append("# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n")
    }

    /// - Parameter labels: As `labels(_:)` writes them.
    mutating func sample(_ name: String, labels: String, _ value: Double) {
        append(name)
        if !labels.isEmpty {
            append("{")
            append(labels)
            append("}")
        }
        append(" ")
        append(Self.number(value))
        append("\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// `a="1",b="2"`, in the order of the names; of two of one name the first stays.
    static func labels(_ dimensions: [(String, String)]) -> String {
        var seen: Set<String> = []
        return dimensions.map { (labelName($0.0), $0.1) }
            .filter { seen.insert($0.0).inserted }
            .sorted { $0.0 < $1.0 }
            .map { "\($0.0)=\"\(escaped($0.1, quotes: true))\"" }
            .joined(separator: ",")
    }

    /// Whole numbers without a point, as people write them.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return String(whole) }
        return value.description
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`: what does not fit becomes `_`.
    static func metricName(_ label: String) -> String { name(label, colons: true) }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`; `le` belongs to histograms.
    static func labelName(_ label: String) -> String {
        let name = name(label, colons: false)
        return name == "le" ? "le_" : name
    }

    private static func name(_ text: String, colons: Bool) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let fits = isLetter || colons && scalar == ":"
            if ("0"..."9").contains(scalar) {
                if name.isEmpty { name = "_" }
                name.unicodeScalars.append(scalar)
            } else {
                name.unicodeScalars.append(fits ? scalar : "_")
            }
        }
        return name.isEmpty ? "_" : name
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard
            text.utf8.contains(where: {
                $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\"")
            })
        else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
