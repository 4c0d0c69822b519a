public import StrictJSON

extension Payment {
    /// Writes the payment as the API answers it: absent values are `null`, lists empty, never missing.
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", id)
        writer.member("object", "payment")
        writer.member("app", app)
        writer.member("status", status.rawValue)
        writer.member("amount", money.minorUnits)
        writer.member("amount_captured", amountCaptured)
        writer.member("amount_refunded", amountRefunded)
        writer.member("currency", money.currency.code)
        writer.member("method", method.rawValue)
        writer.member("network", network)
        writer.member("country", country?.code)
        writer.member("capture", capture.rawValue)
        writer.member("reference", reference)
        writer.member("description", description)
        writer.optional("customer", customer) { $1.write(to: &$0) }
        writer.name("metadata")
        writer.beginObject()
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { writer.member(key, value) }
        writer.endObject()
        writer.optional("card", card) { $1.write(to: &$0) }
        writer.member("route", route)
        writer.member("provider", provider)
        writer.member("provider_reference", providerReference ?? checkoutReference)
        writer.optional("next_action", nextAction) { $1.write(to: &$0) }
        writer.optional("decline", decline) { $1.write(to: &$0) }
        writer.optional("open_operation", openOperation) { $1.write(to: &$0) }
        writer.optional("review", review) { $1.write(to: &$0) }
        writer.list("attempts", attempts) { $1.write(to: &$0) }
        writer.list("refunds", refunds) { $1.write(to: &$0) }
        writer.member("created_at", createdAt.description)
        writer.member("updated_at", updatedAt.description)
        writer.member("expires_at", expiresAt?.description)
        writer.endObject()
    }
}

extension PaymentRequest.Customer {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", id)
        writer.member("name", name)
        writer.member("email", email)
        writer.member("phone", phone)
        writer.member("national_id", nationalID)
        writer.endObject()
    }
}

extension RedactedCard {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("brand", brand.rawValue)
        writer.member("first6", first6)
        writer.member("last4", last4)
        writer.member("exp_month", expiryMonth)
        writer.member("exp_year", expiryYear)
        writer.endObject()
    }
}

extension NextAction {
    func write(to writer: inout JSONWriter) {
        let (type, url, token, expiry): (String, String?, String?, Timestamp?) =
            switch self {
            case .redirect(let url, let expiry): ("redirect", url, nil, expiry)
            case .approveOnPhone(let expiry): ("approve_on_phone", nil, nil, expiry)
            case .clientToken(let token, let expiry): ("client_token", nil, token, expiry)
            }
        writer.beginObject()
        writer.member("type", type)
        writer.member("url", url)
        writer.member("token", token)
        writer.member("expires_at", expiry?.description)
        writer.endObject()
    }
}

extension Decline {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("code", code.rawValue)
        writer.member("message", message)
        writer.member("provider_code", providerCode)
        writer.member("soft", code.isSoft)
        writer.endObject()
    }
}

extension OpenOperation {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("type", type.rawValue)
        writer.member("amount", amount)
        writer.member("since", since.description)
        writer.endObject()
    }
}

extension Review {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("reason", reason.rawValue)
        writer.member("provider", provider)
        writer.member("provider_reference", providerReference)
        writer.member("amount", money?.minorUnits)
        writer.member("currency", money?.currency.code)
        writer.member("since", since.description)
        writer.endObject()
    }
}

extension Attempt {
    /// Writes the try as the API answers it, in a payment or a problem.
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("provider", provider)
        writer.member("operation", operation.rawValue)
        writer.member("outcome", outcome.rawValue)
        writer.member("reason", reason)
        writer.member("started_at", startedAt.description)
        writer.member("duration_ms", durationMilliseconds)
        if let note { writer.member("note", note) }
        writer.endObject()
    }
}

extension Refund {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", id)
        writer.member("amount", amount)
        writer.member("status", status.rawValue)
        writer.member("reason", reason)
        writer.member("created_at", createdAt.description)
        writer.endObject()
    }
}

extension JSONWriter {
    mutating func optional<Value>(_ name: String, _ value: Value?, _ write: (inout JSONWriter, Value) -> Void) {
        self.name(name)
        if let value { write(&self, value) } else { null() }
    }

    mutating func list<Value>(_ name: String, _ values: [Value], _ write: (inout JSONWriter, Value) -> Void) {
        self.name(name)
        beginArray()
        for value in values { write(&self, value) }
        endArray()
    }
}
