/// An object: members in the order in which they were written, each name once.
///
/// Names are told apart by their UTF-8 bytes. Two objects are equal when they have equal members, in whatever order,
/// as JSON defines it; ``JSONValue/serialized()`` keeps the order.
public struct JSONObject: Sendable {
    /// A member: its name and its value.
    public typealias Member = (name: String, value: JSONValue)

    /// Up to this many members a search from the first on beats a hash table.
    static let linearSearchLimit = 16

    /// The members in their order.
    public private(set) var members: [Member]

    /// An object without members.
    public init() {
        members = []
    }

    /// Takes members whose names the reader has already found to be different.
    init(distinct members: [Member]) {
        self.members = members
    }

    /// The names in the order of the members.
    public var names: [String] {
        members.map(\.name)
    }

    /// The number of members.
    public var count: Int {
        members.count
    }

    /// Whether there are no members.
    public var isEmpty: Bool {
        members.isEmpty
    }

    /// The value of a member, nil where there is none of this name; its cost grows with the number of members. Setting
    /// it replaces the value in its place or adds the member at the end; setting nil removes the member.
    public subscript(name: String) -> JSONValue? {
        get {
            index(of: name).map { members[$0].value }
        }
        set {
            switch (index(of: name), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
    }

    private func index(of name: String) -> Int? {
        let exact = ExactText(name)
        return members.firstIndex { ExactText($0.name) == exact }
    }

    /// The members by name as the bytes sort, which is the order of the Unicode scalars.
    var sortedByName: [Member] {
        members.sorted { ExactText($0.name).precedes(ExactText($1.name)) }
    }
}

extension JSONObject: Sequence {
    /// Goes through the members in their order: `for (name, value) in object`.
    public func makeIterator() -> IndexingIterator<[Member]> {
        members.makeIterator()
    }

    /// The number of members.
    public var underestimatedCount: Int {
        members.count
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The members in the order of the literal. Each name must be there once.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init()
        members.reserveCapacity(elements.count)
        for (name, value) in elements {
            precondition(index(of: name) == nil, "a member name is twice in a literal of JSONObject")
            members.append((name, value))
        }
    }
}

extension JSONObject: Hashable {
    /// Whether both have the same members, names compared by their bytes, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        func match(_ left: [Member], _ right: [Member]) -> Bool {
            zip(left, right).allSatisfy { ExactText($0.name) == ExactText($1.name) && $0.value == $1.value }
        }
        let sameOrder = zip(left.members, right.members).allSatisfy { ExactText($0.name) == ExactText($1.name) }
        return sameOrder ? match(left.members, right.members) : match(left.sortedByName, right.sortedByName)
    }

    /// Hashes the members so that their order does not count.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (name, value) in members {
            var member = hasher
            member.combine(ExactText(name))
            member.combine(value)
            sum ^= member.finalize()
        }
        hasher.combine(members.count)
        hasher.combine(sum)
    }
}
