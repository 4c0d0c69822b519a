import HTTPTypes
import PaymentEngine
import PaymentModel
import ProviderKit
import ProviderSandbox
import Simulation
import Synchronization

/// The network between one life of the router and one provider.
struct SimulatedTransport: ProviderTransport {
    let world: World
    let life: Life
    let link: ProviderLink

    func shutdown() async {}

    func send(_ request: ProviderRequest, timeout: Duration) async -> Transmission {
        // A process that was killed says nothing any more.
        guard !life.isDead else { return .notSent(TransportFailure("killed")) }
        let simulated = sandboxRequest(request)
        let operation = link.provider.operation(of: simulated)
        let create = operation == .create ? Marker.find(in: request.body) : nil
        let safety = create.map { world.safety(of: $0, at: link) } ?? .inert
        // Who waits for a token was admitted before that, perhaps by the breaker in an earlier state.
        let isAdmittedNow = !(link.adapter is any TokenAuthenticated)
        let glimpse = isAdmittedNow ? life.glimpse(of: link, operation) : nil
        if let glimpse { world.oracle.begin(glimpse) }
        if let most = world.mostPerSecond, isAdmittedNow {
            world.oracle.send(life: life.number, to: link.name, at: world.clock.now, perSecond: most)
        }
        if let create { world.oracle.begin(create, life: life.number, at: link.name, safety: safety) }
        let fate = link.fate(at: world.clock.elapsed, world.chance)
        world.tally.withLock { tally in
            tally.sends += 1
            if let name = fate.name { tally.fault(name) }
        }
        world.oracle.note("\(world.clock.elapsed) \(link.name) \(request.method) \(request.path) \(fate)")

        let (transmission, isWhole) = await perform(fate, request, create, timeout)

        var isIgnored = false
        var isAmbiguous = false
        switch transmission {
        case .notSent: break
        case .sentWithoutReply: isAmbiguous = true
        case .replied(let reply):
            isIgnored = reply.status == 429
            isAmbiguous = !isWhole
        }
        if let glimpse { world.oracle.end(glimpse, isIgnored: isIgnored) }
        if let create {
            world.oracle.end(create, life: life.number, at: link.name, safety: safety, isAmbiguous: isAmbiguous)
        }
        return transmission
    }

    /// What comes back, and whether it is the provider's own and whole answer.
    private func perform(
        _ fate: Fate, _ request: ProviderRequest, _ create: Int?, _ timeout: Duration
    ) async -> (Transmission, isWhole: Bool) {
        let timedOut = Transmission.sentWithoutReply(TransportFailure("timeout"))
        switch fate {
        case .refused: return (.notSent(TransportFailure("connect_refused")), false)
        case .unreachable:
            await world.pause(min(.seconds(1), timeout))
            return (.notSent(TransportFailure("connect_timeout")), false)
        case .lost:
            await world.pause(timeout)
            return (timedOut, false)
        case .reset:
            await world.pause(.milliseconds(5))
            return (.sentWithoutReply(TransportFailure("reset")), false)
        case .late(let delay):
            world.later(timeout + delay) { _ = process(request, create) }
            await world.pause(timeout)
            return (timedOut, false)
        case .replyLost:
            await world.pause(.milliseconds(20))
            _ = process(request, create)
            await world.pause(timeout - .milliseconds(20))
            return (timedOut, false)
        case .replyReset:
            await world.pause(.milliseconds(20))
            _ = process(request, create)
            return (.sentWithoutReply(TransportFailure("reset")), false)
        case .replyCut:
            await world.pause(.milliseconds(20))
            let reply = process(request, create)
            let cut = Array(reply.body.prefix(reply.body.count / 2))
            return (.replied(ProviderReply(status: reply.status, headers: reply.headers, body: cut)), false)
        case .replyReplaced(let page):
            await world.pause(.milliseconds(20))
            _ = process(request, create)
            return (.replied(self.page(page)), false)
        case .failed(let page):
            await world.pause(.milliseconds(20))
            // Documented refusals are the provider's own answer; what a proxy says is nobody's.
            let isDocumented = page == .tooMany || page == .unauthorized || page == .unavailable
            return (.replied(self.page(page)), isDocumented)
        case .doubled(let first):
            await world.pause(.milliseconds(20))
            let one = process(request, create)
            let two = process(request, create)
            return (.replied((first ? one : two).reply), true)
        case .revoked:
            link.provider.revokeTokens()
            return (.replied(process(request, create).reply), true)
        case .served(let delay):
            await world.pause(min(delay / 2, timeout))
            let reply = process(request, create)
            guard delay < timeout else {
                await world.pause(timeout - delay / 2)
                return (timedOut, false)
            }
            await world.pause(delay - delay / 2)
            if let create, (200..<300).contains(reply.status), !life.isDead,
                let reference = link.plugin.reference(of: request, reply: reply.body)
            {
                link.show(reference, to: create)
            }
            return (.replied(reply.reply), true)
        }
    }

    /// The request arrives.
    private func process(_ request: ProviderRequest, _ create: Int?) -> SandboxReply {
        world.tick(link)
        // Who is asked on the phone may be quicker than the reply; a page is paid once it is seen.
        let paysAtOnce = create != nil && link.plugin == .payalo && world.chance.perMille(100)
        let result = link.provider.handle(
            sandboxRequest(request), effects: SandboxEffects(takesMoneyAtOnce: paysAtOnce))
        if let create, let reference = link.plugin.reference(of: request, reply: result.reply.body) {
            link.note(reference, of: create)
            if (200..<300).contains(result.reply.status) { world.prompted(create, reference, at: link) }
        }
        world.post.send(result.callbacks, from: link)
        world.audit(link)
        return result.reply
    }

    private func page(_ page: Fate.Page) -> ProviderReply {
        switch page {
        case .internalError: link.provider.reply(to: .internalError).reply
        case .badGateway:
            ProviderReply(
                status: 502, headers: [.contentType: "text/html"], body: Array("<html>502 Bad Gateway</html>".utf8))
        case .unavailable: link.provider.reply(to: .unavailable).reply
        case .tooMany: link.provider.reply(to: .rateLimited).reply
        case .unauthorized: link.provider.reply(to: .unauthorized).reply
        }
    }

    private func sandboxRequest(_ request: ProviderRequest) -> SandboxRequest {
        SandboxRequest(
            method: request.method, target: request.path, headers: request.headers, body: request.body,
            baseURL: "https://\(link.name).example", time: world.providerTime)
    }
}

extension SandboxReply {
    var reply: ProviderReply { ProviderReply(status: status, headers: headers, body: body) }
}
