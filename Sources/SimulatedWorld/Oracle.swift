import PaymentEngine
import PaymentModel
import ProviderKit
import Synchronization

/// Who says what may not happen. It judges from outside: by what went over the network, by the providers' books and by what
/// apps were told, and knows nothing of how the engine decides.
final class Oracle: Sendable {
    /// One app's wish for one payment, in one life of the process.
    private struct Wish: Hashable {
        let life: Int
        let marker: Int
    }

    /// What is known of the money-moving requests of a wish.
    private struct Sends {
        var underWay = 0
        /// The provider that was sent one of which nobody knew what became.
        var open: String?
    }

    /// What an app was told of a wish, once that is final.
    private struct Told {
        let status: Int
        let body: [UInt8]
    }

    private struct State {
        var violations: [String] = []
        var trace: UInt64 = 0xcbf2_9ce4_8422_2325
        var sends: [Wish: Sends] = [:]
        var told: [Wish: Told] = [:]
        var states: [String: PaymentStatus] = [:]
        /// The requests of the last second, by life and provider.
        var sent: [String: [ContinuousClock.Instant]] = [:]
        var probes: [BreakerGlimpse.Probe: Probes] = [:]
        var glimpses: [BreakerGlimpse.Breaker: BreakerGlimpse] = [:]
    }

    /// The calls of one state of one breaker.
    private struct Probes {
        var begun = 0
        var ended = 0
        var underWay = 0
    }

    private let state = Mutex(State())
    private let tell: (@Sendable (String) -> Void)?

    /// - Parameter tell: Hears everything that happens; nil where nobody listens.
    init(tell: (@Sendable (String) -> Void)? = nil) {
        self.tell = tell
    }

    var violations: [String] { state.withLock { $0.violations } }
    var trace: UInt64 { state.withLock { $0.trace } }

    func violate(_ what: String) {
        tell?("VIOLATION: " + what)
        state.withLock { state in
            // One fault shows in many ways; the first ones tell the most.
            if state.violations.count < 20 { state.violations.append(what) }
        }
    }

