import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing

/// The configurations of a world: what an operator changes while payments run.
struct WorldConfiguration: Sendable {
    static let breaker = BreakerSettings(
        consecutiveFailures: 3, minimumCalls: 5, window: .seconds(30), slowCall: .seconds(5), openFor: .seconds(4),
        maxOpenFor: .seconds(60), halfOpenCalls: 2)

    private static let strategies: [Route.Strategy] = [.priority, .weighted, .lowestCost, .highestSuccess]

    let providers: [String]
    var order: [String]
    var strategy: Route.Strategy
    var disabled: Set<String> = []
    var timeout: Duration
    /// Names the configuration of the providers: another one with each change.
    var fingerprint = "1"
    var failsOverOnDecline: Bool
    var requestsPerSecond: Int?
    var version = 1

    init(_ links: [ProviderLink], _ chance: Chance) {
        providers = links.map(\.name)
        order = providers
        strategy = chance.pick(Self.strategies)
        timeout = .seconds(chance.int(3...10))
        failsOverOnDecline = chance.perMille(300)
        requestsPerSecond = chance.perMille(300) ? chance.int(1...5) : nil
    }

    /// An operator's next idea.
    mutating func change(_ chance: Chance) {
        version += 1
        switch chance.int(0...4) {
        case 0: order.reverse()
        case 1: strategy = chance.pick(Self.strategies)
        case 2: disabled = disabled.isEmpty ? [chance.pick(providers)] : []
        case 3:
            timeout = .seconds(chance.int(3...10))
            fingerprint = String(version)
        default: order = chance.perMille(500) ? [chance.pick(providers)] : providers
        }
    }

    func engineConfiguration(_ links: [ProviderLink]) -> EngineConfiguration {
        var server = ServerConfiguration(
            referenceSecret: Secret("reference-secret-of-the-world"),
            callbackSecrets: [Secret("callback-secret-of-the-world")])
        server.publicURL = "https://pay.example"
        var configured: [String: ProviderConfiguration] = [:]
        for link in links {
            var provider = ProviderConfiguration(
                name: link.name, plugin: link.plugin.rawValue, adapter: link.adapter,
                baseURL: "https://\(link.name).example")
            provider.timeout = timeout
            provider.breaker = Self.breaker
            provider.isEnabled = !disabled.contains(link.name)
            provider.rateLimits = requestsPerSecond.map { [RateLimit(requests: $0, per: .seconds(1))] } ?? []
            provider.fee = ProviderFee(millionths: Int64(link.name.utf8.count) * 10_000)
            provider.fingerprint = fingerprint
            configured[link.name] = provider
        }
        let route = Route(
            name: "all", when: RouteCondition(), strategy: strategy,
            use: order.map { Route.Member(provider: $0) },
            failoverOn: failsOverOnDecline ? [.unavailable, .rateLimited, .declined] : [.unavailable, .rateLimited])
        let retry: [Duration] = [.seconds(300), .seconds(900), .seconds(3600), .seconds(6 * 3600)]
        let webhook = AppConfiguration.Webhook(
            url: "https://shop.example/hooks", secret: Secret("whsec_c2VjcmV0LW9mLXRoZS13b3JsZC1mb3ItZXZlbnRz"),
            retry: retry)
        let apps = [
            "shop": AppConfiguration(name: "shop", keys: [], webhook: webhook),
            "blog": AppConfiguration(name: "blog", keys: []),
        ]
        return EngineConfiguration(
            version: String(version), server: server, apps: apps, providers: configured, routes: [route])
    }
}
