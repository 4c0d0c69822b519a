/// The calls of the last while, counted in a ring of ten buckets: a call counts for at least nine tenths of the window
/// and never longer than the window. Constant space however many calls there are.
struct CallWindow: Sendable {
    /// What is counted of calls.
    struct Counts: Hashable, Sendable {
        var calls = 0
        var failures = 0
        var slow = 0
    }

    private struct Bucket {
        /// The tenth of a window, counted from the origin, that the counts belong to.
        var tick = -1
        var counts = Counts()
    }

    private static let size = 10

    private let width: Duration
    private var origin: ContinuousClock.Instant?
    private var latestTick = 0
    private var buckets = [Bucket](repeating: Bucket(), count: CallWindow.size)

    /// - Parameter length: 10 ns or more.
    init(length: Duration) {
        width = length / Self.size
    }

    /// Counts one call that ended at `now`.
    mutating func add(_ counts: Counts, now: ContinuousClock.Instant) {
        let origin = self.origin ?? now
        self.origin = origin
        // Results come from many tasks: one that read the clock a little earlier belongs to the present all the same.
        latestTick = max(latestTick, tick(of: now, origin: origin))
        let index = latestTick % Self.size
        if buckets[index].tick != latestTick { buckets[index] = Bucket(tick: latestTick) }
        buckets[index].counts.calls += counts.calls
        buckets[index].counts.failures += counts.failures
        buckets[index].counts.slow += counts.slow
    }

    /// All that counts at `now`.
    func counts(now: ContinuousClock.Instant) -> Counts {
        var sum = Counts()
        guard let origin else { return sum }
        let oldest = max(latestTick, tick(of: now, origin: origin)) - Self.size + 1
        for bucket in buckets where bucket.tick >= max(oldest, 0) {
            sum.calls += bucket.counts.calls
            sum.failures += bucket.counts.failures
            sum.slow += bucket.counts.slow
        }
        return sum
    }

    private func tick(of now: ContinuousClock.Instant, origin: ContinuousClock.Instant) -> Int {
        Int(clamping: (now - origin).attoseconds / width.attoseconds)
    }
}
