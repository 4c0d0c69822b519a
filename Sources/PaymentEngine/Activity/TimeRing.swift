/// What was counted in the last five minutes, by fives of seconds: a value of constant size, however much is counted.
///
/// Two rings of one origin have the same buckets, so that their counts can be added.
struct TimeRing<Bucket: Sendable>: Sendable {
    private struct Place {
        /// The time that the bucket is of, counted in widths from the origin; -1 for none.
        var tick = -1
        var bucket: Bucket
    }

    private let origin: ContinuousClock.Instant
    private let empty: Bucket
    private var latest = 0
    private var places: [Place]

    /// - Parameters:
    ///   - origin: Where time begins to be counted: nothing is older.
    ///   - empty: A bucket of a time in which nothing was counted.
    init(origin: ContinuousClock.Instant, empty: Bucket) {
        self.origin = origin
        self.empty = empty
        places = Array(repeating: Place(bucket: empty), count: TimeBuckets.count)
    }

    /// Counts something that happened at `now`.
    mutating func count(at now: ContinuousClock.Instant, _ change: (inout Bucket) -> Void) {
        // Results come from many tasks: one that read the clock a little earlier belongs to the present all the same.
        latest = max(latest, tick(of: now))
        let index = latest % TimeBuckets.count
        if places[index].tick != latest { places[index] = Place(tick: latest, bucket: empty) }
        change(&places[index].bucket)
    }

    /// The buckets of the last five minutes, oldest first, the one that is being filled last: always as many.
    func buckets(at now: ContinuousClock.Instant) -> [Bucket] {
        let last = max(latest, tick(of: now))
        return ((last - TimeBuckets.count + 1)...last).map { tick in
            guard tick >= 0 else { return empty }
            let place = places[tick % TimeBuckets.count]
            return place.tick == tick ? place.bucket : empty
        }
    }

    private func tick(of now: ContinuousClock.Instant) -> Int {
        max(0, Int(clamping: origin.duration(to: now).components.seconds / TimeBuckets.seconds))
    }
}

/// How the last minutes are cut: what charts and percentiles are made of.
package enum TimeBuckets {
    /// How many there are.
    package static let count = 60
    /// How long each is.
    package static let seconds: Int64 = 5
    /// All of them together.
    package static let window: Duration = .seconds(Int64(count) * seconds)
}
