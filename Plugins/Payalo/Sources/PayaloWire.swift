import HTTPTypes
import PaymentModel
import ProviderKit
import StrictJSON

extension HTTPField.Name {
    /// The brand key: in requests, and in callbacks, where Payalo sends it back.
    static let payaloKey = named("X-Api-Key")
}

/// Payalo's JSON, field for field.
enum PayaloWire {
    static let base = "/gateway/mmo/v2"

    /// `labels` has at most so many entries.
    static let mostLabels = 10

    /// The body of a direct pay-in.
    static func payin(for order: PaymentOrder) -> JSONWriter {
        let request = order.request
        var json = JSONWriter()
        json.object { json in
            json.member("amount") { json in
                json.object { json in
                    json.member("value", number: PayaloMapping.value(of: request.money))
                    json.member("currency", request.money.currency.code)
                }
            }
            json.member("payer") { json in
                json.object { json in
                    json.member("id", request.customer?.id ?? order.reference)
                    if case .mobileMoney(let phone, _) = request.instrument { json.member("msisdn", phone) }
                    if let email = request.customer?.email { json.member("email", email) }
                }
            }
            if let country = request.country { json.member("country", country.code) }
            if let callbackURL = order.callbackURL { json.member("resultUrl", callbackURL) }
            json.member("merchantReference", order.reference)
            json.member("reconciliationReference", request.reference)
            if (1...mostLabels).contains(request.metadata.count) {
                json.member("labels") { json in
                    json.object { json in
                        // Sorted, so that a repeat of the request is the same request to the byte.
                        for (name, value) in request.metadata.sorted(by: { $0.key < $1.key }) {
                            json.member(name, value)
                        }
                    }
                }
            }
        }
        return json
    }

    static func isHeaderText(_ secret: Secret) -> Bool { ProviderText.isVisibleASCII(secret.reveal()) }
}

/// The 200 of a direct pay-in.
struct PayinAnswer {
    let status: String
    let gatewayReference: String
    let merchantReference: String
    /// Defaults to `merchantReference`.
    let reconciliationReference: String?

    init?(_ json: JSONValue) {
        guard let status = json["status"]?.string,
            let gatewayReference = json["gatewayReference"]?.string, ProviderText.isReference(gatewayReference),
            let merchantReference = json["merchantReference"]?.string
        else { return nil }
        self.status = status
        self.gatewayReference = gatewayReference
        self.merchantReference = merchantReference
        reconciliationReference = json["reconciliationReference"]?.string
    }

    /// Whether the references in it are those of the order.
    func isFor(_ order: PaymentOrder) -> Bool {
        guard merchantReference == order.reference else { return false }
        guard let reconciliationReference else { return true }
        return [order.request.reference, order.reference].contains(reconciliationReference)
    }
}

/// The transaction object: the body of a callback and of a status reply.
struct PayaloTransaction {
    let status: String
    /// `payin`, `payout`, `tax`.
    let type: String?
    let gatewayReference: String
    let merchantReference: String
    let requestedAmount: Money?
    /// The money that moved; the only amount that counts.
    let finalAmount: Money?
    let errorCode: String?
    let errorMessage: String?

    init?(_ json: JSONValue) {
        guard let status = json["status"]?.string,
            let gatewayReference = json["gatewayReference"]?.string, ProviderText.isReference(gatewayReference),
            let merchantReference = json["merchantReference"]?.string, !merchantReference.isEmpty
        else { return nil }
        self.status = status
        type = json["type"]?.string
        self.gatewayReference = gatewayReference
        self.merchantReference = merchantReference
        requestedAmount = json["requestedAmount"].flatMap(PayaloMapping.money)
        finalAmount = json["finalAmount"].flatMap(PayaloMapping.money)
        errorCode = json["errorCode"]?.string
        errorMessage = json["errorMessage"]?.string
    }
}

/// An RFC 7807 problem. `errorCode` is the class; the last segment of `type` may be more specific.
struct PayaloProblem {
    let errorCode: String
    let specific: String?
    /// The `status` member, which repeats that of the reply.
    let status: Int64?
    let title: String?
    let detail: String?

    init?(_ json: JSONValue) {
        guard let errorCode = json["errorCode"]?.string else { return nil }
        self.errorCode = errorCode
        specific = json["type"]?.string?.split(separator: "/").last.map(String.init)
        status = json["status"]?.integer
        title = json["title"]?.string
        detail = json["detail"]?.string
    }

    /// The documented 'unknown transaction'.
    var saysNotFound: Bool { errorCode == "not_found" && (status ?? 404) == 404 }

    func names(_ code: String) -> Bool { errorCode == code || specific == code }
}
