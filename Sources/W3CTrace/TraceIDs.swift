import Synchronization

/// Makes the ids of traces and spans: from two random numbers on by a count, so that an id costs no call of the system, and a
/// simulation gets the same ones in each run.
package final class TraceIDs: Sendable {
    private let count: Atomic<UInt64>
    private let process: UInt64

    /// - Parameter random: 64 bits of chance; asked twice.
    package init(random: () -> UInt64) {
        count = Atomic(random())
        process = random()
    }

    /// A span below `parent`; where there is none, the first one of a new trace.
    ///
    /// - Parameter isSampled: Whether a new trace is recorded; one that has begun is as its caller says.
    package func span(below parent: TraceContext?, isSampled: Bool = false) -> TraceContext {
        guard let parent else {
            return TraceContext(high: next(mixing: process), low: next(), span: next(), isSampled: isSampled)
        }
        return TraceContext(
            high: parent.high, low: parent.low, span: next(), isSampled: parent.isSampled, state: parent.state)
    }

    /// SplitMix64: scattered, and no two counts give one number. Never 0.
    private func next(mixing more: UInt64 = 0) -> UInt64 {
        var mixed = count.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue ^ more
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return mixed == 0 ? 1 : mixed
    }
}
