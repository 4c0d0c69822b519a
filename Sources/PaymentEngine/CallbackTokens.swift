import Crypto
import PaymentModel
import ProviderKit
import Resilience

/// The tokens in callback addresses (contract §7), derived from `server.callback_secrets`: the first makes them, all verify.
struct CallbackTokens: Sendable {
    /// Keyed and ready, as in `References`.
    private let codes: [HMAC<SHA256>]

    /// - Parameter secrets: At least one, the current first.
    init(secrets: [Secret]) {
        codes = secrets.map { HMAC(key: SymmetricKey(data: Array($0.reveal().utf8))) }
    }

    /// The token of a callback address: the payment's id, `.`, and a keyed hash over provider and payment.
    func token(provider: String, payment: String) -> String {
        payment + "." + Self.code(codes[0], provider, payment)
    }

    /// The payment that a token was made for at that provider; nil where it was not made here.
    func payment(of token: String, provider: String) -> String? {
        guard let dot = token.lastIndex(of: ".") else { return nil }
        let payment = String(token[..<dot])
        let presented = token[token.index(after: dot)...]
        var isGenuine = false
        // Every key is tried, so that the time does not tell which one it was.
        for key in codes where constantTimeEquals(presented.utf8, Self.code(key, provider, payment).utf8) {
            isGenuine = true
        }
        return isGenuine ? payment : nil
    }

    private static func code(_ key: HMAC<SHA256>, _ provider: String, _ payment: String) -> String {
        ReferenceFormat.base32.reference(from: Array(key.code(ofTexts: ["callback", provider, payment])))
    }
}

extension HMAC<SHA256> {
    /// The code of a message under this key, which stays as it is.
    func code(of message: [UInt8]) -> MAC {
        var keyed = self
        keyed.update(data: message)
        return keyed.finalize()
    }

    /// The code of several texts, each with its length before it.
    func code(ofTexts texts: [String]) -> MAC {
        var message: [UInt8] = []
        for text in texts {
            withUnsafeBytes(of: UInt32(text.utf8.count).bigEndian) { message.append(contentsOf: $0) }
            message.append(contentsOf: text.utf8)
        }
        return code(of: message)
    }
}
