import Logging
import ProviderKit
import Resilience
import Synchronization

/// Why a configuration cannot follow the one that is in force; one sentence, no secrets.
package struct ReloadFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// Makes a fault.
    package init(_ description: String) { self.description = description }
}

extension PaymentEngine {
    /// Puts another configuration in force, whole or not at all (contract §2, 'Reload').
    ///
    /// Requests under way see their own version to the end. Providers whose `fingerprint` is the same live on as they are; a
    /// changed one is a new instance, which takes over what is still true. One that is gone takes no new payments, and is kept
    /// for those that it has.
    ///
    /// - Returns: What stays as it was until a restart, a sentence each.
    /// - Throws: `ReloadFault`; nothing has changed then.
    package func reload(_ configuration: EngineConfiguration) async throws(ReloadFault) -> [String] {
        for (name, provider) in configuration.providers {
            guard let old = runtime(name), old.configuration.plugin != provider.plugin else { continue }
            // What asks after them and refunds them would speak of another provider's payments.
            guard await store.hasPayments(at: name) else { continue }
            throw ReloadFault(
                "provider '\(name)' has payments made through \(old.configuration.plugin): give the instance of \(provider.plugin) another name"
            )
        }
        let warnings = try reloading.withLock { _ throws(ReloadFault) in try replace(with: configuration) }
        await dropUnneededProviders()
        return warnings
    }

    private func replace(with new: EngineConfiguration) throws(ReloadFault) -> [String] {
        let old = configuration
        guard new.server.referenceSecret == old.server.referenceSecret else {
            throw ReloadFault(
                "server.reference_secret cannot change while the process runs: what retried keys would reach providers as is derived from it"
            )
        }
        var new = new
        let warnings = new.keepListeners(of: old)
        for (name, provider) in new.providers { new.runtimes[name] = try runtime(for: provider, named: name) }
        do {
            try dispatcher.configure(apps: new.apps, transport: makeEventTransport)
        } catch {
            throw ReloadFault("webhook: \(error)")
        }
        // Nothing fails from here on.
        metrics.prepare(new)
        storeLimits.update(new.server)
        keys.update(limits: new.server.idempotency)
        let replacement = new
        state.withLock { state in
            for (name, runtime) in state.configuration.runtimes where replacement.runtimes[name] == nil {
                state.retired.hold(runtime)
            }
            for name in replacement.runtimes.keys { state.retired.remove(name) }
            state.configuration = replacement
        }
        return warnings
    }

    private func runtime(
        for provider: ProviderConfiguration, named name: String
    ) throws(ReloadFault) -> ProviderRuntime {
        let old = runtime(name)
        if let old, old.configuration.fingerprint == provider.fingerprint { return old }
        do {
            return ProviderRuntime(
                configuration: provider, transport: try makeTransport(provider), environment: environment,
                metrics: metrics, spans: spans, succeeding: old)
        } catch {
            throw ReloadFault("provider '\(name)': \(error)")
        }
    }

    /// Lets go of the providers that are configured no more and have no payments.
    private func dropUnneededProviders() async {
        let (names, doubt) = state.withLock { $0.retired.beginDoubt() }
        for name in names {
            guard await !store.hasPayments(at: name) else { continue }
            state.withLock { $0.retired.drop(name, in: doubt) }
        }
    }

    /// Makes sure that a provider that is being given a payment is there for as long as the payment is: a reload may have
    /// taken it out of the configuration since the request began.
    func hold(_ runtime: ProviderRuntime) {
        state.withLock { state in
            if state.configuration.runtimes[runtime.name] == nil { state.retired.hold(runtime) }
        }
    }
}

/// How much the store may hold, as the configuration in force says.
final class StoreLimits: Sendable {
    private let server: Mutex<ServerConfiguration>

    init(_ server: ServerConfiguration) {
        self.server = Mutex(server)
    }

    var now: (maxPayments: Int, retention: Duration) { server.withLock { ($0.maxPayments, $0.paymentRetention) } }
    var bounds: ServerLimits { server.withLock { $0.limits } }

    func update(_ server: ServerConfiguration) {
        self.server.withLock { $0 = server }
    }
}
