import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import AlyaPay

@Suite("AlyaPay: callbacks")
struct AlyaPayCallbackTests {
    @Test(arguments: [
        ("callback.canceled", ReportedState.canceled, "transaction.cancelled"),
        ("callback.expired", .expired, "transaction.expired"),
        ("callback.captured", .captured, "transaction.approved"),
    ])
    func theDocumentedEventsAreRead(fixture: String, state: ReportedState, event: String) throws {
        let notice = try Example.adapter().readCallback(
            Example.delivery(Example.fixture(fixture).reply.body))
        #expect(notice.report.state == state)
        #expect(notice.report.providerReference == Example.transaction)
        #expect(notice.report.money == (try Example.mad(179_900)))
        #expect(notice.eventID == "\(Example.transaction):\(event)")
        // `vendorReference` is not what we sent unless we sent it.
        #expect(notice.report.ourReference == nil)
    }

    @Test func ourReferenceIsReadWhereItWasSent() throws {
        let adapter = try Example.adapter(["vendor_reference": .text("on")])
        let body = try Example.fixture("callback.canceled").reply.body
        #expect(try adapter.readCallback(Example.delivery(body)).report.ourReference == "order_123")
        var json = try #require(try JSONValue(parsing: body).object)
        var data = try #require(json["data"]?.object)
        data["vendorReference"] = .null
        json["data"] = .object(data)
        let without = try Example.delivery(JSONValue.object(json).serialized())
        #expect(try adapter.readCallback(without).report.ourReference == nil)
    }

    /// Time and body are signed with a point between them, and both may hold points: the same signed bytes, cut at another
    /// point, are another delivery.
    @Test func theSignedBytesCannotBeCutElsewhere() throws {
        let adapter = try Example.adapter()
        let body = try Example.fixture("callback.captured").reply.body
        let delivery = try Example.delivery(body)
        #expect(adapter.verifyCallback(delivery) == .authentic)
        let time = try Example.header("X-Alya-Timestamp")
        let signed = Array(try #require(delivery.headers[time]).utf8) + [UInt8(ascii: ".")] + body
        var cuts = 0
        for point in signed.indices where signed[point] == UInt8(ascii: ".") {
            var headers = delivery.headers
            headers[time] = String(decoding: signed[..<point], as: UTF8.self)
            let rest = Array(signed[(point + 1)...])
            guard rest != body else { continue }
            cuts += 1
            let other = CallbackDelivery(headers: headers, body: rest, receivedAt: delivery.receivedAt)
            #expect(adapter.verifyCallback(other) == .forged)
        }
        #expect(cuts > 1)
    }

    /// The vector was computed with another program.
    @Test func theSignatureIsOverTimeAndBody() throws {
        let body = Array(#"{"event":"transaction.cancelled","data":{"id":"t1"}}"#.utf8)
        let adapter = try Example.adapter(["webhook_secret": .secret(Secret("whsec_test"))])
        let hex = "8c1dfae1faf7e74fa2d9b7dcfd5792b785f1012c7c8f88bd80430ca0e6d53e7d"
        func verdict(_ signature: String?, _ time: String? = "2026-02-17T14:30:00.000Z") throws -> CallbackVerdict {
            var headers: HTTPFields = [:]
            headers[try Example.header("X-Alya-Signature")] = signature
            headers[try Example.header("X-Alya-Timestamp")] = time
            return adapter.verifyCallback(
                CallbackDelivery(headers: headers, body: body, receivedAt: try Example.time(Example.signedAt)))
        }
        #expect(try verdict("sha256=" + hex) == .authentic)
        #expect(try verdict(hex) == .forged)
        #expect(try verdict("SHA256=" + hex) == .forged)
        #expect(try verdict("sha256=" + hex + "00") == .forged)
        #expect(try verdict("sha256=") == .forged)
        #expect(try verdict(nil) == .forged)
        #expect(try verdict("sha256=" + hex, "2026-02-17T14:30:00Z") == .forged)
        #expect(try verdict("sha256=" + hex, nil) == .forged)
        // AlyaPay's modules take a signature over the body alone where no time is given; that one could be repeated for ever.
        let bare = Signature.hmacSHA256Hex(body, key: Secret("whsec_test"))
        #expect(try verdict("sha256=" + bare, nil) == .forged)
    }

    @Test(arguments: [
        ("2026-02-17T14:25:00.000Z", true), ("2026-02-17T14:24:59.999Z", false),
        ("2026-02-17T14:35:00.000Z", true), ("2026-02-17T14:35:00.001Z", false),
    ])
    func oldAndFutureSignaturesAreRefused(receivedAt: String, isTaken: Bool) throws {
        let body = try Example.fixture("callback.canceled").reply.body
        let verdict = try Example.adapter().verifyCallback(Example.delivery(body, at: receivedAt))
        #expect(verdict == (isTaken ? .authentic : .forged))
    }

    @Test func aSignedTimeThatIsNoTimeIsRefused() throws {
        let body = try Example.fixture("callback.canceled").reply.body
        let delivery = try Example.delivery(body, signedAt: "yesterday")
        #expect(try Example.adapter().verifyCallback(delivery) == .forged)
    }

    @Test func withoutASecretNothingIsBelieved() throws {
        let adapter = try AlyaPayAdapter(settings: ProviderSettings(["api_key": .secret(Secret(Example.apiKey))]))
        let body = try Example.fixture("callback.captured").reply.body
        #expect(adapter.verifyCallback(try Example.delivery(body)) == .unsigned)
    }

    @Test func theUnsignedEventIDDoesNotMakeAnotherEvent() throws {
        let body = try Example.fixture("callback.canceled").reply.body
        let adapter = try Example.adapter()
        var ids: Set<String> = []
        for id in ["0d2f6c2a-1f55-4d5c-8a35-5f6d0d2f9d11", "another", nil] {
            let delivery = try Example.delivery(body)
            var headers = delivery.headers
            headers[try Example.header("X-Alya-Event-Id")] = id
            let repeated = CallbackDelivery(headers: headers, body: body, receivedAt: delivery.receivedAt)
            #expect(adapter.verifyCallback(repeated) == .authentic)
            ids.insert(try adapter.readCallback(repeated).eventID)
        }
        #expect(ids.count == 1)
    }

    @Test(arguments: [
        ("callback.unreadable.unknown_event", "unknown_event"),
        ("callback.unreadable.event_and_status_disagree", "event and status disagree"),
        ("callback.unreadable.approved_without_amount", "unreadable_amount"),
    ])
    func whatIsNotExplainedHasNoEffect(fixture: String, detail: String) throws {
        let delivery = try Example.delivery(Example.fixture(fixture).reply.body)
        #expect(try Example.adapter().verifyCallback(delivery) == .authentic)
        #expect(throws: CallbackFault(detail)) { try Example.adapter().readCallback(delivery) }
    }

    @Test func aTestEventIsNoNews() throws {
        let delivery = try Example.delivery(Example.fixture("callback.unreadable.test").reply.body)
        #expect(throws: CallbackFault("a test event", isExpected: true)) {
            try Example.adapter().readCallback(delivery)
        }
    }
}