    /// Adds what happened to the trace (FNV-1a).
    func note(_ text: String) {
        tell?(text)
        state.withLock { state in
            for byte in text.utf8 { state.trace = (state.trace ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
    }

    // MARK: Money-moving requests

    /// A create that may move money by itself leaves for a provider.
    func begin(_ marker: Int, life: Int, at provider: String, safety: SendSafety) {
        guard safety != .inert else { return }
        let fault = state.withLock { state -> String? in
            var sends = state.sends[Wish(life: life, marker: marker)] ?? Sends()
            defer { state.sends[Wish(life: life, marker: marker)] = sends }
            sends.underWay += 1
            if sends.underWay > 1 { return "a second create left while the first was under way" }
            guard let open = sends.open else { return nil }
            if open != provider { return "a create left while what became of the one at \(open) was not known" }
            if safety == .once { return "a create that may be sent once was sent again" }
            return nil
        }
        if let fault { violate("payment \(marker) at \(provider): \(fault)") }
    }

    /// It ended. `isAmbiguous`: with nothing that says what became of it.
    func end(_ marker: Int, life: Int, at provider: String, safety: SendSafety, isAmbiguous: Bool) {
        guard safety != .inert else { return }
        state.withLock { state in
            state.sends[Wish(life: life, marker: marker)]?.underWay -= 1
            if isAmbiguous { state.sends[Wish(life: life, marker: marker)]?.open = provider }
        }
    }

    // MARK: Limits

    /// A request leaves for a provider that may get so many a second.
    func send(life: Int, to provider: String, at now: ContinuousClock.Instant, perSecond most: Int) {
        let count = state.withLock { state in
            var recent = state.sent["\(life) \(provider)", default: []]
            recent.removeAll { $0 + .seconds(1) <= now }
            recent.append(now)
            state.sent["\(life) \(provider)"] = recent
            return recent.count
        }
        if count > most { violate("\(provider) was sent \(count) requests in a second, and may get \(most)") }
    }

    // MARK: Breakers

    /// A breaker let a call through.
    func begin(_ call: BreakerGlimpse) {
        let (probes, closedAfter) = state.withLock { state -> (Probes, Int?) in
            let before = state.glimpses.updateValue(call, forKey: call.breaker)
            var closedAfter: Int?
            if let before, before.isHalfOpen, call.isClosed, call.generation == before.generation + 1 {
                closedAfter = state.probes[before.probe]?.ended ?? 0
            }
            var probes = state.probes[call.probe] ?? Probes()
            probes.begun += 1
            probes.underWay += 1
            state.probes[call.probe] = probes
            return (probes, closedAfter)
        }
        if let closedAfter, closedAfter < call.mostCalls {
            violate("\(call.breaker): it closed after \(closedAfter) of \(call.mostCalls) calls had come back")
        }
        guard call.isHalfOpen else { return }
        if probes.begun > call.mostCalls {
            violate("\(call.breaker): \(probes.begun) calls went out while it was half-open")
        }
        if call.permitsOut < probes.underWay {
            violate("\(call.breaker): \(probes.underWay) calls are under way under \(call.permitsOut) permits")
        }
    }

    /// The call came back. `isIgnored`: it says nothing of the provider's health, and its permit may be used again.
    func end(_ call: BreakerGlimpse, isIgnored: Bool) {
        state.withLock { state in
            state.probes[call.probe]?.underWay -= 1
            if isIgnored { state.probes[call.probe]?.begun -= 1 }
            if !isIgnored { state.probes[call.probe]?.ended += 1 }
        }
    }

    // MARK: Payments

    /// The states that may follow one another, as contract §4 has them.
    private static let followers: [PaymentStatus: Set<PaymentStatus>] = [
        .requiresAction: [.pending, .captured, .authorized, .failed, .canceled, .expired],
        .pending: [.captured, .authorized, .failed, .canceled, .expired],
        .authorized: [.captured, .voided, .expired],
        .captured: [.partiallyRefunded, .refunded],
        .partiallyRefunded: [.partiallyRefunded, .refunded],
        .canceled: [.captured, .authorized], .expired: [.captured, .authorized], .failed: [.captured, .authorized],
        .refunded: [], .voided: [],
        .unknown: Set(PaymentStatus.allCases),
    ]

    /// A payment changed in the store.
    func changed(_ before: Payment, _ after: Payment) {
        if before.status != after.status, Self.followers[before.status]?.contains(after.status) != true {
            violate("\(after.reference): \(before.status.rawValue) became \(after.status.rawValue)")
        }
        if after.amountCaptured > after.money.minorUnits {
            violate("\(after.reference): captured more than authorized")
        }
        if after.amountRefunded > after.amountCaptured { violate("\(after.reference): refunded more than captured") }
        if after.refundable < 0 { violate("\(after.reference): refunds of more than was captured are under way") }
        if after.amountCaptured < before.amountCaptured || after.amountRefunded < before.amountRefunded {
            violate("\(after.reference): money was forgotten")
        }
        if before.status != after.status || before.review != after.review {
            let review = after.review.map { ", review: \($0.reason.rawValue)" } ?? ""
            note("\(after.reference) \(before.status.rawValue) -> \(after.status.rawValue)\(review)")
        }
        state.withLock { $0.states[after.id] = after.status }
    }

    func status(of payment: String) -> PaymentStatus? { state.withLock { $0.states[payment] } }

    // MARK: Answers

    /// An app was answered. `known`: what the store knew of the payment before the app asked.
    func answered(_ marker: Int, life: Int, _ answer: Answer, known: PaymentStatus?) {
        note("\(life) \(marker) \(answer.status) \(answer.body.count)")
        switch answer.status {
        case 201, 402, 422:
            let isOther = state.withLock { state in
                let wish = Wish(life: life, marker: marker)
                guard let told = state.told[wish] else {
                    state.told[wish] = Told(status: answer.status, body: answer.body)
                    return false
                }
                return told.status != answer.status || told.body != answer.body
            }
            if isOther { violate("payment \(marker): one key has two answers") }
        case 202:
            if state.withLock({ $0.told[Wish(life: life, marker: marker)] }) != nil {
                violate("payment \(marker): a known outcome became unknown")
            }
            if let known, known != .unknown {
                violate("payment \(marker): 202 though it was known to be \(known.rawValue)")
            }
        case 409, 429, 503: break
        default: violate("payment \(marker): answered with \(answer.status)")
        }
    }
}

/// What there is to see of a breaker when it lets a call through.
struct BreakerGlimpse: Sendable {
    struct Breaker: Hashable, Sendable, CustomStringConvertible {
        let life: Int
        let provider: String
        let operation: Operation

        var description: String { "the breaker of \(operation) at \(provider)" }
    }

    /// One state of one breaker.
    struct Probe: Hashable, Sendable {
        let breaker: Breaker
        let generation: UInt64
    }

    let breaker: Breaker
    let generation: UInt64
    let isHalfOpen: Bool
    let isClosed: Bool
    /// Those that have not come back, this one included, while it is half-open.
    let permitsOut: Int
    /// `half_open_calls`.
    let mostCalls: Int

    var probe: Probe { Probe(breaker: breaker, generation: generation) }
}
