import HTTPTypes

/// A path of the admin listener.
enum AdminPath: Sendable, Hashable {
    /// The page for people.
    case page
    /// What the page shows now, for the page itself.
    case pageContent
    case alive
    case ready
    case metrics
    case providers
    case payments
    case payment(id: String)
    case orphans
    case reload
    /// The last ones.
    case reloads
    case resolve(id: String)
    case sync(id: String)
    /// Those that failed.
    case events
    case redeliver(event: String)
    case setProvider(name: String, disabled: Bool)

    /// Nil where nothing is at the path.
    init?(_ path: String) {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 5, omittingEmptySubsequences: false)
            .map { Substring($0) }
        guard parts.count > 1, parts[0].isEmpty else { return nil }
        func name(_ index: Int) -> String? {
            guard let name = PercentEncoding.decode(parts[index]), (1...256).contains(name.utf8.count) else {
                return nil
            }
            return name
        }
        switch (parts[1], parts.count) {
        case ("", 2): self = .page
        case ("admin", 3) where parts[2] == "page": self = .pageContent
        case ("healthz", 2): self = .alive
        case ("readyz", 2): self = .ready
        case ("metrics", 2): self = .metrics
        case ("admin", 3) where parts[2] == "providers": self = .providers
        case ("admin", 3) where parts[2] == "payments": self = .payments
        case ("admin", 3) where parts[2] == "orphans": self = .orphans
        case ("admin", 3) where parts[2] == "events": self = .events
        case ("admin", 3) where parts[2] == "reload": self = .reload
        case ("admin", 3) where parts[2] == "reloads": self = .reloads
        case ("admin", 4) where parts[2] == "payments":
            guard let id = name(3) else { return nil }
            self = .payment(id: id)
        case ("admin", 5) where parts[2] == "payments" && parts[4] == "resolve":
            guard let id = name(3) else { return nil }
            self = .resolve(id: id)
        case ("admin", 5) where parts[2] == "payments" && parts[4] == "sync":
            guard let id = name(3) else { return nil }
            self = .sync(id: id)
        case ("admin", 5) where parts[2] == "events" && parts[4] == "redeliver":
            guard let id = name(3) else { return nil }
            self = .redeliver(event: id)
        case ("admin", 5) where parts[2] == "providers" && (parts[4] == "disable" || parts[4] == "enable"):
            guard let provider = name(3) else { return nil }
            self = .setProvider(name: provider, disabled: parts[4] == "disable")
        default: return nil
        }
    }

    /// Whether the path is asked by machines that look after processes, without a key.
    var isHealth: Bool { self == .alive || self == .ready }

    /// Whether a request here changes something.
    var isChange: Bool {
        switch self {
        case .resolve, .sync, .redeliver, .setProvider, .reload: true
        case .page, .pageContent, .alive, .ready, .metrics, .providers, .payments, .payment, .orphans, .events,
            .reloads:
            false
        }
    }

    /// The value of `Allow`.
    var allowed: String { isChange ? "POST, OPTIONS" : "GET, HEAD, OPTIONS" }

    /// Whether the path has the method.
    func allows(_ method: HTTPRequest.Method) -> Bool { method == (isChange ? .post : .get) }
}
