import PaymentModel
import Routing

/// Which conditions take all that others take: how `check` finds routes that can never match. Only what is certain
/// counts; a doubt is a no.
extension RouteCondition {
    /// Whether every payment that `other` takes is one that this takes.
    func covers(_ other: RouteCondition) -> Bool {
        func within<Value>(_ theirs: Set<Value>?, _ ours: Set<Value>?) -> Bool {
            guard let ours else { return true }
            return theirs?.isSubset(of: ours) ?? false
        }
        return within(other.apps, apps) && within(other.currencies, currencies)
            && other.possibleMethods.isSubset(of: methods ?? Self.everyMethod)
            && within(other.networks, networks) && within(other.countries, countries)
            && (amount ?? Self.everyAmount).contains(other.amount ?? Self.everyAmount)
            && (other.captures ?? Self.everyCapture).isSubset(of: captures ?? Self.everyCapture)
            && within(other.cardBrands, cardBrands) && coversPrefixes(of: other)
            && metadata.allSatisfy { key, values in within(other.metadata[key], values) }
            && not.allSatisfy { other.excludes($0) }
    }

    /// Whether no payment can be taken at all.
    var isImpossible: Bool {
        possibleMethods.isEmpty || not.contains { $0.covers(self) }
    }

    /// The conditions that this one falls into by method, capture, currency and country: together they take what it
    /// takes. Itself alone where they would be more than `limit`.
    func parts(limit: Int) -> [RouteCondition] {
        let methods = possibleMethods.sorted { $0.rawValue < $1.rawValue }
        let captures = (captures ?? Self.everyCapture).sorted { $0.rawValue < $1.rawValue }
        let currencies = currencies.map { $0.sorted { $0.code < $1.code }.map(Optional.some) } ?? [nil]
        let countries = countries.map { $0.sorted { $0.code < $1.code }.map(Optional.some) } ?? [nil]
        guard methods.count * captures.count * currencies.count * countries.count <= limit else { return [self] }
        var parts: [RouteCondition] = []
        for method in methods {
            for capture in captures {
                for currency in currencies {
                    for country in countries {
                        var part = self
                        part.methods = [method]
                        part.captures = [capture]
                        if let currency { part.currencies = [currency] }
                        if let country { part.countries = [country] }
                        parts.append(part)
                    }
                }
            }
        }
        return parts
    }

    /// The methods that a payment taken by this can have: a card is of `card` alone, a network of mobile money and
    /// wallets.
    var possibleMethods: Set<PaymentMethod> {
        var possible = methods ?? Self.everyMethod
        if cardBrands != nil || cardPrefixes != nil { possible.formIntersection([.card]) }
        if networks != nil { possible.formIntersection([.mobileMoney, .wallet]) }
        return possible
    }

    /// Whether no payment is taken by both.
    private func excludes(_ other: RouteCondition) -> Bool {
        func apart<Value>(_ left: Set<Value>?, _ right: Set<Value>?) -> Bool {
            guard let left, let right else { return false }
            return left.isDisjoint(with: right)
        }
        return apart(apps, other.apps) || apart(currencies, other.currencies)
            || possibleMethods.isDisjoint(with: other.possibleMethods)
            || apart(networks, other.networks) || apart(countries, other.countries)
            || !(amount ?? Self.everyAmount).overlaps(other.amount ?? Self.everyAmount)
            || apart(captures, other.captures) || apart(cardBrands, other.cardBrands)
            || metadata.contains { key, values in apart(values, other.metadata[key]) }
            || not.contains { $0.covers(other) } || other.not.contains { $0.covers(self) }
    }

    private func coversPrefixes(of other: RouteCondition) -> Bool {
        guard let cardPrefixes else { return true }
        return other.cardPrefixes?.allSatisfy { theirs in cardPrefixes.contains { theirs.hasPrefix($0) } } ?? false
    }

    private static let everyMethod = Set(PaymentMethod.allCases)
    private static let everyCapture = Set(CaptureMode.allCases)
    private static let everyAmount = Int64(Limits.amounts.lowerBound)...Int64(Limits.amounts.upperBound)
}
