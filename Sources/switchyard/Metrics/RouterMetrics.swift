import HTTPGateway
import PaymentEngine
import PaymentModel
import PrometheusText

/// Everything that one router counts, and what `/metrics` shows of it.
///
/// What is a state and not a count (breakers, keys, open payments) is kept where it belongs and read for each answer; so a
/// provider that is gone is gone from here too.
struct RouterMetrics: Sendable {
    let registry = PrometheusRegistry(
        help: [EngineMetrics.help, HTTPMetrics.help, TraceExporter.help].reduce([:]) { $0.merging($1) { $1 } })
    let engine: EngineMetrics
    let http: HTTPMetrics

    init() {
        engine = EngineMetrics(factory: registry)
        http = HTTPMetrics(factory: registry)
    }

    /// All metrics as Prometheus text.
    ///
    /// - Parameter certificateEnd: When the public listener's certificate ends; nil without TLS.
    func text(of engine: PaymentEngine, certificateEnd: Timestamp?) async -> [UInt8] {
        var samples = Self.samples(of: await engine.figures()) + ProcessMetrics.samples()
        if let certificateEnd {
            samples.append(
                SampledMetric(
                    "switchyard_tls_certificate_expiry_timestamp_seconds", .gauge,
                    help: "When the certificate that callers see ends.", Double(certificateEnd.milliseconds) / 1000))
        }
        return registry.text(with: samples)
    }

    private static func samples(of figures: EngineFigures) -> [SampledMetric] {
        typealias Labels = [(String, String)]
        let providers = figures.providers
        func gauge(_ name: String, _ help: String, _ value: Int) -> SampledMetric {
            SampledMetric(name, .gauge, help: help, Double(value))
        }
        func ofProviders(_ name: String, _ help: String, _ value: (EngineFigures.Provider) -> Int) -> SampledMetric {
            let samples: [(labels: Labels, value: Double)] = providers.map {
                ([("provider", $0.name)], Double(value($0)))
            }
            return SampledMetric(name, .gauge, help: help, samples)
        }
        let breakers: [(labels: Labels, value: Double)] = providers.flatMap { provider in
            provider.breakers.map { breaker -> (labels: Labels, value: Double) in
                let labels = [("provider", provider.name), ("operation", breaker.operation.rawValue)]
                return (labels, Double(breaker.level.rawValue))
            }
        }
        return [
            SampledMetric(
                "switchyard_breaker_state", .gauge, help: "Circuit breakers: 0 closed, 1 half-open, 2 open.", breakers),
            ofProviders("switchyard_provider_enabled", "Whether a provider may get new payments.") {
                $0.isEnabled ? 1 : 0
            },
            ofProviders("switchyard_provider_requests_in_flight", "Requests to a provider under way.", \.inFlight),
            gauge(
                "switchyard_requests_in_flight", "Payments, follow-ups and syncs under way.", figures.requestsUnderWay),
            gauge("switchyard_idempotency_keys", "Idempotency keys that are held.", figures.keys),
            gauge("switchyard_idempotency_keys_limit", "Idempotency keys that can be held.", figures.keyLimit),
            gauge("switchyard_payments_kept", "Payments in memory.", figures.store.payments),
            gauge("switchyard_payments_kept_limit", "Payments that memory may hold.", figures.paymentLimit),
            gauge("switchyard_unknown_payments", "Payments of which nobody knows the outcome.", figures.store.unknown),
            gauge(
                "switchyard_payments_under_review", "Payments that a person has to look at.", figures.store.underReview),
            gauge(
                "switchyard_inquiries_waiting", "Payments that are asked after when their time comes.",
                figures.inquiriesWaiting),
            gauge("switchyard_orphan_callbacks", "Kept callbacks that match no payment.", figures.store.orphans),
            gauge("switchyard_events_waiting", "Events that wait for their delivery.", figures.store.eventsWaiting),
            SampledMetric(
                "switchyard_build_info", .gauge, help: "Always 1; the version is a label.",
                [([("version", Release.version)], 1)]),
        ]
    }
}
