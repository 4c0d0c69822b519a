import Synchronization
package import Tracing

/// The tracer of one router: makes spans in W3C traces, and hands them over when they have ended. There is none where nobody
/// collects them; then requests carry ids all the same, which cost next to nothing.
package final class SpanTracer: Tracer {
    package typealias Span = RecordedSpan

    private let ids: TraceIDs
    private let finished: @Sendable (FinishedSpan) -> Void

    /// - Parameter finished: Takes a span that has ended. Called on the payment's path: it may not wait.
    package init(ids: TraceIDs, finished: @escaping @Sendable (FinishedSpan) -> Void) {
        self.ids = ids
        self.finished = finished
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        var context = context()
        let parent = context.trace
        context.trace = ids.span(below: parent, isSampled: true)
        return RecordedSpan(
            operationName, kind, context: context, parent: parent?.span, begunAt: instant().nanosecondsSinceEpoch,
            finished: finished)
    }

    /// A span below that one; a new trace's first where there is none. Its start is as the system's clock has it.
    package func startSpan(_ name: String, below parent: TraceContext?, ofKind kind: SpanKind) -> RecordedSpan {
        var context = ServiceContext.topLevel
        context.trace = parent
        return startSpan(name, context: context, ofKind: kind)
    }

    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier) else { return }
        context.trace = TraceContext(parent, state: extractor.extract(key: "tracestate", from: carrier))
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.parent, forKey: "traceparent", into: &carrier)
        if let state = trace.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }
}

/// A span at work. Its attributes are names and outcomes of ours: nothing of what an app or a provider wrote.
package final class RecordedSpan: Span {
    private struct State {
        var name: String
        var attributes: SpanAttributes = [:]
        var isFailed = false
        var isEnded = false
    }

    package let context: ServiceContext
    private let kind: SpanKind
    private let parent: UInt64?
    private let begunAt: UInt64
    private let finished: @Sendable (FinishedSpan) -> Void
    private let state: Mutex<State>

    init(
        _ name: String, _ kind: SpanKind, context: ServiceContext, parent: UInt64?, begunAt: UInt64,
        finished: @escaping @Sendable (FinishedSpan) -> Void
    ) {
        self.context = context
        self.kind = kind
        self.parent = parent
        self.begunAt = begunAt
        self.finished = finished
        state = Mutex(State(name: name))
    }

    package var operationName: String {
        get { state.withLock { $0.name } }
        set { state.withLock { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { state.withLock { $0.attributes = newValue } }
    }

    package var isRecording: Bool { context.trace?.isSampled == true && !state.withLock { $0.isEnded } }

    package func setStatus(_ status: SpanStatus) {
        state.withLock { $0.isFailed = status.code == .error }
    }

    // What would hold texts that are not ours is not recorded.
    package func addEvent(_ event: SpanEvent) {}
    package func addLink(_ link: SpanLink) {}
    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        state.withLock { $0.isFailed = true }
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let trace = context.trace else { return }
        let ended = state.withLock { state -> State? in
            guard !state.isEnded else { return nil }
            state.isEnded = true
            return state
        }
        guard let ended, trace.isSampled else { return }
        finished(
            FinishedSpan(
                name: ended.name, kind: kind, trace: trace, parent: parent, begunAt: begunAt,
                endedAt: max(begunAt, instant().nanosecondsSinceEpoch), attributes: ended.attributes,
                isFailed: ended.isFailed))
    }
}

/// A span that has ended.
package struct FinishedSpan: Sendable {
    package let name: String
    package let kind: SpanKind
    package let trace: TraceContext
    /// The span above it.
    package let parent: UInt64?
    /// Nanoseconds since 1970.
    package let begunAt: UInt64
    package let endedAt: UInt64
    package let attributes: SpanAttributes
    package let isFailed: Bool
}

extension ServiceContext {
    private enum TraceKey: ServiceContextKey {
        typealias Value = TraceContext
    }

    /// The place in a trace.
    package var trace: TraceContext? {
        get { self[TraceKey.self] }
        set { self[TraceKey.self] = newValue }
    }
}
