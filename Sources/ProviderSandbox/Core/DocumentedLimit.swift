/// A rate limit as a provider documents it: 20 requests in 1 second.
struct DocumentedLimit: Sendable, Equatable {
    let requests: Int
    let period: Duration
}

/// Counts requests against documented limits, each caller (a merchant's key, an address) for itself.
///
/// No document at hand says how its windows are laid: here one begins with its first request and lasts for the whole
/// period, as a counter with an expiry does. A refused request counts against nothing.
struct DocumentedLimits: Sendable {
    enum Verdict: Sendable, Equatable {
        case admitted
        /// The limit that is used up, and when its window ends.
        case refused(by: DocumentedLimit, retryAfter: Duration)
    }

    private struct Window: Sendable {
        var end: ContinuousClock.Instant
        var count = 0
    }

    private let limits: [DocumentedLimit]
    /// The windows of each caller, one for each limit.
    private var windows: [String: [Window]] = [:]

    /// How many callers have windows, open or not.
    var callers: Int { windows.count }

    /// From so many callers on, those with no open window make room for a new one.
    static let maxCallers = 10_000

    /// No limits: everything is admitted, as with `--no-limits`.
    init(_ limits: [DocumentedLimit]) {
        precondition(limits.allSatisfy { $0.requests > 0 && $0.period > .zero }, "a limit admits something")
        self.limits = limits
    }

    /// Counts a request of `caller`, unless one of the limits is used up.
    mutating func admit(_ caller: String, at now: ContinuousClock.Instant) -> Verdict {
        guard !limits.isEmpty else { return .admitted }
        var own = windows[caller] ?? limits.map { Window(end: now.advanced(by: $0.period)) }
        for index in own.indices where own[index].end <= now {
            own[index] = Window(end: now.advanced(by: limits[index].period))
        }
        for (limit, window) in zip(limits, own) where window.count >= limit.requests {
            return .refused(by: limit, retryAfter: now.duration(to: window.end))
        }
        for index in own.indices { own[index].count += 1 }
        if windows[caller] == nil, windows.count >= Self.maxCallers {
            windows = windows.filter { $0.value.contains { $0.end > now } }
        }
        windows[caller] = own
        return .admitted
    }

    /// The value of `Retry-After`: whole seconds, rounded up, at least 1.
    static func retryAfterHeader(_ wait: Duration) -> String {
        let (seconds, attoseconds) = wait.components
        return String(max(seconds + (attoseconds > 0 ? 1 : 0), 1))
    }
}
