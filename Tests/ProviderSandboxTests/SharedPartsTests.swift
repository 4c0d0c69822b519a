import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Parts that providers share", .timeLimit(.minutes(5)))
struct SharedPartsTests {
    // MARK: Limits

    private static let limits = [
        DocumentedLimit(requests: 2, period: .seconds(1)), DocumentedLimit(requests: 3, period: .seconds(60)),
    ]

    @Test func `each caller has its own windows, and all limits hold`() {
        var limits = DocumentedLimits(Self.limits)
        let start = ContinuousClock.now
        func admit(_ caller: String, after duration: Duration) -> DocumentedLimits.Verdict {
            limits.admit(caller, at: start.advanced(by: duration))
        }
        #expect(admit("a", after: .zero) == .admitted)
        #expect(admit("a", after: .milliseconds(900)) == .admitted)
        #expect(
            admit("a", after: .milliseconds(950)) == .refused(by: Self.limits[0], retryAfter: .milliseconds(50)))
        #expect(admit("b", after: .milliseconds(950)) == .admitted)
        #expect(admit("a", after: .seconds(1)) == .admitted)
        #expect(admit("a", after: .seconds(2)) == .refused(by: Self.limits[1], retryAfter: .seconds(58)))
        #expect(admit("a", after: .seconds(60)) == .admitted)
    }

    @Test func `without limits everything is admitted`() {
        var limits = DocumentedLimits([])
        for _ in 0..<100 { #expect(limits.admit("a", at: .now) == .admitted) }
    }

    @Test func `callers that went quiet make room`() {
        var limits = DocumentedLimits(Self.limits)
        let start = ContinuousClock.now
        for caller in 0..<DocumentedLimits.maxCallers { _ = limits.admit("\(caller)", at: start) }
        _ = limits.admit("one more", at: start.advanced(by: .seconds(61)))
        #expect(limits.callers == 1)
    }

    @Test(arguments: [(Duration.milliseconds(1), "1"), (.seconds(1), "1"), (.milliseconds(1001), "2"), (.zero, "1")])
    func `Retry-After is rounded up`(wait: Duration, header: String) {
        #expect(DocumentedLimits.retryAfterHeader(wait) == header)
    }

    // MARK: Registered callback addresses

    @Test func `registered addresses point to the router's shipped instances`() {
        let provider = PaymentGatewayProvider(SandboxConfiguration())
        let registry = CallbackRegistry([provider], router: "https://pay.example.com/")
        #expect(
            registry.url(of: "pk_sandbox_main", at: "paymentgateway") == "https://pay.example.com/webhooks/cards-main")
        #expect(
            registry.url(of: "pk_sandbox_backup", at: "paymentgateway")
                == "https://pay.example.com/webhooks/cards-backup")
        #expect(registry.url(of: "pk_other", at: "paymentgateway") == nil)
        #expect(SandboxConfiguration().router == "http://127.0.0.1:8080")
    }

    @Test(arguments: [
        (#"{"provider":"payalo","url":"http://127.0.0.1/"}"#, "provider"),
        (#"{"provider":"paymentgateway","url":"http://127.0.0.1/"}"#, "key"),
        (#"{"provider":"paymentgateway","key":"pk_other","url":"http://127.0.0.1/"}"#, "key"),
        (#"{"provider":"paymentgateway","key":"pk_sandbox_main"}"#, "url"),
        (#"{"provider":"paymentgateway","key":"pk_sandbox_main","url":"http://example.com/"}"#, "url"),
    ])
    func `a bad registration is refused by name`(body: String, field: String) async throws {
        try await withSandbox { sandbox in
            let answer = try await sandbox.call(.POST, "/_sandbox/callbacks", body: body)
            #expect(answer.status == 400)
            #expect(answer["field"] == field)
        }
    }

    @Test(arguments: [
        ("http://127.0.0.1:8080", true), ("https://pay.example.com/x", true), ("http://pay.example.com", false),
        ("https://pay.example.com?x=1", false), ("nonsense", false),
    ])
    func `where callbacks may go`(url: String, isRouter: Bool) {
        #expect(SandboxConfiguration.isRouter(url) == isRouter)
    }

    // MARK: The request log

    @Test(arguments: [
        (#"{"a":{"number":"4242"},"b":[{"number":1}]}"#, #"{"a":{"number":"***"},"b":[{"number":"***"}]}"#),
        (#"{"a": 1}"#, #"{"a": 1}"#),
        ("number=4242&x=1", "number=***&x=1"),
        ("num%62er=4242&x=1", "***"),
        (#"{"number":"4242"#, "***"),
        ("", ""),
    ])
    func `secrets are not kept`(body: String, kept: String) {
        let entry = RequestLog.Entry(
            provider: "p", request: .init(method: .post, scheme: nil, authority: nil, path: "/x?number=4242"),
            path: "/x?number=4242&num%62er=4242&y", body: Array(body.utf8), at: WallTime(microseconds: 0),
            secretMembers: ["number"])
        #expect(String(decoding: entry.body, as: UTF8.self) == kept)
        #expect(entry.path == "/x?number=***&num%62er=***&y")
        #expect(entry.request.path == nil)
    }

    // MARK: Pages and text

    @Test(arguments: [
        ("https://a.example/x", "https://a.example/x?id=1"),
        ("https://a.example/x?y=2#z", "https://a.example/x?y=2&id=1#z"),
    ])
    func `a pair joins the query`(url: String, expected: String) {
        #expect(HostedPage.adding("id", "1", to: url) == expected)
    }

    @Test func `forms are read field by field`() {
        let form = Array("ab=x&a=1+2%26&b=%zz&a=3".utf8)
        #expect(HostedPage.field("a", in: form) == "1 2&")
        #expect(HostedPage.field("b", in: form) == nil)
        #expect(HostedPage.field("c", in: form) == nil)
    }

    @Test(arguments: [(Int64(0), "0.00"), (5, "0.05"), (9999, "99.99"), (100_000, "1000.00")])
    func `hundredths are written in major units`(amount: Int64, text: String) {
        #expect(DecimalText.fromHundredths(amount) == text)
    }

    @Test func `a moment moves on both clocks`() {
        let start = SandboxTime(instant: .now, wall: WallTime(microseconds: 1_769_248_800_000_000))
        let later = start.advanced(by: .seconds(7 * 86_400))
        #expect(later.wall.secondsZ == "2026-01-31T10:00:00Z")
        #expect(start.instant.duration(to: later.instant) == .seconds(7 * 86_400))
        #expect(later.wall.yearAndMonth == (2026, 1))
    }
}
