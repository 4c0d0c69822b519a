import HTTPTypes
import PaymentModel
import ProviderKit

/// The language of the scripted providers: a word, then `key=value` pairs.
enum Wire {
    static func reply(_ status: Int, _ text: String, headers: HTTPFields = [:]) -> Transmission {
        .replied(ProviderReply(status: status, headers: headers, body: Array(text.utf8)))
    }

    /// The provider took it: `captured`, `pending`, `action`, `authorized`, …
    static func accepted(_ state: String = "captured", _ more: String = "") -> Transmission {
        reply(200, "accepted state=\(state) \(more)")
    }

    /// An inquiry's answer.
    static func found(_ state: String = "captured", _ more: String = "") -> Transmission {
        reply(200, "found state=\(state) \(more)")
    }

    static let notFound = reply(404, "not_found")
    static let duplicate = reply(409, "duplicate")
    static let unauthorized = reply(401, "unauthorized")
    static let forbidden = reply(403, "forbidden")
    static let tooMany = reply(429, "slow_down", headers: [.retryAfter: "7"])
    static let unavailable = reply(503, "unavailable")
    static let rejected = reply(400, "rejected code=E1")
    static let broken = reply(500, "oops")
    static let garbage = reply(200, "<html>")
    static func declined(_ code: Decline.Code) -> Transmission { reply(200, "declined code=\(code.rawValue)") }
    static let refused = Transmission.notSent(TransportFailure("connect_refused"))
    static let timeout = Transmission.sentWithoutReply(TransportFailure("timeout"))
    static let reset = Transmission.sentWithoutReply(TransportFailure("reset"))
    static func token(_ token: String, lives seconds: Int = 3600) -> Transmission {
        reply(200, "issued token=\(token) seconds=\(seconds)")
    }

    /// The value of a key in `word key=value key=value`.
    static func value(_ key: String, in text: String) -> String? {
        for part in text.split(whereSeparator: { $0 == " " || $0 == "?" || $0 == "&" })
        where part.hasPrefix(key + "=") {
            return String(part.dropFirst(key.count + 1))
        }
        return nil
    }

    static func word(of reply: ProviderReply) -> String {
        String(text(of: reply).prefix { $0 != " " })
    }

    static func text(of reply: ProviderReply) -> String { String(decoding: reply.body, as: UTF8.self) }

    /// What `state=… amount=… currency=… id=… ours=… expires=…` says; nil where the state is no known one.
    static func report(_ text: String) -> ProviderReport? {
        let expiry = value("expires", in: text).flatMap(Int64.init).map(Timestamp.init(milliseconds:))
        let decline = Decline(
            code: value("code", in: text).flatMap(Decline.Code.init(rawValue:)) ?? .generic, providerCode: "51")
        let state: ReportedState
        switch value("state", in: text) {
        case "captured": state = .captured
        case "authorized": state = .authorized
        case "pending": state = .pending(nil)
        case "action": state = .requiresAction(.redirect(url: "https://pay.example/s", expiresAt: expiry))
        case "failed": state = .failed(decline)
        case "failed_for_now": state = .failedForNow(decline)
        case "canceled": state = .canceled
        case "expired": state = .expired
        case "voided": state = .voided
        case "partially_refunded": state = .partiallyRefunded
        case "refunded": state = .refunded
        case "reversed": state = .reversed
        default: return nil
        }
        var money: Money?
        if let amount = value("amount", in: text).flatMap(Int64.init),
            let currency = Currency(code: value("currency", in: text) ?? "KES")
        {
            money = Money(minorUnits: amount, currency: currency)
        }
        return ProviderReport(
            state, money: money, providerReference: value("id", in: text),
            checkoutReference: value("page", in: text), ourReference: value("ours", in: text),
            expiresAt: expiry, session: value("session", in: text).map { ["session": Secret($0)] } ?? [:])
    }
}
