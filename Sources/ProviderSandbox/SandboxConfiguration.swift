/// How a ``Sandbox`` listens and behaves. Everything has a default, so that `SandboxConfiguration()` is the sandbox
/// that `switchyard sandbox` starts.
package struct SandboxConfiguration: Sendable {
    /// The address to listen on. The sandbox takes payments from anyone who reaches it: keep it on loopback.
    package var host: String
    /// The port of the common listener, with every provider under its prefix; 0 takes any free one.
    package var port: Int
    /// Whether the providers' documented rate limits hold; `--no-limits` lifts them. AlyaPay documents 100 requests per
    /// 15 minutes and key, Payment API Service 20 a second and 10,000 an hour per merchant for payments, 100 a second
    /// for transactions and 50 a second per address for its public part. Payalo, Spayon and Waypay document none.
    package var documentedLimits: Bool
    /// Where the callback addresses that merchants have registered point to at first: the router's public address, to
    /// which `/webhooks/` and the shipped instance are added. `POST /_sandbox/callbacks` changes them.
    package var router: String
    /// The credentials that the simulated providers accept.
    package var credentials: SandboxCredentials
    /// How AlyaPay behaves where its documents leave a choice or name a time.
    package var alyaPay = AlyaPaySettings()
    /// Whether each provider also gets a listener of its own, without a prefix, on any free port; see
    /// ``Sandbox/port(of:)``.
    package var ownListeners: Bool
    /// When a Payalo payment settles itself with success; `nil`: only `POST /_sandbox/settle` settles it.
    package var autoSettleAfter: Duration?
    /// How long a Spayon token lives. Documented: 1 hour (`spayon.source.txt`, step 2).
    package var tokenLifetime: Duration
    /// How long a Spayon session stays payable. Documented: 15 minutes (`spayon.source.txt`, cancel handling).
    package var sessionLifetime: Duration
    /// The pause before each of Spayon's 3 callback retries. Documented: 5 minutes (callbacks page).
    package var callbackRetryInterval: Duration
    /// How long an authorization of Payment API Service holds. Documented: 7 days.
    package var authorizationLifetime: Duration
    /// How long one of its payment intents can be paid. Documented: 1 hour.
    package var intentLifetime: Duration
    /// The pauses before its webhooks' retries. Documented: 5 minutes, 15 minutes, 1 hour, 6 hours.
    package var paymentGatewayRetries: [Duration]
    /// Transactions kept per provider; the oldest make room.
    package var maxTransactions: Int
    /// What the Payalo brand of the sandbox is configured for.
    package var payaloMethods: [PayaloMethod]
    /// The products of the Spayon vendor's panel, payable by `product_id`.
    package var spayonProducts: [SpayonProduct]
    /// How long a Waypay session stays payable. Documented is that `expiresAt` tells, and no length: assumed.
    package var waypaySessionLifetime = Duration.seconds(30 * 60)

    /// The sandbox of `switchyard sandbox`, but for what is given; see the properties.
    package init(
        host: String = "127.0.0.1",
        port: Int = 9400,
        documentedLimits: Bool = true,
        router: String = "http://127.0.0.1:8080",
        credentials: SandboxCredentials = SandboxCredentials(),
        ownListeners: Bool = false,
        autoSettleAfter: Duration? = nil,
        tokenLifetime: Duration = .seconds(3600),
        sessionLifetime: Duration = .seconds(15 * 60),
        callbackRetryInterval: Duration = .seconds(5 * 60),
        authorizationLifetime: Duration = .seconds(7 * 86_400),
        intentLifetime: Duration = .seconds(3600),
        paymentGatewayRetries: [Duration] = [.seconds(5 * 60), .seconds(15 * 60), .seconds(3600), .seconds(6 * 3600)],
        maxTransactions: Int = 100_000,
        payaloMethods: [PayaloMethod] = PayaloMethod.sandboxBrand,
        spayonProducts: [SpayonProduct] = [SpayonProduct(id: 1, name: "Iphone 16S", price: "10", currency: "AMD")]
    ) {
        precondition(maxTransactions > 0, "a sandbox keeps at least one transaction")
        precondition(Self.isRouter(router), "the router is at an https address, or at an http one on loopback")
        self.host = host
        self.port = port
        self.documentedLimits = documentedLimits
        self.router = router
        self.credentials = credentials
        self.ownListeners = ownListeners
        self.autoSettleAfter = autoSettleAfter
        self.tokenLifetime = tokenLifetime
        self.sessionLifetime = sessionLifetime
        self.callbackRetryInterval = callbackRetryInterval
        self.authorizationLifetime = authorizationLifetime
        self.intentLifetime = intentLifetime
        self.paymentGatewayRetries = paymentGatewayRetries
        self.maxTransactions = maxTransactions
        self.payaloMethods = payaloMethods
        self.spayonProducts = spayonProducts
    }

    /// Whether callbacks may go to this address: `https`, or `http` on loopback, without a query.
    package static func isRouter(_ url: String) -> Bool {
        MerchantURL.isAcceptable(url) && !url.contains("?") && !url.contains("#")
    }
}

