import CoreMetrics
import Synchronization

/// One series of a metric: what swift-metrics counts in, and what is written of it.
protocol Series: AnyObject, Sendable {
    func write(to writer: inout PrometheusWriter, name: String, labels: String)
}

/// A number that several threads add to.
struct AtomicDouble: ~Copyable, Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var known = bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: known) + amount).bitPattern
            let (isDone, found) = bits.weakCompareExchange(expected: known, desired: sum, ordering: .relaxed)
            if isDone { return }
            known = found
        }
    }
}

final class IntegerCounter: CounterHandler, Series {
    private let count = Atomic<Int64>(0)

    /// A counter never goes down.
    func increment(by amount: Int64) {
        if amount > 0 { count.wrappingAdd(amount, ordering: .relaxed) }
    }

    func reset() { count.store(0, ordering: .relaxed) }

    func write(to writer: inout PrometheusWriter, name: String, labels: String) {
        writer.sample(name, labels: labels, Double(count.load(ordering: .relaxed)))
    }
}

final class DecimalCounter: FloatingPointCounterHandler, Series {
    private let count = AtomicDouble()

    /// A counter never goes down.
    func increment(by amount: Double) {
        if amount > 0, amount.isFinite { count.add(amount) }
    }

    func reset() { count.set(0) }

    func write(to writer: inout PrometheusWriter, name: String, labels: String) {
        writer.sample(name, labels: labels, count.value)
    }
}

final class GaugeSeries: MeterHandler, RecorderHandler, Series {
    private let level = AtomicDouble()

    func set(_ value: Int64) { level.set(Double(value)) }
    func set(_ value: Double) { level.set(value) }
    func increment(by amount: Double) { level.add(amount) }
    func decrement(by amount: Double) { level.add(-amount) }
    func record(_ value: Int64) { level.set(Double(value)) }
    func record(_ value: Double) { level.set(value) }

    func write(to writer: inout PrometheusWriter, name: String, labels: String) {
        writer.sample(name, labels: labels, level.value)
    }
}

/// Counts how many values there were up to each bound. Timers count seconds.
final class HistogramSeries: RecorderHandler, TimerHandler, Series {
    /// An atomic cannot stand in an array by itself.
    private final class Cell: Sendable {
        let count = Atomic<UInt64>(0)
    }

    private let bounds: [Double]
    /// One for each bound, and one for what is above all of them.
    private let cells: [Cell]
    private let sum = AtomicDouble()

    init(bounds: [Double]) {
        self.bounds = bounds
        cells = (0...bounds.count).map { _ in Cell() }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        cells[index].count.wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    func write(to writer: inout PrometheusWriter, name: String, labels: String) {
        let prefix = labels.isEmpty ? "" : labels + ","
        // The count is what the buckets add up to: values that come meanwhile are in all of it or in none.
        var total: UInt64 = 0
        for (index, cell) in cells.enumerated() {
            total += cell.count.load(ordering: .relaxed)
            let bound = index < bounds.count ? PrometheusWriter.number(bounds[index]) : "+Inf"
            writer.sample(name + "_bucket", labels: "\(prefix)le=\"\(bound)\"", Double(total))
        }
        writer.sample(name + "_sum", labels: labels, sum.value)
        writer.sample(name + "_count", labels: labels, Double(total))
    }
}
