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
    /// - Parameter dumped: Whether its mirror is looked at too. Requests and replies hold headers and bodies, which are to be sent:
    ///   nobody dumps them, so what they print counts.
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
            for index in json.stringIndices {
                for echo in hidden.flatMap({ ["invalid \($0) given", $0] }) {
                    var place = index
                    let body = json.replacing(&place, with: .string(echo))?.serialized() ?? []
                    let reply = ProviderReply(status: fixture.reply.status, body: body)
                    switch fixture.operation {
                    case .create where fixture.reply.status >= 400:
                        expect(isClean(adapter.createOutcome(of: reply, for: order)), rule, fixture.name)
                    case .inquiry:
                        guard let adapter = adapter as? any Inquiring, let subject = inputs.subject else { continue }
                        expect(isClean(adapter.inquiryOutcome(of: reply, for: subject)), rule, fixture.name)
                    default: continue
                    }
                }
            }
        }
    }
}
