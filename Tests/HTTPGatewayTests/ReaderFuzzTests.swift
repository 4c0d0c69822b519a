import Fuzzing
import HTTPTypes
@testable import HTTPGateway
import PaymentEngine
import PaymentModel
import ProviderKit
import Testing
import W3CTrace

/// What stands around the bodies, changed at random: queries, keys, media types, paths, ids.
@Suite struct ReaderFuzzTests {
    private static func texts(
        _ name: String, _ corpus: [String], rounds: Int = 1500
    ) -> some Sequence<(text: String, round: FuzzRound)> {
        Fuzz(name, corpus: corpus.map { Array($0.utf8) }, tokens: .http, rounds: rounds).lazy.map {
            (String(decoding: $0.input, as: UTF8.self), $0)
        }
    }

    /// As values of fields, which hold no line breaks and NULs.
    private static func values(
        _ name: String, _ corpus: [String]
    ) -> some Sequence<(text: String, round: FuzzRound)> {
        texts(name, corpus).lazy.map { (HTTPField(name: .accept, value: $0.text).value, $0.round) }
    }

    private static func isVisible(_ text: String, _ lengths: ClosedRange<Int>) -> Bool {
        lengths.contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    @Test func queries() throws {
        let corpus = [
            "status=captured&reference=order-1001&provider=payalo-ke&limit=100", "limit=1&cursor=pay_01jd0000000000",
            "created_from=2026-01-24T10:00:00Z&created_to=2026-01-25T10:00:00.123%2B03:00", "", "app=shop",
            "reference=a%2Fb&limit=10",
        ]
        var read = 0
        for (text, round) in Self.texts("queries", corpus) {
            let isOperators = round.number.isMultiple(of: 2)
            do throws(Problem) {
                let query = try PaymentQuery(text, app: isOperators ? nil : "shop")
                read += 1
                #expect(isOperators || query.app == "shop", "\(round)")
                #expect((1...100).contains(query.limit), "\(round)")
                #expect(query.reference.map { Self.isVisible($0, 1...64) } ?? true, "\(round)")
                #expect(query.cursor.map { Self.isVisible($0, 1...512) } ?? true, "\(round)")
                #expect(query.provider.map { Self.isVisible($0, 1...128) } ?? true, "\(round)")
            } catch {
                #expect(error.code == .validationFailed, "\(round)")
                #expect((1...100).contains(error.errors.count), "\(round)")
                #expect(error.errors.allSatisfy { $0.pointer.utf8.count < 300 && !$0.detail.isEmpty }, "\(round)")
            }
        }
        #expect(read > 50 || FuzzPlan.environment.round != nil)
    }

    @Test func idempotencyKeys() throws {
        for (text, round) in Self.texts(
            "keys", ["key-1", "\"key-1\"", "\"", "\"\"", String(repeating: "k", count: 255)])
        {
            let headers: HTTPFields = [.idempotencyKey: text]
            guard let key = try? IdempotencyKey.read(headers) else { continue }
            #expect(Self.isVisible(key, 1...255), "\(round)")
            // The quoted form is the same key, and the key is what was sent.
            let quoted: HTTPFields = [.idempotencyKey: "\"\(key)\""]
            #expect(try IdempotencyKey.read(quoted) == key, "\(round)")
            let sent = try #require(headers[.idempotencyKey])
            #expect(sent == key || sent == "\"\(key)\"", "\(round)")
        }
    }

    @Test func mediaTypes() {
        let corpus = [
            "application/json", "application/json; charset=utf-8", "Application/JSON ; Charset=\"UTF-8\"; v=1",
            "text/plain",
            "application/json;charset=latin1",
        ]
        for (text, round) in Self.values("media types", corpus) {
            guard (try? MediaType.requireJSON([.contentType: text])) != nil else { continue }
            #expect(text.lowercased().drop { $0 == " " || $0 == "\t" }.hasPrefix("application/json"), "\(round)")
            #expect(!text.contains(","), "\(round)")
            #expect((try? MediaType.requireJSON([.contentType: text, .contentEncoding: "gzip"])) == nil, "\(round)")
        }
    }

    @Test func paths() {
        let corpus = [
            "/v1/payments", "/v1/payments/pay_01jd0000000000", "/v1/payments/pay_1/refunds",
            "/v1/payments/pay%2F1/sync",
            "/webhooks/payalo-ke/pay_1.0123456789abcdef", "/v1/events/evt_1/redeliver", "/v1/routes/explain", "/",
        ]
        for (text, round) in Self.texts("paths", corpus) {
            guard let path = PublicPath(text) else { continue }
            #expect(text.hasPrefix("/") && !path.allowed.isEmpty, "\(round)")
            let names: [String] =
                switch path {
                case .payment(let id), .followUp(_, let id), .sync(let id), .event(let id), .redelivery(let id): [id]
                case .callback(let provider): [provider]
                case .tokenCallback(let provider, let token): [provider, token]
                case .payments, .explain, .paymentMethods, .events, .description, .documentation: []
                }
            #expect(names.allSatisfy { (1...256).contains($0.utf8.count) }, "\(round)")
        }
    }

    @Test func percentEncoding() throws {
        for (text, round) in Self.texts(
            "percent-encoding", ["a%20b", "%F0%9F%98%80", "pay_1", "%", "%e2%82%ac", "a+b"])
        {
            #expect(PercentEncoding.decode(percentEncoded(text)[...]) == text, "\(round)")
            guard let decoded = PercentEncoding.decode(text[...]) else { continue }
            #expect(decoded.utf8.count <= text.utf8.count, "\(round)")
        }
    }

    @Test func requestIdentity() {
        let corpus = ["req-1.a_B", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4242424242424242"]
        for (text, round) in Self.texts("request ids", corpus) {
            let id = RequestIdentity.requestID(in: [.requestID: text])
            #expect(id.wholeMatch(of: /[A-Za-z0-9._-]{1,128}/) != nil && id != "4242424242424242", "\(round)")
            guard let parent = TraceContext(text, state: nil)?.parent else { continue }
            #expect(parent.wholeMatch(of: /00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]/) != nil, "\(round)")
        }
    }

    @Test func credentials() {
        let apps = Harness.configuration().apps
        let corpus = ["Bearer \(Harness.key)", "bearer  \(Harness.blogKey) ", "Basic ZGVtbw==", Harness.key]
        for (text, round) in Self.values("credentials", corpus) {
            guard let app = Credentials.app([.authorization: text], in: apps) else { continue }
            let key = app.name == "shop" ? Harness.key : Harness.blogKey
            let presented = text.utf8.split { $0 == 0x20 || $0 == 0x09 }.map { String(Substring($0)) }
            #expect(presented.count == 2 && presented.last == key, "\(round)")
            #expect(presented.first?.lowercased() == "bearer", "\(round)")
        }
    }
}
