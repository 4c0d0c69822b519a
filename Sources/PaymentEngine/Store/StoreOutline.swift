package import PaymentModel

/// What an operator looks at first, as it was at one moment: counts, and the newest of each kind.
package struct StoreOutline: Sendable {
    package var unknown = 0
    package var underReview = 0
    /// Payments that are `unknown` or under review, the last one that came to be so first.
    package var attention: [Payment] = []
    /// Newest first.
    package var recent: [Payment] = []
    package var failedEventCount = 0
    /// The last failure first.
    package var failedEvents: [Event] = []
    /// Events that wait for their delivery or its repetition.
    package var waitingEventCount = 0
    package var orphanCount = 0
    /// Of them, those that tell of money taken or held.
    package var orphansOfMoneyCount = 0
    /// Those that tell of money first, newest first.
    package var orphans: [OrphanCallback] = []

    /// Of a store that holds nothing.
    package init() {}
}
