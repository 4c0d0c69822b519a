import PaymentModel
import ProviderKit
import Testing

/// What of a provider's own words apps get to see.
@Suite struct ProviderTextTests {
    @Test(
        arguments: [
            ("Country is not valid.", "Country is not valid."),
            ("  two\n\tlines\u{2028}and\u{0}more ", "two lines and more"),
            (String(repeating: "a", count: 300), String(repeating: "a", count: 200)),
            ("", nil), (" \n", nil), ("\u{202e}\n", nil),
            ("the key sk-live-1 is wrong", nil),
            ("card 4242 4242 4242 4242 was declined", nil),
        ] as [(String, String?)])
    func aSentenceIsOneBoundedLineWithoutSecrets(_ text: String, _ shown: String?) {
        #expect(ProviderText.sentence(text, hiding: [Secret("sk-live-1")]) == shown)
    }

    @Test(
        arguments: [
            ("user_limit_exceeded", "user_limit_exceeded"), ("SP-17", "SP-17"), ("", nil), ("a b", nil), ("é", nil),
            (String(repeating: "9", count: 65), nil), ("x-sk-live-1", nil),
        ] as [(String, String?)])
    func aCodeIsShortAndPlain(_ text: String, _ kept: String?) {
        #expect(ProviderText.code(text, hiding: [Secret("sk-live-1")]) == kept)
    }

    @Test(
        arguments: [
            ("ch_7Hq2", true), ("..a", true), ("a/b?c", true), (String(repeating: "x", count: 255), true), ("", false),
            (".", false), ("..", false), ("a b", false), ("é", false), ("a\n", false),
            (String(repeating: "x", count: 256), false),
        ])
    func aReferenceIsVisibleAndLeadsNowhereElse(_ text: String, _ canBe: Bool) {
        #expect(ProviderText.isReference(text) == canBe)
    }
}
