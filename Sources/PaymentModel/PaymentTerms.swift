/// How the customer pays.
public enum PaymentMethod: String, Sendable, Hashable, CaseIterable {
    case card
    case mobileMoney = "mobile_money"
    case wallet
    /// The customer chooses on the provider's page.
    case checkout
}

/// Whether funds are taken at once or held first.
public enum CaptureMode: String, Sendable, Hashable, CaseIterable {
    case automatic
    case manual
}

/// The brand of a card, told from its first digits.
public enum CardBrand: String, Sendable, Hashable, CaseIterable {
    case visa, mastercard, amex, discover, diners, jcb, unionpay, maestro, mir, unknown
}

/// The state of a payment as apps see it (contract §4).
public enum PaymentStatus: String, Sendable, Hashable, CaseIterable {
    case requiresAction = "requires_action"
    case pending
    case authorized
    case captured
    case partiallyRefunded = "partially_refunded"
    case refunded
    case voided
    case canceled
    case failed
    case expired
    /// The create was sent, and nobody knows yet what became of it.
    case unknown

    /// Whether nothing is expected to follow. A late success may still reopen `canceled`, `failed` and `expired`.
    public var isFinal: Bool {
        switch self {
        case .refunded, .voided, .canceled, .failed, .expired: true
        case .requiresAction, .pending, .authorized, .captured, .partiallyRefunded, .unknown: false
        }
    }

    /// Whether money was taken, be it returned since.
    public var holdsMoney: Bool {
        switch self {
        case .captured, .partiallyRefunded, .refunded: true
        default: false
        }
    }

    /// Whether the outcome of the payment is still to come, so that the provider is asked after it.
    public var isOpen: Bool {
        switch self {
        case .requiresAction, .pending, .unknown: true
        default: false
        }
    }
}

/// What may be asked of a provider for a payment.
public enum Operation: String, Sendable, Hashable, CaseIterable {
    case create, capture, cancel, refund, inquiry, token
}

/// What the customer or the app has to do next.
public enum NextAction: Sendable, Hashable {
    /// Send the customer to this address.
    case redirect(url: String, expiresAt: Timestamp?)
    /// The customer got a prompt on the phone.
    case approveOnPhone(expiresAt: Timestamp?)
    /// Hand the token to the provider's browser component.
    case clientToken(String, expiresAt: Timestamp?)
}

/// Why a provider declined.
public struct Decline: Sendable, Hashable {
    /// The normalized codes of contract §4.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case insufficientFunds = "insufficient_funds"
        case doNotHonor = "do_not_honor"
        case expiredCard = "expired_card"
        case invalidCard = "invalid_card"
        case invalidCVV = "invalid_cvv"
        case fraudSuspected = "fraud_suspected"
        case lostOrStolen = "lost_or_stolen"
        case processingError = "processing_error"
        case limitExceeded = "limit_exceeded"
        case canceledByCustomer = "canceled_by_customer"
        case timedOut = "timed_out"
        case generic

        /// Whether another provider may say yes.
        public var isSoft: Bool {
            switch self {
            case .doNotHonor, .processingError, .generic: true
            default: false
            }
        }
    }

    /// The normalized code.
    public let code: Code
    /// A sentence for people, without card data.
    public let message: String?
    /// The provider's own code, as it came.
    public let providerCode: String?

    /// Makes a decline.
    public init(code: Code, message: String? = nil, providerCode: String? = nil) {
        self.code = code
        self.message = message
        self.providerCode = providerCode
    }
}

/// What a provider says of a payment, in our terms.
public enum ReportedState: Sendable, Hashable {
    case requiresAction(NextAction)
    case pending(NextAction?)
    case authorized
    case captured
    case failed(Decline)
    /// A failure that the provider may still turn into a success, until its session ends.
    case failedForNow(Decline)
    case canceled
    case expired
    case voided
    /// Taken, and a part of it returned since.
    case partiallyRefunded
    /// Taken, and all of it returned since.
    case refunded
    /// Money went back without a refund of ours: a reversal, a dispute.
    case reversed

    /// The state in a word, such as `requires_action`: for operators and findings.
    public var name: String {
        switch self {
        case .requiresAction: "requires_action"
        case .pending: "pending"
        case .authorized: "authorized"
        case .captured: "captured"
        case .failed: "failed"
        case .failedForNow: "failed_for_now"
        case .canceled: "canceled"
        case .expired: "expired"
        case .voided: "voided"
        case .partiallyRefunded: "partially_refunded"
        case .refunded: "refunded"
        case .reversed: "reversed"
        }
    }
}
