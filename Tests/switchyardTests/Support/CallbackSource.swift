import Crypto
import Foundation
import StrictJSON
import Testing

/// What a provider's callback says, in our terms.
struct Told: Sendable {
    enum State: Sendable, CaseIterable {
        /// Money was taken.
        case paid
        /// What it was before: waits for the customer, or holds the money.
        case earlier
        /// It ended for good without money.
        case ended
    }

    var state = State.paid
    /// The reference that we gave.
    var ours: String
    /// The provider's reference of the page or session.
    var session: String
    /// The provider's reference of the transaction.
    var transaction: String
    /// Minor units of a currency with two decimals.
    var amount: Int64
    var currency: String
    /// The provider's id of the event, where it has one.
    var event = "evt_" + UUID().uuidString

    var decimal: String { "\(amount / 100).\(amount % 100 / 10)\(amount % 10)" }
}

/// How one provider calls back: written from the providers' documents, apart from the plugins and the sandbox.
struct CallbackSource: Sendable, CustomTestStringConvertible {
    /// What makes a delivery authentic.
    enum Proof: Sendable {
        /// The key itself, in a header.
        case key(header: String, key: String)
        /// The hex of an HMAC-SHA256 over the body.
        case signature(header: String, secret: String)
        /// The same over a time, a point and the body.
        case timedSignature(secret: String)
        /// Nothing: the token in the address alone.
        case none
    }

    /// The instance that payments go to, and another one of the same plugin with other credentials.
    let instance: String
    let other: String
    /// Its name in the sandbox.
    let plugin: String
    let method: String
    let currency: String
    let amount: Int64
    /// The status of a payment that nobody has paid yet.
    let opening: String
    let proof: Proof
    let otherProof: Proof
    /// Where the create's body names the callback address and our reference; nil where the provider has no such member.
    let address: String?
    let reference: [String]?
    let body: @Sendable (Told) -> String

    var testDescription: String { instance }
    var isSigned: Bool { if case .none = proof { false } else { true } }
    var signsBody: Bool {
        switch proof {
        case .key, .none: false
        case .signature, .timedSignature: true
        }
    }

    /// A create that is routed to `instance`.
    func order(_ reference: String = "order-1", to instance: String? = nil, capture: String = "automatic") -> String {
        let instrument =
            method == "mobile_money"
            ? #""mobile_money":{"phone":"+254712345678","network":"mpesa"},"country":"KE","# : ""
        return """
            {"amount":\(amount),"currency":"\(currency)","method":"\(method)","capture":"\(capture)",\(instrument)\
            "reference":"\(reference)","description":"A lamp","customer":{"email":"ani@example.com","name":"Ani P."},\
            "return_url":"https://shop.example.com/done","cancel_url":"https://shop.example.com/cart",\
            "metadata":{"to":"\(instance ?? self.instance)"}}
            """
    }

    /// The headers that prove a body.
    func headers(_ body: [UInt8], _ proof: Proof? = nil, at time: Date = Date()) -> [String: String] {
        switch proof ?? self.proof {
        case .key(let header, let key): [header: key]
        case .signature(let header, let secret): [header: Self.hmac(body, secret)]
        case .timedSignature(let secret):
            [
                "X-Alya-Timestamp": time.formatted(.iso8601),
                "X-Alya-Signature": "sha256=" + Self.hmac(Array("\(time.formatted(.iso8601)).".utf8) + body, secret),
            ]
        case .none: [:]
        }
    }

    /// Headers with a proof that nobody made.
    var forgedHeaders: [String: String] {
        switch proof {
        case .key(let header, _): [header: "another-key"]
        case .signature(let header, _): [header: String(repeating: "0", count: 64)]
        case .timedSignature:
            [
                "X-Alya-Timestamp": Date().formatted(.iso8601),
                "X-Alya-Signature": "sha256=" + String(repeating: "0", count: 64),
            ]
        case .none: [:]
        }
    }

