/// The faults that `POST /_sandbox/faults` can ask for (contract, section 9).
enum Fault: String, Sendable, CaseIterable {
    /// A provider with a listener of its own stops listening until the faults are cleared; under the prefix the
    /// connection is closed without a reply, and nothing is processed.
    case refuse
    /// The connection is reset without a reply, and nothing is processed.
    case resetBeforeReply = "reset_before_reply"
    /// Processed, money taken at once where the operation can, and the reply never comes. Hits creates; narrowed to
    /// another operation (`capture`, `cancel`, `refund`), that one is done, with its callbacks, and its reply is lost.
    case chargeThenTimeout = "charge_then_timeout"
    /// The same, and the reply is 500.
    case chargeThen500 = "charge_then_500"
    /// 500 in the provider's error form, and nothing is processed.
    case internalError = "500"
    /// 503, and nothing is processed.
    case unavailable = "503"
    /// 502 with a proxy's HTML page, and nothing is processed.
    case html502 = "html_502"
    /// The normal reply, `delay_ms` late.
    case slow
    /// 429 with `Retry-After`, and nothing is processed.
    case rateLimit = "rate_limit"
    /// All tokens become invalid, and this call is answered 401. A provider with a static key answers 401.
    case tokenRevoked = "token_revoked"
    /// Processed, and the reply is 200 with JSON that breaks off.
    case garbageJSON = "garbage_json"
    /// Statuses and callbacks of the transaction name an amount that is off by one.
    case wrongAmount = "wrong_amount"
    /// The callback is delivered twice.
    case duplicateCallback = "duplicate_callback"
    /// The callback is followed by one about the state before it, where there was one. Narrowed to `create`: the
    /// customer pays, and the callback is delivered, before the create's reply is written; narrowed to `capture`,
    /// `cancel` or `refund`: its callback is delivered before its reply is written.
    case outOfOrderCallback = "out_of_order_callback"
    /// The callback is never delivered.
    case dropCallback = "drop_callback"

    /// The operations that this fault hits where it is not narrowed to one.
    func hits(_ operation: SandboxOperation) -> Bool {
        switch self {
        case .chargeThenTimeout, .chargeThen500: operation == .create
        case .tokenRevoked: operation != .token && operation != .callback
        case .wrongAmount: operation != .token
        case .duplicateCallback, .outOfOrderCallback, .dropCallback: operation == .callback
        case .refuse, .resetBeforeReply, .internalError, .unavailable, .html502, .slow, .rateLimit, .garbageJSON:
            operation != .callback
        }
    }

    /// The operations that it may be narrowed to.
    func canBeNarrowed(to operation: SandboxOperation) -> Bool {
        switch self {
        case .outOfOrderCallback: operation != .token && operation != .status
        case .chargeThenTimeout, .chargeThen500: operation != .callback
        default: hits(operation)
        }
    }
}

/// The armed faults: a value, so that what happens next is decided in one place under the sandbox's lock.
///
/// Rules stand in the order in which they were armed. An event (a request, or a callback about to be sent) counts
/// against `after` of every rule that it matches; the first matching rule that has let enough pass is the one applied.
struct FaultScript: Sendable {
    struct Rule: Sendable {
        let provider: String
        let fault: Fault
        /// `nil`: the fault's own operations, see ``Fault/hits(_:)``.
        let operation: SandboxOperation?
        /// How often it still applies.
        var count: Int
        /// How many matching events pass first.
        var after: Int
        /// For `slow`.
        let delay: Duration

        func matches(_ provider: String, _ operation: SandboxOperation) -> Bool {
            guard provider == self.provider else { return false }
            if let narrowed = self.operation { return narrowed == operation }
            return fault.hits(operation)
        }
    }

    /// What the script says about one request.
    struct RequestFaults: Sendable {
        var fault: Fault?
        var delay: Duration = .zero
        /// The customer pays before the reply.
        var takesMoneyAtOnce = false
        /// The callbacks of this request are delivered before its reply.
        var callbackFirst = false
        /// After this reply the provider's own listener stops listening.
        var refusesNext = false
    }

    static let maxRules = 1000

    private(set) var rules: [Rule] = []

    /// Adds a rule; `false` when there is no room for it.
    mutating func arm(_ rule: Rule) -> Bool {
        guard rules.count < Self.maxRules else { return false }
        rules.append(rule)
        return true
    }

    mutating func clear() { rules = [] }

    /// A request of `operation` has come in.
    mutating func onRequest(to provider: String, _ operation: SandboxOperation) -> RequestFaults {
        var faults = RequestFaults()
        guard !rules.isEmpty else { return faults }
        let reordered = take(provider, operation) { $0 == .outOfOrderCallback } != nil
        faults.callbackFirst = reordered
        // Only a create has a customer who could be quick: what follows it is done by the merchant's request alone.
        faults.takesMoneyAtOnce = reordered && operation == .create
        if let rule = take(provider, operation, where: { $0 != .wrongAmount && $0 != .outOfOrderCallback }) {
            faults.fault = rule.fault
            faults.delay = rule.delay
            if operation == .create, rule.fault == .chargeThenTimeout || rule.fault == .chargeThen500 {
                faults.takesMoneyAtOnce = true
            }
        }
        faults.refusesNext = rules.contains {
            $0.provider == provider && $0.fault == .refuse && $0.operation == nil && $0.after == 0
        }
        return faults
    }

    /// A transaction is touched by `operation`, or by its customer (`callback`): whether it is to name a wrong amount
    /// from now on.
    mutating func onTransaction(at provider: String, _ operation: SandboxOperation) -> Bool {
        guard !rules.isEmpty else { return false }
        return take(provider, operation) { $0 == .wrongAmount } != nil
    }

    /// A callback is about to be delivered.
    mutating func onCallback(from provider: String) -> Fault? {
        guard !rules.isEmpty else { return nil }
        return take(provider, .callback) { $0 != .wrongAmount }?.fault
    }

    private mutating func take(
        _ provider: String, _ operation: SandboxOperation, where isCandidate: (Fault) -> Bool
    ) -> Rule? {
        var taken: Rule?
        var index = 0
        while index < rules.count {
            guard isCandidate(rules[index].fault), rules[index].matches(provider, operation) else {
                index += 1
                continue
            }
            if rules[index].after > 0 {
                rules[index].after -= 1
            } else if taken == nil {
                taken = rules[index]
                rules[index].count -= 1
                if rules[index].count == 0 {
                    rules.remove(at: index)
                    continue
                }
            }
            index += 1
        }
        return taken
    }
}
