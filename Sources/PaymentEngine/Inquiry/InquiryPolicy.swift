import PaymentModel

/// When an open payment is asked after, and what an answer means in time (contract §6). Values and instants in, decisions out.
struct InquiryPolicy {
    /// `server.inquiry`: since the create was answered, the last repeating.
    let times: [Duration]
    /// The provider's own least interval.
    let leastInterval: Duration

    /// After so long a payment that is still open goes to a person.
    static let givesUpAfter: Duration = .seconds(24 * 3600)
    /// A payment that the provider has not seen, at every asking, for so long never reached it.
    static let neverSeenAfter: Duration = .seconds(30 * 60)
    /// Past the end of its session a payment is asked after once more, so much later.
    static let graceAfterExpiry: Duration = .seconds(5 * 60)

    /// Hints come from whoever knows an address: a flood of them asks no more often than so after the asking before.
    static let hintInterval: Duration = .seconds(1)

    /// What has been done about a payment so far.
    struct History {
        /// Its outcome, or that of a follow-up, is not known; false where only the end of a hold or a hint is waited for.
        let isOpen: Bool
        let openSince: ContinuousClock.Instant
        /// When a question last went out, or the create was answered.
        let lastAskedAt: ContinuousClock.Instant
        /// When asking was last tried, be it that the breaker or our own limit forbade it.
        let lastTriedAt: ContinuousClock.Instant?
        let lastAnsweredAt: ContinuousClock.Instant?
        let hint: PaymentRecord.Hint?
    }

    /// When the payment is asked after next; nil where it is asked no more.
    ///
    /// - Parameters:
    ///   - expiry: From now to the end of the session; nil where none is known.
    ///   - jitter: Any number; spreads each time by ± 10 % of its distance to the one before.
    func next(
        _ history: History, now: ContinuousClock.Instant, expiry: Duration?, jitter: UInt64
    ) -> ContinuousClock.Instant? {
        guard let last = times.last, last > .zero else { return nil }
        let soonest = max(history.lastAskedAt + leastInterval, now)
        var dues: [ContinuousClock.Instant] = []
        if history.isOpen, history.openSince.duration(to: now) < Self.givesUpAfter {
            let (after, step) = nextTime(
                after: history.openSince.duration(to: history.lastTriedAt ?? history.openSince))
            let spread = step / 10_000 * (Int(jitter % 2001) - 1000)
            // The last asking is at the end of the time, so that a person hears of it then and not an hour later.
            dues.append(history.openSince + min(after + spread, Self.givesUpAfter))
        }
        if let expiry {
            // Once more past the end of the session; again only while nobody answers.
            let final = now + expiry + Self.graceAfterExpiry
            if history.lastAnsweredAt ?? history.openSince < final, now < final + Self.givesUpAfter {
                let isRepeat = history.lastTriedAt.map { $0 >= final } ?? false
                dues.append(isRepeat ? now + last : final)
            }
        }
        if let hint = history.hint {
            let isRepeat = hint.tries > 0
            let first = history.lastTriedAt.map { max($0 + Self.hintInterval, now) } ?? now
            dues.append(isRepeat ? now + times[min(hint.tries, times.count) - 1] : first)
        }
        return dues.min().map { max($0, soonest) }
    }

    /// The first of the times that was not used yet, `elapsed` after the opening, and its distance to the one before. A time
    /// is used by an asking from a tenth of that distance before it on. The times count from the opening; beyond the list the
    /// last one repeats.
    private func nextTime(after elapsed: Duration) -> (time: Duration, step: Duration) {
        var before: Duration = .zero
        for time in times {
            if time - (time - before) / 10 > elapsed { return (time, time - before) }
            before = time
        }
        let used = Int((elapsed + before / 10) / before)
        return (before * max(2, used + 1), before)
    }

    /// Whether the session has been over for long enough to say so.
    static func isPastExpiry(_ expiry: Timestamp?, at now: Timestamp) -> Bool {
        guard let expiry else { return false }
        return now >= expiry.advanced(by: graceAfterExpiry)
    }
}
