import Logging
package import PaymentModel
import ProviderKit
import Resilience
import Synchronization

/// A provider instance as operators see it.
package struct ProviderHealthReport: Sendable {
    /// One kind of operation that was used in the last five minutes, or whose breaker is not closed.
    package struct OperationReport: Sendable {
        package let operation: Operation
        /// `closed`, `open` or `half_open`.
        package let breaker: String
        /// Calls in the breaker's window.
        package let calls: Int
        package let failuresPerMille: Int
        /// The calls of the last five minutes, which the breaker may have forgotten; nil where there were none.
        package var recent: CallPoint?
        /// When an open breaker lets calls through again.
        package let opensUntil: Timestamp?
    }

    /// Whether the instance takes new payments.
    package enum Standing: Sendable, Hashable {
        case enabled
        /// By an operator, until a restart.
        case disabledByHand
        case disabledInConfiguration
        /// A reload took it out; it is kept for its payments.
        case removed
    }

    package let name: String
    package let plugin: String
    package let standing: Standing
    package let inFlight: Int
    /// Seconds since the token was fetched; nil without one.
    package let tokenAgeSeconds: Int?
    package let operations: [OperationReport]
    /// Its calls in the last five minutes, oldest first: `TimeBuckets.count` points, or none.
    package var history: [CallPoint] = []

    package var isEnabled: Bool { standing == .enabled }
}

extension PaymentEngine {
    /// Every instance, by name; also those that are configured no more and still have payments.
    package func providerReports() -> [ProviderHealthReport] {
        let (configuration, retired, disabled) = state.withLock { ($0.configuration, $0.retired.all, $0.disabled) }
        let runtimes = (retired + configuration.runtimes.values).sorted { $0.name < $1.name }
        return runtimes.map { runtime in
            let activity = runtime.activity
            let now = environment.now
            let operations = Operation.allCases.compactMap { operation -> ProviderHealthReport.OperationReport? in
                let snapshot = runtime.breaker(operation).snapshot
                let recent = activity.calls(of: operation, at: now)
                guard snapshot.calls > 0 || snapshot.state != .closed || recent != nil else { return nil }
                return ProviderHealthReport.OperationReport(
                    operation: operation, breaker: snapshot.state.name, calls: snapshot.calls,
                    failuresPerMille: snapshot.calls > 0 ? snapshot.failures * 1000 / snapshot.calls : 0,
                    recent: recent,
                    opensUntil: snapshot.state.end.map { end in
                        environment.wallClock.advanced(by: now.duration(to: end))
                    })
            }
            let standing: ProviderHealthReport.Standing =
                switch configuration.providers[runtime.name]?.isEnabled {
                case nil: .removed
                case false?: .disabledInConfiguration
                case true?: disabled.contains(runtime.name) ? .disabledByHand : .enabled
                }
            return ProviderHealthReport(
                name: runtime.name, plugin: runtime.configuration.plugin, standing: standing,
                inFlight: runtime.inFlight, tokenAgeSeconds: runtime.tokenAge.map { Int($0.components.seconds) },
                operations: operations, history: activity.history(at: now))
        }
    }

    /// Switches a provider off or on by hand: no new payments while it is off; follow-ups, inquiries and callbacks of its
    /// payments go on. False where there is no such provider.
    package func setProvider(_ name: String, disabled: Bool) -> Bool {
        let isKnown = state.withLock { state in
            guard state.configuration.runtimes[name] != nil || state.retired[name] != nil else { return false }
            if disabled { state.disabled.insert(name) } else { state.disabled.remove(name) }
            return true
        }
        guard isKnown else { return false }
        logger.notice(disabled ? "provider disabled" : "provider enabled", metadata: ["provider": "\(name)"])
        return true
    }

