import PaymentEngine
import PaymentModel
import ProviderSandbox
import Resilience
import Synchronization

/// One life of the router's process, from a start to a crash: an engine with its memory.
final class Life: Sendable {
    private struct State {
        var engine: PaymentEngine?
        var isDead = false
    }

    let number: Int
    private let state = Mutex(State())

    init(number: Int) {
        self.number = number
    }

    var engine: PaymentEngine {
        guard let engine = state.withLock({ $0.engine }) else { preconditionFailure("a life begins with its engine") }
        return engine
    }

    func begin(with engine: PaymentEngine) { state.withLock { $0.engine = engine } }

    func end() { state.withLock { $0.engine = nil } }

    /// Nothing that this process still does is seen by anybody.
    var isDead: Bool { state.withLock { $0.isDead } }
    func kill() { state.withLock { $0.isDead = true } }

    /// The breaker that lets a call to a provider through now.
    func glimpse(of link: ProviderLink, _ operation: SandboxOperation?) -> BreakerGlimpse? {
        let operation: Operation =
            switch operation {
            case .create: .create
            case .token: .token
            case .capture: .capture
            case .cancel: .cancel
            case .refund: .refund
            case .status, .callback, nil: .inquiry
            }
        guard let snapshot = engine.breaker(of: link.name, operation) else { return nil }
        return BreakerGlimpse(
            breaker: BreakerGlimpse.Breaker(life: number, provider: link.name, operation: operation),
            generation: snapshot.generation, isHalfOpen: snapshot.state == .halfOpen,
            isClosed: snapshot.state == .closed, permitsOut: snapshot.permitsOut,
            mostCalls: WorldConfiguration.breaker.halfOpenCalls)
    }
}
