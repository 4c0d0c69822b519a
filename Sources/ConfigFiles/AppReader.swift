import PaymentEngine
import PaymentModel
import Resilience

/// An app with the places that later checks name.
struct AppDraft {
    let app: AppConfiguration
    let position: SourcePosition
    let keys: [Located<KeyDigest>]
    let webhook: SourcePosition?
}

/// Reads the entries of `apps`.
struct AppReader {
    let faults: FaultLog

    func read(_ entry: ConfigEntry) -> AppDraft? {
        guard Values.isName(entry.key) else {
            faults.error(at: entry.position, "'\(entry.key)' is no name for an app: \(Values.nameRule)")
            return nil
        }
        guard var map = MapReader(entry.value, "app '\(entry.key)'", faults: faults) else { return nil }
        let keysNode = map.required("api_keys_sha256")
        let keys = keysNode.flatMap { faults.scalars($0, "api_keys_sha256", Values.keyDigest) } ?? []
        if let keysNode, keysNode.holdsNothing {
            faults.warning(at: keysNode.position, "app '\(entry.key)' has no key: nobody can call as it")
        }
        let country = map.value("country", Values.country)
        let allowNode = map.node("allow")
        let allow = allowNode.flatMap {
            faults.scalars($0, "allow", Values.choice(AppConfiguration.Permission.self))
        }
        let limits = map.rateLimits("rate_limit")
        let webhookNode = map.node("webhook")
        let webhook = webhookNode.flatMap { readWebhook($0) }
        map.finish()

        let permissions = allow.map { Set($0.map(\.value)) } ?? Set(AppConfiguration.Permission.allCases)
        if let allowNode, allowNode.holdsNothing {
            faults.warning(at: allowNode.position, "app '\(entry.key)' may do nothing: 'allow' is empty")
        } else if let webhookNode, !permissions.isEmpty, !permissions.contains(.create) {
            faults.warning(
                at: webhookNode.position, "app '\(entry.key)' may not create payments: its webhook will hear of none")
        }
        let app = AppConfiguration(
            name: entry.key, keys: keys.map(\.value), country: country, allow: permissions, rateLimits: limits ?? [],
            webhook: webhook)
        return AppDraft(app: app, position: entry.position, keys: keys, webhook: webhookNode?.position)
    }

    private func readWebhook(_ node: ConfigNode) -> AppConfiguration.Webhook? {
        guard var map = MapReader(node, "webhook", faults: faults) else { return nil }
        let url = map.required("url").flatMap { faults.scalar($0, "url", Values.url) }
        let secret = map.requiredValue("secret", Values.webhookSecret)
        let allowPrivate = map.value("allow_private", Values.boolean) ?? false
        let retry = map.values("retry", Values.duration(.milliseconds(10)...(.seconds(86_400))))
        map.finish()
        guard let url, let secret else { return nil }
        if !allowPrivate, WebAddress(url.value)?.isLoopback == true {
            faults.warning(at: url.position, "deliveries to loopback are refused without 'allow_private: true'")
        }
        return AppConfiguration.Webhook(
            url: url.value, secret: secret, allowPrivate: allowPrivate,
            retry: retry?.map(\.value) ?? Self.defaultRetry)
    }

    /// When a failed delivery is tried again, as in contract §2.
    private static let defaultRetry: [Duration] = [.seconds(300), .seconds(900), .seconds(3600), .seconds(21_600)]
}
