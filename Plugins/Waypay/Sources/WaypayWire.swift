import HTTPTypes
import PaymentModel
import ProviderKit
import StrictJSON

extension HTTPField.Name {
    /// The API key of a request.
    static let waypayKey = named("SWICH-API-Key")
}

/// Waypay's JSON, field for field.
enum WaypayWire {
    static let base = "/Gateway/v1"

    /// The body of a checkout session, without its signature. Only what is set is in it: what is signed is what is sent.
    static func checkout(for order: PaymentOrder) -> JSONObject {
        let request = order.request
        var body = JSONObject()
        body["amount"] = .number(WaypayMapping.amount(of: request.money))
        body["currency"] = .string(request.money.currency.code)
        body["description"] = .string(WaypayMapping.description(request.description))
        body["customerRef"] = customer(of: request)
        body["orderRef"] = .object(["orderRef": .string(order.reference)])
        body["callbackUrl"] = order.callbackURL.map(JSONValue.string)
        body["intentType"] = .string("checkout")
        if case .wallet(let network, _) = request.instrument {
            body["paymentMethod"] = WaypayMapping.paymentMethods[network].map { .number(JSONNumber($0)) }
        }
        if !request.metadata.isEmpty { body["metadataJson"] = .string(metadata(request.metadata)) }
        return body
    }

    /// `customerRef` with what is known; nil where nothing is. It is an object, so it is not signed and may hold any text.
    private static func customer(of request: PaymentRequest) -> JSONValue? {
        var walletPhone: String?
        if case .wallet(_, let phone) = request.instrument { walletPhone = phone }
        let customer = request.customer
        var object = JSONObject()
        object["name"] = customer?.name.map(JSONValue.string)
        object["email"] = customer?.email.map(JSONValue.string)
        object["cnic"] = customer?.nationalID.flatMap { isCNIC($0) ? .string($0) : nil }
        // Waypay asks for it for "OTP verification", which is the wallet's.
        object["phone"] = (walletPhone ?? customer?.phone).map(JSONValue.string)
        return object.isEmpty ? nil : .object(object)
    }

