import Foundation
import NIOHTTP1
import ProviderSandbox
import StrictJSON
import Testing

/// A payment that waits for its callback, and what may be sent about it.
struct CallbackTarget: Sendable {
    let router: Router
    let source: CallbackSource
    let instance: String
    let id: String
    /// The path of its callback address.
    let path: String
    /// What an honest delivery about it would say.
    let told: Told

    /// Makes a payment. Payments are made one after another: the newest request is this one's.
    static func make(
        _ router: Router, _ source: CallbackSource, _ reference: String = "order-1", at instance: String? = nil,
        capture: String = "automatic"
    ) async throws -> CallbackTarget {
        let instance = instance ?? source.instance
        let answer = try await router.pay(
            "\(instance)-\(reference)", source.order(reference, to: instance, capture: capture))
        try #require(answer.status == 201, "\(answer.text)")
        #expect(answer["status"] == source.opening)
        let id = try #require(answer["id"])
        let session = try #require(answer["provider_reference"] ?? answer["id"])
        let sent = try #require(try await router.providers.received(source.plugin).last { $0.method == "POST" }?.body)
        let address = source.address.flatMap { sent[$0]?.string }
        let path = address.map { String($0.dropFirst("http://127.0.0.1:\(router.api)".count)) }
        var ours: JSONValue? = sent
        for member in source.reference ?? [] { ours = ours?[member] }
        // Payalo's and Spayon's own reference is the transaction's; elsewhere one comes of the session later.
        let isTransaction = source.plugin == "payalo" || source.plugin == "spayon"
        return CallbackTarget(
            router: router, source: source, instance: instance, id: id, path: path ?? "/webhooks/\(instance)",
            told: Told(
                ours: ours?.string ?? "", session: session, transaction: isTransaction ? session : "tx_\(id)",
                amount: source.amount, currency: source.currency))
    }

    /// The token in `path`; nil where there is none.
    var token: String? {
        let parts = path.split(separator: "/")
        return parts.count == 3 ? String(parts[2]) : nil
    }

    /// What is told, with some of it changed.
    func told(_ state: Told.State = .paid, _ change: (inout Told) -> Void = { _ in }) -> Told {
        var told = told
        told.state = state
        change(&told)
        return told
    }

    /// Sends what an honest provider would.
    @discardableResult
    func tell(_ told: Told) async throws -> Answered {
        try await deliver(Array(source.body(told).utf8))
    }

    /// Sends bytes, rightly signed unless `headers` are given.
    @discardableResult
    func deliver(_ body: [UInt8], to path: String? = nil, _ headers: [String: String]? = nil) async throws -> Answered {
        try await post(body, to: path, headers).described(.POST, path ?? self.path, body)
    }

    /// The same for who takes the time: the answer is not held against the description.
    func post(_ body: [UInt8], to path: String? = nil, _ headers: [String: String]? = nil) async throws -> Answered {
        var all = headers ?? source.headers(body)
        all["content-type"] = "application/json"
        return try await router.providers.http.answer(
            .POST, "http://127.0.0.1:\(router.api)\(path ?? self.path)", all, body)
    }

    func payment() async throws -> Answered { try await router.payment(id) }

    /// Makes it true at the provider that it was paid, without a word about it, where the provider is asked before it is
    /// believed.
    func payUnheard() async throws {
        guard !source.isSigned else { return }
        try await router.providers.fault(source.plugin, "drop_callback")
        try await router.providers.settle(source.plugin, told.ours, "success")
    }

    /// The types of the payment's events, oldest first: all there are, sent or not.
    func events() async throws -> [String] {
        let list = try await router.send(.GET, "/v1/events?payment=\(id)&limit=100")
        return try #require(list.json["data"]?.array).compactMap { $0["type"]?.string }.reversed()
    }

    /// How often the provider was asked after any payment.
    func questions() async throws -> Int {
        try await router.providers.received(source.plugin).count { $0.method == "GET" }
    }

    /// The payment once it has a review; the reason is checked.
    @discardableResult
    func review(is reason: String) async throws -> Answered {
        let payment = try await eventually("a review") { () async throws -> Answered? in
            let payment = try await self.payment()
            return payment.json["review"]?.isNull == false ? payment : nil
        }
        #expect(payment.json["review"]?["reason"]?.string == reason)
        return payment
    }

    /// What the admin listener lists as matching no payment.
    func orphans() async throws -> [JSONValue] {
        try #require(try await router.operate(.GET, "/admin/orphans").json["orphans"]?.array)
    }

    /// Whether the receiver was sent exactly the payment's events, in their order, each once and rightly signed.
    func expectDelivered(_ receiver: EventReceiver, _ expected: [String]) async throws {
        let names = expected.map { "payment.\($0)" }
        #expect(try await events() == names)
        try await until("all events are delivered") {
            let list = try await router.send(.GET, "/v1/events?payment=\(id)&limit=100")
            let states = list.json["data"]?.array?.compactMap { $0["delivery"]?["status"]?.string } ?? []
            return states.count >= names.count && states.allSatisfy { $0 == "delivered" }
        }
        let mine = receiver.deliveries.filter { $0.json?["data"]?["id"]?.string == id }
        #expect(mine.compactMap(\.type) == names)
        #expect(Set(mine.compactMap(\.id)).count == names.count)
        #expect(mine.allSatisfy { $0.isGenuine })
    }
}

/// Asks again until it is so; the test fails after a while.
func until(_ what: String, _ isSo: () async throws -> Bool) async throws {
    _ = try await eventually(what) { () async throws -> Bool? in try await isSo() ? true : nil }
}

/// Runs `body` beside all five simulated providers, with an app that hears of its payments.
func callbackTest(
    sandbox configure: (inout SandboxConfiguration) -> Void = { _ in }, retry: String = "[100ms, 100ms, 100ms]",
    _ body: @escaping @Sendable (Router, EventReceiver) async throws -> Void
) async throws {
    var configuration = SandboxConfiguration(documentedLimits: false)
    configuration.alyaPay.sendsApproved = true
    configure(&configuration)
    try await EventReceiver.run { [configuration] receiver, port in
        let webhook = EventReceiver.webhook("http://127.0.0.1:\(port)/hooks", retry: retry)
        try await endToEnd(.callbacks(shop: webhook), sandbox: configuration) { router in
            try await body(router, receiver)
        }
    }
}
