import PaymentEngine
import PaymentModel
import ProviderKit
import ProviderSandbox
import Simulation
import StrictJSON
import Synchronization

/// A payment that an app wants, under one key.
struct Wish: Sendable {
    let marker: Int
    let app: String
    let request: PaymentRequest
    /// The request as the app writes it, for the fingerprint.
    let body: JSONValue

    var key: String { "key-\(marker)" }

    init(_ marker: Int, _ scene: Scene, _ chance: Chance) {
        self.marker = marker
        app = chance.perMille(700) ? "shop" : "blog"
        request = scene.request(
            marker, amount: Int64(10_000 + marker * 100), capture: chance.perMille(400) ? .manual : .automatic)
        body = .object(["reference": .string(Marker.text(marker))])
    }
}

/// The apps: they ask, hang up, ask again under the same key, and go on with what they have.
extension World {
    func want(_ wish: Wish) async {
        await pause(chance.duration(upTo: storm))
        for _ in 0..<chance.int(1...4) where clock.elapsed < storm {
            let life = life
            if chance.perMille(200) {
                await hangUp(wish)
            } else if let payment = await ask(
                wish, for: chance.perMille(800) ? .seconds(30) : .seconds(chance.int(3...15)))
            {
                await goOn(with: payment, wish, in: life)
                if !payment.status.isOpen, chance.perMille(700) { return }
            }
            await pause(chance.duration(upTo: .seconds(300)))
        }
    }

    private func call(_ wish: Wish, in life: Life, for patience: Duration) -> Call? {
        let configuration = life.engine.configuration
        guard let app = configuration.apps[wish.app] else { return nil }
        return Call(
            configuration: configuration, app: app, requestID: "r", begunAt: clock.now,
            deadline: clock.now + patience)
    }

    /// Asks, and goes away before the answer.
    private func hangUp(_ wish: Wish) async {
        fault("caller hung up")
        let life = life
        guard let call = call(wish, in: life, for: .seconds(30)) else { return }
        asks(wish, in: life)
        let request = Task {
            _ = await life.engine.create(wish.request, body: wish.body, key: wish.key, call: call)
        }
        await pause(chance.perMille(300) ? .zero : chance.duration(upTo: .seconds(8)))
        request.cancel()
    }

    /// Asks for the payment of a wish. The payment, where the app was told one.
    @discardableResult
    func ask(_ wish: Wish, for patience: Duration) async -> Payment? {
        let life = life
        guard let call = call(wish, in: life, for: patience) else { return nil }
        asks(wish, in: life)
        let before = payment(of: wish, in: life).flatMap { oracle.status(of: $0) }
        let began = clock.now
        let answer = await life.engine.create(wish.request, body: wish.body, key: wish.key, call: call)
        guard !life.isDead else { return nil }
        if began.duration(to: clock.now) > patience + .milliseconds(100) {
            oracle.violate("payment \(wish.marker): answered after \(began.duration(to: clock.now)), not \(patience)")
        }
        oracle.answered(wish.marker, life: life.number, answer, known: before)
        let json = try? JSONValue(parsing: answer.body)
        guard let id = (answer.isProblem ? json?["payment"] : json)?["id"]?.string else { return nil }
        note(id, of: wish, in: life)
        guard let payment = await life.engine.payment(id: id, app: wish.app) else {
            oracle.violate("payment \(wish.marker) was answered with and is not there")
            return nil
        }
        if payment.status == .requiresAction { visit(payment, of: wish) }
        return payment
    }

    // MARK: Customers

    /// A create arrived. Mobile money asks the customer then, whether the app hears of it or not.
    func prompted(_ marker: Int, _ reference: String, at link: ProviderLink) {
        guard link.plugin == .payalo, visits(marker) else { return }
        act(reference, at: link, within: .seconds(600))
    }

