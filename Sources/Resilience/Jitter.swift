extension Duration {
    /// A duration from zero up to (not including) this one, evenly spread over the values of `random`; in whole
    /// nanoseconds. Zero and negative durations, and those under a nanosecond, give zero.
    ///
    /// A pure function, so that a seeded random source makes all waiting times repeatable.
    func spread(by random: UInt64) -> Duration {
        let nanoseconds = UInt64(clamping: attoseconds / 1_000_000_000)
        return .nanoseconds(Int64(clamping: nanoseconds.multipliedFullWidth(by: random).high))
    }
}

/// Where random numbers come from: injected, so that a simulator's seed decides them.
package typealias RandomSource = @Sendable () -> UInt64

/// The system's random numbers.
package let systemRandomSource: RandomSource = { UInt64.random(in: .min ... .max) }
