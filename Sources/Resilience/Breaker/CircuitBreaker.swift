import Synchronization

/// The circuit breaker of one provider and one kind of operation (contract §6, 'Breakers'); all rules are in
/// `BreakerStateMachine`.
package final class CircuitBreaker: Sendable {
    private let machine: Mutex<BreakerStateMachine>
    private let time: any TimeSource
    private let nextRandom: RandomSource

    package init(
        settings: BreakerSettings, time: any TimeSource, nextRandom: @escaping RandomSource = systemRandomSource
    ) {
        self.machine = Mutex(BreakerStateMachine(settings: settings))
        self.time = time
        self.nextRandom = nextRandom
    }

    /// Asks whether a call may be made. A permit goes back with `record`, on every way out of the call: a half-open
    /// breaker has only a few.
    package func admit() -> BreakerAdmission {
        let now = time.now
        return machine.withLock { $0.admit(now: now) }
    }

    /// Gives a permit back with what came of the call and how long it took.
    package func record(_ permit: BreakerPermit, _ result: BreakerResult, duration: Duration) {
        let now = time.now
        machine.withLock { $0.record(permit, result, duration: duration, now: now, random: nextRandom()) }
    }

    /// The breaker as it is now; takes no permit.
    package var snapshot: BreakerSnapshot {
        let now = time.now
        return machine.withLock { $0.snapshot(now: now) }
    }
}
