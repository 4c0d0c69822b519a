import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing

/// Understands the sections, checks them against each other, and makes the configuration.
struct Assembly {
    let faults: FaultLog
    let plugins: [String: any ProviderAdapter.Type]
    let pemFiles: PEMFiles

    func assemble(_ sections: Sections) -> (EngineConfiguration?, [Expectation]) {
        let server = sections.server.map { ServerReader(faults: faults, pemFiles: pemFiles).read($0) } ?? ServerDraft()
        let appReader = AppReader(faults: faults)
        let apps = sections.apps.compactMap { appReader.read($0) }
        let providerReader = ProviderReader(faults: faults, plugins: plugins, pemFiles: pemFiles)
        let providers = sections.providers.compactMap { providerReader.read($0) }
        // Names count even where what they name has a fault: one fault is one fault.
        let appNames = Set(sections.apps.map(\.key))
        let providerNames = Set(sections.providers.map(\.key))
        let routeReader = RouteReader(
            faults: faults, apps: appNames, providers: providerNames, namesAreComplete: sections.isComplete)
        let routeNames = sections.routes.map { RouteReader.name(of: $0) }
        reportRepeated(routeNames.compactMap(\.self))
        let routes = distinct(sections.routes.compactMap { routeReader.read($0) })
        let expectationReader = ExpectationReader(
            faults: faults,
            countries: Dictionary(apps.map { ($0.app.name, $0.app.country) }) { first, _ in first },
            apps: appNames,
            providers: providerNames, routes: Set(routeNames.compactMap { $0?.value }),
            namesAreComplete: sections.isComplete,
            routesAreComplete: sections.isComplete && !routeNames.contains { $0 == nil })
        let expectations = sections.expectations.compactMap { expectationReader.read($0) }

        let checks = CrossChecks(faults: faults, server: server, apps: apps, providers: providers)
        checks.run(at: sections.position, isComplete: sections.isComplete)
        warnOfNothing(sections)
        // Where something is wrong, what is left says little about what is meant.
        guard !faults.hasErrors else { return (nil, expectations) }
        let byName = Dictionary(
            uniqueKeysWithValues: providers.compactMap { draft in draft.provider.map { (draft.name, $0) } })
        let positions = Dictionary(uniqueKeysWithValues: providers.map { ($0.name, $0.position) })
        RouteChecks(faults: faults, routes: routes, providers: byName, positions: positions).run()
        warnOfRepetition(sections.expectations)
        let configuration = EngineConfiguration(
            version: version(sections, server.server, byName), server: server.server,
            apps: Dictionary(uniqueKeysWithValues: apps.map { ($0.app.name, $0.app) }),
            providers: byName, routes: routes.map(\.route))
        for expectation in expectations {
            if let failure = expectation.failure(with: configuration.router) {
                faults.error(at: expectation.position, failure)
            }
        }
        return (configuration, expectations)
    }

    private func reportRepeated(_ names: [Located<String>]) {
        var positions: [String: SourcePosition] = [:]
        for name in names {
            if let first = positions[name.value] {
                faults.error(at: name.position, "route '\(name.value)' is there twice (first at \(first))")
            } else {
                positions[name.value] = name.position
            }
        }
    }

    /// The routes without those whose name was there before.
    private func distinct(_ routes: [RouteDraft]) -> [RouteDraft] {
        var names: Set<String> = []
        return routes.filter { names.insert($0.route.name).inserted }
    }

    /// Cases that are there word for word before.
    private func warnOfRepetition(_ expectations: [ConfigNode]) {
        var positions: [[UInt8]: SourcePosition] = [:]
        for expectation in expectations {
            let content = ContentHash.bytes(of: expectation)
            if let first = positions[content] {
                faults.warning(at: expectation.position, "the same is expected before (at \(first))")
            } else {
                positions[content] = expectation.position
            }
        }
    }

    private func warnOfNothing(_ sections: Sections) {
        guard sections.isComplete else { return }
        if sections.apps.isEmpty { faults.warning(at: sections.position, "there are no apps: nobody can call") }
        if sections.providers.isEmpty { faults.warning(at: sections.position, "there are no providers") }
        if sections.routes.isEmpty {
            faults.warning(at: sections.position, "there are no routes: no payment can be made")
        }
    }

    private func version(
        _ sections: Sections, _ server: ServerConfiguration, _ providers: [String: ProviderConfiguration]
    ) -> String {
        func map(_ entries: [ConfigEntry]) -> ConfigNode {
            ConfigNode(content: .map(entries), position: sections.position)
        }
        func list(_ items: [ConfigNode]) -> ConfigNode {
            ConfigNode(content: .list(items), position: sections.position)
        }
        return ContentHash.version(
            of: [
                map(sections.server.map { [$0] } ?? []), map(sections.apps), map(sections.providers),
                list(sections.routes), list(sections.expectations),
            ],
            files: server.tls.map { [$0.certificate, $0.privateKey.reveal(), $0.clientCA ?? ""] } ?? []
                // These hold what is in the files of their roots.
                + providers.sorted { $0.key < $1.key }.map(\.value.fingerprint), key: server.referenceSecret)
    }
}
