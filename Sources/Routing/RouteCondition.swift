package import PaymentModel
package import ProviderKit

/// The `when` of a route: every key that is given must hold; a key that is given as a list holds where one of it does.
package struct RouteCondition: Sendable, Hashable {
    package var apps: Set<String>?
    package var currencies: Set<Currency>?
    package var methods: Set<PaymentMethod>?
    package var networks: Set<String>?
    package var countries: Set<Country>?
    /// Minor units, both ends included.
    package var amount: ClosedRange<Int64>?
    package var captures: Set<CaptureMode>?
    package var cardBrands: Set<CardBrand>?
    /// Leading digits of the card number, up to eight.
    package var cardPrefixes: Set<String>?
    /// Key to accepted values.
    package var metadata: [String: Set<String>] = [:]
    /// Holds where the condition in it does not. None or one.
    package var not: [RouteCondition] = []

    /// The condition that always holds.
    package init() {}

    /// The first key that does not hold, in the order of the contract; nil where the condition holds.
    package func mismatch(_ shape: PaymentShape) -> Mismatch? {
        if let apps, !apps.contains(shape.app) { return .app }
        if let currencies, !currencies.contains(shape.money.currency) { return .currency }
        if let methods, !methods.contains(shape.method) { return .method }
        if let networks, !(shape.network.map(networks.contains) ?? false) { return .network }
        if let countries, !(shape.country.map(countries.contains) ?? false) { return .country }
        if let amount, !amount.contains(shape.money.minorUnits) { return .amount }
        if let captures, !captures.contains(shape.capture) { return .capture }
        if let cardBrands, !(shape.cardBrand.map(cardBrands.contains) ?? false) { return .cardBrand }
        if let cardPrefixes {
            guard let digits = shape.cardPrefix, cardPrefixes.contains(where: digits.hasPrefix) else {
                return .cardPrefix
            }
        }
        // The least of the keys that do not hold, so that the same payment always gets the same reason.
        var differing: String?
        for (key, values) in metadata where !(shape.metadata[key].map(values.contains) ?? false) {
            differing = min(differing ?? key, key)
        }
        if let differing { return .metadata(differing) }
        for condition in not where condition.mismatch(shape) == nil { return .not }
        return nil
    }

    /// Which key of a condition did not hold.
    package enum Mismatch: Sendable, Hashable {
        case app, currency, method, network, country, amount, capture, cardBrand, cardPrefix, not
        case metadata(String)

        /// In words, for that payment: `currency is USD`.
        package func description(for shape: PaymentShape) -> String {
            switch self {
            case .app: "app is \(shape.app)"
            case .currency: "currency is \(shape.money.currency)"
            case .method: "method is \(shape.method.rawValue)"
            case .network: shape.network.map { "network is \($0)" } ?? "there is no network"
            case .country: shape.country.map { "country is \($0)" } ?? "there is no country"
            case .amount: "amount is \(shape.money.minorUnits)"
            case .capture: "capture is \(shape.capture.rawValue)"
            case .cardBrand: shape.cardBrand.map { "card_brand is \($0.rawValue)" } ?? "the card is not known"
            case .cardPrefix: shape.cardPrefix == nil ? "the card is not known" : "card_bin differs"
            case .metadata(let key):
                shape.metadata[key].map { "metadata.\(key) is \($0)" } ?? "there is no metadata.\(key)"
            case .not: "its 'not' holds"
            }
        }
    }

    /// Why the condition holds for a payment, in words: `currency is KES, method is mobile_money`.
    package func reason(for shape: PaymentShape) -> String {
        var keys: [Mismatch] = []
        if apps != nil { keys.append(.app) }
        if currencies != nil { keys.append(.currency) }
        if methods != nil { keys.append(.method) }
        if networks != nil { keys.append(.network) }
        if countries != nil { keys.append(.country) }
        if amount != nil { keys.append(.amount) }
        if captures != nil { keys.append(.capture) }
        if cardBrands != nil { keys.append(.cardBrand) }
        var words = keys.map { $0.description(for: shape) }
        if cardPrefixes != nil { words.append("card_bin matches") }
        words += metadata.keys.sorted().map { Mismatch.metadata($0).description(for: shape) }
        if !not.isEmpty { words.append("its 'not' does not hold") }
        return words.isEmpty ? "it takes every payment" : words.joined(separator: ", ")
    }

    /// What is known of payments that are yet to be made; what is nil may be anything.
    package struct Prospect: Sendable {
        package let app: String
        package let method: PaymentMethod
        /// Minor units.
        package let amount: Int64?
        package let currency: Currency?
        package let country: Country?
    }

    /// Whether the condition holds for all such payments (true) or for none (false); nil where it depends on the rest.
    package func holds(for prospect: Prospect) -> Bool? {
        let hasNetwork = prospect.method == .mobileMoney || prospect.method == .wallet
        let verdicts: [Bool?] = [
            apps.map { $0.contains(prospect.app) } ?? true,
            methods.map { $0.contains(prospect.method) } ?? true,
            currencies == nil ? true : prospect.currency.map { currencies?.contains($0) ?? true },
            countries == nil ? true : prospect.country.map { countries?.contains($0) ?? true },
            amount == nil ? true : prospect.amount.map { amount?.contains($0) ?? true },
            networks == nil ? true : hasNetwork ? nil : false,
            cardBrands == nil && cardPrefixes == nil ? true : prospect.method == .card ? nil : false,
            captures.map { $0.isSuperset(of: CaptureMode.allCases) } ?? true ? true : nil,
            metadata.isEmpty ? true : nil,
        ]
        let all = verdicts + not.map { condition in condition.holds(for: prospect).map { !$0 } }
        if all.contains(false) { return false }
        return all.contains(nil) ? nil : true
    }
}
