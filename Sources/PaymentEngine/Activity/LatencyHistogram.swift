/// How long calls took, counted in 64 bins: exact below 8 ms, then four to each doubling, to two minutes. What is read from it
/// is never too low, at most a quarter too high, and never more than the longest: a call that ran into its time limit shows so.
struct LatencyHistogram: Sendable, Hashable {
    private static let bins = 64

    /// Empty until the first call.
    private var counts: [UInt32] = []
    private(set) var total = 0
    private var longest: Int64 = 0

    /// Counts a call.
    mutating func add(milliseconds: Int64) {
        if counts.isEmpty { counts = Array(repeating: 0, count: Self.bins) }
        counts[Self.bin(of: milliseconds)] += 1
        total += 1
        longest = max(longest, milliseconds)
    }

    /// Adds what another one has counted.
    mutating func add(_ other: LatencyHistogram) {
        guard other.total > 0 else { return }
        if counts.isEmpty { counts = Array(repeating: 0, count: Self.bins) }
        for index in counts.indices { counts[index] += other.counts[index] }
        total += other.total
        longest = max(longest, other.longest)
    }

    /// The time that so many calls in a hundred did not exceed, in milliseconds; nil without calls.
    func percentile(_ percent: Int) -> Int? {
        guard total > 0 else { return nil }
        let rank = max(1, (total * percent + 99) / 100)
        var seen = 0
        for (bin, count) in counts.enumerated() {
            seen += Int(count)
            if seen >= rank { return bin == Self.bins - 1 ? Int(longest) : min(Self.most(ofBin: bin), Int(longest)) }
        }
        return nil
    }

    private static func bin(of milliseconds: Int64) -> Int {
        guard milliseconds >= 8 else { return Int(max(0, milliseconds)) }
        let exponent = 63 - milliseconds.leadingZeroBitCount
        let quarter = Int(milliseconds >> (exponent - 2)) & 3
        return min(bins - 1, 8 + (exponent - 3) * 4 + quarter)
    }

    private static func most(ofBin bin: Int) -> Int {
        guard bin >= 8 else { return bin }
        let width = 1 << ((bin - 8) / 4 + 1)
        return (5 + (bin - 8) % 4) * width - 1
    }
}
