package import PaymentEngine
package import PaymentModel
package import ProviderKit
package import Routing
package import StrictJSON

/// What the gateway needs of the engine: all that can be asked for over HTTP, with HTTP taken off. Tests put a recorder in
/// the engine's place.
///
/// Requests that get here are authenticated, allowed, within the app's rate limits and valid by themselves.
package protocol PaymentAPI: Sendable {
    /// The configuration as it is now. A request reads it once.
    var configuration: EngineConfiguration { get }

    /// Whether the process is shutting down: it is not ready any more, and answers close their connections.
    var isDraining: Bool { get }

    /// Whether new payments are taken: while draining too, until the grace is over.
    var takesPayments: Bool { get }

    /// Makes a payment.
    ///
    /// - Parameters:
    ///   - body: The parsed body, of which the idempotency fingerprint is made.
    ///   - key: The `Idempotency-Key`, without quotes.
    func create(_ request: PaymentRequest, body: JSONValue, key: String, call: Call) async -> Answer

    /// Captures, cancels or refunds a payment of the caller's app.
    ///
    /// - Parameters:
    ///   - operation: `.capture`, `.cancel` or `.refund`.
    ///   - amount: Minor units; nil for all that there is, and for `cancel`.
    ///   - reason: For `cancel` and `refund`.
    func followUp(
        _ operation: Operation, payment id: String, amount: Int64?, reason: String?, body: JSONValue, key: String,
        call: Call
    ) async -> Answer

    /// Asks the provider about a payment of the caller's app now.
    func sync(payment id: String, providerTransactionID: String?, call: Call) async -> Answer

    /// A payment as last known; nil where there is none or it is another app's. `app` nil: an operator asks.
    func payment(id: String, app: String?) async -> Payment?

    /// A page of payments. Throws `validation-failed` for a cursor that no page gave.
    func payments(_ query: PaymentQuery) async throws(Problem) -> PaymentPage

    /// The routing decision for a payment; nothing is sent.
    func explain(_ request: PaymentRequest, call: Call) -> RouteExplanation

    /// The methods that the routes can serve now. What is nil does not narrow the answer; `money` includes `currency`.
    func paymentMethods(money: Money?, currency: Currency?, country: Country?, call: Call) -> [ServableMethod]

    /// An event of that app; nil where there is none or it is another app's. `app` nil: an operator asks.
    func event(id: String, app: String?) async -> Event?

    /// A page of events. Throws `validation-failed` for a cursor that no page gave.
    func events(_ query: EventQuery) async throws(Problem) -> EventPage

    /// A page of the events whose delivery has failed, the last failure first; of one app, or of all.
    func failedEvents(app: String?, limit: Int, cursor: String?) async throws(Problem) -> EventPage

    /// Sends an event of the caller's app anew, and returns it as it is then. Throws `not-found`, or `invalid-state` where the
    /// app has no webhook.
    func redeliver(event id: String, call: Call) async throws(Problem) -> Event

    /// Takes a provider's callback. `address`: the sender's, where the connection tells it.
    func receiveCallback(
        provider: String, token: String?, delivery: CallbackDelivery, from address: String?
    ) async -> CallbackAnswer

    /// Where the customer's browser goes on to from a callback address; nil where the token is not right.
    func returnAddress(provider: String, token: String) async -> String?

    /// The callbacks that match no payment: those that tell of money first, newest first.
    func orphans(limit: Int) async -> [OrphanCallback]

    /// Settles a payment by hand. `refunded`: of `partially_refunded`, in minor units.
    func resolve(
        payment id: String, to status: PaymentStatus, providerReference: String?, refunded: Int64?, note: String
    ) async throws(Problem) -> Payment

    /// How the providers are, in the order of their names.
    func providerReports() async -> [ProviderHealthReport]

    /// All that a page for operators shows. `most`: payments, events and callbacks of each kind.
    func overview(most: Int) async -> EngineOverview

    /// Switches a provider off or on by hand. False: there is none of that name.
    func setProvider(_ name: String, disabled: Bool) -> Bool
}

/// The engine is what answers.
extension PaymentEngine: PaymentAPI {}
