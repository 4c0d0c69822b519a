import PaymentModel
import StrictJSON

/// What can be proved in the end: what the app heard, and what the providers charged.
extension DemoStory {
    mutating func events() async throws {
        out.step("What the app heard of the card payment, at its webhook")
        let expected = ["authorized", "captured", "partially_refunded", "refunded"].map { "payment." + $0 }
        _ = try await eventually { app.events(of: heldPayment).count >= expected.count }
        let heard = app.events(of: heldPayment)
        let width = expected.map(\.count).max() ?? 0
        for event in heard {
            let name = Self.padded(event.type, width)
            let payment = event.payment
            out.say("\(name)  \(payment.money("amount_captured")) taken, \(payment.money("amount_refunded")) returned")
        }
        check(heard.map(\.type) == expected, "each change of its state, in order, each signature verified by the app")
        guard let last = heard.last else { return }
        let forged = try await client.deliver(last, body: last.body.replacing("8000".utf8, with: "9000".utf8))
        check(forged.status == 401, "the last one with another amount in it: the app refuses it, 401")
        let again = try await client.deliver(last, body: last.body)
        check(
            again.status == 204 && app.events(of: heldPayment).count == expected.count,
            "and once more as it was: known by its webhook-id, counted once")
        let isDelivered = try await eventually {
            let events = try await client.get("/v1/events?limit=100").list("data")
            return events.count == app.events.count
                && events.allSatisfy { $0["delivery"]?["status"]?.string == "delivered" }
        }
        check(
            isDelivered && app.refused == 1,
            "in all the app took \(app.events.count) events, and refused none but the forged one")
    }

    mutating func proof() async throws {
        out.step("What the providers charged in all")
        let charges = try await client.charges()
        for charge in charges {
            func text(_ name: String) -> String { charge[name]?.string ?? "?" }
            let refunds = (charge["refunds"]?.array ?? []).compactMap { $0["amount"]?.string }
            let returned = refunds.isEmpty ? "" : ", returned \(refunds.joined(separator: " and "))"
            out.say(
                "\(Self.padded(text("provider"), 14))  \(Self.padded(text("amount"), 7)) \(text("currency"))  "
                    + text("reference") + returned)
        }
        let references = Set(charges.compactMap { $0["reference"]?.string })
        check(
            charges.count == 8 && references.count == 8,
            "eight payments took money, each was charged once, through all five providers")
        let payments = try await client.get("/v1/payments?limit=100").list("data")
        let ours = totals(
            payments.map { payment in
                let currency = payment["currency"]?.string ?? ""
                return (currency, payment["amount_captured"]?.integer ?? 0)
            })
        let theirs = totals(
            charges.map { charge in
                let code = charge["currency"]?.string ?? ""
                let money = Currency(code: code).flatMap {
                    Money(decimal: charge["amount"]?.string ?? "", currency: $0)
                }
                return (code, money?.minorUnits ?? 0)
            })
        check(!ours.isEmpty && ours == theirs, "the router's sums are the same, in every currency")
        // Other simulated providers on this machine may call port 8080 as well: theirs are kept too.
        let isKept = try await eventually {
            try await client.orphans().contains { orphan in
                orphan["provider"]?.string == "cards-main" && orphan["status"]?.string == "failed"
                    && orphan.money("amount") == "25.00 USD"
            }
        }
        check(isKept, "the callback about the declined card, whose id nobody told us, is kept for a person to see")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Minor units by currency, without those of which there is nothing.
    private func totals(_ amounts: [(currency: String, minorUnits: Int64)]) -> [String: Int64] {
        Dictionary(amounts.map { ($0.currency, $0.minorUnits) }, uniquingKeysWith: +).filter { $0.value != 0 }
    }
}
