#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The runtime's hook for jobs of the global executor. The engine starts unstructured tasks, which inherit no task executor;
/// so the jobs are caught where the runtime puts them (`swift_task_enqueueGlobal_hook`). Only jobs that are made on a
/// simulation's own thread are caught: what runs beside it is not touched.
enum JobHook {
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

/// Stands for the thread that runs a simulation's jobs.
final class SimulationExecutor: TaskExecutor {
    static let shared = SimulationExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard let simulation = JobHook.current else { preconditionFailure("a job outside of its simulation") }
        simulation.enqueue(job)
    }
}
