public import StrictJSON

/// Every fault of a request, at least one.
public struct ValidationFailure: Error, Sendable, Hashable {
    /// In the order of the members in the contract's table; unknown members last.
    public let faults: [FieldFault]

    /// Makes a failure of at least one fault.
    public init(faults: [FieldFault]) {
        precondition(!faults.isEmpty, "a validation failure without a fault")
        self.faults = faults
    }
}

extension PaymentRequest {
    /// What a body is read for.
    public enum Purpose: Sendable {
        /// A payment is to be made: everything that the method needs must be there.
        case create
        /// A routing question: card data may be absent.
        case explain
    }

    /// Reads and validates a body by contract §4, reporting every fault at once.
    ///
    /// - Parameters:
    ///   - body: The parsed JSON.
    ///   - now: Against which a card's expiry is judged.
    ///   - purpose: Whether card data is needed.
    public init(validating body: JSONValue, now: Timestamp, purpose: Purpose = .create) throws(ValidationFailure) {
        var fields = FieldReader(body)
        let amount = fields.integer("amount", in: 1...999_999_999_999, required: true)
        let currency = fields.string(
            "currency", required: true, otherwise: "must be an ISO 4217 code in upper case", Currency.init(code:))
        let method = fields.choice("method", PaymentMethod.self, required: true)
        let country = fields.string(
            "country", otherwise: "must be an ISO 3166-1 alpha-2 code in upper case", Country.init(code:))
        let capture = fields.choice("capture", CaptureMode.self) ?? .automatic
        let reference = fields.string(
            "reference", required: true, otherwise: "must be 1 to 64 of A-Z a-z 0-9 . _ -"
        ) { Text.isReference($0) ? $0 : nil }
        let description = fields.string("description")
        let customer = fields.object("customer", Customer.read)
        let instrument = Self.readInstrument(&fields, method: method, now: now, purpose: purpose)
        let items = fields.objects("items", most: 500, Item.read)
        if let items, let amount { Self.checkSum(of: items, against: amount, &fields) }
        let needsReturn = method == .checkout || method == .wallet
        let returnURL = fields.address("return_url", required: needsReturn)
        let cancelURL = fields.address("cancel_url")
        let metadata = fields.map("metadata", keys: 50, keyLength: 40, valueLength: 500)

        let faults = fields.finish()
        guard faults.isEmpty, let amount, let currency, let reference, let instrument else {
            throw ValidationFailure(faults: faults)
        }
        self.init(
            money: Money(minorUnits: amount, currency: currency), instrument: instrument, country: country,
            capture: capture, reference: reference, description: description, customer: customer, items: items ?? [],
            returnURL: returnURL, cancelURL: cancelURL, metadata: metadata ?? [:])
    }

    private static func readInstrument(
        _ fields: inout FieldReader, method: PaymentMethod?, now: Timestamp, purpose: Purpose
    ) -> Instrument? {
        let needsCard = method == .card && purpose == .create
        var card: CardDetails?
        if fields.belongs("card", to: .card, of: method) {
            card = fields.object("card", required: needsCard) { CardDetails.read(&$0, now: now) }
        }
        var mobileMoney: Instrument?
        if fields.belongs("mobile_money", to: .mobileMoney, of: method) {
            mobileMoney = fields.object("mobile_money", required: method == .mobileMoney) { fields in
                let phone = fields.string(
                    "phone", required: true, otherwise: "must be an E.164 number such as +254712345678"
                ) { Text.isE164($0) ? $0 : nil }
                guard let network = fields.network(), let phone else { return nil }
                return .mobileMoney(phone: phone, network: network)
            }
        }
        var wallet: Instrument?
        if fields.belongs("wallet", to: .wallet, of: method) {
            wallet = fields.object("wallet", required: method == .wallet) { fields in
                let phone = fields.string("phone", otherwise: "must be a phone number") { Text.isPhone($0) ? $0 : nil }
                guard let network = fields.network() else { return nil }
                return .wallet(network: network, phone: phone)
            }
        }
        switch method {
        case .card: return card != nil || !needsCard ? .card(card) : nil
        case .mobileMoney: return mobileMoney
        case .wallet: return wallet
        case .checkout: return .checkout
        case nil: return nil
        }
    }

