package import Metrics
package import PaymentModel

/// What the engine counts (contract §10). Without a metrics backend each of these does nothing.
package struct EngineMetrics: Sendable {
    private let factory: any MetricsFactory

    /// Counts through that factory; the process's own by default.
    package init(factory: any MetricsFactory = MetricsSystem.factory) {
        self.factory = factory
    }

    /// A payment that an app has heard of came into this state.
    func payment(_ payment: Payment) {
        count(
            "switchyard_payments_total",
            [
                ("provider", payment.provider ?? ""), ("method", payment.method.rawValue),
                ("currency", payment.money.currency.code), ("status", payment.status.rawValue),
            ])
    }

    /// One try of a create at a provider, its questions included.
    func attempt(_ attempt: Attempt) {
        count(
            "switchyard_provider_requests_total",
            [
                ("provider", attempt.provider), ("operation", attempt.operation.rawValue),
                ("outcome", attempt.outcome.rawValue),
            ])
    }

    /// A payment that went on to another provider.
    func failover(route: String, from failed: Attempt, to provider: String) {
        count(
            "switchyard_failovers_total",
            [
                ("route", route), ("from", failed.provider), ("to", provider),
                ("reason", failed.reason ?? failed.outcome.rawValue),
            ])
    }

    /// A kept answer was given again.
    func replay() { count("switchyard_idempotency_replays_total", []) }

    /// A provider's callback: `applied`, `repeated`, `refused`, `unmatched` or `unreadable`.
    func callback(_ provider: String, _ result: String) {
        count("switchyard_webhooks_received_total", [("provider", provider), ("result", result)])
    }

    /// Money was taken for a payment that had ended without.
    func lateSuccess(_ provider: String) { count("switchyard_late_successes_total", [("provider", provider)]) }

    /// An attempt at an event's delivery: `delivered`, `retried` (it failed, another one follows) or `failed` (none does).
    func event(app: String, _ result: String) {
        count("switchyard_events_delivered_total", [("app", app), ("result", result)])
    }

    /// A payment came under review.
    func review(_ reason: Review.Reason) { count("switchyard_reviews_total", [("reason", reason.rawValue)]) }

    /// The configuration was read: it is in force since then, or its faults keep the one before.
    package func reload(isSuccessful: Bool, at now: Timestamp) {
        let result = Gauge(label: "switchyard_config_last_reload_successful", dimensions: [], factory: factory)
        result.record(isSuccessful ? 1 : 0)
        guard isSuccessful else { return }
        Gauge(label: "switchyard_config_last_reload_success_timestamp_seconds", dimensions: [], factory: factory)
            .record(Double(now.milliseconds) / 1000)
    }

    private func count(_ label: String, _ dimensions: [(String, String)]) {
        Counter(label: label, dimensions: dimensions, factory: factory).increment()
    }
}
