import AsyncHTTPClient
import DequeModule
import CoreMetrics
import NIOCore
import NIOHTTP1
import PaymentEngine
import ServiceLifecycle
import Synchronization
import W3CTrace

/// Sends spans that have ended to a collector (OTLP over HTTP, as JSON), in batches and beside the payments: what finds no room, or
/// no collector, is dropped and counted.
final class TraceExporter: Service {
    static let help = [
        "switchyard_spans_exported_total": "Spans that the collector of traces took.",
        "switchyard_spans_dropped_total": "Spans that found no room, or that the collector did not take.",
    ]

    private static let mostWaiting = 8192
    private static let mostInBatch = 512
    private static let takes: TimeAmount = .seconds(5)

    private let endpoint: String
    private let interval: Duration
    private let exported: Counter
    private let dropped: Counter
    private let waiting = Mutex<Deque<FinishedSpan>>([])

    /// - Parameters:
    ///   - endpoint: The whole address, as in `http://127.0.0.1:4318/v1/traces`.
    ///   - interval: Between two batches.
    init(endpoint: String, interval: Duration = .seconds(1), metrics: any MetricsFactory) {
        self.endpoint = endpoint
        self.interval = interval
        exported = Counter(label: "switchyard_spans_exported_total", factory: metrics)
        dropped = Counter(label: "switchyard_spans_dropped_total", factory: metrics)
    }

    /// Takes a span. Never waits.
    func add(_ span: FinishedSpan) {
        let isKept = waiting.withLock { waiting in
            guard waiting.count < Self.mostWaiting else { return false }
            waiting.append(span)
            return true
        }
        if !isKept { dropped.increment() }
    }

    /// Sends until the group of services shuts down gracefully, and once more then.
    func run() async throws {
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: self.interval)) != nil { await self.flush(client) }
        }
        await flush(client)
        try? await client.shutdown()
    }

    private func flush(_ client: HTTPClient) async {
        while let batch = take() {
            guard await send(batch, client) else {
                dropped.increment(by: batch.count)
                return
            }
            exported.increment(by: batch.count)
        }
    }

    private func take() -> [FinishedSpan]? {
        waiting.withLock { waiting in
            guard !waiting.isEmpty else { return nil }
            let batch = Array(waiting.prefix(Self.mostInBatch))
            waiting.removeFirst(batch.count)
            return batch
        }
    }

    private func send(_ batch: [FinishedSpan], _ client: HTTPClient) async -> Bool {
        var request = HTTPClientRequest(url: endpoint)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: OTLP.body(of: batch)))
        do {
            let response = try await client.execute(request, timeout: Self.takes)
            for try await _ in response.body {}
            return (200..<300).contains(response.status.code)
        } catch {
            return false
        }
    }
}
