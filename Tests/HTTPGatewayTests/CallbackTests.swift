import HTTPTypes
@testable import HTTPGateway
@testable import PaymentEngine
import ProviderKit
import Testing

/// What providers send: deliveries, and the customer's browser.
@Suite struct CallbackTests {
    @Test func deliveriesReachTheEngineAsTheyCame() async throws {
        try await Harness.run { gateway in
            let body: [UInt8] = Array(#"{ "status" : "OK" }"#.utf8) + [0xFF, 0x00]
            let fields = [("Content-Type", "text/plain"), ("X-Signature", "abc"), ("X-Signature", "def")]
            let answer = try await gateway.send("POST", "/webhooks/payalo-ke/pay_1.abc%2Bd?x=1", fields, body: body)
            #expect(answer.status == 200)
            #expect(String(decoding: answer.body, as: UTF8.self) == #"{"status":"ok"}"#)
            let bare = try await gateway.send("POST", "/webhooks/payalo-ke", [])
            #expect(bare.status == 200)
            #expect(
                gateway.recorder.asked == [
                    "callback payalo-ke pay_1.abc+d from 127.0.0.1", "callback payalo-ke - from 127.0.0.1",
                ])
            let delivery = try #require(gateway.recorder.deliveries.first)
            #expect(delivery.body == body)
            let name = try #require(HTTPField.Name("x-signature"))
            #expect(delivery.headers[values: name] == ["abc", "def"])
            #expect(delivery.receivedAt == gateway.environment.wallClock)
        }
    }

    @Test func verdictsOfTheEngineAreStatuses() async throws {
        try await Harness.run { gateway in
            let table: [(CallbackAnswer, Int, String?)] = [
                (.accepted, 200, nil), (.refused, 401, "unauthenticated"), (.unknownProvider, 404, "not-found"),
                (.notKept, 503, "payment-store-full"),
            ]
            for (verdict, status, code) in table {
                gateway.recorder.script.callback = verdict
                let answer = try await gateway.send("POST", "/webhooks/p/t", [], body: Array("{}".utf8))
                #expect(answer.status == status)
                #expect(answer.code == code)
            }
        }
    }

    @Test func browsersGoOnToTheReturnAddress() async throws {
        try await Harness.run { gateway in
            gateway.recorder.script.returnAddress = "https://shop.example.com/done"
            let answer = try await gateway.send("GET", "/webhooks/waypay/pay_1.abc?status=ok", [])
            #expect(answer.status == 303)
            #expect(answer["Location"] == "https://shop.example.com/done")
            #expect(answer["Referrer-Policy"] == "no-referrer")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(answer.body.isEmpty)
            gateway.recorder.script.returnAddress = nil
            let unknown = try await gateway.send("GET", "/webhooks/waypay/pay_1.abd", [])
            #expect(unknown.status == 404)
            #expect(gateway.recorder.asked == ["return waypay pay_1.abc", "return waypay pay_1.abd"])
        }
    }
}
