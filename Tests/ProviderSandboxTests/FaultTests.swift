import AsyncHTTPClient
import ServiceLifecycle
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Faults", .timeLimit(.minutes(5)))
struct FaultTests {
    @Test func `charge_then_timeout takes the money and never answers`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"payalo","fault":"charge_then_timeout""#)
            await #expect(throws: HTTPClientError.deadlineExceeded) {
                try await sandbox.payin("order-1", timeout: .milliseconds(300))
            }
            #expect(try await sandbox.payaloStatus("order-1")["status"] == "success")
            #expect(try await sandbox.charges() == ["payalo order-1 100.00 KES captured"])
            #expect(await sandbox.receiver.deliveries(1).map(\.status) == ["success"])
            #expect(try await sandbox.payin("order-1").status == 422)
        }
    }

    @Test func `charge_then_500 takes the money and answers 500`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"payalo","fault":"charge_then_500""#)
            // Only creates are hit.
            #expect(try await sandbox.payaloStatus("order-1").status == 404)
            let answer = try await sandbox.payin("order-1")
            #expect(answer.status == 500)
            #expect(answer["errorCode"] == "internal_server_error")
            #expect(try await sandbox.charges() == ["payalo order-1 100.00 KES captured"])
        }
    }

    @Test func `a Spayon session that nobody saw takes no money`() async throws {
        try await withSandbox { sandbox in
            let bearer = try await sandbox.bearer()
            try await sandbox.fault(#""provider":"spayon","fault":"charge_then_500""#)
            #expect(try await sandbox.session("ORDER_1", bearer: bearer).status == 500)
            #expect(try await sandbox.charges() == [])
            #expect(try await sandbox.settle("spayon", "ORDER_1", "success").status == 200)
        }
    }

    @Test(arguments: ["reset_before_reply", "refuse"])
    func `the connection goes and nothing was processed`(fault: String) async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"payalo","fault":"\#(fault)""#)
            await #expect(throws: (any Error).self) { try await sandbox.payin("order-1") }
            #expect(try await sandbox.payaloStatus("order-1").status == 404)
            #expect(try await sandbox.payin("order-1").status == 200)
        }
    }

    @Test(arguments: [("500", 500), ("503", 503), ("html_502", 502), ("rate_limit", 429)])
    func `answered with a failure and nothing was processed`(fault: String, status: Int) async throws {
        try await withSandbox { sandbox in
            for provider in ["payalo", "spayon"] {
                try await sandbox.fault(#""provider":"\#(provider)","fault":"\#(fault)""#)
            }
            let answers = [try await sandbox.payin("order-1"), try await sandbox.token()]
            for answer in answers {
                #expect(answer.status == status)
                #expect(answer.header("Retry-After") == (status == 429 ? "1" : nil))
                #expect(answer.body.contains("<html>") == (status == 502))
            }
            #expect(try await sandbox.payaloStatus("order-1").status == 404)
            #expect(try await sandbox.token().status == 200)
        }
    }

    @Test func `slow is late and otherwise normal`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"payalo","fault":"slow","delay_ms":150"#)
            let start = ContinuousClock.now
            #expect(try await sandbox.payin("order-1").status == 200)
            #expect(ContinuousClock.now - start >= .milliseconds(150))
        }
    }

    @Test func `token_revoked ends all tokens`() async throws {
        try await withSandbox { sandbox in
            let first = try await sandbox.bearer()
            let second = try await sandbox.bearer()
            try await sandbox.fault(#""provider":"spayon","fault":"token_revoked""#)
            // Getting a token is not an authenticated call: the fault waits for one.
            let third = try await sandbox.bearer()
            #expect(try await sandbox.session("ORDER_1", bearer: first).status == 401)
            #expect(try await sandbox.session("ORDER_1", bearer: second).status == 401)
            #expect(try await sandbox.session("ORDER_1", bearer: third).status == 401)
            #expect(try await sandbox.session("ORDER_1", bearer: try await sandbox.bearer()).status == 200)

            try await sandbox.fault(#""provider":"payalo","fault":"token_revoked""#)
            #expect(try await sandbox.payin("order-1").status == 401)
            #expect(try await sandbox.payin("order-1").status == 200)
        }
    }

    @Test func `garbage_json processes and answers with half of it`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"payalo","fault":"garbage_json""#)
            let answer = try await sandbox.payin("order-1")
            #expect(answer.status == 200)
            #expect(answer.json == nil)
            #expect(try await sandbox.payaloStatus("order-1")["status"] == "pending")
        }
    }

    @Test(arguments: [true, false])
    func `wrong_amount stays with the transaction, armed before or after its create`(before: Bool) async throws {
        try await withSandbox { sandbox in
            let bearer = try await sandbox.bearer()
            let arm = {
                for provider in ["payalo", "spayon"] {
                    try await sandbox.fault(#""provider":"\#(provider)","fault":"wrong_amount""#)
                }
            }
            if before {
                try await arm()
                // A refused order touches no transaction and uses up nothing.
                #expect(try await sandbox.payin("refused", amount: "0").status == 400)
                #expect(try await sandbox.spayonStatus("nope", bearer: bearer).status == 404)
            }
            _ = try await sandbox.payin("order-1", amount: "99.00")
            let id = try #require(try await sandbox.session("ORDER_1", bearer: bearer)["session_id"])
            if !before { try await arm() }

            try await sandbox.settle("payalo", "order-1", "success")
            let payalo = try #require(await sandbox.receiver.deliveries(1).last)
            try await sandbox.settle("spayon", id, "success")
            let spayon = try #require(await sandbox.receiver.deliveries(2).last)
            #expect(payalo.json?["requestedAmount"]?["value"]?.number?.text == "99.00")
            #expect(payalo.json?["finalAmount"]?["value"]?.number?.text == "100.00")
            #expect(spayon.json?["price"]?.string == "1001")
            #expect(try await sandbox.payaloStatus("order-1").body == payalo.body)
            #expect(try await sandbox.spayonStatus(id, bearer: bearer).body == spayon.body)
            // What was taken is what was ordered, and the next one is right again.
            #expect(
                try await sandbox.charges() == [
                    "payalo order-1 99.00 KES captured", "spayon ORDER_1 1000 AMD captured",
                ])
            _ = try await sandbox.payin("order-2")
            try await sandbox.settle("payalo", "order-2", "success")
            let next = await sandbox.receiver.deliveries(3).last
            #expect(next?.json?["finalAmount"]?["value"]?.number?.text == "100.00")
        }
    }

    @Test func `callbacks are dropped, doubled and out of order`() async throws {
        try await withSandbox { sandbox in
            for fault in ["drop_callback", "duplicate_callback", "out_of_order_callback"] {
                try await sandbox.fault(#""provider":"payalo","fault":"\#(fault)""#)
            }
            for reference in ["dropped", "doubled", "reordered"] { _ = try await sandbox.payin(reference) }
            try await sandbox.settle("payalo", "dropped", "success")
            try await sandbox.settle("payalo", "doubled", "success")
            let doubled = await sandbox.receiver.deliveries(2)
            let references = doubled.map { $0.json?["merchantReference"]?.string }
            #expect(references == ["doubled", "doubled"])
            #expect(doubled.first?.body == doubled.last?.body)
            try await sandbox.settle("payalo", "reordered", "success")
            #expect(await sandbox.receiver.deliveries(4).suffix(2).map(\.status) == ["success", "pending"])
            #expect(try await sandbox.charges().count == 3)
        }
    }

    @Test func `an older failure is told after the payment`() async throws {
        try await withSandbox { sandbox in
            let bearer = try await sandbox.bearer()
            _ = try await sandbox.session("ORDER_1", bearer: bearer)
            try await sandbox.settle("spayon", "ORDER_1", "failed")
            _ = await sandbox.receiver.deliveries(1)
            try await sandbox.fault(#""provider":"spayon","fault":"out_of_order_callback""#)
            try await sandbox.settle("spayon", "ORDER_1", "success")
            let deliveries = await sandbox.receiver.deliveries(3)
            #expect(deliveries.map(\.status) == ["failed", "paid", "failed"])
            #expect(deliveries.first?.body == deliveries.last?.body)
        }
    }

    @Test func `the callback overtakes the create's reply`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"payalo","fault":"out_of_order_callback","operation":"create""#)
            let answer = try await sandbox.payin("order-1")
            #expect(answer["status"] == "pending")
            #expect(sandbox.receiver.deliveries.map(\.status) == ["success"])
        }
    }

    @Test func `after lets requests pass, count repeats, operation narrows, DELETE clears`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(
                #""provider":"payalo","fault":"503","after":1,"count":2,"operation":"create""#)
            var statuses: [Int] = []
            for reference in ["a", "b", "b", "c"] {
                statuses.append(try await sandbox.payin(reference).status)
                #expect(try await sandbox.payaloStatus("a").status == 200)
            }
            #expect(statuses == [200, 503, 503, 200])

            try await sandbox.fault(#""provider":"payalo","fault":"500","count":5"#)
            #expect(try await sandbox.payaloStatus("a").status == 500)
            #expect(try await sandbox.call(.DELETE, "/_sandbox/faults").status == 200)
            #expect(try await sandbox.payaloStatus("a").status == 200)
        }
    }

    @Test(arguments: [true, false])
    func `an unanswered call keeps neither its caller nor the sandbox from leaving`(graceful: Bool) async throws {
        try await withSandbox { sandbox in
            let other = Sandbox(SandboxConfiguration(port: 0), logger: Harness.silent)
            let services = ServiceGroup(
                configuration: ServiceGroupConfiguration(services: [other], logger: Harness.silent))
            let running = Task { try await services.run() }
            let port = await other.port()
            _ = try await sandbox.call(
                .POST, "/_sandbox/faults", body: #"{"provider":"payalo","fault":"charge_then_timeout"}"#, port: port)
            let hanging = Task {
                try await sandbox.call(
                    .POST, "/payalo/gateway/mmo/v2/direct/payin/mpesa-ke", headers: Harness.payaloKey,
                    body: sandbox.payaloOrder("order-1"), port: port)
            }
            // The money is taken just before the wait begins.
            while try await sandbox.call(.GET, "/_sandbox/charges", port: port).json?["charges"]?.array?.isEmpty
                != false
            {
                await Task.yield()
            }
            if graceful { await services.triggerGracefulShutdown() } else { running.cancel() }
            await #expect(throws: (any Error).self) { try await hanging.value }
            _ = await running.result
        }
    }

    // MARK: Listeners of their own

    @Test func `refuse closes a provider's own listener until cleared`() async throws {
        try await withSandbox(SandboxConfiguration(ownListeners: true)) { sandbox in
            let payalo = await sandbox.sandbox.port(of: "payalo")
            let spayon = await sandbox.sandbox.port(of: "spayon")
            #expect(Set([payalo, spayon, sandbox.port]).count == 3)
            let create =
                {
                    try await sandbox.call(
                        .POST, "/gateway/mmo/v2/direct/payin/mpesa-ke",
                        // Each on a connection of its own: a kept one that is just being closed fails otherwise.
                        headers: Harness.payaloKey.merging(["Connection": "close"]) { $1 },
                        body: sandbox.payaloOrder("order-\($0)"), port: payalo)
                } as (Int) async throws -> Harness.Answer
            #expect(try await create(1).status == 200)

            try await sandbox.fault(#""provider":"payalo","fault":"refuse""#)
            for attempt in 2...4 {
                let error = await #expect(throws: (any Error).self) { try await create(attempt) }
                let text = String(describing: try #require(error))
                #expect(text.lowercased().contains("refused"))
            }
            let other = try await sandbox.call(.GET, "/api/product/session/x", port: spayon)
            #expect(other.status == 401)

            _ = try await sandbox.call(.DELETE, "/_sandbox/faults")
            #expect(await sandbox.sandbox.port(of: "payalo") == payalo)
            #expect(try await create(5).status == 200)
            // One brand behind both doors.
            #expect(try await sandbox.payaloStatus("order-5").status == 200)
        }
    }

    @Test func `refuse with after closes the listener once that many were answered`() async throws {
        try await withSandbox(SandboxConfiguration(ownListeners: true)) { sandbox in
            let port = await sandbox.sandbox.port(of: "spayon")
            let call = { try await sandbox.call(.GET, "/api/product/session/x", port: port) }
            try await sandbox.fault(#""provider":"spayon","fault":"refuse","after":2"#)
            for _ in 0..<2 { #expect(try await call().status == 401) }
            let error = await #expect(throws: (any Error).self) { try await call() }
            let text = String(describing: try #require(error))
            #expect(text.lowercased().contains("refused"))
            _ = try await sandbox.call(.DELETE, "/_sandbox/faults")
            #expect(try await call().status == 401)
        }
    }

    @Test func `a hosted page is reached where the session was opened`() async throws {
        try await withSandbox(SandboxConfiguration(ownListeners: true)) { sandbox in
            let port = await sandbox.sandbox.port(of: "spayon")
            let created = try await sandbox.call(
                .POST, "/api/product/session", headers: try await sandbox.bearer(),
                body: sandbox.spayonOrder("ORDER_1"), port: port)
            let id = try #require(created["session_id"])
            #expect(created["session_url"] == "http://127.0.0.1:\(port)/pay/\(id)")
            #expect(try await sandbox.call(.GET, "/pay/\(id)", port: port).status == 200)
        }
    }
}
