import CoreMetrics
@testable import PrometheusText
import Testing

/// The text format (version 0.0.4), to the byte.
struct PrometheusTextTests {
    private func text(_ registry: PrometheusRegistry, _ sampled: [SampledMetric] = []) -> String {
        String(decoding: registry.text(with: sampled), as: UTF8.self)
    }

    @Test("counters and gauges, in the order of their names and labels")
    func countersAndGauges() {
        let registry = PrometheusRegistry(help: ["b_total": "What b is.", "a_level": "What a is."])
        Counter(label: "b_total", dimensions: [("provider", "z")], factory: registry).increment(by: 2)
        Counter(label: "b_total", dimensions: [("provider", "a")], factory: registry).increment()
        Gauge(label: "a_level", factory: registry).record(0.25)
        #expect(
            text(registry) == """
                # HELP a_level What a is.
                # TYPE a_level gauge
                a_level 0.25
                # HELP b_total What b is.
                # TYPE b_total counter
                b_total{provider="a"} 1
                b_total{provider="z"} 2

                """)
    }

    @Test("a timer is a histogram in seconds, cumulative, whose count is its last bucket")
    func histogram() {
        let registry = PrometheusRegistry(help: ["t_seconds": "Time."], buckets: [0.1, 1])
        let timer = Timer(label: "t_seconds", dimensions: [("op", "x")], factory: registry)
        timer.recordMilliseconds(50)
        timer.recordMilliseconds(100)
        timer.recordMilliseconds(500)
        timer.recordSeconds(4)
        #expect(
            text(registry) == """
                # HELP t_seconds Time.
                # TYPE t_seconds histogram
                t_seconds_bucket{op="x",le="0.1"} 2
                t_seconds_bucket{op="x",le="1"} 3
                t_seconds_bucket{op="x",le="+Inf"} 4
                t_seconds_sum{op="x"} 4.65
                t_seconds_count{op="x"} 4

                """)
    }

    @Test("values that would break a line are escaped, names that are none are mended")
    func escaping() {
        let registry = PrometheusRegistry(help: ["odd_name": "One\\two\nthree \"four\""])
        Counter(label: "odd.name", dimensions: [("a-b", "x\"y\\z\nß"), ("le", "1"), ("0", "")], factory: registry)
            .increment()
        #expect(
            text(registry) == """
                # HELP odd_name One\\\\two\\nthree "four"
                # TYPE odd_name counter
                odd_name{_0="",a_b="x\\"y\\\\z\\nß",le_="1"} 1

                """)
    }

    @Test("a counter exists at 0 from when it is made, never goes down, and is the same however often it is made")
    func zero() {
        let registry = PrometheusRegistry()
        let counter = Counter(label: "c_total", dimensions: [("b", "2"), ("a", "1")], factory: registry)
        #expect(text(registry).contains("c_total{a=\"1\",b=\"2\"} 0\n"))
        counter.increment(by: -5)
        Counter(label: "c_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        counter.destroy()
        #expect(text(registry).contains("c_total{a=\"1\",b=\"2\"} 1\n"))
    }

    @Test("beyond its cap a metric counts in one further series")
    func cap() {
        let registry = PrometheusRegistry(mostSeries: 2)
        for value in ["a", "b", "c", "d", "a"] {
            Counter(label: "c_total", dimensions: [("x", value)], factory: registry).increment()
        }
        #expect(text(registry).hasSuffix("c_total{x=\"a\"} 2\nc_total{x=\"b\"} 1\nc_total{x=\"other\"} 2\n"))
    }

    @Test("one name has one type: what comes as another is not shown")
    func oneType() {
        let registry = PrometheusRegistry()
        Counter(label: "c", factory: registry).increment()
        Timer(label: "c", dimensions: [], factory: registry).recordSeconds(1)
        Gauge(label: "c", factory: registry).record(7)
        #expect(text(registry) == "# HELP c c\n# TYPE c counter\nc 1\n")
    }

    @Test("what is sampled stands among the rest, and is gone when it is sampled no more")
    func sampled() {
        let registry = PrometheusRegistry()
        Counter(label: "b_total", factory: registry).increment()
        let states = SampledMetric(
            "a_state", .gauge, help: "A.", [([("p", "z")], 2), ([("p", "a")], 0)])
        let all = text(registry, [SampledMetric("c", .gauge, help: "C.", .infinity), states])
        #expect(
            all == """
                # HELP a_state A.
                # TYPE a_state gauge
                a_state{p="a"} 0
                a_state{p="z"} 2
                # HELP b_total b_total
                # TYPE b_total counter
                b_total 1
                # HELP c C.
                # TYPE c gauge
                c +Inf

                """)
        #expect(!text(registry).contains("a_state"))
    }

    @Test("nothing is lost where several threads count")
    func threads() async {
        let registry = PrometheusRegistry(buckets: [1])
        let counter = Counter(label: "c_total", factory: registry)
        let recorder = Recorder(label: "r", dimensions: [], aggregate: true, factory: registry)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        recorder.record(0.5)
                    }
                }
            }
        }
        let all = text(registry)
        #expect(all.contains("c_total 80000\n"))
        #expect(all.contains("r_sum 40000\nr_count 80000\n"))
    }
}
