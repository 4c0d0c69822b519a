import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Synchronization

/// A provider that does what a test says, and remembers what it was sent.
final class ScriptedTransport: ProviderTransport {
    /// What becomes of one request.
    enum Step: Sendable {
        case now(Transmission)
        /// The reply after so long; a timeout where that is longer than the caller waits.
        case after(Duration, Transmission)
        /// The reply once the gate is opened.
        case at(Gate, Transmission)
        /// What the closure says at the moment of the request.
        case asked(@Sendable (Sent) -> Step)
        /// First the work, which may call the engine, then the step.
        indirect case doing(@Sendable () async -> Void, Step)
    }

    /// One request as it came.
    struct Sent: Sendable {
        /// `create`, `inquiry`, `token`, …: the first part of the path.
        let kind: String
        let request: ProviderRequest
        let timeout: Duration
        /// Since the beginning of the test.
        let at: Duration

        var body: String { String(decoding: request.body, as: UTF8.self) }
        /// Our reference in it.
        var reference: String { Wire.value("ref", in: body) ?? Wire.value("ref", in: request.path) ?? "" }
    }

    private struct State {
        var queued: [String: [Step]] = [:]
        var always: [String: Step] = [:]
        var sent: [Sent] = []
    }

    let name: String
    private let clock: VirtualEnvironment
    private let state = Mutex(State())

    init(name: String, clock: VirtualEnvironment) {
        self.name = name
        self.clock = clock
    }

    /// The next replies to requests of a kind, in this order.
    func script(_ kind: String, _ steps: Step...) {
        state.withLock { $0.queued[kind, default: []] += steps }
    }

    /// The reply to requests of a kind for which none is queued.
    func always(_ kind: String, _ step: Step) {
        state.withLock { $0.always[kind] = step }
    }

    /// All requests, or those of a kind.
    func sent(_ kind: String? = nil) -> [Sent] {
        state.withLock { state in kind.map { kind in state.sent.filter { $0.kind == kind } } ?? state.sent }
    }

    /// How many requests that may move money came.
    var creates: Int { sent("create").count }

    func send(_ request: ProviderRequest, timeout: Duration) async -> Transmission {
        let kind = String(request.path.dropFirst().prefix { $0 != "?" })
        let sent = Sent(kind: kind, request: request, timeout: timeout, at: clock.elapsed)
        let step = state.withLock { state -> Step? in
            state.sent.append(sent)
            if state.queued[kind]?.isEmpty == false { return state.queued[kind]?.removeFirst() }
            return state.always[kind]
        }
        guard let step else { return .notSent(TransportFailure("connect_refused")) }
        return await perform(step, sent)
    }

    private func perform(_ step: Step, _ sent: Sent) async -> Transmission {
        switch step {
        case .now(let transmission): return transmission
        case .after(let delay, let transmission):
            let isLate = delay >= sent.timeout
            try? await clock.sleep(until: clock.now + min(delay, sent.timeout))
            return isLate ? .sentWithoutReply(TransportFailure("timeout")) : transmission
        case .at(let gate, let transmission):
            await gate.pass()
            return transmission
        case .asked(let decide): return await perform(decide(sent), sent)
        case .doing(let work, let step):
            await work()
            return await perform(step, sent)
        }
    }

    func shutdown() async {}
}

/// A door that a test opens.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.resume() }
    }
}
