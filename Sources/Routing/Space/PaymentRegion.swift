/// Some of the points of one axis of a ``PaymentSpace``, by number.
package struct PointSet: Sendable, Hashable {
    private var words: [UInt64]

    /// The points below `count` that `isIn` says.
    package init(below count: Int, where isIn: (Int) -> Bool = { _ in true }) {
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
        for point in 0..<count where isIn(point) { words[point / 64] |= 1 << UInt64(point % 64) }
    }

    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    package func contains(_ point: Int) -> Bool { words[point / 64] & (1 << UInt64(point % 64)) != 0 }

    /// In their order.
    package var points: [Int] {
        words.indices.flatMap { word in
            (0..<64).compactMap { words[word] & (1 << UInt64($0)) != 0 ? word * 64 + $0 : nil }
        }
    }

    /// The least.
    package var first: Int? {
        words.firstIndex { $0 != 0 }.map { $0 * 64 + words[$0].trailingZeroBitCount }
    }

    package func intersection(_ other: PointSet) -> PointSet { combined(other, &) }
    package func union(_ other: PointSet) -> PointSet { combined(other, |) }
    package func subtracting(_ other: PointSet) -> PointSet { combined(other) { $0 & ~$1 } }

    private func combined(_ other: PointSet, _ combine: (UInt64, UInt64) -> UInt64) -> PointSet {
        var result = self
        for word in words.indices { result.words[word] = combine(words[word], other.words[word]) }
        return result
    }
}

/// Payments that have one of some points on each axis: a box in a ``PaymentSpace``.
package struct PaymentRegion: Sendable, Hashable {
    package var axes: [PointSet]

    package init(axes: [PointSet]) { self.axes = axes }

    /// Regions that together hold the same payments, fewer of them: those that differ in one axis alone are one.
    package static func merged(_ regions: [PaymentRegion]) -> [PaymentRegion] {
        var regions = regions
        var before = Int.max
        while regions.count < before, let first = regions.first {
            before = regions.count
            for axis in first.axes.indices {
                var places: [PaymentRegion: Int] = [:]
                var found: [PaymentRegion] = []
                for region in regions {
                    var rest = region
                    rest.axes[axis] = PointSet(below: 0)
                    if let place = places[rest] {
                        found[place].axes[axis] = found[place].axes[axis].union(region.axes[axis])
                    } else {
                        places[rest] = found.count
                        found.append(region)
                    }
                }
                regions = found
            }
        }
        return regions
    }
}

/// What a condition asks of payments, in the terms of a ``PaymentSpace``: points on some axes, and none of the exceptions.
package struct PaymentTest: Sendable {
    package struct Need: Sendable {
        package let axis: Int
        package let points: PointSet

        package init(axis: Int, points: PointSet) {
            self.axis = axis
            self.points = points
        }
    }

    package let needs: [Need]
    package let not: [PaymentTest]

    package init(needs: [Need], not: [PaymentTest] = []) {
        self.needs = needs
        self.not = not
    }

    /// Exactly this region.
    package init(region: PaymentRegion) {
        self.init(needs: region.axes.enumerated().map { Need(axis: $0.offset, points: $0.element) })
    }

    /// Cuts a region into disjoint ones: where the test holds, and where it does not.
    package func split(_ region: PaymentRegion) -> (inside: [PaymentRegion], outside: [PaymentRegion]) {
        var inner = region
        var outside: [PaymentRegion] = []
        for need in needs {
            let points = inner.axes[need.axis]
            let kept = points.intersection(need.points)
            if kept.isEmpty { return ([], [region]) }
            if kept != points {
                var outer = inner
                outer.axes[need.axis] = points.subtracting(need.points)
                outside.append(outer)
                inner.axes[need.axis] = kept
            }
        }
        var inside = [inner]
        for exception in not {
            var kept: [PaymentRegion] = []
            for part in inside {
                let (excepted, rest) = exception.split(part)
                outside += excepted
                kept += rest
            }
            inside = kept
        }
        return (inside, outside)
    }

    /// The same of several regions.
    package func split(_ regions: [PaymentRegion]) -> (inside: [PaymentRegion], outside: [PaymentRegion]) {
        var (inside, outside): ([PaymentRegion], [PaymentRegion]) = ([], [])
        for region in regions {
            let parts = split(region)
            inside += parts.inside
            outside += parts.outside
        }
        return (inside, outside)
    }
}

extension PaymentRegion {
    /// Whether all of it is what one or another of these takes.
    package func isCovered(by tests: [PaymentTest]) -> Bool {
        var rest = [self]
        for test in tests {
            rest = test.split(rest).outside
            if rest.isEmpty { return true }
            // More pieces than it is worth: then it is not known to be.
            if rest.count > 256 { return false }
        }
        return false
    }
}
