import PaymentModel
import ProviderKit

// The words by which fixtures name what they expect, and findings what they saw.

extension CreateOutcome {
    var kind: String {
        switch self {
        case .accepted: "accepted"
        case .declined: "declined"
        case .refused: "refused"
        case .rejected: "rejected"
        case .duplicate: "duplicate"
        case .keyReused: "key_reused"
        case .ambiguous: "ambiguous"
        }
    }
}

extension InquiryOutcome {
    var kind: String {
        switch self {
        case .found(let report): report.state.kind
        case .notFound: "not_found"
        case .foreign: "foreign"
        case .refused: "refused"
        case .noAnswer: "no_answer"
        }
    }
}

extension TokenOutcome {
    var kind: String {
        switch self {
        case .issued: "issued"
        case .refused: "refused"
        case .noAnswer: "no_answer"
        }
    }
}

extension FollowUpOutcome {
    var kind: String {
        switch self {
        case .done: "done"
        case .pending: "pending"
        case .declined: "declined"
        case .refused: "refused"
        case .rejected: "rejected"
        case .conflict: "conflict"
        case .ambiguous: "ambiguous"
        }
    }
}

extension FollowUpFinding {
    var kind: String {
        switch self {
        case .done: "done"
        case .notDone: "not_done"
        case .pending: "pending"
        case .declined: "declined"
        case .noAnswer: "no_answer"
        }
    }
}

extension ReportedState {
    var kind: String { name }
}

extension CallbackVerdict {
    var kind: String {
        switch self {
        case .authentic: "authentic"
        case .unsigned: "unsigned"
        case .forged: "forged"
        }
    }
}

// The same with the adapter's reason, for findings.

extension CreateOutcome {
    var words: String { if case .ambiguous(let reason) = self { "\(kind) (\(reason))" } else { kind } }
}

extension InquiryOutcome {
    var words: String { if case .noAnswer(let reason) = self { "\(kind) (\(reason))" } else { kind } }
}

extension TokenOutcome {
    var words: String { if case .noAnswer(let reason) = self { "\(kind) (\(reason))" } else { kind } }
}

extension FollowUpOutcome {
    var words: String { if case .ambiguous(let reason) = self { "\(kind) (\(reason))" } else { kind } }
}

extension FollowUpFinding {
    var words: String { if case .noAnswer(let reason) = self { "\(kind) (\(reason))" } else { kind } }
}
