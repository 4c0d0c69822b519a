@testable import HTTPGateway
@testable import PaymentEngine
import PaymentModel
import StrictJSON
import Testing

/// Events over HTTP: what is asked of the engine, and how it is answered.
struct EventTests {
    private static func events() throws -> [String: Event] {
        let payment = try samplePayment("pay_1", app: "shop")
        let event = Event(
            .state(.captured), number: 1, of: payment, at: Timestamp(milliseconds: 1_769_248_800_000), delivery: .none)
        return [event.id: event]
    }

    private static let mine = [("X-API-Key", Harness.key)]
    private static let theirs = [("X-API-Key", Harness.blogKey)]

    @Test func anEventIsReadByItsAppOnly() async throws {
        try await Harness.run { gateway in
            gateway.recorder.script.events = try Self.events()
            let read = try await gateway.send("GET", "/v1/events/evt_1_1", Self.mine)
            #expect(read.status == 200)
            let json = try #require(read.json)
            #expect(json["id"]?.string == "evt_1_1")
            #expect(json["object"]?.string == "event")
            #expect(json["type"]?.string == "payment.captured")
            #expect(json["payment"]?.string == "pay_1")
            #expect(json["created_at"]?.string == "2026-01-24T10:00:00.000Z")
            #expect(json["delivery"]?["status"]?.string == "none")
            #expect(json["delivery"]?["attempts"]?.integer == 0)
            for name in ["last_status", "last_error", "next_attempt_at"] {
                #expect(json["delivery"]?[name]?.isNull == true, "\(name)")
            }
            #expect(json["data"]?["id"]?.string == "pay_1")
            #expect(try await gateway.send("GET", "/v1/events/evt_1_1", Self.theirs).code == "not-found")
            #expect(try await gateway.send("GET", "/v1/events/evt_1_1?expand=all", Self.mine).pointers == ["/expand"])
            #expect(try await gateway.send("GET", "/v1/events/evt_1_1").status == 200)
            #expect(try await gateway.send("GET", "/v1/events/evt_1_1", []).status == 401)
        }
    }

    @Test func listsTakeTheContractsParameters() async throws {
        try await Harness.run { gateway in
            gateway.recorder.script.events = try Self.events()
            let page = try await gateway.send("GET", "/v1/events", Self.mine)
            #expect(page.status == 200)
            #expect(page.json?["object"]?.string == "list")
            #expect(page.json?["data"]?.array?.count == 1)
            #expect(page.json?["next_cursor"]?.string == "next")
            let all = "/v1/events?type=payment.needs_review&payment=pay_1&limit=100&cursor=evt_1_1"
            #expect(try await gateway.send("GET", all, Self.mine).status == 200)
            var asked = EventQuery(app: "shop")
            #expect(gateway.recorder.eventQueries.first == asked)
            asked.kind = .needsReview
            asked.payment = "pay_1"
            asked.limit = 100
            asked.cursor = "evt_1_1"
            #expect(gateway.recorder.eventQueries.last == asked)
            let wrong = try await gateway.send("GET", "/v1/events?type=captured&limit=0&payment=&app=blog", Self.mine)
            #expect(wrong.status == 422)
            #expect(Set(wrong.pointers) == ["/type", "/limit", "/payment", "/app"])
            #expect(try await gateway.send("GET", "/v1/events?cursor=bad", Self.mine).pointers == ["/cursor"])
        }
    }

    @Test func redeliveryIsAcceptedForLater() async throws {
        try await Harness.run { gateway in
            gateway.recorder.script.events = try Self.events()
            let path = "/v1/events/evt_1_1/redeliver"
            let accepted = try await gateway.send("POST", path, Self.mine)
            #expect(accepted.status == 202)
            #expect(accepted.json?["id"]?.string == "evt_1_1")
            #expect(try await gateway.send("POST", path, json: "{}").status == 202)
            #expect(try await gateway.send("POST", path, json: #"{"now":true}"#).pointers == ["/now"])
            #expect(try await gateway.send("POST", path, Self.theirs).status == 404)
            let wrongMethod = try await gateway.send("GET", path, Self.mine)
            #expect(wrongMethod.status == 405)
            #expect(wrongMethod["Allow"] == "POST, OPTIONS")
            #expect(try await gateway.send("POST", "/v1/events/evt_1_1/resend", Self.mine).status == 404)
            let redeliveries = gateway.recorder.asked.filter { $0 == "redeliver evt_1_1" }
            #expect(redeliveries.count == 3)
        }
    }

    @Test func readingIsWhatAllows() async throws {
        try await Harness.run(Harness.configuration(allow: [.create])) { gateway in
            gateway.recorder.script.events = try Self.events()
            for (method, path) in [
                ("GET", "/v1/events"), ("GET", "/v1/events/evt_1_1"), ("POST", "/v1/events/evt_1_1/redeliver"),
            ] {
                #expect(try await gateway.send(method, path, Self.mine).code == "forbidden", "\(path)")
            }
        }
        try await Harness.run(Harness.configuration(allow: [.read])) { gateway in
            gateway.recorder.script.events = try Self.events()
            #expect(try await gateway.send("POST", "/v1/events/evt_1_1/redeliver", Self.mine).status == 202)
        }
    }
}