    private static func hmac(_ bytes: [UInt8], _ secret: String) -> String {
        HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: Data(secret.utf8)))
            .map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static let all = [payalo, spayon, cards, alyaPay, waypay]
    static let signed = all.filter(\.isSigned)
    /// Those whose callback address carries a token.
    static let withToken = all.filter { $0.address != nil }

    static let payalo = CallbackSource(
        instance: "payalo-ke", other: "payalo-other", plugin: "payalo", method: "mobile_money", currency: "KES",
        amount: 10_000, opening: "pending", proof: .key(header: "X-API-KEY", key: Providers.payaloKey),
        otherProof: .key(header: "X-API-KEY", key: "other-key"), address: "resultUrl",
        reference: ["merchantReference"]
    ) { told in
        let (status, code) =
            switch told.state {
            case .paid: ("success", "null")
            case .earlier: ("pending", "null")
            case .ended: ("failed", #""user_insufficient_funds""#)
            }
        let money = #"{"value":\#(told.decimal),"currency":"\#(told.currency)"}"#
        return """
            {"status":"\(status)","type":"payin","flow":"direct","gatewayReference":"\(told.transaction)",\
            "merchantReference":"\(told.ours)","requestedAmount":\(money),\
            "finalAmount":\(status == "success" ? money : "null"),"errorCode":\(code)}
            """
    }

    static let spayon = CallbackSource(
        instance: "spayon-main", other: "spayon-other", plugin: "spayon", method: "checkout", currency: "AMD",
        amount: 499_000, opening: "requires_action",
        proof: .signature(header: "X-Signature", secret: "sandbox-spayon-callback-secret"),
        otherProof: .signature(header: "X-Signature", secret: "other-spayon-secret"), address: "callback_url",
        reference: ["order_id"]
    ) { told in
        let status =
            switch told.state {
            case .paid: "paid"
            case .earlier: "pending"
            case .ended: "expired"
            }
        return """
            {"sessionId":"\(told.transaction)","status":"\(status)","productName":"A lamp","price":"\(told.decimal)",\
            "currency":"\(told.currency)","createdAt":"\(Date().formatted(.iso8601))","orderId":"\(told.ours)"}
            """
    }

    static let cards = CallbackSource(
        instance: "cards-main", other: "cards-backup", plugin: "paymentgateway", method: "checkout", currency: "EUR",
        amount: 9_900, opening: "requires_action",
        proof: .signature(header: "X-Webhook-Signature", secret: "sandbox-paymentgateway-webhook-secret"),
        otherProof: .signature(header: "X-Webhook-Signature", secret: "sandbox-paymentgateway-backup-webhook-secret"),
        address: nil, reference: nil
    ) { told in
        let (event, status) =
            switch told.state {
            case .paid: ("payment.captured", "captured")
            case .earlier: ("payment.authorized", "authorized")
            case .ended: ("payment_intent.canceled", "canceled")
            }
        // Of an intent that was canceled there is no payment.
        let payment = told.state == .ended ? "" : #""payment_id":"\#(told.transaction)","#
        return """
            {"event":"\(event)","timestamp":"2026-01-24T10:00:00Z","id":"\(told.event)","data":{\(payment)\
            "payment_intent_id":"\(told.session)","merchant_id":"merchant_sandbox_main","status":"\(status)",\
            "amount":\(told.amount),"currency":"\(told.currency)","created_at":"2026-01-24T10:00:00Z"}}
            """
    }

    static let alyaPay = CallbackSource(
        instance: "alyapay-main", other: "alyapay-other", plugin: "alyapay", method: "checkout", currency: "MAD",
        amount: 179_900, opening: "requires_action", proof: .timedSignature(secret: "sandbox-alyapay-webhook-secret"),
        otherProof: .timedSignature(secret: "other-alyapay-secret"), address: nil, reference: ["vendorReference"]
    ) { told in
        let (event, status) =
            switch told.state {
            case .paid: ("transaction.approved", "APPROVED")
            // No event tells of one that waits: this is the nearest to it that somebody could send.
            case .earlier: ("transaction.approved", "PENDING")
            case .ended: ("transaction.cancelled", "CANCELED")
            }
        return """
            {"event":"\(event)","timestamp":"2026-01-24T10:00:00.000Z","data":{"id":"\(told.transaction)",\
            "vendorReference":"\(told.ours)","status":"\(status)","amount":\(told.decimal),\
            "currency":"\(told.currency)","customerPhone":"212600000000"}}
            """
    }

    static let waypay = CallbackSource(
        instance: "waypay-main", other: "waypay-open", plugin: "waypay", method: "checkout", currency: "PKR",
        amount: 100_000, opening: "requires_action", proof: .none, otherProof: .none, address: "callbackUrl",
        reference: ["orderRef", "orderRef"]
    ) { told in
        let status =
            switch told.state {
            case .paid: "Completed"
            case .earlier: "Pending"
            case .ended: "Failed"
            }
        return """
            {"id":"\(told.event)","type":"TransactionStatusChanged","created":1769248800,"livemode":false,"data":{\
            "TransactionId":"\(told.transaction)","PreviousStatus":"Pending","CurrentStatus":"\(status)",\
            "Amount":\(told.decimal),"Currency":"\(told.currency)","CustomerRef":null,\
            "OrderRef":"{\\"OrderRef\\":\\"\(told.ours)\\",\\"Discount\\":null,\\"Tax\\":null}"},"api_version":"v1"}
            """
    }
}

