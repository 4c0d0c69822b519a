import HTTPTypes

/// The calls of the API, by method and path.
enum PaymentGatewayRoute: Equatable {
    case authorize, sale
    case capture(String), void(String), refund(String), payment(String)
    case createIntent, cancelIntent(String)
    case transaction(String), transactions
    /// Public: no key.
    case intent(String), confirm(String)
    /// The hosted page; the real one stands at another host.
    case page(String)

    init?(_ request: SandboxRequest) {
        guard let segments = request.segments, segments.count <= 5 else { return nil }
        // A segment is never empty: what is empty here is not there.
        let parts = segments + Array(repeating: "", count: 5 - segments.count)
        switch (request.method, parts[0], parts[1], parts[2], parts[3], parts[4]) {
        case (.post, "api", "v1", "payments", "authorize", ""): self = .authorize
        case (.post, "api", "v1", "payments", "sale", ""): self = .sale
        case (.post, "api", "v1", "payments", let id, "capture"): self = .capture(id)
        case (.post, "api", "v1", "payments", let id, "void"): self = .void(id)
        case (.post, "api", "v1", "payments", let id, "refund"): self = .refund(id)
        case (.get, "api", "v1", "payments", let id, "") where !id.isEmpty: self = .payment(id)
        case (.post, "api", "v1", "payment-intents", "", ""): self = .createIntent
        case (.post, "api", "v1", "payment-intents", let id, "cancel"): self = .cancelIntent(id)
        case (.get, "api", "v1", "transactions", "", ""): self = .transactions
        case (.get, "api", "v1", "transactions", let id, ""): self = .transaction(id)
        case (.get, "api", "public", "payment-intents", let id, "") where !id.isEmpty: self = .intent(id)
        case (.post, "api", "public", "payment-intents", let id, "confirm"): self = .confirm(id)
        case (.get, "checkout", let id, "", "", ""), (.post, "checkout", let id, "", "", ""): self = .page(id)
        default: return nil
        }
    }

    /// What faults take it for. A confirmation comes from the customer's browser, as the page does.
    var operation: SandboxOperation? {
        switch self {
        case .authorize, .sale, .createIntent: .create
        case .capture: .capture
        case .void, .cancelIntent: .cancel
        case .refund: .refund
        case .payment, .transaction, .transactions, .intent: .status
        case .confirm, .page: nil
        }
    }
}
