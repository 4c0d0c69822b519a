import StrictJSON

/// The demo's steps, told for somebody who has never seen the project. Every claim that it prints is checked.
///
/// The steps are in the extensions: the phone payments, the card, the pages, and what can be proved in the end.
struct DemoStory {
    let client: DemoClient
    let app: ShopApp
    let out: DemoOutput
    private(set) var failures: [String] = []
    /// The card payment that was held: what the app heard of it is shown in the end.
    var heldPayment: String?

    init(client: DemoClient, app: ShopApp, out: DemoOutput) {
        self.client = client
        self.app = app
        self.out = out
    }

    /// Tells all of it. What did not come out right is in `failures`.
    mutating func run() async throws {
        try await mobileMoney()
        try await replay()
        try await outage()
        try await chargedWithoutReply()
        try await unknownPayment()
        try await heldCard()
        try await lostRefund()
        try await hostedCheckout()
        try await browserComponent()
        try await wallet()
        try await events()
        try await proof()
    }

    // MARK: Parts of a step

    /// Makes a payment. `summary` says it in words; without it nothing is shown.
    func create(key: String, _ body: String, _ summary: String? = nil) async throws -> DemoAnswer {
        if let summary { out.say("POST /v1/payments   \(summary)") }
        return try await client.post("/v1/payments", body, key: key)
    }

    /// A follow-up of a payment, and what came of it, on one line.
    func followUp(_ name: String, of id: String?, _ body: String, key: String? = nil) async throws -> DemoAnswer {
        let answer = try await client.post("/v1/payments/\(id ?? "")/\(name)", body, key: key)
        let payment = answer.payment
        var line = "POST …/\(name) \(body)  → \(answer.status)  \(payment["status"]?.string ?? answer["code"] ?? "")"
        line += ", \(payment.money("amount_captured")) taken"
        if payment["amount_refunded"]?.integer != 0 { line += ", \(payment.money("amount_refunded")) returned" }
        if let open = payment["open_operation"]?["type"]?.string { line += ", open: \(open)" }
        out.say(line)
        return answer
    }

    /// Says which route the payment takes, and why.
    func explain(_ body: String) async throws {
        let decision = try await client.post("/v1/routes/explain", body)
        let providers = decision.list("providers").compactMap { provider -> String? in
            guard let name = provider["provider"]?.string else { return nil }
            return provider["use"]?.bool == true ? name : "(\(name): \(provider["reason"]?.string ?? ""))"
        }
        out.say(
            "Route \(decision["route"] ?? "none"), because \(decision["reason"] ?? ""): \(providers.joined(separator: ", then "))"
        )
    }

    /// What was answered. A first try that was accepted needs no line: the answer names its provider.
    func show(_ answer: DemoAnswer) {
        let attempts = answer.attempts
        if attempts.count > 1 {
            for attempt in attempts { out.say("tried  \(attempt)") }
        }
        var line = "→ \(answer.status)  \(answer["id"] ?? answer["code"] ?? "")  \(answer["status"] ?? "?")"
        if let provider = answer["provider"] { line += " at \(provider)" }
        if let action = answer.nextAction { line += ", next: \(action)" }
        out.say(line)
    }

    /// The payment once it has that status, or as it is after twenty seconds.
    func waitFor(_ id: String?, status: String) async throws -> DemoAnswer {
        let path = "/v1/payments/\(id ?? "")"
        _ = try await eventually { try await client.get(path)["status"] == status }
        return try await client.get(path)
    }

    /// Whether it holds within twenty seconds.
    func eventually(_ holds: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if try await holds() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try await holds()
    }

    mutating func check(_ holds: Bool, _ claim: String) {
        out.verdict(holds, claim)
        if !holds { failures.append(claim) }
    }
}
