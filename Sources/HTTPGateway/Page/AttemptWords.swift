import PaymentModel

/// An attempt in words: how far it got, and why another one followed or none did.
struct AttemptWords {
    let attempt: Attempt
    private let next: Attempt?
    private let isOpen: Bool

    /// The attempts of a payment, oldest first.
    static func all(of payment: Payment) -> [AttemptWords] {
        payment.attempts.indices.map { index in
            let next = index + 1 < payment.attempts.count ? payment.attempts[index + 1] : nil
            return AttemptWords(
                attempt: payment.attempts[index], next: next, isOpen: payment.status == .unknown && next == nil)
        }
    }

    var tone: Tone {
        switch attempt.outcome {
        case .accepted: .good
        case .declined, .rejected, .resolved: .note
        case .skipped: .calm
        case .unavailable, .rateLimited: .warn
        case .ambiguous: .bad
        }
    }

    /// How far it got.
    var reach: String {
        let reason = attempt.reason.map { ": " + Words.slug($0) } ?? ""
        switch attempt.outcome {
        case .accepted where attempt.reason == "not_found": return "answered: not known there"
        case .accepted:
            return "answered: accepted" + (attempt.reason == nil ? "" : ", " + Words.slug(attempt.reason ?? ""))
        case .declined: return "answered: declined" + reason
        case .rejected: return "answered: called invalid" + reason
        case .rateLimited: return "answered: too many requests"
        case .unavailable: return (isNotSent ? "not sent" : "answered: nothing was done") + reason
        case .ambiguous where attempt.reason == "duplicate": return "answered: has that reference already"
        case .ambiguous: return "sent, outcome unknown" + reason
        case .skipped: return "not tried" + reason
        case .resolved: return "settled by a person as" + reason.dropFirst()
        }
    }

    /// Why there was another attempt after it, or why there is none; nil where that needs no words.
    var consequence: String? {
        guard let next else {
            return isOpen
                ? "It may have been charged: no other provider is tried until this one's answer is known." : nil
        }
        guard attempt.operation == .create || attempt.operation == .inquiry,
            next.operation == .create || next.operation == .inquiry
        else { return nil }
        if next.provider != attempt.provider {
            switch attempt.outcome {
            case .skipped: return "Nothing was sent: \(next.provider) may be tried."
            case .unavailable where isNotSent: return "Nothing was sent: \(next.provider) may be tried."
            case .unavailable, .rateLimited: return "The provider did nothing: \(next.provider) may be tried."
            case .declined: return "Another may say yes, and the route lets it: \(next.provider) is tried."
            case .ambiguous: return "A page that nobody has seen takes no money: \(next.provider) may be tried."
            case .accepted, .rejected, .resolved: return nil
            }
        }
        switch (attempt.outcome, next.operation) {
        case (.ambiguous, .inquiry): return "It may have been charged: the same provider is asked."
        case (.ambiguous, .create): return "It may have been charged: only the same request under the same key is safe."
        case (.accepted, .create) where attempt.reason == "not_found":
            return "It never arrived: the same request goes out again under the same reference."
        default: return nil
        }
    }

    private var isNotSent: Bool {
        guard let reason = attempt.reason else { return false }
        return ["connect_", "tls_", "dns_", "token_"].contains(where: reason.hasPrefix)
            || ["no_connection", "invalid_request", "address_refused"].contains(reason)
    }
}
