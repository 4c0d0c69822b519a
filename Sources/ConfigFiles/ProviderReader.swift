import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing

/// A provider instance with what later checks name, as far as it could be read.
struct ProviderDraft {
    let name: String
    let position: SourcePosition
    /// Nil where none is known.
    let baseURL: String?
    let timeout: Located<Duration>?
    /// Nil where something of it has a fault.
    let provider: ProviderConfiguration?

    /// False where no address is known.
    var isElsewhere: Bool { baseURL.flatMap { WebAddress($0) }.map { !$0.isLoopback } ?? false }
}

/// Reads the entries of `providers`, checks their settings against the plugin's declaration and makes the adapters.
struct ProviderReader {
    let faults: FaultLog
    /// By id.
    let plugins: [String: any ProviderAdapter.Type]
    let pemFiles: PEMFiles

    /// Nil where nothing can be said of it.
    func read(_ entry: ConfigEntry) -> ProviderDraft? {
        guard Values.isName(entry.key) else {
            faults.error(at: entry.position, "'\(entry.key)' is no name for a provider: \(Values.nameRule)")
            return nil
        }
        guard var map = MapReader(entry.value, "provider '\(entry.key)'", faults: faults) else { return nil }
        let plugin = map.requiredValue("plugin") { scalar throws(Misfit) in try self.plugin(scalar) }
        let baseURL = readBaseURL(&map, entry, default: plugin?.declaration)
        let connectTimeout = map.located("connect_timeout", Values.duration(.milliseconds(1)...(.seconds(60))))
        let timeout = map.located("timeout", Values.duration(.milliseconds(1)...(.seconds(600))))
        let rateLimits = map.rateLimits("rate_limit")
        let breaker = map.node("breaker").flatMap { readBreaker($0) }
        let fee = map.node("fee").flatMap { readFee($0) }
        let extraRoots = pemFiles.certificates(map.node("ca"), "ca")?.value
        let isEnabled = map.value("enabled", Values.boolean) ?? true
        let settings = map.node("settings")
        map.finish()

        var provider: ProviderConfiguration?
        if let plugin, let read = readSettings(settings, of: plugin, entry), let baseURL {
            provider = ProviderConfiguration(
                name: entry.key, plugin: plugin.declaration.id, adapter: read.adapter, baseURL: baseURL)
            provider?.rateLimits = plugin.declaration.documentedLimits.map {
                RateLimit(requests: $0.requests, per: $0.per)
            }
            provider?.webhookAllow = read.webhookAllow
            provider?.fingerprint = ContentHash.fingerprint(
                of: entry.value, roots: extraRoots?.text ?? "")
            provider?.account = ContentHash.account(
                plugin: plugin.declaration.id, baseURL: baseURL, settings: settings)
        }
        if let connectTimeout { provider?.connectTimeout = connectTimeout.value }
        if let timeout { provider?.timeout = timeout.value }
        if let connectTimeout, let provider, provider.connectTimeout > provider.timeout {
            faults.warning(at: connectTimeout.position, "connect_timeout is longer than the whole call's timeout")
        }
        if let rateLimits { provider?.rateLimits = rateLimits }
        if let breaker { provider?.breaker = breaker }
        provider?.fee = fee
        provider?.extraRoots = extraRoots?.path
        provider?.isEnabled = isEnabled
        return ProviderDraft(
            name: entry.key, position: entry.position, baseURL: baseURL, timeout: timeout, provider: provider)
    }

    /// The address that is written, else the plugin's documented one.
    private func readBaseURL(
        _ map: inout MapReader, _ entry: ConfigEntry, default declaration: ProviderDeclaration?
    ) -> String? {
        if let node = map.node("base_url") { return faults.scalar(node, "base_url", Values.baseURL)?.value }
        guard let declaration else { return nil }
        if declaration.defaultBaseURL == nil {
            faults.error(
                at: entry.position,
                "provider '\(entry.key)' needs 'base_url': no address of \(declaration.name) is documented")
        }
        return declaration.defaultBaseURL
    }

    /// What the settings make: nil where they have a fault.
    private func readSettings(
        _ node: ConfigNode?, of plugin: any ProviderAdapter.Type, _ entry: ConfigEntry
    ) -> (adapter: any ProviderAdapter, webhookAllow: [String])? {
        let reader = SettingsReader(faults: faults, declaration: plugin.declaration, provider: entry.key)
        guard let settings = reader.read(node, at: entry.position), let adapter = reader.adapter(plugin, settings)
        else { return nil }
        return (adapter, settings.webhookAllow)
    }

    private func plugin(_ scalar: ConfigScalar) throws(Misfit) -> any ProviderAdapter.Type {
        guard let plugin = plugins[scalar.text] else { throw Values.unknown(scalar, among: plugins.keys.sorted()) }
        return plugin
    }

    private func readBreaker(_ node: ConfigNode) -> BreakerSettings? {
        guard var map = MapReader(node, "breaker", faults: faults) else { return nil }
        let usual = BreakerSettings()
        let count = Values.integer(1...1_000_000)
        let duration = Values.duration(.milliseconds(1)...(.seconds(86_400)))
        let consecutiveFailures = map.value("consecutive_failures", count)
        let failureRate = map.value("failure_rate", Values.share)
        let minimumCalls = map.value("minimum_calls", count)
        let window = map.value("window", duration)
        let slowCall = map.value("slow_call", duration)
        let slowRate = map.value("slow_rate", Values.share)
        let openFor = map.value("open_for", duration) ?? usual.openFor
        let maxOpenFor = map.located("max_open_for", duration)
        let halfOpenCalls = map.value("half_open_calls", count)
        map.finish()
        if let maxOpenFor, maxOpenFor.value < openFor {
            faults.error(
                at: maxOpenFor.position, "max_open_for is shorter than open_for (\(Values.text(openFor)))")
            return nil
        }
        return BreakerSettings(
            consecutiveFailures: consecutiveFailures ?? usual.consecutiveFailures,
            failureRate: failureRate ?? usual.failureRate, minimumCalls: minimumCalls ?? usual.minimumCalls,
            window: window ?? usual.window, slowCall: slowCall ?? usual.slowCall,
            slowRate: slowRate ?? usual.slowRate, openFor: openFor,
            // An `open_for` beyond the usual end of the doubling moves that end.
            maxOpenFor: maxOpenFor?.value ?? max(usual.maxOpenFor, openFor),
            halfOpenCalls: halfOpenCalls ?? usual.halfOpenCalls)
    }

    private func readFee(_ node: ConfigNode) -> ProviderFee? {
        guard var map = MapReader(node, "fee", faults: faults) else { return nil }
        let percent = map.value("percent", Values.feeMillionths)
        var fixed: [Currency: Int64] = [:]
        if let node = map.node("fixed") {
            for entry in faults.entries(node, "fixed") ?? [] {
                guard let currency = Currency(code: entry.key) else {
                    let upper = entry.key.uppercased()
                    faults.error(
                        at: entry.position, "'\(entry.key)' is not an ISO 4217 currency",
                        suggestion: Currency(code: upper).map { _ in upper })
                    continue
                }
                if let amount = faults.scalar(entry.value, entry.key, Values.integer(0...Limits.amounts.upperBound)) {
                    fixed[currency] = Int64(amount.value)
                }
            }
        }
        map.finish()
        return ProviderFee(millionths: percent ?? 0, fixed: fixed)
    }
}
