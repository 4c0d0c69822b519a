import PaymentModel
package import ProviderKit
package import Routing

/// A case of `expect`: such a payment takes this route to these providers.
package struct Expectation: Sendable {
    /// What is expected of the route.
    package enum ExpectedRoute: Sendable, Hashable {
        case named(String)
        /// `route: none`: no route takes the payment.
        case noRoute
    }

    /// Where the case stands.
    package let position: SourcePosition
    /// The payment. Nothing is said of its other fields, so none counts as lacking.
    package let shape: PaymentShape
    /// Nil: any.
    package let route: ExpectedRoute?
    /// In this order; empty: none that can. Nil: any.
    package let providers: [String]?

    /// What the router does instead, in words: nil where it does what is expected. A `weighted` route counts with its
    /// heaviest provider first, `highest_success` without recent data.
    package func failure(with router: Router) -> String? {
        let explanation = router.explain(shape)
        let plan = explanation.plan
        let isRoute: Bool =
            switch route {
            case .named(let name)?: plan?.route.name == name
            case .noRoute?: plan == nil
            case nil: true
            }
        guard isRoute else {
            let got = plan.map { "'\($0.route.name)' (\(explanation.reason))" } ?? "none (\(explanation.reason))"
            let because = skipped(in: explanation).map { "; \($0)" } ?? ""
            return "expected route \(routeName), got \(got)\(because)"
        }
        guard let providers, providers != (plan?.candidates ?? []) else { return nil }
        let leftOut = (plan?.leftOut ?? []).map {
            "; \($0.provider) is left out: \($0.reason.rawValue)\($0.detail.map { " (\($0))" } ?? "")"
        }
        return "expected providers [\(providers.joined(separator: ", "))], "
            + "got [\((plan?.candidates ?? []).joined(separator: ", "))]\(leftOut.joined())"
    }

    private var routeName: String {
        if case .named(let name)? = route { "'\(name)'" } else { Values.noRoute }
    }

    /// Why the expected route was passed over.
    private func skipped(in explanation: RouteExplanation) -> String? {
        guard case .named(let name)? = route,
            let verdict = explanation.verdicts.first(where: { $0.route == name && !$0.matched })
        else { return nil }
        return "'\(name)' does not match: \(verdict.because)"
    }
}

/// Reads the items of `expect`.
struct ExpectationReader {
    let faults: FaultLog
    /// The default countries of apps.
    let countries: [String: Country?]
    let apps: Set<String>
    let providers: Set<String>
    let routes: Set<String>
    /// Whether every file could be read, so that an unknown name is one.
    let namesAreComplete: Bool
    /// Whether every route's name could be read too.
    let routesAreComplete: Bool

    func read(_ node: ConfigNode) -> Expectation? {
        guard var map = MapReader(node, "expectation", faults: faults) else { return nil }
        let shape = map.required("given").flatMap { readShape($0) }
        let route = map.located("route", expectedRoute)
        let providers = map.values("providers", knownProvider)
        let isEmpty = map.node("route") == nil && map.node("providers") == nil
        map.finish()
        if isEmpty { faults.error(at: node.position, "expectation needs 'route' or 'providers'") }
        if let route, route.value == .noRoute, let first = providers?.first {
            faults.error(at: first.position, "'route: none' has no providers")
        }
        guard let shape else { return nil }
        return Expectation(
            position: node.position, shape: shape, route: route?.value, providers: providers?.map(\.value))
    }

    private func readShape(_ node: ConfigNode) -> PaymentShape? {
        guard var map = MapReader(node, "given", faults: faults) else { return nil }
        let app = map.requiredValue("app", knownApp)
        let amount = map.requiredValue("amount", Values.integer(Limits.amounts))
        let currency = map.requiredValue("currency", Values.currency)
        let method = map.requiredValue("method", Values.choice(PaymentMethod.self))
        let country = map.value("country", Values.country)
        let network = map.located("network") { scalar throws(Misfit) in try Values.network(scalar) }
        let capture = map.value("capture", Values.choice(CaptureMode.self))
        let brand = map.located("card_brand", Values.choice(CardBrand.self))
        let prefix = map.located("card_bin", Values.cardPrefix)
        var metadata: [String: String] = [:]
        if let node = map.node("metadata") {
            for entry in faults.entries(node, "metadata") ?? [] {
                metadata[entry.key] = faults.scalar(entry.value, entry.key, Values.metadataValue)?.value
            }
        }
        map.finish()
        guard let app, let amount, let currency, let method else { return nil }
        // The same as in a payment: a card is of `card` alone, a network of mobile money and wallets.
        if method != .card, let position = brand?.position ?? prefix?.position {
            faults.error(at: position, "a payment by \(method.rawValue) has no card")
        }
        if method == .card || method == .checkout, let network {
            faults.error(at: network.position, "a payment by \(method.rawValue) has no network")
        }
        return PaymentShape(
            app: app, money: Money(minorUnits: Int64(amount), currency: currency), method: method,
            network: network?.value, country: country ?? countries[app].flatMap { $0 }, capture: capture ?? .automatic,
            cardBrand: brand?.value ?? prefix.map { CardBrand(number: $0.value) }, cardPrefix: prefix?.value,
            metadata: metadata)
    }

    private func expectedRoute(_ scalar: ConfigScalar) throws(Misfit) -> Expectation.ExpectedRoute {
        if scalar.text == Values.noRoute { return .noRoute }
        guard !routesAreComplete || routes.contains(scalar.text) else {
            throw Misfit(
                "unknown route \(scalar.shown)", suggestion: DidYouMean.suggestion(for: scalar.text, among: routes))
        }
        return .named(scalar.text)
    }

    private func knownApp(_ scalar: ConfigScalar) throws(Misfit) -> String {
        guard !namesAreComplete || apps.contains(scalar.text) else {
            throw Misfit(
                "unknown app \(scalar.shown)", suggestion: DidYouMean.suggestion(for: scalar.text, among: apps))
        }
        return scalar.text
    }

    private func knownProvider(_ scalar: ConfigScalar) throws(Misfit) -> String {
        guard !namesAreComplete || providers.contains(scalar.text) else {
            throw Misfit(
                "unknown provider \(scalar.shown)",
                suggestion: DidYouMean.suggestion(for: scalar.text, among: providers))
        }
        return scalar.text
    }
}