    /// Settles by hand a payment that is `unknown` or under review; the note is kept in `attempts`.
    ///
    /// - Parameter refunded: Of `partially_refunded`: what was returned in all, in minor units. Needed where no refund is known.
    /// - Throws: `not-found`, `invalid-state`, or a fault of a field.
    package func resolve(
        payment id: String, to status: PaymentStatus, providerReference: String?, refunded: Int64? = nil, note: String
    ) async throws(Problem) -> Payment {
        guard status != .unknown, status != .requiresAction, status != .pending else {
            throw .field("/status", "must say what became of the payment: \(Self.resolutions)")
        }
        if let record = await store.record(id), record.isResolvable {
            try await check(record, status, providerReference: providerReference, refunded: refunded)
        }
        let now = environment.wallClock
        let resolved = await store.update(id) { record -> Resolution? in
            let before = record.payment.status
            let open = record.openFollowUp
            guard record.isResolvable else { return nil }
            let attempt = Attempt(
                provider: record.payment.provider ?? "", operation: .create, outcome: .resolved,
                reason: status.rawValue,
                startedAt: now, durationMilliseconds: 0, note: note)
            record.payment.resolve(
                to: status, providerReference: providerReference, refunded: refunded, note: attempt, at: now)
            record.learnProviderReference()
            record.openFollowUp = nil
            return Resolution(record: record, before: before, closed: open)
        }
        guard let resolved else { throw Problem(.notFound, "there is no payment of that id") }
        guard let resolved else {
            throw Problem(.invalidState, "only a payment that is unknown or under review is resolved by hand")
        }
        let (record, before) = (resolved.record, resolved.before)
        if before == .unknown { keys.settle(key: record.key, answer: currentAnswer(of: record)) }
        if let closed = resolved.closed, let answer = knownAnswer(to: closed, .open, record) {
            keys.settle(key: closed.key, answer: answer)
        }
        if before != record.payment.status { metrics.payment(record.payment) }
        logger.notice(
            "payment resolved by hand",
            metadata: record.metadata.merging(["from": "\(before.rawValue)", "to": "\(status.rawValue)"]) { $1 })
        return record.payment
    }

    /// Throws where a resolution cannot be true: it takes another payment's money, says not how much was returned, or
    /// leaves a payment that nothing more can be done with.
    private func check(
        _ record: PaymentRecord, _ status: PaymentStatus, providerReference: String?, refunded: Int64?
    ) async throws(Problem) {
        let payment = record.payment
        let most = payment.amountCaptured > 0 ? payment.amountCaptured : payment.money.minorUnits
        if status == .partiallyRefunded {
            guard refunded != nil || payment.tellsRefunded else {
                throw .field("/amount_refunded", "is required: what was returned in all, in minor units")
            }
            if let refunded, !(1..<most).contains(refunded) {
                throw .field("/amount_refunded", "must be from 1 to less than what was captured, \(most)")
            }
        } else if refunded != nil {
            throw .field("/amount_refunded", "is of partially_refunded alone")
        }
        let hasMoney = status == .authorized || status == .captured || status == .partiallyRefunded
        if hasMoney, payment.providerReference == nil, providerReference == nil,
            let adapter = payment.provider.flatMap({ runtime($0) })?.adapter,
            adapter is any Capturing || adapter is any Canceling || adapter is any Refunding
        {
            throw .field(
                "/provider_reference",
                "is required: captures, voids and refunds go to what the provider calls the payment")
        }
        if let providerReference, let provider = payment.provider {
            let name = PaymentRecord.name(provider, providerReference)
            let isOurs = await store.claim(reference: name, for: payment.id)
            if !isOurs, let owner = await store.id(ofReference: name), owner != payment.id {
                throw .field("/provider_reference", "belongs to another payment")
            }
        }
    }

    /// What a resolution found and left.
    private struct Resolution: Sendable {
        let record: PaymentRecord
        let before: PaymentStatus
        let closed: OpenFollowUp?
    }

    private static let resolutions = PaymentStatus.allCases
        .filter { ![.unknown, .requiresAction, .pending].contains($0) }.map(\.rawValue).joined(separator: ", ")
}

extension BreakerState {
    fileprivate var name: String {
        switch self {
        case .closed: "closed"
        case .halfOpen: "half_open"
        case .open: "open"
        }
    }

    fileprivate var end: ContinuousClock.Instant? {
        if case .open(let until) = self { until } else { nil }
    }
}
