import Fuzzing
import PaymentModel
import StrictJSON
import Testing

/// Bodies of payments, changed at random: what passes keeps every rule of contract §4, checked here in other words than the
/// validation's own, and what does not is told where it is wrong, without card data.
@Suite struct RequestFuzzTests {
    private static let bodies = PaymentMethod.allCases.map { Samples.body($0).serialized() }
    private static let cardNumber = "4242424242424242"
    private static let cvv = "987"

    @Test func whatPassesKeepsTheContractAndWhatFailsSaysWhere() throws {
        var valid = 0
        var invalid = 0
        for var round in Fuzz("request bodies", corpus: Self.bodies, tokens: .json, rounds: 6000) {
            guard let body = Self.body(&round) else { continue }
            let purpose: PaymentRequest.Purpose = Bool.random(using: &round.random) ? .create : .explain
            do throws(ValidationFailure) {
                let request = try PaymentRequest(validating: body, now: Samples.now, purpose: purpose)
                valid += 1
                let problem = Self.problem(of: request, made: body, purpose)
                #expect(problem == nil, "\(round)")
                Self.expectNoCard(in: request, round)
            } catch {
                invalid += 1
                Self.check(error.faults, of: body, round)
                #expect(!round.isOriginal, "\(round)")
            }
        }
        #expect(valid > 300 && invalid > 300 || FuzzPlan.environment.round != nil, "\(valid) valid, \(invalid) invalid")
    }

    /// The input, or, of what is no object, a valid body with one of its values put in another's place.
    private static func body(_ round: inout FuzzRound) -> JSONValue? {
        // Other values than objects do not get here.
        if let body = try? JSONValue(parsing: round.input), body.object != nil { return body }
        let body = Samples.body(round.random.one(of: PaymentMethod.allCases))
        let paths = [
            "amount", "currency", "reference", "description", "customer/name", "customer/phone", "items/0/quantity",
            "return_url", "metadata/tier", "customer/email", "country",
        ]
        let pieces = Tokens.numbers.pieces + Tokens.text.pieces
        let piece = String(decoding: round.random.one(of: pieces), as: UTF8.self)
        let number = JSONNumber(text: piece).map(JSONValue.number)
        return body.with(round.random.one(of: paths), number ?? .string("a" + piece + "b"))
    }

    // MARK: Accepted

    /// What of the contract an accepted request breaks; nil where nothing.
    private static func problem(
        of request: PaymentRequest, made body: JSONValue, _ purpose: PaymentRequest.Purpose
    ) -> String? {
        guard let object = body.object else { return "is no object" }
        let known: Set = [
            "amount", "currency", "method", "country", "capture", "reference", "description", "customer", "card",
            "mobile_money", "wallet", "items", "return_url", "cancel_url", "metadata",
        ]
        guard Set(object.names).isSubset(of: known) else { return "unknown member" }
        guard case .number(let amount)? = body["amount"], amount.text == String(request.money.minorUnits),
            (1...999_999_999_999).contains(request.money.minorUnits)
        else { return "amount" }
        let code = body["currency"]?.string ?? ""
        guard code.utf8.elementsEqual(request.money.currency.code.utf8), code.wholeMatch(of: /[A-Z]{3}/) != nil else {
            return "currency"
        }
        guard body["method"]?.string == request.method.rawValue else { return "method" }
        guard request.reference.wholeMatch(of: /[A-Za-z0-9._-]{1,64}/) != nil,
            body["reference"]?.string == request.reference
        else { return "reference" }
        if let country = body["country"] {
            guard country.string == request.country?.code, request.country?.code.wholeMatch(of: /[A-Z]{2}/) != nil
            else {
                return "country"
            }
        }
        guard body["capture"].map({ $0.string == request.capture.rawValue }) ?? (request.capture == .automatic) else {
            return "capture"
        }
        return problem(ofTexts: request) ?? problem(ofInstrument: request, made: body, purpose)
            ?? problem(ofItems: request, made: body)
    }

