import PaymentEngine
import Routing

extension EngineConfiguration {
    /// The same configuration with another webhook of one app, as if its file named it; unchanged where there is no such
    /// app.
    func sendingEvents(of app: String, to webhook: AppConfiguration.Webhook) -> EngineConfiguration {
        var apps = apps
        apps[app]?.webhook = webhook
        return EngineConfiguration(
            version: version, server: server, apps: apps, providers: providers, routes: router.routes)
    }
}