/// The credentials that the sandbox accepts. They are published and worth nothing: the shipped `routes/*.yaml` and the
/// tests use them as they stand.
package struct SandboxCredentials: Sendable {
    /// AlyaPay's API key, sent in `X-API-Key`.
    package var alyaPayKey = "sandbox-alyapay-key"
    /// The secret that AlyaPay signs callbacks with.
    package var alyaPayWebhookSecret = "sandbox-alyapay-webhook-secret"
    /// Payalo's brand key: sent in `X-Api-Key`, and back in the callbacks' `X-API-KEY`.
    package var payaloKey = "sandbox-payalo-key"
    /// The key of a Payalo brand that has been switched off; its payments get `merchant_disabled`.
    package var payaloDisabledKey = "sandbox-payalo-disabled-key"
    /// Spayon's client id.
    package var spayonClientID = "sandbox-client"
    /// Spayon's client secret.
    package var spayonClientSecret = "sandbox-secret"
    /// The secret that Spayon signs callbacks with.
    package var spayonCallbackSecret = "sandbox-spayon-callback-secret"
    /// The merchants of Payment API Service, each apart from the other.
    package var paymentGatewayMerchants = [
        PaymentGatewayMerchant(
            key: "pk_sandbox_main", webhookSecret: "sandbox-paymentgateway-webhook-secret", id: "merchant_sandbox_main",
            instance: "cards-main"),
        PaymentGatewayMerchant(
            key: "pk_sandbox_backup", webhookSecret: "sandbox-paymentgateway-backup-webhook-secret",
            id: "merchant_sandbox_backup", instance: "cards-backup"),
    ]
    /// Waypay's API key: `SWICH-API-Key`.
    package var waypayKey = "pk_test_sandbox"
    /// The key of a Waypay account that is suspended; its requests get 403.
    package var waypaySuspendedKey = "pk_test_sandbox_suspended"
    /// The secret that Waypay's requests are signed with.
    package var waypaySignatureSecret = "mer_sk_sandbox_secret"

    /// The published credentials.
    package init() {}
}

/// A payment method that a Payalo brand is configured for: the `{method}` of the path.
package struct PayaloMethod: Sendable {
    /// The method key, such as `mpesa-ke`.
    package var key: String
    /// The title in `providerData`, such as `M-Pesa Kenya`.
    package var title: String
    /// ISO 3166-1 alpha-2.
    package var country: String
    /// ISO 4217.
    package var currency: String

    /// A method; see the properties.
    package init(key: String, title: String, country: String, currency: String) {
        self.key = key
        self.title = title
        self.country = country
        self.currency = currency
    }

    /// `mpesa-ke` and `airtel-ug` are the keys that Payalo's documents name; the rest is this sandbox brand's own
    /// configuration in the same form, so that routes for other countries can be tried.
    package static let sandboxBrand: [PayaloMethod] = [
        PayaloMethod(key: "mpesa-ke", title: "M-Pesa Kenya", country: "KE", currency: "KES"),
        PayaloMethod(key: "airtel-ke", title: "Airtel Kenya", country: "KE", currency: "KES"),
        PayaloMethod(key: "mtn-ug", title: "MTN Uganda", country: "UG", currency: "UGX"),
        PayaloMethod(key: "airtel-ug", title: "Airtel Uganda", country: "UG", currency: "UGX"),
        PayaloMethod(key: "mpesa-tz", title: "M-Pesa Tanzania", country: "TZ", currency: "TZS"),
        PayaloMethod(key: "airtel-tz", title: "Airtel Tanzania", country: "TZ", currency: "TZS"),
        PayaloMethod(key: "mtn-rw", title: "MTN Rwanda", country: "RW", currency: "RWF"),
        PayaloMethod(key: "mtn-gh", title: "MTN Ghana", country: "GH", currency: "GHS"),
        PayaloMethod(key: "mtn-zm", title: "MTN Zambia", country: "ZM", currency: "ZMW"),
    ]
}

/// A merchant of Payment API Service.
package struct PaymentGatewayMerchant: Sendable {
    /// The API key: sent in `X-API-Key`; begins with `pk_`.
    package var key: String
    /// What its webhooks are signed with.
    package var webhookSecret: String
    /// The `merchant_id` of webhooks.
    package var id: String
    /// The instance in the shipped `routes/` to whose webhook address its webhooks go at first.
    package var instance: String

    /// A merchant; see the properties.
    package init(key: String, webhookSecret: String, id: String, instance: String) {
        self.key = key
        self.webhookSecret = webhookSecret
        self.id = id
        self.instance = instance
    }
}

/// A product of a Spayon vendor's panel.
package struct SpayonProduct: Sendable {
    /// The `product_id`.
    package var id: Int64
    /// The `productName` of statuses and callbacks.
    package var name: String
    /// Decimal text, in major units.
    package var price: String
    /// ISO 4217, upper case.
    package var currency: String

    /// A product; see the properties.
    package init(id: Int64, name: String, price: String, currency: String) {
        self.id = id
        self.name = name
        self.price = price
        self.currency = currency
    }
}