    private static func checkSum(of items: [Item], against amount: Int64, _ fields: inout FieldReader) {
        var sum: Int64 = 0
        for item in items {
            let (product, overflow) = item.unitAmount.multipliedReportingOverflow(by: item.quantity)
            let (total, carry) = sum.addingReportingOverflow(product)
            guard !overflow, !carry else { return fields.fault("items", "must add up to the amount") }
            sum = total
        }
        if sum != amount { fields.fault("items", "must add up to the amount") }
    }
}

extension PaymentRequest.Customer {
    static func read(_ fields: inout FieldReader) -> Self? {
        Self(
            id: fields.string("id", most: 255),
            name: fields.string("name", most: 255),
            email: fields.string("email", otherwise: "must be an e-mail address") { Text.isEmail($0) ? $0 : nil },
            phone: fields.string("phone", otherwise: "must be a phone number") { Text.isPhone($0) ? $0 : nil },
            nationalID: fields.string("national_id", most: 64))
    }
}

extension PaymentRequest.Item {
    static func read(_ fields: inout FieldReader) -> Self? {
        let id = fields.string("id", required: true, most: 64)
        let name = fields.string("name", required: true, most: 255)
        let unitAmount = fields.integer("unit_amount", in: 0...999_999_999_999, required: true)
        let quantity = fields.integer("quantity", in: 1...1_000_000, required: true)
        guard let id, let name, let unitAmount, let quantity else { return nil }
        return Self(id: id, name: name, unitAmount: unitAmount, quantity: quantity)
    }
}

extension CardDetails {
    static func read(_ fields: inout FieldReader, now: Timestamp) -> Self? {
        let number = fields.string(
            "number", required: true, allowsCardNumber: true, otherwise: "must be 12 to 19 digits"
        ) {
            (12...19).contains($0.utf8.count) && Text.isDigits($0) ? $0 : nil
        }
        if let number, !passesLuhn(number.utf8) { fields.fault("number", "is not a card number (Luhn check)") }
        let month = fields.integer("exp_month", in: 1...12, required: true)
        let year = fields.integer("exp_year", in: 2000...2099, required: true)
        if let month, let year {
            // A card is good to the end of its month wherever its holder is: the last zone ends 12 h after UTC.
            let today = now.advanced(by: .seconds(-12 * 3600)).calendarDate
            if (year, month) < (today.year, today.month) { fields.fault("exp_year", "the card has expired") }
        }
        let cvv = fields.string("cvv", required: true, otherwise: "must be 3 or 4 digits") {
            (3...4).contains($0.utf8.count) && Text.isDigits($0) ? $0 : nil
        }
        let holder = fields.string("holder", required: true, most: 100)
        guard let number, passesLuhn(number.utf8), let month, let year, let cvv, let holder else { return nil }
        return Self(
            number: Secret(number), expiryMonth: Int(month), expiryYear: Int(year), cvv: Secret(cvv), holder: holder)
    }
}

extension FieldReader {
    /// One of an enumeration's texts.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ type: Choice.Type, required: Bool = false
    ) -> Choice? {
        string(
            name, required: required,
            otherwise: "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))",
            Choice.init(rawValue:))
    }

    /// Whether the instrument in a member is to be read: that of another method is one fault, whatever is in it.
    mutating func belongs(_ name: String, to owner: PaymentMethod, of method: PaymentMethod?) -> Bool {
        guard let method, method != owner else { return true }
        if value(name) != nil { fault(name, "is for the method \(owner.rawValue) only") }
        return false
    }

    /// An address to send the customer to: https, or http on loopback.
    mutating func address(_ name: String, required: Bool = false) -> String? {
        guard let text = string(name, required: required, most: 2048) else { return nil }
        if let problem = WebAddress.problem(with: text) {
            fault(name, problem)
            return nil
        }
        return text
    }

    mutating func network() -> String? {
        string("network", required: true, otherwise: "must be 1 to 40 of a-z 0-9 _ -") {
            Text.isNetwork($0) ? $0 : nil
        }
    }
}
