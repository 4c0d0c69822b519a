import Resilience

/// Reads a map of the configuration key by key, with the type of each key. What is wrong is reported where it stands
/// and reads as nil; `finish` reports the keys that nobody asked for.
struct MapReader {
    let position: SourcePosition
    let faults: FaultLog
    /// For messages: `server`, `provider 'payalo-ke'`.
    let what: String
    private let entries: [ConfigEntry]
    private var known: [String] = []

    /// Nil, and reported, where the node is no map. Nothing is an empty map.
    init?(_ node: ConfigNode, _ what: String, faults: FaultLog) {
        switch node.content {
        case .map(let entries): self.entries = entries
        case .empty: entries = []
        case .faulty: return nil
        case .scalar, .list:
            faults.error(at: node.position, "\(what) must be a map, not \(node.kind)")
            return nil
        }
        position = node.position
        self.what = what
        self.faults = faults
    }

    /// The value of a key, which is known from now on.
    mutating func node(_ key: String) -> ConfigNode? {
        known.append(key)
        return entries.first { $0.key == key }?.value
    }

    /// As `node`; its absence is reported at the map.
    mutating func required(_ key: String) -> ConfigNode? {
        if let node = node(key) { return node }
        faults.error(at: position, "\(what) needs '\(key)'")
        return nil
    }

    /// A scalar of a type. Nil where it is absent or wrong.
    mutating func value<Value>(_ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value) -> Value? {
        located(key, parse)?.value
    }

    /// As `value`; its absence is reported at the map.
    mutating func requiredValue<Value>(
        _ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value
    ) -> Value? {
        required(key).flatMap { faults.scalar($0, key, parse) }?.value
    }

    /// A scalar of a type, with its place.
    mutating func located<Value>(
        _ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value
    ) -> Located<Value>? {
        node(key).flatMap { faults.scalar($0, key, parse) }
    }

    /// A list of scalars; a single one is a list of one. Nil where it is absent or wrong.
    mutating func values<Value>(
        _ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value
    ) -> [Located<Value>]? {
        node(key).flatMap { faults.scalars($0, key, parse) }
    }

    /// As `values`; an empty list is a fault.
    mutating func someValues<Value>(
        _ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value
    ) -> [Located<Value>]? {
        guard let node = node(key), let values = faults.scalars(node, key, parse) else { return nil }
        guard values.isEmpty else { return values }
        // Items that were wrong are reported already.
        if node.holdsNothing { faults.error(at: node.position, "'\(key)' must not be empty") }
        return nil
    }

    /// Reports the keys that nobody asked for.
    func finish() {
        for entry in entries where !known.contains(entry.key) {
            faults.error(
                at: entry.position, "unknown key '\(entry.key)' in \(what)",
                suggestion: DidYouMean.suggestion(for: entry.key, among: known))
        }
    }
}

extension ConfigNode {
    /// Nothing was written, or an empty list or map.
    var holdsNothing: Bool {
        switch content {
        case .empty: true
        case .list(let items): items.isEmpty
        case .map(let entries): entries.isEmpty
        case .scalar, .faulty: false
        }
    }
}

extension FaultLog {
    /// A node as a scalar of a type.
    func scalar<Value>(
        _ node: ConfigNode, _ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value
    ) -> Located<Value>? {
        switch node.content {
        case .scalar(let scalar):
            do throws(Misfit) {
                return Located(value: try parse(scalar), position: node.position)
            } catch {
                self.error(
                    at: node.position, Misfit("\(key): \(error.text)", suggestion: error.suggestion))
            }
        case .empty: error(at: node.position, "'\(key)' has no value")
        case .list, .map: error(at: node.position, "'\(key)' must be a single value, not \(node.kind)")
        case .faulty: break
        }
        return nil
    }

    /// A node as a list of scalars; a single one is a list of one, nothing is an empty one. Nil where it is neither.
    func scalars<Value>(
        _ node: ConfigNode, _ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value
    ) -> [Located<Value>]? {
        items(node, key)?.compactMap { scalar($0, key, parse) }
    }

    /// A node as a list of nodes; a single one is a list of one, nothing is an empty one.
    func items(_ node: ConfigNode, _ key: String) -> [ConfigNode]? {
        switch node.content {
        case .list(let items): items
        case .scalar, .map: [node]
        case .empty: []
        case .faulty: nil
        }
    }

    /// A node as a map of names; nothing is an empty one.
    func entries(_ node: ConfigNode, _ key: String) -> [ConfigEntry]? {
        switch node.content {
        case .map(let entries): return entries
        case .empty: return []
        case .faulty: return nil
        case .scalar, .list:
            error(at: node.position, "'\(key)' must be a map, not \(node.kind)")
            return nil
        }
    }
}

extension MapReader {
    /// `{ requests: 20, per: 1s, burst: 40 }`, or a list of such. Nil where it is absent or wrong.
    mutating func rateLimits(_ key: String) -> [RateLimit]? {
        guard let node = node(key), let items = faults.items(node, key) else { return nil }
        return items.compactMap { item in
            guard var map = MapReader(item, key, faults: faults) else { return nil }
            let requests = map.requiredValue("requests", Values.integer(1...RateLimit.most))
            let per = map.requiredValue("per", Values.duration(.milliseconds(1)...Limits.longest))
            let burst = map.value("burst", Values.integer(1...RateLimit.most))
            map.finish()
            guard let requests, let per else { return nil }
            return RateLimit(requests: requests, per: per, burst: burst)
        }
    }
}

/// How much a configuration may hold, and how long anything in it may last.
enum Limits {
    static let longest = Duration.seconds(3660 * 86_400)
    static let files = 1000
    static let fileBytes = 1 << 20
    static let apps = 10_000
    static let providers = 1000
    static let routes = 2000
    static let expectations = 100_000
    /// Minor units (contract §4).
    static let amounts: ClosedRange<Int> = 1...999_999_999_999
}
