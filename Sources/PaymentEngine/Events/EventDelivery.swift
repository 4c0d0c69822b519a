package import PaymentModel
import StrictJSON

/// How far the delivery of an event got: attempts, waits between them, the end. A value: instants and outcomes in, decisions out.
package struct EventDelivery: Sendable, Hashable {
    package enum Status: String, Sendable, Hashable, CaseIterable {
        case pending, delivered, failed
        /// The app had no webhook when it happened.
        case none
    }

    /// What came of one attempt.
    enum Outcome: Sendable, Hashable {
        case replied(status: Int)
        /// No reply; the reason is a slug such as `timeout` or `connect_refused`.
        case lost(reason: String)
    }

    /// What follows from an attempt.
    enum Action: Sendable, Hashable {
        case delivered
        case retry(at: ContinuousClock.Instant)
        /// No more attempts, unless somebody asks for them.
        case failed
        /// It was asked for anew while the attempt was under way, which does not count any more.
        case overtaken
    }

    package private(set) var status: Status
    /// Since it began, or was last asked for anew.
    package private(set) var attempts = 0
    /// The HTTP status of the last attempt; nil where no reply came.
    package private(set) var lastStatus: Int?
    /// Why the last attempt failed: `http_500`, `redirect`, `gone`, `timeout`, `address_refused`, ….
    package private(set) var lastError: String?
    /// When a failed attempt is repeated; nil where the next one waits for nothing but its turn, or none comes.
    package private(set) var nextAttemptAt: Timestamp?

    /// Not before then; nil unless it is pending.
    private(set) var due: ContinuousClock.Instant?
    private var firstAttemptAt: ContinuousClock.Instant?
    /// Counts how often it was asked for anew.
    private(set) var round = 0

    /// Retries end after this long, with a last one at its end.
    static let givesUpAfter: Duration = .seconds(24 * 3600)

    /// The reason of an attempt that ended before it was dialled: the address is one that events never go to. That does not
    /// get better by waiting.
    static let addressRefused = "address_refused"

    /// The reason of one that may not wait any more: too many wait already.
    static let queueFull = "queue_full"

    /// The delivery of an event of an app that has no webhook.
    static let none = EventDelivery(status: .none, due: nil)

    /// A delivery that begins now.
    static func pending(since now: ContinuousClock.Instant) -> EventDelivery {
        EventDelivery(status: .pending, due: now)
    }

    private init(status: Status, due: ContinuousClock.Instant?) {
        self.status = status
        self.due = due
    }

    /// Begins anew, whatever became of it before: somebody asked for it.
    mutating func restart(at now: ContinuousClock.Instant) {
        let round = round + 1
        self = .pending(since: now)
        self.round = round
    }

    /// Takes the outcome of an attempt.
    ///
    /// - Parameters:
    ///   - round: The delivery's when the attempt began.
    ///   - began: When the attempt began.
    ///   - retry: The waits after the first, second, … failed attempt; after the last of them it has failed.
    ///   - calendar: `now` by the calendar.
    ///   - jitter: Any number; spreads the wait by ± 10 %.
    mutating func finish(
        _ outcome: Outcome, round: Int, began: ContinuousClock.Instant, retry: [Duration],
        now: ContinuousClock.Instant, calendar: Timestamp, jitter: UInt64
    ) -> Action {
        guard status == .pending, round == self.round else { return .overtaken }
        attempts += 1
        let first = firstAttemptAt ?? began
        firstAttemptAt = first
        let isFinal: Bool
        switch outcome {
        case .replied(let status):
            lastStatus = status
            if (200..<300).contains(status) {
                lastError = nil
                end(.delivered)
                return .delivered
            }
            isFinal = status == 410
            lastError = isFinal ? Self.gone : (300..<400).contains(status) ? "redirect" : "http_\(status)"
        case .lost(let reason):
            lastStatus = nil
            lastError = reason
            isFinal = reason == Self.addressRefused
        }
        let end = first + Self.givesUpAfter
        guard !isFinal, attempts <= retry.count, now < end else {
            self.end(.failed)
            return .failed
        }
        let wait = retry[attempts - 1]
        let next = min(now + wait + wait / 10_000 * (Int(jitter % 2001) - 1000), end)
        due = next
        nextAttemptAt = calendar.advanced(by: now.duration(to: next))
        return .retry(at: next)
    }

    /// Ends it without an attempt: the address has said 410 and no longer wants any, there is no webhook any more, or no room
    /// to wait.
    mutating func giveUp(_ reason: String) {
        guard status == .pending else { return }
        lastStatus = nil
        lastError = reason
        end(.failed)
    }

    /// The address has said 410, and no longer wants any.
    static let gone = "gone"
    /// A reload took the app's webhook away.
    static let noWebhook = "no_webhook"

    private mutating func end(_ status: Status) {
        self.status = status
        due = nil
        nextAttemptAt = nil
    }
}

extension EventDelivery {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("status", status.rawValue)
        writer.member("attempts", attempts)
        writer.member("last_status", lastStatus)
        writer.member("last_error", lastError)
        writer.member("next_attempt_at", nextAttemptAt?.description)
        writer.endObject()
    }
}
