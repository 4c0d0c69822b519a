import StrictJSON

/// The demo's steps, told for somebody who has never seen the project. Every claim that it prints is checked.
struct DemoStory {
    let client: DemoClient
    let out = DemoOutput()
    private(set) var failures: [String] = []

    private static let phonePayment = """
        {"amount":10000,"currency":"KES","method":"mobile_money","country":"KE","reference":"order-1001",\
        "description":"Two shirts","customer":{"id":"user-42","name":"A. Wanjiru"},\
        "mobile_money":{"phone":"+254712345678","network":"mpesa"}}
        """

    private static let checkout = """
        {"amount":499000,"currency":"AMD","method":"checkout","reference":"order-2001","description":"A lamp",\
        "customer":{"email":"ani@example.com","name":"Ani P."},"return_url":"https://shop.example.com/done"}
        """

    init(client: DemoClient) {
        self.client = client
    }

    /// Tells all of it. What did not come out right is in `failures`.
    mutating func run() async throws {
        try await mobileMoney()
        try await replay()
        try await outage()
        try await chargedWithoutReply()
        try await hostedCheckout()
        try await proof()
    }

    // MARK: Steps

    private mutating func mobileMoney() async throws {
        out.step("A customer in Kenya pays by phone")
        let answer = try await create(key: "demo-phone-1", Self.phonePayment)
        try await explain(Self.phonePayment)
        show(answer)
        check(answer.status == 201, "the payment is accepted: 201")
        check(answer["provider"] == "payalo-ke", "the route's first provider took it")
        out.say("The provider prompts the customer's phone; the sandbox plays the customer and approves.")
        try await settle("payalo", answer["provider_reference"], "success")
        let paid = try await waitFor(answer["id"], status: "captured")
        check(paid["status"] == "captured", "the provider's callback arrived, was verified, and made it `captured`")
    }

    private mutating func replay() async throws {
        out.step("The app did not get the answer, and sends the same request again")
        let before = try await client.charges().count
        let answer = try await create(key: "demo-phone-1", Self.phonePayment, quiet: true)
        out.say("POST /v1/payments with the same Idempotency-Key: demo-phone-1")
        out.say("→ \(answer.status), Idempotency-Replayed: \(answer.header("idempotency-replayed") ?? "missing")")
        check(
            answer.header("idempotency-replayed") == "true",
            "the first answer is given again; nothing is sent to a provider")
        let after = try await client.charges().count
        check(after == before, "the provider charged once")
        let other = try await create(
            key: "demo-phone-1", Self.phonePayment.replacing("10000", with: "20000"), quiet: true)
        check(other.status == 409, "the same key with another amount is refused: 409 \(other["code"] ?? "")")
    }

    private mutating func outage() async throws {
        out.step("The first provider goes down")
        try await client.fault("payalo", "refuse")
        out.say("payalo-ke refuses connections from now on.")
        let body = Self.phonePayment.replacing("order-1001", with: "order-1002")
        let answer = try await create(key: "demo-phone-2", body)
        show(answer)
        check(
            answer.status == 201 && answer["provider"] == "payalo-backup", "the payment survived: payalo-backup took it"
        )
        check(
            answer.attempts.first?.contains("connect_refused") == true,
            "failover was allowed because the connection was refused: nothing can have been charged")
        try await client.clearFaults()
        try await settle("payalo", answer["provider_reference"], "success")
        let paid = try await waitFor(answer["id"], status: "captured")
        check(paid["status"] == "captured", "and it was captured")
        out.say("payalo-ke is back.")
    }

    private mutating func chargedWithoutReply() async throws {
        out.step("A provider takes the money and then answers with an error")
        try await client.fault("payalo", "charge_then_500")
        let body = Self.phonePayment.replacing("order-1001", with: "order-1003")
        let before = try await client.charges().count
        let answer = try await create(key: "demo-phone-3", body)
        show(answer)
        check(
            answer.status == 201 && answer["status"] == "captured",
            "asked by our reference, the provider has the charge: captured")
        check(
            answer["provider"] == "payalo-ke", "nobody else was tried: after an unclear answer that could charge twice")
        let after = try await client.charges().count
        check(after == before + 1, "the customer was charged once")
    }

    private mutating func hostedCheckout() async throws {
        out.step("A checkout on a provider's page, three times")
        var answers: [DemoAnswer] = []
        for number in 1...3 {
            let body = Self.checkout.replacing("order-2001", with: "order-200\(number)")
            answers.append(try await create(key: "demo-checkout-\(number)", body, quiet: number > 1))
        }
        guard let first = answers.first else { return }
        try await explain(Self.checkout)
        show(first)
        check(
            answers.allSatisfy { $0.status == 201 && $0["status"] == "requires_action" },
            "all three wait for the customer")
        let tokens = try await client.requests("spayon").count { $0["path"]?.string?.hasSuffix("/api/tokens") == true }
        check(tokens == 1, "one token was fetched for three payments")
        if let page = first.nextURL {
            out.say("The customer's page (open it in a browser while the demo runs): \(page)")
        }
        guard let last = answers.last else { return }
        try await settle("spayon", last["provider_reference"], "success")
        let paid = try await waitFor(last["id"], status: "captured")
        check(paid["status"] == "captured", "the third customer paid; the signed callback made it `captured`")
    }

    private mutating func proof() async throws {
        out.step("What the providers charged in all")
        var seen: Set<String> = []
        var isOnce = true
        for charge in try await client.charges() {
            let reference = charge["reference"]?.string ?? "?"
            isOnce = seen.insert(reference).inserted && isOnce
            out.say(
                "\(charge["provider"]?.string ?? "?")  \(charge["amount"]?.string ?? "?") \(charge["currency"]?.string ?? "?")  \(reference)"
            )
        }
        check(isOnce && seen.count == 4, "four payments were made, and each was charged once")
    }

    // MARK: Helpers

    private func create(key: String, _ body: String, quiet: Bool = false) async throws -> DemoAnswer {
        if !quiet {
            out.say("POST /v1/payments   Idempotency-Key: \(key)")
            out.detail(body)
        }
        return try await client.post("/v1/payments", body, key: key)
    }

    private func explain(_ body: String) async throws {
        let decision = try await client.post("/v1/routes/explain", body)
        let providers = decision.list("providers").compactMap { provider -> String? in
            guard let name = provider["provider"]?.string else { return nil }
            return provider["use"]?.bool == true ? name : "(\(name): \(provider["reason"]?.string ?? ""))"
        }
        out.say(
            "Route \(decision["route"] ?? "none"), because \(decision["reason"] ?? ""): \(providers.joined(separator: ", then "))"
        )
    }

    private func show(_ answer: DemoAnswer) {
        for attempt in answer.attempts { out.say("tried  \(attempt)") }
        var line = "→ \(answer.status)  \(answer["id"] ?? answer["code"] ?? "")  \(answer["status"] ?? "")"
        if let action = answer.nextAction { line += ", next: \(action)" }
        out.say(line)
    }

    private func settle(_ provider: String, _ reference: String?, _ outcome: String) async throws {
        try await client.settle(provider, reference ?? "", outcome)
    }

    /// The payment once it has that status, or as it is after ten seconds.
    private func waitFor(_ id: String?, status: String) async throws -> DemoAnswer {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let answer = try await client.get("/v1/payments/\(id ?? "")")
            if answer["status"] == status || ContinuousClock.now > deadline { return answer }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private mutating func check(_ holds: Bool, _ claim: String) {
        out.verdict(holds, claim)
        if !holds { failures.append(claim) }
    }
}
