package import PaymentModel
package import ProviderKit
package import Resilience
package import Routing

/// Everything that a configuration folder says, checked and compiled. Immutable: a reload makes another one, and a request sees
/// one from its beginning to its end.
package struct EngineConfiguration: Sendable {
    /// Names this content: a hash over the files.
    package let version: String
    package private(set) var server: ServerConfiguration
    /// By name.
    package let apps: [String: AppConfiguration]
    /// By name.
    package let providers: [String: ProviderConfiguration]
    package let router: Router
    let callbackTokens: CallbackTokens
    /// The providers at work, by name: those of this very version. Empty until an engine has put it in force.
    var runtimes: [String: ProviderRuntime] = [:]

    /// Makes a configuration; the routes' providers are among `providers`.
    package init(
        version: String, server: ServerConfiguration, apps: [String: AppConfiguration],
        providers: [String: ProviderConfiguration], routes: [Route]
    ) {
        self.version = version
        self.server = server
        self.apps = apps
        self.providers = providers
        router = Router(routes: routes, providers: providers.mapValues(\.routable))
        callbackTokens = CallbackTokens(secrets: server.callbackSecrets)
    }

    /// The same configuration with other listeners: the command line wins over the file.
    package func listening(
        on listen: ServerConfiguration.Address? = nil, admin: ServerConfiguration.Address? = nil
    ) -> EngineConfiguration {
        var copy = self
        if let listen { copy.server.listen = listen }
        if let admin { copy.server.admin = admin }
        return copy
    }

    /// Takes the listeners of the configuration that is in force, for they do not change while the process runs. Returns what
    /// would have changed, a sentence each.
    package mutating func keepListeners(of old: EngineConfiguration) -> [String] {
        var changed: [String] = []
        if server.listen != old.server.listen {
            changed.append("server.listen stays \(old.server.listen) until a restart; it is to be \(server.listen)")
        }
        if server.admin != old.server.admin {
            changed.append("server.admin stays \(old.server.admin) until a restart; it is to be \(server.admin)")
        }
        // Which certificate it is may change; whether callers speak TLS may not.
        if (server.tls == nil) != (old.server.tls == nil) {
            changed.append("server.tls stays \(old.server.tls == nil ? "off" : "on") until a restart")
            server.tls = old.server.tls
        }
        if !server.limits.areThoseOfTheListener(old.server.limits) {
            changed.append(
                "server.limits of connections, of headers and of their times stay as they are until a restart")
        }
        if server.tracingEndpoint != old.server.tracingEndpoint {
            changed.append("server.tracing stays as it is until a restart")
        }
        (server.listen, server.admin) = (old.server.listen, old.server.admin)
        server.tracingEndpoint = old.server.tracingEndpoint
        return changed
    }
}

