import StrictJSON

/// The page that stands in for AlyaPay's browser component: the customer approves or cancels, and it shows what the
/// component would tell the app's own page (`window.PaymentCallback`).
enum AlyaPayPage {
    enum Action: String {
        case approve, cancel
    }

    /// The button that was pressed: `action=…` in a form.
    static func action(in body: [UInt8]) -> Action? {
        HostedPage.field("action", in: body).flatMap(Action.init)
    }

    /// The page of a session as it stands.
    static func show(_ session: AlyaPaySession, status: Int = 200) -> SandboxReply {
        let order = session.order
        var rows = order.items.prefix(20).map { (name: "\($0.quantity) ×", value: $0.name) }
        if let reference = order.vendorReference { rows.append(("Order", reference)) }
        if let transaction = session.transaction { rows.append(("transaction_id", transaction.id)) }
        let amount = "\(order.total) \(AlyaPayOrder.currency)"
        var content = HostedPage.summary(rows, amount: amount)
        switch session.transaction?.status {
        case nil: content += HostedPage.note("This session is over.")
        case .pending: content += buttons
        case .approved: content += HostedPage.note("The payment has been approved.", .good)
        case .canceled: content += HostedPage.note("The payment has been cancelled.")
        case .expired: content += HostedPage.note("The time to pay is over.")
        }
        if let event = browserEvent(of: session) {
            content += HostedPage.note("The shop's page is told: \(event)")
        }
        return document("Pay \(amount)", content, status: status)
    }

    static let notFound = document("Not found", HostedPage.note("There is no such session."), status: 404)

    /// What the component hands to the shop's page; neither event proves a payment (events page).
    private static func browserEvent(of session: AlyaPaySession) -> String? {
        guard let transaction = session.transaction, transaction.status != .pending else { return nil }
        var writer = JSONWriter()
        writer.object { writer in
            if transaction.status == .canceled {
                writer.member("event", "payment_flow_cancelled")
                writer.member("reason", "user_cancelled")
            } else {
                writer.member("event", "payment_flow_completed")
                writer.member("transaction_id", transaction.id)
                writer.member(
                    "flow_event", transaction.status == .approved ? "payment_success" : "payment_failed")
                writer.name("reason")
                writer.null()
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static let buttons = """
        <form method="post">
        <button name="action" value="approve" class="main">Approve</button>
        <button name="action" value="cancel">Cancel</button>
        </form>

        """

    private static func document(_ title: String, _ content: String, status: Int = 200) -> SandboxReply {
        HostedPage.document(provider: "AlyaPay", title: title, content, status: status)
    }
}
