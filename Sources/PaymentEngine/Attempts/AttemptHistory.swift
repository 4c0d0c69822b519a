import PaymentModel
import Resilience

/// The right to send one money-moving request to one provider.
///
/// Only `AttemptHistory` makes one, from all attempts so far and never from the last alone; sending spends it. It cannot be
/// copied, kept for later or made by a plugin: this is how failover is kept from charging twice by types.
struct SendTicket: ~Copyable {
    let provider: String

    fileprivate init(provider: String) {
        self.provider = provider
    }
}

/// What is known of the sends of one operation, over all providers: whether another may be tried.
///
/// **Ambiguity sticks.** After one ambiguous send, no other provider gets a ticket until an answer about that send closes it. What a
/// later try at the same provider meets (a refusal, a 429, a connection that fails) is no such answer.
struct AttemptHistory: Sendable {
    /// How one send ended, as far as the question 'may money move because of it?' goes.
    enum Fate: Sendable {
        /// Nothing can have reached the provider.
        case notSent
        /// A documented answer that nothing was done.
        case refused
        /// Nobody knows, but the call cannot move money by itself.
        case lostInert
        /// Nobody knows.
        case ambiguous
        /// An answer about this very payment: accepted, declined, or found.
        case answered
    }

    /// The provider that may have taken money, where nobody knows yet.
    private(set) var openProvider: String?

    init() {}

    /// The history of an operation that is open at a provider already.
    init(openAt provider: String) {
        openProvider = provider
    }

    /// A ticket for a send to `provider`; nil while another provider's outcome is open.
    func ticket(for provider: String) -> SendTicket? {
        guard openProvider == nil || openProvider == provider else { return nil }
        return SendTicket(provider: provider)
    }

    /// Records how the send that spent the ticket ended.
    mutating func record(_ fate: Fate, spending ticket: consuming SendTicket) {
        let provider = ticket.provider
        precondition(openProvider == nil || openProvider == provider, "a send to another provider while one is open")
        #if PLANTED_BUGS
            if PlantedBug.judgeByLastAttempt.isPlanted { openProvider = nil }
        #endif
        switch fate {
        case .notSent, .refused, .lostInert: break
        case .ambiguous: openProvider = provider
        case .answered: openProvider = nil
        }
    }

    /// Closes the open send by an answer about it that came another way: an inquiry.
    mutating func close(byAnswerFrom provider: String) {
        if openProvider == provider { openProvider = nil }
    }
}
