import NIOCore
import NIOPosix
import NIOSSL
import StrictJSON

/// An answer as it came over the socket.
struct WireAnswer: Sendable {
    let status: Int
    let head: String
    let fields: [(name: String, value: String)]
    let body: [UInt8]

    /// The value of the one field of that name; nil where there is none.
    subscript(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var json: JSONValue? { try? JSONValue(parsing: body) }
    var code: String? { json?["code"]?.string }
    /// The pointers of a validation problem.
    var pointers: [String] { json?["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? [] }
    /// All of it as text, to look for what must not be there.
    var text: String { head + "\n" + String(decoding: body, as: UTF8.self) }
}

/// One connection over a real socket, driven byte by byte.
struct Wire {
    struct Ended: Error {}

    private let channel: any Channel
    private var inbound: AsyncStream<ByteBuffer>.Iterator
    private var received: [UInt8] = []

    /// Connects, runs `body`, and closes. `reads` false: nothing is ever taken from the socket.
    ///
    /// - Parameter caller: Who speaks TLS; nil: nobody, unless TLS is on for all.
    static func connect<Result: Sendable>(
        port: Int, reads: Bool = true, as caller: NIOSSLContext? = nil,
        _ body: @Sendable @escaping (inout Wire) async throws -> Result
    ) async throws -> Result {
        let caller = try caller ?? (Secured.isOn ? Secured.caller() : nil)
        let (parts, part) = AsyncStream.makeStream(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let caller {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: caller, serverHostname: "localhost"))
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(part))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        var wire = Wire(channel: channel, inbound: parts.makeAsyncIterator())
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(&wire))
        } catch {
            result = .failure(error)
        }
        // The other side may have closed already.
        try? await channel.close()
        return try result.get()
    }

    private init(channel: any Channel, inbound: AsyncStream<ByteBuffer>.Iterator) {
        self.channel = channel
        self.inbound = inbound
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// Ends our half: nothing more will be sent.
    func finish() async throws {
        try await channel.close(mode: .output)
    }

    /// What the other side showed over TLS.
    func certificate() async throws -> NIOSSLCertificate? {
        try await channel.nioSSL_peerCertificate().get()
    }

    /// Ends the connection below TLS, without its goodbye.
    func vanish() async throws {
        let channel = channel
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self).close(promise: nil)
        }.get()
    }

    /// All that still comes, until the other side ends or breaks the connection.
    mutating func rest() async -> [UInt8] {
        while await more() {}
        defer { received = [] }
        return received
    }

    /// Sends without waiting until the kernel has taken it.
    func begin(_ text: String) {
        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    /// Sends a byte now and then, until it is cancelled.
    func dribble() -> RepeatedTask {
        let channel = channel
        return channel.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(250), delay: .milliseconds(250)) {
            _ in
            channel.writeAndFlush(ByteBuffer(string: "x"), promise: nil)
        }
    }

    /// The next answer. `isHead`: it comes without its body.
    mutating func answer(isHead: Bool = false) async throws -> WireAnswer {
        var headEnd: Int?
        while true {
            headEnd = received.firstRange(of: Array("\r\n\r\n".utf8))?.lowerBound
            if headEnd != nil { break }
            guard await more() else { throw Ended() }
        }
        let head = String(decoding: received[..<(headEnd ?? 0)], as: UTF8.self)
        let lines = head.split(separator: "\r\n").map(String.init)
        let fields = lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (String(line[..<colon]), String(line[colon...].dropFirst().drop { $0 == " " }))
        }
        let length = isHead ? 0 : fields.first { $0.0.lowercased() == "content-length" }.flatMap { Int($0.1) } ?? 0
        let start = (headEnd ?? 0) + 4
        while received.count < start + length {
            guard await more() else { throw Ended() }
        }
        let body = Array(received[start..<(start + length)])
        received.removeFirst(start + length)
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return WireAnswer(status: status, head: head, fields: fields.map { (name: $0.0, value: $0.1) }, body: body)
    }

    /// Whether the other side ends the connection without sending anything more.
    mutating func ends() async -> Bool {
        let isMore = await more()
        return !isMore && received.isEmpty
    }

    private mutating func more() async -> Bool {
        guard let bytes = await inbound.next(isolation: #isolation) else { return false }
        received.append(contentsOf: bytes.readableBytesView)
        return true
    }
}

/// Hands on what a channel receives, until the other side ends or breaks the connection.
private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let part: AsyncStream<ByteBuffer>.Continuation

    init(_ part: AsyncStream<ByteBuffer>.Continuation) {
        self.part = part
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { part.yield(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { part.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { part.finish() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { part.finish() }
    }
}
