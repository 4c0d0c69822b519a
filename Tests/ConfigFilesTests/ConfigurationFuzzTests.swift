import ConfigFiles
import Fuzzing
import PaymentEngine
import PaymentModel
import ProviderKit
import Routing
import Testing

/// Configurations, changed at random: reading ends, says the same twice, names places that exist and no secret, and what it
/// finds no error in can be routed by.
@Suite struct ConfigurationFuzzTests {
    /// Every key that there is, and each kind of value.
    private static let files = [
        "00-server.yaml": """
        server:
          listen: 127.0.0.1:8080
          admin: "[::1]:9090"
          admin_keys_sha256: ["${ADMIN_DIGEST}"]
          public_url: https://pay.example.com
          request_timeout: 30s
          drain_grace: 5s
          max_body: 64KiB
          idempotency: { ttl: 24h, max_keys: 1000000 }
          payments: { retention: 30d, max: 1000000 }
          reference_secret: "${REFERENCE_SECRET}"
          callback_secrets: ["${CALLBACK_SECRET}", "${file:/run/callback}"]
          inquiry: [5s, 15s, 1m, 1h]
        """,
        "10-apps.yaml": """
        apps:
          shop:
            api_keys_sha256: ["\(shopDigest)"]
            country: KE
            allow: [create, capture, cancel, refund, read]
            rate_limit: [{ requests: 20, per: 1s, burst: 40 }, { requests: 1000, per: 1m }]
            webhook: { url: "https://shop.internal/hooks", secret: "${WEBHOOK_SECRET}", allow_private: true, retry: [5m, 6h] }
          blog: { api_keys_sha256: "\(blogDigest)", allow: read }
        """,
        "20-providers.yaml": """
        providers:
          payalo-ke:
            plugin: payalo
            base_url: "${PAYALO_URL:-https://api.payalo.com}"
            settings:
              api_key: "${API_KEY}"
              callback_keys: ["${API_KEY}", "${OLD_KEY:-none}"]
              methods: { mpesa-ke: mpesa-ke }
              inquiry_interval: 2m
              mode: live
              labels: [a, "b c"]
              title: 'It''s "Payalo"'
              webhook_allow: [203.0.113.0/24, "2001:db8::/32"]
            connect_timeout: 1s
            timeout: 10s
            rate_limit: { requests: 20, per: 1s }
            breaker: { consecutive_failures: 5, failure_rate: 50%, minimum_calls: 10, window: 30s,
                       slow_call: 5s, slow_rate: 33.3%, open_for: 10s, max_open_for: 5m, half_open_calls: 3 }
            fee: { percent: 1.5, fixed: { KES: 500 } }
            enabled: true
          cards-a: { plugin: cards, base_url: "http://127.0.0.1:9400/cards", fee: { percent: 2 } }
          cards-b: { plugin: cards, base_url: 'http://localhost:9400' }
          pages:
            plugin: spayon
            settings: { client_id: "${API_KEY}", client_secret: "${API_KEY}", callback_secret: "${API_KEY}" }
        """,
        "30-routes.yaml": """
        routes:
          - name: kenya
            when: { currency: KES, method: mobile_money, country: KE, network: [mpesa, airtel] }
            use: [payalo-ke]
          - name: cards
            when:
              method: card
              currency: [USD, EUR]
              amount: { min: 100, max: 5000000 }
              app: [shop, blog]
              metadata: { tier: gold }
              card_brand: visa
              card_bin: ["424242", '0123']
              capture: automatic
              not: { country: [US, NO] }
            strategy: weighted
            use: [{ provider: cards-a, weight: 90 }, { provider: cards-b, weight: 10 }]
            failover_on: [unavailable, rate_limited, declined]
          - name: rest
            when: { method: [checkout, card] }
            strategy: lowest_cost
            use:
              - pages
              - cards-a
        expect:
          - given: { app: shop, amount: 1000, currency: KES, method: mobile_money, country: KE, network: mpesa }
            route: kenya
            providers: [payalo-ke]
          - given: { app: shop, amount: 1000, currency: XOF, method: checkout, metadata: { tier: gold } }
            route: rest
        """,
    ].sorted { $0.key < $1.key }

    private static let secrets = [
        "ADMIN_DIGEST": String(repeating: "5eC4e7", count: 11).prefix(64).lowercased(),
        "REFERENCE_SECRET": "vErY-long-reference-value", "CALLBACK_SECRET": "vErY-long-callback-value",
        "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "API_KEY": "vErY-secret-api-value",
        "OLD_KEY": "vErY-old-api-value",
    ]
    private static let disk = ["/run/callback": "vErY-long-file-value\n"]

