/// The pause that a provider asked for with its 429, as a value: until it is over nobody sends it anything more, since all
/// of that would be refused too, and count against us at some.
package struct RequestedPause: Hashable, Sendable {
    /// What a provider asks for beyond this is not believed without asking it again: one wrong header must not keep it out
    /// for a day.
    package static let longest = Duration.seconds(60)

    private var end: ContinuousClock.Instant?

    package init() {}

    /// A reply that arrived at `now` asks to wait so long. What an earlier one asked for is never made shorter.
    package mutating func request(_ wait: Duration, now: ContinuousClock.Instant) {
        let asked = now + min(wait, Self.longest)
        end = max(end ?? asked, asked)
    }

    /// What is left of the pause; nil where there is none.
    package func rest(now: ContinuousClock.Instant) -> Duration? {
        guard let end, now < end else { return nil }
        return now.duration(to: end)
    }
}
