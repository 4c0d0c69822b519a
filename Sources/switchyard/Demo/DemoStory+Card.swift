import StrictJSON

/// A card at PaymentGateway: held, captured in part, refunded in two steps, the second of which loses its reply.
extension DemoStory {
    private static func card(_ number: String, amount: Int, _ reference: String, capture: String) -> String {
        """
        {"amount":\(amount),"currency":"USD","method":"card","capture":"\(capture)","reference":"\(reference)",\
        "card":{"number":"\(number)","exp_month":12,"exp_year":2040,"cvv":"123","holder":"Ani P."}}
        """
    }

    mutating func heldCard() async throws {
        out.step("A card is held, captured in part, and refunded (PaymentGateway)")
        let body = Self.card("4242424242424242", amount: 12000, "order-3001", capture: "manual")
        try await explain(body)
        let held = try await create(key: "demo-card-1", body, "USD 120.00 by card, \"capture\": \"manual\"")
        show(held)
        heldPayment = held["id"]
        check(
            held.status == 201 && held["status"] == "authorized" && held.payment["amount_captured"]?.integer == 0,
            "the money is held, and nothing is taken")
        let captured = try await followUp("capture", of: held["id"], #"{"amount":8000}"#, key: "demo-capture-1")
        check(
            captured.status == 200 && captured["status"] == "captured"
                && captured.payment["amount_captured"]?.integer == 8000,
            "a part of it is taken")
        let refunded = try await followUp("refunds", of: held["id"], #"{"amount":3000}"#, key: "demo-refund-1")
        check(refunded.status == 200 && refunded["status"] == "partially_refunded", "the first refund is done")

        let poor = Self.card("4000000000009995", amount: 2500, "order-3002", capture: "automatic")
        let declined = try await create(key: "demo-card-2", poor, "USD 25.00, with a card that has no money")
        let decline = declined.payment["decline"]
        check(
            declined.status == 402 && decline?["code"]?.string == "insufficient_funds",
            "declined: 402 with \(decline?["code"]?.string ?? "?"), the gateway's code \(decline?["provider_code"]?.string ?? "?")"
        )
    }

    mutating func lostRefund() async throws {
        out.step("The second refund is done, but its reply is lost, and its callback too")
        try await client.fault("paymentgateway", "charge_then_500", operation: "refund")
        try await client.fault("paymentgateway", "drop_callback")
        let began = ContinuousClock.now
        let open = try await followUp("refunds", of: heldPayment, #"{"amount":5000}"#, key: "demo-refund-2")
        check(
            open.status == 202 && open.payment["open_operation"]?["type"]?.string == "refund",
            "202, and the refund is open: it may have been done")
        out.say("In the background the router asks the gateway for its refunds, about 5 s later …")
        let done = try await waitFor(heldPayment, status: "refunded")
        let tenths = began.duration(to: .now) / .milliseconds(100)
        check(
            done["status"] == "refunded" && done.payment["open_operation"]?.isNull == true,
            "it resolved itself after \(tenths.rounded() / 10) s: `refunded`")
        let charge = try await client.charges().last { $0["provider"]?.string == "paymentgateway" }
        let refunds = (charge?["refunds"]?.array ?? []).compactMap { $0["amount"]?.string }
        let paths = try await client.requests("paymentgateway").compactMap { $0["path"]?.string }
        check(
            refunds == ["30.00", "50.00"] && paths.count { $0.hasSuffix("/refund") } == 2
                && paths.contains { $0.contains("/transactions") },
            "it was asked after and never sent again: the gateway refunded \(refunds.joined(separator: " and "))")
    }
}
