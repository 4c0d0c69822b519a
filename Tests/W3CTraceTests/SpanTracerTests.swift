import Synchronization
import Testing
import Tracing

@testable import W3CTrace

/// Spans, from their beginning to whoever collects them.
struct SpanTracerTests {
    private final class Finished: Sendable {
        private let spans = Mutex<[FinishedSpan]>([])
        var all: [FinishedSpan] { spans.withLock { $0 } }
        func add(_ span: FinishedSpan) { spans.withLock { $0.append(span) } }
    }

    private struct Headers: Injector, Extractor {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }

    private let finished = Finished()

    private func tracer() -> SpanTracer {
        let finished = finished
        return SpanTracer(ids: TraceIDs { 4 }) { finished.add($0) }
    }

    @Test("a span hangs below the one that came, goes out again, and is handed over once when it ends")
    func spans() throws {
        let tracer = tracer()
        let came = ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1"]
        var context = ServiceContext.topLevel
        tracer.extract(came, into: &context, using: Headers())
        let span = tracer.startSpan("GET /x", context: context, ofKind: .server)
        span.attributes["http.response.status_code"] = 500
        span.setStatus(SpanStatus(code: .error))
        var sent: [String: String] = [:]
        tracer.inject(span.context, into: &sent, using: Headers())
        span.end()
        span.end()
        #expect(finished.all.count == 1)
        let only = try #require(finished.all.first)
        #expect(only.name == "GET /x" && only.isFailed && only.kind == .server)
        #expect(only.trace.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(only.parent == 0xb7ad_6b71_6920_3331)
        #expect(only.endedAt >= only.begunAt)
        #expect(only.attributes.get("http.response.status_code") == .int64(500))
        #expect(sent == ["traceparent": only.trace.parent, "tracestate": "a=1"])
    }

    @Test("what the caller does not record is not recorded; without a collector nothing is, and ids go on")
    func sampling() {
        let tracer = tracer()
        let parent = TraceContext(high: 1, low: 2, span: 3, isSampled: false)
        let recording = Spans(ids: TraceIDs { 5 }, tracer: tracer)
        let unsampled = recording.begin("a", .client, below: parent)
        unsampled.end { [:] }
        #expect(unsampled.trace.traceID == parent.traceID && !unsampled.trace.isSampled)
        #expect(finished.all.isEmpty)
        let root = recording.begin("b", .client, below: nil)
        root.end { ["a": "b"] }
        #expect(root.trace.isSampled)
        #expect(finished.all.map(\.name) == ["b"])
        let alone = Spans(ids: TraceIDs { 5 }, tracer: nil).begin("c", .client, below: nil)
        alone.end { [:] }
        #expect(!alone.trace.isSampled)
        #expect(finished.all.count == 1)
    }
}
