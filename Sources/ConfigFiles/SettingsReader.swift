import PaymentModel
import ProviderKit

/// Reads `settings` of a provider as its plugin declares them. Values are never shown.
struct SettingsReader {
    /// What every plugin accepts, whether or not it declares it: networks whose unsigned callbacks are hints.
    static let webhookAllow = "webhook_allow"

    let faults: FaultLog
    let declaration: ProviderDeclaration
    /// The instance, for messages.
    let provider: String

    /// Settings with the places of their values.
    struct Settings {
        var values: [String: SettingValue] = [:]
        var positions: [String: SourcePosition] = [:]
        var webhookAllow: [String] = []
        var position: SourcePosition
    }

    /// Nil where a setting is missing or wrong (reported).
    func read(_ node: ConfigNode?, at provider: SourcePosition) -> Settings? {
        var settings = Settings(position: node?.position ?? provider)
        let node = node ?? ConfigNode(content: .empty, position: provider)
        guard var map = MapReader(node, "settings of '\(self.provider)'", faults: faults) else { return nil }
        var isComplete = true
        for setting in declaration.settings where setting.key != Self.webhookAllow {
            guard let node = map.node(setting.key) else {
                if setting.isRequired {
                    faults.error(
                        at: settings.position,
                        "provider '\(self.provider)' needs the setting '\(setting.key)': \(setting.help)")
                    isComplete = false
                }
                continue
            }
            settings.positions[setting.key] = node.position
            settings.values[setting.key] = value(node, setting)
            if settings.values[setting.key] == nil { isComplete = false }
        }
        let networks = map.values(Self.webhookAllow) { scalar throws(Misfit) in try Values.network(cidr: scalar) }
        settings.webhookAllow = networks?.map(\.value) ?? []
        map.finish()
        return isComplete ? settings : nil
    }

    /// Makes the adapter; a value that the plugin refuses is reported where it stands.
    func adapter(_ plugin: any ProviderAdapter.Type, _ settings: Settings) -> (any ProviderAdapter)? {
        do throws(SettingFault) {
            return try plugin.init(settings: ProviderSettings(settings.values))
        } catch {
            faults.error(
                at: settings.positions[error.key] ?? settings.position,
                "setting '\(error.key)' of provider '\(provider)' \(error.detail)")
            return nil
        }
    }

    private func value(_ node: ConfigNode, _ setting: SettingDeclaration) -> SettingValue? {
        let key = setting.key
        switch setting.kind {
        case .secret: return faults.scalar(node, key, Values.secret).map { .secret($0.value) }
        case .secrets: return list(node, key, Values.secret).map { .secrets($0) }
        case .text: return faults.scalar(node, key, Values.text).map { .text($0.value) }
        case .texts: return list(node, key, Values.text).map { .texts($0) }
        case .choice(let choices):
            return faults.scalar(node, key) { scalar throws(Misfit) in try choice(scalar, choices) }.map {
                .text($0.value)
            }
        case .duration:
            return faults.scalar(node, key) { scalar throws(Misfit) in
                if scalar.isStandIn { return Duration.seconds(60) }
                return try Values.duration(.zero...Limits.longest)(scalar)
            }.map { .duration($0.value) }
        case .map:
            guard let entries = faults.entries(node, key) else { return nil }
            var map: [String: String] = [:]
            for entry in entries {
                guard let text = faults.scalar(entry.value, entry.key, Values.text) else { return nil }
                map[entry.key] = text.value
            }
            return .map(map)
        }
    }

    /// All items, or nil where one of them is wrong.
    private func list<Value>(
        _ node: ConfigNode, _ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value
    ) -> [Value]? {
        guard let items = faults.items(node, key) else { return nil }
        let values = items.compactMap { faults.scalar($0, key, parse)?.value }
        return values.count == items.count ? values : nil
    }

    private func choice(_ scalar: ConfigScalar, _ choices: [String]) throws(Misfit) -> String {
        if scalar.isStandIn { return choices.first ?? "" }
        guard choices.contains(scalar.text) else { throw Values.unknown(scalar, among: choices) }
        return scalar.text
    }
}
