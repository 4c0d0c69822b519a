/// Time as the engine sees it: a monotonic clock and a way to wait on it. Everything that waits takes one, so that a
/// simulator or a test can stand in for the system's clock.
package protocol TimeSource: Sendable {
    /// The present instant. Never goes backwards.
    var now: ContinuousClock.Instant { get }

    /// Returns at `deadline`, at once when that has passed.
    ///
    /// - Throws: `CancellationError` when the calling task is cancelled before `deadline`, and nothing else.
    func sleep(until deadline: ContinuousClock.Instant) async throws
}

/// The system's continuous clock: it goes on while the machine sleeps, as the deadlines of others do.
package struct SystemTimeSource: TimeSource {
    package init() {}

    package var now: ContinuousClock.Instant { ContinuousClock.now }

    package func sleep(until deadline: ContinuousClock.Instant) async throws {
        try await ContinuousClock().sleep(until: deadline)
    }
}
