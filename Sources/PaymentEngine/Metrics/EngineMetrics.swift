package import Metrics
package import PaymentModel
import ProviderKit

/// What the engine counts (contract §10). Without a metrics backend each of these does nothing.
package final class EngineMetrics: Sendable {
    /// What each metric is, for whoever reads them.
    package static let help = [
        "switchyard_payments_total": "Payments that came into a status.",
        "switchyard_provider_requests_total": "Requests to providers by what came of them; skipped ones were not sent.",
        "switchyard_provider_request_duration_seconds": "Time that requests to providers took.",
        "switchyard_failovers_total": "Payments that went on to another provider.",
        "switchyard_idempotency_replays_total": "Kept answers that were given again.",
        "switchyard_token_refreshes_total": "Fetches of providers' access tokens.",
        "switchyard_webhooks_received_total": "Callbacks of providers by what became of them.",
        "switchyard_events_delivered_total": "Attempts at deliveries of apps' events.",
        "switchyard_late_successes_total": "Payments that had ended without money, and money was taken after all.",
        "switchyard_reviews_total": "Payments that came under review.",
        "switchyard_config_last_reload_successful": "Whether the configuration as last read is in force.",
        "switchyard_config_last_reload_success_timestamp_seconds": "When a configuration was last put in force.",
    ]

    /// What became of a provider's callback.
    enum CallbackResult: String, CaseIterable {
        case applied, repeated, refused, unmatched, unreadable, ignored
        case notKept = "not_kept"
    }

    /// What came of an attempt at an event's delivery: `retried`: it failed, another one follows; `failed`: none does.
    enum DeliveryResult: String, CaseIterable {
        case delivered, retried, failed
    }

    /// What came of a fetch of a provider's token: `refused`: the provider does not take our credentials.
    enum TokenResult: String, CaseIterable {
        case issued, refused, failed
    }

    private struct PaymentLabels: Hashable {
        let provider: String
        let method: PaymentMethod
        let currency: Currency
        let status: PaymentStatus
    }

    private struct RequestLabels: Hashable {
        let provider: String
        let operation: Operation
        let outcome: Attempt.Outcome
    }

    private struct OperationLabels: Hashable {
        let provider: String
        let operation: Operation
    }

    private struct FailoverLabels: Hashable {
        let route: String
        let from: String
        let to: String
        let reason: String
    }

    private struct ResultLabels<Result: Hashable & Sendable>: Hashable {
        let of: String
        let result: Result
    }

    private let payments: MetricFamily<PaymentLabels, Counter>
    private let requests: MetricFamily<RequestLabels, Counter>
    private let durations: MetricFamily<OperationLabels, Timer>
    private let failovers: MetricFamily<FailoverLabels, Counter>
    private let replays: Counter
    private let callbacks: MetricFamily<ResultLabels<CallbackResult>, Counter>
    private let lateSuccesses: MetricFamily<String, Counter>
    private let deliveries: MetricFamily<ResultLabels<DeliveryResult>, Counter>
    private let tokens: MetricFamily<ResultLabels<TokenResult>, Counter>
    private let reviews: MetricFamily<Review.Reason, Counter>
    private let reloadSuccess: Gauge
    private let reloadTime: Gauge

    /// Counts through that factory; the process's own by default.
    package init(factory: any MetricsFactory = MetricsSystem.factory) {
        payments = MetricFamily("switchyard_payments_total", factory) { labels in
            [
                ("provider", labels.provider), ("method", labels.method.rawValue), ("currency", labels.currency.code),
                ("status", labels.status.rawValue),
            ]
        }
        requests = MetricFamily("switchyard_provider_requests_total", factory) { labels in
            [
                ("provider", labels.provider), ("operation", labels.operation.rawValue),
                ("outcome", labels.outcome.rawValue),
            ]
        }
        durations = MetricFamily("switchyard_provider_request_duration_seconds", factory) { labels in
            [("provider", labels.provider), ("operation", labels.operation.rawValue)]
        }
        failovers = MetricFamily("switchyard_failovers_total", factory) { labels in
            [("route", labels.route), ("from", labels.from), ("to", labels.to), ("reason", labels.reason)]
        }
        replays = Counter(label: "switchyard_idempotency_replays_total", factory: factory)
        callbacks = MetricFamily("switchyard_webhooks_received_total", factory) { labels in
            [("provider", labels.of), ("result", labels.result.rawValue)]
        }
        lateSuccesses = MetricFamily("switchyard_late_successes_total", factory) { [("provider", $0)] }
        deliveries = MetricFamily("switchyard_events_delivered_total", factory) { labels in
            [("app", labels.of), ("result", labels.result.rawValue)]
        }
        tokens = MetricFamily("switchyard_token_refreshes_total", factory) { labels in
            [("provider", labels.of), ("result", labels.result.rawValue)]
        }
        reviews = MetricFamily("switchyard_reviews_total", factory) { [("reason", $0.rawValue)] }
        reloadSuccess = Gauge(label: "switchyard_config_last_reload_successful", factory: factory)
        reloadTime = Gauge(label: "switchyard_config_last_reload_success_timestamp_seconds", factory: factory)
        for reason in Review.Reason.allCases { reviews.prepare(reason) }
    }

    /// Lets the counters of a configuration exist at 0.
    func prepare(_ configuration: EngineConfiguration) {
        for (name, provider) in configuration.providers {
            lateSuccesses.prepare(name)
            for outcome in Attempt.Outcome.allCases where outcome != .resolved {
                requests.prepare(RequestLabels(provider: name, operation: .create, outcome: outcome))
            }
            if provider.adapter is any CallbackReceiving {
                for result in CallbackResult.allCases { callbacks.prepare(ResultLabels(of: name, result: result)) }
            }
            if provider.adapter is any TokenAuthenticated {
                for result in TokenResult.allCases { tokens.prepare(ResultLabels(of: name, result: result)) }
            }
        }
        for (name, app) in configuration.apps where app.webhook != nil {
            for result in DeliveryResult.allCases { deliveries.prepare(ResultLabels(of: name, result: result)) }
        }
    }

    /// A payment that an app has heard of came into this state.
    func payment(_ payment: Payment) {
        payments.count(
            PaymentLabels(
                provider: payment.provider ?? "", method: payment.method, currency: payment.money.currency,
                status: payment.status))
    }

    /// A request to a provider has ended so, or was not made where `duration` is nil.
    func request(_ provider: String, _ operation: Operation, _ outcome: Attempt.Outcome, took duration: Duration?) {
        requests.count(RequestLabels(provider: provider, operation: operation, outcome: outcome))
        if let duration { durations.record(duration, OperationLabels(provider: provider, operation: operation)) }
    }

    /// A payment that went on to another provider.
    func failover(route: String, from failed: Attempt, to provider: String) {
        failovers.count(
            FailoverLabels(
                route: route, from: failed.provider, to: provider, reason: failed.reason ?? failed.outcome.rawValue))
    }

    /// A kept answer was given again.
    func replay() { replays.increment() }

    func callback(_ provider: String, _ result: CallbackResult) {
        callbacks.count(ResultLabels(of: provider, result: result))
    }

    func token(_ provider: String, _ result: TokenResult) { tokens.count(ResultLabels(of: provider, result: result)) }

    /// Money was taken for a payment that had ended without.
    func lateSuccess(_ provider: String) { lateSuccesses.count(provider) }

    func event(app: String, _ result: DeliveryResult) { deliveries.count(ResultLabels(of: app, result: result)) }

    /// A payment came under review.
    func review(_ reason: Review.Reason) { reviews.count(reason) }

    /// The configuration was read: it is in force since then, or its faults keep the one before.
    package func reload(isSuccessful: Bool, at now: Timestamp) {
        reloadSuccess.record(isSuccessful ? 1 : 0)
        if isSuccessful { reloadTime.record(Double(now.milliseconds) / 1000) }
    }
}
