package import PaymentModel
import Resilience
import Routing
import Synchronization

/// The whole of a router at one moment, for a person who asks whether anything is wrong.
package struct EngineOverview: Sendable {
    /// A route of the configuration in force, and what went by it in the last five minutes.
    package struct RouteReport: Sendable {
        package let name: String
        package let strategy: String
        /// In the order of the configuration; weights where the strategy has them.
        package let members: [(provider: String, weight: Int?)]
        /// Payments by who took them, those first that the route names.
        package let taken: [(provider: String, payments: Int)]
        /// Payments that nobody took.
        package let refused: Int

        /// All payments that came by it.
        package var payments: Int { taken.reduce(refused) { $0 + $1.payments } }

        /// Makes a report.
        package init(
            name: String, strategy: String, members: [(provider: String, weight: Int?)],
            taken: [(provider: String, payments: Int)], refused: Int
        ) {
            self.name = name
            self.strategy = strategy
            self.members = members
            self.taken = taken
            self.refused = refused
        }
    }

    package let at: Timestamp
    /// Of the configuration in force.
    package let version: String
    package let uptime: Duration
    package let isDraining: Bool
    package let providers: [ProviderHealthReport]
    package let routes: [RouteReport]
    package let store: StoreOutline

    /// Makes an overview.
    package init(
        at: Timestamp, version: String, uptime: Duration, isDraining: Bool, providers: [ProviderHealthReport],
        routes: [RouteReport], store: StoreOutline
    ) {
        self.at = at
        self.version = version
        self.uptime = uptime
        self.isDraining = isDraining
        self.providers = providers
        self.routes = routes
        self.store = store
    }
}

extension PaymentEngine {
    /// All that a page for operators shows.
    ///
    /// - Parameter most: Payments, events and callbacks of each kind.
    package func overview(most: Int) async -> EngineOverview {
        let store = await store.outline(most: most)
        let configuration = configuration
        let now = environment.now
        let counts = traffic.withLock { $0 }.counts(at: now)
        let routes = configuration.router.routes.map { Self.report(on: $0, counts[$0.name] ?? [:]) }
        return EngineOverview(
            at: environment.wallClock, version: configuration.version, uptime: begunAt.instant.duration(to: now),
            isDraining: isDraining, providers: providerReports(), routes: routes, store: store)
    }

    private static func report(on route: Route, _ counts: [String?: Int]) -> EngineOverview.RouteReport {
        let named = route.use.map(\.provider)
        // Configured before, or by a reload that came between: behind those of now.
        let others = counts.keys.compactMap { $0 }.filter { !named.contains($0) }.sorted()
        return EngineOverview.RouteReport(
            name: route.name, strategy: route.strategy.rawValue,
            members: route.use.map { ($0.provider, route.strategy == .weighted ? $0.weight : nil) },
            taken: (named + others).compactMap { name in counts[name].map { (name, $0) } },
            refused: counts[nil] ?? 0)
    }
}
