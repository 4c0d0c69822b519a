import PaymentModel
import StrictJSON
import Testing

/// What the tests start from.
enum Samples {
    static let kes = currency("KES")
    static let usd = currency("USD")
    /// 2026-01-24T10:00:00Z.
    static let now = Timestamp(milliseconds: 1_769_248_800_000)

    static func currency(_ code: String) -> Currency {
        guard let currency = Currency(code: code) else { preconditionFailure("no currency \(code)") }
        return currency
    }

    static func country(_ code: String) -> Country {
        guard let country = Country(code: code) else { preconditionFailure("no country \(code)") }
        return country
    }

    /// A body with every member that its method allows, all of them right.
    static func body(_ method: PaymentMethod) -> JSONValue {
        var members: JSONObject = [
            "amount": .number(JSONNumber(10_000)), "currency": .string("KES"), "method": .string(method.rawValue),
            "country": .string("KE"), "capture": .string("automatic"), "reference": .string("order-1001"),
            "description": .string("Two shirts"),
            "customer": .object([
                "id": .string("user-42"), "name": .string("A. Wanjiru"), "email": .string("a@example.com"),
                "phone": .string("+254712345678"), "national_id": .string("3520108345678"),
            ]),
            "items": .array([
                .object([
                    "id": .string("SKU1"), "name": .string("Shirt"), "unit_amount": .number(JSONNumber(5000)),
                    "quantity": .number(JSONNumber(2)),
                ])
            ]),
            "return_url": .string("https://shop.example.com/done"),
            "cancel_url": .string("https://shop.example.com/cart"),
            "metadata": .object(["tier": .string("gold")]),
        ]
        switch method {
        case .card:
            members["card"] = .object([
                "number": .string("4242424242424242"), "exp_month": .number(JSONNumber(12)),
                "exp_year": .number(JSONNumber(2027)), "cvv": .string("987"), "holder": .string("A. Wanjiru"),
            ])
        case .mobileMoney:
            members["mobile_money"] = .object(["phone": .string("+254712345678"), "network": .string("mpesa")])
        case .wallet:
            members["wallet"] = .object(["network": .string("easypaisa"), "phone": .string("03123456789")])
        case .checkout: break
        }
        return .object(members)
    }

    /// The faults of a body, none where it is valid.
    static func faults(
        _ body: JSONValue, now: Timestamp = now, purpose: PaymentRequest.Purpose = .create
    ) -> [FieldFault] {
        do throws(ValidationFailure) {
            _ = try PaymentRequest(validating: body, now: now, purpose: purpose)
            return []
        } catch {
            return error.faults
        }
    }
}

extension JSONValue {
    /// The same value with the member at a path such as `card/number` replaced, or removed where the new value is nil.
    func with(_ path: String, _ value: JSONValue?) -> JSONValue {
        let names = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch self {
        case .object(var object):
            object[names[0]] = names.count == 1 ? value : (object[names[0]] ?? .object([:])).with(names[1], value)
            return .object(object)
        case .array(var elements):
            guard let index = Int(names[0]), elements.indices.contains(index) else {
                preconditionFailure("no element \(path)")
            }
            if names.count > 1 {
                elements[index] = elements[index].with(names[1], value)
            } else if let value {
                elements[index] = value
            } else {
                elements.remove(at: index)
            }
            return .array(elements)
        default: preconditionFailure("nothing lies at \(path)")
        }
    }
}