    /// The app sends the customer to the page that it was told of.
    private func visit(_ payment: Payment, of wish: Wish) {
        // A create that arrived late may have opened another page under the same reference, which nobody sees.
        guard let link = links.first(where: { $0.name == payment.provider }),
            let page = payment.checkoutReference ?? payment.providerReference ?? link.shown(to: wish.marker),
            visits(wish.marker)
        else { return }
        act(page, at: link, within: .seconds(1500), of: wish.marker)
    }

    private func act(_ reference: String, at link: ProviderLink, within duration: Duration, of marker: Int? = nil) {
        let outcome: SandboxOutcome
        switch chance.int(0...9) {
        case 0...5: outcome = .success
        case 6: outcome = .failed
        case 7: outcome = .canceled
        default: return
        }
        later(chance.duration(upTo: duration)) {
            self.tick(link)
            guard link.provider.outcomes.contains(outcome) else { return }
            let settled = link.provider.settle(
                reference: reference, outcome: outcome, code: nil, effects: SandboxEffects(), at: self.providerTime)
            self.oracle.note("\(self.clock.elapsed) customer \(outcome)")
            if case .settled(_, let callbacks) = settled { self.post.send(callbacks, from: link) }
            self.audit(link)
            // A browser component tells the app, which brings the id until it is taken: nothing else tells of it.
            guard let marker, let wish = self.wishes.first(where: { $0.marker == marker }),
                let transaction = link.provider.transaction(of: reference)
            else { return }
            for _ in 0..<20 {
                if await self.sync(wish, naming: transaction) { return }
                await self.pause(.seconds(60))
            }
        }
    }

    // MARK: Follow-ups

    /// What an app does with a payment once it has it.
    private func goOn(with payment: Payment, _ wish: Wish, in life: Life) async {
        if chance.perMille(150) { await sync(wish) }
        guard scene == .card, payment.status == .authorized || payment.status == .captured else { return }
        for number in 0..<chance.int(0...3) {
            await pause(chance.duration(upTo: .seconds(120)))
            let operation: PaymentModel.Operation =
                payment.status == .authorized && number == 0
                ? (chance.perMille(700) ? .capture : .cancel) : .refund
            // No two refunds of one amount: the books tell which was made, and how often.
            let variant = chance.int(0...2)
            let amount: Int64? =
                operation == .refund && variant < 2 ? Int64(1000 + number * 37 + variant * 11 + life.number * 301) : nil
            let key = "\(operation.rawValue)-\(number)-\(variant)"
            for _ in 0..<chance.int(1...3) {
                guard !life.isDead, let call = call(wish, in: life, for: .seconds(30)) else { return }
                tally.withLock { $0.requests += 1 }
                let began = clock.now
                let answer = await life.engine.followUp(
                    operation, payment: payment.id, amount: amount, reason: nil,
                    body: .object(["amount": amount.map { .string(String($0)) } ?? .null]), key: key, call: call)
                guard !life.isDead else { return }
                oracle.note("\(operation) \(answer.status)")
                if began.duration(to: clock.now) > .seconds(31) {
                    oracle.violate("a \(operation) was answered after \(began.duration(to: clock.now))")
                }
                if answer.status == 200 { break }
                await pause(chance.duration(upTo: .seconds(60)))
            }
        }
    }

    /// Asks for the truth now. True where that is known from now on.
    @discardableResult
    private func sync(_ wish: Wish, naming transaction: String? = nil) async -> Bool {
        let life = life
        guard let id = payment(of: wish, in: life), let call = call(wish, in: life, for: .seconds(30)) else {
            return false
        }
        tally.withLock { $0.requests += 1 }
        let began = clock.now
        let answer = await life.engine.sync(payment: id, providerTransactionID: transaction, call: call)
        oracle.note("sync \(answer.status)")
        if !life.isDead, began.duration(to: clock.now) > .seconds(31) {
            oracle.violate("a sync was answered after \(began.duration(to: clock.now))")
        }
        return answer.status == 200 && !life.isDead
    }
}
