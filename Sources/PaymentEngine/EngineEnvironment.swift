package import PaymentModel
package import Resilience

/// All that the engine takes from the outside but the network: time and chance. A simulator replaces it.
package protocol EngineEnvironment: TimeSource {
    /// The calendar, for records and answers. May jump; nothing is timed by it.
    var wallClock: Timestamp { get }

    /// 64 bits of chance: ids and jitter, never secrets.
    func random() -> UInt64
}

/// The system's clocks and random numbers.
package struct SystemEnvironment: EngineEnvironment {
    private let time = SystemTimeSource()

    package init() {}

    package var now: ContinuousClock.Instant { time.now }

    package func sleep(until deadline: ContinuousClock.Instant) async throws {
        try await time.sleep(until: deadline)
    }

    package var wallClock: Timestamp {
        let (seconds, attoseconds) = UnixTime.now.components
        return Timestamp(milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }

    package func random() -> UInt64 { UInt64.random(in: .min ... .max) }
}

/// The environment's chance where a generator is wanted.
struct EnvironmentRandom: RandomNumberGenerator {
    let environment: any EngineEnvironment

    mutating func next() -> UInt64 { environment.random() }
}
