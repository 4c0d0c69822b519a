package import Metrics
import Synchronization

/// The counters or timers of one metric, each made once: to make one is to build its labels and look it up at the backend, which
/// is too much to do for each payment.
package final class MetricFamily<Labels: Hashable & Sendable, Handle: Sendable>: Sendable {
    /// Label sets are bounded by the configuration, and configurations change: beyond this many a handle is not kept.
    private static var mostKept: Int { 10_000 }

    private let handles = Mutex<[Labels: Handle]>([:])
    private let make: @Sendable (Labels) -> Handle

    private init(make: @escaping @Sendable (Labels) -> Handle) { self.make = make }

    /// The one of these labels. Where the backend can, it exists from the first asking on, at 0.
    package subscript(labels: Labels) -> Handle {
        handles.withLock { handles in
            if let known = handles[labels] { return known }
            let made = make(labels)
            if handles.count < Self.mostKept { handles[labels] = made }
            return made
        }
    }
}

extension MetricFamily where Handle == Counter {
    /// A family of counters; `dimensions` are the labels in full.
    package convenience init(
        _ name: String, _ factory: any MetricsFactory, _ dimensions: @escaping @Sendable (Labels) -> [(String, String)]
    ) {
        self.init { Counter(label: name, dimensions: dimensions($0), factory: factory) }
    }

    package func count(_ labels: Labels) { self[labels].increment() }

    /// Lets a counter exist before it counts: an alarm on its growth sees the first step too.
    package func prepare(_ labels: Labels) { _ = self[labels] }
}

extension MetricFamily where Handle == Timer {
    /// A family of timers; `dimensions` are the labels in full.
    package convenience init(
        _ name: String, _ factory: any MetricsFactory, _ dimensions: @escaping @Sendable (Labels) -> [(String, String)]
    ) {
        self.init { Timer(label: name, dimensions: dimensions($0), factory: factory) }
    }

    package func record(_ duration: Duration, _ labels: Labels) { self[labels].record(duration: duration) }
}
