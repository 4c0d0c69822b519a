import ArgumentParser
import Foundation
import SimulatedWorld
import Synchronization

/// Runs worlds by the million, each by its seed, and prints what happened in them.
@main
struct Simulator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulator",
        abstract: "Runs the router in simulated worlds, one for each seed, and checks that nobody is charged twice.",
        discussion: "Build it for release: swift run -c release simulator --seeds 1000000")

    @Option(help: "How many seeds to run.")
    var seeds: UInt64 = 10_000

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "How many run at the same time; by default as many as there are cores.")
    var threads: Int?

    @Flag(help: "Tells everything that happens in each world.")
    var story = false

    func validate() throws {
        guard seeds > 0, from.addingReportingOverflow(seeds).overflow == false else {
            throw ValidationError("--seeds must be at least 1")
        }
        guard threads.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("--threads must be 1 to 1024")
        }
    }

    func run() throws {
        let report = Mutex(Report())
        let teller: (@Sendable (String) -> Void)? = story ? { @Sendable line in print(line) } : nil
        let next = Atomic(from)
        let began = ContinuousClock.now
        let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let group = DispatchGroup()
        for _ in 0..<count {
            group.enter()
            let thread = Thread {
                while true {
                    let seed = next.add(1, ordering: .relaxed).oldValue
                    guard seed - from < seeds else { break }
                    let outcome = World.run(seed: seed, tell: teller)
                    report.withLock { $0.add(outcome, of: seeds, since: began) }
                }
                group.leave()
            }
            // The engine's calls nest deeper than a thread's default allows.
            thread.stackSize = 8 << 20
            thread.start()
        }
        group.wait()
        let total = report.withLock { $0 }
        total.print(took: ContinuousClock.now - began)
        if total.failed > 0 { throw ExitCode.failure }
    }
}

/// What happened so far.
struct Report {
    private(set) var worlds: UInt64 = 0
    private(set) var failed = 0
    private var tally = Tally()

    /// Violations are printed when they are found; the rest at the end.
    mutating func add(_ outcome: Outcome, of seeds: UInt64, since began: ContinuousClock.Instant) {
        worlds += 1
        tally.add(outcome.tally)
        // Told at once, be it into a file.
        defer { fflush(nil) }
        if !outcome.violations.isEmpty {
            failed += 1
            if failed <= 100 {
                for violation in outcome.violations { Swift.print("seed \(outcome.seed): \(violation)") }
            }
        }
        if worlds % 100_000 == 0, worlds < seeds {
            Swift.print("\(worlds) of \(seeds) seeds, \(failed) with violations, \(ContinuousClock.now - began)")
        }
    }

    func print(took: Duration) {
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        Swift.print(
            """

            seeds                  \(worlds)
            seconds                \(String(format: "%.1f", seconds))
            seeds per second       \(String(format: "%.0f", Double(worlds) / max(seconds, 0.001)))
            requests of apps       \(tally.requests)
            requests to providers  \(tally.sends)
            charges                \(tally.charges)
            restarts               \(tally.restarts)
            reloads                \(tally.reloads)

            faults injected
            \(Self.table(tally.faults))

            payments by end state
            \(Self.table(tally.ends))

            seeds with violations  \(failed)
            """)
    }

    private static func table(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { name, count in
            "  " + name.padding(toLength: 32, withPad: " ", startingAt: 0) + String(count)
        }.joined(separator: "\n")
    }
}
