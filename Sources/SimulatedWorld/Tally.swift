/// What happened in a world, or in many.
package struct Tally: Sendable {
    /// How often each kind of fault was injected.
    package private(set) var faults: [String: Int] = [:]
    /// How many payments ended in each state.
    package private(set) var ends: [String: Int] = [:]
    /// How many requests the apps made.
    package var requests = 0
    /// How many requests reached the network towards providers.
    package var sends = 0
    package var charges = 0
    package var restarts = 0
    package var reloads = 0

    package init() {}

    mutating func fault(_ name: String, times: Int = 1) { faults[name, default: 0] += times }
    mutating func end(_ state: String, times: Int = 1) { ends[state, default: 0] += times }

    /// Adds what happened elsewhere.
    package mutating func add(_ other: Tally) {
        for (name, times) in other.faults { fault(name, times: times) }
        for (state, times) in other.ends { end(state, times: times) }
        requests += other.requests
        sends += other.sends
        charges += other.charges
        restarts += other.restarts
        reloads += other.reloads
    }
}

/// What became of one seed.
package struct Outcome: Sendable {
    package let seed: UInt64
    /// Empty where everything held.
    package let violations: [String]
    package let tally: Tally
    /// Over everything that happened, in order: the same for the same seed.
    package let trace: UInt64
}
