public import HTTPTypes
public import PaymentModel

/// A callback as it came over the wire. Its headers may hold a key that we gave the provider: it prints its size alone.
public struct CallbackDelivery: Sendable, CustomStringConvertible, CustomReflectable {
    public let headers: HTTPFields
    /// The raw bytes, over which signatures are made.
    public let body: [UInt8]
    public let receivedAt: Timestamp

    /// Makes a delivery.
    public init(headers: HTTPFields, body: [UInt8], receivedAt: Timestamp) {
        self.headers = headers
        self.body = body
        self.receivedAt = receivedAt
    }

    public var description: String { "callback, \(body.count) bytes" }
    /// Empty, so that a dump shows neither headers nor body.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Whether a delivery is the provider's.
public enum CallbackVerdict: Sendable, Hashable {
    /// Signed or keyed, and rightly so.
    case authentic
    /// The provider signs nothing: our token in the address has to vouch for it, and the provider is asked before its
    /// word changes anything.
    case unsigned
    /// A signature or key that is missing or wrong.
    case forged
}

/// What an authentic delivery says.
public struct CallbackNotice: Sendable {
    /// Deliveries of the same id are the same event: the provider's event id, or reference and status.
    public let eventID: String
    public let report: ProviderReport

    /// Makes a notice.
    public init(eventID: String, report: ProviderReport) {
        self.eventID = eventID
        self.report = report
    }
}

/// An authentic delivery that says nothing of a payment.
public struct CallbackFault: Error, Sendable, Hashable {
    /// For the log; no values.
    public let detail: String
    /// It is documented and has nothing to say here, such as a test event: nobody need look at it.
    public let isExpected: Bool

    /// Makes a fault.
    public init(_ detail: String, isExpected: Bool = false) {
        self.detail = detail
        self.isExpected = isExpected
    }
}
