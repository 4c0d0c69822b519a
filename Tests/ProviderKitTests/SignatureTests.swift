import PaymentModel
import ProviderKit
import Testing

@Suite struct SignatureTests {
    struct Vector: Sendable {
        let key: String
        let text: String
        let hex: String
    }

    static let vectors: [Vector] = [
        // RFC 4231, test case 2.
        Vector(
            key: "Jefe", text: "what do ya want for nothing?",
            hex: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        // The vectors of the providers' digests, computed apart from this code.
        Vector(
            key: "whsec_test",
            text: "2026-02-17T14:30:00.000Z.{\"event\":\"transaction.cancelled\",\"data\":{\"id\":\"t1\"}}",
            hex: "8c1dfae1faf7e74fa2d9b7dcfd5792b785f1012c7c8f88bd80430ca0e6d53e7d"),
        Vector(
            key: "whsec_test", text: "{\"event\":\"payment.authorized\",\"id\":\"evt_abc123def456\"}",
            hex: "b0339e5e6f9c935768b5347fb9223e02a09621263d807595bb5734dce934b1ab"),
        Vector(
            key: "callback_secret_test",
            text: "{\"sessionId\":\"4ae3108a-3a1c-42df-bce9-503bbd70ab24\",\"status\":\"paid\"}",
            hex: "613260f8cb3348fe4b7e4995c3fdecc8f5b90c1f7f6e394a7cddf682ce6956ef"),
        // A key that is longer than a block of the hash, by Python's hmac.
        Vector(
            key: String(repeating: "k", count: 131), text: "Test",
            hex: "06bb03d9b70c6e5d06859bedc8573416addbde9746c16eecfa53a751a679f18f"),
        // The empty key and text, as many tools print it.
        Vector(key: "", text: "", hex: "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ]

    @Test(arguments: vectors)
    func isTheKnownHash(_ vector: Vector) {
        let key = Secret(vector.key)
        #expect(Signature.hmacSHA256Hex(vector.text.utf8, key: key) == vector.hex)
        #expect(Signature.isHMACSHA256(vector.hex, of: vector.text.utf8, key: key))
        #expect(Signature.isHMACSHA256(vector.hex.uppercased(), of: vector.text.utf8, key: key))
    }

    @Test(arguments: vectors)
    func anyChangeIsNoSignature(_ vector: Vector) {
        let key = Secret(vector.key)
        var digits = Array(vector.hex)
        for index in digits.indices {
            let right = digits[index]
            digits[index] = right == "0" ? "1" : "0"
            #expect(!Signature.isHMACSHA256(String(digits), of: vector.text.utf8, key: key))
            digits[index] = right
        }
        for presented in [
            "", " " + vector.hex, vector.hex + " ", vector.hex + "0", String(vector.hex.dropLast()),
            "sha256=" + vector.hex,
            "0x" + vector.hex, vector.hex + "\n", String(repeating: "0", count: 64),
        ] {
            #expect(!Signature.isHMACSHA256(presented, of: vector.text.utf8, key: key))
        }
        #expect(!Signature.isHMACSHA256(vector.hex, of: (vector.text + " ").utf8, key: key))
        #expect(!Signature.isHMACSHA256(vector.hex, of: vector.text.utf8, key: Secret(vector.key + "x")))
    }

    @Test func hexIsTwoLowerCaseDigitsAByte() {
        #expect(Signature.hex([]) == "")
        #expect(Signature.hex([0, 1, 15, 16, 127, 128, 254, 255]) == "00010f107f80feff")
        let all = Signature.hex(0...255)
        #expect(all.count == 512)
        #expect(all.allSatisfy("0123456789abcdef".contains))
    }

    static let paths: [(String, String)] = [
        ("", ""), ("abcXYZ019-._~", "abcXYZ019-._~"), ("a b", "a%20b"), ("a/b", "a%2Fb"), ("../x", "..%2Fx"),
        ("?#&=+", "%3F%23%26%3D%2B"), ("%2F", "%252F"), ("é", "%C3%A9"), ("€", "%E2%82%AC"), ("👍", "%F0%9F%91%8D"),
        ("\r\n\u{0}", "%0D%0A%00"), (":@!$'()*,;[]", "%3A%40%21%24%27%28%29%2A%2C%3B%5B%5D"),
        ("\"<>\\^`{|}", "%22%3C%3E%5C%5E%60%7B%7C%7D"),
    ]

    @Test(arguments: paths)
    func everythingButTheUnreservedIsPercentEncoded(_ text: String, _ encoded: String) {
        #expect(percentEncoded(text) == encoded)
    }
}
