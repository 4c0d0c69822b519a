import Foundation
import Fuzzing
import Synchronization

/// A world in which every task runs on one thread, in an order that a seed decides, under a clock that moves only when nobody
/// has anything to do. So a test of the engine is repeatable to the step, waits for nothing, and knows when all is quiet.
///
/// The engine starts unstructured tasks, which inherit no task executor; so the jobs are caught where the runtime puts
/// them on its global executor (`swift_task_enqueueGlobal_hook`). Only jobs that are made on a simulation's own thread are
/// caught: tests of other suites that run beside it are not touched.
final class Simulation: Sendable {
    /// In which order tasks that are ready go on.
    enum Order: Sendable {
        case firstComeFirstServed
        /// Any of them, by chance: finds interleavings that no test thought of.
        case shuffled
    }

    /// A test that cannot end.
    enum Stuck: Error {
        /// Nobody has anything to do.
        case deadlock
        /// Everybody has something to do, for ever.
        case livelock
    }

    /// More jobs than any test needs.
    private static var mostJobs: Int { 3_000_000 }

    private struct State {
        var ready: [UnownedJob] = []
        var random: SeededRandom
        var waitingForQuiet: [CheckedContinuation<Void, Never>] = []
        var cleanUps: [@Sendable () -> Void] = []
        var result: Result<Void, any Error>?
    }

    let clock: ManualEnvironment
    private let order: Order
    private let state: Mutex<State>

    init(seed: UInt64 = 1, order: Order = .firstComeFirstServed) {
        clock = ManualEnvironment(seed: seed)
        self.order = order
        state = Mutex(State(random: SeededRandom(seed: seed ^ 0x5eed)))
    }

    /// Runs `body` and everything that it starts. Throws what it throws, or `Stuck`.
    static func run(
        seed: UInt64 = 1, order: Order = .firstComeFirstServed,
        _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) async throws {
        precondition(JobHook.isInstalled, "the runtime has no hook for jobs")
        let simulation = Simulation(seed: seed, order: order)
        // The task is made here, so that it inherits the test; its first job is caught, so that it runs there.
        JobHook.enter(simulation)
        Task {
            do {
                try await body(simulation)
                simulation.end(.success(()))
            } catch {
                simulation.end(.failure(error))
            }
        }
        JobHook.leave()
        await withCheckedContinuation { done in
            let thread = Thread {
                JobHook.enter(simulation)
                simulation.loop()
                simulation.cleanUp()
                JobHook.leave()
                done.resume()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        try simulation.state.withLock { $0.result }?.get()
    }

    /// Returns when nobody has anything to do but to wait for the clock.
    func quiet() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waitingForQuiet.append(continuation) }
        }
    }

    /// Moves the clock, waking sleepers one after the other; each goes on until all is quiet before the next wakes.
    func advance(by duration: Duration) async {
        await quiet()
        let end = clock.now + duration
        while clock.wakeNext(before: end) { await quiet() }
        clock.move(to: end)
        await quiet()
    }

    /// Called at the end of the test, to cancel what runs for ever.
    func atEnd(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.cleanUps.append(body) }
    }

    fileprivate func enqueue(_ job: UnownedJob) {
        state.withLock { $0.ready.append(job) }
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
            // The test waits for something that takes time: time passes. Nothing waits longer than the idle inquiry queue.
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
        for body in state.withLock({ $0.cleanUps }) { body() }
        for _ in 0..<Self.mostJobs where !runNext() { return }
    }
}

/// Stands for the thread that runs a simulation's jobs.
private final class SimulationExecutor: TaskExecutor {
    static let shared = SimulationExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard let simulation = JobHook.current else { preconditionFailure("a job outside of its simulation") }
        simulation.enqueue(job)
    }
}

/// The runtime's hook for jobs of the global executor.
private enum JobHook {
    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    /// Where a thread keeps its simulation.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key, nil) == 0, "no more thread keys")
        return key
    }()

    static let isInstalled: Bool = {
        guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "swift_task_enqueueGlobal_hook") else { return false }
        symbol.assumingMemoryBound(to: Hook?.self).pointee = { job, original in
            if let simulation = JobHook.current { simulation.enqueue(job) } else { original(job) }
        }
        return true
    }()

    static var current: Simulation? {
        pthread_getspecific(key).map { Unmanaged<Simulation>.fromOpaque($0).takeUnretainedValue() }
    }

    static func enter(_ simulation: Simulation) {
        pthread_setspecific(key, Unmanaged.passUnretained(simulation).toOpaque())
    }

    static func leave() {
        pthread_setspecific(key, nil)
    }
}
