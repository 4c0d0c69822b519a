import Synchronization

/// A merchant of a provider that calls an address that is registered with it, not one that each payment names.
package struct CallbackRegistration: Sendable {
    /// The merchant's API key, by which `POST /_sandbox/callbacks` names it.
    package let key: String
    /// The instance in the shipped `routes/`: its webhook path is registered to begin with.
    package let instance: String
}

/// The registered callback addresses of all merchants. Looked up at each attempt to deliver, so that a changed address
/// gets what is still to come, retries included.
final class CallbackRegistry: Sendable {
    private struct Merchant: Hashable {
        let provider: String
        let key: String
    }

    private let urls: Mutex<[Merchant: String]>

    /// - Parameter router: the base of the addresses, as `http://127.0.0.1:8080`.
    init(_ providers: [any SimulatedProvider], router: String) {
        var base = router[...]
        while base.hasSuffix("/") { base = base.dropLast() }
        var urls: [Merchant: String] = [:]
        for provider in providers {
            for registration in provider.registrations {
                urls[Merchant(provider: provider.id, key: registration.key)] =
                    base + "/webhooks/" + registration.instance
            }
        }
        self.urls = Mutex(urls)
    }

    func url(of key: String, at provider: String) -> String? {
        urls.withLock { $0[Merchant(provider: provider, key: key)] }
    }

    /// Changes the address of a merchant that is known.
    func register(_ url: String, of key: String, at provider: String) {
        urls.withLock { urls in
            let merchant = Merchant(provider: provider, key: key)
            precondition(urls[merchant] != nil, "only a known merchant has an address")
            urls[merchant] = url
        }
    }
}
