import HTTPTypes
import PaymentEngine
import PaymentModel

/// A path of the public API.
enum PublicPath: Sendable, Hashable {
    case payments
    case payment(id: String)
    /// `.capture`, `.cancel` or `.refund`.
    case followUp(Operation, id: String)
    case sync(id: String)
    case explain
    case paymentMethods
    case events
    case event(id: String)
    case redelivery(id: String)
    case callback(provider: String)
    case tokenCallback(provider: String, token: String)
    /// `/openapi.yaml`.
    case description
    /// `/docs`: the same as a page.
    case documentation

    /// Nil where nothing is at the path.
    init?(_ path: String) {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 5, omittingEmptySubsequences: false)
            .map { Substring($0) }
        // What is before the first slash: nothing.
        guard parts.count > 1, parts[0].isEmpty else { return nil }
        if parts.count == 2 {
            switch parts[1] {
            case "openapi.yaml": self = .description
            case "docs": self = .documentation
            default: return nil
            }
            return
        }
        func name(_ index: Int) -> String? {
            guard let name = PercentEncoding.decode(parts[index]), (1...256).contains(name.utf8.count) else {
                return nil
            }
            return name
        }
        switch (parts[1], parts[2], parts.count) {
        case ("v1", "payments", 3):
            self = .payments
        case ("v1", "payments", 4):
            guard let id = name(3) else { return nil }
            self = .payment(id: id)
        case ("v1", "payments", 5):
            guard let id = name(3) else { return nil }
            switch parts[4] {
            case "capture": self = .followUp(.capture, id: id)
            case "cancel": self = .followUp(.cancel, id: id)
            case "refunds": self = .followUp(.refund, id: id)
            case "sync": self = .sync(id: id)
            default: return nil
            }
        case ("v1", "payment-methods", 3):
            self = .paymentMethods
        case ("v1", "routes", 4) where parts[3] == "explain":
            self = .explain
        case ("v1", "events", 3):
            self = .events
        case ("v1", "events", 4):
            guard let id = name(3) else { return nil }
            self = .event(id: id)
        case ("v1", "events", 5) where parts[4] == "redeliver":
            guard let id = name(3) else { return nil }
            self = .redelivery(id: id)
        case ("webhooks", _, 3):
            guard let provider = name(2) else { return nil }
            self = .callback(provider: provider)
        case ("webhooks", _, 4):
            guard let provider = name(2), let token = name(3) else { return nil }
            self = .tokenCallback(provider: provider, token: token)
        default:
            return nil
        }
    }

    /// The path with names in the place of what differs from request to request.
    var template: String {
        switch self {
        case .payments: "/v1/payments"
        case .payment: "/v1/payments/{id}"
        case .followUp(.capture, _): "/v1/payments/{id}/capture"
        case .followUp(.cancel, _): "/v1/payments/{id}/cancel"
        case .followUp: "/v1/payments/{id}/refunds"
        case .sync: "/v1/payments/{id}/sync"
        case .explain: "/v1/routes/explain"
        case .paymentMethods: "/v1/payment-methods"
        case .events: "/v1/events"
        case .event: "/v1/events/{id}"
        case .redelivery: "/v1/events/{id}/redeliver"
        case .callback: "/webhooks/{provider}"
        case .tokenCallback: "/webhooks/{provider}/{token}"
        case .description: "/openapi.yaml"
        case .documentation: "/docs"
        }
    }

    /// The value of `Allow`.
    var allowed: String {
        switch self {
        case .payments, .tokenCallback: "GET, HEAD, POST, OPTIONS"
        case .payment, .paymentMethods, .events, .event, .description, .documentation: "GET, HEAD, OPTIONS"
        case .followUp, .sync, .explain, .redelivery, .callback: "POST, OPTIONS"
        }
    }

    /// What the method asks for here; nil where it is not allowed.
    func call(_ method: HTTPRequest.Method) -> PublicCall? {
        switch (self, method) {
        case (.payments, .post): .app(.create)
        case (.payments, .get): .app(.list)
        case (.payment(let id), .get): .app(.read(id: id))
        case (.followUp(let operation, let id), .post): .app(.followUp(operation, id: id))
        case (.sync(let id), .post): .app(.sync(id: id))
        case (.explain, .post): .app(.explain)
        case (.paymentMethods, .get): .app(.paymentMethods)
        case (.events, .get): .app(.listEvents)
        case (.event(let id), .get): .app(.readEvent(id: id))
        case (.redelivery(let id), .post): .app(.redeliver(id: id))
        case (.callback(let provider), .post): .callback(provider: provider, token: nil)
        case (.tokenCallback(let provider, let token), .post): .callback(provider: provider, token: token)
        case (.tokenCallback(let provider, let token), .get): .returning(provider: provider, token: token)
        case (.description, .get): .description
        case (.documentation, .get): .documentation
        default: nil
        }
    }
}

/// What a request of the public API asks for.
enum PublicCall: Sendable, Hashable {
    /// Something that an app asks for with its key.
    case app(AppCall)
    /// A provider calls back.
    case callback(provider: String, token: String?)
    /// A provider sends the customer's browser back to us.
    case returning(provider: String, token: String)
    /// Anybody wants to know what can be asked for.
    case description
    case documentation
}

/// What an app asks for.
enum AppCall: Sendable, Hashable {
    case create
    case list
    case read(id: String)
    case followUp(Operation, id: String)
    case sync(id: String)
    case explain
    case paymentMethods
    case listEvents
    case readEvent(id: String)
    case redeliver(id: String)

    /// What `allow` has to name. Asking the provider again (`sync`) and hearing of an event again move no money: that is
    /// reading.
    var permission: AppConfiguration.Permission {
        switch self {
        case .create: .create
        case .followUp(.capture, _): .capture
        case .followUp(.cancel, _): .cancel
        case .followUp: .refund
        case .list, .read, .sync, .explain, .paymentMethods, .listEvents, .readEvent, .redeliver: .read
        }
    }
}
