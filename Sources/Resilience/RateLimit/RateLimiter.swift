import Synchronization

/// Rate limits shared by many callers: those of an app, or ours towards a provider. All rules are in
/// `RateLimiterStateMachine`.
package final class RateLimiter: Sendable {
    private let machine: Mutex<RateLimiterStateMachine>
    private let time: any TimeSource

    /// - Parameter limits: all must admit; may be empty.
    package init(limits: [RateLimit], time: any TimeSource) {
        self.machine = Mutex(RateLimiterStateMachine(limits: limits))
        self.time = time
    }

    /// Asks to do one thing now, and counts it if admitted.
    ///
    /// - Parameter share: `.half` for those who may use at most half of the limits (inquiries).
    package func admit(share: RateShare = .whole) -> RateDecision {
        let now = time.now
        return machine.withLock { $0.admit(now: now, share: share) }
    }

    /// Whether anything counts against a limit still.
    package var isSpent: Bool {
        let now = time.now
        return machine.withLock { $0.isSpent(now: now) }
    }
}
