import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Thrown to make the server close the connection without a reply.
struct ConnectionClosed: Error {}

/// The HTTP side: reads a request, has it processed, and writes the reply or does to the connection what a fault says.
struct SandboxServer: Sendable {
    static let maxBodyBytes = 64 * 1024
    /// How long `charge_then_timeout` keeps a caller waiting who does not hang up.
    static let holdTime = TimeAmount.seconds(60)

    let core: SandboxCore
    /// The providers' own listeners, by provider; empty without `ownListeners`.
    let ownListeners: [String: SandboxListener]

    /// Answers one request that came in at `listener`.
    @concurrent
    func respond(
        to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel, at listener: SandboxListener
    ) async throws {
        let body: [UInt8]
        do {
            body = Array(buffer: try await request.body.collect(upTo: Self.maxBodyBytes))
        } catch is NIOTooManyBytesError {
            try await Self.write(Self.plain(413, "The body is larger than 64 KiB.\n"), writer, closing: true)
            throw ConnectionClosed()
        }
        let target = request.head.path ?? "/"
        let (provider, path) = locate(target, listener)
        guard let provider else {
            let control = ControlAPI(core: core, ownListeners: ownListeners)
            try await Self.write(await control.respond(request.head.method, target, body), writer)
            return
        }

        let time = SandboxTime.now()
        let ownTarget = String(path)
        core.requests.withLock {
            $0.append(
                RequestLog.Entry(
                    provider: provider.id, request: request.head, path: ownTarget, body: body, at: time.wall,
                    secretMembers: provider.secretMembers))
        }
        let simulated = SandboxRequest(
            method: request.head.method, target: ownTarget, headers: request.head.headerFields, body: body,
            baseURL: Self.baseURL(request.head, channel, listener, provider), time: time,
            caller: channel.remoteAddress?.ipAddress ?? "unknown")
        switch try await core.handle(simulated, at: provider) {
        case .reply(let reply):
            try await Self.write(reply, writer)
        case .replyThenRefuse(let reply):
            guard let own = ownListeners[provider.id] else {
                try await Self.write(reply, writer)
                return
            }
            // The socket first: whoever has this reply must find the door closed.
            await own.refuse()
            try await Self.write(reply, writer, closing: true)
        case .close:
            throw ConnectionClosed()
        case .reset:
            // A zero linger makes the close a reset.
            if let options = channel as? any SocketOptionProvider {
                try? await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            }
            throw ConnectionClosed()
        case .hang:
            try await Self.hold(channel)
            throw ConnectionClosed()
        }
    }

    /// The provider that a target belongs to, and the path in its own API.
    private func locate(_ target: String, _ listener: SandboxListener) -> ((any SimulatedProvider)?, Substring) {
        if let provider = listener.provider { return (provider, target[...]) }
        for provider in core.providers {
            let afterSlash = target.dropFirst()
            guard target.hasPrefix("/"), afterSlash.hasPrefix(provider.id) else { continue }
            let rest = afterSlash.dropFirst(provider.id.count)
            if rest.isEmpty || rest.hasPrefix("/") || rest.hasPrefix("?") { return (provider, rest) }
        }
        return (nil, target[...])
    }

    /// Where the caller reached the provider: its `Host`, which alone is right behind a mapped port.
    private static func baseURL(
        _ head: HTTPRequest, _ channel: any Channel, _ listener: SandboxListener, _ provider: any SimulatedProvider
    ) -> String {
        let prefix = listener.provider == nil ? "/" + provider.id : ""
        if let host = head.authority, !host.isEmpty,
            host.utf8.allSatisfy({
                isDigit($0) || ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
                    || "-._:[]".utf8.contains($0)
            })
        {
            return "http://" + host + prefix
        }
        return "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" + prefix
    }

    private static func plain(_ status: Int, _ text: String) -> SandboxReply {
        SandboxReply(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    @concurrent
    private static func write(
        _ reply: SandboxReply, _ writer: consuming ResponseWriter, closing: Bool = false
    ) async throws {
        var fields = reply.headers
        fields[.contentLength] = String(reply.body.count)
        if closing { fields[.connection] = "close" }
        try await writer.write(
            response: HTTPResponse(status: .init(code: reply.status), headerFields: fields),
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: reply.body)))
    }

    /// Keeps the connection open until the caller goes, or for a minute.
    private static func hold(_ channel: any Channel) async throws {
        // The server keeps connections whose caller has closed its half; this one is to end with it.
        try await channel.setOption(.allowRemoteHalfClosure, value: false).get()
        let end = channel.eventLoop.scheduleTask(in: holdTime) { channel.close(promise: nil) }
        defer { end.cancel() }
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await channel.closeFuture.get()
        } onCancelOrGracefulShutdown: {
            channel.close(promise: nil)
        }
    }
}
