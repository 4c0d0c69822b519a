import StrictJSON

/// The hosted page behind `checkoutUrl`. Waypay's own is documented nowhere; this one has what a customer can do: choose
/// a method unless the merchant chose it, pay, be declined, cancel, or begin and leave it pending.
enum WaypayPage {
    enum Action: String {
        case pay, decline, cancel
        /// The wallet is to confirm later: the transaction is there, and pending.
        case begin
    }

    /// The button that was pressed: `action=…` in a form.
    static func action(in body: [UInt8]) -> Action? {
        HostedPage.field("action", in: body).flatMap(Action.init)
    }

    /// The method that was chosen: `method=…` in a form.
    static func method(in body: [UInt8]) -> WaypayOrder.Method? {
        HostedPage.field("method", in: body).flatMap(WaypayOrder.Method.init)
    }

    /// The page of a session as it stands.
    static func show(_ session: WaypaySession, at now: ContinuousClock.Instant, status: Int = 200) -> SandboxReply {
        let order = session.order
        let amount = "\(order.amount.text) \(order.currency)"
        var rows = [(name: "For", value: order.description), (name: "Order", value: order.reference)]
        if let method = order.method ?? session.transaction?.method { rows.append(("With", method.rawValue)) }
        var content = HostedPage.summary(rows, amount: amount)
        switch session.status {
        case .pending where session.isOpen(at: now):
            if session.transaction != nil {
                content += HostedPage.note("The payment has begun and waits to be confirmed.")
            }
            content += form(choosing: order.method == nil && session.transaction?.method == nil)
        case .pending, .expired:
            content += HostedPage.note("This payment session has expired.") + back(session)
        case .completed: content += HostedPage.note("This payment has been made.", .good) + back(session)
        case .failed: content += HostedPage.note("The payment was declined.", .bad) + back(session)
        case .cancelled: content += HostedPage.note("The payment was cancelled.") + back(session)
        }
        return HostedPage.document(provider: "Waypay", title: "Pay \(amount)", content, status: status)
    }

    static let notFound = HostedPage.document(
        provider: "Waypay", title: "Not found", HostedPage.note("There is no such payment session."), status: 404)

    private static func form(choosing: Bool) -> String {
        let choice = WaypayOrder.Method.allCases.map { method in
            let checked = method == .card ? " checked" : ""
            return
                #"<label><input type="radio" name="method" value="\#(method.rawValue)"\#(checked)> \#(method.rawValue)</label>"#
        }
        return """
            <form method="post">
            \(choosing ? "<fieldset><legend>Pay with</legend>\(choice.joined(separator: "\n"))</fieldset>" : "")
            <button name="action" value="pay" class="main">Pay</button>
            <button name="action" value="decline">Decline</button>
            <button name="action" value="cancel">Cancel</button>
            <button name="action" value="begin">Confirm later</button>
            </form>

            """
    }

    private static func back(_ session: WaypaySession) -> String {
        session.order.callbackURL.map { HostedPage.link("Back to the shop", to: $0) } ?? ""
    }
}
