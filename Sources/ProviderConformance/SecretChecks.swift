import PaymentModel
import ProviderKit
import StrictJSON

extension Examiner {
    /// What must never be shown.
    private var hidden: [String] {
        inputs.secrets.filter { !$0.isEmpty } + [order.request.card?.number.reveal()].compactMap(\.self)
    }

    func hasSecret(_ text: String) -> Bool { hidden.contains { text.contains($0) } }

    /// A value as logs, messages and debuggers show it.
    ///
    /// - Parameter dumped: Whether its mirror is looked at too. Requests hold headers and bodies that are to be sent:
    ///   of them, what they print counts.
    func texts(showing value: some Any, dumped: Bool) -> [String] {
        var texts = ["\(value)", String(describing: value), String(reflecting: value)]
        if dumped {
            var text = ""
            dump(value, to: &text)
            texts.append(text)
        }
        return texts
    }

    private func isClean(_ value: some Any, dumped: Bool = true) -> Bool {
        !texts(showing: value, dumped: dumped).contains(where: hasSecret)
    }

    mutating func checkSecrets() {
        expect(!hidden.isEmpty, "the inputs name their secrets", "there is none")
        let rule = "no secret is shown"
        expect(isClean(adapter), rule, "by the adapter")
        expect(isClean(order), rule, "by the order")
        expect(isClean(inputs.settings), rule, "by the settings")
        expect(isClean(adapter.createRequest(for: order), dumped: false), rule, "by the create request")
        if let adapter = adapter as? any TokenAuthenticated {
            expect(isClean(adapter.tokenRequest(), dumped: false), rule, "by the token request")
        }
        if let adapter = adapter as? any Inquiring, let subject = inputs.subject {
            expect(isClean(subject), rule, "by the subject")
            if let request = adapter.inquiryRequest(for: subject) {
                expect(isClean(request, dumped: false), rule, "by the inquiry request")
            }
        }
        checkEchoes()
    }

    /// A provider that repeats our secret in an error must not make us repeat it.
    private mutating func checkEchoes() {
        let rule = "a secret that the provider repeats is not passed on"
        for fixture in inputs.fixtures {
            guard let json = fixture.reply.json else { continue }
            for (index, pointer) in json.stringPlaces {
                // A card number by itself may be read as an amount, which is no leak.
                for echo in hidden.map({ "invalid \($0) given" }) + inputs.secrets {
                    var place = index
                    let body = json.replacing(&place, with: .string(echo))?.serialized() ?? []
                    let reply = ProviderReply(status: fixture.reply.status, body: body)
                    expect(
                        !hasSecret(shownOutcome(of: reply, fixture.operation)), rule,
                        "\(fixture.name) with a secret at \(pointer)")
                }
            }
        }
    }

    /// What the adapter makes of a reply, dumped; empty where it is mostly references of the provider's, which may be any
    /// text.
    private func shownOutcome(of reply: ProviderReply, _ operation: ConformanceFixture.Operation) -> String {
        var text = ""
        switch operation {
        case .create where reply.status >= 400:
            let outcome = adapter.createOutcome(of: reply, for: order)
            if case .declined(let decline, _) = outcome { dump(decline, to: &text) } else { dump(outcome, to: &text) }
        case .inquiry:
            guard let adapter = adapter as? any Inquiring, let subject = inputs.subject else { break }
            let outcome = adapter.inquiryOutcome(of: reply, for: subject)
            if case .found(let report) = outcome { dump(report.state, to: &text) } else { dump(outcome, to: &text) }
        case .token where reply.status >= 400:
            guard let adapter = adapter as? any TokenAuthenticated else { break }
            dump(adapter.tokenOutcome(of: reply), to: &text)
        case .callback:
            guard let adapter = adapter as? any CallbackReceiving, let deliver = inputs.delivery,
                let notice = try? adapter.readCallback(deliver(reply.body))
            else { break }
            dump(notice.report.state, to: &text)
        case .capture, .cancel, .refund:
            for followUp in inputs.followUps where followUp.operation.rawValue == operation.rawValue {
                if let outcome = outcome(of: reply, for: followUp), reply.status >= 400 { dump(outcome, to: &text) }
            }
        case .finding:
            guard let adapter = adapter as? any FollowUpInquiring else { break }
            for followUp in inputs.followUps {
                dump(adapter.followUpFinding(in: inputs.findingPreamble + [reply], for: followUp), to: &text)
            }
        default: break
        }
        return text
    }

    private func outcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome? {
        switch followUp.operation {
        case .capture: (adapter as? any Capturing)?.captureOutcome(of: reply, for: followUp)
        case .cancel: (adapter as? any Canceling)?.cancelOutcome(of: reply, for: followUp)
        case .refund: (adapter as? any Refunding)?.refundOutcome(of: reply, for: followUp)
        default: nil
        }
    }
}
