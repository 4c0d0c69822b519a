@testable import PaymentEngine
import PaymentModel
import ProviderKit
import Routing
import Simulation
import Synchronization

/// A configuration in parts, to make another one of.
struct ConfigurationParts {
    var version: String
    var server: ServerConfiguration
    var apps: [String: AppConfiguration]
    var providers: [String: ProviderConfiguration]
    var routes: [Route]

    /// Takes these providers, and one route over them in their order.
    mutating func use(_ providers: [BenchProvider]) {
        self.providers = Dictionary(uniqueKeysWithValues: providers.map { ($0.name, $0.configuration) })
        routes = [
            Route(name: "all", when: RouteCondition(), use: providers.map { Route.Member(provider: $0.name) })
        ]
    }
}

extension Bench {
    /// Reloads the configuration in force with a change, under another version.
    @discardableResult
    func reload(
        _ version: String = "2", _ change: (inout ConfigurationParts) -> Void = { _ in }
    ) async throws(ReloadFault) -> [String] {
        let old = engine.configuration
        var parts = ConfigurationParts(
            version: version, server: old.server, apps: old.apps, providers: old.providers, routes: old.router.routes)
        change(&parts)
        return try await engine.reload(
            EngineConfiguration(
                version: parts.version, server: parts.server, apps: parts.apps, providers: parts.providers,
                routes: parts.routes))
    }

    /// What operators see of a provider.
    func report(_ provider: String) -> ProviderHealthReport? {
        engine.providerReports().first { $0.name == provider }
    }
}

/// Makes a transport anew each time, as the program does, and sees which of them are still there.
final class TransportYard: Sendable {
    private struct Place: Sendable {
        let name: String
        weak let transport: ScriptedTransport?
    }

    private let clock: VirtualEnvironment
    private let begin: @Sendable (ScriptedTransport) -> Void
    private let places = Mutex<[Place]>([])

    /// - Parameter begin: What a new transport is scripted with.
    init(clock: VirtualEnvironment, begin: @escaping @Sendable (ScriptedTransport) -> Void = { _ in }) {
        self.clock = clock
        self.begin = begin
    }

    func make(_ configuration: ProviderConfiguration) -> any ProviderTransport {
        let transport = ScriptedTransport(name: configuration.name, clock: clock)
        begin(transport)
        places.withLock { $0.append(Place(name: configuration.name, transport: transport)) }
        return transport
    }

    /// Those that were not let go of, in the order of their making.
    func living(_ name: String? = nil) -> [ScriptedTransport] {
        places.withLock { places in
            places.compactMap { name == nil || $0.name == name ? $0.transport : nil }
        }
    }

    var made: Int { places.withLock { $0.count } }
}
