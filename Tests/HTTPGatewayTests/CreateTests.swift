@testable import HTTPGateway
@testable import PaymentEngine
import PaymentModel
import StrictJSON
import Testing

@Suite struct CreateTests {
    @Test func handsAValidPaymentToTheEngine() async throws {
        try await Harness.run { gateway in
            let answer = try await gateway.send("POST", "/v1/payments", json: payment())
            #expect(answer.status == 201)
            #expect(gateway.recorder.asked == ["create order-1 key=key-1"])
            #expect(answer["Content-Type"] == "application/json")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(answer["Date"] == "Sat, 24 Jan 2026 10:00:00 GMT")
            #expect(gateway.recorder.requests.first?.country == Country(code: "KE"))
        }
    }
}
