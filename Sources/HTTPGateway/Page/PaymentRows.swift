import PaymentEngine
import PaymentModel

extension PageView {
    /// The payments that need somebody, then the newest ones.
    func paymentList(_ html: inout HTML) {
        let attention = overview.store.attention
        let known = Set(attention.map(\.id))
        let recent = overview.store.recent.filter { !known.contains($0.id) }
        html.element("div", ["class": "filter js", "role": "group", "aria-label": "Which payments are shown"]) { html in
            for (name, label) in [("all", "All"), ("attention", "Need attention"), ("moved", "Went on")] {
                html.element(
                    "button",
                    [
                        "type": "button", "data-filter": name, "data-key": "filter-\(name)",
                        "aria-pressed": name == "all" ? "true" : "false",
                    ],
                    label)
            }
        }
        if attention.isEmpty, recent.isEmpty { html.element("p", ["class": "faint empty"], "No payments yet.") }
        html.element("ul", ["class": "payments"]) { html in
            for payment in attention { PaymentRow(payment, now: overview.at, needsAttention: true).write(to: &html) }
            for payment in recent { PaymentRow(payment, now: overview.at, needsAttention: false).write(to: &html) }
        }
    }
}

/// A payment: a line, and behind it the story of its attempts.
private struct PaymentRow {
    private let payment: Payment
    private let now: Timestamp
    private let needsAttention: Bool
    private let attempts: [AttemptWords]

    init(_ payment: Payment, now: Timestamp, needsAttention: Bool) {
        self.payment = payment
        self.now = now
        self.needsAttention = needsAttention
        attempts = AttemptWords.all(of: payment)
    }

    func write(to html: inout HTML) {
        let names = attempts.filter { $0.attempt.operation == .create }.map(\.attempt.provider)
        let hasMoved = Set(names).count > 1
        html.element(
            "li",
            [
                "data-key": payment.id,
                "class": "pay" + (needsAttention ? " attention" : "") + (hasMoved ? " moved" : ""),
            ]
        ) { html in
            html.element("details") { html in
                html.element("summary") { html in
                    html.badge(tone, word)
                    html.element("span", ["class": "amount"], payment.money.description)
                    html.element("span", ["class": "way"], way(names))
                    html.element("span", ["class": "faint app"], payment.app)
                    html.ago(payment.createdAt, now: now)
                }
                story(&html)
            }
        }
    }

    private var word: String {
        if let review = payment.review { return "review: " + Words.slug(review.reason.rawValue) }
        if let open = payment.openOperation { return open.type.rawValue + " open" }
        return Words.slug(payment.status.rawValue)
    }

    private var tone: Tone {
        if payment.review != nil { return .bad }
        if payment.openOperation != nil { return .warn }
        return switch payment.status {
        case .unknown: .warn
        case .captured, .authorized, .refunded, .partiallyRefunded: .good
        case .pending, .requiresAction: .calm
        case .failed, .canceled, .expired, .voided: .note
        }
    }

    /// `payalo-ke → payalo-backup`, each once.
    private func way(_ names: [String]) -> String {
        var way: [String] = []
        for name in names where way.last != name { way.append(name) }
        return way.isEmpty ? payment.provider ?? "" : way.joined(separator: " → ")
    }

    private func story(_ html: inout HTML) {
        html.element("div", ["class": "story"]) { html in
            html.element("ol", ["class": "timeline"]) { html in
                for words in attempts { step(words, &html) }
            }
            html.element("dl") { html in
                for (name, value) in facts {
                    html.element("div") { html in
                        html.element("dt", name)
                        html.element("dd", value)
                    }
                }
            }
            if payment.status.isOpen || payment.openOperation != nil || payment.review != nil {
                html.button(
                    "Ask the provider", of: payment.id, key: "sync-\(payment.id)",
                    path: "/admin/payments/\(pathSegment(payment.id))/sync", done: "The provider was asked.")
            }
            if payment.review != nil {
                html.element("p", ["class": "faint"]) { html in
                    html.write("Once you know what became of it: ")
                    html.element(
                        "code", "POST /admin/payments/\(payment.id)/resolve {\"status\": …, \"note\": …}")
                }
            }
        }
    }

    private func step(_ words: AttemptWords, _ html: inout HTML) {
        let attempt = words.attempt
        html.element("li", ["class": words.tone.rawValue]) { html in
            html.element("p") { html in
                html.element("span", ["class": "shape", "aria-hidden": "true"], words.tone.shape)
                html.write(" ")
                html.element("b", attempt.provider)
                html.write(" \(attempt.operation.rawValue) – \(words.reach)")
            }
            html.element("p", ["class": "faint"]) { html in
                html.element("time", ["datetime": attempt.startedAt.description], attempt.startedAt.clock)
                html.write(", took \(Words.latency(Int(clamping: attempt.durationMilliseconds)))")
                if let note = attempt.note { html.write(" – “\(note)”") }
            }
            if let consequence = words.consequence { html.element("p", ["class": "then"], consequence) }
        }
    }

    private var facts: [(String, String)] {
        var facts = [("Payment", payment.id), ("Reference", payment.reference), ("Route", payment.route ?? "–")]
        if let reference = payment.providerReference { facts.append(("At the provider", reference)) }
        var method = Words.slug(payment.method.rawValue)
        if let network = payment.network { method += ", " + network }
        if let card = payment.card { method += ", \(card.brand.rawValue) \(card.first6)…\(card.last4)" }
        if let country = payment.country { method += ", \(country)" }
        facts.append(("Method", method))
        if payment.capture == .manual || payment.amountCaptured > 0 || payment.amountRefunded > 0 {
            func text(_ minorUnits: Int64) -> String {
                Money(minorUnits: minorUnits, currency: payment.money.currency).decimalText
            }
            facts.append(("Taken, returned", "\(text(payment.amountCaptured)), \(text(payment.amountRefunded))"))
        }
        if let decline = payment.decline {
            let code = decline.providerCode.map { " (\($0))" } ?? ""
            facts.append(
                ("Declined", Words.slug(decline.code.rawValue) + code + (decline.message.map { " – " + $0 } ?? "")))
        }
        if let review = payment.review {
            let money = review.money.map { " says \($0)" } ?? ""
            let reference = review.providerReference.map { ", its reference \($0)" } ?? ""
            facts.append(("Review", "\(Words.slug(review.reason.rawValue)): \(review.provider)\(money)\(reference)"))
        }
        if !payment.metadata.isEmpty {
            let pairs = payment.metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            facts.append(("Metadata", pairs.joined(separator: ", ")))
        }
        return facts
    }
}
