import StrictJSON

/// Card payments and transactions.
extension PaymentGatewayProvider {
    /// What a payment is opened with.
    struct Opening {
        let merchant: PaymentGatewayMerchant
        /// The Idempotency-Key of a merchant's request.
        var key: String?
        let reference: String?
        var intent: String?
        let amount: Int64
        let currency: String
        let card: PaymentGatewayCard
        let details: PaymentGatewayOrder.Details
        let capturesAtOnce: Bool
        let time: SandboxTime
        let namesWrongAmount: Bool
    }

    /// A payment that was opened: as it now is, its transaction's id, and what to tell.
    struct Opened {
        let payment: PaymentGatewayPayment
        let transaction: String
        let callback: SandboxCallback
    }

    /// Asks the issuer, and captures where it is a sale. What comes of it is in the ledger.
    func open(_ opening: Opening, _ ledger: inout PaymentGatewayLedger) -> Opened {
        let id = newID("pay_")
        let isApproved = opening.card.verdict == .approved
        var payment = PaymentGatewayPayment(
            id: id, merchant: opening.merchant.key, reference: opening.reference ?? id, intent: opening.intent,
            amount: opening.amount, currency: opening.currency, card: opening.card, details: opening.details,
            authCode: isApproved ? String(identifiers.number(in: 100_000...999_999)) : nil, createdAt: opening.time,
            lifetime: configuration.authorizationLifetime)
        payment.namesWrongAmount = opening.namesWrongAmount
        var event = event(isApproved ? "payment.authorized" : "payment.failed", &payment, at: opening.time.wall)
        var status: PaymentGatewayTransaction.Status = isApproved ? .authorized : .failed
        if isApproved, opening.capturesAtOnce {
            do throws(PaymentGatewayError) {
                try payment.capture(opening.amount, at: opening.time.wall)
            } catch {
                preconditionFailure("a whole new authorization can be captured")
            }
            event = self.event("payment.captured", &payment, at: opening.time.wall)
            status = .captured
        }
        ledger.add(payment)
        let transaction = record(
            status, opening.amount, of: payment, under: opening.key, at: opening.time.wall, &ledger)
        return Opened(payment: payment, transaction: transaction, callback: event)
    }

    func create(
        _ call: Call, isSale: Bool, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        let order = try PaymentGatewayOrder(call.request.body, at: call.time.wall)
        let opened = open(
            Opening(
                merchant: call.merchant, key: call.key, reference: call.key, amount: order.amount,
                currency: order.currency,
                card: order.card, details: order.details, capturesAtOnce: isSale, time: call.time,
                namesWrongAmount: call.effects.takesWrongAmount()),
            &ledger)
        let reply =
            if let error = order.card.verdict.paymentError {
                PaymentGatewayError(402, error).reply
            } else {
                SandboxReply.paymentGateway {
                    opened.payment.writeCreated(transaction: opened.transaction, to: &$0)
                }
            }
        return SandboxResult(reply: reply, callbacks: [opened.callback])
    }

    func capture(
        _ id: String, _ call: Call, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        let amount = try PaymentGatewayBody(call.request.body).amount()
        var payment = try find(id, call, ledger)
        try payment.capture(amount, at: call.time.wall)
        touch(&payment, call.effects)
        let event = event("payment.captured", &payment, at: call.time.wall)
        ledger.update(payment)
        _ = record(.captured, amount, of: payment, under: call.key, at: call.time.wall, &ledger)
        return SandboxResult(
            reply: .paymentGateway { [payment] in payment.writeCaptured(to: &$0) }, callbacks: [event])
    }

    func void(
        _ id: String, _ call: Call, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        let reason = try PaymentGatewayBody(call.request.body).required("reason")
        var payment = try find(id, call, ledger)
        try payment.void()
        touch(&payment, call.effects)
        let event = event("payment.voided", &payment, at: call.time.wall)
        ledger.update(payment)
        _ = record(.voided, payment.amount, of: payment, under: call.key, at: call.time.wall, &ledger)
        return SandboxResult(
            reply: .paymentGateway { [payment] in
                payment.writeVoided(reason: reason, at: call.time.wall, to: &$0)
            },
            callbacks: [event])
    }

