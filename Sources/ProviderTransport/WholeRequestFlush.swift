import NIOCore
import NIOHTTP1

/// Sends a request's head and body together. The client flushes after the head; this holds that flush back until the
/// request is written to its end. It saves a system call and a packet per call (with TLS a record as well), and a
/// request that fails before its body is written has sent nothing at all.
///
/// Bodies come in one part with the end right behind, so nothing waits for the flush; a head that fills the channel's
/// buffer is let through, because the client writes no body before the channel can take more.
final class WholeRequestFlush: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private var isOpen = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head, .body: isOpen = true
        case .end: isOpen = false
        }
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        if !isOpen || !context.channel.isWritable { context.flush() }
    }

    /// Puts it behind the encoder of a new connection; for the client's connection initializer.
    @Sendable static func install(in channel: any Channel) -> EventLoopFuture<Void> {
        let pipeline = channel.pipeline.syncOperations
        do {
            let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
            try pipeline.addHandler(WholeRequestFlush(), position: .after(encoder))
            return channel.eventLoop.makeSucceededVoidFuture()
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }
}
