public import PaymentModel

/// What a plugin is: its name in the configuration, what it can do at all, the settings that it takes.
public struct ProviderDeclaration: Sendable {
    /// The `plugin` of the configuration: lower case, such as `payalo`.
    public let id: String
    /// The name for people.
    public let name: String
    /// The documented production address (scheme, host and an optional prefix), or nil where none is documented.
    public let defaultBaseURL: String?
    public let methods: Set<PaymentMethod>
    /// Nil where the documents name no list.
    public let currencies: Set<Currency>?
    public let settings: [SettingDeclaration]
    /// The documented limits of requests towards the provider; empty where none is documented.
    public let documentedLimits: [DocumentedLimit]

    /// Makes a declaration.
    public init(
        id: String, name: String, defaultBaseURL: String?, methods: Set<PaymentMethod>,
        currencies: Set<Currency>? = nil,
        settings: [SettingDeclaration], documentedLimits: [DocumentedLimit] = []
    ) {
        self.id = id
        self.name = name
        self.defaultBaseURL = defaultBaseURL
        self.methods = methods
        self.currencies = currencies
        self.settings = settings
        self.documentedLimits = documentedLimits
    }
}

/// So many requests in so long.
public struct DocumentedLimit: Sendable, Hashable {
    public let requests: Int
    public let per: Duration

    /// Makes a limit.
    public init(requests: Int, per: Duration) {
        self.requests = requests
        self.per = per
    }
}

/// One setting of a plugin.
public struct SettingDeclaration: Sendable {
    /// How the value is written in the configuration.
    public enum Kind: Sendable, Hashable {
        /// A scalar that is never shown.
        case secret
        /// A list of secrets; a single scalar is a list of one.
        case secrets
        /// A scalar.
        case text
        /// A scalar from this list.
        case choice([String])
        /// A duration such as `2m`.
        case duration
        /// A map of scalars.
        case map
        /// A list of scalars.
        case texts
    }

    public let key: String
    public let kind: Kind
    /// Without a value the plugin cannot work.
    public let isRequired: Bool
    /// One sentence for `switchyard providers`, with the default where there is one.
    public let help: String

    /// Makes a setting.
    public init(_ key: String, _ kind: Kind, isRequired: Bool = false, help: String) {
        self.key = key
        self.kind = kind
        self.isRequired = isRequired
        self.help = help
    }
}

/// The value of a setting, of its declared kind.
public enum SettingValue: Sendable, Hashable {
    case secret(Secret)
    case secrets([Secret])
    /// Also of a choice.
    case text(String)
    case duration(Duration)
    case map([String: String])
    case texts([String])
}

/// The settings of one instance, checked against the declaration.
public struct ProviderSettings: Sendable, Hashable {
    private let values: [String: SettingValue]

    /// Wraps values whose keys and kinds are as declared.
    public init(_ values: [String: SettingValue]) {
        self.values = values
    }

    /// A setting that is declared as required: its absence is the host's mistake.
    public func requiredSecret(_ key: String) throws(SettingFault) -> Secret {
        guard let secret = secret(key) else { throw SettingFault(key: key, detail: "is required") }
        return secret
    }

    public func secret(_ key: String) -> Secret? { if case .secret(let value)? = values[key] { value } else { nil } }
    public func secrets(_ key: String) -> [Secret]? {
        if case .secrets(let value)? = values[key] { value } else { nil }
    }
    public func text(_ key: String) -> String? { if case .text(let value)? = values[key] { value } else { nil } }
    public func duration(_ key: String) -> Duration? {
        if case .duration(let value)? = values[key] { value } else { nil }
    }
    public func map(_ key: String) -> [String: String]? {
        if case .map(let value)? = values[key] { value } else { nil }
    }
    public func texts(_ key: String) -> [String]? { if case .texts(let value)? = values[key] { value } else { nil } }
}

/// A setting whose value cannot be used.
public struct SettingFault: Error, Sendable, Hashable {
    public let key: String
    /// What is wrong, to follow the key: `must not be empty`.
    public let detail: String

    /// Makes a fault.
    public init(key: String, detail: String) {
        self.key = key
        self.detail = detail
    }
}
