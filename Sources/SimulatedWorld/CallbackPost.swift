import HTTPTypes
import PaymentEngine
import PaymentModel
import ProviderKit
import ProviderSandbox
import Simulation

/// The way of the providers' callbacks to the router: they are lost, doubled, late and overtake one another. A delivery that was
/// not answered well comes again, as the provider documents it.
struct CallbackPost: Sendable {
    let world: World

    func send(_ callbacks: [SandboxCallback], from link: ProviderLink) {
        for callback in callbacks {
            if link.isCalm {
                deliver(callback, callback.message, from: link, after: .milliseconds(10), repeats: true)
                continue
            }
            switch world.chance.int(0...9) {
            case 0: world.fault("callback lost")
            case 1:
                world.fault("callback doubled")
                deliver(callback, callback.message, from: link, after: delay())
                deliver(callback, callback.message, from: link, after: delay())
            case 2:
                world.fault("callback out of order")
                deliver(callback, callback.message, from: link, after: .milliseconds(10))
                if let previous = callback.previous {
                    deliver(callback, previous, from: link, after: .milliseconds(20), repeats: false)
                }
            case 3:
                world.fault("callback at once")
                deliver(callback, callback.message, from: link, after: .zero)
            default: deliver(callback, callback.message, from: link, after: delay())
            }
        }
    }

    private func delay() -> Duration { world.chance.duration(upTo: .seconds(60)) }

    private func deliver(
        _ callback: SandboxCallback, _ message: SandboxCallback.Message, from link: ProviderLink,
        after delay: Duration, repeats: Bool = true
    ) {
        world.later(delay) {
            var waits = (repeats ? callback.retryAfter : []).makeIterator()
            while true {
                // Where nobody hears the answer, a delivery that was taken comes again.
                let isUnheard = !link.isCalm && world.chance.perMille(50)
                if await attempt(callback, message, link), !isUnheard { return }
                guard let wait = waits.next() else { return }
                await world.pause(wait)
            }
        }
    }

    private func attempt(
        _ callback: SandboxCallback, _ message: SandboxCallback.Message, _ link: ProviderLink
    ) async -> Bool {
        var token: String?
        if case .url(let url) = callback.destination {
            let parts = url.split(separator: "/")
            guard let index = parts.firstIndex(of: "webhooks"), parts.count > index + 2 else {
                world.oracle.violate("\(link.name) was given a callback address that is none")
                return true
            }
            token = String(parts[index + 2])
        }
        var headers: HTTPFields = [.contentType: "application/json"]
        for (name, value) in message.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        let life = world.life
        let delivery = CallbackDelivery(
            headers: headers, body: message.body, receivedAt: world.clock.wallClock)
        let answer = await life.engine.receiveCallback(
            provider: link.name, token: token, delivery: delivery, from: "203.0.113.7")
        world.oracle.note("callback \(link.name) \(answer)")
        return answer == .accepted && !life.isDead
    }
}
