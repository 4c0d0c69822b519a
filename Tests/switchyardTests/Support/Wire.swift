import NIOCore
import NIOPosix

/// A connection for what no HTTP client would send.
enum Wire {
    /// Sends the bytes, ends our half, and returns all that comes back until the other side ends.
    static func exchange(port: Int, _ bytes: [UInt8]) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var received: [UInt8] = []
            // A reset is an end too: the other side need not read what it refuses.
            do {
                try await outbound.write(ByteBuffer(bytes: bytes))
                outbound.finish()
                for try await part in inbound { received += Array(buffer: part) }
            } catch {}
            return String(decoding: received, as: UTF8.self)
        }
    }
}
