package import CoreMetrics
import Synchronization

// A backend of swift-metrics that keeps the numbers and writes them as Prometheus text when they are asked for.
//
// A series is made once, under a lock; from then on what counts holds its handler and touches atomics alone. So callers keep
// their counters and timers and do not make one for each event.

/// The metrics of one process, or of one router in a test: nothing here is global.
package final class PrometheusRegistry: MetricsFactory {
    /// Seconds, for calls over networks.
    package static let buckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// The value of every label of the series that takes what is counted once a metric has `mostSeries` others.
    package static let overflow = "other"

    private struct Family {
        let kind: MetricKind
        /// By their labels, as they are written.
        var series: [String: any Series] = [:]
    }

    private let families = Mutex<[String: Family]>([:])
    private let help: [String: String]
    private let buckets: [Double]
    private let mostSeries: Int

    /// Makes an empty registry.
    ///
    /// - Parameters:
    ///   - help: What each metric is, by its name; one that has none is explained by its name.
    ///   - buckets: Upper bounds of histograms, ascending; timers count in seconds.
    ///   - mostSeries: Of one metric. Labels are to come from configuration and lists of ours; this is the bound that holds all the
    ///     same.
    package init(
        help: [String: String] = [:], buckets: [Double] = PrometheusRegistry.buckets, mostSeries: Int = 5000
    ) {
        precondition(zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }, "buckets ascend")
        self.help = help
        self.buckets = buckets
        self.mostSeries = mostSeries
    }

    /// All metrics, in the order of their names and labels.
    ///
    /// - Parameter sampled: What is read for this answer alone: the state of something that is kept elsewhere. A metric that was
    ///   also counted here is left out of it.
    package func text(with sampled: [SampledMetric] = []) -> [UInt8] {
        let families = families.withLock { $0 }
        var sources: [String: (kind: MetricKind, help: String, write: (inout PrometheusWriter) -> Void)] = [:]
        for metric in sampled {
            sources[metric.name] = (metric.kind, metric.help, { writer in metric.write(to: &writer) })
        }
        for (name, family) in families {
            sources[name] = (
                family.kind, help[name] ?? name,
                { writer in
                    for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                        series.write(to: &writer, name: name, labels: labels)
                    }
                }
            )
        }
        var writer = PrometheusWriter()
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
            writer.begin(name, kind: source.kind, help: source.help)
            source.write(&writer)
        }
        return writer.bytes
    }

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { IntegerCounter() }
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter) { DecimalCounter() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { GaugeSeries() }
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate
            ? series(label, dimensions, .histogram) { HistogramSeries(bounds: self.buckets) }
            : series(label, dimensions, .gauge) { GaugeSeries() }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram) { HistogramSeries(bounds: self.buckets) }
    }

    // A series stays until the process ends: one that goes and comes back at zero reads as a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The series of those labels. One that a metric of another kind has the name of is counted and never shown: the text can give a
    /// name one type.
    private func series<Made: Series>(
        _ label: String, _ dimensions: [(String, String)], _ kind: MetricKind, make: () -> Made
    ) -> Made {
        let name = PrometheusWriter.metricName(label)
        let labels = PrometheusWriter.labels(dimensions)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            guard family.kind == kind else { return make() }
            if let known = family.series[labels] { return known as? Made ?? make() }
            var place = labels
            if family.series.count >= mostSeries {
                place = PrometheusWriter.labels(dimensions.map { ($0.0, Self.overflow) })
                if let known = family.series[place] { return known as? Made ?? make() }
            }
            let made = make()
            family.series[place] = made
            families[name] = family
            return made
        }
    }
}

/// A metric whose values are read when they are asked for, and not kept here.
package struct SampledMetric: Sendable {
    let name: String
    let help: String
    let kind: MetricKind
    private let samples: [(labels: String, value: Double)]

    /// A metric of one value or several.
    ///
    /// - Parameter kind: `.counter` or `.gauge`.
    package init(
        _ name: String, _ kind: MetricKind, help: String, _ samples: [(labels: [(String, String)], value: Double)]
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples.map { (PrometheusWriter.labels($0.labels), $0.value) }.sorted { $0.labels < $1.labels }
    }

    /// A metric of one value without labels.
    package init(_ name: String, _ kind: MetricKind, help: String, _ value: Double) {
        self.init(name, kind, help: help, [([], value)])
    }

    func write(to writer: inout PrometheusWriter) {
        for sample in samples { writer.sample(name, labels: sample.labels, sample.value) }
    }
}

/// What a metric is (`# TYPE`).
package enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}
