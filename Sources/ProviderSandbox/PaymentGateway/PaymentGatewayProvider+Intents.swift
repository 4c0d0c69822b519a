import HTTPTypes
import StrictJSON
import Synchronization

/// Payment intents: the merchant's calls, the browser's, and the customer whom the sandbox plays.
extension PaymentGatewayProvider {
    func createIntent(
        _ call: Call, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        let order = try PaymentGatewayIntentOrder(call.request.body)
        let id = newID("pi_")
        var intent = PaymentGatewayIntent(
            id: id, merchant: call.merchant.key, reference: call.key ?? order.orderID ?? id, order: order,
            clientSecret: id + newID("_secret_", length: 32), createdAt: call.time,
            lifetime: configuration.intentLifetime)
        intent.namesWrongAmount = call.effects.takesWrongAmount()
        let event = event("payment_intent.created", &intent, at: call.time.wall)
        // No money here, whatever the fault: nobody has seen the page.
        ledger.add(intent)
        let url = call.request.baseURL + "/checkout/" + id + "?client_secret=" + intent.clientSecret
        return SandboxResult(
            reply: .paymentGateway(201) { [intent] in intent.writeCreated(checkoutURL: url, to: &$0) },
            callbacks: [event])
    }

    func cancelIntent(
        _ id: String, _ call: Call, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        guard var intent = ledger.intent(id), intent.merchant == call.merchant.key else { throw .intentNotFound }
        let event = try cancel(&intent, call.effects, at: call.time, &ledger)
        let reply = SandboxReply.json(
            200, Array(#"{"success":true,"message":"payment intent canceled"}"#.utf8))
        return SandboxResult(reply: reply, callbacks: [event])
    }

    func publicIntent(
        _ id: String, _ effects: SandboxEffects, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        guard var intent = ledger.intent(id) else { throw .intentNotFound }
        touch(&intent, effects)
        ledger.update(intent)
        let status = ledger.status(of: intent)
        return SandboxResult(reply: .paymentGateway { [intent] in intent.writePublic(status: status, to: &$0) })
    }

    // MARK: The browser

    /// What came of an attempt to pay.
    enum Attempt {
        case paid(PaymentGatewayPayment, [SandboxCallback])
        case declined(PaymentGatewayError, [SandboxCallback])
    }

    /// One attempt to pay an intent that takes attempts.
    func pay(
        _ intent: inout PaymentGatewayIntent, with card: PaymentGatewayCard, email: String?, _ effects: SandboxEffects,
        at time: SandboxTime, _ ledger: inout PaymentGatewayLedger
    ) -> Attempt {
        touch(&intent, effects)
        let customer: JSONObject? = (email ?? intent.order.customerEmail).map { ["email": .string($0)] }
        let opened = open(
            Opening(
                merchant: merchant(intent.merchant), reference: intent.reference, intent: intent.id,
                amount: intent.order.amount, currency: intent.order.currency, card: card,
                details: PaymentGatewayOrder.Details(
                    description: intent.order.description, customer: customer, metadata: intent.order.metadata),
                capturesAtOnce: intent.order.capturesAtOnce, time: time, namesWrongAmount: intent.namesWrongAmount),
            &ledger)
        if let message = card.verdict.confirmationError {
            intent.decline()
            ledger.update(intent)
            let error = PaymentGatewayError(
                402, "PAYMENT_DECLINED", message, remainingAttempts: intent.remainingAttempts)
            return .declined(error, [opened.callback])
        }
        intent.pay(with: opened.payment.id)
        let event = event("payment_intent.succeeded", &intent, at: time.wall)
        ledger.update(intent)
        return .paid(opened.payment, [opened.callback, event])
    }

    /// The merchant or the customer closes it.
    func cancel(
        _ intent: inout PaymentGatewayIntent, _ effects: SandboxEffects, at time: SandboxTime,
        _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxCallback {
        try intent.cancel()
        touch(&intent, effects)
        let event = event("payment_intent.canceled", &intent, at: time.wall)
        ledger.update(intent)
        return event
    }

    func confirm(
        _ id: String, _ request: SandboxRequest, _ effects: SandboxEffects, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        guard var intent = ledger.intent(id) else {
            throw PaymentGatewayError.intentNotFound.coded("INVALID_INTENT_ID")
        }
        let secret = request.headers[.clientSecret] ?? request.queryValue("client_secret")
        guard let secret, constantTimeEqual(secret, intent.clientSecret) else {
            throw PaymentGatewayError(401, "INVALID_CLIENT_SECRET", "client secret is invalid or expired")
        }
        if let refusal = intent.refusal { throw refusal }
        let card: PaymentGatewayCard
        let email: String?
        do throws(PaymentGatewayError) {
            let body = try PaymentGatewayBody(request.body)
            guard let object = try body.optionalObject("card") else { throw .invalid("card is required") }
            card = try PaymentGatewayCard(PaymentGatewayBody(object), at: request.time.wall)
            email = try body.optional("customer_email")
            if email == nil, intent.order.customerEmail == nil { throw .invalid("customer_email is required") }
        } catch {
            // The code is the sandbox's own: no document has one for a body that is refused.
            throw error.coded("INVALID_REQUEST")
        }
        switch pay(&intent, with: card, email: email, effects, at: request.time, &ledger) {
        case .declined(let error, let callbacks):
            return SandboxResult(reply: error.reply, callbacks: callbacks)
        case .paid(let payment, let callbacks):
            let url = intent.paidURL
            // `authorized` is what the documents show, of an intent that is captured at once as well.
            return SandboxResult(
                reply: .paymentGateway {
                    $0.member("id", id)
                    $0.member("status", "authorized")
                    $0.member("payment_id", payment.id)
                    $0.member("redirect_url", url)
                },
                callbacks: callbacks)
        }
    }

    private func touch(_ intent: inout PaymentGatewayIntent, _ effects: SandboxEffects) {
        if !intent.namesWrongAmount { intent.namesWrongAmount = effects.takesWrongAmount() }
    }

    // MARK: The customer whom the sandbox plays

    /// `reference` is an intent's id, a payment's id, an `order_id` or an Idempotency-Key.
    ///
    /// An open intent: `success` pays it with the approved Visa card, `failed` is one declined attempt (`code`: 05, 51,
    /// 54, N7, 96, `fraud`, or any other), `canceled` is the page's Cancel, `expired` ends its hour. An authorized
    /// payment, or an intent that has one: `expired` ends its seven days; the other outcomes are no longer the
    /// customer's. What is final stays so.
    func settle(
        reference: String, outcome: SandboxOutcome, code: String?, effects: SandboxEffects, at time: SandboxTime
    ) -> SettleResult {
        box.state.withLock { state in
            state.ledger.expire(at: time.instant)
            switch state.ledger.subject(reference) {
            case nil: return .notFound
            case .payment(let id): return settle(payment: id, outcome, &state.ledger)
            case .intent(let id):
                guard var intent = state.ledger.intent(id) else { return .notFound }
                if let payment = intent.payment { return settle(payment: payment, outcome, &state.ledger) }
                guard intent.status == .created else { return .alreadyFinal(status: intent.status.rawValue) }
                let callbacks = settle(&intent, outcome, code, effects, at: time, &state.ledger)
                return .settled(status: intent.status.rawValue, callbacks: callbacks)
            }
        }
    }

    private func settle(
        payment id: String, _ outcome: SandboxOutcome, _ ledger: inout PaymentGatewayLedger
    ) -> SettleResult {
        guard var payment = ledger.payment(id) else { return .notFound }
        guard payment.status == .authorized, outcome == .expired else {
            return .alreadyFinal(status: payment.status.rawValue)
        }
        payment.expire()
        ledger.update(payment)
        return .settled(status: payment.status.rawValue, callbacks: [])
    }

    private func settle(
        _ intent: inout PaymentGatewayIntent, _ outcome: SandboxOutcome, _ code: String?, _ effects: SandboxEffects,
        at time: SandboxTime, _ ledger: inout PaymentGatewayLedger
    ) -> [SandboxCallback] {
        let card: PaymentGatewayCard
        switch outcome {
        case .success: card = PaymentGatewayCard(brand: "visa", last4: "4242", verdict: .approved)
        case .failed: card = PaymentGatewayCard(brand: "visa", last4: "0002", verdict: .named(code))
        case .expired:
            intent.expire()
            ledger.update(intent)
            return []
        case .canceled:
            do throws(PaymentGatewayError) {
                return [try cancel(&intent, effects, at: time, &ledger)]
            } catch {
                preconditionFailure("an open intent can be canceled")
            }
        }
        switch pay(&intent, with: card, email: nil, effects, at: time, &ledger) {
        case .paid(_, let callbacks), .declined(_, let callbacks): return callbacks
        }
    }
}
