import PaymentModel
import ProviderKit
import Resilience
import Synchronization

/// Where events go and when: the apps' webhooks with their connections, the queue of what is due, and the places for what is
/// under way. `PaymentEngine+Events.swift` does the deliveries.
final class EventDispatcher: Sendable {
    typealias Job = DeliverySlots.Job

    /// An app's webhook and what reaches it.
    struct Receiver: Sendable {
        let app: String
        let webhook: AppConfiguration.Webhook
        let transport: any ProviderTransport
        /// It answered 410: nothing more goes there by itself.
        fileprivate(set) var isGone = false
    }

    private struct State {
        var receivers: [String: Receiver]
        var slots = DeliverySlots(most: 64, ofApp: EventDispatcher.mostOfApp)
    }

    /// Deliveries of one app under way at once, each on a connection of its own.
    static let mostOfApp = 16

    /// Payments whose oldest pending event is due.
    let queue: DueQueue<Job>
    private let state: Mutex<State>
    private let environment: any EngineEnvironment

    /// Throws what the factory throws.
    init(
        apps: [String: AppConfiguration], environment: any EngineEnvironment,
        transport: PaymentEngine.EventTransportFactory
    ) throws {
        queue = DueQueue(environment: environment)
        state = Mutex(State(receivers: try Self.receivers(of: apps, keeping: [:], transport)))
        self.environment = environment
    }

    /// Takes the webhooks of another configuration. Where an app's is the same, its connections and that it is gone live on.
    /// What is used no more is let go of: attempts under way have their own hold of it. Throws what the factory throws, and
    /// nothing has changed then.
    func configure(apps: [String: AppConfiguration], transport: PaymentEngine.EventTransportFactory) throws {
        let before = state.withLock { $0.receivers }
        let made = try Self.receivers(of: apps, keeping: before, transport)
        state.withLock { state in
            state.receivers = made.mapValues { receiver in
                var receiver = receiver
                // It may have been marked meanwhile.
                if let old = state.receivers[receiver.app], old.webhook.url == receiver.webhook.url {
                    receiver.isGone = old.isGone
                }
                return receiver
            }
        }
    }

    private static func receivers(
        of apps: [String: AppConfiguration], keeping old: [String: Receiver],
        _ transport: PaymentEngine.EventTransportFactory
    ) throws -> [String: Receiver] {
        var receivers: [String: Receiver] = [:]
        for (name, app) in apps {
            guard let webhook = app.webhook else { continue }
            let kept = old[name].flatMap { $0.webhook.isReached(as: webhook) ? $0.transport : nil }
            receivers[name] = Receiver(app: name, webhook: webhook, transport: try kept ?? transport(app, webhook))
        }
        return receivers
    }

    /// How the delivery of an event begins that happens now.
    func newDelivery(app: String) -> EventDelivery {
        state.withLock { $0.receivers[app] == nil } ? .none : .pending(since: environment.now)
    }

    /// Puts a payment down whose event is to be delivered now.
    func add(payment: String, app: String) {
        queue.add(Job(app: app, payment: payment), due: environment.now)
    }

    func receiver(_ app: String) -> Receiver? { state.withLock { $0.receivers[app] } }

    /// Notes whether the app's address is gone; not where a reload has given the app another one meanwhile.
    func mark(_ receiver: Receiver, gone: Bool) {
        state.withLock { state in
            guard state.receivers[receiver.app]?.webhook.url == receiver.webhook.url else { return }
            state.receivers[receiver.app]?.isGone = gone
        }
    }

    func begin(_ job: Job) -> Bool { state.withLock { $0.slots.add(job) } }

    func finish(_ job: Job) -> Job? {
        let (next, again) = state.withLock { $0.slots.finish(job) }
        if again { queue.add(job, due: environment.now) }
        return next
    }

    /// From now on nothing begins; what is under way goes on.
    func stop() { state.withLock { $0.slots.stop() } }

    /// Gives the connections back.
    func shutdown() async {
        for receiver in state.withLock({ Array($0.receivers.values) }) { await receiver.transport.shutdown() }
    }
}

extension AppConfiguration.Webhook {
    /// Whether one transport does for both.
    fileprivate func isReached(as other: Self) -> Bool {
        origin == other.origin && allowPrivate == other.allowPrivate
    }
}
