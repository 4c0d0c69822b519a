import Crypto
import StrictJSON

/// The MD5 that a merchant signs a request with (signature guide; `waypay.md`, section 5), checked in the form of the
/// guide's worked example and no other: the top-level members but `signature`, without `null`, empty texts, objects and
/// arrays, keys in lower case and sorted, `key=value` joined by `&`, and the secret right behind. `orderRef` is the one
/// object that is signed: compact, its keys as they were sent.
enum WaypaySignature {
    /// Lower-case hex of the signature that `body` should have. Numbers count as they were written, which is how .NET
    /// writes a `decimal`.
    static func expected(of body: JSONObject, secret: String) -> String {
        var parameters: [(key: String, value: String)] = []
        for (name, value) in body.members where name != "signature" {
            let text: String
            switch value {
            case .string(let string) where !string.isEmpty: text = string
            case .number(let number): text = number.text
            case .bool(let bool): text = bool ? "true" : "false"
            case .object where name == "orderRef": text = String(decoding: value.serialized(), as: UTF8.self)
            default: continue
            }
            parameters.append((name.lowercased(), text))
        }
        parameters.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let signed = parameters.map { "\($0.key)=\($0.value)" }.joined(separator: "&") + secret
        return hex(Insecure.MD5.hash(data: Array(signed.utf8)))
    }

    static func isRight(_ signature: String, over body: JSONObject, secret: String) -> Bool {
        constantTimeEqual(signature, expected(of: body, secret: secret))
    }
}
