import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A TCP server on 127.0.0.1 that reads HTTP/1.1 requests and does what its script says, down to the byte.
final class ScriptedServer: Sendable {
    enum Step: Sendable {
        case write(String)
        /// Both directions, in order.
        case close
        /// With a reset.
        case reset
        /// Ends our direction and leaves the other open.
        case endOutput
    }

    /// What was received.
    struct Request: Sendable {
        /// First line and headers.
        var head: String
        var body: String
        /// Whether head and body arrived in one piece.
        var cameWhole: Bool

        var target: String { head.split(separator: " ").dropFirst().first.map(String.init) ?? "" }

        func header(_ name: String) -> String? {
            head.split(separator: "\r\n").dropFirst()
                .first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { String($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) }
        }
    }

    typealias Script = @Sendable (Request) -> [Step]

    /// What the server saw.
    struct Record: Sendable {
        var connections = 0
        var connectionsEnded = 0
        var requests: [Request] = []
        /// What came of requests that never came whole.
        var fragments: [String] = []
    }

    private struct State {
        var record = Record()
        var channels: [any Channel] = []
        var waiters: [(isMet: @Sendable (Record) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let onConnect: [Step]
    private let script: Script

    private init(onConnect: [Step], script: @escaping Script) {
        self.onConnect = onConnect
        self.script = script
    }

    var record: Record { state.withLock { $0.record } }

    /// Runs a server for as long as `body` does. `body` gets the server and its port.
    static func run<Result: Sendable>(
        onConnect: [Step] = [], tls: NIOSSLContext? = nil, script: @escaping Script = { _ in [] },
        _ body: (ScriptedServer, Int) async throws -> Result
    ) async throws -> Result {
        let server = ScriptedServer(onConnect: onConnect, script: script)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(Handler(server: server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let result = try await body(server, listener.localAddress?.port ?? 0)
            await server.close(listener)
            return result
        } catch {
            await server.close(listener)
            throw error
        }
    }

    private func close(_ listener: any Channel) async {
        try? await listener.close()
        for channel in state.withLock({ $0.channels }) { try? await channel.close() }
    }

    /// Sends to every connection that is open.
    func sendToAll(_ text: String) {
        for channel in state.withLock({ $0.channels }) {
            channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
        }
    }

    /// Returns when the record fits.
    func wait(until isMet: @escaping @Sendable (Record) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMetNow = state.withLock { state in
                if isMet(state.record) { return true }
                state.waiters.append((isMet, continuation))
                return false
            }
            if isMetNow { continuation.resume() }
        }
    }

    private func note(_ change: (inout State) -> Void) {
        let met = state.withLock { state in
            change(&state)
            let record = state.record
            let met = state.waiters.filter { $0.isMet(record) }
            state.waiters.removeAll { $0.isMet(record) }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let server: ScriptedServer
        private var received = ""
        private var pieces = 0

        init(server: ScriptedServer) {
            self.server = server
        }

        func channelActive(context: ChannelHandlerContext) {
            let channel = context.channel
            server.note { state in
                state.record.connections += 1
                state.channels.append(channel)
            }
            run(server.onConnect, context: context)
        }

        func channelInactive(context: ChannelHandlerContext) {
            let rest = received
            server.note { state in
                state.record.connectionsEnded += 1
                if !rest.isEmpty { state.record.fragments.append(rest) }
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            pieces += 1
            while let request = takeRequest() {
                server.note { $0.record.requests.append(request) }
                run(server.script(request), context: context)
            }
        }

        private func takeRequest() -> Request? {
            let parts = received.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            var request = Request(head: String(parts[0]), body: "", cameWhole: pieces == 1)
            let length = request.header("content-length").flatMap { Int($0) } ?? 0
            guard parts[1].utf8.count >= length else { return nil }
            request.body = String(parts[1].prefix(length))
            received = String(parts[1].dropFirst(length))
            pieces = received.isEmpty ? 0 : 1
            return request
        }

        private func run(_ steps: [Step], context: ChannelHandlerContext) {
            for step in steps {
                switch step {
                case .write(let text):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                case .close:
                    context.close(promise: nil)
                case .reset:
                    let channel = context.channel
                    let provider = channel as? any SocketOptionProvider
                    provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
                        channel.close(promise: nil)
                    }
                case .endOutput:
                    context.close(mode: .output, promise: nil)
                }
            }
        }
    }
}

/// A whole reply.
func reply(_ status: String = "200 OK", headers: String = "", body: String = "") -> ScriptedServer.Step {
    .write("HTTP/1.1 \(status)\r\n\(headers)content-length: \(body.utf8.count)\r\n\r\n\(body)")
}

/// A socket that listens and never accepts, its queue filled: connecting to it gets no answer.
final class DeafListener {
    let port: Int
    private let descriptors: [CInt]

    init?() throws {
        #if os(Linux)
            let stream = CInt(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let listener = socket(AF_INET, stream, 0)
        guard listener >= 0 else { return nil }
        var descriptors = [listener]
        // Addresses are NIO's: which module the members of `sockaddr_in` belong to changes from build to build.
        let anyPort = try SocketAddress(ipAddress: "127.0.0.1", port: 0)
        let isListening =
            anyPort.withSockAddr { bind(listener, $0, socklen_t($1)) } == 0 && listen(listener, 0) == 0
        port = isListening ? Self.port(of: listener) : 0
        if port > 0 {
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            for _ in 0..<4 {
                let filler = socket(AF_INET, stream, 0)
                guard filler >= 0 else { continue }
                _ = fcntl(filler, F_SETFL, O_NONBLOCK)
                _ = address.withSockAddr { connect(filler, $0, socklen_t($1)) }
                descriptors.append(filler)
            }
        }
        self.descriptors = descriptors
        guard port > 0 else { return nil }
    }

    /// The port of a bound IPv4 socket, in the third and fourth byte of its address; 0 if it cannot be told.
    private static func port(of socket: CInt) -> Int {
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 16) { bytes in
            var length = socklen_t(bytes.count)
            guard let start = bytes.baseAddress,
                getsockname(socket, start.assumingMemoryBound(to: sockaddr.self), &length) == 0, length >= 4
            else { return 0 }
            return Int(bytes[2]) << 8 | Int(bytes[3])
        }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}