extension Setup {
    /// Every provider once, once more under other credentials, and those whose settings change who is believed. A payment goes
    /// where its metadata say. Nothing is asked unless something calls for it.
    static func callbacks(shop: String = "") -> Setup {
        let routes = [
            "payalo-ke", "payalo-other", "spayon-main", "spayon-other", "cards-main", "cards-backup", "alyapay-main",
            "alyapay-other", "alyapay-plain", "alyapay-hint", "alyapay-deaf", "waypay-main", "waypay-open",
        ]
        .map { "  - { name: to-\($0), when: { metadata: { to: \($0) } }, use: [\($0)] }" }.joined(separator: "\n")
        return .file(
            """
            server:
              inquiry: [1h]
            apps:
              shop:
                api_keys_sha256: ["f5d072715bf986543308d9f187277c2406847cd7bfd33cbc2264fedc284a9992"]
                country: KE
                \(shop)
            providers:
              payalo-ke:
                plugin: payalo
                base_url: "${PAYALO_URL}"
                settings: { api_key: sandbox-payalo-key, inquiry_interval: 50ms }
              payalo-other:
                plugin: payalo
                base_url: "${PAYALO_BACKUP_URL}"
                settings: { api_key: sandbox-payalo-key, callback_keys: [other-key], inquiry_interval: 50ms }
              spayon-main:
                plugin: spayon
                base_url: "${SPAYON_URL}"
                settings:
                  client_id: sandbox-client
                  client_secret: sandbox-secret
                  callback_secret: sandbox-spayon-callback-secret
              spayon-other:
                plugin: spayon
                base_url: "${SPAYON_URL}"
                settings:
                  client_id: sandbox-client
                  client_secret: sandbox-secret
                  callback_secret: other-spayon-secret
              cards-main:
                plugin: paymentgateway
                base_url: "${CARDS_URL}"
                settings: { api_key: pk_sandbox_main, webhook_secret: sandbox-paymentgateway-webhook-secret }
              cards-backup:
                plugin: paymentgateway
                base_url: "${CARDS_BACKUP_URL}"
                settings: { api_key: pk_sandbox_backup, webhook_secret: sandbox-paymentgateway-backup-webhook-secret }
              alyapay-main:
                plugin: alyapay
                base_url: "${ALYAPAY_URL}"
                settings:
                  api_key: sandbox-alyapay-key
                  webhook_secret: sandbox-alyapay-webhook-secret
                  vendor_reference: on
              alyapay-other:
                plugin: alyapay
                base_url: "${ALYAPAY_URL}"
                settings: { api_key: sandbox-alyapay-key, webhook_secret: other-alyapay-secret, vendor_reference: on }
              alyapay-plain:
                plugin: alyapay
                base_url: "${ALYAPAY_URL}"
                settings: { api_key: sandbox-alyapay-key, webhook_secret: sandbox-alyapay-webhook-secret }
              alyapay-hint:
                plugin: alyapay
                base_url: "${ALYAPAY_URL}"
                settings: { api_key: sandbox-alyapay-key, vendor_reference: on, webhook_allow: [127.0.0.0/8] }
              alyapay-deaf:
                plugin: alyapay
                base_url: "${ALYAPAY_URL}"
                settings: { api_key: sandbox-alyapay-key, vendor_reference: on, webhook_allow: [192.0.2.0/24] }
              waypay-main:
                plugin: waypay
                base_url: "${WAYPAY_URL}"
                settings: { api_key: pk_test_sandbox, signature_secret: mer_sk_sandbox_secret }
              waypay-open:
                plugin: waypay
                base_url: "${WAYPAY_URL}"
                settings:
                  api_key: pk_test_sandbox
                  signature_secret: mer_sk_sandbox_secret
                  webhook_allow: [127.0.0.1/32]
            routes:
            \(routes)

            """)
    }
}
