import HTTPTypes
import PaymentEngine
import ProviderKit
import Synchronization

/// An app's webhook: takes events, fails at times, and remembers what it took in which order.
final class EventSink: ProviderTransport {
    private struct State {
        /// The numbers of the events that were answered well, by payment, in the order in which they first were.
        var taken: [Substring: [Int]] = [:]
        var isCalm = false
    }

    private let world: World
    private let state = Mutex(State())

    init(_ world: World) {
        self.world = world
    }

    func calm() { state.withLock { $0.isCalm = true } }

    /// The events of a payment that were taken, in their order.
    func taken(ofPayment id: String) -> [Int] { state.withLock { $0.taken[id.dropFirst(4)] ?? [] } }

    func shutdown() async {}

    func send(_ request: ProviderRequest, timeout: Duration) async -> Transmission {
        let isCalm = state.withLock { $0.isCalm }
        await world.pause(.milliseconds(world.chance.int(1...200)))
        switch isCalm ? 9 : world.chance.int(0...9) {
        case 0:
            world.fault("webhook refused")
            return .notSent(TransportFailure("connect_refused"))
        case 1:
            world.fault("webhook timed out")
            await world.pause(timeout)
            return .sentWithoutReply(TransportFailure("timeout"))
        case 2:
            world.fault("webhook failed")
            return .replied(ProviderReply(status: 500))
        case 3:
            world.fault("webhook answer lost")
            take(request)
            return .sentWithoutReply(TransportFailure("reset"))
        default:
            take(request)
            return .replied(ProviderReply(status: 204))
        }
    }

    private func take(_ request: ProviderRequest) {
        guard let id = request.headers[.named("webhook-id")], id.hasPrefix("evt_"),
            let underscore = id.lastIndex(of: "_"), let number = Int(id[id.index(after: underscore)...])
        else { return world.oracle.violate("an event without an id was sent") }
        let payment = id[id.index(id.startIndex, offsetBy: 4)..<underscore]
        let isLate = state.withLock { state in
            let before = state.taken[payment] ?? []
            guard !before.contains(number) else { return false }
            state.taken[payment] = before + [number]
            return before.contains { $0 > number }
        }
        if isLate { world.oracle.violate("event \(number) of a payment came after a later one") }
    }
}
