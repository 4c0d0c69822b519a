import Crypto

@testable import ProviderSandbox

/// A request of a Waypay merchant, signed as the signature guide says. Each member stands there with its JSON and with
/// the text that is signed, so that the tests do not sign by the rules that they check.
struct WaypayRequest {
    private var members: [(name: String, json: String, signed: String?)]
    var secret = "mer_sk_sandbox_secret"
    /// What is sent as `signature`; `nil`: the right one.
    var signature: String?

    /// The documented request, with a callback address of our own.
    init(_ reference: String, callback: String? = nil, method: Int? = nil, amount: String = "1000") {
        members = []
        set("amount", amount, signed: amount)
        set("currency", text: "PKR")
        set("description", text: "Product Purchase")
        let order = #"{"orderRef":"\#(reference)","discount":"10","tax":"15"}"#
        set("orderRef", order, signed: order)
        if let callback { set("callbackUrl", text: callback) }
        set("intentType", text: "checkout")
        if let method { set("paymentMethod", "\(method)", signed: "\(method)") }
    }

    /// Replaces a member, or adds it. `signed` `nil`: not signed.
    mutating func set(_ name: String, _ json: String, signed: String?) {
        remove(name)
        members.append((name, json, signed))
    }

    /// A text that needs no escapes.
    mutating func set(_ name: String, text: String) {
        set(name, "\"\(text)\"", signed: text.isEmpty ? nil : text)
    }

    mutating func remove(_ name: String) { members.removeAll { $0.name == name } }

    /// What the MD5 is made of, the secret included.
    var signedText: String {
        members.compactMap { member in member.signed.map { "\(member.name.lowercased())=\($0)" } }
            .sorted().joined(separator: "&") + secret
    }

    var body: String {
        let digest = Insecure.MD5.hash(data: Array(signedText.utf8))
        let signature = signature ?? digest.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
        return "{" + members.map { "\"\($0.name)\": \($0.json), " }.joined() + "\"signature\": \"\(signature)\"}"
    }
}

extension Harness {
    static let waypayKey = ["SWICH-API-Key": "pk_test_sandbox", "Content-Type": "application/json"]

    func waypay(_ request: WaypayRequest) async throws -> Answer {
        try await call(
            .POST, "/waypay/Gateway/v1/Payment/initiate-checkout", headers: Self.waypayKey, body: request.body)
    }

    /// A session with our callback address.
    func checkout(_ reference: String, method: Int? = nil, amount: String = "1000") async throws -> Answer {
        try await waypay(WaypayRequest(reference, callback: callbackURL, method: method, amount: amount))
    }

    func waypayStatus(_ identifier: String) async throws -> Answer {
        try await call(.GET, "/waypay/Gateway/v1/Transaction/by-ref/\(identifier)", headers: Self.waypayKey)
    }

    func press(_ action: String, on id: String) async throws -> Answer {
        try await call(
            .POST, "/waypay/pay/\(id)", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: "action=\(action)")
    }
}
