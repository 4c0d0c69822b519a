import HTTPTypes
import PaymentModel
import ProviderKit
import StrictJSON
import Testing

@Suite struct ExchangeTests {
    private func dumped(_ value: some Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }

    @Test func neitherRequestNorReplyNorCallbackShowsHeadersOrBody() {
        let headers: HTTPFields = [.authorization: "Bearer s3cr3t-token"]
        let body = Array("{\"number\":\"4242424242424242\"}".utf8)
        let request = ProviderRequest(.post, "/charges", headers: headers, body: body)
        let reply = ProviderReply(status: 201, headers: headers, body: body)
        let delivery = CallbackDelivery(headers: headers, body: body, receivedAt: Timestamp(milliseconds: 0))
        // 52, 50 are the bytes of `4`, `2` as a dump of the body would have them.
        for print in [
            "\(request)", String(reflecting: request), dumped(request), "\([request])", "\(reply)",
            String(reflecting: reply),
            dumped(reply), "\(Transmission.replied(reply))", dumped(Transmission.replied(reply)), "\(delivery)",
            String(reflecting: delivery), dumped(delivery),
        ] {
            #expect(!print.contains("s3cr3t"), "\(print)")
            #expect(!print.contains("4242"), "\(print)")
            #expect(!print.contains("52"), "\(print)")
        }
        #expect("\(request)" == "POST /charges")
        #expect("\(reply)" == "201, 29 bytes")
    }

    @Test func aPostOfJSONSaysSo() {
        var writer = JSONWriter()
        writer.object { $0.member("a", 1) }
        let request = ProviderRequest.post("/x", headers: [.accept: "*/*"], json: writer)
        #expect(request.method == .post)
        #expect(request.path == "/x")
        #expect(request.headers[.contentType] == "application/json")
        #expect(request.headers[.accept] == "*/*")
        #expect(String(decoding: request.body, as: UTF8.self) == "{\"a\":1}")
    }

    @Test func aPathBeginsWithASlash() async {
        await #expect(processExitsWith: .failure) { _ = ProviderRequest(.get, "x") }
    }

    static let waits: [(String?, Duration?)] = [
        (nil, nil), ("0", .zero), ("7", .seconds(7)), ("86400", .seconds(86_400)), ("86401", nil), ("-1", nil),
        ("1.5", nil), ("", nil),
        ("x", nil), (" 7", nil), ("99999999999999999999", nil), ("Wed, 21 Oct 2026 07:28:00 GMT", nil),
    ]

    @Test(arguments: waits)
    func retryAfterIsReadInSecondsUpToADay(_ text: String?, _ wait: Duration?) {
        var headers: HTTPFields = [:]
        headers[.retryAfter] = text
        // Header values lose their outer spaces when they are read.
        let expected = text == " 7" ? Duration.seconds(7) : wait
        #expect(ProviderReply(status: 429, headers: headers).retryAfter == expected)
    }

    @Test func aBodyThatIsNoJSONIsNil() {
        #expect(
            ProviderReply(status: 200, body: Array("{\"a\":1}".utf8)).json == .object(["a": .number(JSONNumber(1))]))
        for body in ["", "<html>", "{\"a\":1", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "\u{FEFF}{}"] {
            #expect(ProviderReply(status: 200, body: Array(body.utf8)).json == nil, "\(body)")
        }
    }
}
