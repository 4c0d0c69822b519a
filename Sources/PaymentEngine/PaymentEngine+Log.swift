import Logging
import PaymentModel
import ProviderKit
import Resilience
import W3CTrace

// One line for each thing that happens to a payment, and it tells its whole story. Messages are constants, to be looked for; no value
// comes from what an app or a provider wrote. Secrets cannot get here: their types print nothing.

extension PaymentEngine {
    /// A create whose end an app hears of.
    func log(_ payment: Payment, _ run: CreateRun) {
        // One literal: this line is on every payment's path.
        logger.info(
            "payment",
            metadata: [
                "payment": .string(payment.id), "app": .string(payment.app), "route": .string(payment.route ?? ""),
                "provider": .string(payment.provider ?? ""), "status": .string(payment.status.rawValue),
                "attempts": .string(run.attempts.story), "replayed": run.isRepeat ? "true" : "false",
                "ms": .string(String(run.call.begunAt.duration(to: environment.now).milliseconds)),
                "request_id": .string(run.call.requestID), "trace": .string(run.call.trace?.traceID ?? ""),
            ])
    }

    /// A create that made no payment.
    func log(_ problem: Problem, route: String?, _ attempts: [Attempt], _ call: Call) {
        logger.log(
            level: problem.code.status >= 500 ? .warning : .info, "payment not taken",
            metadata: call.metadata(now: environment.now).merging([
                "code": "\(problem.code.rawValue)", "route": "\(route ?? "")", "attempts": "\(attempts.story)",
            ]) { $1 })
    }

    /// A kept answer that was given again, or that of a payment that is still open.
    func log(replayOf answer: Answer, _ call: Call) {
        logger.info(
            "answer replayed",
            metadata: call.metadata(now: environment.now).merging([
                "payment": "\(answer.paymentID ?? "")", "answer": "\(answer.status)", "replayed": "true",
            ]) { $1 })
    }

    /// A capture, cancel or refund whose sends have ended.
    func log(_ open: OpenFollowUp, _ end: FollowUpRun.End, _ attempts: [Attempt], _ payment: Payment, _ call: Call) {
        logger.info(
            "follow-up",
            metadata: call.metadata(now: environment.now).merging([
                "payment": "\(payment.id)", "provider": "\(payment.provider ?? "")",
                "operation": "\(open.followUp.operation.rawValue)", "outcome": "\(end.name)",
                "status": "\(payment.status.rawValue)", "attempts": "\(attempts.story)",
            ]) { $1 })
    }

    /// A follow-up of which it was found out later what became of it.
    func log(resolved open: OpenFollowUp, _ end: FollowUpRun.End, _ record: PaymentRecord) {
        logger.info(
            "follow-up resolved",
            metadata: record.metadata.merging([
                "operation": "\(open.followUp.operation.rawValue)", "outcome": "\(end.name)",
                "status": "\(record.payment.status.rawValue)",
            ]) { $1 })
    }

    /// A verified callback of a payment.
    func log(callbackOf id: String, at provider: String, _ result: EngineMetrics.CallbackResult, isAuthentic: Bool) {
        logger.info(
            "callback",
            metadata: [
                "payment": "\(id)", "provider": "\(provider)", "result": "\(result.rawValue)",
                "authentic": "\(isAuthentic)",
            ])
    }
}

extension Call {
    /// Whose request it is, and how long it has taken.
    fileprivate func metadata(now: ContinuousClock.Instant) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "app": "\(app.name)", "request_id": "\(requestID)", "ms": "\(begunAt.duration(to: now).milliseconds)",
        ]
        if let trace { metadata["trace"] = "\(trace.traceID)" }
        return metadata
    }
}

extension PaymentRecord {
    /// What names the payment in a line of what happens to it in the background.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "payment": "\(payment.id)", "app": "\(payment.app)", "provider": "\(payment.provider ?? "")",
        ]
        if let trace { metadata["trace"] = "\(trace.traceID)" }
        return metadata
    }
}

extension [Attempt] {
    /// The tries in a line: `payalo-ke:create=unavailable(connect_refused)/2ms payalo-backup:create=accepted/41ms`.
    fileprivate var story: String {
        map { attempt in
            let reason = attempt.reason.map { "(\($0))" } ?? ""
            let what = "\(attempt.provider):\(attempt.operation.rawValue)=\(attempt.outcome.rawValue)\(reason)"
            return "\(what)/\(attempt.durationMilliseconds)ms"
        }.joined(separator: " ")
    }
}

extension FollowUpRun.End {
    fileprivate var name: String {
        switch self {
        case .done: "done"
        case .pending: "pending"
        case .declined: "declined"
        case .rejected: "rejected"
        case .conflict: "conflict"
        case .neverDone: "never_done"
        case .nobody: "not_taken"
        case .open: "open"
        }
    }
}
