import PaymentModel

/// What the calls of one provider came to in the last five minutes, by operation: for percentiles and charts. A value; counting
/// a call is a few additions.
struct CallActivity: Sendable {
    private struct Counts {
        var faults = 0
        var latency = LatencyHistogram()

        mutating func add(_ other: Counts) {
            faults += other.faults
            latency.add(other.latency)
        }

        var point: CallPoint {
            CallPoint(
                calls: latency.total, faults: faults, p50: latency.percentile(50), p99: latency.percentile(99))
        }
    }

    private let origin: ContinuousClock.Instant
    /// By the operation's place among all; nil until the first call.
    private var rings: [TimeRing<Counts>?]

    init(origin: ContinuousClock.Instant) {
        self.origin = origin
        rings = Array(repeating: nil, count: Operation.allCases.count)
    }

    /// Counts a call that ended at `now`. `isFault`: by the provider's fault, as breakers count it.
    mutating func count(
        _ operation: Operation, isFault: Bool, milliseconds: Int64, at now: ContinuousClock.Instant
    ) {
        guard let index = Operation.allCases.firstIndex(of: operation) else { return }
        if rings[index] == nil { rings[index] = TimeRing(origin: origin, empty: Counts()) }
        rings[index]?.count(at: now) { counts in
            if isFault { counts.faults += 1 }
            counts.latency.add(milliseconds: milliseconds)
        }
    }

    /// The calls of an operation; nil where there were none.
    func calls(of operation: Operation, at now: ContinuousClock.Instant) -> CallPoint? {
        guard let index = Operation.allCases.firstIndex(of: operation), let ring = rings[index] else { return nil }
        var sum = Counts()
        for counts in ring.buckets(at: now) { sum.add(counts) }
        return sum.latency.total > 0 ? sum.point : nil
    }

    /// All operations together, over time.
    func history(at now: ContinuousClock.Instant) -> [CallPoint] {
        var sums = Array(repeating: Counts(), count: TimeBuckets.count)
        for ring in rings {
            guard let buckets = ring?.buckets(at: now) else { continue }
            for (index, counts) in buckets.enumerated() { sums[index].add(counts) }
        }
        return sums.map(\.point)
    }
}

/// The calls of a provider in a while.
package struct CallPoint: Sendable, Hashable {
    package let calls: Int
    /// Those of them that failed by the provider's fault.
    package let faults: Int
    /// Milliseconds; nil without calls.
    package let p50: Int?
    package let p99: Int?

    /// Makes a point.
    package init(calls: Int, faults: Int, p50: Int?, p99: Int?) {
        self.calls = calls
        self.faults = faults
        self.p50 = p50
        self.p99 = p99
    }
}