    /// The metadata as JSON text. It is signed, so it is in ASCII, other characters escaped: then no encoding can make another
    /// text of it. Sorted, so that a repeat of the request is the same request to the byte.
    private static func metadata(_ metadata: [String: String]) -> String {
        var json = JSONWriter()
        json.object { json in
            for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
        }
        var text = ""
        for unit in String(decoding: json.bytes, as: UTF8.self).utf16 {
            if let scalar = Unicode.Scalar(unit), (0x20..<0x7f).contains(unit) {
                text.unicodeScalars.append(scalar)
            } else {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
        return text
    }

    /// A CNIC is 13 digits; another kind of number is not sent as one.
    private static func isCNIC(_ text: String) -> Bool {
        text.utf8.count == 13 && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}

/// The 200 of a checkout session.
struct CheckoutAnswer {
    let paymentIntentID: String
    let url: String
    /// Documented to be there; a session whose end cannot be read is a session.
    let expiresAt: Timestamp?

    init?(_ json: JSONValue) {
        guard let id = json["paymentIntentId"]?.string, ProviderText.isReference(id),
            let url = json["checkoutUrl"]?.string, WebAddress.problem(with: url) == nil
        else { return nil }
        paymentIntentID = id
        self.url = url
        expiresAt = json["expiresAt"]?.string.flatMap(Timestamp.init)
    }
}

/// A transaction, as the status call or a callback tells it.
struct WaypayTransaction {
    /// Nil where it is unknown, or where number and text disagree.
    let status: WaypayStatus?
    let money: Money?
    /// `id`, `TransactionId`: the transaction's own for good. (`txnRef` is called the payment provider's number, which
    /// may come late.)
    let id: String?
    let orderRef: String?
    let paymentIntentID: String?
    /// Why it is what it is; of callbacks alone.
    let reason: String?

    /// The object of `GET /Transaction/by-ref/…`.
    init?(inquiry json: JSONValue) {
        guard json.object != nil else { return nil }
        status = WaypayStatus(text: json["statusText"], number: json["status"])
        money = WaypayMapping.money(amount: json["amount"], currency: json["currency"])
        id = json["id"]?.string
        orderRef = json["merchantOrderRef"]?.string
        paymentIntentID = json["paymentIntentId"]?.string
        reason = nil
    }

    /// The `data` of a callback, whose `OrderRef` is JSON in a text.
    init?(callback data: JSONValue) {
        guard let orderRef = data["OrderRef"]?.string.flatMap(Self.reference(inText:)) else { return nil }
        status = WaypayStatus(text: data["CurrentStatus"], number: nil)
        money = WaypayMapping.money(amount: data["Amount"], currency: data["Currency"])
        id = data["TransactionId"]?.string
        self.orderRef = orderRef
        paymentIntentID = nil
        reason = data["Reason"]?.string
    }

    /// Whether it is of the payment that was asked after: by our reference, or by the session where ours is not told. What
    /// names another one is not ours.
    func isOf(_ subject: InquirySubject) -> Bool {
        guard let checkoutReference = subject.checkoutReference else { return orderRef == subject.reference }
        return (orderRef ?? subject.reference) == subject.reference
            && (paymentIntentID ?? checkoutReference) == checkoutReference
            && (orderRef != nil || paymentIntentID != nil)
    }

    /// `{"OrderRef":"Abcd12456","Discount":null,"Tax":null}`. The document's example has spaces inside of the quotes, which
    /// neither the name nor a reference can mean.
    private static func reference(inText text: String) -> String? {
        guard let object = (try? JSONValue(parsing: text))?.object else { return nil }
        let named = object.filter { trimmed($0.name).lowercased() == "orderref" }
        guard named.count == 1, let reference = named.first?.value.string.map(trimmed), !reference.isEmpty else {
            return nil
        }
        return reference
    }

    private static func trimmed(_ text: String) -> String {
        let spaces: (Character) -> Bool = { $0 == " " }
        let start = text.drop(while: spaces)
        guard let end = start.lastIndex(where: { !spaces($0) }) else { return "" }
        return String(start[...end])
    }
}

/// An error body, in either of Waypay's forms: `{code, message, details: {field, issue}}`, and the older problem details of
/// ASP.NET, `{type, title, status, detail, errors: {field: [text]}}`.
struct WaypayProblem {
    let code: String?
    /// Nil where only the name of the status is there, which says nothing.
    let message: String?
    /// The members that it is about, in lower case.
    let fields: [String]
    /// What is wrong with the field, as in `invalid_format`.
    let issue: String?
    /// The `status` member, which repeats that of the reply.
    let status: Int64?
    /// All that it says, in lower case, to look for what it is about.
    private let words: String

    init?(_ json: JSONValue) {
        if let code = json["code"]?.string, let message = json["message"]?.string {
            self.code = code
            self.message = message
            fields = [json["details"]?["field"]?.string?.lowercased()].compactMap(\.self)
            issue = json["details"]?["issue"]?.string
            status = nil
            words = ([code, message, issue ?? ""] + fields).joined(separator: "\n").lowercased()
        } else if let title = json["title"]?.string, json["status"]?.integer != nil || json["type"]?.string != nil {
            let errors = json["errors"]?.object?.members ?? []
            let texts = errors.flatMap { $0.value.array ?? [] }.compactMap(\.string)
            code = nil
            message = json["detail"]?.string ?? texts.first
            fields = errors.map { $0.name.lowercased() }
            issue = nil
            status = json["status"]?.integer
            words = ([title, json["detail"]?.string ?? ""] + fields + texts).joined(separator: "\n").lowercased()
        } else {
            return nil
        }
    }

    var namesSignature: Bool { words.contains("signature") }

    /// Whether it says, or may mean, that the order reference was used before. Ours always has the right form.
    var mayMeanDuplicate: Bool {
        if ["duplicate", "already exist", "already used", "already been used", "unique"].contains(where: words.contains)
        {
            return true
        }
        if fields.contains(where: { $0.split(separator: ".").last == "orderref" }) { return issue != "invalid_format" }
        return code == nil && message == nil && fields.isEmpty
    }
}
