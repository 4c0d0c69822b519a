import Testing

/// A file and all that is said of it.
struct FaultCase: CustomTestStringConvertible, Sendable {
    let yaml: String
    let faults: [String]

    init(_ yaml: String, _ faults: String...) {
        self.yaml = yaml
        self.faults = faults
    }

    var testDescription: String { faults.first ?? yaml }
}

/// One case a fault, each with its exact place and words.
@Suite struct FaultTests {
    @Test func theBaseHasNoFault() {
        #expect(faults("") == [])
        #expect(faults("# nothing but a comment\n\n") == [])
        #expect(faults("%YAML 1.1\n---\nroutes: []\n...\n") == [])
        #expect(faults("server:\napps:\nproviders:\nroutes:\nexpect:\n") == [])
    }

    @Test(arguments: yamlCases + serverCases + appCases + providerCases + routeCases + expectationCases)
    func isReportedWhereItStands(_ testCase: FaultCase) {
        #expect(faults(testCase.yaml) == testCase.faults)
    }

    static let yamlCases = [
        FaultCase(
            "routes: [",
            "2:1: error: is not YAML: did not find expected node content (while parsing a flow node from line 2)"),
        FaultCase("a: b: c", "1:5: error: is not YAML: mapping values are not allowed in this context"),
        FaultCase("- 1", "1:1: error: a file must be a map of server, apps, providers, routes, expect"),
        FaultCase("routs: []", "1:1: error: unknown key 'routs'; did you mean 'routes'?"),
        FaultCase(#""a\nb\u2028c": []"#, "1:1: error: unknown key 'a b c'"),
        FaultCase(
            "\(String(repeating: "k", count: 1020)): []",
            "1:1: error: unknown key '\(String(repeating: "k", count: 987))…"),
        FaultCase(
            "server:\n  reference_secret: |\n    ${A\n    B}",
            "3:5: error: '${A B}' is not ${NAME}, ${NAME:-default} or ${file:/path}"),
        FaultCase("apps: {}\n---\napps: {}", "2:1: error: a file holds one document: no second '---'"),
        FaultCase("server: {}\napps: {}\nserver: {}", "3:1: error: 'server' is there twice (first on line 1)"),
        FaultCase(
            "server:\n  listen: 127.0.0.1:1\n  \"listen\": 127.0.0.1:2",
            "3:3: error: 'listen' is there twice (first on line 2)"),
        FaultCase(
            "server: { max_body: 1KiB, max_body: 2KiB }", "1:27: error: 'max_body' is there twice (first on line 1)"),
        FaultCase(
            "routes: &r []\nexpect: *r",
            "1:9: error: anchors and aliases are not supported: write the value out",
            "1:9: error: anchors and aliases are not supported: write the value out"),
        FaultCase("server:\n  drain_grace: !!int 5", "2:16: error: tags are not supported"),
        FaultCase("server:\n  <<: { listen: x }", "2:3: error: merge keys are not supported: write the values out"),
        FaultCase("server: { [a]: b }", "1:11: error: a key must be a single plain text"),
        FaultCase("apps: [shop]", "1:7: error: 'apps' must be a map, not a list"),
        FaultCase("routes: { a: b }", "1:9: error: 'routes' must be a list, not a map"),
        FaultCase(
            "apps: { shop: { api_keys_sha256: \(blogDigest) } }",
            "1:9: error: app 'shop' is there twice (first at c/00-base.yaml:1:9)"),
    ]

    static let serverCases = [
        FaultCase("server: 5", "1:9: error: server must be a map, not a single value"),
        FaultCase("server: { lissen: x }", "1:11: error: unknown key 'lissen' in server; did you mean 'listen'?"),
        FaultCase("server: { limits: 5 }", "1:19: error: limits must be a map, not a single value"),
        FaultCase(
            "server: { limits: { conections: 5 } }",
            "1:21: error: unknown key 'conections' in limits; did you mean 'connections'?"),
        FaultCase(
            "server: { limits: { requests_in_flight: 0 } }",
            "1:41: error: requests_in_flight: '0' is not from 1 to 1000000"),
        FaultCase(
            "server: { limits: { header_size: 100 } }",
            "1:34: error: header_size: '100' is not a size such as 512B, 64KiB or 1MiB"),
        FaultCase(
            "server: { limits: { request_read_timeout: 1ms } }",
            "1:43: error: request_read_timeout: '1ms' is not from 10ms to 1h"),
        FaultCase(
            "server:\n  listen: 8080",
            "2:11: error: listen: '8080' is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"),
        FaultCase(
            "server:\n  listen: ::1:80",
            "2:11: error: listen: '::1:80' is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"),
        FaultCase(
            "server:\n  listen: h:65536",
            "2:11: error: listen: 'h:65536' is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"),
        FaultCase(
            "server:\n  admin: 0.0.0.0:9090",
            "2:10: error: 'admin' (0.0.0.0:9090) is not on loopback: 'admin_keys_sha256' is required"),
        FaultCase("server: { admin: '127.0.0.1:8080' }", "1:18: error: 'admin' and 'listen' are the same address"),
        FaultCase(
            "server: { admin_keys_sha256: abc }",
            "1:30: error: admin_keys_sha256: must be the SHA-256 of a key, 64 hex digits ('switchyard key' makes both)"),
        FaultCase(
            "server: { public_url: 'http://pay.example.com' }",
            "1:23: error: public_url: must be https (http is for loopback only)"),
        FaultCase(
            "server: { public_url: 'https://pay.example.com?x=1' }",
            "1:23: error: public_url: must not have a query or a fragment"),
        FaultCase(
            "server: { request_timeout: 30 }",
            "1:28: error: request_timeout: '30' is not a duration such as 250ms, 10s, 15m, 24h or 30d"),
        FaultCase(
            "server: { request_timeout: 1500ms }",
            "1:1: error: request_timeout (1500ms) leaves no time for a payment at 'payalo-ke': more than 2s is needed, "
                + "or a shorter timeout there"),
        FaultCase("server: { request_timeout: 2h }", "1:28: error: request_timeout: '2h' is not from 10ms to 1h"),
        FaultCase(
            "server: { request_timeout: 1.5s }",
            "1:28: error: request_timeout: '1.5s' is not a duration such as 250ms, 10s, 15m, 24h or 30d"),
        FaultCase(
            "server: { request_timeout: [1s] }", "1:28: error: 'request_timeout' must be a single value, not a list"),
        FaultCase("server:\n  request_timeout:", "2:19: error: 'request_timeout' has no value"),
        FaultCase(
            "server: { max_body: 64KB }", "1:21: error: max_body: '64KB' is not a size such as 512B, 64KiB or 1MiB"),
        FaultCase("server: { max_body: 1GiB }", "1:21: error: max_body: '1GiB' is not from 64 to 67108864 bytes"),
        FaultCase("server: { idempotency: { ttl: 0s } }", "1:31: error: ttl: '0s' is not from 1ms to 3660d"),
        FaultCase("server: { idempotency: { max_keys: 0 } }", "1:36: error: max_keys: '0' is not from 1 to 100000000"),
        FaultCase("server: { idempotency: { max_keys: 1e6 } }", "1:36: error: max_keys: '1e6' is not a whole number"),
        FaultCase("server: { payments: { max: 007 } }", "1:28: error: max: '007' is not a whole number"),
        FaultCase(
            "server: { payments: { retenton: 1d } }",
            "1:23: error: unknown key 'retenton' in payments; did you mean 'retention'?"),
        FaultCase("server: { tracing: {} }", "1:20: error: tracing needs 'endpoint'"),
        FaultCase("server: { inquiry: [] }", "1:20: error: 'inquiry' must not be empty"),
        FaultCase("server: { inquiry: [5s, 1s] }", "1:25: error: inquiry: the times must not become shorter"),
        FaultCase("server: { callback_secrets: [] }", "1:29: error: 'callback_secrets' must not be empty"),
        FaultCase(
            "server: { reference_secret: short }",
            "1:29: warning: a secret must have 16 bytes or more ('openssl rand -base64 32' makes one)"),
        FaultCase(
            "server: { tls: { certificate: /no } }", "1:16: error: tls needs 'private_key'",
            "1:31: error: certificate: the file cannot be read"),
    ]

    static let appCases = [
        FaultCase(
            "apps: { 'a b': {} }",
            "1:9: error: 'a b' is no name for an app: a name is 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit"
        ),
        FaultCase("apps: { b: {} }", "1:12: error: app 'b' needs 'api_keys_sha256'"),
        FaultCase("apps: { b: { api_keys_sha256: [] } }", "1:31: warning: app 'b' has no key: nobody can call as it"),
        FaultCase(
            "apps: { b: { api_keys_sha256: demo-blog-key } }",
            "1:31: error: api_keys_sha256: must be the SHA-256 of a key, 64 hex digits ('switchyard key' makes both)"),
        FaultCase(
            "apps: { b: { api_keys_sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 } }",
            "1:31: error: api_keys_sha256: is the SHA-256 of an empty key"),
        FaultCase(
            "apps: { b: { api_keys_sha256: \(shopDigest.uppercased()) } }", "1:31: error: app 'shop' has the same key"),
        FaultCase(
            "apps: { b: { api_keys_sha256: [\(blogDigest), \(blogDigest)] } }", "1:98: error: this key is there twice"),
        FaultCase(
            app("country: ke"), "2:12: error: country: 'ke' is not an ISO 3166-1 alpha-2 country; did you mean 'KE'?"),
        FaultCase(
            app("allow: [creat]"),
            "2:11: error: allow: 'creat' is not one of create, capture, cancel, refund, read; did you mean 'create'?"),
        FaultCase(app("allow: []"), "2:10: warning: app 'b' may do nothing: 'allow' is empty"),
        FaultCase(app("rate_limit: { requests: 0, per: 1s }"), "2:27: error: requests: '0' is not from 1 to 1000000"),
        FaultCase(app("rate_limit: { requests: 1 }"), "2:15: error: rate_limit needs 'per'"),
        FaultCase(
            app("rate_limit: [{ requests: 1, per: 1s }, { requests: 1, per: 1s, brust: 2 }]"),
            "2:66: error: unknown key 'brust' in rate_limit; did you mean 'burst'?"),
        FaultCase(app("webhook: {}"), "2:12: error: webhook needs 'url'", "2:12: error: webhook needs 'secret'"),
        FaultCase(
            app("webhook: { url: 'http://shop.internal', secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }"),
            "2:19: error: url: must be https (http is for loopback only)"),
        FaultCase(
            app("webhook: { url: 'https://shop.internal', secret: MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }"),
            "2:52: error: secret: must be 'whsec_' and the key in base64"),
        FaultCase(
            app("webhook: { url: 'https://shop.internal', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!' }"),
            "2:52: error: secret: must be 'whsec_' and the key in base64"),
        FaultCase(
            app("webhook: { url: 'https://shop.internal', secret: whsec_c2hvcnQ= }"),
            "2:52: error: secret: the key behind 'whsec_' has 5 bytes; it must have 24 to 64"),
        FaultCase(
            app("webhook: { url: 'https://s', secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, allow_private: yes }"),
            "2:95: error: allow_private: 'yes' is neither true nor false"),
        FaultCase(
            app("webhook: { url: 'http://[::1]:1', secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }"),
            "2:19: warning: deliveries to loopback are refused without 'allow_private: true'"),
        FaultCase(
            app("allow: read, webhook: { url: 'https://s', secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }"),
            "2:25: warning: app 'b' may not create payments: its webhook will hear of none"),
    ]

    /// An app `b` whose second line is this.
    private static func app(_ line: String) -> String {
        "apps: {b: { api_keys_sha256: \(blogDigest),\n  \(line) }}"
    }
}