    func refund(
        _ id: String, _ call: Call, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        let body = try PaymentGatewayBody(call.request.body)
        let amount = try body.amount()
        let reason = try body.required("reason")
        var payment = try find(id, call, ledger)
        try payment.refund(amount, at: call.time.wall)
        touch(&payment, call.effects)
        let event = event("payment.refunded", &payment, at: call.time.wall)
        ledger.update(payment)
        _ = record(.refunded, amount, of: payment, under: call.key, at: call.time.wall, &ledger)
        return SandboxResult(
            reply: .paymentGateway { [payment] in payment.writeRefunded(reason: reason, to: &$0) },
            callbacks: [event])
    }

    func payment(
        _ id: String, _ call: Call, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        var payment = try find(id, call, ledger)
        touch(&payment, call.effects)
        ledger.update(payment)
        return SandboxResult(reply: .paymentGateway { [payment] in payment.writeDetails(to: &$0) })
    }

    // MARK: Transactions

    func transactions(
        _ route: PaymentGatewayRoute, _ merchant: PaymentGatewayMerchant, _ request: SandboxRequest,
        _ effects: SandboxEffects, _ ledger: inout PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> SandboxResult {
        if case .transaction(let id) = route {
            guard let found = ledger.transaction(id, of: merchant.key) else { throw .transactionNotFound }
            let isWrong = namesWrongAmount(found, effects, &ledger)
            return SandboxResult(
                reply: .paymentGateway { found.write(inList: false, namesWrongAmount: isWrong, to: &$0) })
        }
        var status: PaymentGatewayTransaction.Status?
        if let name = request.queryValue("status") {
            status = PaymentGatewayTransaction.Status(rawValue: name)
            guard status != nil else {
                throw .invalid("status must be one of authorized, captured, voided, refunded, failed")
            }
        }
        let limit = try Self.number("limit", in: 1...100, default: 10, of: request)
        let offset = try Self.number("offset", in: 0...Int(Int32.max), default: 0, of: request)
        let (page, total) = ledger.transactions(of: merchant.key, status: status, limit: limit, offset: offset)
        var rows: [(PaymentGatewayTransaction, Bool)] = []
        for row in page { rows.append((row, namesWrongAmount(row, effects, &ledger))) }
        return SandboxResult(
            reply: .paymentGateway { [rows] writer in
                writer.name("transactions")
                writer.beginArray()
                for (row, isWrong) in rows {
                    writer.beginObject()
                    row.write(inList: true, namesWrongAmount: isWrong, to: &writer)
                    writer.endObject()
                }
                writer.endArray()
                writer.member("total", total)
                writer.member("limit", limit)
                writer.member("offset", offset)
            })
    }

    private static func number(
        _ name: String, in range: ClosedRange<Int>, default: Int, of request: SandboxRequest
    ) throws(PaymentGatewayError) -> Int {
        guard let text = request.queryValue(name) else { return `default` }
        guard text.utf8.allSatisfy(isDigit), let number = Int(text), range.contains(number) else {
            throw .invalid(
                range.lowerBound == 0 ? "\(name) must be at least 0" : "\(name) must be between 1 and 100")
        }
        return number
    }

    private func namesWrongAmount(
        _ transaction: PaymentGatewayTransaction, _ effects: SandboxEffects, _ ledger: inout PaymentGatewayLedger
    ) -> Bool {
        guard var payment = ledger.payment(transaction.payment) else { return false }
        touch(&payment, effects)
        ledger.update(payment)
        return payment.namesWrongAmount
    }

    // MARK: Parts

    private func find(
        _ id: String, _ call: Call, _ ledger: PaymentGatewayLedger
    ) throws(PaymentGatewayError) -> PaymentGatewayPayment {
        guard let payment = ledger.payment(id, of: call.merchant.key) else { throw .paymentNotFound }
        return payment
    }

    private func touch(_ payment: inout PaymentGatewayPayment, _ effects: SandboxEffects) {
        if !payment.namesWrongAmount { payment.namesWrongAmount = effects.takesWrongAmount() }
    }

    private func record(
        _ status: PaymentGatewayTransaction.Status, _ amount: Int64, of payment: PaymentGatewayPayment,
        under key: String?, at time: WallTime, _ ledger: inout PaymentGatewayLedger
    ) -> String {
        let transaction = PaymentGatewayTransaction(
            id: newID("txn_"), merchant: payment.merchant, payment: payment.id, status: status, amount: amount,
            currency: payment.currency, card: payment.card, authCode: payment.authCode, createdAt: time,
            key: key)
        ledger.add(transaction)
        return transaction.id
    }
}
