@testable import PaymentEngine
import PaymentModel
import Testing

/// What was counted in the last minutes: values and instants alone.
struct CallActivityTests {
    private static let start = ContinuousClock.now

    private static func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func aRingKeepsFiveMinutesAndForgetsTheRest() {
        var ring = TimeRing(origin: Self.start, empty: 0)
        #expect(ring.buckets(at: Self.start) == Array(repeating: 0, count: 60))
        ring.count(at: Self.at(0)) { $0 += 1 }
        ring.count(at: Self.at(4)) { $0 += 1 }
        ring.count(at: Self.at(5)) { $0 += 1 }
        #expect(ring.buckets(at: Self.at(9)).suffix(3) == [0, 2, 1])
        #expect(ring.buckets(at: Self.at(299)).prefix(3) == [2, 1, 0])
        #expect(ring.buckets(at: Self.at(300)).prefix(2) == [1, 0])
        let later = ring.buckets(at: Self.at(305)).reduce(0, +)
        #expect(later == 0)
        // The place of an old bucket is taken by a new one; what lies between is empty.
        ring.count(at: Self.at(303)) { $0 += 7 }
        #expect(ring.buckets(at: Self.at(304)).last == 7)
        let sum = ring.buckets(at: Self.at(304)).reduce(0, +)
        #expect(sum == 8)
        // One that read the clock before another one belongs to the present.
        ring.count(at: Self.at(299)) { $0 += 1 }
        #expect(ring.buckets(at: Self.at(304)).last == 8)
        // Years later it still has as many.
        #expect(ring.buckets(at: Self.at(100_000_000)) == Array(repeating: 0, count: 60))
        // Before its time nothing was.
        ring = TimeRing(origin: Self.start, empty: 0)
        ring.count(at: Self.start - .seconds(60)) { $0 += 1 }
        #expect(ring.buckets(at: Self.start).last == 1)
    }

    @Test func percentilesAreTheNearestRanks() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(50) == nil)
        for milliseconds in 1...7 { histogram.add(milliseconds: Int64(milliseconds)) }
        #expect(histogram.percentile(50) == 4)
        #expect(histogram.percentile(99) == 7)
        #expect(histogram.percentile(1) == 1)
        var other = LatencyHistogram()
        other.add(milliseconds: 0)
        histogram.add(other)
        #expect(histogram.total == 8)
        #expect(histogram.percentile(1) == 0)
    }

    @Test func aLatencyIsNeverTooLowAndAtMostAQuarterTooHigh() throws {
        for milliseconds in [Int64(8), 9, 15, 16, 41, 100, 180, 999, 1000, 5000, 10_000, 30_000, 100_000] {
            var histogram = LatencyHistogram()
            histogram.add(milliseconds: milliseconds)
            // The longest is told as it was.
            #expect(histogram.percentile(99) == Int(milliseconds))
            histogram.add(milliseconds: 110_000)
            let read = Int64(try #require(histogram.percentile(50)))
            #expect(read >= milliseconds, "\(milliseconds) read as \(read)")
            #expect((read - milliseconds) * 4 <= milliseconds, "\(milliseconds) read as \(read)")
        }
        var histogram = LatencyHistogram()
        for milliseconds in [Int64.max, -1, .min] { histogram.add(milliseconds: milliseconds) }
        #expect(histogram.percentile(1) == 0)
        #expect(try #require(histogram.percentile(99)) > 100_000)
    }

    @Test func callsAreKeptByOperation() {
        var activity = CallActivity(origin: Self.start)
        #expect(activity.calls(of: .create, at: Self.start) == nil)
        for _ in 1...98 { activity.count(.create, isFault: false, milliseconds: 4, at: Self.at(1)) }
        for _ in 1...2 { activity.count(.create, isFault: true, milliseconds: 7, at: Self.at(6)) }
        activity.count(.inquiry, isFault: true, milliseconds: 1, at: Self.at(6))
        #expect(activity.calls(of: .create, at: Self.at(7)) == CallPoint(calls: 100, faults: 2, p50: 4, p99: 7))
        #expect(activity.calls(of: .inquiry, at: Self.at(7)) == CallPoint(calls: 1, faults: 1, p50: 1, p99: 1))
        #expect(activity.calls(of: .refund, at: Self.at(7)) == nil)
        let history = activity.history(at: Self.at(7))
        #expect(history.count == TimeBuckets.count)
        #expect(
            history.suffix(2) == [
                CallPoint(calls: 98, faults: 0, p50: 4, p99: 4), CallPoint(calls: 3, faults: 3, p50: 7, p99: 7),
            ])
        // The first five seconds pass out of sight, then all.
        #expect(activity.calls(of: .create, at: Self.at(301)) == CallPoint(calls: 2, faults: 2, p50: 7, p99: 7))
        #expect(activity.calls(of: .create, at: Self.at(306)) == nil)
    }

    @Test func trafficIsCountedByRouteAndTaker() {
        var traffic = RouteTraffic(origin: Self.start)
        traffic.count(route: "cards", provider: "a", at: Self.at(0))
        traffic.count(route: "cards", provider: "a", at: Self.at(100))
        traffic.count(route: "cards", provider: "b", at: Self.at(100))
        traffic.count(route: "cards", provider: nil, at: Self.at(100))
        traffic.count(route: "phones", provider: "a", at: Self.at(100))
        #expect(traffic.counts(at: Self.at(100)) == ["cards": ["a": 2, "b": 1, nil: 1], "phones": ["a": 1]])
        #expect(traffic.counts(at: Self.at(310)) == ["cards": ["a": 1, "b": 1, nil: 1], "phones": ["a": 1]])
        #expect(traffic.counts(at: Self.at(500)) == [:])
    }

    @Test func namesThatAreOfThePastMakeRoom() {
        var traffic = RouteTraffic(origin: Self.start)
        for number in 0..<5000 { traffic.count(route: "r\(number)", provider: "a", at: Self.at(0)) }
        #expect(traffic.counts(at: Self.at(0)).count == 4096)
        traffic.count(route: "new", provider: "a", at: Self.at(400))
        #expect(traffic.counts(at: Self.at(400)) == ["new": ["a": 1]])
    }
}
