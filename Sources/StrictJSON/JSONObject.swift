/// An object: members in the order in which they were written, each name once.
///
/// Names are told apart by their UTF-8 bytes. Two objects are equal when they have equal members, in whatever order,
/// as JSON defines it; ``JSONValue/serialized()`` keeps the order.
public struct JSONObject: Sendable {
    /// A member: its name and its value.
    public typealias Member = (name: String, value: JSONValue)

    /// A member as it is stored: an array of structs is much faster to copy and to destroy than one of tuples.
    struct Entry: Sendable {
        let name: String
        var value: JSONValue

        func isNamed(_ name: ExactText) -> Bool {
            ExactText(self.name) == name
        }
    }

    /// Up to this many members a search from the first on beats a hash table.
    static let linearSearchLimit = 16

    /// The members in their order.
    private(set) var entries: [Entry]

    /// An object without members.
    public init() {
        entries = []
    }

    /// Takes members whose names the reader has already found to be different.
    init(distinct entries: [Entry]) {
        self.entries = entries
    }

    /// The members in their order, as an array made for the caller. To go through them, go through the object itself.
    public var members: [Member] {
        Array(self)
    }

    /// The names in the order of the members.
    public var names: [String] {
        entries.map(\.name)
    }

    /// The number of members.
    public var count: Int {
        entries.count
    }

    /// Whether there are no members.
    public var isEmpty: Bool {
        entries.isEmpty
    }

    /// The value of a member, nil where there is none of this name; its cost grows with the number of members. Setting
    /// it replaces the value in its place or adds the member at the end; setting nil removes the member.
    public subscript(name: String) -> JSONValue? {
        get {
            index(of: name).map { entries[$0].value }
        }
        set {
            switch (index(of: name), newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    private func index(of name: String) -> Int? {
        let exact = ExactText(name)
        return entries.firstIndex { $0.isNamed(exact) }
    }

    /// The members by name as the bytes sort, which is the order of the Unicode scalars.
    var sortedByName: JSONObject {
        JSONObject(distinct: entries.sorted { ExactText($0.name).precedes(ExactText($1.name)) })
    }
}

extension JSONObject: Sequence {
    /// The members that are still to come.
    public struct Iterator: IteratorProtocol, Sendable {
        private var entries: IndexingIterator<[Entry]>

        init(_ entries: [Entry]) {
            self.entries = entries.makeIterator()
        }

        /// The next member; nil after the last one.
        public mutating func next() -> Member? {
            entries.next().map { ($0.name, $0.value) }
        }
    }

    /// Goes through the members in their order: `for (name, value) in object`.
    public func makeIterator() -> Iterator {
        Iterator(entries)
    }

    /// The number of members.
    public var underestimatedCount: Int {
        entries.count
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The members in the order of the literal. Each name must be there once.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init()
        for (name, value) in elements {
            precondition(index(of: name) == nil, "a member name is twice in a literal of JSONObject")
            entries.append(Entry(name: name, value: value))
        }
    }
}

extension JSONObject: Hashable {
    /// Whether both have the same members, names compared by their bytes, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        func sameNames(_ left: JSONObject, _ right: JSONObject) -> Bool {
            zip(left.entries, right.entries).allSatisfy { $0.isNamed(ExactText($1.name)) }
        }
        func sameValues(_ left: JSONObject, _ right: JSONObject) -> Bool {
            zip(left.entries, right.entries).allSatisfy { $0.value == $1.value }
        }
        if sameNames(left, right) {
            return sameValues(left, right)
        }
        let left = left.sortedByName
        let right = right.sortedByName
        return sameNames(left, right) && sameValues(left, right)
    }

    /// Hashes the members so that their order does not count.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for entry in entries {
            var member = hasher
            member.combine(ExactText(entry.name))
            member.combine(entry.value)
            sum ^= member.finalize()
        }
        hasher.combine(entries.count)
        hasher.combine(sum)
    }
}
