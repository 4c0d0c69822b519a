import ConfigFiles
import Foundation
import PaymentEngine
import Testing

@testable import switchyard

/// Where a router's configuration comes from.
enum Setup {
    /// The shipped `routes/`, as a newcomer runs it.
    case shipped
    /// The shipped `routes/`, with rules before its own that send a payment to the provider in its `metadata.provider`: so
    /// every provider can be paid through in every currency that it takes.
    case picking
    /// The same apps and one instance of each provider, with short times. `server`, `payalo` and `shop` are further lines
    /// of YAML, `payalo` for `payalo-ke` alone.
    case quick(server: String = "", payalo: String = "", shop: String = "")

    /// One file of YAML, whole.
    case file(String)

    static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    func load(_ environment: [String: String]) throws -> EngineConfiguration {
        let folder = try written()
        defer { try? remove(folder) }
        return try Self.load(Self.source(folder, environment))
    }

    /// What a router reads a folder through, with flags that let it listen on free ports.
    static func source(
        _ folder: URL, _ environment: [String: String], adminHost: String = "127.0.0.1"
    ) -> ConfigurationSource {
        ConfigurationSource(folder: folder.path, environment: environment) {
            $0.listening(on: .init(host: "127.0.0.1", port: 0), admin: .init(host: adminHost, port: 0))
        }
    }

    static func load(_ source: ConfigurationSource) throws -> EngineConfiguration {
        let (configuration, faults) = source.load()
        return try #require(configuration, "\(faults.map(\.description))")
    }

    /// The folder of the configuration; one that was made for it is to be removed.
    func written() throws -> URL {
        let shipped = URL(filePath: Self.packageRoot + "/routes")
        let folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString)")
        switch self {
        case .shipped: return shipped
        case .picking:
            try FileManager.default.copyItem(at: shipped, to: folder)
            let picks = ["payalo-ke", "spayon-main", "cards-main", "alyapay-main", "waypay-main"].map { name in
                """
                  - name: pick-\(name)
                    when: { metadata: { provider: \(name) } }
                    use: [\(name)]

                """
            }
            try ("routes:\n" + picks.joined()).write(
                to: folder.appending(path: "25-picks.yaml"), atomically: true, encoding: .utf8)
        case .quick(let server, let payalo, let shop):
            try Self.write(Self.yaml(server: server, payalo: payalo, shop: shop), into: folder)
        case .file(let yaml): try Self.write(yaml, into: folder)
        }
        return folder
    }

    static func write(_ yaml: String, into folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try yaml.write(to: folder.appending(path: "all.yaml"), atomically: true, encoding: .utf8)
    }

    func remove(_ folder: URL) throws {
        if case .shipped = self { return }
        try FileManager.default.removeItem(at: folder)
    }

    static func yaml(server: String = "", payalo: String = "", shop: String = "") -> String {
        """
        server:
          inquiry: [100ms, 200ms]
          \(server)
        apps:
          shop:
            api_keys_sha256: ["f5d072715bf986543308d9f187277c2406847cd7bfd33cbc2264fedc284a9992"]
            country: KE
            \(shop)
          blog:
            api_keys_sha256: ["ef3cc3a7afe37ad08223efeca65464fb3fd7c5318647d3f5b19ee05a3880af8b"]
            allow: [create, read]
        providers:
          payalo-ke:
            plugin: payalo
            base_url: "${PAYALO_URL}"
            timeout: 1s
            settings: { api_key: \(Providers.payaloKey), inquiry_interval: 50ms }
            \(payalo.isEmpty ? "breaker: { open_for: 100ms, max_open_for: 200ms }" : payalo)
          payalo-backup:
            plugin: payalo
            base_url: "${PAYALO_BACKUP_URL}"
            settings: { api_key: \(Providers.payaloKey), inquiry_interval: 50ms }
          spayon-main:
            plugin: spayon
            base_url: "${SPAYON_URL}"
            settings:
              client_id: sandbox-client
              client_secret: sandbox-secret
              callback_secret: \(Providers.spayonCallbackSecret)
          cards-main:
            plugin: paymentgateway
            base_url: "${CARDS_URL}"
            timeout: 1s
            settings: { api_key: \(Providers.cardsKey), webhook_secret: \(Providers.cardsWebhookSecret) }
            breaker: { open_for: 100ms, max_open_for: 200ms }
          alyapay-main:
            plugin: alyapay
            base_url: "${ALYAPAY_URL}"
            settings: { api_key: sandbox-alyapay-key, webhook_secret: sandbox-alyapay-webhook-secret }
          waypay-main:
            plugin: waypay
            base_url: "${WAYPAY_URL}"
            settings: { api_key: pk_test_sandbox, signature_secret: mer_sk_sandbox_secret }
        routes:
          - name: kenya-mobile-money
            when: { currency: KES, method: mobile_money, country: KE }
            use: [payalo-ke, payalo-backup]
          - name: cards
            when: { currency: [USD, EUR, MAD], method: card }
            use: [cards-main]
          - name: cards-page
            when: { currency: [USD, EUR], method: checkout }
            use: [cards-main]
          - name: morocco-checkout
            when: { currency: MAD, method: checkout }
            use: [alyapay-main]
          - name: pakistan
            when: { currency: PKR, method: [checkout, wallet] }
            use: [waypay-main]
          - name: checkout
            when: { method: checkout }
            use: [spayon-main]

        """
    }
}
