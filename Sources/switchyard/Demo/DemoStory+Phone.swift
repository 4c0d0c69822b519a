import StrictJSON

/// Mobile money at Payalo: the usual way, and what may go wrong on it.
extension DemoStory {
    /// As the first step shows it, line by line.
    private static let phonePayment = [
        #"{"amount":10000,"currency":"KES","method":"mobile_money","country":"KE","#,
        #" "reference":"order-1001","description":"Two shirts","#,
        #" "mobile_money":{"phone":"+254712345678","network":"mpesa"}}"#,
    ]

    private static func phonePayment(_ reference: String, amount: String = "10000") -> String {
        phonePayment.joined().replacing("order-1001", with: reference).replacing("10000", with: amount)
    }

    mutating func mobileMoney() async throws {
        out.step("A customer in Kenya pays by phone (Payalo)")
        let answer = try await create(
            key: "demo-phone-1", Self.phonePayment("order-1001"), "with Idempotency-Key: demo-phone-1")
        for line in Self.phonePayment { out.detail(line) }
        try await explain(Self.phonePayment("order-1001"))
        show(answer)
        check(
            answer.status == 201 && answer["provider"] == "payalo-ke",
            "accepted: 201, and the route's first provider took it")
        out.say("The provider prompts the customer's phone; the sandbox plays the customer and approves.")
        try await client.settle("payalo", answer["provider_reference"], "success")
        let paid = try await waitFor(answer["id"], status: "captured")
        check(paid["status"] == "captured", "the provider's callback arrived and made it `captured`")
    }

    mutating func replay() async throws {
        out.step("The app did not get the answer, and sends the same request again")
        let before = try await client.charges().count
        let answer = try await create(
            key: "demo-phone-1", Self.phonePayment("order-1001"), "with the same Idempotency-Key")
        out.say("→ \(answer.status), Idempotency-Replayed: \(answer.header("idempotency-replayed") ?? "missing")")
        let after = try await client.charges().count
        check(
            answer.header("idempotency-replayed") == "true" && after == before,
            "the first answer is given again; nobody is charged")
        let other = try await create(key: "demo-phone-1", Self.phonePayment("order-1001", amount: "20000"))
        check(other.status == 409, "the same key with another amount is refused: 409 \(other["code"] ?? "")")
    }

    mutating func outage() async throws {
        out.step("The first provider goes down")
        try await client.fault("payalo", "refuse")
        out.say("payalo-ke refuses connections from now on.")
        let answer = try await create(key: "demo-phone-2", Self.phonePayment("order-1002"), "KES 100.00 by phone")
        show(answer)
        check(
            answer.status == 201 && answer["provider"] == "payalo-backup"
                && answer.attempts.first?.contains("connect_refused") == true,
            "payalo-backup took it: the connection was refused, so nothing can have been charged before")
        try await client.clearFaults()
        try await client.settle("payalo", answer["provider_reference"], "success")
        let paid = try await waitFor(answer["id"], status: "captured")
        check(paid["status"] == "captured", "and it was captured; payalo-ke is back")
    }

    mutating func chargedWithoutReply() async throws {
        out.step("A provider takes the money and then answers with an error")
        try await client.fault("payalo", "charge_then_500")
        // Only asking can tell.
        try await client.fault("payalo", "drop_callback")
        let before = try await client.charges().count
        let answer = try await create(key: "demo-phone-3", Self.phonePayment("order-1003"), "KES 100.00 by phone")
        show(answer)
        check(
            answer.status == 201 && answer["status"] == "captured",
            "asked by our reference, the provider has the charge: captured")
        let after = try await client.charges().count
        check(
            answer.tried == ["payalo-ke"] && after == before + 1,
            "nobody else was tried, which could charge twice: the customer was charged once")
    }

    mutating func unknownPayment() async throws {
        out.step("Nobody knows what became of a payment, until somebody does")
        try await client.fault("payalo", "garbage_json", operation: "create")
        try await client.fault("payalo", "500", operation: "status", count: 100)
        out.say("payalo-ke's reply breaks off in the middle, and asking it fails as well.")
        let answer = try await create(key: "demo-phone-4", Self.phonePayment("order-1004"), "KES 100.00 by phone")
        show(answer)
        check(
            answer.status == 202 && answer["status"] == "unknown" && answer.tried == ["payalo-ke"],
            "unknown is not failed: 202, and nobody else was tried")
        out.say("The customer approves on the phone after all; asking still fails, but the callback arrives.")
        let orders = try await client.requests("payalo").filter { $0["method"]?.string == "POST" }
        let order = orders.last?["body"]?.string.flatMap { try? JSONValue(parsing: $0) }
        try await client.settle("payalo", order?["merchantReference"]?.string, "success")
        let paid = try await waitFor(answer["id"], status: "captured")
        check(paid["status"] == "captured", "it resolved itself: `unknown` became `captured`")
        try await client.clearFaults()
    }
}
