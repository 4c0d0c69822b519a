import Crypto
import PaymentModel
import ProviderKit
import StrictJSON

/// The text of `orderRef` that is signed. Waypay's guide skips objects and yet signs this one, in its worked example, as it is
/// sent; how the server writes members that are not set is not documented.
enum OrderRefSigning: String, CaseIterable, Sendable {
    /// `{"orderRef":"ORD123456"}`: compact, the bytes of the body. The worked example.
    case asSent = "as_sent"
    /// `{"orderRef":"ORD123456","discount":null,"tax":null}`.
    case withNulls = "with_nulls"
    /// `{"OrderRef":"ORD123456","Discount":null,"Tax":null}`, as in callbacks.
    case pascalCase = "pascal_case"
    /// Not signed, as the rule for objects says.
    case none

    /// The text; nil where it is not signed.
    func text(of orderRef: JSONObject) -> String? {
        let written: JSONObject
        switch self {
        case .asSent: written = orderRef
        case .withNulls: written = Self.whole(orderRef) { $0 }
        case .pascalCase: written = Self.whole(orderRef) { $0.prefix(1).uppercased() + $0.dropFirst() }
        case .none: return nil
        }
        return String(decoding: JSONValue.object(written).serialized(), as: UTF8.self)
    }

    /// All members of the order reference, those that are not set as null.
    private static func whole(_ orderRef: JSONObject, name: (String) -> String) -> JSONObject {
        var whole = JSONObject()
        for member in ["orderRef", "discount", "tax"] { whole[name(member)] = orderRef[member] ?? .null }
        return whole
    }
}

/// Waypay's request signature: the MD5 of the top-level members as text, with the merchant secret behind it.
///
/// Null, empty texts, objects and arrays are left out, but for `orderRef`; the rest is `key=value` with the keys in lower case,
/// in ASCII order, joined by `&`, nothing encoded. MD5 is Waypay's choice, and proves little: the transport's TLS protects the
/// request.
struct WaypaySigner: Sendable {
    let secret: Secret
    let orderRef: OrderRefSigning

    /// 32 lower-case hexadecimal digits.
    func signature(of body: JSONObject) -> String {
        Signature.hex(Insecure.MD5.hash(data: Array((text(of: body) + secret.reveal()).utf8)))
    }

    /// What is signed, without the secret.
    func text(of body: JSONObject) -> String {
        body.compactMap { name, value -> (key: String, text: String)? in
            let key = name.lowercased()
            guard key != "signature", let text = text(of: value, named: key), !text.isEmpty else { return nil }
            return (key, text)
        }
        .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\($0.key)=\($0.text)" }
        .joined(separator: "&")
    }

    private func text(of value: JSONValue, named key: String) -> String? {
        switch value {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let bool): bool ? "true" : "false"
        case .object(let object) where key == "orderref": orderRef.text(of: object)
        case .object, .array, .null: nil
        }
    }
}
