import StrictJSON

/// The hosted page behind `checkout_url`: a person picks a test card or types one, pays or is declined, or leaves.
enum PaymentGatewayPage {
    /// What the customer sent.
    enum Form {
        case cancel
        case pay(PaymentGatewayCard, email: String?)
    }

    /// Reads the posted form; the fault is shown to the customer.
    static func read(
        _ body: [UInt8], of intent: PaymentGatewayIntent, at time: WallTime
    ) throws(PaymentGatewayError) -> Form {
        switch HostedPage.field("action", in: body) {
        case "cancel": return .cancel
        case "pay": break
        default: throw PaymentGatewayError(400, "action must be pay or cancel")
        }
        let email = HostedPage.field("customer_email", in: body).flatMap { $0.isEmpty ? nil : $0 }
        guard intent.order.customerEmail != nil || email != nil else {
            throw PaymentGatewayError(400, "An email address is needed.")
        }
        let choice = HostedPage.field("card", in: body)
        let number = HostedPage.field("number", in: body) ?? ""
        // Whoever typed a number meant it, whichever test card is still chosen.
        if number.isEmpty, let test = choices.first(where: { $0.value == choice }) {
            return .pay(try PaymentGatewayCard(number: test.number), email: email)
        }
        // Read as the API reads it, so that there is one set of rules.
        let card = PaymentGatewayBody([
            "number": .string(number),
            "cardholder_name": .string(HostedPage.field("cardholder_name", in: body) ?? ""),
            "exp_month": integer(HostedPage.field("exp_month", in: body)),
            "exp_year": integer(HostedPage.field("exp_year", in: body)),
            "cvv": .string(HostedPage.field("cvv", in: body) ?? ""),
        ])
        do throws(PaymentGatewayError) {
            return .pay(try PaymentGatewayCard(card, at: time), email: email)
        } catch {
            let fault = error.message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? error.message
            throw PaymentGatewayError(400, "Please check the card: \(fault.replacing("_", with: " ")).")
        }
    }

    /// The page of an intent as it stands.
    static func show(
        _ intent: PaymentGatewayIntent, status: PaymentGatewayIntent.Status, fault: String? = nil,
        httpStatus: Int = 200
    ) -> SandboxReply {
        let amount = DecimalText.fromHundredths(intent.order.amount) + " " + intent.order.currency
        var rows: [(name: String, value: String)] = []
        if let description = intent.order.description { rows.append(("For", description)) }
        if let orderID = intent.order.orderID { rows.append(("Order", orderID)) }
        var content = HostedPage.summary(rows, amount: amount)
        if let fault { content += HostedPage.note(fault, .bad) }
        switch status {
        case .created: content += form(intent)
        case .authorized, .captured:
            content +=
                HostedPage.note("This payment has been made.", .good)
                + HostedPage.link("Back to the shop", to: intent.paidURL)
        case .failed: content += HostedPage.note("No attempts are left for this payment.") + left(intent)
        case .canceled: content += HostedPage.note("This payment has been canceled.") + left(intent)
        case .expired: content += HostedPage.note("The time for this payment is over.") + left(intent)
        }
        return document("Pay \(amount)", content, status: httpStatus)
    }

    static let notFound = document("Not found", HostedPage.note("There is no such payment."), status: 404)

    private static func left(_ intent: PaymentGatewayIntent) -> String {
        HostedPage.link("Back to the shop", to: intent.canceledURL)
    }

    /// The test cards, each under its last four digits.
    private static let choices = PaymentGatewayVerdict.testCards.map { card in
        (value: String(card.number.suffix(4)), number: card.number, label: label(of: card))
    }

    private static func label(of card: (number: String, verdict: PaymentGatewayVerdict)) -> String {
        let brand = card.number.hasPrefix("4") ? "Visa" : "Mastercard"
        let name = "\(brand) ending in \(card.number.suffix(4))"
        return switch card.verdict {
        case .approved: "\(name): approved"
        case .declined(let code, let text): "\(name): \(text) (\(code))"
        case .fraud: "\(name): high fraud risk"
        }
    }

    /// The fields of a card are not to be filled in with a real one by the browser.
    private static func form(_ intent: PaymentGatewayIntent) -> String {
        let radios = choices.enumerated().map { index, choice in
            radio(choice.value, choice.label, isChecked: index == 0)
        }
        let email =
            intent.order.customerEmail == nil
            ? input("customer_email", "Email", #"type="email" autocomplete="email" required"#) : ""
        return """
            <form method="post">
            \(email)<fieldset>
            <legend>Test card</legend>
            \(radios.joined())</fieldset>
            <fieldset>
            <legend>Or type another, which is then used</legend>
            \(input("number", "Card number", #"inputmode="numeric" autocomplete="off""#))\
            \(input("cardholder_name", "Name on the card", #"autocomplete="off""#))\
            \(input("exp_month", "Expiry month", #"inputmode="numeric" autocomplete="off" placeholder="12""#))\
            \(input("exp_year", "Expiry year", #"inputmode="numeric" autocomplete="off" placeholder="2030""#))\
            \(input("cvv", "CVV", #"inputmode="numeric" autocomplete="off" maxlength="3""#))</fieldset>
            <button name="action" value="pay" class="main">Pay</button>
            <button name="action" value="cancel" formnovalidate>Cancel</button>
            </form>

            """
    }

    private static func radio(_ value: String, _ label: String, isChecked: Bool) -> String {
        let checked = isChecked ? " checked" : ""
        return
            #"<label><input type="radio" name="card" value="\#(value)"\#(checked)> \#(HostedPage.escape(label))</label>"#
            + "\n"
    }

    private static func input(_ name: String, _ label: String, _ attributes: String) -> String {
        #"<label for="\#(name)">\#(label)</label><input class="field" id="\#(name)" name="\#(name)" \#(attributes)>"#
            + "\n"
    }

    private static func integer(_ text: String?) -> JSONValue {
        text.flatMap { $0.utf8.count <= 4 ? Int64($0) : nil }.map { .number(JSONNumber($0)) } ?? .null
    }

    private static func document(_ title: String, _ content: String, status: Int) -> SandboxReply {
        HostedPage.document(provider: "Payment API Service", title: title, content, status: status)
    }
}
