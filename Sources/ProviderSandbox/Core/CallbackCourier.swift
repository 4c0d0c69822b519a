import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Delivers callbacks: each job in a task of its own, its messages one after another, each with the provider's own
/// persistence.
final class CallbackCourier: Sendable {
    private struct Job: Sendable {
        let callback: SandboxCallback
        let messages: [SandboxCallback.Message]
        /// The first attempt has been made, and failed.
        var isRetry = false
    }

    /// Callbacks under way, those that wait for a retry included; more are dropped, with a warning.
    static let maxJobs = 10_000

    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation
    private let underWay = Mutex(0)
    private let client: Mutex<HTTPClient?> = Mutex(nil)
    private let registry: CallbackRegistry
    private let logger: Logger

    init(registry: CallbackRegistry, logger: Logger) {
        self.registry = registry
        (jobs, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.maxJobs))
        self.logger = logger
    }

    /// Delivers until cancelled.
    func run() async throws {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.client.withLock { $0 = client }
        await withDiscardingTaskGroup { group in
            for await job in jobs {
                group.addTask {
                    await self.deliver(job)
                    self.underWay.withLock { $0 -= 1 }
                }
            }
            group.cancelAll()
        }
        self.client.withLock { $0 = nil }
        try await client.shutdown()
    }

    /// Queues a callback; `fault` bends its delivery.
    func send(_ callback: SandboxCallback, fault: Fault?) {
        let job = Self.job(callback, fault)
        guard !job.messages.isEmpty else { return }
        enqueue(job)
    }

    private func enqueue(_ job: Job) {
        let hasRoom = underWay.withLock { count in
            guard count < Self.maxJobs else { return false }
            count += 1
            return true
        }
        guard hasRoom else {
            logger.warning("callback dropped: too many under way", metadata: ["provider": "\(job.callback.provider)"])
            return
        }
        queue.yield(job)
    }

    /// Makes the first attempt to deliver a callback before returning; retries come later.
    func deliverNow(_ callback: SandboxCallback) async {
        if await attempt(callback.message, of: callback) { return }
        enqueue(Job(callback: callback, messages: [callback.message], isRetry: true))
    }

    private static func job(_ callback: SandboxCallback, _ fault: Fault?) -> Job {
        switch fault {
        case .dropCallback: Job(callback: callback, messages: [])
        case .duplicateCallback: Job(callback: callback, messages: [callback.message, callback.message])
        case .outOfOrderCallback:
            Job(callback: callback, messages: [callback.message] + (callback.previous.map { [$0] } ?? []))
        default: Job(callback: callback, messages: [callback.message])
        }
    }

    private func deliver(_ job: Job) async {
        for message in job.messages {
            var retries = job.callback.retryAfter.makeIterator()
            var isDue = !job.isRetry
            while true {
                if isDue, await attempt(message, of: job.callback) { break }
                isDue = true
                guard let pause = retries.next(), (try? await Task.sleep(for: pause)) != nil else { break }
            }
        }
    }

    /// One attempt: whether it was answered in time with what the provider counts as success.
    private func attempt(_ message: SandboxCallback.Message, of callback: SandboxCallback) async -> Bool {
        guard let client = client.withLock({ $0 }), let url = url(of: callback) else { return false }
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        for header in message.headers { request.headers.add(name: header.name, value: header.value) }
        request.body = .bytes(ByteBuffer(bytes: message.body))
        // Neither address nor body is logged: the address carries the merchant's token.
        do {
            let response = try await client.execute(request, timeout: .nanoseconds(callback.timeout.nanoseconds))
            // The body means nothing; reading it keeps the connection for the next one.
            _ = try? await response.body.collect(upTo: 64 * 1024)
            if callback.success.contains(Int(response.status.code)) { return true }
            logger.info(
                "callback refused",
                metadata: ["provider": "\(callback.provider)", "status": "\(response.status.code)"])
        } catch {
            logger.info("callback failed", metadata: ["provider": "\(callback.provider)", "error": "\(error)"])
        }
        return false
    }

    private func url(of callback: SandboxCallback) -> String? {
        switch callback.destination {
        case .url(let url): url
        case .registered(let key): registry.url(of: key, at: callback.provider)
        }
    }
}

extension Duration {
    /// Whole nanoseconds; durations here are minutes at most.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
