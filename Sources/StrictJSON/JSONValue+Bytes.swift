extension JSONValue {
    /// The value as compact JSON: members in their order, numbers with their exact text.
    public func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self, sorted: false)
        return writer.bytes
    }

    /// The value as compact JSON, with the members of every object sorted by name, as the Unicode scalars sort.
    ///
    /// Documents that differ only in whitespace, in escapes and in the order of members give the same bytes, so a keyed
    /// hash of them tells whether two requests are the same. `1.0` and `1` are different here.
    public func canonicalBytes() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self, sorted: true)
        return writer.bytes
    }
}
