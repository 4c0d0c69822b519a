package import Tracing

/// Begins spans: recorded ones where somebody collects them, else ids alone, which is all that a request to send needs.
package struct Spans: Sendable {
    private let ids: TraceIDs
    private let tracer: SpanTracer?

    /// - Parameter tracer: Nil where nobody collects spans.
    package init(ids: TraceIDs, tracer: SpanTracer?) {
        self.ids = ids
        self.tracer = tracer
    }

    /// A span below `parent`, or the first one of a new trace.
    ///
    /// - Parameter name: Asked for only where the span is recorded.
    package func begin(_ name: @autoclosure () -> String, _ kind: SpanKind, below parent: TraceContext?) -> OpenSpan {
        // A caller who does not record its trace is not to have half of it recorded here.
        guard let tracer, parent?.isSampled != false else {
            return OpenSpan(trace: ids.span(below: parent), recorded: nil)
        }
        let recorded = tracer.startSpan(name(), below: parent, ofKind: kind)
        return OpenSpan(trace: recorded.context.trace ?? ids.span(below: parent), recorded: recorded)
    }
}

/// A span that has begun.
package struct OpenSpan: Sendable {
    package let trace: TraceContext
    private let recorded: RecordedSpan?

    init(trace: TraceContext, recorded: RecordedSpan?) {
        self.trace = trace
        self.recorded = recorded
    }

    /// Ends it.
    ///
    /// - Parameters:
    ///   - name: Where it is known only now.
    ///   - attributes: Asked for only where the span is recorded; nothing secret, and nothing that an app wrote.
    package func end(
        named name: @autoclosure () -> String? = nil, isFailed: Bool = false, _ attributes: () -> SpanAttributes
    ) {
        guard let recorded else { return }
        if let name = name() { recorded.operationName = name }
        recorded.attributes = attributes()
        if isFailed { recorded.setStatus(SpanStatus(code: .error)) }
        recorded.end()
    }
}
