import PaymentModel
import Routing

/// Reads a `when` and its `not`.
struct ConditionReader {
    let faults: FaultLog
    let apps: Set<String>
    /// Whether every file could be read, so that an unknown name is one.
    let namesAreComplete: Bool

    /// Nil where it is no map. A key that is wrong is reported and left out.
    func read(_ node: ConfigNode, _ what: String) -> RouteCondition? {
        guard var map = MapReader(node, what, faults: faults) else { return nil }
        var condition = RouteCondition()
        condition.apps = set(map.someValues("app", knownApp))
        condition.currencies = set(map.someValues("currency", Values.currency))
        condition.methods = set(map.someValues("method", Values.choice(PaymentMethod.self)))
        condition.networks = set(map.someValues("network") { scalar throws(Misfit) in try Values.network(scalar) })
        condition.countries = set(map.someValues("country", Values.country))
        condition.amount = map.node("amount").flatMap { readAmount($0) }
        condition.captures = set(map.someValues("capture", Values.choice(CaptureMode.self)))
        condition.cardBrands = set(map.someValues("card_brand", Values.choice(CardBrand.self)))
        condition.cardPrefixes = set(map.someValues("card_bin", Values.cardPrefix))
        if let node = map.node("metadata") { condition.metadata = readMetadata(node) }
        if let node = map.node("not"), let not = read(node, "not") {
            if node.holdsNothing { faults.error(at: node.position, "an empty 'not' lets nothing through") }
            condition.not = [not]
        }
        map.finish()
        return condition
    }

    private func set<Value: Hashable>(_ values: [Located<Value>]?) -> Set<Value>? {
        values.map { Set($0.map(\.value)) }
    }

    private func knownApp(_ scalar: ConfigScalar) throws(Misfit) -> String {
        guard !namesAreComplete || apps.contains(scalar.text) else {
            throw Misfit(
                "unknown app \(scalar.shown)", suggestion: DidYouMean.suggestion(for: scalar.text, among: apps))
        }
        return scalar.text
    }

    private func readAmount(_ node: ConfigNode) -> ClosedRange<Int64>? {
        guard var map = MapReader(node, "amount", faults: faults) else { return nil }
        let hasEnd = map.node("min") != nil || map.node("max") != nil
        let least = map.value("min", Values.integer(Limits.amounts)) ?? Limits.amounts.lowerBound
        let most = map.located("max", Values.integer(Limits.amounts))
        map.finish()
        guard hasEnd else {
            faults.error(at: node.position, "amount needs 'min' or 'max'")
            return nil
        }
        let upper = most?.value ?? Limits.amounts.upperBound
        guard least <= upper else {
            faults.error(at: most?.position ?? node.position, "amount: max is less than min (\(least))")
            return nil
        }
        return Int64(least)...Int64(upper)
    }

    private func readMetadata(_ node: ConfigNode) -> [String: Set<String>] {
        var metadata: [String: Set<String>] = [:]
        for entry in faults.entries(node, "metadata") ?? [] {
            guard (1...40).contains(entry.key.unicodeScalars.count) else {
                faults.error(at: entry.position, "a metadata key has 1 to 40 characters")
                continue
            }
            guard let values = faults.scalars(entry.value, entry.key, Values.metadataValue) else { continue }
            if values.isEmpty {
                faults.error(at: entry.value.position, "'\(entry.key)' must not be empty")
            }
            metadata[entry.key] = Set(values.map(\.value))
        }
        return metadata
    }
}
