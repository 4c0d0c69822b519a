import PaymentEngine
import PaymentModel
import Resilience
import Routing

/// A configuration without a fault, with its expectations.
struct LoadedConfiguration {
    let configuration: EngineConfiguration
    let expectations: [Expectation]
}

/// What changes when one configuration follows another: for payments, and for who operates the router.
package struct ConfigurationComparison: Sendable {
    /// Something that is there before, after, or in two ways. Holds no value of a setting or secret.
    package struct Difference: Sendable, Hashable {
        /// `server`, `app`, `provider` or `route`.
        package let what: String
        /// Nil for the server.
        package let name: String?
        package let text: String
    }

    /// What becomes of payments, by route.
    package let routing: [RoutingChange]
    /// Rules so many that not all of them were compared.
    package let isCut: Bool
    package let others: [Difference]

    /// Compares; nil where one of the two has an error.
    package init?(old: LoadResult, new: LoadResult) {
        guard let before = old.configuration, let after = new.configuration else { return nil }
        let comparison = RoutingComparison(
            old: LoadedConfiguration(configuration: before, expectations: old.expectations),
            new: LoadedConfiguration(configuration: after, expectations: new.expectations))
        routing = comparison.changes
        isCut = comparison.isCut
        others =
            Self.server(before, after) + Self.apps(before, after) + Self.providers(before, after)
            + Self.routes(before, after)
    }

    private static func server(_ old: EngineConfiguration, _ new: EngineConfiguration) -> [Difference] {
        var texts: [String] = []
        var later = new
        texts += later.keepListeners(of: old)
        let (was, now) = (old.server, new.server)
        if was.referenceSecret != now.referenceSecret {
            texts.append(
                "reference_secret is another one: a reload is refused, and a restart gives retried payments new references"
            )
        }
        if was.callbackSecrets != now.callbackSecrets {
            let isDropped = !Set(was.callbackSecrets).isSubset(of: now.callbackSecrets)
            texts.append(
                isDropped
                    ? "callback_secrets: one is gone; callback addresses that were made with it verify no more"
                    : "callback_secrets: others")
        }
        func compare<Value: Equatable>(_ key: String, _ value: (ServerConfiguration) -> Value) {
            if value(was) != value(now) { texts.append("\(key): \(value(was)) → \(value(now))") }
        }
        if was.adminKeys != now.adminKeys { texts.append("admin_keys_sha256: others") }
        compare("public_url") { $0.publicURL ?? "none" }
        compare("request_timeout") { Values.text($0.requestTimeout) }
        compare("drain_grace") { Values.text($0.drainGrace) }
        compare("max_body", \.maxBody)
        compare("idempotency.ttl") { Values.text($0.idempotency.ttl) }
        compare("idempotency.max_keys", \.idempotency.maxKeys)
        compare("payments.retention") { Values.text($0.paymentRetention) }
        compare("payments.max", \.maxPayments)
        compare("inquiry") { $0.inquiry.map(Values.text).joined(separator: ", ") }
        // Those of the listener are among what waits for a restart.
        var limits = now.limits
        (limits.connections, limits.headerCount, limits.headerSize) =
            (was.limits.connections, was.limits.headerCount, was.limits.headerSize)
        (limits.requestReadTimeout, limits.idleTimeout) = (was.limits.requestReadTimeout, was.limits.idleTimeout)
        if limits != was.limits || was.idempotency.maxWaiters != now.idempotency.maxWaiters {
            texts.append("limits: others")
        }
        return texts.map { Difference(what: "server", name: nil, text: $0) }
    }

    private static func apps(_ old: EngineConfiguration, _ new: EngineConfiguration) -> [Difference] {
        differences("app", old.apps, new.apps) { was, now in
            var texts: [String] = []
            let gone = was.keys.count { !now.keys.contains($0) }
            let added = now.keys.count { !was.keys.contains($0) }
            if gone + added > 0 { texts.append("keys: \(added) added, \(gone) removed") }
            if was.country != now.country {
                texts.append("default country: \(was.country?.code ?? "none") → \(now.country?.code ?? "none")")
            }
            if was.allow != now.allow {
                func list(_ app: AppConfiguration) -> String {
                    AppConfiguration.Permission.allCases.filter(app.allow.contains).map(\.rawValue).joined(
                        separator: ", ")
                }
                texts.append("allow: \(list(was)) → \(list(now))")
            }
            if was.rateLimits != now.rateLimits { texts.append("rate_limit: another one") }
            switch (was.webhook, now.webhook) {
            case (nil, nil): break
            case (nil, _): texts.append("webhook: new")
            case (_, nil): texts.append("webhook: gone; the events that wait fail as no_webhook")
            case (let before, let after):
                if before?.url != after?.url { texts.append("webhook: another address") }
                if before?.secret != after?.secret { texts.append("webhook: another secret") }
                if before?.retry != after?.retry || before?.allowPrivate != after?.allowPrivate {
                    texts.append("webhook: other times or addresses that are let through")
                }
            }
            return texts
        }
    }

    private static func providers(_ old: EngineConfiguration, _ new: EngineConfiguration) -> [Difference] {
        differences(
            "provider", old.providers, new.providers, gone: "is gone: no new payments; what it has is still settled"
        ) {
            was, now in
            var texts: [String] = []
            if was.plugin != now.plugin {
                texts.append(
                    "plugin: \(was.plugin) → \(now.plugin); a reload is refused while it has payments: give it another name"
                )
            } else if was.account != now.account {
                texts.append(
                    (was.baseURL != now.baseURL ? "base_url" : "settings")
                        + ": another account; payments that were sent to the one before are not sent again, breakers and tokens begin anew"
                )
            }
            if was.isEnabled != now.isEnabled { texts.append(now.isEnabled ? "enabled" : "disabled") }
            if was.fee != now.fee { texts.append("fee: another one") }
            if was.timeout != now.timeout {
                texts.append("timeout: \(Values.text(was.timeout)) → \(Values.text(now.timeout))")
            }
            if was.connectTimeout != now.connectTimeout {
                texts.append("connect_timeout: \(Values.text(was.connectTimeout)) → \(Values.text(now.connectTimeout))")
            }
            if was.rateLimits != now.rateLimits { texts.append("rate_limit: another one") }
            if was.breaker != now.breaker { texts.append("breaker: another one") }
            if was.extraRoots != now.extraRoots { texts.append("ca: another file") }
            if texts.isEmpty, was.fingerprint != now.fingerprint { texts.append("ca: the file holds something else") }
            return texts
        }
    }

    private static func routes(_ old: EngineConfiguration, _ new: EngineConfiguration) -> [Difference] {
        func named(_ configuration: EngineConfiguration) -> [String: Int] {
            let names = configuration.router.routes.map(\.name)
            return Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        }
        return differences("route", named(old), named(new)) { _, _ in [] }
    }

    private static func differences<Value>(
        _ what: String, _ old: [String: Value], _ new: [String: Value], gone: String = "is gone",
        _ compare: (Value, Value) -> [String]
    ) -> [Difference] {
        Set(old.keys).union(new.keys).sorted().flatMap { name -> [Difference] in
            let texts: [String] =
                switch (old[name], new[name]) {
                case (let was?, let now?): compare(was, now)
                case (nil, _): ["is new"]
                case (_, nil): [gone]
                }
            return texts.map { Difference(what: what, name: name, text: $0) }
        }
    }
}
