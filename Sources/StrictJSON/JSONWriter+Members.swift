/// A name and its value in one call. What is absent is written as `null`, never left out.
extension JSONWriter {
    /// Writes a member that is a string, or null.
    public mutating func member(_ name: String, _ value: String?) {
        self.name(name)
        if let value { string(value) } else { null() }
    }

    /// Writes a member that is a whole number, or null.
    public mutating func member(_ name: String, _ value: Int64?) {
        self.name(name)
        if let value { integer(value) } else { null() }
    }

    /// Writes a member that is a whole number, or null.
    public mutating func member(_ name: String, _ value: Int?) {
        member(name, value.map(Int64.init))
    }

    /// Writes a member that is a truth value, or null.
    public mutating func member(_ name: String, _ value: Bool?) {
        self.name(name)
        if let value { bool(value) } else { null() }
    }

    /// Writes a member that is any value.
    public mutating func member(_ name: String, _ value: JSONValue) {
        self.name(name)
        self.value(value)
    }

    /// Writes a member that is a number with its exact text.
    public mutating func member(_ name: String, number: JSONNumber) {
        self.name(name)
        self.number(number)
    }

    /// Writes a member whose value the closure writes: exactly one, such as ``object(_:)`` or ``array(_:)``.
    public mutating func member<Failure: Error>(
        _ name: String, _ value: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.name(name)
        try value(&self)
    }
}
