import HTTPTypes
import Logging
import PaymentModel
import ProviderKit
import Resilience
import Tracing
import W3CTrace

extension PaymentEngine {
    /// An attempt ends after this long, the connecting included (contract §8).
    private static var attemptTimeout: Duration { .seconds(15) }

    /// Delivers events when they are due, until the task is cancelled; attempts that are under way then go on to their end.
    func deliverEvents() async {
        await withDiscardingTaskGroup { group in
            while let job = await dispatcher.queue.next() {
                guard dispatcher.begin(job) else { continue }
                group.addTask {
                    var next: EventDispatcher.Job? = job
                    while let job = next {
                        // In a task of its own: the end of the run cancels no attempt.
                        await self.detached { await self.deliver(job) }
                        next = self.dispatcher.finish(job)
                    }
                }
            }
            dispatcher.stop()
        }
    }

    /// Makes an attempt at the oldest pending event of a payment, if it is due, and puts down what comes next.
    private func deliver(_ job: EventDispatcher.Job) async {
        guard let event = await store.pendingEvent(ofPayment: job.payment) else { return }
        let began = environment.now
        if let due = event.delivery.due, due <= began {
            let receiver = dispatcher.receiver(job.app)
            // Asked for by hand it is tried all the same: the app may be back.
            if let receiver, !receiver.isGone || event.delivery.round > 0 {
                let outcome = await send(event, to: receiver)
                await note(outcome, of: event, at: receiver, began: began)
            } else {
                let reason = receiver == nil ? EventDelivery.noWebhook : EventDelivery.gone
                await store.updateDelivery(event.id) { $0.giveUp(reason) }
                metrics.event(app: job.app, .failed)
            }
        }
        if let due = await store.pendingEvent(ofPayment: job.payment)?.delivery.due {
            dispatcher.queue.add(job, due: due)
        }
    }

    private func send(_ event: Event, to receiver: EventDispatcher.Receiver) async -> EventDelivery.Outcome {
        let body = event.deliveryBody()
        let id = event.id
        let timestamp = environment.wallClock.milliseconds / 1000
        var request = ProviderRequest(
            .post, receiver.webhook.target,
            headers: [
                .contentType: "application/json", .userAgent: "Switchyard/\(Release.version)",
                .webhookID: id, .webhookTimestamp: String(timestamp),
                .webhookSignature: EventSignature.make(
                    id: id, timestamp: timestamp, body: body, secret: receiver.webhook.secret),
            ], body: body)
        let span = spans.begin("deliver \(event.kind.name)", .client, below: event.trace)
        span.trace.write(to: &request.headers)
        let transmission = await receiver.transport.send(request, timeout: Self.attemptTimeout)
        let outcome: EventDelivery.Outcome
        var status: Int?
        switch transmission {
        case .replied(let reply):
            outcome = .replied(status: reply.status)
            status = reply.status
        case .notSent(let failure), .sentWithoutReply(let failure): outcome = .lost(reason: failure.reason)
        }
        span.end(isFailed: !(200..<300 ~= status ?? 0)) {
            var attributes: SpanAttributes = [
                "http.request.method": "POST", "switchyard.app": .string(receiver.app),
                "switchyard.event": .string(event.id),
            ]
            if let host = WebAddress(receiver.webhook.url)?.host { attributes["server.address"] = host }
            if let status { attributes["http.response.status_code"] = status }
            return attributes
        }
        return outcome
    }

    private func note(
        _ outcome: EventDelivery.Outcome, of event: Event, at receiver: EventDispatcher.Receiver,
        began: ContinuousClock.Instant
    ) async {
        let app = event.payment.app
        let now = environment.now
        let calendar = environment.wallClock
        let jitter = environment.random()
        let noted = await store.updateDelivery(event.id) { delivery in
            let action = delivery.finish(
                outcome, round: event.delivery.round, began: began, retry: receiver.webhook.retry, now: now,
                calendar: calendar, jitter: jitter)
            return (action, delivery)
        }
        switch outcome {
        case .replied(status: 410): dispatcher.mark(receiver, gone: true)
        case .replied(status: 200..<300): dispatcher.mark(receiver, gone: false)
        default: break
        }
        // Nil: it went with its payment, which made room.
        guard let (action, delivery) = noted else { return }
        let metadata: Logger.Metadata = [
            "event": "\(event.id)", "payment": "\(event.payment.id)", "type": "\(event.kind.name)", "app": "\(app)",
            "attempts": "\(delivery.attempts)",
            "reason": "\(delivery.lastError ?? "")",
        ]
        switch action {
        case .delivered:
            metrics.event(app: app, .delivered)
            logger.debug("event delivered", metadata: metadata)
        case .retry:
            metrics.event(app: app, .retried)
            logger.info("event not delivered, to be repeated", metadata: metadata)
        case .failed:
            metrics.event(app: app, .failed)
            logger.warning("event not delivered", metadata: metadata)
        case .overtaken: break
        }
    }
}

// MARK: - What apps ask for

extension PaymentEngine {
    /// An event of that app; of any app where `app` is nil (operators). Nil where there is none.
    package func event(id: String, app: String?) async -> Event? {
        guard let event = await store.event(id), app == nil || event.payment.app == app else { return nil }
        return event
    }

    /// A page of events, newest first.
    package func events(_ query: EventQuery) async throws(Problem) -> EventPage {
        try await store.events(query)
    }

    /// The events whose delivery has failed, the last failure first. `app` nil: of all apps (operators).
    package func failedEvents(app: String?, limit: Int, cursor: String?) async throws(Problem) -> EventPage {
        try await store.failedEvents(app: app, limit: limit, cursor: cursor)
    }

    /// Delivers an event anew, whatever became of it, in its payment's order.
    ///
    /// - Throws: `not-found`, or `invalid-state` where the app has no webhook.
    package func redeliver(event id: String, call: Call) async throws(Problem) -> Event {
        let app = call.app.name
        guard let event = await event(id: id, app: app) else {
            throw Problem(.notFound, "there is no event of that id")
        }
        guard dispatcher.receiver(app) != nil else {
            throw Problem(.invalidState, "this app has no webhook that the event could be sent to")
        }
        let now = environment.now
        let restarted = await store.updateDelivery(id) { delivery in
            delivery.restart(at: now)
            return delivery
        }
        guard let restarted else { throw Problem(.notFound, "there is no event of that id") }
        dispatcher.add(payment: event.payment.id, app: app)
        var answer = event
        answer.delivery = restarted
        return answer
    }
}

extension HTTPField.Name {
    fileprivate static let webhookID = fixed("webhook-id")
    fileprivate static let webhookTimestamp = fixed("webhook-timestamp")
    fileprivate static let webhookSignature = fixed("webhook-signature")

    private static func fixed(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no name of a field") }
        return name
    }
}
