@testable import PaymentEngine
import PaymentModel
import Testing

struct EventSignatureTests {
    /// The example of the Standard Webhooks libraries.
    @Test func publishedVector() {
        let signature = EventSignature.make(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330,
            body: Array(#"{"test": 2432232314}"#.utf8), secret: Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }
}
