import DequeModule

/// Whose events go out now: one of a payment at a time, a bounded number of an app's and of all, and where all places are taken,
/// apps in turn. So an app that answers slowly takes no more than its share. A value, without clock and lock.
struct DeliverySlots {
    /// The events of one payment, of which the oldest is delivered first.
    struct Job: Sendable, Hashable {
        let app: String
        let payment: String
    }

    private enum Phase {
        case waiting
        /// `again`: it was added once more since it began, so it has to be looked at again.
        case underWay(again: Bool)
    }

    private let most: Int
    private let mostOfApp: Int
    private var phases: [Job: Phase] = [:]
    private var underWay = 0
    private var underWayOfApp: [String: Int] = [:]
    private var waiting: [String: Deque<Job>] = [:]
    /// The apps in `waiting`, in the order of their turns.
    private var turns: Deque<String> = []
    private var isStopped = false

    /// - Parameters:
    ///   - most: Under way at once.
    ///   - mostOfApp: Of one app.
    init(most: Int, ofApp mostOfApp: Int) {
        self.most = most
        self.mostOfApp = mostOfApp
    }

    /// Adds a job that is due. True: it begins now. Else it waits for its turn, waits already, or is under way and is to
    /// be added again at its end.
    mutating func add(_ job: Job) -> Bool {
        guard !isStopped else { return false }
        switch phases[job] {
        case .waiting: return false
        case .underWay:
            phases[job] = .underWay(again: true)
            return false
        case nil: break
        }
        if hasRoom(for: job.app) {
            begin(job)
            return true
        }
        phases[job] = .waiting
        if waiting[job.app] == nil { turns.append(job.app) }
        waiting[job.app, default: []].append(job)
        return false
    }

    /// Ends a job. Returns the one that begins in its place, and whether this one is to be looked at again.
    mutating func finish(_ job: Job) -> (next: Job?, again: Bool) {
        guard case .underWay(let again) = phases.removeValue(forKey: job) else {
            preconditionFailure("a delivery ended that was not under way")
        }
        underWay -= 1
        if underWayOfApp[job.app] == 1 { underWayOfApp[job.app] = nil } else { underWayOfApp[job.app]? -= 1 }
        return (isStopped ? nil : takeTurn(), again && !isStopped)
    }

    /// From now on nothing begins.
    mutating func stop() { isStopped = true }

    private func hasRoom(for app: String) -> Bool {
        underWay < most && underWayOfApp[app, default: 0] < mostOfApp
    }

    private mutating func begin(_ job: Job) {
        phases[job] = .underWay(again: false)
        underWay += 1
        underWayOfApp[job.app, default: 0] += 1
    }

    private mutating func takeTurn() -> Job? {
        for _ in 0..<turns.count {
            let app = turns.removeFirst()
            guard hasRoom(for: app), let job = waiting[app]?.popFirst() else {
                turns.append(app)
                continue
            }
            if waiting[app]?.isEmpty == true { waiting[app] = nil } else { turns.append(app) }
            begin(job)
            return job
        }
        return nil
    }
}
