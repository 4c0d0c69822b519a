import ConfigFiles
import HTTPGateway
import Logging
import PaymentEngine
import PaymentModel
import ServiceLifecycle
import Synchronization

/// Reads the configuration again while the router runs (contract §2, 'Reload'): all of it is checked, expectations included,
/// before anything changes, and one fault keeps the one before. One reading at a time; who asks while another one waits for
/// its turn gets what that one finds.
final class ConfigurationReloader: ReloadAPI {
    enum Trigger: String, Sendable {
        case signal = "SIGHUP"
        case request
        case change
    }

    private struct State {
        /// The last one that was asked for.
        var last: Task<ReloadReport, Never>?
        /// It has not begun to read.
        var waiting: (task: Task<ReloadReport, Never>, trigger: Trigger)?
        var watch = FolderWatch()
        /// Beside the folder, what the last reading found named: certificates, files of secrets.
        var files: Set<String> = []
        /// Newest first.
        var history: [ReloadReport] = []
    }

    private static let mostReports = 20
    /// Lines of one report in the history.
    private static let mostLines = 50
    private static let lookEvery: Duration = .milliseconds(500)

    private let engine: PaymentEngine
    private let source: ConfigurationSource
    private let tls: ListenerTLS?
    private let metrics: EngineMetrics
    private let logger: Logger
    private let state = Mutex(State())

    /// A reloader for an engine that has just begun with what `source` said.
    ///
    /// - Parameter tls: The public listener's.
    init(
        engine: PaymentEngine, source: ConfigurationSource, tls: ListenerTLS? = nil, metrics: EngineMetrics,
        logger: Logger
    ) {
        self.engine = engine
        self.source = source
        self.tls = tls
        self.metrics = metrics
        self.logger = logger
        metrics.reload(isSuccessful: true, at: SystemEnvironment().wallClock)
    }

    var reloads: [ReloadReport] { state.withLock { $0.history } }

    func reload() async -> ReloadReport { await reload(.request) }

    @discardableResult
    func reload(_ trigger: Trigger) async -> ReloadReport {
        let task = state.withLock { state -> Task<ReloadReport, Never> in
            // What a change makes may find nothing new and end there; who asks is to have all read.
            if let waiting = state.waiting, trigger == .change || waiting.trigger != .change { return waiting.task }
            let before = state.last
            // Of its own: a caller that hangs up leaves nothing half done.
            let task = Task {
                _ = await before?.value
                self.state.withLock { $0.waiting = nil }
                return await self.read(trigger)
            }
            state.last = task
            state.waiting = (task, trigger)
            return task
        }
        return await task.value
    }

    /// Reads the folder when it has changed and is still again, until the task is cancelled.
    func watch() async {
        while (try? await Task.sleep(for: Self.lookEvery)) != nil {
            let snapshot = await source.snapshot(with: state.withLock { $0.files })
            if state.withLock({ $0.watch.look(snapshot, now: .now) }) == .read { await reload(.change) }
        }
    }

    private func read(_ trigger: Trigger) async -> ReloadReport {
        let loaded = await load()
        var faults = loaded.faults.map(\.description)
        var isSuccessful = false
        if let configuration = loaded.configuration {
            // Saved without a change, or looked at for the first time: nothing that anybody has to hear of.
            if trigger == .change, configuration.version == engine.configuration.version,
                reloads.first?.isSuccessful ?? true
            {
                return report(trigger, true, faults)
            }
            do throws(ReloadFault) {
                // Where operators reach this process does not change, so it is there that they need their keys.
                let running = configuration.listening(admin: engine.configuration.server.admin)
                if let problem = running.server.adminProblem { throw ReloadFault(problem) }
                let identity = try identity(in: configuration)
                faults += try await engine.reload(configuration).map { line("warning", $0) }
                if let identity { tls?.use(identity) }
                isSuccessful = true
            } catch {
                faults.append(line("error", error.description))
            }
        }
        let report = report(trigger, isSuccessful, faults)
        metrics.reload(isSuccessful: isSuccessful, at: report.at)
        log(report)
        var kept = report
        kept.faults = Array(faults.prefix(Self.mostLines))
        let remembered = kept
        state.withLock { $0.history = [remembered] + $0.history.prefix(Self.mostReports - 1) }
        return report
    }

    /// Reads under a look at all that is read, so that what is saved meanwhile counts as a change. Which files the folder names is
    /// known afterwards: where these are others than before, all is read once more.
    private func load() async -> ConfigurationSource.Loaded {
        var files = state.withLock { $0.files }
        while true {
            let snapshot = await source.snapshot(with: files)
            state.withLock { state in
                state.files = files
                state.watch.willRead(snapshot)
            }
            let loaded = await source.loadAside()
            if loaded.files.isSubset(of: files) { return loaded }
            files = loaded.files
        }
    }

    /// What the public listener is to show from now on; nil where it does without TLS, or goes on with what it has.
    private func identity(in configuration: EngineConfiguration) throws(ReloadFault) -> ListenerTLS.Identity? {
        guard let running = tls, let tls = configuration.server.tls else { return nil }
        let identity: ListenerTLS.Identity
        do {
            identity = try ListenerTLS.Identity(tls)
        } catch {
            throw ReloadFault("server.tls cannot be used: \(error)")
        }
        let now = SystemEnvironment().wallClock
        guard identity.expiresAt > now || running.expiresAt <= now else {
            throw ReloadFault("server.tls: the certificate expired at \(identity.expiresAt); the one in force has not")
        }
        return identity
    }

    private func report(_ trigger: Trigger, _ isSuccessful: Bool, _ faults: [String]) -> ReloadReport {
        ReloadReport(
            at: SystemEnvironment().wallClock, trigger: trigger.rawValue, isSuccessful: isSuccessful,
            version: engine.configuration.version, faults: faults)
    }

    /// What is wrong with the whole, as `check` prints what is wrong with a part of it.
    private func line(_ severity: String, _ text: String) -> String {
        "\(SourcePosition(file: source.folder)): \(severity): \(text)"
    }

    private func log(_ report: ReloadReport) {
        let metadata: Logger.Metadata = ["trigger": "\(report.trigger)", "version": "\(report.version)"]
        if report.isSuccessful {
            logger.notice("configuration reloaded", metadata: metadata)
        } else {
            logger.error("configuration not reloaded; the one before stays in force", metadata: metadata)
        }
        for fault in report.faults {
            logger.log(
                level: report.isSuccessful ? .warning : .error, "fault in the configuration",
                metadata: ["fault": "\(fault)"])
        }
    }
}

/// Looks at the configuration folder while the router runs.
struct WatchService: Service {
    let reloader: ConfigurationReloader

    func run() async throws {
        await cancelWhenGracefulShutdown { await reloader.watch() }
    }
}
