import AlyaPay
import HTTPTypes
import Payalo
import PaymentGateway
import PaymentModel
import ProviderKit
import ProviderSandbox
import Spayon
import StrictJSON
import Waypay

/// The providers of this program: each plugin beside its simulated provider.
enum Plugin: String, CaseIterable, Sendable {
    case alyapay, payalo, paymentgateway, spayon, waypay

    private static let credentials = SandboxCredentials()

    /// The real plugin, set up for its simulated provider.
    var adapter: any ProviderAdapter { Self.adapters[self] ?? Self.make(self) }

    private static let adapters = Dictionary(uniqueKeysWithValues: allCases.map { ($0, make($0)) })

    private static func make(_ plugin: Plugin) -> any ProviderAdapter {
        func settings(_ values: [String: String], _ texts: [String: String] = [:]) -> ProviderSettings {
            ProviderSettings(
                values.mapValues { .secret(Secret($0)) }.merging(texts.mapValues { .text($0) }) { $1 })
        }
        let merchant = credentials.paymentGatewayMerchants[0]
        do {
            switch plugin {
            case .alyapay:
                return try AlyaPayAdapter(
                    settings: settings([
                        "api_key": credentials.alyaPayKey, "webhook_secret": credentials.alyaPayWebhookSecret,
                    ]))
            case .payalo:
                return try PayaloAdapter(settings: settings(["api_key": credentials.payaloKey]))
            case .paymentgateway:
                return try PaymentGatewayAdapter(
                    settings: settings(["api_key": merchant.key, "webhook_secret": merchant.webhookSecret]))
            case .spayon:
                return try SpayonAdapter(
                    settings: settings([
                        "client_id": credentials.spayonClientID, "client_secret": credentials.spayonClientSecret,
                        "callback_secret": credentials.spayonCallbackSecret,
                    ]))
            case .waypay:
                return try WaypayAdapter(
                    settings: settings(
                        [
                            "api_key": credentials.waypayKey,
                            "signature_secret": credentials.waypaySignatureSecret,
                        ], ["not_found_code": "transaction_not_found"]))
            }
        } catch {
            preconditionFailure("\(plugin): \(error)")
        }
    }

    /// Our reference in a create, by which the provider's books name what came of it; AlyaPay's is the session that it opens.
    func reference(of request: ProviderRequest, reply: [UInt8]) -> String? {
        func member(_ bytes: [UInt8], _ path: String...) -> String? {
            var value = try? JSONValue(parsing: bytes)
            for name in path { value = value?[name] }
            return value?.string
        }
        return switch self {
        case .alyapay: member(reply, "session_id")
        case .payalo: member(request.body, "merchantReference")
        case .paymentgateway: request.headers[.named("Idempotency-Key")]
        case .spayon: member(request.body, "order_id")
        case .waypay: member(request.body, "orderRef", "orderRef")
        }
    }
}

/// What is bought in a world, and from whom.
enum Scene: CaseIterable, Sendable {
    /// Mobile money: the customer approves on the phone.
    case phone
    /// Cards, taken at once or held first.
    case card
    /// A page, in a currency that several kinds of providers take.
    case page
    /// Morocco: a browser component, or a page.
    case component
    /// Pakistan: a page of a provider that signs nothing.
    case wallet

    /// The providers that may be there.
    var plugins: [Plugin] {
        switch self {
        case .phone: [.payalo, .payalo]
        case .card: [.paymentgateway, .paymentgateway]
        case .page: [.spayon, .paymentgateway, .spayon]
        case .component: [.alyapay, .paymentgateway]
        case .wallet: [.waypay, .waypay]
        }
    }

    /// Whether a create moves no money by itself.
    var isPaidOnPages: Bool { self != .phone && self != .card }

    private static let currencies = Dictionary(
        uniqueKeysWithValues: ["KES", "USD", "MAD", "PKR"].map { code in
            guard let currency = Currency(code: code) else { preconditionFailure("no currency \(code)") }
            return (code, currency)
        })

    private var currency: Currency {
        let code =
            switch self {
            case .phone: "KES"
            case .card, .page: "USD"
            case .component: "MAD"
            case .wallet: "PKR"
            }
        guard let currency = Self.currencies[code] else { preconditionFailure("no currency \(code)") }
        return currency
    }

    private static let cards = [
        "4242424242424242", "4242424242424242", "5555555555554444", "4000000000009995", "4000000000000002",
    ]

    /// The payment of a marker (`Marker`), which stands in its reference and description and so in every request that makes it.
    func request(_ marker: Int, amount: Int64, capture: CaptureMode) -> PaymentRequest {
        let instrument: PaymentRequest.Instrument =
            switch self {
            case .phone: .mobileMoney(phone: "+254712345678", network: "mpesa")
            case .card:
                .card(
                    CardDetails(
                        number: Secret(Self.cards[marker % Self.cards.count]), expiryMonth: 12, expiryYear: 2030,
                        cvv: Secret("987"), holder: "A Wanjiru"))
            case .page, .component: .checkout
            case .wallet: marker % 2 == 0 ? .checkout : .wallet(network: "jazzcash", phone: "+923001234567")
            }
        return PaymentRequest(
            money: Money(minorUnits: amount, currency: currency), instrument: instrument,
            country: self == .phone ? Country(code: "KE") : nil, capture: self == .card ? capture : .automatic,
            reference: Marker.text(marker), description: Marker.text(marker),
            customer: PaymentRequest.Customer(
                id: "user-42", name: "A. Wanjiru", email: "a@example.com", phone: "+254712345678",
                nationalID: "3520108345678"),
            returnURL: "https://shop.example/done", cancelURL: "https://shop.example/cart")
    }
}

/// The number of a payment that an app wants, as text that every provider's create carries along.
enum Marker {
    /// References and ids hold capitals or small letters, and never both.
    private static let sign = Array("Zk".utf8)

    static func text(_ marker: Int) -> String {
        let digits = String(marker)
        return "Zk" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// The first marker in some bytes.
    static func find(in bytes: [UInt8]) -> Int? {
        guard bytes.count >= 6 else { return nil }
        for index in 0...(bytes.count - 6) where bytes[index] == sign[0] && bytes[index + 1] == sign[1] {
            var number = 0
            for digit in bytes[(index + 2)..<(index + 6)] {
                guard (48...57).contains(digit) else {
                    number = -1
                    break
                }
                number = number * 10 + Int(digit - 48)
            }
            if number >= 0 { return number }
        }
        return nil
    }
}
