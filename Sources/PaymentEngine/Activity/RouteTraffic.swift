/// How many payments went by each route in the last five minutes, and who took them. A value of bounded size: the names are
/// those of configurations.
struct RouteTraffic: Sendable {
    private struct Way: Hashable {
        let route: String
        /// Nil: nobody took it.
        let provider: String?
    }

    /// Beyond them those that are of the past make room, and what is new is left out where there are none.
    private static let mostWays = 4096

    private let origin: ContinuousClock.Instant
    private var rings: [Way: TimeRing<Int>] = [:]

    init(origin: ContinuousClock.Instant) {
        self.origin = origin
    }

    /// Counts a payment that was answered at `now`.
    mutating func count(route: String, provider: String?, at now: ContinuousClock.Instant) {
        let way = Way(route: route, provider: provider)
        if rings[way] == nil {
            if rings.count >= Self.mostWays { rings = rings.filter { Self.sum($0.value, at: now) > 0 } }
            guard rings.count < Self.mostWays else { return }
            rings[way] = TimeRing(origin: origin, empty: 0)
        }
        rings[way]?.count(at: now) { $0 += 1 }
    }

    /// The payments of each route by who took them; under nil those that nobody took.
    func counts(at now: ContinuousClock.Instant) -> [String: [String?: Int]] {
        var counts: [String: [String?: Int]] = [:]
        for (way, ring) in rings {
            let sum = Self.sum(ring, at: now)
            if sum > 0 { counts[way.route, default: [:]][way.provider] = sum }
        }
        return counts
    }

    private static func sum(_ ring: TimeRing<Int>, at now: ContinuousClock.Instant) -> Int {
        ring.buckets(at: now).reduce(0, +)
    }
}
