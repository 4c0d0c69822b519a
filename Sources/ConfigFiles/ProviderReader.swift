import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience
import Routing

/// A provider instance with the places that later checks name.
struct ProviderDraft {
    let provider: ProviderConfiguration
    let position: SourcePosition
    /// Of `timeout`, where it is written.
    let timeout: SourcePosition?

    var isOnLoopback: Bool { WebAddress(provider.baseURL)?.isLoopback ?? false }
}

/// Reads the entries of `providers`, checks their settings against the plugin's declaration and makes the adapters.
struct ProviderReader {
    let faults: FaultLog
    /// By id.
    let plugins: [String: any ProviderAdapter.Type]
    let pemFiles: PEMFiles

    func read(_ entry: ConfigEntry) -> ProviderDraft? {
        guard Values.isName(entry.key) else {
            faults.error(at: entry.position, "'\(entry.key)' is no name for a provider: \(Values.nameRule)")
            return nil
        }
        let what = "provider '\(entry.key)'"
        guard var map = MapReader(entry.value, what, faults: faults) else { return nil }
        let plugin = map.requiredValue("plugin") { scalar throws(Misfit) in try self.plugin(scalar) }
        let baseURLNode = map.node("base_url")
        let baseURL = baseURLNode.flatMap { faults.scalar($0, "base_url", Values.baseURL)?.value }
        let settingsNode = map.node("settings")
        let connectTimeout = map.located("connect_timeout", Values.duration(.milliseconds(1)...(.seconds(60))))
        let timeout = map.located("timeout", Values.duration(.milliseconds(1)...(.seconds(600))))
        let rateLimits = map.rateLimits("rate_limit")
        let breaker = map.node("breaker").flatMap { readBreaker($0) }
        let fee = map.node("fee").flatMap { readFee($0) }
        let extraRoots = pemFiles.path(map.node("ca"), "ca", holding: "CERTIFICATE")
        let isEnabled = map.value("enabled", Values.boolean) ?? true
        map.finish()

        guard let plugin else { return nil }
        let declaration = plugin.declaration
        let settings = SettingsReader(faults: faults, declaration: declaration, provider: entry.key)
        guard let read = settings.read(settingsNode, at: entry.position),
            let adapter = settings.adapter(plugin, read)
        else { return nil }
        guard let address = baseURL ?? declaration.defaultBaseURL else {
            if baseURLNode == nil {
                faults.error(
                    at: entry.position, "\(what) needs 'base_url': no address of \(declaration.name) is documented")
            }
            return nil
        }
        var provider = ProviderConfiguration(
            name: entry.key, plugin: declaration.id, adapter: adapter, baseURL: address)
        if let connectTimeout { provider.connectTimeout = connectTimeout.value }
        if let timeout { provider.timeout = timeout.value }
        if let connectTimeout, provider.connectTimeout > provider.timeout {
            faults.warning(at: connectTimeout.position, "connect_timeout is longer than the whole call's timeout")
        }
        provider.rateLimits =
            rateLimits ?? declaration.documentedLimits.map { RateLimit(requests: $0.requests, per: $0.per) }
        if let breaker { provider.breaker = breaker }
        provider.fee = fee
        provider.extraRoots = extraRoots
        provider.webhookAllow = read.webhookAllow
        provider.isEnabled = isEnabled
        provider.fingerprint = ContentHash.fingerprint(of: entry.value)
        return ProviderDraft(provider: provider, position: entry.position, timeout: timeout?.position)
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
