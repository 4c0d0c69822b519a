import AsyncHTTPClient
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Waypay: faults", .timeLimit(.minutes(5)))
struct WaypayFaultTests {
    @Test(arguments: [("500", 500), ("503", 503), ("html_502", 502), ("rate_limit", 429), ("token_revoked", 401)])
    func `answered with a failure and nothing was processed`(fault: String, status: Int) async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"waypay","fault":"\#(fault)""#)
            let answer = try await sandbox.checkout("ORD1")
            #expect(answer.status == status)
            #expect(answer.header("Retry-After") == (status == 429 ? "1" : nil))
            #expect((answer["code"] != nil) == (status != 502))
            #expect(try await sandbox.checkout("ORD1").status == 200)
        }
    }

    @Test(arguments: ["refuse", "reset_before_reply"])
    func `the connection goes and nothing was processed`(fault: String) async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"waypay","fault":"\#(fault)""#)
            await #expect(throws: (any Error).self) { try await sandbox.checkout("ORD1") }
            #expect(try await sandbox.checkout("ORD1").status == 200)
        }
    }

    @Test(arguments: ["charge_then_500", "garbage_json"])
    func `the reply is lost, the reference is used, and nobody has paid`(fault: String) async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"waypay","fault":"\#(fault)""#)
            let answer = try await sandbox.checkout("ORD1")
            #expect(answer["checkoutUrl"] == nil)
            #expect(try await sandbox.charges() == [])
            #expect(try await sandbox.checkout("ORD1").status == 422)
            // The session is there, and can still be paid by whoever finds its page.
            #expect(try await sandbox.settle("waypay", "ORD1", "success").status == 200)
        }
    }

    @Test func `charge_then_timeout never answers`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"waypay","fault":"charge_then_timeout""#)
            await #expect(throws: HTTPClientError.deadlineExceeded) {
                try await sandbox.call(
                    .POST, "/waypay/Gateway/v1/Payment/initiate-checkout", headers: Harness.waypayKey,
                    body: WaypayRequest("ORD1").body, timeout: .milliseconds(300))
            }
            #expect(try await sandbox.charges() == [])
            #expect(try await sandbox.checkout("ORD1").status == 422)
        }
    }

    @Test(arguments: [true, false])
    func `wrong_amount stays with the transaction, armed before or after its create`(before: Bool) async throws {
        try await withSandbox { sandbox in
            let arm = { try await sandbox.fault(#""provider":"waypay","fault":"wrong_amount""#) }
            if before {
                try await arm()
                // What is refused, and what is not there, uses up nothing.
                #expect(try await sandbox.checkout("ORD0", amount: "5").status == 422)
                #expect(try await sandbox.waypayStatus("ORD0").status == 404)
            }
            _ = try await sandbox.checkout("ORD1", amount: "99.50")
            if !before { try await arm() }
            try await sandbox.settle("waypay", "ORD1", "success")
            let data = await sandbox.receiver.deliveries(1).last?.json?["data"]
            #expect(data?["Amount"]?.number?.text == "100.50")
            #expect(try await sandbox.waypayStatus("ORD1").json?["amount"]?.number?.text == "100.50")
            #expect(try await sandbox.charges() == ["waypay ORD1 99.50 PKR captured"])
        }
    }

    @Test func `webhooks are dropped, doubled and out of order`() async throws {
        try await withSandbox { sandbox in
            for fault in ["drop_callback", "duplicate_callback", "out_of_order_callback"] {
                try await sandbox.fault(#""provider":"waypay","fault":"\#(fault)""#)
            }
            for reference in ["A", "B", "C"] { _ = try await sandbox.checkout(reference) }
            try await sandbox.settle("waypay", "A", "success")
            try await sandbox.settle("waypay", "B", "success")
            let doubled = await sandbox.receiver.deliveries(2)
            #expect(doubled.first?.body == doubled.last?.body)
            #expect(doubled.first?.json?["data"]?["OrderRef"]?.string?.contains(#""OrderRef":"B""#) == true)
            try await sandbox.settle("waypay", "C", "success")
            let words = await sandbox.receiver.deliveries(4).suffix(2).map {
                $0.json?["data"]?["CurrentStatus"]?.string
            }
            #expect(words == ["Completed", "Pending"])
        }
    }

    @Test func `faults can be narrowed to the lookup`() async throws {
        try await withSandbox { sandbox in
            try await sandbox.fault(#""provider":"waypay","fault":"503","operation":"status""#)
            _ = try await sandbox.checkout("ORD1")
            try await sandbox.settle("waypay", "ORD1", "success")
            #expect(try await sandbox.waypayStatus("ORD1").status == 503)
            #expect(try await sandbox.waypayStatus("ORD1").status == 200)
        }
    }
}
