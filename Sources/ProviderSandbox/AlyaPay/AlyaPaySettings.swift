/// How the simulated AlyaPay behaves.
package struct AlyaPaySettings: Sendable {
    /// How long a session's token lives. Documented: 1 hour.
    package var sessionLifetime = Duration.seconds(3600)
    /// How long a transaction waits for its customer. Documented: 30 minutes, for example.
    package var paymentWindow = Duration.seconds(30 * 60)
    /// Whether `transaction.approved` is sent. The integration page has two events, cancelled and expired; the webhooks
    /// page has this one as well.
    package var sendsApproved = false
    /// The waits before a webhook is sent again. Documented: 5, 10 and 15 seconds (webhooks page).
    package var callbackRetries: [Duration] = [.seconds(5), .seconds(10), .seconds(15)]

    /// What is documented.
    package init() {}
}
