import HTTPTypes
import StrictJSON
import Testing

@testable import ProviderSandbox

@Suite("Control calls", .timeLimit(.minutes(5)))
struct ControlTests {
    @Test(
        arguments: [
            ("/faults", #"{"provider":"nope","fault":"500"}"#, 400, "provider"),
            ("/faults", #"{"fault":"500"}"#, 400, "provider"),
            ("/faults", #"{"provider":"payalo"}"#, 400, "fault"),
            ("/faults", #"{"provider":"payalo","fault":"418"}"#, 400, "fault"),
            ("/faults", #"{"provider":"payalo","fault":500}"#, 400, "fault"),
            ("/faults", #"{"provider":"payalo","fault":"500","count":0}"#, 400, "count"),
            ("/faults", #"{"provider":"payalo","fault":"500","count":"1"}"#, 400, "count"),
            ("/faults", #"{"provider":"payalo","fault":"500","after":-1}"#, 400, "after"),
            ("/faults", #"{"provider":"payalo","fault":"500","operation":"token"}"#, 400, "operation"),
            ("/faults", #"{"provider":"payalo","fault":"drop_callback","operation":"status"}"#, 400, "operation"),
            ("/faults", #"{"provider":"payalo","fault":"500","delay_ms":5}"#, 400, "delay_ms"),
            ("/faults", #"{"provider":"payalo","fault":"slow","delay_ms":999999}"#, 400, "delay_ms"),
            ("/faults", #"{"provider":"payalo","fault":"500","cuont":3}"#, 400, "cuont"),
            ("/faults", #"{"provider":"payalo""#, 400, nil),
            ("/faults", "[]", 400, nil),
            ("/settle", #"{"provider":"payalo","reference":"x","outcome":"paid"}"#, 400, "outcome"),
            ("/settle", #"{"provider":"payalo","outcome":"success"}"#, 400, "reference"),
            ("/settle", #"{"provider":"payalo","reference":"x","outcome":"success","code":"y"}"#, 400, "code"),
            ("/settle", #"{"provider":"payalo","reference":"x","outcome":"success"}"#, 404, "reference"),
            ("/settle", #"{"provider":"spayon","reference":"x","outcome":"success"}"#, 404, "reference"),
            ("/nothing", "{}", 404, nil),
        ] as [(String, String, Int, String?)])
    func `bad input is refused by name`(path: String, body: String, status: Int, field: String?) async throws {
        try await withSandbox { sandbox in
            let answer = try await sandbox.call(.POST, "/_sandbox" + path, body: body)
            #expect(answer.status == status)
            #expect(answer["message"]?.isEmpty == false)
            #expect(answer["field"] == field)
        }
    }

    @Test func `requests are shown as received, without secrets`() async throws {
        try await withSandbox { sandbox in
            _ = try await sandbox.payin("order-1")
            let bearer = try await sandbox.bearer()
            _ = try await sandbox.session("ORDER_1", bearer: bearer)
            _ = try await sandbox.call(.GET, "/payalo/gateway/mmo/v2/status/x?y=1")

            let payalo = try await sandbox.call(.GET, "/_sandbox/requests?provider=payalo")
            let requests = try #require(payalo.json?["requests"]?.array)
            #expect(requests.count == 2)
            let create = try #require(requests.first)
            #expect(create["provider"]?.string == "payalo")
            #expect(create["method"]?.string == "POST")
            #expect(create["path"]?.string == "/gateway/mmo/v2/direct/payin/mpesa-ke")
            #expect(create["headers"]?["x-api-key"]?.string == "***")
            #expect(create["headers"]?["content-type"]?.string == "application/json")
            #expect(create["body"]?.string == sandbox.payaloOrder("order-1"))
            #expect(requests.last?["path"]?.string == "/gateway/mmo/v2/status/x?y=1")

            let all = try await sandbox.call(.GET, "/_sandbox/requests")
            #expect(all.json?["requests"]?.array?.count == 4)
            #expect(all.body.contains(#"{\"client_id\":\"sandbox-client\",\"client_secret\":\"***\"}"#))
            for secret in ["sandbox-payalo-key", "sandbox-secret", try #require(bearer["Authorization"])] {
                #expect(!all.body.contains(secret))
            }

            _ = try await sandbox.call(.DELETE, "/_sandbox/requests")
            #expect(try await sandbox.call(.GET, "/_sandbox/requests").body == #"{"requests":[]}"#)
            #expect(try await sandbox.call(.GET, "/_sandbox/requests?provider=nope")["field"] == "provider")
        }
    }

    @Test func `a body of more than 64 KiB is refused`() async throws {
        try await withSandbox { sandbox in
            let body = String(repeating: " ", count: 65_537)
            let answer = try await sandbox.call(.POST, "/spayon/api/tokens", body: body)
            #expect(answer.status == 413)
            #expect(try await sandbox.token().status == 200)
        }
    }

    @Test func `the root says what there is, and unknown prefixes nothing`() async throws {
        try await withSandbox { sandbox in
            let root = try await sandbox.call(.GET, "/")
            #expect(root.body.contains("/payalo, /spayon"))
            for path in ["/payaloo/x", "/nope", "/_sandbox"] {
                let answer = try await sandbox.call(.GET, path)
                #expect(answer.status == 404)
            }
        }
    }

    @Test func `an address in use ends the sandbox`() async throws {
        try await withSandbox { first in
            let second = Sandbox(SandboxConfiguration(port: first.port))
            await #expect(throws: (any Error).self) { try await second.run() }
            #expect(await second.port() == 0)
        }
    }
}

@Suite("Parts")
struct PartsTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (1_709_164_799_999_999, "2024-02-28T23:59:59.999999Z"),
        (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"), (1_735_689_599_000_001, "2024-12-31T23:59:59.000001Z"),
        (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
    ])
    func `instants are written in UTC`(microseconds: Int64, text: String) {
        #expect(WallTime(microseconds: microseconds).microsecondsZ == text)
    }

    @Test func `each documented format`() {
        let time = WallTime(microseconds: 1_717_245_296_118_200)
        #expect(time.seconds == "2024-06-01T12:34:56+00:00")
        #expect(time.millisecondsZ == "2024-06-01T12:34:56.118Z")
    }

    @Test(arguments: [("100.00", "101.00"), ("9.99", "10.99"), ("999", "1000"), ("0.50", "1.50")])
    func `wrong amounts are one more`(text: String, expected: String) {
        #expect(DecimalText.plusOne(text) == expected)
    }

    @Test(arguments: [
        ("https://merchant.example.com/x", true), ("HTTPS://merchant.example.com", true),
        ("http://127.0.0.1:8080/x", true), ("http://127.9.9.9", true), ("http://localhost:1/x", true),
        ("http://[::1]:8080/x", true), ("http://10.0.0.1/", false), ("http://127.0.0.1.example.com/", false),
        ("http://127.0.0.1@example.com/", false), ("http://localhost\\@example.com/", false),
        ("https://", false), ("https:///x", false), ("ftp://127.0.0.1/", false), ("http://127.1/", false),
        ("https://a.example/\r\nX: y", false), ("http://localhost:99999/", false), ("", false),
    ])
    func `http is for loopback`(url: String, isAcceptable: Bool) {
        #expect(MerchantURL.isAcceptable(url) == isAcceptable)
    }

    @Test func `the queue keeps its order while it moves down`() {
        var queue = FIFO<Int>()
        var expected = 0
        for number in 0..<10_000 {
            queue.append(number)
            if number % 3 != 0 {
                let popped = queue.popFirst()
                #expect(popped == expected)
                expected += 1
            }
        }
        #expect(queue.count == 10_000 - expected)
        #expect(queue.first == expected)
    }

    @Test func `the request log is a ring`() {
        var log = RequestLog()
        for number in 0..<(RequestLog.capacity + 5) {
            log.append(
                RequestLog.Entry(
                    provider: "payalo",
                    request: .init(method: .get, scheme: nil, authority: nil, path: nil), path: "/\(number)",
                    body: [], at: WallTime(microseconds: 0), secretMembers: []))
        }
        let paths = log.entries(of: nil).map(\.path)
        #expect(paths.count == RequestLog.capacity)
        #expect(paths.first == "/5")
        #expect(paths.last == "/\(RequestLog.capacity + 4)")
    }

    @Test func `the first rule that is due is applied, and events count against all`() {
        var script = FaultScript()
        func arm(_ fault: Fault, after: Int) {
            let isArmed = script.arm(
                FaultScript.Rule(
                    provider: "payalo", fault: fault, operation: nil, count: 1, after: after, delay: .zero))
            #expect(isArmed)
        }
        arm(.internalError, after: 1)
        arm(.unavailable, after: 0)
        arm(.rateLimit, after: 2)
        let applied = (0..<4).map { _ in script.onRequest(to: "payalo", .create).fault }
        #expect(applied == [.unavailable, .internalError, .rateLimit, nil])
        #expect(script.rules.isEmpty)
        #expect(script.onRequest(to: "spayon", .create).fault == nil)
    }
}