/// `server` of the configuration, with the defaults of contract §2.
package struct ServerConfiguration: Sendable, Hashable {
    /// Host and port to listen on.
    package struct Address: Sendable, Hashable, CustomStringConvertible {
        package var host: String
        package var port: Int

        /// Makes an address; port 0 is any free one.
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// What the public listener shows over TLS and asks for, PEM: what the files hold that the configuration names.
    package struct TLS: Sendable, Hashable {
        /// Its own certificate, and those between it and a root.
        package var certificate: String
        package var privateKey: Secret
        /// The roots of callers' certificates. Nil: callers need none.
        package var clientCA: String?

        /// Holds what the files hold.
        package init(certificate: String, privateKey: Secret, clientCA: String? = nil) {
            self.certificate = certificate
            self.privateKey = privateKey
            self.clientCA = clientCA
        }
    }

    package var listen = Address(host: "127.0.0.1", port: 8080)
    package var admin = Address(host: "127.0.0.1", port: 9090)
    /// SHA-256 of each accepted key of operators, 32 bytes each.
    package var adminKeys: [KeyDigest] = []
    /// What providers call back: scheme, host and optional prefix, without a trailing slash. Nil: where it listens.
    package var publicURL: String?
    package var requestTimeout: Duration = .seconds(30)
    package var drainGrace: Duration = .seconds(5)
    /// Bytes.
    package var maxBody = 64 * 1024
    package var limits = ServerLimits()
    package var idempotency = IdempotencyLimits(ttl: .seconds(24 * 3600), maxKeys: 1_000_000)
    package var paymentRetention: Duration = .seconds(30 * 24 * 3600)
    package var maxPayments = 1_000_000
    package var referenceSecret: Secret
    /// The current first; the others still verify.
    package var callbackSecrets: [Secret]
    /// When open payments are asked after; the last repeats.
    package var inquiry: [Duration] = [5, 15, 60, 300, 900, 3600].map(Duration.seconds)
    package var tls: TLS?
    /// Where spans are sent: an OTLP/HTTP address. Nil: nowhere, and none are recorded.
    package var tracingEndpoint: String?

    /// The defaults, with the two secrets that have none.
    package init(referenceSecret: Secret, callbackSecrets: [Secret]) {
        precondition(!callbackSecrets.isEmpty, "one callback secret signs")
        self.referenceSecret = referenceSecret
        self.callbackSecrets = callbackSecrets
    }

    /// What stands in for both secrets while every provider is on loopback: published, so worth nothing.
    package static let loopbackSecret = Secret("switchyard-loopback-only")
}

/// An app that calls the API.
package struct AppConfiguration: Sendable, Hashable {
    /// What an app may do (`allow`).
    package enum Permission: String, Sendable, Hashable, CaseIterable {
        case create, capture, cancel, refund, read
    }

    /// Where the app's events go.
    package struct Webhook: Sendable, Hashable {
        package var url: String
        /// `whsec_` and base64, as written.
        package var secret: Secret
        package var allowPrivate: Bool
        /// The waits after the first, second, … failed attempt; after the last of them a delivery has failed.
        package var retry: [Duration]

        /// Makes a webhook; `secret` is `whsec_` and base64.
        package init(url: String, secret: Secret, allowPrivate: Bool = false, retry: [Duration]) {
            self.url = url
            self.secret = secret
            self.allowPrivate = allowPrivate
            self.retry = retry
        }

        /// Scheme, host and port.
        package var origin: String { String(url.dropLast(path.count)) }

        /// Path and query, as a request names them.
        package var target: String {
            let target = path.prefix { $0 != "#" }
            return target.hasPrefix("/") ? String(target) : "/" + target
        }

        private var path: String { WebAddress(url)?.path ?? "" }
    }

    package let name: String
    /// SHA-256 of each accepted key.
    package var keys: [KeyDigest]
    package var country: Country?
    package var allow: Set<Permission>
    package var rateLimits: [RateLimit]
    package var webhook: Webhook?

    /// Makes an app.
    package init(
        name: String, keys: [KeyDigest], country: Country? = nil, allow: Set<Permission> = Set(Permission.allCases),
        rateLimits: [RateLimit] = [], webhook: Webhook? = nil
    ) {
        self.name = name
        self.keys = keys
        self.country = country
        self.allow = allow
        self.rateLimits = rateLimits
        self.webhook = webhook
    }
}

/// One instance of a provider's plugin.
package struct ProviderConfiguration: Sendable {
    package let name: String
    /// The plugin's id.
    package let plugin: String
    package let adapter: any ProviderAdapter
    /// Scheme, host and optional prefix, without a trailing slash.
    package let baseURL: String
    package var connectTimeout: Duration = .seconds(1)
    /// Of one provider call.
    package var timeout: Duration = .seconds(10)
    /// Ours towards the provider; the plugin's documented ones where the configuration names none.
    package var rateLimits: [RateLimit] = []
    package var breaker = BreakerSettings()
    package var fee: ProviderFee?
    /// A PEM file of extra roots.
    package var extraRoots: String?
    /// Networks (CIDR) whose unsigned callbacks are taken as hints.
    package var webhookAllow: [String] = []
    package var isEnabled = true
    /// The instance's part of the files, hashed: breakers, tokens and limits live on where it is the same.
    package var fingerprint = ""
    /// Plugin, address and settings, hashed: whose account it is. What a provider says that it does not have is believed only
    /// under the account that it was sent to.
    package var account = ""

    /// Makes an instance with the defaults of contract §2.
    package init(name: String, plugin: String, adapter: any ProviderAdapter, baseURL: String) {
        self.name = name
        self.plugin = plugin
        self.adapter = adapter
        self.baseURL = baseURL
    }

    /// The instance as routing sees it.
    package var routable: RoutableProvider {
        RoutableProvider(name: name, adapter: adapter, isEnabled: isEnabled, fee: fee)
    }
}
