import HTTPTypes

/// The hosted page behind `session_url`. Spayon's own looks different and is documented nowhere; this one has what a
/// customer can do: pay, be declined, leave. Nothing is loaded from elsewhere, and it needs no script.
enum SpayonPage {
    enum Action: String {
        case pay, decline, cancel
    }

    /// The button that was pressed: `action=…` in a form.
    static func action(in body: [UInt8]) -> Action? {
        for pair in body.split(separator: UInt8(ascii: "&")) where pair.starts(with: "action=".utf8) {
            return PercentEncoding.decode(pair.dropFirst("action=".utf8.count), plusIsSpace: true)
                .flatMap(Action.init)
        }
        return nil
    }

    /// `return_url` with `session_id` in its query (integration-flow page, step 6).
    static func returnURL(of session: SpayonSession) -> String {
        let parts = session.order.returnURL.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let separator = parts[0].contains("?") ? "&" : "?"
        let fragment = parts.count == 2 ? "#" + parts[1] : ""
        return parts[0] + separator + "session_id=" + session.id + fragment
    }

    /// The page of a session as it stands.
    static func show(_ session: SpayonSession, at now: ContinuousClock.Instant, status: Int = 200) -> SandboxReply {
        var content = summary(of: session)
        switch session.status {
        case .pending, .failed:
            if session.status == .failed {
                content += #"<p class="note bad" role="alert">The payment was declined. You can try again.</p>"#
            }
            if session.isPayable(at: now) {
                content += buttons
            } else {
                content += #"<p class="note" role="status">This payment session is over.</p>"# + back(session)
            }
        case .paid:
            content += #"<p class="note good" role="status">This payment has been made.</p>"# + back(session)
        case .expired:
            content += #"<p class="note" role="status">This payment session has expired.</p>"# + back(session)
        }
        return document("Pay \(session.order.price) \(session.order.currency)", content, status: status)
    }

    /// What a customer sees who cancels where the merchant has no page for it.
    static func left(_ session: SpayonSession) -> SandboxReply {
        document(
            "Payment not made",
            #"<p class="note" role="status">You left the payment. The session stays open until its time is over.</p>"#
                + #"<p><a href="">Back to the payment</a></p>"#,
            status: 200)
    }

    static let notFound = document(
        "Not found", #"<p class="note" role="status">There is no such payment session.</p>"#, status: 404)

    private static func summary(of session: SpayonSession) -> String {
        """
        <dl>
        <dt>For</dt><dd>\(escape(session.order.productName))</dd>
        <dt>Order</dt><dd>\(escape(session.order.orderID))</dd>
        <dt>Amount</dt><dd class="amount">\(escape(session.order.price)) \(escape(session.order.currency))</dd>
        </dl>

        """
    }

    private static let buttons = """
        <form method="post">
        <button name="action" value="pay" class="main">Pay</button>
        <button name="action" value="decline">Decline</button>
        <button name="action" value="cancel">Cancel</button>
        </form>

        """

    private static func back(_ session: SpayonSession) -> String {
        #"<p><a href="\#(escape(returnURL(of: session)))">Back to the shop</a></p>"#
    }

    private static func document(_ title: String, _ content: String, status: Int) -> SandboxReply {
        let html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escape(title)) – Spayon sandbox</title>
            <style>\(style)</style>
            </head>
            <body>
            <main>
            <p class="brand">Spayon sandbox: no real money</p>
            <h1>\(escape(title))</h1>
            \(content)
            </main>
            </body>
            </html>

            """
        // No `form-action`: browsers apply it to the redirect back to the shop as well.
        return SandboxReply(
            status: status, contentType: "text/html; charset=utf-8", body: Array(html.utf8),
            headers: [
                .cacheControl: "no-store",
                .contentSecurityPolicy:
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
                .sandbox("Referrer-Policy"): "no-referrer",
                .xContentTypeOptions: "nosniff",
            ])
    }

    /// For text and for quoted attributes.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    private static let style = """
        :root{color-scheme:light dark}
        body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;padding:1.5rem}
        main{max-width:26rem;margin:0 auto}
        .brand{opacity:.75;margin:0}
        h1{font-size:1.5rem;margin:.25rem 0 1rem}
        dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0 0 1.5rem}
        dt{opacity:.75}
        dd{margin:0;overflow-wrap:anywhere}
        .amount{font-weight:600}
        form{display:flex;flex-wrap:wrap;gap:.75rem}
        button{font:inherit;padding:.6rem 1.2rem;border-radius:.4rem;border:1px solid currentColor;background:none;color:inherit;cursor:pointer}
        .main{background:#0b57d0;border-color:#0b57d0;color:#fff}
        button:focus-visible,a:focus-visible{outline:3px solid #f9ab00;outline-offset:2px}
        .note{padding:.6rem .8rem;border-left:.3rem solid currentColor}
        .bad{border-color:#c5221f}
        .good{border-color:#188038}
        """
}
