import PaymentModel
import ProviderKit
import ProviderSandbox
import Synchronization

/// One provider of a world: the simulated provider with its books, the weather on the way to it, and what of it belongs to whom.
/// It outlives the router's process.
final class ProviderLink: Sendable {
    private struct State {
        /// Our references in its books, and whose payment each is for.
        var markers: [String: Int] = [:]
        /// The page or prompt that a payment's app was told of last.
        var shown: [Int: String] = [:]
        var isCalm = false
    }

    /// The instance's name in the configuration.
    let name: String
    let plugin: Plugin
    let provider: any SimulatedProvider
    let adapter: any ProviderAdapter
    /// How the weather changes: until when each is.
    private let forecast: [(until: Duration, weather: Weather)]
    private let state = Mutex(State())

    init(
        _ name: String, _ plugin: Plugin, _ configuration: SandboxConfiguration, for duration: Duration,
        _ chance: Chance
    ) {
        self.name = name
        self.plugin = plugin
        adapter = plugin.adapter
        provider = configuration.simulatedProvider(plugin.rawValue, seed: chance.bits())
        var forecast: [(Duration, Weather)] = []
        var until = Duration.zero
        let isMild = chance.perMille(300)
        while until < duration {
            until += chance.perMille(700) ? .seconds(chance.int(1...20)) : .seconds(chance.int(60...1800))
            forecast.append((until, isMild ? .fine : chance.pick(Weather.allCases)))
        }
        self.forecast = forecast
    }

    /// From now on everything arrives, at once and once.
    func calm() { state.withLock { $0.isCalm = true } }
    var isCalm: Bool { state.withLock { $0.isCalm } }

    func fate(at elapsed: Duration, _ chance: Chance) -> Fate {
        if isCalm { return .served(after: .milliseconds(chance.int(1...200))) }
        return (forecast.first { elapsed < $0.until }?.weather ?? .fine).fate(chance)
    }

    /// A create was processed: what its books call it belongs to that payment.
    func note(_ reference: String, of marker: Int) { state.withLock { $0.markers[reference] = marker } }

    /// The app was told of it.
    func show(_ reference: String, to marker: Int) { state.withLock { $0.shown[marker] = reference } }
    func shown(to marker: Int) -> String? { state.withLock { $0.shown[marker] } }

    /// The money that it took, by payment. What nobody asked for is 'nil'.
    func charges() -> [(marker: Int?, charge: SandboxCharge)] {
        let charges = provider.charges()
        return state.withLock { state in charges.map { (state.markers[$0.reference], $0) } }
    }
}
