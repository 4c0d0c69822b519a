import PaymentEngine
import Resilience
import Synchronization

/// The rate limiters of the apps. A limiter outlives a reload that leaves its app's limits as they are.
final class AppRateLimits: Sendable {
    private struct Entry {
        var limits: [RateLimit]
        var limiter: RateLimiter
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let time: any TimeSource

    init(time: any TimeSource) {
        self.time = time
    }

    /// Counts a request of an app that has limits.
    func admit(_ app: AppConfiguration, of apps: [String: AppConfiguration]) -> RateDecision {
        let limiter = entries.withLock { entries in
            if let entry = entries[app.name], entry.limits == app.rateLimits { return entry.limiter }
            let limiter = RateLimiter(limits: app.rateLimits, time: time)
            entries[app.name] = Entry(limits: app.rateLimits, limiter: limiter)
            // Apps that a reload took away leave here, so that there are never more entries than apps.
            if entries.count > apps.count { entries = entries.filter { apps[$0.key] != nil } }
            return limiter
        }
        return limiter.admit()
    }
}
