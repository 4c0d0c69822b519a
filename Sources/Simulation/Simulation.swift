import Foundation
import Fuzzing
import Synchronization

/// A world in which every task runs on one thread, in an order that a seed decides, under a clock that moves only when nobody
/// has anything to do. So a run of the engine is repeatable to the step, waits for nothing, and knows when all is quiet.
package final class Simulation: Sendable {
    /// In which order tasks that are ready go on.
    package enum Order: Sendable {
        case firstComeFirstServed
        /// Any of them, by chance: finds interleavings that no test thought of.
        case shuffled
    }

    /// A run that cannot end.
    package enum Stuck: Error {
        /// Nobody has anything to do.
        case deadlock
        /// Everybody has something to do, for ever.
        case livelock
    }

    /// More jobs than any run needs.
    private static var mostJobs: Int { 3_000_000 }

    private struct State {
        var ready: [UnownedJob] = []
        var random: SeededRandom
        var waitingForQuiet: [CheckedContinuation<Void, Never>] = []
        var cleanUps: [@Sendable () -> Void] = []
        var result: Result<Void, any Error>?
    }

    package let clock: VirtualEnvironment
    private let order: Order
    private let state: Mutex<State>

    /// A simulation that runs nothing yet; `run` makes its own. For tests of what only needs a clock.
    package init(seed: UInt64 = 1, order: Order = .firstComeFirstServed) {
        clock = VirtualEnvironment(seed: seed)
        self.order = order
        state = Mutex(State(random: SeededRandom(seed: seed ^ 0x5eed)))
    }

    /// Runs `body` and everything that it starts, on a thread of its own. Throws what it throws, or `Stuck`.
    package static func run(
        seed: UInt64 = 1, order: Order = .firstComeFirstServed,
        _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) async throws {
        let simulation = Simulation(seed: seed, order: order)
        // The task is made here, so that it inherits the test; its first job is caught, so that it runs there.
        simulation.begin(body)
        await withCheckedContinuation { done in
            let thread = Thread {
                simulation.finish()
                done.resume()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        try simulation.state.withLock { $0.result }?.get()
    }

    /// Runs `body` and everything that it starts on the calling thread, which waits for it and must not run a simulation
    /// already. Throws what it throws, or `Stuck`.
    package static func runHere(
        seed: UInt64, order: Order = .firstComeFirstServed,
        _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) throws {
        let simulation = Simulation(seed: seed, order: order)
        simulation.begin(body)
        simulation.finish()
        try simulation.state.withLock { $0.result }?.get()
    }

    /// Returns when nobody has anything to do but to wait for the clock.
    package func quiet() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waitingForQuiet.append(continuation) }
        }
    }

    /// Moves the clock, waking sleepers one after the other; each goes on until all is quiet before the next wakes.
    package func advance(by duration: Duration) async {
        await quiet()
        let end = clock.now + duration
        while clock.wakeNext(before: end) { await quiet() }
        clock.move(to: end)
        await quiet()
    }

    /// Called at the end of the run, to cancel what runs for ever.
    package func atEnd(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.cleanUps.append(body) }
    }

    func enqueue(_ job: UnownedJob) {
        state.withLock { $0.ready.append(job) }
    }

    private func begin(_ body: @escaping @Sendable (Simulation) async throws -> Void) {
        precondition(JobHook.isInstalled, "the runtime has no hook for jobs")
        precondition(JobHook.current == nil, "one simulation at a time on a thread")
        JobHook.enter(self)
        Task {
            do {
                try await body(self)
                self.end(.success(()))
            } catch {
                self.end(.failure(error))
            }
        }
        JobHook.leave()
    }

    private func finish() {
        JobHook.enter(self)
        loop()
        cleanUp()
        JobHook.leave()
    }

    private func end(_ result: Result<Void, any Error>) {
        state.withLock { $0.result = result }
    }

    private func loop() {
        var jobs = 0
        while state.withLock({ $0.result == nil }) {
            if runNext() {
                jobs += 1
                if jobs > Self.mostJobs { return end(.failure(Stuck.livelock)) }
                continue
            }
            let quiet = state.withLock { $0.waitingForQuiet.isEmpty ? nil : $0.waitingForQuiet.removeFirst() }
            if let quiet {
                quiet.resume()
                continue
            }
            // The run waits for something that takes time: time passes. Nothing waits longer than the idle inquiry queue.
            guard clock.wakeNext(before: clock.now + .seconds(60 * 86_400)) else {
                return end(.failure(Stuck.deadlock))
            }
        }
    }

    private func runNext() -> Bool {
        let job = state.withLock { state -> UnownedJob? in
            guard !state.ready.isEmpty else { return nil }
            switch order {
            case .firstComeFirstServed: return state.ready.removeFirst()
            case .shuffled:
                return state.ready.remove(at: Int.random(in: state.ready.indices, using: &state.random))
            }
        }
        job?.runSynchronously(on: SimulationExecutor.shared.asUnownedTaskExecutor())
        return job != nil
    }

    private func cleanUp() {
        let cleanUps = state.withLock { state in
            defer { state.cleanUps = [] }
            return state.cleanUps
        }
        for body in cleanUps { body() }
        // Whoever still sleeps is woken, so that no task is left behind for ever.
        for _ in 0..<Self.mostJobs where !runNext() {
            guard clock.wakeNext(before: clock.now + .seconds(100 * 86_400)) else { return }
        }
    }
}
