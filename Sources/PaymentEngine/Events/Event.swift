package import PaymentModel
package import StrictJSON
import W3CTrace

/// What an app hears of a payment: that its state changed, and the payment as it was then (contract §8).
///
/// It holds the payment as a value, and nothing is rendered before somebody reads it: making one is on every payment's path.
package struct Event: Sendable {
    /// What happened: `payment.` and the state that the payment came into, or `needs_review`.
    package enum Kind: Sendable, Hashable {
        case state(PaymentStatus)
        case needsReview

        /// Reads `payment.captured` and the like; nil where there is no such type.
        package init?(_ text: String) {
            guard text.hasPrefix(Self.prefix) else { return nil }
            let name = String(text.dropFirst(Self.prefix.count))
            if name == "needs_review" {
                self = .needsReview
            } else if let status = PaymentStatus(rawValue: name) {
                self = .state(status)
            } else {
                return nil
            }
        }

        /// As the API names it.
        package var name: String {
            switch self {
            case .state(let status): Self.prefix + status.rawValue
            case .needsReview: Self.prefix + "needs_review"
            }
        }

        /// Every type that there is.
        package static var allNames: [String] {
            (PaymentStatus.allCases.map(Kind.state) + [.needsReview]).map(\.name)
        }

        private static let prefix = "payment."
    }

    package let kind: Kind
    /// The how manieth event of its payment it is, from 1 on.
    package let number: Int
    package let createdAt: Timestamp
    /// The payment as it was right after the change.
    package let payment: Payment
    package var delivery: EventDelivery
    /// The trace of the payment's create.
    let trace: TraceContext?

    /// Makes an event.
    package init(_ kind: Kind, number: Int, of payment: Payment, at createdAt: Timestamp, delivery: EventDelivery) {
        self.init(kind, number: number, of: payment, at: createdAt, delivery: delivery, trace: nil)
    }

    init(
        _ kind: Kind, number: Int, of payment: Payment, at createdAt: Timestamp, delivery: EventDelivery,
        trace: TraceContext?
    ) {
        self.kind = kind
        self.number = number
        self.payment = payment
        self.createdAt = createdAt
        self.delivery = delivery
        self.trace = trace
    }

    /// `evt_`, the payment's id without its prefix, `_` and the number: so it names its payment, and nobody has to keep a
    /// table of ids.
    package var id: String { Self.id(number, ofPayment: payment.id) }

    static func id(_ number: Int, ofPayment payment: String) -> String {
        "evt_\(payment.hasPrefix("pay_") ? payment.dropFirst(4) : payment[...])_\(number)"
    }

    /// The payment and the number that an id names, be there such a payment or not; nil for what is no event's id.
    static func parts(ofID id: String) -> (payment: String, number: Int)? {
        guard id.hasPrefix("evt_"), let underscore = id.lastIndex(of: "_"),
            let number = Int(id[underscore...].dropFirst()), number > 0
        else { return nil }
        let payment = "pay_" + id[..<underscore].dropFirst(4)
        // One spelling alone: `+1` and `01` are numbers too.
        return Self.id(number, ofPayment: payment) == id ? (payment, number) : nil
    }

    /// The body of a delivery. The same bytes at each attempt.
    func deliveryBody() -> [UInt8] {
        var writer = JSONWriter(capacity: 2048)
        writer.beginObject()
        writer.member("type", kind.name)
        writer.member("timestamp", createdAt.description)
        writer.name("data")
        payment.write(to: &writer)
        writer.endObject()
        return writer.bytes
    }

    /// Writes the event as the API answers it.
    package func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", id)
        writer.member("object", "event")
        writer.member("type", kind.name)
        writer.member("payment", payment.id)
        writer.member("created_at", createdAt.description)
        writer.name("delivery")
        delivery.write(to: &writer)
        writer.name("data")
        payment.write(to: &writer)
        writer.endObject()
    }
}

/// Which events a list holds; what is nil does not choose.
package struct EventQuery: Sendable, Hashable {
    /// Whose events.
    package var app: String
    package var kind: Event.Kind?
    /// A payment's id.
    package var payment: String?
    /// 1 to 100.
    package var limit = 10
    /// The `next_cursor` of the page before.
    package var cursor: String?

    /// A query that chooses nothing but the app.
    package init(app: String) {
        self.app = app
    }
}

/// A page of events, newest first.
package struct EventPage: Sendable {
    package let events: [Event]
    /// Nil on the last page.
    package let nextCursor: String?

    /// Makes a page.
    package init(events: [Event], nextCursor: String?) {
        self.events = events
        self.nextCursor = nextCursor
    }
}
