import PaymentEngine
import PaymentModel
import ProviderSandbox
import Synchronization

/// What has to hold: of the books after every step, and of everything at the end.
extension World {
    /// Looks at the books of all providers.
    func audit(_ link: ProviderLink) {
        var charged: [Int: [String]] = [:]
        for other in links {
            for (marker, charge) in other.charges() {
                guard let marker else {
                    oracle.violate("\(other.name) took money for \(charge.reference), which nobody asked for")
                    continue
                }
                charged[marker, default: []].append(other.name)
                check(charge, of: marker)
            }
        }
        for (marker, names) in charged where names.count > 1 {
            // A restart forgets what another provider was sent (contract §11); no provider takes one payment twice.
            guard life.number == 0 || Set(names).count < names.count else { continue }
            oracle.violate("payment \(marker) was charged \(names.count) times: \(names)")
        }
    }

    private func check(_ charge: SandboxCharge, of marker: Int) {
        guard let refunds = charge.refunds, !refunds.isEmpty else { return }
        let amounts = refunds.map(\.amount)
        if Set(amounts).count < amounts.count {
            oracle.violate("payment \(marker): a refund was made twice: \(amounts)")
        }
    }

    /// The end: a day after the storm.
    func judge() async {
        let life = life
        for link in links { audit(link) }
        let engine = life.engine
        if engine.holdings != Holdings() { oracle.violate("not everything came back: \(engine.holdings)") }
        await engine.idle()
        var payments: [Payment] = []
        for app in ["shop", "blog"] {
            var query = PaymentQuery()
            query.app = app
            query.limit = 100
            guard let page = try? await engine.payments(query) else {
                oracle.violate("the payments of \(app) cannot be listed")
                continue
            }
            payments += page.payments
            await judgeEvents(of: app, engine)
        }
        for wish in wishes {
            let mine = payments.filter { $0.reference == Marker.text(wish.marker) }
            if mine.count > 1 { oracle.violate("payment \(wish.marker): there are \(mine.count) of it") }
            judge(wish, mine.first)
        }
    }

    private func judge(_ wish: Wish, _ payment: Payment?) {
        let name = "payment \(wish.marker)"
        let taken = links.flatMap { link in
            link.charges().filter { $0.marker == wish.marker }.map { (link.name, $0.charge) }
        }
        tally.withLock {
            $0.charges += taken.count
            $0.end(payment.map { $0.review == nil ? $0.status.rawValue : "under review" } ?? "none")
        }
        guard let payment else {
            if !taken.isEmpty, life.number == 0 { oracle.violate("\(name): money was taken and is not known") }
            return
        }
        if payment.review == nil {
            if payment.status.isOpen { oracle.violate("\(name) is \(payment.status.rawValue) after a day") }
            if payment.openOperation != nil { oracle.violate("\(name) has an open operation after a day") }
        }
        let isTaken = taken.contains { $0.0 == payment.provider }
        if payment.status.holdsMoney, !isTaken {
            oracle.violate("\(name) is \(payment.status.rawValue) and nobody took money")
        }
        // A page that was opened before a crash, and a follow-up that was made before it, are forgotten with it.
        if isForgotten(wish), scene.isPaidOnPages || payment.status == .authorized { return }
        if isTaken, !payment.status.holdsMoney, payment.review == nil {
            oracle.violate("\(name): money was taken and it is \(payment.status.rawValue)")
        }
        if isForgotten(wish) { return }
        let returned = taken.first { $0.0 == payment.provider }?.1.refunds ?? []
        if payment.review == nil, returned.isEmpty != (payment.amountRefunded == 0) {
            oracle.violate("\(name): \(payment.amountRefunded) returned, and \(returned.count) refunds in the books")
        }
    }

    private func judgeEvents(of app: String, _ engine: PaymentEngine) async {
        var query = EventQuery(app: app)
        query.limit = 100
        var events: [Event] = []
        while true {
            guard let page = try? await engine.events(query) else {
                return oracle.violate("the events of \(app) cannot be listed")
            }
            events += page.events
            guard let next = page.nextCursor else { break }
            query.cursor = next
        }
        for event in events {
            switch event.delivery.status {
            case .delivered:
                if !sink.taken(ofPayment: event.payment.id).contains(event.number) {
                    oracle.violate(
                        "event \(event.number) of \(event.payment.reference) counts as delivered and never came")
                }
            case .failed: break
            case .none: if app == "shop" { oracle.violate("an event of \(app) was not to be delivered") }
            case .pending: oracle.violate("event \(event.number) of \(event.payment.reference) waits after a day")
            }
        }
    }
}
