import NIOHTTP1
import StrictJSON
import Testing

@testable import switchyard

extension EndToEnd {
    /// Traces that go through the router: into requests to providers and events, and to a collector.
    @Suite struct TracingTests {
        private static let trace = "0af7651916cd43dd8448eb211c80319c"
        private static let parent = "00-\(trace)-b7ad6b7169203331-01"

        @Test("providers and webhooks get the caller's trace, and spans reach the collector, which may be away")
        func export() async throws {
            try await EventReceiver.run(takesEvents: false) { collector, collecting in
                try await EventReceiver.run { webhook, hooks in
                    let server = #"tracing: { endpoint: "http://127.0.0.1:\#(collecting)/v1/traces" }"#
                    let shop = EventReceiver.webhook("http://127.0.0.1:\(hooks)/hooks")
                    try await endToEnd(.quick(server: server, shop: shop)) { router in
                        let paid = try await router.send(
                            .POST, "/v1/payments", .mobileMoney,
                            ["idempotency-key": "k-1", "traceparent": Self.parent, "tracestate": "vendor=1"])
                        #expect(paid.status == 201)
                        #expect(paid.header("traceparent") == Self.parent)
                        let received = try await router.providers.received("payalo")
                        let create = try #require(received.first)
                        let sent = try #require(create.header("traceparent"))
                        #expect(sent.hasPrefix("00-\(Self.trace)-") && sent.hasSuffix("-01") && sent != Self.parent)
                        #expect(create.header("tracestate") == "vendor=1")
                        let delivery = try await eventually("the event") { webhook.deliveries.first }
                        #expect(delivery.isGenuine)
                        #expect(delivery.header("traceparent")?.hasPrefix("00-\(Self.trace)-") == true)

                        let spans = try await eventually("three spans of the trace") {
                            let spans = collector.deliveries.flatMap { Self.spans($0.json) }
                                .filter { $0["traceId"]?.string == Self.trace }
                            return spans.count >= 3 ? spans : nil
                        }
                        let first = collector.deliveries.first
                        #expect(first?.head.uri == "/v1/traces")
                        #expect(first?.header("content-type") == "application/json")
                        func span(_ name: String) throws -> JSONValue {
                            let found = spans.first { $0["name"]?.string == name }
                            return try #require(found, "\(name)")
                        }
                        let request = try span("POST /v1/payments")
                        #expect(request["parentSpanId"]?.string == "b7ad6b7169203331")
                        #expect(request["kind"]?.integer == 2)
                        #expect(Self.attribute("http.route", of: request)?["stringValue"]?.string == "/v1/payments")
                        let status = Self.attribute("http.response.status_code", of: request)
                        #expect(status?["intValue"]?.string == "201")
                        let call = try span("create payalo-ke")
                        #expect(call["parentSpanId"]?.string == request["spanId"]?.string)
                        #expect(sent.contains(call["spanId"]?.string ?? "?"))
                        #expect(call["kind"]?.integer == 3)
                        #expect(Self.attribute("server.address", of: call)?["stringValue"]?.string == "127.0.0.1")
                        let outcome = Self.attribute("switchyard.outcome", of: call)
                        #expect(outcome?["stringValue"]?.string == "accepted")
                        _ = try span("deliver payment.pending")

                        // A collector that refuses costs spans and nothing else.
                        collector.answer(503)
                        #expect(try await router.pay("k-2").status == 201)
                        _ = try await eventually("spans are dropped") {
                            let scrape = Scrape(try await router.operate(.GET, "/metrics").text)
                            return (scrape["switchyard_spans_dropped_total"] ?? 0) > 0 ? true : nil
                        }
                        let isLogged = router.logs.all.contains { $0.contains(Self.trace) }
                        #expect(isLogged)
                    }
                }
            }
        }

        private static func spans(_ body: JSONValue?) -> [JSONValue] {
            (body?["resourceSpans"]?.array ?? []).flatMap { $0["scopeSpans"]?.array ?? [] }
                .flatMap { $0["spans"]?.array ?? [] }
        }

        private static func attribute(_ name: String, of span: JSONValue) -> JSONValue? {
            span["attributes"]?.array?.first { $0["key"]?.string == name }?["value"]
        }
    }
}
