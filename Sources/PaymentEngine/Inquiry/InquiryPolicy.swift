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

    /// When the payment is asked after next; nil where it is asked no more.
    ///
    /// - Parameters:
    ///   - asked: How many times have been used.
    ///   - expiry: From now to the end of the session; nil where none is known.
    ///   - jitter: 0 to 1000; spreads the times by ± 10 %.
    func next(
        asked: Int, openSince: ContinuousClock.Instant, lastAskedAt: ContinuousClock.Instant,
        now: ContinuousClock.Instant, expiry: Duration?, jitter: UInt64
    ) -> ContinuousClock.Instant? {
        guard openSince.duration(to: now) < Self.givesUpAfter, let last = times.last else { return nil }
        // The listed times count from the opening; beyond the list the last one repeats.
        let after = asked < times.count ? times[asked] : last * (asked - times.count + 2)
        var due = openSince + after + after / 10_000 * (Int(jitter % 2001) - 1000)
        due = max(due, lastAskedAt + leastInterval, now)
        if let expiry {
            let final = now + expiry + Self.graceAfterExpiry
            if final > now { due = min(due, max(final, lastAskedAt + leastInterval)) }
        }
        return due
    }

    /// Whether the session has been over for long enough to say so.
    static func isPastExpiry(_ expiry: Timestamp?, at now: Timestamp) -> Bool {
        guard let expiry else { return false }
        return now >= expiry.advanced(by: graceAfterExpiry)
    }
}
