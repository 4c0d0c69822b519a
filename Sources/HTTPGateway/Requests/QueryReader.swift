import PaymentEngine
import PaymentModel
import StrictJSON

/// Reads the parameters of a query by name and collects every fault, as `FieldReader` does for bodies: unknown, repeated
/// and empty parameters are faults too. The pointer of a parameter is `/` and its name.
struct QueryReader {
    private var values: [String: String] = [:]
    private var unread: [String] = []
    private(set) var faults: [FieldFault] = []

    init(_ query: String?) {
        guard let query, !query.isEmpty else { return }
        let pairs = query.split(separator: "&", maxSplits: 32, omittingEmptySubsequences: false)
        for pair in pairs where !pair.isEmpty {
            let equals = pair.firstIndex(of: "=") ?? pair.endIndex
            guard let name = PercentEncoding.decode(pair[..<equals]) else {
                faults.append(FieldFault(pointer: "", detail: "the query has a name that is not percent-encoded UTF-8"))
                continue
            }
            if values[name] != nil {
                fault(name, "is given more than once")
            } else if let value = PercentEncoding.decode(pair[equals...].dropFirst()) {
                values[name] = value
                unread.append(name)
            } else {
                values[name] = ""
                fault(name, "is not percent-encoded UTF-8")
            }
        }
    }

    /// Adds a fault at a parameter.
    mutating func fault(_ name: String, _ detail: String) {
        faults.append(FieldFault(pointer: "/" + JSONPointer.escape(name), detail: detail))
    }

    /// A parameter that `convert` makes something of; nil from it is the fault `detail`. Nil where it is absent.
    mutating func value<Value>(_ name: String, otherwise detail: String, _ convert: (String) -> Value?) -> Value? {
        unread.removeAll { $0 == name }
        guard let text = values[name] else { return nil }
        guard !text.isEmpty, let value = convert(text) else {
            if !faults.contains(where: { $0.pointer == "/" + name }) { fault(name, detail) }
            return nil
        }
        return value
    }

    /// An integer in `range`, digits only.
    mutating func integer(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        value(name, otherwise: "must be an integer from \(range.lowerBound) to \(range.upperBound)") { text in
            guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(text), range.contains(number)
            else { return nil }
            return number
        }
    }

    /// A text of 1 to `most` visible ASCII characters.
    mutating func text(_ name: String, most: Int) -> String? {
        value(name, otherwise: "must be 1 to \(most) visible ASCII characters") { text in
            text.utf8.count <= most && text.utf8.allSatisfy { (0x21...0x7e).contains($0) } ? text : nil
        }
    }

    /// Throws `validation-failed` with every fault found, unread parameters among them.
    mutating func finish() throws(Problem) {
        for name in unread { fault(name, "is not a parameter known here") }
        unread = []
        if !faults.isEmpty { throw .validation(faults) }
    }
}

extension PaymentQuery {
    /// Reads the query of a list of payments.
    ///
    /// - Parameter app: Whose payments; nil for an operator, who may choose one with `app`.
    init(_ query: String?, app: String?) throws(Problem) {
        var reader = QueryReader(query)
        self.init()
        self.app = app ?? reader.text("app", most: 128)
        let statuses = PaymentStatus.allCases.map(\.rawValue).joined(separator: ", ")
        status = reader.value("status", otherwise: "must be one of \(statuses)", PaymentStatus.init(rawValue:))
        reference = reader.text("reference", most: 64)
        provider = reader.text("provider", most: 128)
        let moment = "must be a time such as 2026-01-24T10:00:00Z"
        createdFrom = reader.value("created_from", otherwise: moment) { Timestamp($0) }
        createdTo = reader.value("created_to", otherwise: moment) { Timestamp($0) }
        limit = reader.integer("limit", in: 1...100).map(Int.init) ?? 10
        cursor = reader.text("cursor", most: 512)
        try reader.finish()
    }
}
