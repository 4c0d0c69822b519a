import ConfigFiles
import PaymentEngine
import PaymentModel
import ProviderKit
import Testing

@Suite struct SubstitutionTests {
    /// The api key that `text` becomes.
    private func key(
        _ text: String, environment: [String: String] = [:], disk: [String: String] = [:]
    ) throws -> String {
        let result = load(
            ["a.yaml": base.replacing("api_key: k", with: "api_key: \"\(text)\"")], environment: environment,
            disk: disk)
        #expect(result.faults == [])
        let adapter = try #require(result.configuration?.providers["payalo-ke"]?.adapter as? FakePayalo)
        return try #require(adapter.settings.secret("api_key")).reveal()
    }

    @Test func replaces() throws {
        let environment = ["A": "one", "B_2": "two", "EMPTY": "", "NESTED": "${A}", "_x": "low"]
        #expect(try key("${A}", environment: environment) == "one")
        #expect(try key("<${A}-${B_2}${_x}>", environment: environment) == "<one-twolow>")
        #expect(try key("${A:-z}", environment: environment) == "one")
        #expect(try key("${NO:-z}", environment: environment) == "z")
        #expect(try key("${NO:-a:-b}", environment: environment) == "a:-b")
        #expect(try key("x${NO:-}", environment: environment) == "x")
        #expect(try key("${EMPTY:-z}", environment: environment) == "z")
        #expect(try key("x${EMPTY}", environment: environment) == "x")
        #expect(try key("${NESTED}", environment: environment) == "${A}", "what comes in is not looked at again")
        #expect(try key("$A $ $$ $${A} }", environment: environment) == "$A $ $$ ${A} }")
    }

    @Test func readsFiles() throws {
        let disk = ["/run/s": "secret\n", "/run/crlf": "secret\r\n", "/run/two": "secret\n\n", "/run/none": "secret"]
        #expect(try key("${file:/run/s}", disk: disk) == "secret")
        #expect(try key("${file:/run/crlf}", disk: disk) == "secret")
        #expect(try key("-${file:/run/none}-", disk: disk) == "-secret-")
        #expect(
            faults(setting("'${file:/run/two}'"), disk: disk) == [
                "2:22: error: api_key: must not hold control characters"
            ],
            "one line break only is trimmed")
    }

    @Test func namesThePlaceOfWhatIsMissing() {
        #expect(
            faults("server:\n  reference_secret: ${NO}") == ["2:21: error: environment variable NO is not set"])
        #expect(faults(setting("'${NO}'")) == ["2:23: error: environment variable NO is not set"])
        #expect(
            faults(setting("'a${NO}b$${x}${A}${file:/no}'"), environment: ["A": "1"]) == [
                "2:24: error: environment variable NO is not set", "2:39: error: file /no cannot be read",
            ])
        #expect(
            faults(setting("${NO}")) == [
                "2:23: error: is not YAML: did not find expected ',' or '}' (while parsing a flow mapping from line 2); "
                    + "inside { } and [ ] a value with '${' must be quoted"
            ])
        #expect(
            faults("server:\n  reference_secret: >-\n    one\n    two ${NO}") == [
                "4:9: error: environment variable NO is not set"
            ])
        #expect(faults(setting("'${NO'")) == ["2:23: error: '${' has no '}'"])
        #expect(
            faults(setting("'${1A}'")) == ["2:23: error: '${1A}' is not ${NAME}, ${NAME:-default} or ${file:/path}"])
        #expect(faults(setting("'${A:-${B}}'")) == ["2:23: error: '${' within '${' is not supported"])
        #expect(faults(setting("'${file:}'")) == ["2:23: error: '${file:}' names no file"])
        #expect(
            faults(setting("'${file:/big}'"), disk: ["/big": String(repeating: "x", count: 65_537)])
                == ["2:23: error: file /big is longer than 65536 bytes"])
        let large = String(repeating: "x", count: 40_000)
        #expect(
            faults(setting("'${A}${A}'"), environment: ["A": large]) == ["2:23: error: is longer than 65536 bytes"])
    }

    /// Without secrets: in settings, webhook and server secrets and key hashes, and nowhere else.
    @Test func letsSecretsLack() {
        let yaml = """
            server:
              reference_secret: ${A}
              callback_secrets: ["${B}", "${file:/run/b}"]
              admin_keys_sha256: ["${C}"]
              public_url: https://pay.example.com
              tls: { certificate: /none, private_key: /none }
            apps:
              one: { api_keys_sha256: ["${D}"], webhook: { url: https://one.internal, secret: "${E}" } }
              two: { api_keys_sha256: ["${D}"] }
            providers:
              p: { plugin: payalo, ca: /none,
                   settings: { api_key: "${F}", callback_keys: "${G}", mode: "${H}", inquiry_interval: "${I}", labels: ["${J}"], methods: { a: "${K}" } } }
            routes: [{ name: r, use: p, when: { currency: UGX } }]
            """
        #expect(faults(yaml, withoutSecrets: true) == [])
        #expect(faults(yaml).count { $0.contains("is not set") } == 12)
        #expect(
            faults("server: { public_url: '${A}' }", withoutSecrets: true)
                == ["1:24: error: environment variable A is not set"])
    }

    /// Whatever is wrong with a secret, it is not shown.
    @Test func showsNoSecret() {
        let secret = "s3cr3t-text"
        let yamls = [
            setting("[\(secret)]"), setting("{ \(secret): 1 }"), setting("\(secret), mode: \(secret)"),
            setting("\(secret), inquiry_interval: \(secret)"), setting("\(secret), methods: \(secret)"),
            setting("\(secret), webhook_allow: \(secret)"), setting("\"\(secret)\\u0001\""),
            "server: { reference_secret: \(secret), callback_secrets: { a: \(secret) } }",
            "server: { admin_keys_sha256: \(secret) }",
            "apps: { b: { api_keys_sha256: \(secret) } }",
            "apps: { b: { api_keys_sha256: \(blogDigest), webhook: { url: https://b, secret: \(secret) } } }",
        ]
        for yaml in yamls {
            let said = faults(yaml)
            #expect(!said.isEmpty)
            #expect(!said.contains { $0.contains("s3cr3t") })
        }
        // Nor is what was put in for a variable.
        #expect(
            faults("server: { listen: '${A}' }", environment: ["A": secret])
                == ["1:19: error: listen: '${A}' is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"])
    }

    /// A provider `p` with this api key on line 2, in column 22.
    private func setting(_ value: String) -> String {
        "providers: { p: { plugin: payalo, base_url: 'http://127.0.0.1:1', settings:\n          { api_key: \(value) } } }\n"
            + "routes: [{ name: r, use: p, when: { method: mobile_money, currency: UGX } }]"
    }
}