    private static func problem(ofTexts request: PaymentRequest) -> String? {
        let customer = request.customer
        let texts: [(String, String?, Int)] =
            [
                ("description", request.description, 1024), ("customer/id", customer?.id, 255),
                ("customer/name", customer?.name, 255), ("customer/email", customer?.email, 254),
                ("customer/national_id", customer?.nationalID, 64), ("return_url", request.returnURL, 2048),
                ("cancel_url", request.cancelURL, 2048), ("holder", request.card?.holder, 100),
            ] + request.metadata.flatMap { [("metadata key", $0.key, 40), ("metadata value", $0.value, 500)] }
        for (name, text, most) in texts {
            guard let text else { continue }
            guard text.unicodeScalars.count <= most, !text.unicodeScalars.contains(where: isControl) else {
                return name
            }
            guard !CardNumberScan.finds(in: text) else { return "\(name) holds a card number" }
            guard !text.isEmpty || name == "metadata value" else { return "\(name) is empty" }
        }
        guard request.metadata.count <= 50 else { return "metadata" }
        for url in [request.returnURL, request.cancelURL].compactMap(\.self) {
            guard url.lowercased().hasPrefix("https://") || url.lowercased().hasPrefix("http://") else { return "url" }
        }
        return nil
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .control }

    private static func problem(
        ofInstrument request: PaymentRequest, made body: JSONValue, _ purpose: PaymentRequest.Purpose
    ) -> String? {
        let members: [(name: String, method: PaymentMethod)] = [
            ("card", .card), ("mobile_money", .mobileMoney), ("wallet", .wallet),
        ]
        for (name, method) in members where method != request.method {
            guard body[name] == nil else { return "\(name) of another method" }
        }
        switch request.instrument {
        case .card(let card):
            guard let card else { return purpose == .create ? "no card" : nil }
            guard (1...12).contains(card.expiryMonth), (card.expiryYear, card.expiryMonth) >= (2026, 1),
                card.cvv.reveal().wholeMatch(of: /[0-9]{3,4}/) != nil,
                card.number.reveal().wholeMatch(of: /[0-9]{12,19}/) != nil
            else { return "card" }
        case .mobileMoney(let phone, let network):
            guard phone.wholeMatch(of: /\+[1-9][0-9]{6,14}/) != nil, network.wholeMatch(of: /[a-z0-9_-]{1,40}/) != nil
            else { return "mobile_money" }
        case .wallet(let network, _):
            guard network.wholeMatch(of: /[a-z0-9_-]{1,40}/) != nil, request.returnURL != nil else { return "wallet" }
        case .checkout:
            guard request.returnURL != nil else { return "checkout" }
        }
        return nil
    }

    private static func problem(ofItems request: PaymentRequest, made body: JSONValue) -> String? {
        guard request.items.count == body["items"]?.array?.count ?? 0 else { return "items" }
        let sum = request.items.reduce(Int128(0)) { $0 + Int128($1.unitAmount) * Int128($1.quantity) }
        return request.items.isEmpty || sum == Int128(request.money.minorUnits) ? nil : "sum of items"
    }

    private static func expectNoCard(in request: PaymentRequest, _ round: FuzzRound) {
        guard let card = request.card else { return }
        var dumped = "\(request) \(card)"
        dump(request, to: &dumped)
        #expect(!dumped.contains(card.number.reveal()), "\(round)")
    }

    // MARK: Refused

    private static func check(_ faults: [FieldFault], of body: JSONValue, _ round: FuzzRound) {
        // A fault for each value, and for each member that is missing.
        #expect(!faults.isEmpty && faults.count <= body.valueCount + 20, "\(round)")
        for fault in faults {
            #expect(
                isPlace(fault.pointer, in: body, mayLack: fault.detail == "is required"), "\(fault.pointer), \(round)")
            #expect(!fault.pointer.contains(cardNumber), "\(round)")
            #expect(!fault.detail.contains(cardNumber) && !fault.detail.contains(cvv), "\(round)")
            #expect(
                fault.detail.utf8.count < 300 && !fault.detail.unicodeScalars.contains(where: isControl), "\(round)")
        }
    }

    /// Whether a pointer leads to a value of the body, or to the place of one that is missing. Names that were made up are
    /// cut and masked in pointers, and lead nowhere then.
    private static func isPlace(_ pointer: String, in body: JSONValue, mayLack: Bool) -> Bool {
        var value = body
        let names = pointer.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst().map {
            String(Substring($0)).replacing("~1", with: "/").replacing("~0", with: "~")
        }
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            if let next = value[name] ?? value.array.flatMap({ Int(name).flatMap($0.element) }) {
                value = next
            } else {
                return isLast && value.object != nil && (mayLack || name.hasSuffix("…") || name.contains("*"))
            }
        }
        return true
    }
}

extension [JSONValue] {
    fileprivate func element(_ index: Int) -> JSONValue? { indices.contains(index) ? self[index] : nil }
}

extension JSONValue {
    fileprivate var valueCount: Int {
        switch self {
        case .array(let elements): elements.reduce(1) { $0 + $1.valueCount }
        case .object(let object): object.reduce(1) { $0 + $1.value.valueCount }
        default: 1
        }
    }
}
