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

    /// How long the calls of an operation took; nil where there were none.
    func latency(of operation: Operation, at now: ContinuousClock.Instant) -> (p50: Int, p99: Int)? {
        guard let index = Operation.allCases.firstIndex(of: operation), let ring = rings[index] else { return nil }
        var sum = LatencyHistogram()
        for counts in ring.buckets(at: now) { sum.add(counts.latency) }
        guard let p50 = sum.percentile(50), let p99 = sum.percentile(99) else { return nil }
        return (p50, p99)
    }

    /// All operations together, over time.
    func history(at now: ContinuousClock.Instant) -> [CallPoint] {
        var sums = Array(repeating: Counts(), count: TimeBuckets.count)
        for ring in rings {
            guard let buckets = ring?.buckets(at: now) else { continue }
            for (index, counts) in buckets.enumerated() { sums[index].add(counts) }
        }
        return sums.map { sum in
            CallPoint(
                calls: sum.latency.total, faults: sum.faults, p50: sum.latency.percentile(50),
                p99: sum.latency.percentile(99))
        }
    }
}

/// The calls of a provider in five seconds.
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
