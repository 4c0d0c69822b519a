/// What the network and a provider do to one request.
enum Fate: Sendable {
    /// Nothing leaves: the connection is refused.
    case refused
    /// Nothing leaves: nobody answers the connecting.
    case unreachable
    /// It leaves and never arrives.
    case lost
    /// The connection is reset, and nothing has arrived.
    case reset
    /// It arrives after the caller has stopped waiting.
    case late(Duration)
    /// It is processed, and the reply is lost.
    case replyLost
    /// It is processed, and the connection is reset before the reply is whole.
    case replyReset
    /// It is processed, and the reply breaks off in the middle, as a whole HTTP message.
    case replyCut
    /// It is processed, and a proxy answers in the reply's place.
    case replyReplaced(Page)
    /// Nothing is done: a proxy or the provider answers that it cannot.
    case failed(Page)
    /// It arrives twice. `first`: whose reply comes back.
    case doubled(first: Bool)
    /// All tokens are revoked before it arrives.
    case revoked
    /// It is processed, and the reply comes back after a while.
    case served(after: Duration)

    /// What is answered in place of a reply.
    enum Page: String, Sendable, CaseIterable {
        case internalError = "500", badGateway = "html_502", unavailable = "503", tooMany = "429", unauthorized = "401"
    }

    /// The name in the tally; nil for what is no fault.
    var name: String? {
        switch self {
        case .refused: "connection refused"
        case .unreachable: "connection timed out"
        case .lost: "lost before processing"
        case .reset: "reset before processing"
        case .late: "processed late"
        case .replyLost: "lost after processing"
        case .replyReset: "reset after processing"
        case .replyCut: "reply cut"
        case .replyReplaced: "reply replaced after processing"
        case .failed(let page): "answered \(page.rawValue)"
        case .doubled: "request doubled"
        case .revoked: "tokens revoked"
        case .served(let delay): delay > .seconds(2) ? "reply slow" : nil
        }
    }
}

/// How things stand at a provider for a while.
enum Weather: CaseIterable, Sendable {
    case fine, rough, refusing, silent, failing, slow, mixed

    /// What becomes of a request now.
    func fate(_ chance: Chance) -> Fate {
        switch self {
        case .fine: return chance.perMille(40) ? Self.fault(chance) : .served(after: Self.quick(chance))
        case .rough: return chance.perMille(300) ? Self.fault(chance) : .served(after: Self.quick(chance))
        case .refusing: return chance.perMille(850) ? .refused : .unreachable
        case .silent: return chance.perMille(500) ? .lost : .replyLost
        case .failing:
            let page = chance.pick(Fate.Page.allCases)
            return chance.perMille(500) ? .failed(page) : .replyReplaced(chance.pick([.internalError, .badGateway]))
        case .slow: return .served(after: .milliseconds(chance.int(2_000...14_000)))
        case .mixed: return chance.perMille(800) ? Self.fault(chance) : .served(after: Self.quick(chance))
        }
    }

    private static func quick(_ chance: Chance) -> Duration { .milliseconds(chance.int(1...400)) }

    private static func fault(_ chance: Chance) -> Fate {
        switch chance.int(0...13) {
        case 0: .refused
        case 1: .unreachable
        case 2: .lost
        case 3: .reset
        case 4: .late(.seconds(chance.int(1...120)))
        case 5: .replyLost
        case 6: .replyReset
        case 7: .replyCut
        case 8: .replyReplaced(chance.pick([.internalError, .badGateway]))
        case 9, 10: .failed(chance.pick(Fate.Page.allCases))
        case 11: .doubled(first: chance.perMille(500))
        case 12: .revoked
        default: .served(after: .milliseconds(chance.int(2_000...14_000)))
        }
    }
}
