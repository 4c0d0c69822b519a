import StrictJSON

/// Payments that the customer makes elsewhere: on Spayon's page, in AlyaPay's component, with a wallet on Waypay's page.
extension DemoStory {
    private static func checkout(_ reference: String) -> String {
        """
        {"amount":499000,"currency":"AMD","method":"checkout","reference":"\(reference)","description":"A lamp",\
        "customer":{"email":"ani@example.com","name":"Ani P."},"return_url":"https://shop.example.com/done"}
        """
    }

    private static let instalments = """
        {"amount":179900,"currency":"MAD","method":"checkout","country":"MA","reference":"order-4001",\
        "description":"A rug","return_url":"https://shop.example.com/done"}
        """

    private static let wallet = """
        {"amount":250000,"currency":"PKR","method":"wallet","country":"PK","reference":"order-5001",\
        "description":"Mangoes","wallet":{"network":"jazzcash","phone":"+923001234567"},\
        "return_url":"https://shop.example.com/done"}
        """

    mutating func hostedCheckout() async throws {
        out.step("A checkout on a provider's page, three times (Spayon)")
        try await explain(Self.checkout("order-2001"))
        var answers: [DemoAnswer] = []
        for number in 1...3 {
            answers.append(
                try await create(
                    key: "demo-checkout-\(number)", Self.checkout("order-200\(number)"),
                    number == 1 ? "AMD 4990.00, \"method\": \"checkout\", and two more" : nil))
        }
        guard let first = answers.first, let last = answers.last else { return }
        show(first)
        check(
            answers.allSatisfy { $0.status == 201 && $0["status"] == "requires_action" },
            "all three wait for the customer")
        let tokens = try await client.requests("spayon").count { $0["path"]?.string?.hasSuffix("/api/tokens") == true }
        check(tokens == 1, "one token was fetched for three payments")
        if let page = first.nextURL {
            out.say("The page (open it in a browser while the demo runs): \(page)")
        }
        try await client.settle("spayon", last["provider_reference"], "success")
        let paid = try await waitFor(last["id"], status: "captured")
        check(paid["status"] == "captured", "the third customer paid; the signed callback made it `captured`")
    }

    mutating func browserComponent() async throws {
        out.step("A customer in Morocco pays in instalments, in the shop's own page (AlyaPay)")
        try await explain(Self.instalments)
        let answer = try await create(key: "demo-alyapay-1", Self.instalments, "MAD 1799.00, \"method\": \"checkout\"")
        show(answer)
        check(
            answer.status == 201 && answer.nextAction == "client_token"
                && answer.payment["next_action"]?["token"]?.string != nil,
            "the app gets a token for AlyaPay's component in the customer's browser")
        let transaction = try await client.settle("alyapay", answer["provider_reference"], "success")
        out.say("The customer agrees there, and the component tells the app the transaction's id.")
        let paid = try await followUp(
            "sync", of: answer["id"], #"{"provider_transaction_id":"\#(transaction ?? "")"}"#)
        check(
            paid.status == 200 && paid["status"] == "captured",
            "a browser proves nothing: AlyaPay was asked, and it is `captured`")
    }

    mutating func wallet() async throws {
        out.step("A customer in Pakistan pays with a wallet; the provider signs nothing (Waypay)")
        try await explain(Self.wallet)
        let answer = try await create(key: "demo-waypay-1", Self.wallet, "PKR 2500.00 by JazzCash")
        show(answer)
        check(answer.status == 201 && answer.nextAction == "redirect", "the customer is sent to Waypay's page")
        let forged = try await client.callBack(
            "waypay-main", #"{"PaymentIntentId":"\#(answer["provider_reference"] ?? "")","CurrentStatus":"Completed"}"#)
        check(forged.status == 401, "a callback from somewhere that says `Completed` is refused: 401")
        let before = try await inquiries()
        try await client.settle("waypay", answer["provider_reference"], "success")
        let paid = try await waitFor(answer["id"], status: "captured")
        let asked = try await inquiries() - before
        check(
            paid["status"] == "captured" && asked > 0,
            "one with our token in its address is not believed either: Waypay was asked, and it is `captured`")
    }

    /// How often Waypay was asked after a payment.
    private func inquiries() async throws -> Int {
        try await client.requests("waypay").count { $0["path"]?.string?.contains("/Transaction/by-ref/") == true }
    }
}
