/// The hosted page behind `session_url`. Spayon's own looks different and is documented nowhere; this one has what a
/// customer can do: pay, be declined, leave.
enum SpayonPage {
    enum Action: String {
        case pay, decline, cancel
    }

    /// The button that was pressed: `action=…` in a form.
    static func action(in body: [UInt8]) -> Action? {
        HostedPage.field("action", in: body).flatMap(Action.init)
    }

    /// `return_url` with `session_id` in its query (integration-flow page, step 6).
    static func returnURL(of session: SpayonSession) -> String {
        HostedPage.adding("session_id", session.id, to: session.order.returnURL)
    }

    /// The page of a session as it stands.
    static func show(_ session: SpayonSession, at now: ContinuousClock.Instant, status: Int = 200) -> SandboxReply {
        let order = session.order
        var content = HostedPage.summary(
            [("For", order.productName), ("Order", order.orderID)], amount: "\(order.price) \(order.currency)")
        switch session.status {
        case .pending, .failed:
            if session.status == .failed {
                content += HostedPage.note("The payment was declined. You can try again.", .bad)
            }
            if session.isPayable(at: now) {
                content += buttons
            } else {
                content += HostedPage.note("This payment session is over.") + back(session)
            }
        case .paid:
            content += HostedPage.note("This payment has been made.", .good) + back(session)
        case .expired:
            content += HostedPage.note("This payment session has expired.") + back(session)
        }
        return document("Pay \(order.price) \(order.currency)", content, status: status)
    }

    /// What a customer sees who cancels where the merchant has no page for it.
    static func left(_ session: SpayonSession) -> SandboxReply {
        document(
            "Payment not made",
            HostedPage.note("You left the payment. The session stays open until its time is over.")
                + HostedPage.link("Back to the payment", to: ""))
    }

    static let notFound = document(
        "Not found", HostedPage.note("There is no such payment session."), status: 404)

    private static let buttons = """
        <form method="post">
        <button name="action" value="pay" class="main">Pay</button>
        <button name="action" value="decline">Decline</button>
        <button name="action" value="cancel">Cancel</button>
        </form>

        """

    private static func back(_ session: SpayonSession) -> String {
        HostedPage.link("Back to the shop", to: returnURL(of: session))
    }

    private static func document(_ title: String, _ content: String, status: Int = 200) -> SandboxReply {
        HostedPage.document(provider: "Spayon", title: title, content, status: status)
    }
}
