import HTTPTypes
package import Metrics
import PaymentEngine

/// What is counted of the public listener's requests (contract §10). Operators' and probes' own requests are not among them.
package final class HTTPMetrics: Sendable {
    /// What each metric is.
    package static let help = [
        "switchyard_http_requests_total": "Requests of the public API that were answered.",
        "switchyard_http_request_duration_seconds": "Time from a request's head to its answer, on the public API.",
    ]

    /// What stands for a path that is none of ours, and for a method that nobody needs.
    private static let other = "other"

    private struct Labels: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private let requests: MetricFamily<Labels, Counter>
    private let durations: Timer

    /// Counts through that factory; the process's own by default.
    package init(factory: any MetricsFactory = MetricsSystem.factory) {
        requests = MetricFamily("switchyard_http_requests_total", factory) { labels in
            [("route", labels.route), ("method", labels.method), ("status", String(labels.status))]
        }
        durations = Timer(label: "switchyard_http_request_duration_seconds", factory: factory)
    }

    /// A request was answered.
    ///
    /// - Parameter route: The template of its path; nil where nothing is there.
    func answered(route: String?, method: HTTPRequest.Method, status: Int, took duration: Duration) {
        requests.count(Labels(route: route ?? Self.other, method: Self.knownName(method) ?? Self.other, status: status))
        durations.record(duration: duration)
    }

    /// What came was no request, or there was no room for its connection.
    func refused(status: Int) {
        requests.count(Labels(route: Self.other, method: Self.other, status: status))
    }

    /// Nil for a method that nobody needs: callers may make up any number of them.
    static func knownName(_ method: HTTPRequest.Method) -> String? {
        switch method {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .options: "OPTIONS"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        default: nil
        }
    }
}
