import NIOCore
import NIOHTTP1

/// A request names exactly one `Host`; one of HTTP/1.0 may go without (RFC 9112 §3.2). Stands where the version is still known.
final class HostRule: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    struct Fault: Error {}

    private var isBroken = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        if case .head(let head) = unwrapInboundIn(data) {
            let hosts = head.headers["Host"].count
            guard hosts == 1 || hosts == 0 && head.version == .http1_0 else {
                isBroken = true
                return context.fireErrorCaught(Fault())
            }
        }
        context.fireChannelRead(data)
    }
}

@available(*, unavailable)
extension HostRule: Sendable {}
