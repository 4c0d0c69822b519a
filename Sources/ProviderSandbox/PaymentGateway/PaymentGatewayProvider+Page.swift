import HTTPTypes
import Synchronization

extension PaymentGatewayProvider {
    /// The customer in front of the page. The client secret in the address is what lets one in.
    func page(_ id: String, _ request: SandboxRequest, _ effects: SandboxEffects) -> SandboxResult {
        box.state.withLock { state in
            state.ledger.expire(at: request.time.instant)
            guard var intent = state.ledger.intent(id),
                constantTimeEqual(request.queryValue("client_secret") ?? "", intent.clientSecret)
            else { return SandboxResult(reply: PaymentGatewayPage.notFound) }
            let status = state.ledger.status(of: intent)
            guard request.method == .post else {
                return SandboxResult(reply: PaymentGatewayPage.show(intent, status: status))
            }
            guard intent.status == .created else {
                return SandboxResult(reply: PaymentGatewayPage.show(intent, status: status, httpStatus: 409))
            }
            do throws(PaymentGatewayError) {
                switch try PaymentGatewayPage.read(request.body, of: intent, at: request.time.wall) {
                case .cancel:
                    let event = try cancel(&intent, effects, at: request.time, &state.ledger)
                    return SandboxResult(reply: .redirect(to: intent.canceledURL), callbacks: [event])
                case .pay(let card, let email):
                    switch pay(&intent, with: card, email: email, effects, at: request.time, &state.ledger) {
                    case .paid(_, let callbacks):
                        return SandboxResult(reply: .redirect(to: intent.paidURL), callbacks: callbacks)
                    case .declined(_, let callbacks):
                        let fault = "\(card.verdict.responseMessage). Your card was declined."
                        return SandboxResult(
                            reply: PaymentGatewayPage.show(intent, status: intent.status, fault: fault),
                            callbacks: callbacks)
                    }
                }
            } catch {
                return SandboxResult(
                    reply: PaymentGatewayPage.show(
                        intent, status: status, fault: error.message, httpStatus: error.status))
            }
        }
    }
}