    private static func read(_ files: [(key: String, value: [UInt8])], _ environment: [String: String]) -> LoadResult {
        let texts = Dictionary(uniqueKeysWithValues: files.map { ($0.key, $0.value) })
        return load(bytes: texts, environment: environment, disk: disk)
    }

    @Test func theCorpusHasNoFault() {
        let result = Self.read(Self.files.map { ($0.key, Array($0.value.utf8)) }, Self.secrets)
        #expect(result.faults == [])
        #expect(result.configuration != nil && result.expectations.count == 2)
    }

    @Test func changedFiles() {
        let corpus = Self.files.map { Array($0.value.utf8) }
        var usable = 0
        for round in Fuzz("configuration files", corpus: corpus, tokens: .yaml, rounds: 500) {
            var files = Self.files.map { (key: $0.key, value: Array($0.value.utf8)) }
            files[round.member].value = round.input
            let result = Self.read(files, Self.secrets)
            Self.check(result, files, Array(Self.secrets.values) + ["vErY-long-file-value"], round)
            usable += result.hasErrors ? 0 : 1
            let again = Self.read(files, Self.secrets)
            #expect(again.faults == result.faults, "\(round)")
            #expect(again.configuration?.version == result.configuration?.version, "\(round)")
        }
        #expect(usable > 10 || FuzzPlan.environment.round != nil)
    }

    /// What stands in for a `${…}` is read as a value and nothing else, and is not told where it is wrong.
    @Test func changedVariables() {
        let marker = "qX7marker"
        let corpus = [
            marker, "https://\(marker).example.com", marker + String(repeating: "0", count: 60), "${\(marker)}",
        ]
        let names = Self.secrets.keys.sorted() + ["PAYALO_URL"]
        for var round in Fuzz("variables", corpus: corpus.map { Array($0.utf8) }, tokens: .yaml, rounds: 150) {
            var environment = Self.secrets
            let name = round.random.one(of: names)
            environment[name] = String(decoding: round.input, as: UTF8.self) + marker
            let files = Self.files.map { (key: $0.key, value: Array($0.value.utf8)) }
            let result = Self.read(files, environment)
            Self.check(result, files, [marker], round)
            #expect(result.faults.allSatisfy { Self.isAbout(name, $0) }, "\(name) \(result.faults) \(round)")
        }
    }

    /// Whether a fault stands on a line that uses the variable.
    private static func isAbout(_ name: String, _ fault: ConfigurationFault) -> Bool {
        let file = files.first { "c/" + $0.key == fault.position.file }
        let lines = file?.value.split(separator: "\n", omittingEmptySubsequences: false) ?? []
        return lines.indices.contains(fault.position.line - 1) && lines[fault.position.line - 1].contains("${" + name)
    }

    private static func check(
        _ result: LoadResult, _ files: [(key: String, value: [UInt8])], _ secrets: [String], _ round: FuzzRound
    ) {
        #expect(result.hasErrors == result.faults.contains { $0.severity == .error }, "\(round)")
        #expect(result.faults.count <= 2002, "\(round)")
        for fault in result.faults {
            let said = fault.description
            #expect(!said.unicodeScalars.contains(where: isBreak), "one line: \(said), \(round)")
            #expect(said.utf8.count < 4096, "\(said.utf8.count) bytes, \(round)")
            #expect(!secrets.contains { said.contains($0) }, "no secret: \(said), \(round)")
            #expect(isInside(fault.position, files), "a place that is there: \(said), \(round)")
        }
        guard let configuration = result.configuration else { return }
        for name in configuration.apps.keys {
            guard let money = Currency(code: "KES").map({ Money(minorUnits: 1000, currency: $0) }) else { continue }
            for method in PaymentMethod.allCases {
                _ = configuration.router.explain(PaymentShape(app: name, money: money, method: method))
            }
        }
    }

    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    /// A place in a file, the one behind its last character included; or the beginning of the folder.
    private static func isInside(_ position: SourcePosition, _ files: [(key: String, value: [UInt8])]) -> Bool {
        if position.file == "c" { return (position.line, position.column) == (1, 1) }
        guard let file = files.first(where: { "c/" + $0.key == position.file }) else { return false }
        // Lines as editors have them, and as YAML has them (1.1, §5.4), which knows more breaks.
        let text = String(decoding: file.value, as: UTF8.self).replacing("\r\n", with: "\n").unicodeScalars
        let line = position.line - 1
        return [["\n"], ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]].contains { (breaks: Set<Unicode.Scalar>) in
            let lines = text.split(omittingEmptySubsequences: false) { breaks.contains($0) }
            let length = lines.indices.contains(line) ? lines[line].count : 0
            return (0...lines.count).contains(line) && (1...length + 1).contains(position.column)
        }
    }
}
