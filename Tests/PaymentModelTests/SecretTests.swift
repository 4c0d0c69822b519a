import PaymentModel
import Testing

@Suite struct SecretTests {
    private struct Holder {
        let key: Secret
        let keys: [Secret]
        let byName: [String: Secret]
        let maybe: Secret?
    }

    private enum Wrapped {
        case secret(Secret)
    }

    private struct Failure: Error {
        let secret: Secret
    }

    private static let text = "s3cr3t-v4lue"

    private func dumped(_ value: some Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }

    @Test func isNeverPrintedInWhateverWay() {
        let secret = Secret(Self.text)
        let holder = Holder(key: secret, keys: [secret], byName: ["a": secret], maybe: secret)
        let prints: [String] = [
            "\(secret)", String(describing: secret), String(reflecting: secret), dumped(secret),
            "\([secret])", "\(["k": secret])", "\(Set([secret]))", "\(secret as Secret?)",
            String(reflecting: [secret] as [Any]),
            String(describing: holder), String(reflecting: holder), dumped(holder), dumped([holder]),
            String(describing: Wrapped.secret(secret)), String(reflecting: Wrapped.secret(secret)),
            dumped(Wrapped.secret(secret)),
            String(describing: Failure(secret: secret)), dumped(Failure(secret: secret)), dumped((1, secret)),
            String(describing: Mirror(reflecting: secret).children.map { "\($0)" }),
        ]
        for print in prints {
            #expect(!print.contains(Self.text), "\(print)")
            #expect(!print.contains("v4lue"))
        }
        #expect("\(secret)" == "***")
        #expect(String(reflecting: secret) == "***")
        #expect("\([secret])" == "[***]")
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(secret.reveal() == Self.text)
    }

    @Test func aCardPrintsNothingEither() {
        let card = CardDetails(
            number: Secret("4242424242424242"), expiryMonth: 12, expiryYear: 2027, cvv: Secret("987"),
            holder: "Jane Holder")
        let request = PaymentRequest(
            money: Money(minorUnits: 100, currency: Samples.kes), instrument: .card(card), reference: "r-1")
        for print in [
            "\(card)", String(reflecting: card), dumped(card), "\(request)", String(reflecting: request),
            dumped(request),
            dumped(request.instrument), "\(request.instrument)", dumped([request]),
        ] {
            for shown in ["4242", "987", "Jane Holder"] { #expect(!print.contains(shown), "\(print)") }
        }
    }

    @Test func equalTextsAreEqualSecrets() {
        #expect(Secret("a") == Secret("a"))
        #expect(Secret("a") != Secret("b"))
        #expect(Set([Secret("a"), Secret("a"), Secret("b")]).count == 2)
    }

    static let pairs: [(String, String)] = [
        ("", ""), ("a", "a"), ("a", "b"), ("abc", "abd"), ("abc", "bbc"), ("abc", "abcd"), ("abcd", "abc"), ("", "a"),
        ("a", ""),
        ("é", "e\u{301}"), ("\u{212A}", "K"), ("ab", "ba"), ("\u{0}", ""), ("aa", "bb"),
        // Differences that cancel out under addition or exclusive or.
        ("ab", "bc"), ("aabb", "bbaa"),
    ]

    @Test(arguments: pairs)
    func constantTimeEqualityIsEqualityOfBytes(_ left: String, _ right: String) {
        #expect(constantTimeEquals(left.utf8, right.utf8) == (Array(left.utf8) == Array(right.utf8)))
    }

    @Test func everySingleBitIsCompared() {
        let bytes = [UInt8](0..<32)
        for index in bytes.indices {
            for bit in 0..<8 {
                var other = bytes
                other[index] ^= 1 << bit
                #expect(!constantTimeEquals(bytes, other))
            }
        }
        #expect(constantTimeEquals(bytes, bytes))
    }
}
