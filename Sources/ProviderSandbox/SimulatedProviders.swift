/// The providers that are simulated.
enum SimulatedProviders {
    /// Their ids, in the order in which they are listed.
    static let ids = ["alyapay", "payalo", "spayon", "paymentgateway", "waypay"]

    static func make(
        _ id: String, _ configuration: SandboxConfiguration, identifiers: IdentifierSource
    ) -> (any SimulatedProvider)? {
        switch id {
        case "alyapay": AlyaPayProvider(configuration, identifiers: identifiers)
        case "payalo": PayaloProvider(configuration, identifiers: identifiers)
        case "spayon": SpayonProvider(configuration, identifiers: identifiers)
        case "paymentgateway": PaymentGatewayProvider(configuration, identifiers: identifiers)
        case "waypay": WaypayProvider(configuration, identifiers: identifiers)
        default: nil
        }
    }
}

extension SandboxConfiguration {
    /// One provider without the sandbox around it: no listener, no delivery, no faults, no record of requests. Nothing
    /// happens but what a call asks for, at the time that it names. Calls may come from any task.
    ///
    /// Whoever calls it does the sandbox's part: delivers callbacks, and calls ``SimulatedProvider/tick(at:)`` when time
    /// has passed. Time never goes back. `maxTransactions` is to be more than the payments that it gets: the oldest
    /// make room, and their references are free again. Expiring sessions and payments are found in the order in which
    /// they were opened, so lifetimes stay as they are.
    ///
    /// - Parameter id: the id of the plugin: `payalo`.
    /// - Parameter seed: what identifiers are made from. Two providers with the same seed make the same ones.
    /// - Precondition: the provider is simulated.
    package func simulatedProvider(_ id: String, seed: UInt64) -> any SimulatedProvider {
        guard let provider = SimulatedProviders.make(id, self, identifiers: IdentifierSource(seed: seed)) else {
            preconditionFailure("\(id) is not simulated")
        }
        return provider
    }
}
